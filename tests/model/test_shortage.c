/*
 * test_shortage.c - a machine that has no frame left: what is refused has changed nothing.
 *
 * One process, the hog, takes all frames but a given number. Then calls that need memory of the
 * kernel are made until they are refused.
 */
#include <check.h>
#include <mmsim/mmsim.h>

#define START UINT64_C(0x70000000)
#define N_PAGES 2048u
#define ALL_RIGHTS (MMSIM_PROT_READ | MMSIM_PROT_WRITE)

struct shortage {
    struct mmsim_machine *machine;
    struct mmsim_process *hog;
    uint64_t n_written; /* pages */
    struct mmsim_stats before;
};

static uint64_t page_address(uint64_t page)
{
    return START + page * MMSIM_PAGE_SIZE;
}

static uint64_t n_free(const struct shortage *shortage)
{
    struct mmsim_stats stats;
    mmsim_machine_stats(shortage->machine, &stats);
    return stats.memory.free;
}

static enum mmsim_errno map_fixed(struct mmsim_process *process, uint64_t page, uint64_t n_pages,
                                  unsigned prot)
{
    struct mmsim_mapping want = {.address = page_address(page),
                                 .length = n_pages * MMSIM_PAGE_SIZE,
                                 .prot = prot,
                                 .flags =
                                     MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS | MMSIM_MAP_FIXED};
    mmsim_vaddr address = 0;
    return mmsim_mmap(process, &want, &address);
}

static enum mmsim_errno unmap(struct mmsim_process *process, uint64_t page, uint64_t n_pages)
{
    return mmsim_munmap(process, page_address(page), n_pages * MMSIM_PAGE_SIZE);
}

static enum mmsim_errno protect(struct mmsim_process *process, uint64_t page, unsigned prot)
{
    return mmsim_mprotect(process, page_address(page), MMSIM_PAGE_SIZE, prot);
}

static unsigned prot_at(const struct mmsim_process *process, uint64_t page)
{
    struct mmsim_vma_info info;
    bool mapped =
        mmsim_vma_find(process, page_address(page), &info) && info.start <= page_address(page);
    return mapped ? info.prot : UINT32_MAX;
}

static struct shortage begin(uint64_t n_left)
{
    struct shortage shortage = {0};
    struct mmsim_config config;
    mmsim_config_init(&config);
    config.ram_bytes = 2 * MMSIM_MIB;
    struct mmsim_error error = {0};
    ck_assert_int_eq(mmsim_machine_create(&config, &shortage.machine, &error), MMSIM_OK);
    mmsim_machine_stats(shortage.machine, &shortage.before);
    ck_assert_int_eq(mmsim_spawn(shortage.machine, "hog", &shortage.hog, &error), MMSIM_OK);
    ck_assert_int_eq(map_fixed(shortage.hog, 0, N_PAGES, ALL_RIGHTS), MMSIM_SUCCESS);
    while (n_free(&shortage) > n_left) {
        struct mmsim_access access =
            mmsim_write(shortage.hog, page_address(shortage.n_written++), "x", 1);
        ck_assert_int_eq(access.outcome, MMSIM_DONE);
    }
    return shortage;
}

static void expect_sound(const struct shortage *shortage)
{
    struct mmsim_error error = {0};
    ck_assert_msg(mmsim_machine_check(shortage->machine, &error) == MMSIM_OK, "%s", error.text);
}

/* Frames that magazines of the kernel's caches may take for good. */
enum { MAGAZINE_FRAMES = 4 };

/* Everybody leaves; every frame and every object of the kernel is back. */
static void end(struct shortage *shortage)
{
    if (mmsim_process_alive(shortage->hog))
        ck_assert_int_eq(mmsim_exit(shortage->hog, 0), MMSIM_SUCCESS);
    struct mmsim_gc_result garbage;
    mmsim_gc(shortage->machine, &garbage);
    ck_assert_uint_eq(garbage.n_orphans, 0);
    expect_sound(shortage);
    struct mmsim_stats before = shortage->before, after;
    mmsim_machine_stats(shortage->machine, &after);
    ck_assert_uint_eq(after.memory.user, 0);
    ck_assert_uint_eq(after.memory.page_tables, before.memory.page_tables);
    ck_assert_uint_le(after.memory.kernel, before.memory.kernel + MAGAZINE_FRAMES);
    ck_assert_uint_eq(after.memory.free + after.memory.kernel,
                      before.memory.free + before.memory.kernel);
    ck_assert_uint_eq(after.heap.objects, shortage->before.heap.objects);
    mmsim_machine_destroy(shortage->machine);
}

START_TEST(refused_fork_sets_no_frame_aside)
{
    for (uint64_t n_left = 0; n_left < 2; n_left++) { /* it takes a directory and a table */
        struct shortage shortage = begin(n_left);
        struct mmsim_process *child = NULL;
        ck_assert_int_eq(mmsim_fork(shortage.hog, "child", &child), MMSIM_ENOMEM);
        ck_assert_uint_eq(n_free(&shortage), n_left);
        ck_assert_ptr_null(mmsim_process_find(shortage.machine, "child"));
        expect_sound(&shortage);
        end(&shortage);
    }
}
END_TEST

START_TEST(refused_spawn_sets_no_frame_aside)
{
    for (uint64_t n_left = 0; n_left < 2; n_left++) {
        struct shortage shortage = begin(n_left);
        struct mmsim_process *other = NULL;
        struct mmsim_error error = {0};
        enum mmsim_status status = mmsim_spawn(shortage.machine, "other", &other, &error);
        if (status == MMSIM_OK) {
            ck_assert_int_eq(mmsim_exit(other, 0), MMSIM_SUCCESS);
        } else {
            ck_assert_int_eq(status, MMSIM_GUEST_MEMORY);
            ck_assert_ptr_null(mmsim_process_find(shortage.machine, "other"));
        }
        ck_assert_uint_eq(n_free(&shortage), n_left);
        end(&shortage);
    }
}
END_TEST

/* Pages from the top become mappings of their own until the kernel has no room for one more. */
static unsigned split_until_refused(struct mmsim_process *hog)
{
    unsigned n = 1;
    while (n < N_PAGES &&
           protect(hog, N_PAGES - n, n % 2 ? MMSIM_PROT_READ : MMSIM_PROT_NONE) == MMSIM_SUCCESS)
        n++;
    return n;
}

START_TEST(calls_refused_for_want_of_memory_change_nothing)
{
    struct shortage shortage = begin(0);
    struct mmsim_process *hog = shortage.hog;
    unsigned n_split = split_until_refused(hog);
    ck_assert_uint_lt(n_split, N_PAGES / 2);
    uint64_t inside = (N_PAGES - n_split) / 2;
    ck_assert_int_eq(protect(hog, inside, MMSIM_PROT_READ), MMSIM_ENOMEM);
    ck_assert_uint_eq(prot_at(hog, inside), ALL_RIGHTS);
    ck_assert_int_eq(unmap(hog, inside, 1), MMSIM_ENOMEM);
    ck_assert_uint_eq(prot_at(hog, inside), ALL_RIGHTS);
    ck_assert_int_eq(map_fixed(hog, inside, 1, MMSIM_PROT_READ), MMSIM_ENOMEM);
    ck_assert_uint_eq(prot_at(hog, inside), ALL_RIGHTS);
    expect_sound(&shortage);
    end(&shortage);
}
END_TEST

START_TEST(call_that_needs_no_memory_works_in_a_full_machine_and_makes_room)
{
    struct shortage shortage = begin(0);
    struct mmsim_process *hog = shortage.hog;
    unsigned n_split = split_until_refused(hog);
    uint64_t inside = (N_PAGES - n_split) / 2;
    ck_assert_int_eq(unmap(hog, 0, shortage.n_written), MMSIM_SUCCESS);
    ck_assert_uint_ge(n_free(&shortage), shortage.n_written);
    ck_assert_int_eq(unmap(hog, inside, 1), MMSIM_SUCCESS);
    ck_assert_uint_eq(prot_at(hog, inside), UINT32_MAX);
    expect_sound(&shortage);
    end(&shortage);
}
END_TEST

/* The hog is the only one who can give memory back: it dies of its own store, and says why. */
START_TEST(store_without_a_free_frame_ends_with_sigkill_from_the_kernel)
{
    struct shortage shortage = begin(0);
    mmsim_process_on_signal(shortage.hog, MMSIM_ON_SIGNAL_SURVIVE);
    struct mmsim_access access =
        mmsim_write(shortage.hog, page_address(shortage.n_written), "x", 1);
    ck_assert_int_eq(access.outcome, MMSIM_SIGNAL);
    ck_assert_int_eq(access.signal, MMSIM_SIGKILL);
    ck_assert_int_eq(access.code, MMSIM_SI_KERNEL);
    ck_assert_uint_eq(access.done, 0);
    ck_assert(!mmsim_process_alive(shortage.hog));
    end(&shortage);
}
END_TEST

Suite *test_shortage_suite(void);
Suite *test_shortage_suite(void)
{
    Suite *suite = suite_create("a machine without a free frame");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, refused_fork_sets_no_frame_aside);
    tcase_add_test(tests, refused_spawn_sets_no_frame_aside);
    tcase_add_test(tests, calls_refused_for_want_of_memory_change_nothing);
    tcase_add_test(tests, call_that_needs_no_memory_works_in_a_full_machine_and_makes_room);
    tcase_add_test(tests, store_without_a_free_frame_ends_with_sigkill_from_the_kernel);
    suite_add_tcase(suite, tests);
    return suite;
}
