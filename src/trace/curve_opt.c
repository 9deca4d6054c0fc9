/*
 * curve_opt.c - distances of Belady's MIN, exactly, for all sizes in one pass, without the future.
 *
 * With c frames, one holds the page in use; the others are c - 1 machines, each of which keeps a
 * page from one use (at i) to the next (at j), that is while i + 1 to j - 1 are served. MIN keeps
 * as many of these intervals as machines can serve. Going by their right ends, an interval is kept
 * iff some machine is free from i + 1 on; the one that became free last is taken, and is free again
 * at j (the greedy colouring of interval graphs; Carlisle & Lloyd, "On the k-coloring of
 * intervals", Discrete Applied Mathematics 59, 1995).
 *
 * The machines of c are among those of c + 1, so one number for each position says it all: machine
 * m became free there, and counts from m + 1 frames on. For one reference, at all sizes at once:
 *
 *   position           ... 4  .. 9  ... 12 | i+1 ...... j      walk from i + 1 to the left over
 *   machine                2     5      7  |                   ever smaller machines 7, 5, 2;
 *   afterwards             5     7      -  |            2      each hands its place on to the
 *                                                              last, the least takes j: distance 3
 *
 * If the walk meets none, a new machine begins at j. A page used again at once (i + 1 = j) needs no
 * machine: distance 1, and no position is taken.
 *
 * Positions are renumbered when they run out; those that are kept are at most one for each page
 * and one for each machine.
 */
#include "trace/curve.h"

#include <string.h>

enum { FEW_POSITIONS = 4096, POSITIONS_PER_PAGE = 4 };

static uint32_t positions_for(mmsim_page universe)
{
    uint64_t wanted = (uint64_t)POSITIONS_PER_PAGE * universe;
    if (wanted >= UINT32_MAX)
        return UINT32_MAX - 1;
    return wanted < FEW_POSITIONS ? FEW_POSITIONS : (uint32_t)wanted;
}

static size_t pages_bytes(const struct mm_curve_opt *opt)
{
    return ((size_t)opt->distances.universe + 1) * sizeof *opt->after;
}

static size_t positions_bytes(const struct mm_curve_opt *opt)
{
    return ((size_t)positions_for(opt->distances.universe) + 1) * sizeof *opt->renumber;
}

bool mm_curve_opt_init(struct mm_curve_opt *opt, mmsim_page universe, struct mm_host *host)
{
    *opt = (struct mm_curve_opt){.now = 1, .distances.universe = universe};
    opt->after = (uint32_t *)mm_host_alloc(host, pages_bytes(opt));
    opt->renumber = (uint32_t *)mm_host_alloc(host, positions_bytes(opt));
    if (opt->after && opt->renumber &&
        mm_least_init(&opt->machines, positions_for(universe), host) &&
        mm_distances_init(&opt->distances, universe, host))
        return true;
    mm_curve_opt_fini(opt, host);
    return false;
}

void mm_curve_opt_fini(struct mm_curve_opt *opt, struct mm_host *host)
{
    mm_host_free(host, opt->after, pages_bytes(opt));
    mm_host_free(host, opt->renumber, positions_bytes(opt));
    opt->after = opt->renumber = NULL;
    mm_least_fini(&opt->machines, host);
    mm_distances_fini(&opt->distances, host);
}

/* ---- renumbering ---- */

/* renumber[p]: how many positions that are kept lie up to p. 0 is kept for "never". */
static void number_kept(struct mm_curve_opt *opt)
{
    memset(opt->renumber, 0, positions_bytes(opt));
    for (mmsim_page page = 0; page < opt->distances.universe; page++)
        opt->renumber[opt->after[page]] = 1;
    opt->renumber[0] = 0;
    uint32_t n_kept = 0;
    for (uint32_t p = 0; p <= opt->now; p++) {
        bool kept = opt->renumber[p] != 0 || opt->machines.least[0][p] != MM_LEAST_NOTHING;
        n_kept += kept;
        opt->renumber[p] = n_kept;
    }
}

/* `now` is kept, since the page before was last used just before it. */
static void compact(struct mm_curve_opt *opt)
{
    int32_t *machine = opt->machines.least[0];
    number_kept(opt);
    for (mmsim_page page = 0; page < opt->distances.universe; page++)
        opt->after[page] = opt->renumber[opt->after[page]];
    for (uint32_t p = 1; p <= opt->now; p++) {
        int32_t moved = machine[p];
        machine[p] = MM_LEAST_NOTHING;
        if (moved != MM_LEAST_NOTHING)
            machine[opt->renumber[p]] = moved;
    }
    opt->now = opt->renumber[opt->now];
    mm_least_rebuild(&opt->machines);
}

/* ---- references ---- */

/* Hands machines on, from `position` to the left; returns the one that is free for j. */
MM_WIDE_PART int32_t take_machine(struct mm_curve_opt *opt, uint32_t position)
{
    int32_t in_hand = mm_least_hand_on(&opt->machines, position);
    return in_hand != MM_LEAST_NOTHING ? in_hand : (int32_t)++opt->n_machines;
}

MM_WIDE static void feed(struct mm_curve_opt *opt, const mmsim_ref *refs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        uint32_t after = opt->after[page];
        if (after == opt->now) {
            opt->distances.at[1]++;
            continue;
        }
        int32_t machine = 0;
        if (after != 0) {
            machine = take_machine(opt, after);
            mm_least_put(&opt->machines, opt->now, machine);
        }
        opt->distances.at[after != 0 ? machine + 1 : 0]++;
        opt->after[page] = ++opt->now;
    }
}

void mm_curve_opt_feed(struct mm_curve_opt *opt, const mmsim_ref *refs, size_t n)
{
    for (size_t done = 0; done < n;) {
        if (opt->now == opt->machines.capacity)
            compact(opt);
        size_t room = opt->machines.capacity - opt->now;
        size_t batch = n - done < room ? n - done : room;
        feed(opt, refs + done, batch);
        done += batch;
    }
}
