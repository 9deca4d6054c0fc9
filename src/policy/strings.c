/*
 * strings.c - the patterns of strings.h, each meant to hurt some kind of policy, and Belady's MIN,
 * as plainly as it can be written.
 *
 * Source: Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems
 * Journal 5(2), 1966.
 */
#include "policy/strings.h"

#include "base/rng.h"

enum { PATTERN_SALT = 0x5eed };

/* Where a pattern is. */
struct place {
    const struct mm_string *string;
    struct mm_rng rng;
    mmsim_page frames, previous;
    uint32_t i;
};

static mmsim_page below(struct place *at, mmsim_page bound)
{
    return (mmsim_page)mm_rng_below(&at->rng, bound);
}

static mmsim_page least(mmsim_page a, mmsim_page b)
{
    return a < b ? a : b;
}

static mmsim_page uniform(struct place *at)
{
    return below(at, at->string->n_pages);
}

/* Low numbers are popular. */
static mmsim_page skewed(struct place *at)
{
    return least(least(uniform(at), uniform(at)), uniform(at));
}

/* A loop over one page more than there are frames: hits for MRU only. */
static mmsim_page loop(struct place *at)
{
    return at->i % least(at->frames + 1, at->string->n_pages);
}

/* A popular half, and a scan through the other in between. */
static mmsim_page scan(struct place *at)
{
    mmsim_page n = at->string->n_pages, half = (n + 1) / 2;
    bool scans = at->i / 16 % 2 == 1;
    return scans && half < n ? half + at->i % (n - half) : below(at, half);
}

/* A working set of about the frames that moves. */
static mmsim_page phases(struct place *at)
{
    mmsim_page n = at->string->n_pages, size = least(at->frames, n);
    return (at->i / 50 * size + below(at, size)) % n;
}

/* Each page several times in a row. */
static mmsim_page bursts(struct place *at)
{
    return below(at, 3) > 0 ? at->previous : uniform(at);
}

static const struct {
    const char *name;
    mmsim_page (*next)(struct place *at);
} patterns[] = {
    {"uniform", uniform}, {"skewed", skewed}, {"loop", loop},
    {"scan", scan},       {"phases", phases}, {"bursts", bursts},
};

const char *mm_string_pattern(size_t index)
{
    return index < sizeof patterns / sizeof *patterns ? patterns[index].name : NULL;
}

void mm_string_make(struct mm_string *string, size_t pattern, mmsim_page frames, uint64_t seed)
{
    struct place at = {.string = string, .frames = frames};
    mm_rng_seed(&at.rng, seed ^ PATTERN_SALT);
    for (at.i = 0; at.i < string->n_refs; at.i++) {
        at.previous = patterns[pattern].next(&at);
        enum mmsim_kind kind = (enum mmsim_kind)mm_rng_below(&at.rng, MMSIM_N_KINDS);
        string->refs[at.i] = at.previous << 2 | (unsigned)kind;
    }
}

/* ---- the optimum ---- */

/* The place of the next reference to a page after place i; n_refs: there is none. */
static uint32_t next_use(const struct mm_string *string, mmsim_page page, uint32_t i)
{
    do
        i++;
    while (i < string->n_refs && mmsim_ref_page(string->refs[i]) != page);
    return i;
}

uint64_t mm_string_least_misses(const struct mm_string *string, mmsim_page frames,
                                enum mm_loading loading)
{
    uint32_t next[MM_STRING_MAX_PAGES] = {0}; /* of resident pages; 0: not resident */
    mmsim_page n_resident = 0;
    uint64_t n_misses = 0;
    for (uint32_t i = 0; i < string->n_refs; i++) {
        mmsim_page page = mmsim_ref_page(string->refs[i]), farthest = MMSIM_NO_PAGE;
        bool hit = next[page] > 0;
        n_misses += !hit;
        n_resident += !hit;
        next[page] = next_use(string, page, i);
        if (n_resident <= frames)
            continue;
        for (mmsim_page other = 0; other < string->n_pages; other++)
            if (next[other] > 0 && (other != page || loading == MM_BYPASS) &&
                (farthest == MMSIM_NO_PAGE || next[other] > next[farthest]))
                farthest = other;
        next[farthest] = 0;
        n_resident--;
    }
    return n_misses;
}
