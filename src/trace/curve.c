/*
 * curve.c - passes and curves (<mmsim/curve.h>): from counted distances to misses by size.
 *
 *   begin ---> feed ... ---> read (as often as one likes) ---> end
 *
 * Invariant of a curve: misses do not grow with frames; [0] is the references, [pages] the pages.
 */
#include "trace/curve.h"

#include <string.h>

#include "base/text.h"

/* ---- stacks by kind ---- */

bool mm_stack_init(struct mm_stack *stack, enum mmsim_curve_kind kind, mmsim_page universe,
                   struct mm_host *host)
{
    stack->kind = kind;
    return kind == MMSIM_CURVE_LRU ? mm_curve_lru_init(&stack->of.lru, universe, host)
                                   : mm_curve_opt_init(&stack->of.opt, universe, host);
}

void mm_stack_fini(struct mm_stack *stack, struct mm_host *host)
{
    if (stack->kind == MMSIM_CURVE_LRU)
        mm_curve_lru_fini(&stack->of.lru, host);
    else
        mm_curve_opt_fini(&stack->of.opt, host);
}

void mm_stack_feed(struct mm_stack *stack, const mmsim_ref *refs, size_t n)
{
    if (stack->kind == MMSIM_CURVE_LRU)
        mm_curve_lru_feed(&stack->of.lru, refs, n);
    else
        mm_curve_opt_feed(&stack->of.opt, refs, n);
}

const struct mm_distances *mm_stack_distances(const struct mm_stack *stack)
{
    return stack->kind == MMSIM_CURVE_LRU ? &stack->of.lru.distances : &stack->of.opt.distances;
}

bool mmsim_curve_kind_of(const struct mmsim_policy_choice *choice, enum mmsim_curve_kind *kind)
{
    static const char *const NAMES[] = {[MMSIM_CURVE_LRU] = "lru", [MMSIM_CURVE_OPT] = "opt"};
    for (int i = 0; i < MMSIM_N_CURVE_KINDS; i++) {
        if (strcmp(choice->ops->name, NAMES[i]) == 0) {
            *kind = (enum mmsim_curve_kind)i;
            return true;
        }
    }
    return false;
}

/* ---- passes ---- */

static enum mmsim_status no_memory(struct mmsim_error *error)
{
    return mm_error_set(error, MMSIM_HOST_MEMORY, "", "the host gave no memory for a curve");
}

static enum mmsim_status check(const struct mmsim_curve_setup *setup, struct mmsim_error *error)
{
    if ((unsigned)setup->kind >= MMSIM_N_CURVE_KINDS)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "kind", "there is no kind %d of curve",
                            (int)setup->kind);
    if (setup->universe == 0 || setup->universe > MMSIM_MAX_PAGES)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "universe", "%u is not in 1..%u",
                            setup->universe, MMSIM_MAX_PAGES);
    if (!(setup->rate > 0 && setup->rate <= 1))
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "rate",
                            "%g is not above 0 and at most 1: it is a share of the pages",
                            setup->rate);
    return MMSIM_OK;
}

static bool init(struct mmsim_curve_pass *pass)
{
    const struct mmsim_curve_setup *setup = &pass->setup;
    if (setup->rate >= 1)
        return mm_stack_init(&pass->stack, setup->kind, setup->universe, &pass->host);
    pass->sample = mm_host_alloc(&pass->host, sizeof *pass->sample);
    return pass->sample && mm_sample_init(pass->sample, setup, &pass->host);
}

enum mmsim_status mm_curve_begin(const struct mmsim_curve_setup *setup,
                                 const struct mmsim_allocator *allocator,
                                 struct mmsim_curve_pass **pass, struct mmsim_error *error)
{
    struct mm_host host;
    mm_host_init(&host, allocator);
    enum mmsim_status status = check(setup, error);
    if (status != MMSIM_OK)
        return status;
    struct mmsim_curve_pass *made = mm_host_alloc(&host, sizeof *made);
    if (!made)
        return no_memory(error);
    made->host = host;
    made->setup = *setup;
    if (!init(made)) {
        mmsim_curve_end(made);
        return no_memory(error);
    }
    *pass = made;
    return MMSIM_OK;
}

enum mmsim_status mmsim_curve_begin(const struct mmsim_curve_setup *setup,
                                    struct mmsim_curve_pass **pass, struct mmsim_error *error)
{
    return mm_curve_begin(setup, NULL, pass, error);
}

void mmsim_curve_feed(struct mmsim_curve_pass *pass, const mmsim_ref *refs, size_t n)
{
    pass->n_refs += n;
    if (pass->sample)
        mm_sample_feed(pass->sample, refs, n);
    else
        mm_stack_feed(&pass->stack, refs, n);
}

void mmsim_curve_end(struct mmsim_curve_pass *pass)
{
    if (!pass)
        return;
    struct mm_host host = pass->host;
    mm_stack_fini(&pass->stack, &host);
    if (pass->sample)
        mm_sample_fini(pass->sample, &host);
    mm_host_free(&host, pass->sample, sizeof *pass->sample);
    mm_host_free(&host, pass, sizeof *pass);
}

/* ---- curves ---- */

static size_t misses_bytes(const struct mmsim_curve *curve)
{
    return ((size_t)curve->pages + 1) * sizeof *curve->misses;
}

static void read_exact(const struct mm_distances *distances, struct mmsim_curve *curve)
{
    uint64_t misses = curve->references;
    curve->misses[0] = misses;
    for (mmsim_page frames = 1; frames <= curve->pages; frames++) {
        misses -= distances->at[frames];
        curve->misses[frames] = misses;
    }
}

/* Curves outlive their pass: their memory is the host's own. */
enum mmsim_status mmsim_curve_read(const struct mmsim_curve_pass *pass, struct mmsim_curve *curve,
                                   struct mmsim_error *error)
{
    const struct mm_distances *distances = mm_stack_distances(&pass->stack);
    struct mmsim_curve made = {.references = pass->n_refs, .rate = pass->setup.rate};
    struct mm_host host;
    mm_host_init(&host, NULL);
    made.pages = pass->sample ? pass->sample->n_seen : (mmsim_page)distances->at[0];
    made.misses = mm_host_alloc(&host, misses_bytes(&made));
    if (!made.misses)
        return no_memory(error);
    if (pass->sample) {
        mm_sample_read(pass->sample, &made);
    } else {
        read_exact(distances, &made);
        made.sampled_pages = made.pages;
        made.sampled_references = made.references;
    }
    *curve = made;
    return MMSIM_OK;
}

enum mmsim_status mmsim_curve_of(const struct mmsim_trace *trace, enum mmsim_curve_kind kind,
                                 double rate, uint64_t seed, struct mmsim_curve *curve,
                                 struct mmsim_error *error)
{
    struct mmsim_curve_setup setup = {kind, mmsim_trace_pages(trace), rate, seed};
    struct mmsim_curve_pass *pass;
    enum mmsim_status status = mmsim_curve_begin(&setup, &pass, error);
    if (status != MMSIM_OK)
        return status;
    size_t n;
    const mmsim_ref *refs = mmsim_trace_refs(trace, &n);
    mmsim_curve_feed(pass, refs, n);
    status = mmsim_curve_read(pass, curve, error);
    mmsim_curve_end(pass);
    return status;
}

void mmsim_curve_free(struct mmsim_curve *curve)
{
    struct mm_host host;
    mm_host_init(&host, NULL);
    host.n_blocks = 1;
    mm_host_free(&host, curve->misses, misses_bytes(curve));
    *curve = (struct mmsim_curve){0};
}

uint64_t mmsim_curve_misses(const struct mmsim_curve *curve, mmsim_page frames)
{
    return curve->misses[frames < curve->pages ? frames : curve->pages];
}

static double ratio(const struct mmsim_curve *curve, mmsim_page frames)
{
    if (curve->references == 0)
        return 0;
    return (double)mmsim_curve_misses(curve, frames) / (double)curve->references;
}

double mmsim_curve_distance(const struct mmsim_curve *one, const struct mmsim_curve *other)
{
    mmsim_page pages = one->pages > other->pages ? one->pages : other->pages;
    double sum = 0;
    for (mmsim_page frames = 1; frames <= pages; frames++) {
        double apart = ratio(one, frames) - ratio(other, frames);
        sum += apart < 0 ? -apart : apart;
    }
    return pages > 0 ? sum / pages : 0;
}

mmsim_page mmsim_curve_end_size(const struct mmsim_curve *curve)
{
    mmsim_page frames = curve->pages;
    while (frames > 1 && curve->misses[frames - 1] == curve->misses[curve->pages])
        frames--;
    return frames > 0 ? frames : 1;
}
