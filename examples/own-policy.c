/*
 * own-policy.c - a replacement policy of one's own, and whether it keeps the contract.
 *
 *   cc -std=c11 -Iinclude examples/own-policy.c build/release/lib/libmmsim.a -lyaml -lzstd -lz
 * -lpthread -o own-policy
 *
 * The policy is "random, but not the page that came last": small, and easily wrong. It is run
 * through the conformance test that all policies of the library pass; then once more with a mistake
 * that is often made, which the test names; then it is compared with LRU on a loop.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <mmsim/policy_kit.h>

/* All that the policy knows. The library provides its bytes, zeroed, and takes them away. */
struct lots {
    uint64_t random;
    uint32_t n_pages;
    mmsim_page pages[]; /* those that are resident; the last one came last */
};

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    return sizeof(struct lots) + setup->frames * sizeof(mmsim_page);
}

/* Randomness from the seed alone: the same run must be the same tomorrow. */
static void init(void *state, const struct mmsim_policy_setup *setup)
{
    struct lots *lots = state;
    lots->random = setup->seed | 1;
}

static void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    (void)state;
    (void)page;
    (void)kind;
}

static void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct lots *lots = state;
    (void)kind;
    lots->pages[lots->n_pages++] = page;
}

static mmsim_page take(struct lots *lots, uint32_t place)
{
    mmsim_page page = lots->pages[place];
    lots->n_pages--;
    for (uint32_t i = place; i < lots->n_pages; i++)
        lots->pages[i] = lots->pages[i + 1];
    return page;
}

/* One of all but the last; if there is only one, that one. */
static mmsim_page evict(void *state, mmsim_page incoming)
{
    struct lots *lots = state;
    uint32_t n = lots->n_pages > 1 ? lots->n_pages - 1 : 1;
    (void)incoming;
    lots->random = lots->random * 6364136223846793005u + 1442695040888963407u;
    return take(lots, (uint32_t)(lots->random >> 33) % n);
}

static void forget(void *state, mmsim_page page)
{
    struct lots *lots = state;
    for (uint32_t i = 0; i < lots->n_pages; i++)
        if (lots->pages[i] == page) {
            take(lots, i);
            return;
        }
}

static const struct mmsim_policy_ops OWN = {
    .abi = MMSIM_POLICY_ABI,
    .size = sizeof(struct mmsim_policy_ops),
    .name = "lots",
    .summary = "any page but the one that came last",
    .source = "examples/own-policy.c",
    .view = MMSIM_VIEW_BITS,
    .state_bytes = state_bytes,
    .init = init,
    .reference = reference,
    .load = load,
    .evict = evict,
    .forget = forget,
};

static void report(const struct mmsim_policy_ops *ops)
{
    struct mmsim_conform_report report;
    struct mmsim_error error;
    if (mmsim_policy_conform(ops, NULL, &report, &error) == MMSIM_OK)
        printf("%s conforms: %" PRIu64 " strings, %" PRIu64 " references\n", ops->name,
               report.n_strings, report.n_references);
    else
        printf("%s: %s\n  %s\n", mmsim_status_name(error.status), error.where, error.text);
}

/* The mistake: with one page there is no other, and 0 pages to choose from. */
static mmsim_page evict_carelessly(void *state, mmsim_page incoming)
{
    struct lots *lots = state;
    return lots->n_pages > 1 ? evict(state, incoming) : MMSIM_NO_PAGE;
}

/* Misses on a loop over nine pages with eight frames. */
static uint64_t misses_on_loop(const struct mmsim_policy_ops *ops)
{
    const struct mmsim_guard_setup setup = {
        .choice = mmsim_policy_choice_of(ops), .frames = 8, .universe = 9};
    struct mmsim_guard *guard;
    struct mmsim_error error;
    enum mmsim_status status = mmsim_guard_create(&setup, &guard, &error);
    for (mmsim_ref i = 0; status == MMSIM_OK && i < 9000; i++)
        status = mmsim_guard_reference(guard, i % 9 << 2 | MMSIM_KIND_LOAD, &error);
    if (status != MMSIM_OK) {
        fprintf(stderr, "%s: %s\n", error.where, error.text);
        exit(EXIT_FAILURE);
    }
    uint64_t n_misses = mmsim_guard_counts(guard)->misses;
    mmsim_guard_destroy(guard);
    return n_misses;
}

int main(void)
{
    struct mmsim_policy_ops careless = OWN;
    careless.name = "careless";
    careless.evict = evict_carelessly;
    report(&OWN);
    report(&careless);
    printf("9000 references in a loop over 9 pages, 8 frames: lru misses %" PRIu64 ", lots %" PRIu64
           "\n",
           misses_on_loop(mmsim_policy_find("lru")), misses_on_loop(&OWN));
    return EXIT_SUCCESS;
}
