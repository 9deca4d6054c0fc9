/* policies-replay.c - what is timed: a policy in bulk and call by call, and a plain LRU. */
#include <stdlib.h>
#include <string.h>

#include "policies-bench.h"

/* ---- policies ---- */

void bench_cell_init(struct bench_cell *cell, const char *policy, const struct bench_trace *trace,
                     mmsim_page frames)
{
    struct mmsim_error error;
    if (mmsim_policy_parse(policy, strlen(policy), &cell->choice, &error) != MMSIM_OK)
        bench_fail("%s: %s", error.where, error.text);
    cell->setup = (struct mmsim_policy_setup){
        .frames = frames, .universe = trace->n_pages, .seed = 1, .params = cell->choice.params};
    cell->state_bytes = cell->choice.ops->state_bytes(&cell->setup);
    cell->state = malloc(cell->state_bytes);
    if (!cell->state)
        bench_fail("no memory for %zu bytes", cell->state_bytes);
}

void bench_cell_fini(struct bench_cell *cell)
{
    free(cell->state);
}

static void begin(struct bench_cell *cell)
{
    memset(cell->state, 0, cell->state_bytes);
    cell->choice.ops->init(cell->state, &cell->setup);
}

double bench_bulk_ns(struct bench_cell *cell, const struct bench_trace *trace)
{
    struct mmsim_counts counts = {0};
    double start = bench_now_ns();
    begin(cell);
    cell->choice.ops->replay(cell->state, trace->refs, trace->n_refs, &counts);
    return bench_now_ns() - start;
}

/* One call for each verb; residency is the caller's business. */
static void call_all(const struct mmsim_policy_ops *ops, void *state, const mmsim_ref *refs,
                     size_t n_refs, mmsim_page frames, uint8_t *resident)
{
    void (*const reference)(void *, mmsim_page, enum mmsim_kind) = ops->reference;
    const bool ticks = ops->tick != NULL;
    mmsim_page n = 0;
    for (size_t i = 0; i < n_refs; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]), leaving;
        if (resident[page]) {
            reference(state, page, mmsim_ref_kind(refs[i]));
        } else if (!ops->admit || ops->admit(state, page)) {
            for (; n >= frames; n--)
                resident[ops->evict(state, page)] = 0;
            ops->load(state, page, mmsim_ref_kind(refs[i]));
            resident[page] = 1;
            n++;
        }
        while (ticks && ops->tick(state, i + 1, &leaving, 1) == 1) {
            resident[leaving] = 0;
            n--;
        }
    }
}

double bench_calls_ns(struct bench_cell *cell, const struct bench_trace *trace)
{
    uint8_t *resident = calloc(trace->n_pages, 1);
    if (!resident)
        bench_fail("no memory for %u bytes", trace->n_pages);
    double start = bench_now_ns();
    begin(cell);
    call_all(cell->choice.ops, cell->state, trace->refs, trace->n_refs, cell->setup.frames,
             resident);
    double ns = bench_now_ns() - start;
    free(resident);
    return ns;
}

/* ---- the reference ---- */

struct plain {
    mmsim_page *next, *prev; /* by page; the head is beyond the last page */
    uint8_t *resident;
    mmsim_page head, n, frames;
    uint64_t n_misses;
};

static inline void plain_remove(struct plain *plain, mmsim_page page)
{
    mmsim_page next = plain->next[page], prev = plain->prev[page];
    plain->next[prev] = next;
    plain->prev[next] = prev;
}

static inline void plain_push(struct plain *plain, mmsim_page page)
{
    mmsim_page head = plain->head, first = plain->next[head];
    plain->next[page] = first;
    plain->prev[page] = head;
    plain->prev[first] = page;
    plain->next[head] = page;
}

static inline void plain_miss(struct plain *plain, mmsim_page page)
{
    plain->n_misses++;
    if (plain->n == plain->frames) {
        mmsim_page victim = plain->prev[plain->head];
        plain_remove(plain, victim);
        plain->resident[victim] = 0;
    } else {
        plain->n++;
    }
    plain->resident[page] = 1;
}

static void plain_replay(struct plain *plain, const mmsim_ref *refs, size_t n_refs)
{
    for (size_t i = 0; i < n_refs; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        if (plain->resident[page])
            plain_remove(plain, page);
        else
            plain_miss(plain, page);
        plain_push(plain, page);
    }
}

double bench_reference_ns(const struct bench_trace *trace, mmsim_page frames)
{
    struct plain plain = {.head = trace->n_pages, .frames = frames};
    size_t n = (size_t)trace->n_pages + 1;
    plain.next = malloc(2 * n * sizeof *plain.next);
    plain.resident = calloc(n, 1);
    if (!plain.next || !plain.resident)
        bench_fail("no memory for %zu pages", n);
    plain.prev = plain.next + n;
    plain.next[plain.head] = plain.prev[plain.head] = plain.head;
    double start = bench_now_ns();
    plain_replay(&plain, trace->refs, trace->n_refs);
    double ns = bench_now_ns() - start;
    free(plain.next);
    free(plain.resident);
    if (plain.n_misses == 0)
        bench_fail("the plain LRU has counted nothing");
    return ns;
}
