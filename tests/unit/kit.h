/*
 * kit.h - what tests of the whole machine share: building one, mapping, reading and writing words.
 *
 * A machine of the kit checks all its invariants after every call, and kit_end() checks that
 * nothing is left of any process. A suite built by kit_add_modes() runs once for each paging mode.
 */
#ifndef MM_TESTS_KIT_H
#define MM_TESTS_KIT_H

#include <check.h>
#include <mmsim/mmsim.h>

enum { KIT_RW = MMSIM_PROT_READ | MMSIM_PROT_WRITE };
#define KIT_PAGE MMSIM_PAGE_SIZE

/* Of the machines that kit_config() describes. */
static enum mmsim_paging kit_paging = MMSIM_PAGING_32BIT;

static inline struct mmsim_config kit_config(void)
{
    struct mmsim_config config;
    mmsim_config_init(&config);
    config.paging = kit_paging;
    config.ram_bytes = 16 * MMSIM_MIB;
    config.check = MMSIM_CHECK_EVERY;
    return config;
}

static inline struct mmsim_machine *kit_build(const struct mmsim_config *config)
{
    struct mmsim_error error = {0};
    struct mmsim_machine *machine = NULL;
    ck_assert_msg(mmsim_machine_create(config, &machine, &error) == MMSIM_OK, "%s: %s", error.where,
                  error.text);
    return machine;
}

static inline struct mmsim_machine *kit_machine(void)
{
    struct mmsim_config config = kit_config();
    return kit_build(&config);
}

static inline struct mmsim_process *kit_spawn(struct mmsim_machine *machine, const char *name)
{
    struct mmsim_error error = {0};
    struct mmsim_process *process = NULL;
    ck_assert_msg(mmsim_spawn(machine, name, &process, &error) == MMSIM_OK, "%s", error.text);
    return process;
}

static inline struct mmsim_process *kit_fork(struct mmsim_process *parent, const char *name)
{
    struct mmsim_process *child = NULL;
    ck_assert_int_eq(mmsim_fork(parent, name, &child), MMSIM_SUCCESS);
    return child;
}

static inline enum mmsim_errno kit_try_map(struct mmsim_process *process, mmsim_vaddr address,
                                           uint64_t length, unsigned prot, unsigned more_flags,
                                           mmsim_vaddr *got)
{
    struct mmsim_mapping want = {.address = address,
                                 .length = length,
                                 .prot = prot,
                                 .flags = MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS | more_flags};
    return mmsim_mmap(process, &want, got);
}

/* n pages anywhere, read-write. */
static inline mmsim_vaddr kit_map(struct mmsim_process *process, uint64_t n_pages)
{
    mmsim_vaddr address = 0;
    ck_assert_int_eq(kit_try_map(process, 0, n_pages * KIT_PAGE, KIT_RW, 0, &address),
                     MMSIM_SUCCESS);
    return address;
}

static inline struct mmsim_access kit_write(struct mmsim_process *process, mmsim_vaddr address,
                                            uint32_t value)
{
    return mmsim_write(process, address, &value, sizeof value);
}

/* Reads a word, which must succeed. */
static inline uint32_t kit_read(struct mmsim_process *process, mmsim_vaddr address)
{
    uint32_t value = 0;
    struct mmsim_access access = mmsim_read(process, address, &value, sizeof value);
    ck_assert_msg(access.outcome == MMSIM_DONE, "read of 0x%llx: outcome %d",
                  (unsigned long long)address, (int)access.outcome);
    return value;
}

static inline struct mmsim_stats kit_stats(const struct mmsim_machine *machine)
{
    struct mmsim_stats stats;
    mmsim_machine_stats(machine, &stats);
    return stats;
}

static inline uint64_t kit_rss(const struct mmsim_process *process)
{
    struct mmsim_process_stats stats;
    mmsim_process_get_stats(process, &stats);
    return stats.rss;
}

static inline void kit_check(const struct mmsim_machine *machine)
{
    struct mmsim_error error = {0};
    ck_assert_msg(mmsim_machine_check(machine, &error) == MMSIM_OK, "%s", error.text);
}

/* Exits everybody, finds every frame free, and destroys the machine. */
static inline void kit_end(struct mmsim_machine *machine)
{
    for (size_t i = 0; mmsim_process_at(machine, i); i++)
        mmsim_exit(mmsim_process_at(machine, i), 0);
    kit_check(machine);
    ck_assert_uint_eq(kit_stats(machine).memory.user, 0);
    mmsim_machine_destroy(machine);
}

/* A suite with one test case. */
static inline Suite *kit_suite(const char *name, TCase **tests)
{
    Suite *suite = suite_create(name);
    *tests = tcase_create(name);
    suite_add_tcase(suite, *tests);
    return suite;
}

static inline void kit_use_32bit(void)
{
    kit_paging = MMSIM_PAGING_32BIT;
}

static inline void kit_use_pae(void)
{
    kit_paging = MMSIM_PAGING_PAE;
}

/* A test case for each paging mode; `add` fills one. */
static inline void kit_add_modes(Suite *suite, void (*add)(TCase *tests))
{
    TCase *two_levels = tcase_create("32bit"), *three_levels = tcase_create("pae");
    tcase_add_checked_fixture(two_levels, kit_use_32bit, NULL);
    tcase_add_checked_fixture(three_levels, kit_use_pae, NULL);
    add(two_levels);
    add(three_levels);
    suite_add_tcase(suite, two_levels);
    suite_add_tcase(suite, three_levels);
}

#endif
