/* The devices that the library has: what their registers do, through the same door as the bus. */
#include <check.h>
#include <string.h>

#include "base/rng.h"
#include "hw/device.h"
#include "hw/window.h"

#define AT UINT64_C(0xF0000000)

struct bench {
    struct mm_host host;
    struct mm_window window;
    uint64_t cycles;
};

static uint64_t now(void *clock)
{
    return *(uint64_t *)clock;
}

static void bench_init(struct bench *bench, const char *device, const char *input)
{
    struct mmsim_mmio_window wanted = {
        .name = "d", .at = AT, .size = MMSIM_PAGE_SIZE, .device = device, .input = input};
    wanted.input_bytes = input ? strlen(input) : 0;
    struct mmsim_device_setup setup = {.now = now, .clock = &bench->cycles};
    mm_host_init(&bench->host, NULL);
    ck_assert(mm_window_init(&bench->window, &wanted, &setup, &bench->host));
}

static void bench_fini(struct bench *bench)
{
    ck_assert_ptr_null(mm_window_check(&bench->window));
    mm_window_fini(&bench->window, &bench->host);
    ck_assert_uint_eq(bench->host.n_blocks, 0);
}

static uint64_t read_at(struct bench *bench, uint64_t offset, size_t width)
{
    uint64_t value = 0;
    struct mm_bus_transfer transfer = {AT + offset, width, width, MMSIM_ACCESS_READ};
    ck_assert_int_eq(mm_window_access(&bench->window, &transfer, &value).error, 0);
    return value;
}

static void write_at(struct bench *bench, uint64_t offset, size_t width, uint64_t value)
{
    struct mm_bus_transfer transfer = {AT + offset, width, width, MMSIM_ACCESS_WRITE};
    ck_assert_int_eq(mm_window_access(&bench->window, &transfer, &value).error, 0);
}

static void expect_output(const struct bench *bench, const void *bytes, size_t n_bytes)
{
    size_t n = 0;
    const void *output = bench->window.ops->output(bench->window.state, &n);
    ck_assert_uint_eq(n, n_bytes);
    if (n > 0)
        ck_assert_mem_eq(output, bytes, n);
}

START_TEST(every_device_is_complete_and_listed_once)
{
    const struct mmsim_device_ops *ops;
    size_t n = 0;
    for (; (ops = mmsim_device_at(n)) != NULL; n++) {
        ck_assert_uint_eq(ops->abi, MMSIM_DEVICE_ABI);
        ck_assert_uint_eq(ops->size, sizeof *ops);
        ck_assert_ptr_eq(mm_device_find(ops->name), ops);
        ck_assert(ops->summary && ops->source && ops->read && ops->write);
        for (const struct mmsim_device_register *row = ops->registers; row->name; row++) {
            ck_assert(row->meaning && row->rights && row->widths);
            for (unsigned width = 1; width <= 8; width *= 2)
                ck_assert(!(row->widths & width) || row->offset % width == 0);
        }
    }
    ck_assert_uint_eq(n, 2);
    ck_assert_ptr_null(mm_device_find(NULL));
    ck_assert_ptr_null(mm_device_nearest("frobnicator"));
}
END_TEST

START_TEST(a_serial_port_is_two_queues_and_a_scratch_byte)
{
    static const char input[] = "a line of input, taken byte by byte";
    struct bench bench = {.cycles = 0};
    bench_init(&bench, "uart", input);
    struct mm_rng rng;
    mm_rng_seed(&rng, 3);
    uint8_t sent[1000], scratch = 0;
    size_t n_sent = 0, n_taken = 0;
    for (unsigned i = 0; i < sizeof sent; i++) {
        uint8_t byte = (uint8_t)mm_rng_below(&rng, 256);
        switch (mm_rng_below(&rng, 10)) {
        case 0:
            ck_assert_uint_eq(
                read_at(&bench, 0, 1),
                (uint8_t)input[n_taken < strlen(input) ? n_taken : strlen(input) - 1]);
            n_taken += n_taken < strlen(input);
            break;
        case 1:
            write_at(&bench, 7, 1, scratch = byte);
            break;
        case 2:
            ck_assert_uint_eq(read_at(&bench, 7, 1), scratch);
            break;
        case 3:
            ck_assert_uint_eq(read_at(&bench, 5, 1), n_taken < strlen(input) ? 0x61 : 0x60);
            break;
        default:
            write_at(&bench, 0, 1, sent[n_sent++] = byte);
        }
        expect_output(&bench, sent, n_sent);
    }
    ck_assert_uint_eq(n_taken, strlen(input)); /* the stream went to the end and beyond */
    bench_fini(&bench);
}
END_TEST

START_TEST(a_serial_port_without_input_has_nothing_to_say)
{
    struct bench bench = {.cycles = 0};
    bench_init(&bench, "uart", NULL);
    ck_assert_uint_eq(read_at(&bench, 5, 1), 0x60);
    ck_assert_uint_eq(read_at(&bench, 0, 1), 0);
    expect_output(&bench, "", 0);
    bench_fini(&bench);
}
END_TEST

START_TEST(a_serial_port_keeps_the_first_64_kib_that_it_sent)
{
    struct bench bench = {.cycles = 0};
    static uint8_t expected[65536];
    bench_init(&bench, "uart", NULL);
    for (uint64_t i = 0; i < sizeof expected + 1000; i++) {
        write_at(&bench, 0, 1, i % 251);
        if (i < sizeof expected)
            expected[i] = (uint8_t)(i % 251);
    }
    expect_output(&bench, expected, sizeof expected);
    bench_fini(&bench);
}
END_TEST

START_TEST(a_timer_counts_cycles_since_it_was_written)
{
    struct bench bench = {.cycles = 500};
    bench_init(&bench, "timer", NULL);
    ck_assert_uint_eq(read_at(&bench, 0, 8), 0);
    bench.cycles += 77;
    ck_assert_uint_eq(read_at(&bench, 0, 8), 77);
    ck_assert_uint_eq(read_at(&bench, 0, 4), 77);
    write_at(&bench, 0, 4, 12345);
    ck_assert_uint_eq(read_at(&bench, 0, 4), 0);
    bench.cycles += 3;
    ck_assert_uint_eq(read_at(&bench, 0, 4), 3);
    bench_fini(&bench);
}
END_TEST

START_TEST(a_timer_holds_the_upper_half_for_whoever_reads_in_two_steps)
{
    struct bench bench = {.cycles = 0};
    bench_init(&bench, "timer", NULL);
    bench.cycles = UINT64_C(0x1FFFFFFFF);
    ck_assert_uint_eq(read_at(&bench, 4, 4), 0); /* nobody read the lower half yet */
    ck_assert_uint_eq(read_at(&bench, 0, 4), 0xFFFFFFFF);
    bench.cycles++;
    ck_assert_uint_eq(read_at(&bench, 4, 4), 1); /* not 2, although time went on */
    ck_assert_uint_eq(read_at(&bench, 0, 8), UINT64_C(0x200000000));
    ck_assert_uint_eq(read_at(&bench, 4, 4), 1); /* a read of 8 bytes latches nothing */
    bench_fini(&bench);
}
END_TEST

START_TEST(a_timer_counts_its_own_reads)
{
    struct bench bench = {.cycles = 0};
    bench_init(&bench, "timer", NULL);
    for (uint64_t i = 0; i < 300; i++)
        ck_assert_uint_eq(read_at(&bench, 8, i % 3 == 0 ? 4 : 2), i);
    ck_assert_uint_eq(read_at(&bench, 8, 1), 300 & 0xff); /* cut to the width */
    write_at(&bench, 8, 4, 7);
    ck_assert_uint_eq(read_at(&bench, 8, 4), 7);
    ck_assert_uint_eq(read_at(&bench, 8, 4), 8);
    bench_fini(&bench);
}
END_TEST

Suite *test_device_suite(void);

Suite *test_device_suite(void)
{
    Suite *suite = suite_create("device");
    TCase *tests = tcase_create("device");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, every_device_is_complete_and_listed_once);
    tcase_add_test(tests, a_serial_port_is_two_queues_and_a_scratch_byte);
    tcase_add_test(tests, a_serial_port_without_input_has_nothing_to_say);
    tcase_add_test(tests, a_serial_port_keeps_the_first_64_kib_that_it_sent);
    tcase_add_test(tests, a_timer_counts_cycles_since_it_was_written);
    tcase_add_test(tests, a_timer_holds_the_upper_half_for_whoever_reads_in_two_steps);
    tcase_add_test(tests, a_timer_counts_its_own_reads);
    return suite;
}
