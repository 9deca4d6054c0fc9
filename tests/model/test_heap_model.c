/*
 * Random use of the heap against the most naive allocator there is: an array of blocks, of which
 * each remembers what was written to it. Whatever the heap answers must be possible (in range,
 * aligned, overlapping nothing), every byte must stay as it was written, nothing may be reported
 * that was no mistake, and every mistake must be. The invariant checker runs along.
 */
#include <check.h>
#include <string.h>

#include "alloc/kmalloc.h"
#include "base/rng.h"
#include "base/tree.h"

enum { MAX_BLOCKS = 800, N_CACHES = 3, N_SEEDS = 6, N_OPERATIONS = 8000, CHECK_EVERY = 400 };

/* Like ck_assert(), which writes a line for each assertion, but quiet: for what is looked at
 * millions of times. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("%s", #condition);                                                        \
    } while (0)

struct block {
    uint8_t *bytes; /* NULL: none */
    size_t n_bytes;
    uint8_t pattern;
    int cache; /* -1: kmalloc */
};

struct model {
    struct mm_phys phys;
    struct mm_zones zones;
    struct mm_heap heap;
    struct mm_cache caches[N_CACHES];
    struct mm_rng rng;
    struct block blocks[MAX_BLOCKS];
    uint64_t n_live, n_mistakes, n_reports;
};

static const uint32_t cache_bytes[N_CACHES] = {24, 200, 3000};

static void count_report(void *user, const struct mmsim_heap_report *report)
{
    (void)report;
    ((struct model *)user)->n_reports++;
}

static uint64_t below(struct model *model, uint64_t bound)
{
    return mm_rng_below(&model->rng, bound);
}

static void setup(struct model *model, uint64_t seed)
{
    memset(model, 0, sizeof *model);
    mm_rng_seed(&model->rng, seed);
    ck_assert(mm_phys_init(&model->phys, (seed % 3 == 0 ? 3 : 16) * MMSIM_MIB));
    ck_assert(mm_zones_init(&model->zones, &model->phys, 0));
    model->zones.n_cpus = 3;
    ck_assert(mm_heap_init(&model->heap, &model->zones, 3, seed));
    model->heap.on_report = count_report;
    model->heap.report_user = model;
    for (unsigned i = 0; i < N_CACHES; i++) {
        char name[8] = {'c', (char)('0' + i)};
        struct mm_cache_setup made = {.name = name, .object_bytes = cache_bytes[i]};
        ck_assert(mm_cache_init(&model->caches[i], &model->heap, &made));
    }
}

static void check(struct model *model)
{
    const char *broken = mm_heap_check(&model->heap);
    ck_assert_msg(!broken, "%s", broken);
    broken = mm_zones_check(&model->zones);
    ck_assert_msg(!broken, "%s", broken);
    ck_assert_uint_eq(model->n_reports, model->n_mistakes);
    uint64_t n_live = model->heap.n_runs;
    for (struct mm_list *at = model->heap.caches.next; at != &model->heap.caches; at = at->next)
        n_live += mm_cache_n_live(MM_CONTAINER_OF(at, struct mm_cache, link));
    ck_assert_uint_eq(n_live, model->n_live);
}

static void write_pattern(struct block *block, uint8_t pattern)
{
    block->pattern = pattern;
    for (size_t i = 0; i < block->n_bytes; i++)
        block->bytes[i] = (uint8_t)(pattern + i);
}

static void look(const struct block *block, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        if (block->bytes[i] != (uint8_t)(block->pattern + i))
            ck_abort_msg("byte %zu of a block of %zu was changed", i, block->n_bytes);
}

/* In RAM, aligned, and no byte of it in another block: the naive search. */
static void place(struct model *model, struct block *block)
{
    uint64_t offset = mm_heap_offset(&model->heap, block->bytes);
    MUST(offset % 16 == 0);
    MUST(offset >= MM_LOWMEM_START);
    MUST(offset + block->n_bytes <= model->heap.low_bytes);
    for (unsigned i = 0; i < MAX_BLOCKS; i++) {
        const struct block *other = &model->blocks[i];
        if (other != block && other->bytes)
            MUST(other->bytes + other->n_bytes <= block->bytes ||
                 block->bytes + block->n_bytes <= other->bytes);
    }
}

static size_t random_size(struct model *model)
{
    switch (below(model, 10)) {
    case 0:
        return below(model, 40000);
    case 1:
    case 2:
        return below(model, 7000);
    default:
        return below(model, 300);
    }
}

static void allocate(struct model *model, struct block *block)
{
    bool zeroed = below(model, 4) == 0;
    block->cache = below(model, 3) == 0 ? (int)below(model, N_CACHES) : -1;
    if (block->cache >= 0) {
        block->n_bytes = cache_bytes[block->cache];
        block->bytes = zeroed ? mm_cache_zalloc(&model->caches[block->cache])
                              : mm_cache_alloc(&model->caches[block->cache]);
    } else {
        block->n_bytes = random_size(model);
        block->bytes = zeroed ? mm_kzalloc(&model->heap, block->n_bytes)
                              : mm_kmalloc(&model->heap, block->n_bytes);
    }
    if (!block->bytes)
        return;
    for (size_t i = 0; zeroed && i < block->n_bytes; i++)
        MUST(block->bytes[i] == 0);
    place(model, block);
    write_pattern(block, (uint8_t)below(model, 256));
    model->n_live++;
}

static void release(struct model *model, struct block *block)
{
    look(block, block->n_bytes);
    bool freed;
    if (block->cache >= 0)
        freed = mm_cache_free(&model->caches[block->cache], block->bytes);
    else if (below(model, 2) == 0)
        freed = mm_kfree_sized(&model->heap, block->bytes, block->n_bytes);
    else
        freed = mm_kfree(&model->heap, block->bytes);
    if (!freed)
        ck_abort_msg("a block of %zu bytes of cache %d is not freed", block->n_bytes, block->cache);
    model->n_live--;
    if (below(model, 50) == 0) { /* and once more */
        ck_assert(!mm_kfree(&model->heap, block->bytes));
        model->n_mistakes++;
    }
    block->bytes = NULL;
}

static void resize(struct model *model, struct block *block)
{
    size_t n_bytes = random_size(model) + 1;
    size_t n_kept = n_bytes < block->n_bytes ? n_bytes : block->n_bytes;
    uint8_t *moved = mm_krealloc(&model->heap, block->bytes, n_bytes);
    if (!moved) {
        look(block, block->n_bytes);
        return;
    }
    block->bytes = moved;
    look(block, n_kept);
    block->n_bytes = n_bytes;
    place(model, block);
    write_pattern(block, (uint8_t)below(model, 256));
}

static void touch(struct model *model, struct block *block)
{
    if (!block->bytes)
        allocate(model, block);
    else if (block->cache < 0 && below(model, 5) == 0)
        resize(model, block);
    else
        release(model, block);
}

static void misuse(struct model *model, const struct block *block)
{
    if (!block->bytes || block->n_bytes < 2)
        return;
    ck_assert(!mm_kfree(&model->heap, block->bytes + 1 + below(model, block->n_bytes - 1)));
    model->n_mistakes++;
}

/* What was promised comes, whatever was given back in between. */
static void promise(struct model *model, int cache)
{
    struct mm_cache *from = &model->caches[cache];
    uint64_t n = below(model, 20);
    if (!mm_cache_reserve(from, n))
        return;
    mm_heap_reap(&model->heap);
    for (unsigned i = 0; i < MAX_BLOCKS && n > 0; i++) {
        struct block *block = &model->blocks[i];
        if (block->bytes)
            continue;
        *block = (struct block){
            .bytes = mm_cache_zalloc(from), .n_bytes = cache_bytes[cache], .cache = cache};
        ck_assert_ptr_nonnull(block->bytes);
        place(model, block);
        write_pattern(block, (uint8_t)n--);
        model->n_live++;
    }
    ck_assert(mm_cache_reserve(from, 0));
}

/* What happens beside allocating and freeing. */
static void disturb(struct model *model, unsigned checks)
{
    unsigned cpu = (unsigned)below(model, 3);
    switch (below(model, 12)) {
    case 0:
        mm_heap_reap(&model->heap);
        break;
    case 1:
        mm_cache_shrink(&model->caches[below(model, N_CACHES)]);
        break;
    case 2:
        mm_cache_set_checks(&model->caches[below(model, N_CACHES)],
                            (unsigned)below(model, 128) & checks);
        break;
    case 3:
        mm_kmalloc_set_checks(&model->heap, (unsigned)below(model, 128) & checks);
        break;
    case 4:
        promise(model, (int)below(model, N_CACHES));
        break;
    default:
        model->zones.cpu = cpu;
        mm_heap_enter_cpu(&model->heap, cpu);
    }
}

static void run(uint64_t seed, unsigned checks)
{
    static struct model model;
    setup(&model, seed);
    unsigned n_blocks = seed % 2 ? MAX_BLOCKS : 60;
    for (unsigned i = 0; i < N_OPERATIONS; i++) {
        struct block *block = &model.blocks[below(&model, n_blocks)];
        touch(&model, block);
        if (below(&model, 40) == 0)
            disturb(&model, checks);
        if (below(&model, 60) == 0)
            misuse(&model, block);
        if (i % CHECK_EVERY == 0)
            check(&model);
    }
    for (unsigned i = 0; i < MAX_BLOCKS; i++)
        if (model.blocks[i].bytes)
            release(&model, &model.blocks[i]);
    check(&model);
    mm_heap_fini(&model.heap);
    ck_assert_uint_eq(model.zones.n_by_use[MM_FRAME_SLAB], 0);
    mm_zones_fini(&model.zones);
    mm_phys_fini(&model.phys);
}

START_TEST(the_plain_heap_does_what_the_naive_one_does)
{
    run((uint64_t)_i, 0);
}
END_TEST

/* Guard pages need page tables: tests of the machine switch them on. */
START_TEST(the_checked_heap_does_what_the_naive_one_does)
{
    run((uint64_t)_i + 1000, 127 & ~(unsigned)MM_CHECK_GUARD);
}
END_TEST

START_TEST(injected_failures_change_nothing_else)
{
    static struct model model;
    setup(&model, (uint64_t)_i + 2000);
    struct mm_inject_rule rule = {.share = MM_INJECT_CERTAIN / 5, .seed = (uint64_t)_i};
    mm_inject_arm(&model.heap.inject, &rule);
    mm_inject_arm(&model.zones.inject, &rule);
    mm_heap_close(&model.heap);
    for (unsigned i = 0; i < N_OPERATIONS; i++) {
        touch(&model, &model.blocks[below(&model, 300)]);
        if (i % CHECK_EVERY == 0)
            check(&model);
    }
    ck_assert_uint_gt(model.heap.inject.n_failures, 100);
    mm_inject_disarm(&model.heap.inject);
    mm_inject_disarm(&model.zones.inject);
    mm_heap_open(&model.heap);
    for (unsigned i = 0; i < MAX_BLOCKS; i++)
        if (model.blocks[i].bytes)
            release(&model, &model.blocks[i]);
    check(&model);
    mm_heap_fini(&model.heap);
    ck_assert_uint_eq(model.zones.n_by_use[MM_FRAME_SLAB], 0);
    mm_zones_fini(&model.zones);
    mm_phys_fini(&model.phys);
}
END_TEST

Suite *test_heap_model_suite(void);
Suite *test_heap_model_suite(void)
{
    Suite *suite = suite_create("heap model");
    TCase *tests = tcase_create("heap model");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, the_plain_heap_does_what_the_naive_one_does, 0, N_SEEDS);
    tcase_add_loop_test(tests, the_checked_heap_does_what_the_naive_one_does, 0, N_SEEDS);
    tcase_add_loop_test(tests, injected_failures_change_nothing_else, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}
