/* test_kernel_heap.c - the public kmalloc and its relatives, from outside. */
#include "base/rng.h"
#include "fail_nth.h"
#include "heap_kit.h"

static const uint64_t sizes[] = {0,    1,    15,   16,    17,    100,   128,    200,
                                 512,  513,  1000, 2048,  4095,  4096,  4097,   6544,
                                 6545, 8192, 9000, 16384, 20000, 65536, 100000, 300000};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

/* ---- memory ---- */

START_TEST(objects_of_every_size_hold_their_bytes_at_aligned_addresses)
{
    struct mmsim_machine *machine = heap_machine();
    mmsim_vaddr at[N_SIZES];
    for (size_t i = 0; i < N_SIZES; i++) {
        at[i] = mmsim_kmalloc(machine, sizes[i], 0, MMSIM_HERE);
        ck_assert_uint_ne(at[i], 0);
        ck_assert_uint_eq(at[i] % 16, 0);
        ck_assert_uint_ge(mmsim_ksize(machine, at[i]), sizes[i] > 0 ? sizes[i] : 1);
        heap_fill(machine, at[i], sizes[i], i);
    }
    for (size_t i = 0; i < N_SIZES; i++)
        ck_assert(heap_holds(machine, at[i], sizes[i], i));
    kit_check(machine);
    for (size_t i = 0; i < N_SIZES; i++)
        ck_assert_int_eq(mmsim_kfree(machine, at[i], MMSIM_HERE), MMSIM_SUCCESS);
    ck_assert_uint_eq(mmsim_heap_n_mistakes(machine), 0);
    kit_end(machine);
}
END_TEST

START_TEST(zeroed_memory_is_zero_also_when_it_was_used_before)
{
    struct mmsim_machine *machine = heap_machine();
    for (size_t i = 0; i < N_SIZES; i++) {
        mmsim_vaddr used = mmsim_kmalloc(machine, sizes[i], 0, NULL);
        heap_fill(machine, used, sizes[i], 1);
        mmsim_kfree(machine, used, NULL);
        mmsim_vaddr zeros = mmsim_kmalloc(machine, sizes[i], MMSIM_ALLOC_ZERO, NULL);
        const uint8_t *bytes = mmsim_kernel_bytes(machine, zeros, sizes[i]);
        ck_assert_ptr_nonnull(bytes);
        ck_assert(sizes[i] == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, sizes[i] - 1) == 0));
        mmsim_kfree(machine, zeros, NULL);
    }
    kit_end(machine);
}
END_TEST

START_TEST(aligned_objects_are_aligned_and_bad_alignments_are_refused)
{
    struct mmsim_machine *machine = heap_machine();
    for (uint64_t alignment = 1; alignment <= 4 * MMSIM_MIB; alignment *= 2) {
        mmsim_vaddr at[3];
        for (size_t i = 0; i < 3; i++) {
            uint64_t n_bytes = i == 0 ? 24 : i == 1 ? alignment : 5000;
            at[i] = mmsim_kmemalign(machine, alignment, n_bytes, 0, NULL);
            if (n_bytes > MMSIM_MIB)
                continue; /* two of them do not fit beside what is there */
            ck_assert_uint_ne(at[i], 0);
            ck_assert_uint_eq(at[i] % alignment, 0);
            ck_assert_uint_ge(mmsim_ksize(machine, at[i]), n_bytes);
        }
        for (size_t i = 0; i < 3; i++)
            ck_assert_int_eq(mmsim_kfree(machine, at[i], NULL), MMSIM_SUCCESS);
    }
    static const uint64_t bad[] = {0, 3, 48, 8 * MMSIM_MIB, UINT64_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_uint_eq(mmsim_kmemalign(machine, bad[i], 100, 0, NULL), 0);
    kit_end(machine);
}
END_TEST

START_TEST(resized_objects_keep_their_bytes)
{
    struct mmsim_machine *machine = heap_machine();
    mmsim_vaddr at = mmsim_krealloc(machine, 0, sizes[1], NULL);
    uint64_t n_before = sizes[1];
    heap_fill(machine, at, n_before, 9);
    for (size_t round = 0; round < 3 * N_SIZES; round++) {
        uint64_t n_bytes = sizes[1 + round * 7 % (N_SIZES - 1)];
        at = mmsim_krealloc(machine, at, n_bytes, NULL);
        ck_assert_uint_ne(at, 0);
        ck_assert(heap_holds(machine, at, n_bytes < n_before ? n_bytes : n_before, 9));
        heap_fill(machine, at, n_bytes, 9);
        n_before = n_bytes;
    }
    uint64_t n_objects = kit_stats(machine).heap.objects;
    ck_assert_uint_eq(mmsim_krealloc(machine, at, 0, NULL), 0);
    ck_assert_uint_eq(kit_stats(machine).heap.objects, n_objects - 1);
    ck_assert_uint_eq(mmsim_heap_n_mistakes(machine), 0);
    kit_end(machine);
}
END_TEST

START_TEST(an_object_that_cannot_grow_stays_as_it_was)
{
    struct mmsim_machine *machine = heap_machine();
    mmsim_vaddr at = mmsim_kmalloc(machine, 3000, 0, NULL);
    heap_fill(machine, at, 3000, 4);
    ck_assert_uint_eq(mmsim_krealloc(machine, at, 64 * MMSIM_MIB, NULL), 0);
    ck_assert_uint_eq(mmsim_krealloc(machine, at, UINT64_MAX, NULL), 0);
    ck_assert(heap_holds(machine, at, 3000, 4));
    ck_assert_int_eq(mmsim_kfree_sized(machine, at, 3000, NULL), MMSIM_SUCCESS);
    kit_end(machine);
}
END_TEST

START_TEST(kernel_bytes_are_those_that_the_mmu_sees)
{
    struct mmsim_machine *machine = heap_machine();
    mmsim_vaddr at = mmsim_kmalloc(machine, 10000, 0, NULL);
    uint8_t *bytes = mmsim_kernel_bytes(machine, at, 10000);
    ck_assert_ptr_nonnull(bytes);
    for (unsigned i = 0; i < 10000; i++)
        bytes[i] = heap_byte(2, i);
    ck_assert(heap_holds(machine, at, 10000, 2));
    ck_assert_ptr_null(mmsim_kernel_bytes(machine, at, 64 * MMSIM_MIB));
    ck_assert_ptr_null(mmsim_kernel_bytes(machine, at, UINT64_MAX));
    kit_end(machine);
}
END_TEST

/* ---- mistakes ---- */

START_TEST(garbage_is_refused_reported_and_changes_nothing)
{
    struct mmsim_machine *machine = heap_machine();
    struct heap_mistakes seen = {0};
    mmsim_heap_listen(machine, heap_on_mistake, &seen);
    uint64_t n_objects = kit_stats(machine).heap.objects;
    for (size_t i = 0; i < HEAP_N_GARBAGE; i++) {
        mmsim_vaddr at = heap_garbage[i];
        ck_assert_int_eq(mmsim_kfree(machine, at, "here"), MMSIM_EINVAL);
        ck_assert_uint_eq(seen.n, 3 * i + 1);
        ck_assert_uint_eq(seen.last.address, at);
        ck_assert_str_eq(seen.last.now.site, "here");
        ck_assert_int_eq(mmsim_kfree_sized(machine, at, 64, NULL), MMSIM_EINVAL);
        ck_assert_uint_eq(mmsim_krealloc(machine, at, 64, NULL), 0);
        ck_assert_uint_eq(mmsim_ksize(machine, at), 0);
        ck_assert_ptr_null(mmsim_kernel_bytes(machine, at, UINT64_MAX));
        ck_assert_int_eq(mmsim_leak_mark(machine, at, MMSIM_LEAK_NOT_LEAK), MMSIM_EINVAL);
    }
    ck_assert_uint_eq(mmsim_heap_n_mistakes(machine), seen.n);
    ck_assert_uint_eq(kit_stats(machine).heap.objects, n_objects);
    kit_end(machine);
}
END_TEST

START_TEST(null_may_be_freed)
{
    struct mmsim_machine *machine = heap_machine();
    ck_assert_int_eq(mmsim_kfree(machine, 0, NULL), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_kfree_sized(machine, 0, 10, NULL), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_vfree(machine, 0, NULL), MMSIM_SUCCESS);
    ck_assert_uint_eq(mmsim_ksize(machine, 0), 0);
    ck_assert_uint_eq(mmsim_heap_n_mistakes(machine), 0);
    kit_end(machine);
}
END_TEST

/* Everything that could be an address in RAM: the kernel's own objects survive it too. */
START_TEST(freeing_every_address_frees_only_what_was_allocated)
{
    struct mmsim_machine *machine = heap_machine();
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr page = kit_map(process, 3);
    kit_write(process, page, 77);
    uint64_t n_objects = kit_stats(machine).heap.objects;
    enum { N = 50 };
    for (unsigned i = 0; i < N; i++)
        ck_assert_uint_ne(mmsim_kmalloc(machine, 40 * i, 0, NULL), 0);
    unsigned n_freed = 0;
    for (mmsim_vaddr at = 16; at < 16 * MMSIM_MIB; at += 16)
        n_freed += mmsim_kfree(machine, at, NULL) == MMSIM_SUCCESS;
    ck_assert_uint_eq(n_freed, N);
    ck_assert_uint_eq(kit_stats(machine).heap.objects, n_objects);
    ck_assert_uint_eq(kit_read(process, page), 77);
    kit_end(machine);
}
END_TEST

START_TEST(an_object_is_freed_once)
{
    struct mmsim_machine *machine = heap_machine();
    struct heap_mistakes seen = {0};
    mmsim_heap_listen(machine, heap_on_mistake, &seen);
    for (size_t i = 0; i < N_SIZES; i++) {
        mmsim_vaddr at = mmsim_kmalloc(machine, sizes[i], 0, "made");
        ck_assert_int_eq(mmsim_kfree(machine, at + 16, "inside"), MMSIM_EINVAL);
        ck_assert_int_eq(mmsim_kfree(machine, at, "first"), MMSIM_SUCCESS);
        ck_assert_int_eq(mmsim_kfree(machine, at, "second"), MMSIM_EINVAL);
        ck_assert_uint_eq(seen.n, 2 * (i + 1));
        ck_assert_str_eq(seen.last.now.site, "second");
        ck_assert_uint_eq(seen.last.address, at);
        if (sizes[i] <= 8192) /* the pages of a larger one are nobody's now */
            ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_DOUBLE_FREE);
    }
    kit_end(machine);
}
END_TEST

START_TEST(a_wrong_size_is_no_free)
{
    struct mmsim_machine *machine = heap_machine();
    struct heap_mistakes seen = {0};
    mmsim_heap_listen(machine, heap_on_mistake, &seen);
    mmsim_vaddr at = mmsim_kmalloc(machine, 100, 0, NULL);
    ck_assert_int_eq(mmsim_kfree_sized(machine, at, 1000, NULL), MMSIM_EINVAL);
    ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_WRONG_SIZE);
    ck_assert_uint_eq(seen.last.given_bytes, 1000);
    ck_assert_uint_ge(mmsim_ksize(machine, at), 100);
    ck_assert_int_eq(mmsim_kfree_sized(machine, at, 100, NULL), MMSIM_SUCCESS);
    mmsim_heap_listen(machine, NULL, NULL);
    mmsim_kfree(machine, at, NULL);
    ck_assert_uint_eq(seen.n, 1);
    ck_assert_uint_eq(mmsim_heap_n_mistakes(machine), 2);
    kit_end(machine);
}
END_TEST

/* ---- the end of memory ---- */

static uint64_t take_all(struct mmsim_machine *machine, uint64_t n_bytes, mmsim_vaddr *last)
{
    uint64_t n = 0;
    *last = 0;
    for (mmsim_vaddr at; (at = mmsim_kmalloc(machine, n_bytes, 0, NULL)) != 0; n++) {
        uint8_t *link = mmsim_kernel_bytes(machine, at, 16);
        memcpy(link + 8, last, sizeof *last); /* a list through the objects themselves */
        *last = at;
    }
    return n;
}

static uint64_t give_all_back(struct mmsim_machine *machine, mmsim_vaddr last)
{
    uint64_t n = 0;
    while (last) {
        mmsim_vaddr at = last;
        memcpy(&last, (uint8_t *)mmsim_kernel_bytes(machine, at, 16) + 8, sizeof last);
        n += mmsim_kfree(machine, at, NULL) == MMSIM_SUCCESS;
    }
    return n;
}

START_TEST(memory_ends_and_comes_back_whole)
{
    static const uint64_t each[] = {16, 64, 100, 1000, 5000, 4096, 40000, 1000000};
    struct mmsim_config config = heap_config();
    config.ram_bytes = 3 * MMSIM_MIB;
    struct mmsim_machine *machine = kit_build(&config);
    uint64_t n_first = 0;
    for (size_t i = 0; i < 2 * sizeof each / sizeof each[0]; i++) {
        uint64_t n_bytes = each[i % (sizeof each / sizeof each[0])];
        mmsim_vaddr last;
        uint64_t n = take_all(machine, n_bytes, &last);
        ck_assert_uint_gt(n, 0);
        kit_check(machine);
        ck_assert_uint_eq(give_all_back(machine, last), n);
        kit_check(machine);
        if (n_bytes == each[0]) {
            /* magazines that were made in between take a few frames for good */
            ck_assert_uint_ge(n + 16 * 256, n_first);
            n_first = n;
        }
    }
    kit_end(machine);
}
END_TEST

static uint64_t free_after_huge_requests(struct mmsim_machine *machine)
{
    static const uint64_t huge[] = {16 * MMSIM_MIB, MMSIM_GIB, UINT64_MAX - 4096, UINT64_MAX};
    for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
        ck_assert_uint_eq(mmsim_kmalloc(machine, huge[i], MMSIM_ALLOC_ZERO, NULL), 0);
        ck_assert_uint_eq(mmsim_kmemalign(machine, 4096, huge[i], 0, NULL), 0);
        ck_assert_uint_eq(mmsim_vmalloc(machine, huge[i], NULL), 0);
    }
    struct mmsim_gc_result garbage;
    mmsim_gc(machine, &garbage);
    ck_assert_uint_eq(garbage.n_orphans, 0);
    return kit_stats(machine).memory.free;
}

START_TEST(requests_beyond_memory_fail_and_keep_nothing)
{
    struct mmsim_machine *machine = heap_machine();
    uint64_t at_first = kit_stats(machine).memory.free;
    uint64_t free_frames = free_after_huge_requests(machine);
    ck_assert_uint_ge(free_frames + 2, at_first); /* a magazine was made */
    ck_assert_uint_eq(free_after_huge_requests(machine), free_frames);
    kit_end(machine);
}
END_TEST

/* ---- against a model ---- */

enum { N_SLOTS = 200 };

struct model {
    struct mmsim_machine *machine;
    struct {
        mmsim_vaddr address;
        uint64_t n_bytes, seed;
    } slots[N_SLOTS];
    uint64_t n_steps;
};

static uint64_t some_size(struct mm_rng *rng)
{
    switch (mm_rng_below(rng, 8)) {
    case 0:
        return mm_rng_below(rng, 30000);
    case 1:
        return mm_rng_below(rng, 7000);
    default:
        return mm_rng_below(rng, 500);
    }
}

static void assert_apart(const struct model *model, size_t which)
{
    mmsim_vaddr start = model->slots[which].address, end = start + model->slots[which].n_bytes;
    bool apart = true;
    for (size_t i = 0; i < N_SLOTS; i++) {
        mmsim_vaddr other = model->slots[i].address;
        if (i != which && other)
            apart &= end <= other || start >= other + model->slots[i].n_bytes;
    }
    ck_assert(apart);
}

static void model_step(struct model *model, struct mm_rng *rng)
{
    struct mmsim_machine *machine = model->machine;
    size_t which = mm_rng_below(rng, N_SLOTS);
    mmsim_vaddr before = model->slots[which].address;
    uint64_t n_before = model->slots[which].n_bytes, n_bytes = some_size(rng);
    uint64_t seed = model->n_steps++;
    if (before)
        ck_assert(heap_holds(machine, before, n_before, model->slots[which].seed));
    if (before && mm_rng_below(rng, 3) > 0) {
        ck_assert_int_eq(mmsim_kfree_sized(machine, before, n_before, NULL), MMSIM_SUCCESS);
        model->slots[which].address = 0;
        return;
    }
    mmsim_vaddr at = before ? mmsim_krealloc(machine, before, n_bytes, NULL)
                            : mmsim_kmalloc(machine, n_bytes, 0, NULL);
    if (before && at)
        ck_assert(heap_holds(machine, at, n_bytes < n_before ? n_bytes : n_before,
                             model->slots[which].seed));
    if (before && !at && n_bytes > 0)
        return; /* no memory: the old one is as it was */
    model->slots[which].address = at;
    model->slots[which].n_bytes = n_bytes;
    model->slots[which].seed = seed;
    if (at) {
        assert_apart(model, which);
        heap_fill(machine, at, n_bytes, seed);
    }
}

static const char *const check_sets[] = {"-", "Z",    "P",  "U", "ZPU",
                                         "Q", "ZPUQ", "HR", "G", "ZPUQHR"};
enum { N_CHECK_SETS = sizeof check_sets / sizeof check_sets[0] };

START_TEST(random_calls_agree_with_a_model_under_all_checks)
{
    struct model model = {.machine = heap_machine()};
    struct mm_rng rng;
    mm_rng_seed(&rng, (uint64_t)_i + 1);
    for (unsigned round = 0; round < 10; round++) {
        unsigned checks;
        size_t wrong;
        ck_assert(mmsim_heap_checks_parse(check_sets[(round + (unsigned)_i) % N_CHECK_SETS],
                                          &checks, &wrong));
        ck_assert_int_eq(mmsim_heap_set_checks(model.machine, "kmalloc", checks, NULL), MMSIM_OK);
        for (unsigned i = 0; i < 250; i++)
            model_step(&model, &rng);
        ck_assert_uint_eq(mmsim_heap_verify(model.machine), 0);
        kit_check(model.machine);
    }
    ck_assert_uint_eq(mmsim_heap_n_mistakes(model.machine), 0);
    kit_end(model.machine);
}
END_TEST

/* ---- machines beside each other, and without host memory ---- */

static mmsim_vaddr nth_address(struct mmsim_machine *machine, struct mm_rng *rng)
{
    mmsim_vaddr at = mmsim_kmalloc(machine, some_size(rng), 0, NULL);
    if (mm_rng_below(rng, 2))
        mmsim_kfree(machine, at, NULL);
    return at;
}

START_TEST(the_same_calls_give_the_same_addresses_in_two_machines_at_once)
{
    struct mmsim_config config = heap_config();
    config.heap_checks = _i ? MMSIM_HEAP_SHUFFLE | MMSIM_HEAP_QUARANTINE : 0;
    struct mmsim_machine *one = kit_build(&config), *two = kit_build(&config);
    struct mm_rng rng_one, rng_two;
    mm_rng_seed(&rng_one, 5);
    mm_rng_seed(&rng_two, 5);
    for (unsigned i = 0; i < 2000; i++)
        ck_assert_uint_eq(nth_address(one, &rng_one), nth_address(two, &rng_two));
    ck_assert_uint_eq(mmsim_machine_cycles(one), mmsim_machine_cycles(two));
    kit_end(one);
    kit_end(two);
}
END_TEST

static const struct mmsim_cache_setup some_cache = {.name = "thing",
                                                    .object_bytes = 200,
                                                    .pointer_offsets = (const uint32_t[]){0, 8},
                                                    .n_pointer_offsets = 2};

/* Uses everything that needs host memory; what fails, fails. */
static void use_everything(struct mmsim_machine *machine)
{
    struct mmsim_cache *cache = NULL;
    struct mmsim_pool *pool = NULL;
    struct mmsim_scope *scope = NULL;
    struct mmsim_leak_result leaks;
    if (mmsim_cache_create(machine, &some_cache, &cache, NULL) == MMSIM_OK)
        mmsim_cache_alloc(cache, 0, "cache");
    if (mmsim_pool_create(machine, "bio", 64, 4, &pool, NULL) == MMSIM_OK)
        mmsim_pool_alloc(pool, 0, "pool");
    if (mmsim_scope_begin(machine, "scope", NULL, &scope, NULL) == MMSIM_OK)
        mmsim_scope_kmalloc(scope, 100, 0, "scope");
    mmsim_vaddr at = mmsim_kmalloc(machine, 100, 0, "kmalloc");
    mmsim_vmalloc(machine, 9000, "vmalloc");
    mmsim_leak_root(machine, at, 8);
    mmsim_leak_mark(machine, at, MMSIM_LEAK_NOT_LEAK);
    mmsim_leak_watch(machine, MMSIM_LEAK_WATCH_STORES, NULL);
    mmsim_leak_scan(machine, MMSIM_LEAK_EXACT, &leaks, NULL);
    struct mmsim_gc_result garbage;
    mmsim_gc(machine, &garbage);
}

START_TEST(a_machine_that_is_destroyed_in_use_gives_all_host_memory_back)
{
    for (uint64_t n = 1;; n++) {
        struct fail_nth fail;
        fail_nth_init(&fail, n, _i ? FAIL_FROM_THERE_ON : 1);
        struct mmsim_config config = heap_config();
        config.allocator = &fail.allocator;
        struct mmsim_machine *machine = NULL;
        if (mmsim_machine_create(&config, &machine, NULL) == MMSIM_OK) {
            use_everything(machine);
            kit_check(machine);
            mmsim_machine_destroy(machine);
        }
        ck_assert_ptr_null(fail_nth_check(&fail));
        if (fail.n_requests < n)
            break;
    }
}
END_TEST

Suite *test_kernel_heap_suite(void);
Suite *test_kernel_heap_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("kernel_heap", &tests);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, objects_of_every_size_hold_their_bytes_at_aligned_addresses);
    tcase_add_test(tests, zeroed_memory_is_zero_also_when_it_was_used_before);
    tcase_add_test(tests, aligned_objects_are_aligned_and_bad_alignments_are_refused);
    tcase_add_test(tests, resized_objects_keep_their_bytes);
    tcase_add_test(tests, an_object_that_cannot_grow_stays_as_it_was);
    tcase_add_test(tests, kernel_bytes_are_those_that_the_mmu_sees);
    tcase_add_test(tests, garbage_is_refused_reported_and_changes_nothing);
    tcase_add_test(tests, null_may_be_freed);
    tcase_add_test(tests, freeing_every_address_frees_only_what_was_allocated);
    tcase_add_test(tests, an_object_is_freed_once);
    tcase_add_test(tests, a_wrong_size_is_no_free);
    tcase_add_test(tests, memory_ends_and_comes_back_whole);
    tcase_add_test(tests, requests_beyond_memory_fail_and_keep_nothing);
    tcase_add_loop_test(tests, random_calls_agree_with_a_model_under_all_checks, 0, N_CHECK_SETS);
    tcase_add_loop_test(tests, the_same_calls_give_the_same_addresses_in_two_machines_at_once, 0,
                        2);
    tcase_add_loop_test(tests, a_machine_that_is_destroyed_in_use_gives_all_host_memory_back, 0, 2);
    return suite;
}
