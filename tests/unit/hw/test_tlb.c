/*
 * test_tlb.c - the TLB against a list that is searched from end to end.
 *
 * The list is an explicit model of a set-associative buffer with true LRU: it knows each entry's
 * page, the access that used it last, and finds a victim by counting who shares its set. The same
 * random stream goes through both; after each step both must hold the same entries.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "hw/tlb.h"
#include "tlb_list.h"

/* ck_assert_msg() reports each success to the runner, by a write; millions of them take minutes. */
#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

/* ---- both side by side ---- */

struct pair {
    struct list list;
    struct mm_tlb tlb;
    struct mm_host host;
    struct mm_rng rng;
    uint64_t now;
    unsigned n_visited;
};

static void visit(void *user, mmsim_vaddr page, const struct mm_tlb_entry *entry)
{
    struct pair *pair = user;
    pair->n_visited++;
    for (unsigned i = 0; i < pair->list.n; i++) {
        const struct held *held = &pair->list.held[i];
        if (held->page == page && held->base == entry->base && held->rights == entry->rights &&
            held->page_shift == entry->page_shift && held->global == entry->global &&
            held->dirty == entry->dirty && held->last_use == entry->stamp)
            return;
    }
    ck_abort_msg("access %llu: the TLB holds %#llx, the model does not (or says something else)",
                 (unsigned long long)pair->now, (unsigned long long)page);
}

static void expect_same(struct pair *pair)
{
    pair->n_visited = 0;
    mm_tlb_visit(&pair->tlb, visit, pair);
    MUST(pair->n_visited == pair->list.n, "access %llu: %u entries are held, must be %u",
         (unsigned long long)pair->now, pair->n_visited, pair->list.n);
    const char *broken = mm_tlb_check(&pair->tlb, pair->now);
    MUST(!broken, "access %llu: %s", (unsigned long long)pair->now, broken);
}

/* Few enough pages that sets overflow often; regions 2 and 3 hold large pages. */
static mmsim_vaddr some_address(struct pair *pair)
{
    mmsim_vaddr region = mm_rng_below(&pair->rng, 4) << pair->list.large_shift;
    mmsim_vaddr high = mm_rng_below(&pair->rng, 8) << 24;
    mmsim_vaddr page = mm_rng_below(&pair->rng, 24) * MMSIM_PAGE_SIZE;
    return 0xA0000000 + high + region + page + mm_rng_below(&pair->rng, MMSIM_PAGE_SIZE);
}

static struct mmsim_translation translation_of(struct pair *pair, mmsim_vaddr address)
{
    bool large = address >> pair->list.large_shift & 2;
    uint8_t shift = large ? (uint8_t)pair->list.large_shift : MMSIM_PAGE_SHIFT;
    uint64_t hash = mm_rng_mix(address >> shift);
    return (struct mmsim_translation){.base = (hash & 0xFFFF) << shift,
                                      .page_shift = shift,
                                      .rights = (uint8_t)mm_rng_below(&pair->rng, 4),
                                      .global = hash >> 32 & 1,
                                      .dirty = mm_rng_below(&pair->rng, 2)};
}

static void look_up_or_fill(struct pair *pair)
{
    mmsim_vaddr address = some_address(pair);
    pair->now++;
    struct held *small = list_find(&pair->list, address, false);
    struct held *held = small ? small : list_find(&pair->list, address, true);
    struct mm_tlb_entry *entry = mm_tlb_find(&pair->tlb, address);
    MUST((entry != NULL) == (held != NULL), "access %llu: %s", (unsigned long long)pair->now,
         entry ? "a hit, must miss" : "a miss, must hit");
    struct mmsim_translation translation = translation_of(pair, address);
    if (entry && mm_rng_below(&pair->rng, 6) > 0) {
        entry->stamp = held->last_use = pair->now;
        return;
    }
    list_fill(&pair->list, address, &translation, pair->now);
    entry = mm_tlb_fill(&pair->tlb, address, &translation, pair->now);
    MUST(entry && entry == mm_tlb_find(&pair->tlb, address), "access %llu: filled elsewhere",
         (unsigned long long)pair->now);
}

static void step(struct pair *pair)
{
    uint64_t dice = mm_rng_below(&pair->rng, 1000);
    if (dice < 3) {
        mm_tlb_flush(&pair->tlb, MM_TLB_DROP_GLOBAL);
        list_flush(&pair->list, true);
    } else if (dice < 10) {
        mm_tlb_flush(&pair->tlb, MM_TLB_KEEP_GLOBAL);
        list_flush(&pair->list, false);
    } else if (dice < 100) {
        mmsim_vaddr address = some_address(pair);
        mm_tlb_drop(&pair->tlb, address);
        list_drop(&pair->list, address);
    } else {
        look_up_or_fill(pair);
    }
}

static void run_stream(struct mmsim_tlb_shape small, struct mmsim_tlb_shape large,
                       uint8_t large_shift, uint64_t seed)
{
    struct pair pair = {.list = {.small = small, .large = large, .large_shift = large_shift}};
    mm_host_init(&pair.host, NULL);
    mm_rng_seed(&pair.rng, seed);
    ck_assert(mm_tlb_init(&pair.tlb, &pair.host, small, large, large_shift));
    for (unsigned i = 0; i < 20000; i++) {
        step(&pair);
        expect_same(&pair);
    }
    mm_tlb_fini(&pair.tlb, &pair.host);
    ck_assert_uint_eq(pair.host.n_blocks, 0);
}

START_TEST(tlb_holds_what_an_explicit_lru_list_holds)
{
    static const struct {
        struct mmsim_tlb_shape small, large;
    } shapes[] = {
        {{8, 4}, {0, 0}},  /* i386: large pages do not exist; pieces if they did */
        {{16, 4}, {2, 4}}, /* a Pentium's data TLB */
        {{8, 4}, {1, 2}},  /* fully associative large ones */
        {{1, 64}, {1, 8}}, /* fully associative both */
        {{1, 1}, {1, 1}},  /* one entry each */
        {{32, 1}, {4, 1}}, /* direct-mapped */
        {{16, 4}, {0, 0}}, {{4, 3}, {1, 7}}, /* ways need not be a power of two */
    };
    for (unsigned i = 0; i < sizeof shapes / sizeof *shapes; i++)
        run_stream(shapes[i].small, shapes[i].large, i % 2 ? 22 : 21, i + 1);
}
END_TEST

START_TEST(invlpg_drops_every_piece_of_a_large_page)
{
    struct mm_host host;
    mm_host_init(&host, NULL);
    struct mm_tlb tlb;
    struct mmsim_tlb_shape small = {8, 4}, none = {0, 0};
    ck_assert(mm_tlb_init(&tlb, &host, small, none, 22));
    struct mmsim_translation large = {.base = 0x01400000, .page_shift = 22, .global = true};
    for (mmsim_vaddr page = 0; page < 8; page++) {
        mmsim_vaddr address = 0x00C00000 + page * 0x21000;
        ck_assert_uint_eq(mm_tlb_fill(&tlb, address, &large, page + 1)->base,
                          0x01400000 + page * 0x21000);
    }
    mm_tlb_drop(&tlb, 0x00FFFFFF);
    for (mmsim_vaddr page = 0; page < 8; page++)
        ck_assert_ptr_null(mm_tlb_find(&tlb, 0x00C00000 + page * 0x21000));
    mm_tlb_fini(&tlb, &host);
}
END_TEST

Suite *test_tlb_suite(void);
Suite *test_tlb_suite(void)
{
    Suite *suite = suite_create("tlb");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, tlb_holds_what_an_explicit_lru_list_holds);
    tcase_add_test(tests, invlpg_drops_every_piece_of_a_large_page);
    suite_add_tcase(suite, tests);
    return suite;
}
