/*
 * test_bus.c - windows of the bus, with a device that only takes down what it is asked.
 *
 * Which accesses pass is predicted by a rule written anew here: a list of (offset, width, right)
 * that the probe's table grants, and nothing else.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "hw/bus.h"

#define RAM_BYTES (64 * MMSIM_KIB)
#define WINDOW_AT UINT64_C(0xF0000000)
#define WINDOW_BYTES UINT64_C(64)
#define SPACE_END (UINT64_C(1) << 32)

/* ---- the probe ---- */

struct probe {
    unsigned n_reads, n_writes;
    uint32_t offset;
    unsigned width;
    uint64_t value; /* written, or to be read */
    bool sulks;     /* refuses everything */
    char name[64];
    uint64_t window_bytes;
};

enum { R = MMSIM_REGISTER_READ, W = MMSIM_REGISTER_WRITE };

static const struct mmsim_device_register probe_registers[] = {
    {"IN", "read only", 0, 1, R},
    {"OUT", "write only, wider", 0, 1 | 2, W},
    {"ANY", "every width", 8, 15, R | W},
    {"WORD", "4 bytes only", 16, 4, R | W},
    {"STATUS", "read only", 20, 1 | 4, R},
    {"COMMAND", "write only", 24, 2, W},
    {"LAST", "ends with the window", 56, 8, R | W},
    {.name = NULL},
};

/* The same in other words: what must pass. */
static const struct {
    uint32_t offset;
    unsigned width;
    bool write;
} granted[] = {
    {0, 1, false}, {0, 1, true},   {0, 2, true},   {8, 1, false}, {8, 1, true},   {8, 2, false},
    {8, 2, true},  {8, 4, false},  {8, 4, true},   {8, 8, false}, {8, 8, true},   {16, 4, false},
    {16, 4, true}, {20, 1, false}, {20, 4, false}, {24, 2, true}, {56, 8, false}, {56, 8, true},
};

static bool is_granted(uint64_t offset, size_t width, bool write)
{
    for (size_t i = 0; i < sizeof granted / sizeof *granted; i++)
        if (granted[i].offset == offset && granted[i].width == width && granted[i].write == write)
            return true;
    return false;
}

static size_t probe_bytes(const struct mmsim_device_setup *setup)
{
    (void)setup;
    return sizeof(struct probe);
}

static void probe_init(void *state, const struct mmsim_device_setup *setup)
{
    struct probe *probe = state;
    strcpy(probe->name, setup->name);
    probe->window_bytes = setup->window_bytes;
}

static bool probe_read(void *state, uint32_t offset, unsigned width, uint64_t *value)
{
    struct probe *probe = state;
    if (probe->sulks)
        return false;
    probe->n_reads++;
    probe->offset = offset;
    probe->width = width;
    *value = probe->value;
    return true;
}

static bool probe_write(void *state, uint32_t offset, unsigned width, uint64_t value)
{
    struct probe *probe = state;
    if (probe->sulks)
        return false;
    probe->n_writes++;
    probe->offset = offset;
    probe->width = width;
    probe->value = value;
    return true;
}

static const char *probe_check(const void *state)
{
    return ((const struct probe *)state)->sulks ? "the probe sulks" : NULL;
}

static const struct mmsim_device_ops probe_ops = {
    .abi = MMSIM_DEVICE_ABI,
    .size = sizeof(struct mmsim_device_ops),
    .name = "probe",
    .registers = probe_registers,
    .state_bytes = probe_bytes,
    .init = probe_init,
    .read = probe_read,
    .write = probe_write,
    .check = probe_check,
};

/* ---- the bench ---- */

struct bench {
    struct mm_host host;
    struct mm_phys phys;
    struct mm_bus bus;
};

static uint64_t no_time(void *clock)
{
    (void)clock;
    return 0;
}

static const struct mmsim_device_setup setup = {.now = no_time};

static void bench_init(struct bench *bench, const struct mmsim_mmio_window *list, size_t n)
{
    mm_host_init(&bench->host, NULL);
    ck_assert(mm_phys_init(&bench->phys, RAM_BYTES));
    mm_bus_init(&bench->bus, &bench->phys);
    for (size_t i = 0; i < n; i++) {
        struct mmsim_error error = {0};
        ck_assert_msg(mm_window_judge(list, i, &bench->phys, SPACE_END, &error) == MMSIM_OK, "%s",
                      error.text);
    }
    ck_assert(mm_bus_attach(&bench->bus, list, n, &setup, &bench->host));
    ck_assert_ptr_null(mm_bus_check(&bench->bus));
}

static void bench_fini(struct bench *bench)
{
    mm_bus_detach(&bench->bus, &bench->host);
    mm_phys_fini(&bench->phys);
    ck_assert_uint_eq(bench->host.n_blocks, 0);
}

static const struct mmsim_mmio_window one_window[] = {
    {.name = "probe0", .at = WINDOW_AT, .size = WINDOW_BYTES, .ops = &probe_ops}};

static struct probe *probe_of(const struct bench *bench, size_t window)
{
    return bench->bus.windows[window].state;
}

static struct mm_bus_answer transfer(const struct bench *bench, mmsim_paddr address, size_t n_bytes,
                                     enum mmsim_access_kind kind, void *data)
{
    struct mm_bus_transfer wanted = {address, n_bytes, n_bytes, kind};
    return mm_bus_transfer(&bench->bus, &wanted, data);
}

/* ---- accesses ---- */

START_TEST(a_device_hears_exactly_the_reads_that_its_table_grants)
{
    struct bench bench;
    bench_init(&bench, one_window, 1);
    struct probe *probe = probe_of(&bench, 0);
    for (uint64_t offset = 0; offset < WINDOW_BYTES; offset++) {
        for (size_t width = 1; width <= 8; width++) {
            uint8_t data[10];
            memset(data, 0x5a, sizeof data);
            *probe = (struct probe){.value = UINT64_C(0x1122334455667788)};
            struct mm_bus_answer answer =
                transfer(&bench, WINDOW_AT + offset, width, MMSIM_ACCESS_READ, data + 1);
            bool passes = is_granted(offset, width, false);
            uint64_t must = passes ? UINT64_C(0x1122334455667788) : UINT64_MAX;
            ck_assert_msg((answer.error == MMSIM_BUS_ERROR_NONE) == passes,
                          "%zu bytes at %llu: error %d", width, (unsigned long long)offset,
                          (int)answer.error);
            ck_assert_ptr_eq(answer.window, &bench.bus.windows[0]);
            ck_assert_uint_eq(probe->n_reads, passes);
            ck_assert_mem_eq(data + 1, &must, width);
            ck_assert_uint_eq(data[0], 0x5a);
            ck_assert_uint_eq(data[1 + width], 0x5a);
            if (passes) {
                ck_assert_uint_eq(probe->offset, offset);
                ck_assert_uint_eq(probe->width, width);
            }
        }
    }
    bench_fini(&bench);
}
END_TEST

START_TEST(a_device_hears_exactly_the_writes_that_its_table_grants)
{
    struct bench bench;
    bench_init(&bench, one_window, 1);
    struct probe *probe = probe_of(&bench, 0);
    for (uint64_t offset = 0; offset < WINDOW_BYTES; offset++) {
        for (size_t width = 1; width <= 8; width++) {
            uint64_t data = UINT64_C(0xa1b2c3d4e5f60718);
            *probe = (struct probe){0};
            struct mm_bus_answer answer =
                transfer(&bench, WINDOW_AT + offset, width, MMSIM_ACCESS_WRITE, &data);
            bool passes = is_granted(offset, width, true);
            uint64_t sent = width == 8 ? data : data & ((UINT64_C(1) << 8 * width) - 1);
            ck_assert_int_eq(answer.error == MMSIM_BUS_ERROR_NONE, passes);
            ck_assert_uint_eq(answer.value, sent);
            ck_assert_uint_eq(probe->n_writes, passes);
            ck_assert_uint_eq(probe->value, passes ? sent : 0);
            ck_assert_uint_eq(probe->width, passes ? width : 0);
        }
    }
    bench_fini(&bench);
}
END_TEST

static const struct {
    uint64_t offset;
    size_t width;
    enum mmsim_access_kind kind;
    enum mmsim_bus_error error;
} reasons[] = {
    {8, 4, MMSIM_ACCESS_READ, MMSIM_BUS_ERROR_NONE},
    {8, 1, MMSIM_ACCESS_FETCH, MMSIM_BUS_ERROR_NONE},
    {24, 2, MMSIM_ACCESS_FETCH, MMSIM_BUS_ERROR_WRITE_ONLY},
    {24, 2, MMSIM_ACCESS_READ, MMSIM_BUS_ERROR_WRITE_ONLY},
    {20, 4, MMSIM_ACCESS_WRITE, MMSIM_BUS_ERROR_READ_ONLY},
    {16, 2, MMSIM_ACCESS_READ, MMSIM_BUS_ERROR_WIDTH},
    {0, 2, MMSIM_ACCESS_READ, MMSIM_BUS_ERROR_WIDTH},
    {24, 3, MMSIM_ACCESS_WRITE, MMSIM_BUS_ERROR_WIDTH},
    {12, 4, MMSIM_ACCESS_READ, MMSIM_BUS_ERROR_REGISTER},
    {9, 1, MMSIM_ACCESS_WRITE, MMSIM_BUS_ERROR_REGISTER},
    {10, 4, MMSIM_ACCESS_READ, MMSIM_BUS_ERROR_ALIGNMENT},
    {57, 8, MMSIM_ACCESS_READ, MMSIM_BUS_ERROR_PARTLY},
    {63, 2, MMSIM_ACCESS_WRITE, MMSIM_BUS_ERROR_PARTLY},
    {UINT64_MAX, 2, MMSIM_ACCESS_READ, MMSIM_BUS_ERROR_PARTLY}, /* begins a byte before it */
};

START_TEST(a_refusal_says_what_is_wrong)
{
    struct bench bench;
    bench_init(&bench, one_window, 1);
    uint8_t data[8] = {0};
    struct mm_bus_answer answer =
        transfer(&bench, WINDOW_AT + reasons[_i].offset, reasons[_i].width, reasons[_i].kind, data);
    ck_assert_int_eq(answer.error, reasons[_i].error);
    ck_assert_uint_gt(strlen(mmsim_bus_error_text(answer.error)), 5);
    bench_fini(&bench);
}
END_TEST

START_TEST(what_a_device_refuses_itself_reads_as_all_ones)
{
    struct bench bench;
    bench_init(&bench, one_window, 1);
    probe_of(&bench, 0)->sulks = true;
    uint32_t word = 0;
    ck_assert_int_eq(transfer(&bench, WINDOW_AT + 16, 4, MMSIM_ACCESS_READ, &word).error,
                     MMSIM_BUS_ERROR_DEVICE);
    ck_assert_uint_eq(word, UINT32_MAX);
    ck_assert_int_eq(transfer(&bench, WINDOW_AT + 16, 4, MMSIM_ACCESS_WRITE, &word).error,
                     MMSIM_BUS_ERROR_DEVICE);
    ck_assert_str_eq(mm_bus_check(&bench.bus), "the probe sulks");
    bench_fini(&bench);
}
END_TEST

START_TEST(a_part_of_an_access_is_refused_however_well_it_fits)
{
    struct bench bench;
    bench_init(&bench, one_window, 1);
    uint32_t word = 0;
    struct mm_bus_transfer half = {WINDOW_AT + 8, 2, 4, MMSIM_ACCESS_READ};
    ck_assert_int_eq(mm_bus_transfer(&bench.bus, &half, &word).error, MMSIM_BUS_ERROR_PARTLY);
    ck_assert_uint_eq(word, 0xffff);
    ck_assert_uint_eq(probe_of(&bench, 0)->n_reads, 0);
    bench_fini(&bench);
}
END_TEST

START_TEST(windows_that_touch_are_two)
{
    const struct mmsim_mmio_window two[] = {
        {.name = "high", .at = WINDOW_AT + 64, .size = 64, .ops = &probe_ops},
        {.name = "low", .at = WINDOW_AT, .size = 64, .ops = &probe_ops}};
    struct bench bench;
    bench_init(&bench, two, 2);
    struct probe *low = probe_of(&bench, 0), *high = probe_of(&bench, 1);
    ck_assert_str_eq(low->name, "low");
    ck_assert_str_eq(high->name, "high");
    ck_assert_uint_eq(high->window_bytes, 64);
    uint64_t data = 7;
    ck_assert_int_eq(transfer(&bench, WINDOW_AT + 56, 8, MMSIM_ACCESS_WRITE, &data).error, 0);
    ck_assert_uint_eq(low->n_writes, 1);
    ck_assert_uint_eq(high->n_writes, 0);
    ck_assert_int_eq(transfer(&bench, WINDOW_AT + 64, 1, MMSIM_ACCESS_READ, &data).error, 0);
    ck_assert_uint_eq(high->n_reads, 1);
    struct mm_bus_answer both = transfer(&bench, WINDOW_AT + 62, 4, MMSIM_ACCESS_READ, &data);
    ck_assert_int_eq(both.error, MMSIM_BUS_ERROR_PARTLY);
    ck_assert_uint_eq(low->n_reads + high->n_reads, 1);
    bench_fini(&bench);
}
END_TEST

START_TEST(beside_windows_there_is_ram_and_there_are_holes)
{
    struct bench bench;
    bench_init(&bench, one_window, 1);
    uint32_t word = 0x01020304, back = 0;
    ck_assert_ptr_null(transfer(&bench, 0x1ffe, 4, MMSIM_ACCESS_WRITE, &word).window);
    ck_assert_ptr_null(transfer(&bench, 0x1ffe, 4, MMSIM_ACCESS_READ, &back).window);
    ck_assert_uint_eq(back, word);
    const mmsim_paddr holes[] = {WINDOW_AT - 4, WINDOW_AT + WINDOW_BYTES, RAM_BYTES};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_ptr_null(transfer(&bench, holes[i], 4, MMSIM_ACCESS_WRITE, &word).window);
        back = 0;
        ck_assert_ptr_null(transfer(&bench, holes[i], 4, MMSIM_ACCESS_READ, &back).window);
        ck_assert_uint_eq(back, UINT32_MAX);
    }
    ck_assert_uint_eq(probe_of(&bench, 0)->n_writes + probe_of(&bench, 0)->n_reads, 0);
    bench_fini(&bench);
}
END_TEST

START_TEST(whoever_only_looks_finds_a_hole_where_a_device_is)
{
    struct bench bench;
    bench_init(&bench, one_window, 1);
    uint32_t word = 0;
    mm_bus_read(&bench.bus, WINDOW_AT + 16, &word, sizeof word);
    ck_assert_uint_eq(word, UINT32_MAX);
    ck_assert_uint_eq(mmsim_port_read32(&bench.bus.port, WINDOW_AT + 16), UINT32_MAX);
    mm_bus_write(&bench.bus, WINDOW_AT + 16, &word, sizeof word);
    mmsim_port_write32(&bench.bus.port, WINDOW_AT + 16, 1);
    ck_assert_uint_eq(probe_of(&bench, 0)->n_writes + probe_of(&bench, 0)->n_reads, 0);
    ck_assert_ptr_null(mm_bus_direct(&bench.bus, WINDOW_AT, 4));
    bench_fini(&bench);
}
END_TEST

/* ---- finding a window ---- */

enum { N_WINDOWS = 40, N_LOOKUPS = 20000, STRIDE = 256 };

static const struct mm_window *find_slowly(const struct mm_bus *bus, mmsim_paddr address, size_t n)
{
    for (size_t i = 0; i < bus->n_windows; i++)
        for (size_t byte = 0; byte < n; byte++)
            if (address + byte >= bus->windows[i].at &&
                address + byte < bus->windows[i].at + bus->windows[i].size)
                return &bus->windows[i];
    return NULL;
}

START_TEST(the_search_finds_what_looking_at_every_byte_finds)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, 17);
    struct mmsim_mmio_window list[N_WINDOWS];
    char names[N_WINDOWS][8];
    for (unsigned i = 0; i < N_WINDOWS; i++) {
        unsigned place = (i * 7) % N_WINDOWS; /* in no order */
        snprintf(names[i], sizeof names[i], "d%u", i);
        list[i] =
            (struct mmsim_mmio_window){.name = names[i],
                                       .at = WINDOW_AT + place * STRIDE + mm_rng_below(&rng, 100),
                                       .size = 64 + mm_rng_below(&rng, 90),
                                       .ops = &probe_ops};
    }
    struct bench bench;
    bench_init(&bench, list, N_WINDOWS);
    for (unsigned i = 0; i < N_LOOKUPS; i++) {
        mmsim_paddr at = WINDOW_AT - 16 + mm_rng_below(&rng, N_WINDOWS * STRIDE + 32);
        size_t n = 1 + mm_rng_below(&rng, 8);
        if (mm_bus_window(&bench.bus, at, n) != find_slowly(&bench.bus, at, n))
            ck_abort_msg("%zu bytes at %#llx", n, (unsigned long long)at);
    }
    ck_assert_ptr_null(mm_bus_window(&bench.bus, UINT64_MAX, 1));
    bench_fini(&bench);
}
END_TEST

/* ---- windows that cannot be ---- */

static const struct {
    struct mmsim_mmio_window window;
    const char *where, *text[2];
} impossible[] = {
    {{.name = "a", .at = RAM_BYTES - 64, .size = 128, .ops = &probe_ops},
     "mmio.at",
     {"a (0xffc0-0x1003f)", "overlaps RAM (0x0-0xffff)"}},
    {{.name = "a", .at = WINDOW_AT + 63, .size = 64, .ops = &probe_ops},
     "mmio.at",
     {"a (0xf000003f-0xf000007e)", "overlaps probe0 (0xf0000000-0xf000003f)"}},
    {{.name = "a", .at = WINDOW_AT - 63, .size = 64, .ops = &probe_ops}, "mmio.at", {"probe0", ""}},
    {{.name = "a", .at = WINDOW_AT, .size = 64, .ops = &probe_ops}, "mmio.at", {"probe0", ""}},
    {{.name = "a", .at = SPACE_END - 64, .size = 65, .ops = &probe_ops},
     "mmio.at",
     {"a: 65 bytes at 0xffffffc0", "beyond 0xffffffff"}},
    {{.name = "a", .at = SPACE_END, .size = 64, .ops = &probe_ops}, "mmio.at", {"beyond", ""}},
    {{.name = "a", .at = WINDOW_AT + 64, .size = UINT64_MAX, .ops = &probe_ops},
     "mmio.at",
     {"beyond", ""}},
    {{.name = "a", .at = WINDOW_AT + 64, .size = 0, .ops = &probe_ops},
     "mmio.size",
     {"no bytes", ""}},
    {{.name = "a", .at = WINDOW_AT + 64, .size = 63, .ops = &probe_ops},
     "mmio.size",
     {"register LAST at offset 0x38", "63 bytes"}},
    {{.name = "a", .at = WINDOW_AT + 64, .size = 64, .device = "urat"},
     "mmio.device",
     {"no device 'urat'", "did you mean 'uart'?"}},
    {{.name = "a", .at = WINDOW_AT + 64, .size = 64}, "mmio.device", {"(null)", ""}},
};

START_TEST(a_window_that_cannot_be_is_refused_by_name)
{
    struct mm_phys ram = mm_phys_plan(RAM_BYTES, 0);
    struct mmsim_mmio_window list[2] = {one_window[0], impossible[_i].window};
    struct mmsim_error error = {0};
    ck_assert_int_eq(mm_window_judge(list, 1, &ram, SPACE_END, &error), MMSIM_BAD_CONFIG);
    ck_assert_str_eq(error.where, impossible[_i].where);
    for (int part = 0; part < 2; part++)
        ck_assert_msg(strstr(error.text, impossible[_i].text[part]), "%s", error.text);
}
END_TEST

START_TEST(a_device_made_for_another_header_is_refused)
{
    struct mmsim_device_ops old = probe_ops;
    struct mm_phys ram = mm_phys_plan(RAM_BYTES, 0);
    struct mmsim_mmio_window window = one_window[0];
    struct mmsim_error error = {0};
    window.ops = &old;
    ck_assert_int_eq(mm_window_judge(&window, 0, &ram, SPACE_END, &error), MMSIM_OK);
    old.size--;
    ck_assert_int_eq(mm_window_judge(&window, 0, &ram, SPACE_END, &error), MMSIM_BAD_CONFIG);
    ck_assert_str_eq(error.where, "mmio.device");
    old = probe_ops;
    old.abi++;
    ck_assert_int_eq(mm_window_judge(&window, 0, &ram, SPACE_END, &error), MMSIM_BAD_CONFIG);
}
END_TEST

Suite *test_bus_suite(void);

Suite *test_bus_suite(void)
{
    Suite *suite = suite_create("bus");
    TCase *tests = tcase_create("bus");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, a_device_hears_exactly_the_reads_that_its_table_grants);
    tcase_add_test(tests, a_device_hears_exactly_the_writes_that_its_table_grants);
    tcase_add_loop_test(tests, a_refusal_says_what_is_wrong, 0,
                        (int)(sizeof reasons / sizeof *reasons));
    tcase_add_test(tests, what_a_device_refuses_itself_reads_as_all_ones);
    tcase_add_test(tests, a_part_of_an_access_is_refused_however_well_it_fits);
    tcase_add_test(tests, windows_that_touch_are_two);
    tcase_add_test(tests, beside_windows_there_is_ram_and_there_are_holes);
    tcase_add_test(tests, whoever_only_looks_finds_a_hole_where_a_device_is);
    tcase_add_test(tests, the_search_finds_what_looking_at_every_byte_finds);
    tcase_add_loop_test(tests, a_window_that_cannot_be_is_refused_by_name, 0,
                        (int)(sizeof impossible / sizeof *impossible));
    tcase_add_test(tests, a_device_made_for_another_header_is_refused);
    return suite;
}
