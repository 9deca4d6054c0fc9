/*
 * test_mmu_alone.c - the MMU without a machine: page tables by hand, registers by name, what a
 * configuration may not say, host memory that runs out.
 */
#include <check.h>
#include <mmsim/mmsim.h>
#include <mmsim/mmu.h>
#include <string.h>

#include "fail_nth.h"

#define CR0_ON UINT64_C(0x80000001) /* PG, PE */
#define CR0_WP UINT64_C(0x00010000)
#define CR4_PSE UINT64_C(0x10)
#define CR4_PAE UINT64_C(0x20)
#define CR4_PGE UINT64_C(0x80)
#define CR4_PKE UINT64_C(0x400000)

static struct mmsim_mmu *build(const struct mmsim_mmu_config *config)
{
    struct mmsim_mmu *mmu = NULL;
    struct mmsim_error error = {0};
    ck_assert_msg(mmsim_mmu_create(config, &mmu, &error) == MMSIM_OK, "%s: %s", error.where,
                  error.text);
    return mmu;
}

static struct mmsim_mmu *build_default(void)
{
    struct mmsim_mmu_config config;
    mmsim_mmu_config_init(&config);
    return build(&config);
}

static void set(struct mmsim_mmu *mmu, const char *name, uint64_t value)
{
    struct mmsim_mmu_result result = mmsim_mmu_write_register(mmu, name, value);
    ck_assert_msg(result.done, "%s = %#llx is refused", name, (unsigned long long)value);
}

static uint64_t get(const struct mmsim_mmu *mmu, const char *name)
{
    uint64_t value = 0;
    ck_assert(mmsim_mmu_read_register(mmu, name, &value));
    return value;
}

static void store(struct mmsim_mmu *mmu, mmsim_paddr at, uint64_t value, size_t n_bytes)
{
    mmsim_mmu_physical_write(mmu, at, &value, n_bytes);
}

static uint64_t load(const struct mmsim_mmu *mmu, mmsim_paddr at, size_t n_bytes)
{
    uint64_t value = 0;
    mmsim_mmu_physical_read(mmu, at, &value, n_bytes);
    return value;
}

static struct mmsim_mmu_result touch(struct mmsim_mmu *mmu, mmsim_vaddr address,
                                     enum mmsim_access_kind access, enum mmsim_privilege privilege,
                                     void *data, size_t n_bytes)
{
    struct mmsim_request request = {address, access, privilege};
    return mmsim_mmu_access(mmu, &request, data, n_bytes);
}

static struct mmsim_mmu_result user_write(struct mmsim_mmu *mmu, mmsim_vaddr address,
                                          uint32_t value)
{
    return touch(mmu, address, MMSIM_ACCESS_WRITE, MMSIM_PRIVILEGE_USER, &value, sizeof value);
}

static struct mmsim_mmu_result user_read(struct mmsim_mmu *mmu, mmsim_vaddr address,
                                         uint32_t *value)
{
    return touch(mmu, address, MMSIM_ACCESS_READ, MMSIM_PRIVILEGE_USER, value, sizeof *value);
}

static void assert_page_fault(struct mmsim_mmu_result result, mmsim_vaddr address, uint32_t error)
{
    ck_assert(!result.done);
    ck_assert_uint_eq(result.fault.vector, 14);
    ck_assert_uint_eq(result.fault.address, address);
    ck_assert_uint_eq(result.fault.error, error);
}

/* Directory 0x1000, table 0x2000; 0x40000000 and the page after it at 0x5000 and 0x9000. */
static struct mmsim_mmu *two_pages(uint32_t first_flags, uint32_t second_flags)
{
    struct mmsim_mmu *mmu = build_default();
    store(mmu, 0x1000 + 0x100 * 4, 0x2007, 4);
    store(mmu, 0x2000, 0x5000 | first_flags, 4);
    store(mmu, 0x2004, 0x9000 | second_flags, 4);
    set(mmu, "cr3", 0x1000);
    set(mmu, "cr0", CR0_ON | CR0_WP);
    return mmu;
}

START_TEST(tables_written_by_hand_translate)
{
    struct mmsim_mmu *mmu = two_pages(7, 5);
    struct mmsim_mmu_result result = user_write(mmu, 0x40000010, 0xCAFE);
    ck_assert(result.done);
    ck_assert_uint_eq(result.physical, 0x5010);
    ck_assert_uint_eq(load(mmu, 0x5010, 4), 0xCAFE);
    ck_assert_uint_eq(load(mmu, 0x1400, 4), 0x2027);
    ck_assert_uint_eq(load(mmu, 0x2000, 4), 0x5067);
    uint32_t value = 1;
    result = user_read(mmu, 0x40001010, &value);
    ck_assert(result.done);
    ck_assert_uint_eq(result.physical, 0x9010);
    ck_assert_uint_eq(value, 0);
    ck_assert_uint_eq(load(mmu, 0x2004, 4), 0x9025);
    assert_page_fault(user_write(mmu, 0x40001010, 1), 0x40001010, 7);
    ck_assert_uint_eq(get(mmu, "cr2"), 0x40001010);
    assert_page_fault(user_write(mmu, 0x40002000, 1), 0x40002000, 6);
    mmsim_mmu_destroy(mmu);
}
END_TEST

START_TEST(after_reset_paging_is_off_and_ram_is_zero)
{
    struct mmsim_mmu *mmu = build_default();
    uint32_t value = 1;
    struct mmsim_mmu_result result = user_read(mmu, 0x12345678 & 0x3FFFFFF, &value);
    ck_assert(result.done);
    ck_assert_uint_eq(value, 0);
    ck_assert_uint_eq(result.physical, 0x12345678 & 0x3FFFFFF);
    mmsim_mmu_destroy(mmu);
}
END_TEST

START_TEST(a_2_mib_page_above_4_gib_is_reached_under_pae)
{
    struct mmsim_mmu_config config;
    mmsim_mmu_config_init(&config);
    config.high_bytes = 64 * MMSIM_MIB;
    struct mmsim_mmu *mmu = build(&config);
    store(mmu, 0x1020 + 8, UINT64_C(0x100003001), 8); /* the directory is up there too */
    store(mmu, UINT64_C(0x100003000) + 8 * 3, UINT64_C(0x8000000101000087), 8);
    set(mmu, "cr3", 0x1020);
    set(mmu, "efer", 0x800);
    set(mmu, "cr4", CR4_PAE);
    set(mmu, "cr0", CR0_ON);
    ck_assert_uint_eq(get(mmu, "pdpte1"), UINT64_C(0x100003001));
    struct mmsim_mmu_result result = user_write(mmu, 0x40712344, 0xBEEF);
    ck_assert(result.done);
    ck_assert_uint_eq(result.physical, UINT64_C(0x101112344));
    ck_assert_uint_eq(load(mmu, UINT64_C(0x101112344), 4), 0xBEEF);
    ck_assert_uint_eq(load(mmu, UINT64_C(0x100003018), 8), UINT64_C(0x80000001010000E7));
    result = touch(mmu, 0x40712344, MMSIM_ACCESS_FETCH, MMSIM_PRIVILEGE_USER, NULL, 1);
    assert_page_fault(result, 0x40712344, 0x15);
    mmsim_mmu_destroy(mmu);
}
END_TEST

START_TEST(a_refused_register_value_is_a_general_protection_fault)
{
    struct mmsim_mmu *mmu = build_default();
    struct mmsim_mmu_result result = mmsim_mmu_write_register(mmu, "cr0", UINT64_C(0x80000000));
    ck_assert(!result.done);
    ck_assert_uint_eq(result.fault.vector, 13);
    ck_assert_uint_eq(result.fault.error, 0);
    uint64_t cr0 = get(mmu, "cr0");
    ck_assert_uint_eq(cr0 & UINT64_C(0x80000000), 0);
    ck_assert(!mmsim_mmu_write_register(mmu, "cr4", UINT64_C(1) << 31).done);
    ck_assert(!mmsim_mmu_write_register(mmu, "cr5", 0).done);
    ck_assert(!mmsim_mmu_read_register(mmu, "cr5", &cr0));
    mmsim_mmu_destroy(mmu);
}
END_TEST

START_TEST(a_straddling_access_is_whole_or_nothing)
{
    struct mmsim_mmu *mmu = two_pages(7, 5);
    assert_page_fault(user_write(mmu, 0x40000FFE, UINT32_MAX), 0x40001000, 7);
    ck_assert_uint_eq(load(mmu, 0x5FFE, 2), 0);
    store(mmu, 0x2004, 0x9007, 4);
    struct mmsim_mmu_result result = user_write(mmu, 0x40000FFE, 0x44332211);
    ck_assert(result.done);
    ck_assert_uint_eq(result.physical, 0x5FFE);
    ck_assert_uint_eq(load(mmu, 0x5FFE, 2), 0x2211);
    ck_assert_uint_eq(load(mmu, 0x9000, 2), 0x4433);
    mmsim_mmu_destroy(mmu);
}
END_TEST

START_TEST(an_access_without_data_translates_and_moves_nothing)
{
    struct mmsim_mmu *mmu = two_pages(7, 7);
    store(mmu, 0x5000, 0x1234, 4);
    struct mmsim_mmu_result result =
        touch(mmu, 0x40000000, MMSIM_ACCESS_WRITE, MMSIM_PRIVILEGE_USER, NULL, 8);
    ck_assert(result.done);
    ck_assert_uint_eq(load(mmu, 0x5000, 4), 0x1234);
    ck_assert_uint_eq(load(mmu, 0x2000, 4), 0x5067);
    mmsim_mmu_destroy(mmu);
}
END_TEST

START_TEST(a_translation_stays_until_it_is_invalidated)
{
    struct mmsim_mmu *mmu = two_pages(7, 7);
    uint32_t value;
    ck_assert(user_read(mmu, 0x40000000, &value).done);
    store(mmu, 0x2000, 0x7007, 4);
    ck_assert_uint_eq(user_read(mmu, 0x40000000, &value).physical, 0x5000);
    mmsim_mmu_invalidate(mmu, 0x40000ABC);
    ck_assert_uint_eq(user_read(mmu, 0x40000000, &value).physical, 0x7000);
    store(mmu, 0x2000, 0x8007, 4);
    set(mmu, "cr3", 0x1000);
    ck_assert_uint_eq(user_read(mmu, 0x40000000, &value).physical, 0x8000);
    struct mmsim_mmu_stats stats;
    mmsim_mmu_get_stats(mmu, &stats);
    ck_assert_uint_eq(stats.accesses, 4);
    ck_assert_uint_eq(stats.misses, 3);
    ck_assert_uint_eq(stats.invlpg, 1);
    mmsim_mmu_destroy(mmu);
}
END_TEST

START_TEST(a_global_page_outlives_cr3_but_not_a_change_of_pge)
{
    struct mmsim_mmu *mmu = two_pages(0x107, 7);
    uint32_t value;
    set(mmu, "cr4", CR4_PGE);
    ck_assert(user_read(mmu, 0x40000000, &value).done);
    store(mmu, 0x2000, 0x7107, 4);
    set(mmu, "cr3", 0x1000);
    ck_assert_uint_eq(user_read(mmu, 0x40000000, &value).physical, 0x5000);
    set(mmu, "cr4", 0);
    ck_assert_uint_eq(user_read(mmu, 0x40000000, &value).physical, 0x7000);
    mmsim_mmu_destroy(mmu);
}
END_TEST

START_TEST(a_key_is_obeyed_at_once_in_both_directions)
{
    struct mmsim_mmu *mmu = two_pages(7 | 3 << 9, 7);
    set(mmu, "cr4", CR4_PKE);
    ck_assert(user_write(mmu, 0x40000000, 1).done);
    set(mmu, "pkru", 2 << 6);
    assert_page_fault(user_write(mmu, 0x40000000, 1), 0x40000000, 0x27);
    uint32_t value;
    ck_assert(user_read(mmu, 0x40000000, &value).done);
    set(mmu, "pkru", 1 << 6);
    assert_page_fault(user_read(mmu, 0x40000000, &value), 0x40000000, 0x25);
    set(mmu, "pkru", 0);
    ck_assert(user_write(mmu, 0x40000000, 1).done);
    mmsim_mmu_destroy(mmu);
}
END_TEST

START_TEST(an_explanation_changes_nothing_and_tells_what_the_tlb_holds)
{
    struct mmsim_mmu *mmu = two_pages(7, 7);
    struct mmsim_request request = {0x40000004, MMSIM_ACCESS_WRITE, MMSIM_PRIVILEGE_USER};
    struct mmsim_walk walk = {0};
    mmsim_mmu_explain(mmu, &request, &walk);
    ck_assert(walk.allowed && !walk.tlb.hit && !walk.dirty);
    ck_assert_uint_eq(walk.physical, 0x5004);
    ck_assert_uint_eq(load(mmu, 0x2000, 4), 0x5007);
    uint32_t value;
    ck_assert(user_read(mmu, 0x40000000, &value).done);
    store(mmu, 0x2000, 0x7007, 4);
    mmsim_mmu_explain(mmu, &request, &walk);
    ck_assert(walk.tlb.hit && walk.tlb.stale);
    ck_assert_uint_eq(walk.physical, 0x7004);
    ck_assert_uint_eq(walk.tlb.held.base, 0x5000);
    mmsim_mmu_destroy(mmu);
}
END_TEST

START_TEST(where_there_is_no_ram_all_bits_read_as_ones)
{
    struct mmsim_mmu *mmu = build_default();
    store(mmu, 64 * MMSIM_MIB - 4, UINT64_MAX / 3, 8);
    ck_assert_uint_eq(load(mmu, 64 * MMSIM_MIB - 4, 8), UINT64_C(0xFFFFFFFF55555555));
    ck_assert_uint_eq(load(mmu, 4 * MMSIM_GIB, 8), UINT64_MAX);
    mmsim_mmu_destroy(mmu);
}
END_TEST

/* ---- configurations ---- */

static void assert_refused(const struct mmsim_mmu_config *config, const char *where)
{
    struct mmsim_mmu *mmu = NULL;
    struct mmsim_error error = {0};
    ck_assert_msg(mmsim_mmu_create(config, &mmu, &error) == MMSIM_BAD_CONFIG, "%s", where);
    ck_assert_str_eq(error.where, where);
    ck_assert_uint_gt(strlen(error.text), 0);
    ck_assert_ptr_null(mmu);
}

START_TEST(bad_names_are_refused_with_the_field)
{
    struct mmsim_mmu_config config;
    mmsim_mmu_config_init(&config);
    config.model = "mips";
    assert_refused(&config, "model");
    mmsim_mmu_config_init(&config);
    config.cpu = "pentium-33";
    assert_refused(&config, "cpu");
    mmsim_mmu_config_init(&config);
    static const char *const bad[] = {"warp", "pse,warp", "ps", "psee", "pse pge", "pse,,pge"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        config.features = bad[i];
        assert_refused(&config, "features");
    }
}
END_TEST

START_TEST(bad_sizes_are_refused_with_the_field)
{
    struct mmsim_mmu_config config;
    static const unsigned widths[] = {1, 31, 41, 64, 256 + 36};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        mmsim_mmu_config_init(&config);
        config.physical_bits = widths[i];
        assert_refused(&config, "physical_bits");
    }
    static const uint64_t lows[] = {0, 4095, 4097, 3 * MMSIM_GIB + 4096, UINT64_MAX - 4095};
    for (size_t i = 0; i < sizeof lows / sizeof lows[0]; i++) {
        mmsim_mmu_config_init(&config);
        config.low_bytes = lows[i];
        assert_refused(&config, "low_bytes");
    }
    static const uint64_t highs[] = {1, 4097, UINT64_MAX - 4095};
    for (size_t i = 0; i < sizeof highs / sizeof highs[0]; i++) {
        mmsim_mmu_config_init(&config);
        config.high_bytes = highs[i];
        assert_refused(&config, "high_bytes");
    }
}
END_TEST

START_TEST(every_width_and_the_largest_low_ram_are_accepted)
{
    for (unsigned bits = 32; bits <= 40; bits++) {
        struct mmsim_mmu_config config;
        mmsim_mmu_config_init(&config);
        config.physical_bits = bits;
        config.low_bytes = bits % 2 ? 4096 : 3 * MMSIM_GIB;
        mmsim_mmu_destroy(build(&config));
    }
    mmsim_mmu_destroy(NULL);
}
END_TEST

/* The features of the list, and no others. */
static bool takes_cr4(const char *features, uint64_t value)
{
    struct mmsim_mmu_config config;
    mmsim_mmu_config_init(&config);
    config.features = features;
    struct mmsim_mmu *mmu = build(&config);
    bool done = mmsim_mmu_write_register(mmu, "cr4", value).done;
    mmsim_mmu_destroy(mmu);
    return done;
}

START_TEST(a_list_of_features_replaces_those_of_the_preset)
{
    ck_assert(takes_cr4("cr4,pse", CR4_PSE));
    ck_assert(!takes_cr4("cr4,pse", CR4_PAE));
    ck_assert(takes_cr4("pae,cr4", CR4_PAE));
    ck_assert(!takes_cr4("", CR4_PSE));
    ck_assert(!takes_cr4("cr4", CR4_PSE));
    char all[256] = "";
    for (size_t i = 0; mmsim_feature_name("x86_32", i); i++) {
        if (i > 0)
            strcat(all, ",");
        strcat(all, mmsim_feature_name("x86_32", i));
    }
    ck_assert(takes_cr4(all, CR4_PSE | CR4_PAE | CR4_PGE | CR4_PKE));
    ck_assert_ptr_null(mmsim_feature_name("mips", 0));
    ck_assert_ptr_null(mmsim_feature_name("x86_32", 100));
}
END_TEST

START_TEST(each_failing_host_allocation_is_survived_without_a_leak)
{
    for (uint64_t n = 1;; n++) {
        struct fail_nth fail;
        fail_nth_init(&fail, n, 1);
        struct mmsim_mmu_config config;
        mmsim_mmu_config_init(&config);
        config.allocator = &fail.allocator;
        struct mmsim_mmu *mmu = NULL;
        struct mmsim_error error = {0};
        enum mmsim_status status = mmsim_mmu_create(&config, &mmu, &error);
        bool failed = fail.n_requests >= n;
        ck_assert_int_eq(status, failed ? MMSIM_HOST_MEMORY : MMSIM_OK);
        ck_assert_int_eq(mmu == NULL, failed);
        mmsim_mmu_destroy(mmu);
        const char *wrong = fail_nth_check(&fail);
        ck_assert_msg(!wrong, "allocation %llu: %s", (unsigned long long)n, wrong);
        if (!failed) {
            ck_assert_uint_gt(n, 2);
            break;
        }
    }
}
END_TEST

Suite *test_mmu_alone_suite(void);
Suite *test_mmu_alone_suite(void)
{
    Suite *suite = suite_create("mmu alone");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, tables_written_by_hand_translate);
    tcase_add_test(tests, after_reset_paging_is_off_and_ram_is_zero);
    tcase_add_test(tests, a_2_mib_page_above_4_gib_is_reached_under_pae);
    tcase_add_test(tests, a_refused_register_value_is_a_general_protection_fault);
    tcase_add_test(tests, a_straddling_access_is_whole_or_nothing);
    tcase_add_test(tests, an_access_without_data_translates_and_moves_nothing);
    tcase_add_test(tests, a_translation_stays_until_it_is_invalidated);
    tcase_add_test(tests, a_global_page_outlives_cr3_but_not_a_change_of_pge);
    tcase_add_test(tests, a_key_is_obeyed_at_once_in_both_directions);
    tcase_add_test(tests, an_explanation_changes_nothing_and_tells_what_the_tlb_holds);
    tcase_add_test(tests, where_there_is_no_ram_all_bits_read_as_ones);
    tcase_add_test(tests, bad_names_are_refused_with_the_field);
    tcase_add_test(tests, bad_sizes_are_refused_with_the_field);
    tcase_add_test(tests, every_width_and_the_largest_low_ram_are_accepted);
    tcase_add_test(tests, a_list_of_features_replaces_those_of_the_preset);
    tcase_add_test(tests, each_failing_host_allocation_is_survived_without_a_leak);
    suite_add_tcase(suite, tests);
    return suite;
}
