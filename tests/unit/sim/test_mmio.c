/* test_mmio.c - devices in a whole machine: who reaches them, how often, and what is said of it. */
#include <stdio.h>
#include <string.h>

#include "fail_nth.h"
#include "hw/mmu.h"
#include "kit.h"
#include "sim/machine.h"

#define UART UINT64_C(0xF0000000)
#define TIMER UINT64_C(0xFFFFE000)
#define TIMER_COUNT (TIMER + 8)

static const struct mmsim_mmio_window two_windows[] = {
    {.name = "timer0", .at = TIMER, .size = 4 * MMSIM_KIB, .device = "timer"},
    {.name = "uart0",
     .at = UART,
     .size = 8 * MMSIM_KIB,
     .device = "uart",
     .input = "xyz",
     .input_bytes = 3},
};

static struct mmsim_config config_with_devices(void)
{
    struct mmsim_config config = kit_config();
    config.mmio = two_windows;
    config.n_mmio = 2;
    return config;
}

static struct mmsim_machine *machine_with_devices(void)
{
    struct mmsim_config config = config_with_devices();
    return kit_build(&config);
}

struct seen {
    unsigned n_mmio, n_errors;
    struct mmsim_event last;
};

static void see(void *user, const struct mmsim_event *event)
{
    struct seen *seen = user;
    seen->n_mmio += event->type == MMSIM_EVENT_MMIO;
    seen->n_errors += event->type == MMSIM_EVENT_BUS_ERROR;
    seen->last = *event;
}

static void listen(struct mmsim_machine *machine, struct seen *seen)
{
    uint32_t mask = MMSIM_EVENT_BIT(MMSIM_EVENT_MMIO) | MMSIM_EVENT_BIT(MMSIM_EVENT_BUS_ERROR);
    *seen = (struct seen){.n_mmio = 0};
    ck_assert(mmsim_listen(machine, mask, see, seen));
}

static uint64_t kernel_read(struct mmsim_machine *machine, mmsim_vaddr address, size_t n_bytes)
{
    uint64_t value = 0;
    struct mmsim_access access = mmsim_read(mmsim_kernel(machine), address, &value, n_bytes);
    ck_assert_int_eq(access.outcome, MMSIM_DONE);
    ck_assert_uint_eq(access.done, n_bytes);
    return value;
}

START_TEST(an_access_of_the_kernel_reaches_the_device_once_with_its_width)
{
    struct mmsim_machine *machine = machine_with_devices();
    struct seen seen;
    listen(machine, &seen);
    static const size_t widths[] = {1, 2, 4};
    for (unsigned i = 0; i < 30; i++) {
        size_t width = widths[i % 3];
        ck_assert_uint_eq(kernel_read(machine, TIMER_COUNT, width), i);
        ck_assert_uint_eq(seen.n_mmio, i + 1);
        ck_assert_uint_eq(seen.last.length, width);
        ck_assert_uint_eq(seen.last.value, i);
        ck_assert_uint_eq(seen.last.address, TIMER_COUNT);
        ck_assert_str_eq(seen.last.device, "timer0");
        ck_assert_int_eq(seen.last.access, MMSIM_ACCESS_READ);
    }
    ck_assert_uint_eq(seen.n_errors, 0);
    kit_end(machine);
}
END_TEST

static const struct {
    mmsim_vaddr address;
    size_t n_bytes;
    bool write;
    enum mmsim_bus_error why;
} refused[] = {
    {TIMER_COUNT, 3, false, MMSIM_BUS_ERROR_ALIGNMENT},
    {TIMER_COUNT, 8, false, MMSIM_BUS_ERROR_WIDTH},
    {TIMER_COUNT + 1, 1, false, MMSIM_BUS_ERROR_REGISTER},
    {TIMER + 4, 4, true, MMSIM_BUS_ERROR_READ_ONLY},
    {UART + 2, 4, false, MMSIM_BUS_ERROR_ALIGNMENT},
    {UART + 4094, 4, false, MMSIM_BUS_ERROR_ALIGNMENT}, /* two pages of one window */
    {UART + 4094, 4, true, MMSIM_BUS_ERROR_ALIGNMENT},
    {UART, 16, false, MMSIM_BUS_ERROR_WIDTH}, /* pieces of 8; the first ends it */
    {TIMER, 16, true, MMSIM_BUS_ERROR_WIDTH}, /* TIME takes 8 bytes, what follows does not */
};

START_TEST(what_the_bus_refuses_is_eio_for_the_kernel)
{
    struct mmsim_machine *machine = machine_with_devices();
    struct seen seen;
    listen(machine, &seen);
    uint8_t data[17];
    memset(data, 0x5a, sizeof data);
    size_t n = refused[_i].n_bytes;
    struct mmsim_access access =
        refused[_i].write ? mmsim_write(mmsim_kernel(machine), refused[_i].address, data, n)
                          : mmsim_read(mmsim_kernel(machine), refused[_i].address, data, n);
    ck_assert_int_eq(access.outcome, MMSIM_ERROR);
    ck_assert_int_eq(access.error, MMSIM_EIO);
    ck_assert_int_eq(access.bus_error, refused[_i].why);
    ck_assert_uint_eq(access.n_faults, 0);
    ck_assert_uint_eq(access.address - refused[_i].address, access.done);
    ck_assert_uint_eq(access.done, n == 16 && refused[_i].write ? 8 : 0);
    ck_assert_uint_eq(seen.n_errors, 1);
    ck_assert_uint_eq(seen.last.error, (uint32_t)refused[_i].why);
    for (size_t i = 0; i < (n < 8 ? n : 8) && !refused[_i].write; i++)
        ck_assert_uint_eq(data[i], 0xff);
    ck_assert_uint_eq(data[n], 0x5a);
    ck_assert_uint_eq(kernel_read(machine, TIMER_COUNT, 4), 0);
    ck_assert_uint_eq(kernel_read(machine, UART + 5, 1), 0x61);
    kit_end(machine);
}
END_TEST

START_TEST(an_access_beyond_the_end_of_a_window_is_a_page_fault)
{
    struct mmsim_machine *machine = machine_with_devices();
    struct seen seen;
    listen(machine, &seen);
    uint32_t word = 0x12345678;
    static const mmsim_vaddr places[] = {UART + 8192 - 2, UART + 8192, UART - 2, TIMER - 4,
                                         TIMER + 4096 - 2};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct mmsim_access access = mmsim_read(mmsim_kernel(machine), places[i], &word, 4);
        ck_assert_int_eq(access.error, MMSIM_EFAULT);
        ck_assert_int_eq(access.bus_error, MMSIM_BUS_ERROR_NONE);
        ck_assert_uint_eq(word, 0x12345678);
    }
    ck_assert_uint_eq(seen.n_mmio + seen.n_errors, 0);
    kit_end(machine);
}
END_TEST

START_TEST(a_process_never_reaches_a_device)
{
    struct mmsim_machine *machine = machine_with_devices();
    struct mmsim_process *p = kit_spawn(machine, "p");
    mmsim_process_on_signal(p, MMSIM_ON_SIGNAL_SURVIVE);
    uint32_t word = 0;
    struct mmsim_reference reference = {.address = TIMER_COUNT, .kind = MMSIM_ACCESS_READ};
    kernel_read(machine, TIMER_COUNT, 4); /* the page is in the TLB now */
    struct mmsim_access accesses[] = {
        mmsim_read(p, TIMER_COUNT, &word, 4), mmsim_write(p, TIMER_COUNT, &word, 4),
        mmsim_fetch(p, TIMER_COUNT), mmsim_reference_run(p, &reference, 1)};
    for (size_t i = 0; i < sizeof accesses / sizeof *accesses; i++) {
        ck_assert_int_eq(accesses[i].outcome, MMSIM_SIGNAL);
        ck_assert_int_eq(accesses[i].code, MMSIM_SEGV_MAPERR);
    }
    ck_assert_uint_eq(kernel_read(machine, TIMER_COUNT, 4), 1);
    kit_end(machine);
}
END_TEST

START_TEST(devices_are_mapped_alike_in_every_set_of_tables)
{
    for (size_t cpu = 0; mmsim_cpu_name("x86_32", cpu); cpu++) {
        struct mmsim_config config = config_with_devices();
        config.cpu = mmsim_cpu_name("x86_32", cpu);
        struct mmsim_machine *machine = kit_build(&config);
        struct mmsim_process *p = kit_spawn(machine, "p"), *q = kit_fork(p, "q");
        ck_assert_uint_eq(kernel_read(machine, TIMER_COUNT, 4), 0);
        ck_assert_int_eq(mmsim_run_on(q, 0), MMSIM_SUCCESS);
        ck_assert_uint_eq(kernel_read(machine, TIMER_COUNT, 4), 1);
        struct mmsim_walk walk;
        mmsim_explain(q, TIMER_COUNT, MMSIM_ACCESS_READ, &walk);
        ck_assert(walk.present && !walk.allowed);
        ck_assert_uint_eq(walk.physical, TIMER_COUNT);
        ck_assert_uint_eq(walk.page_shift, 12);
        uint64_t leaf = walk.steps[walk.n_steps - 1].value;
        bool has_pcd = strcmp(config.cpu, "i386") != 0;
        ck_assert_uint_eq((leaf >> 4) & 1, has_pcd); /* PCD: SDM 3A 4.9 */
        ck_assert_uint_eq((leaf >> 2) & 1, 0);       /* U/S */
        kit_end(machine);
    }
}
END_TEST

START_TEST(looking_at_physical_memory_leaves_devices_alone)
{
    struct mmsim_machine *machine = machine_with_devices();
    uint32_t word = 0;
    mmsim_physical_read(machine, TIMER_COUNT, &word, sizeof word);
    ck_assert_uint_eq(word, UINT32_MAX);
    mmsim_physical_write(machine, TIMER_COUNT, &word, sizeof word);
    struct mmsim_walk walk;
    mmsim_explain(mmsim_kernel(machine), TIMER_COUNT, MMSIM_ACCESS_WRITE, &walk);
    ck_assert_uint_eq(kernel_read(machine, TIMER_COUNT, 4), 0);
    kit_end(machine);
}
END_TEST

START_TEST(what_a_device_sent_can_be_asked_for_by_name)
{
    struct mmsim_machine *machine = machine_with_devices();
    size_t n = 0;
    ck_assert_int_eq(mmsim_write(mmsim_kernel(machine), UART, "H", 1).outcome, MMSIM_DONE);
    ck_assert_int_eq(mmsim_write(mmsim_kernel(machine), UART, "i", 1).outcome, MMSIM_DONE);
    const void *output = mmsim_device_output(machine, "uart0", &n);
    ck_assert_uint_eq(n, 2);
    ck_assert_mem_eq(output, "Hi", 2);
    ck_assert_ptr_null(mmsim_device_output(machine, "timer0", &n));
    ck_assert_ptr_null(mmsim_device_output(machine, "uart1", &n));
    kit_end(machine);
}
END_TEST

START_TEST(a_timer_tells_the_time_of_the_machine)
{
    struct mmsim_machine *machine = machine_with_devices();
    uint64_t before = mmsim_machine_cycles(machine);
    uint64_t first = kernel_read(machine, TIMER, 8);
    struct mmsim_process *p = kit_spawn(machine, "p");
    kit_write(p, kit_map(p, 1), 1);
    uint64_t second = kernel_read(machine, TIMER, 8);
    uint64_t after = mmsim_machine_cycles(machine);
    ck_assert_uint_gt(second, first);
    ck_assert_uint_le(second - first, after - before);
    ck_assert_uint_lt(first, after);
    kit_end(machine);
}
END_TEST

START_TEST(devices_may_fill_their_whole_region)
{
    const struct mmsim_mmio_window all = {
        .name = "all", .at = UART, .size = 256 * MMSIM_MIB, .device = "timer"};
    for (int pae = 0; pae < 2; pae++) {
        struct mmsim_config config = kit_config();
        config.ram_bytes = 2 * MMSIM_MIB;
        config.check = MMSIM_CHECK_END;
        config.paging = pae ? MMSIM_PAGING_PAE : MMSIM_PAGING_32BIT;
        config.mmio = &all;
        config.n_mmio = 1;
        struct mmsim_machine *machine = kit_build(&config);
        uint32_t word = 0;
        struct mmsim_access access = mmsim_read(mmsim_kernel(machine), 0xFFFFFFFC, &word, 4);
        ck_assert_int_eq(access.error, MMSIM_EIO);
        ck_assert_int_eq(access.bus_error, MMSIM_BUS_ERROR_REGISTER);
        kit_end(machine);
    }
}
END_TEST

static const struct {
    struct mmsim_mmio_window window;
    const char *where, *text;
} bad[] = {
    {{.name = "uart0", .at = UART + 4096, .size = 4096, .device = "uart"}, "mmio.name", "two"},
    {{.name = "0", .at = UART + 4096, .size = 4096, .device = "uart"}, "mmio.name", "no name"},
    {{.name = NULL, .at = UART + 4096, .size = 4096, .device = "uart"}, "mmio.name", "(null)"},
    {{.name = "b", .at = UART + 1, .size = 4096, .device = "uart"}, "mmio.at", "page size"},
    {{.name = "b", .at = UART + 4096, .size = 100, .device = "uart"}, "mmio.size", "whole pages"},
    {{.name = "b", .at = UART + 4096, .size = 0, .device = "uart"}, "mmio.size", "whole pages"},
    {{.name = "b", .at = UART - 4096, .size = 4096, .device = "uart"}, "mmio.at", "region"},
    {{.name = "b", .at = 0xFFFFF000, .size = 8192, .device = "uart"}, "mmio.at", "region"},
    {{.name = "b", .at = 0x100000000, .size = 4096, .device = "uart"}, "mmio.at", "region"},
    {{.name = "b", .at = UART + 4096, .size = UINT64_MAX & ~UINT64_C(4095), .device = "uart"},
     "mmio.at",
     "region"},
    {{.name = "b", .at = UART, .size = 8192, .device = "uart"}, "mmio.at", "overlaps uart0"},
    {{.name = "b", .at = UART + 4096, .size = 4096, .device = "urat"}, "mmio.device", "'uart'?"},
};

START_TEST(devices_that_cannot_be_are_refused_with_the_field)
{
    const struct mmsim_mmio_window list[2] = {
        {.name = "uart0", .at = UART, .size = 4096, .device = "uart"}, bad[_i].window};
    struct mmsim_config config = kit_config();
    struct mmsim_machine *machine = NULL;
    struct mmsim_error error = {0};
    config.mmio = list;
    config.n_mmio = 2;
    ck_assert_int_eq(mmsim_machine_create(&config, &machine, &error), MMSIM_BAD_CONFIG);
    ck_assert_str_eq(error.where, bad[_i].where);
    ck_assert_msg(strstr(error.text, bad[_i].text), "%s", error.text);
    ck_assert_ptr_null(machine);
}
END_TEST

START_TEST(a_machine_with_devices_lives_without_host_memory)
{
    for (uint64_t n = 1;; n++) {
        struct fail_nth fail;
        fail_nth_init(&fail, n, 1);
        struct mmsim_config config = config_with_devices();
        config.allocator = &fail.allocator;
        struct mmsim_machine *machine = NULL;
        struct mmsim_error error = {0};
        enum mmsim_status status = mmsim_machine_create(&config, &machine, &error);
        ck_assert_int_eq(status, machine ? MMSIM_OK : MMSIM_HOST_MEMORY);
        mmsim_machine_destroy(machine);
        ck_assert_ptr_null(fail_nth_check(&fail));
        if (fail.n_requests < n)
            break;
    }
}
END_TEST

/* A bus with a window at an address that is not the next after RAM's, as two pages of one access.
 */
START_TEST(an_access_of_which_half_is_memory_is_refused_by_the_device)
{
    struct mmsim_machine *machine = machine_with_devices();
    struct seen seen;
    listen(machine, &seen);
    struct mm_pieces pieces = {{0x1ffe, TIMER_COUNT}, 2};
    uint32_t word = 0;
    mm_mmu_move(&machine->cpus[0], MMSIM_ACCESS_READ, &pieces, &word, sizeof word);
    ck_assert_uint_eq(word >> 16, 0xffff);
    ck_assert_int_eq(machine->cpus[0].bus_error, MMSIM_BUS_ERROR_PARTLY);
    ck_assert_uint_eq(seen.n_errors, 1);
    ck_assert_uint_eq(kernel_read(machine, TIMER_COUNT, 4), 0);
    kit_end(machine);
}
END_TEST

Suite *test_mmio_suite(void);

Suite *test_mmio_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("mmio", &tests);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_access_of_the_kernel_reaches_the_device_once_with_its_width);
    tcase_add_loop_test(tests, what_the_bus_refuses_is_eio_for_the_kernel, 0,
                        (int)(sizeof refused / sizeof *refused));
    tcase_add_test(tests, an_access_beyond_the_end_of_a_window_is_a_page_fault);
    tcase_add_test(tests, a_process_never_reaches_a_device);
    tcase_add_test(tests, devices_are_mapped_alike_in_every_set_of_tables);
    tcase_add_test(tests, looking_at_physical_memory_leaves_devices_alone);
    tcase_add_test(tests, what_a_device_sent_can_be_asked_for_by_name);
    tcase_add_test(tests, a_timer_tells_the_time_of_the_machine);
    tcase_add_test(tests, devices_may_fill_their_whole_region);
    tcase_add_loop_test(tests, devices_that_cannot_be_are_refused_with_the_field, 0,
                        (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tests, a_machine_with_devices_lives_without_host_memory);
    tcase_add_test(tests, an_access_of_which_half_is_memory_is_refused_by_the_device);
    return suite;
}
