/*
 * curve_lru.c - distances of LRU, exactly, in one pass.
 *
 * Each reference takes the next position. The last positions of all pages form a set; a page's
 * distance is how many members of it are not below its own. Its old position leaves, the new one
 * enters at the end. When positions run out, they are renumbered without gaps, in order: every few
 * references for each page, so that the cost of it does not grow with the trace.
 *
 *   references   a  b  c  a  b        distance of a now: 3 (a, c, b)
 *   positions    0  1  2  3  4
 *   members            c  a  b
 *
 * Source of the idea: Bennett & Kruskal, "LRU stack processing", IBM J. Res. Dev. 19(4), 1975;
 * Olken, "Efficient methods for calculating the success function of fixed space replacement
 * policies", LBL-12370, 1981. The counts are those of rank.h.
 */
#include "trace/curve.h"

enum { NEVER = UINT32_MAX, FEW_POSITIONS = 4096, POSITIONS_PER_PAGE = 4 };

/* At least twice the pages; no more than two storeys count if they do. */
static uint32_t positions_for(mmsim_page universe)
{
    uint64_t wanted = (uint64_t)POSITIONS_PER_PAGE * universe;
    if (wanted > MM_RANK_SMALL && universe <= MM_RANK_SMALL / 2)
        return MM_RANK_SMALL;
    if (wanted > UINT32_C(1) << 31)
        return UINT32_C(1) << 31;
    return wanted < FEW_POSITIONS ? FEW_POSITIONS : (uint32_t)wanted;
}

bool mm_curve_lru_init(struct mm_curve_lru *lru, mmsim_page universe, struct mm_host *host)
{
    *lru = (struct mm_curve_lru){.distances.universe = universe};
    lru->last = (uint32_t *)mm_host_alloc(host, ((size_t)universe + 1) * sizeof *lru->last);
    if (!lru->last || !mm_rank_init(&lru->rank, positions_for(universe), host) ||
        !mm_distances_init(&lru->distances, universe, host)) {
        mm_curve_lru_fini(lru, host);
        return false;
    }
    for (mmsim_page page = 0; page < universe; page++)
        lru->last[page] = NEVER;
    return true;
}

void mm_curve_lru_fini(struct mm_curve_lru *lru, struct mm_host *host)
{
    mm_host_free(host, lru->last, ((size_t)lru->distances.universe + 1) * sizeof *lru->last);
    lru->last = NULL;
    mm_rank_fini(&lru->rank, host);
    mm_distances_fini(&lru->distances, host);
}

/* A position becomes the number of members below it. */
MM_WIDE static void compact(struct mm_curve_lru *lru)
{
    for (mmsim_page page = 0; page < lru->distances.universe; page++) {
        if (lru->last[page] != NEVER)
            lru->last[page] = mm_rank_below(&lru->rank, lru->last[page], lru->rank.n_upper);
    }
    mm_rank_refill(&lru->rank, lru->rank.n_members);
}

/* References that positions suffice for. */
MM_WIDE_PART void feed(struct mm_curve_lru *lru, const mmsim_ref *refs, size_t n, unsigned n_upper)
{
    struct mm_rank rank = lru->rank; /* in registers */
    uint32_t *last = lru->last;
    uint64_t *at = lru->distances.at;
    for (size_t i = 0; i < n; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        uint32_t position = last[page];
        if (position == NEVER) {
            at[0]++;
        } else if (position + 1 == rank.next) { /* the same page again */
            at[1]++;
            continue;
        } else {
            at[rank.n_members - mm_rank_below(&rank, position, n_upper)]++;
            mm_rank_remove(&rank, position, n_upper);
        }
        last[page] = rank.next;
        mm_rank_append(&rank, n_upper);
    }
    lru->rank = rank;
}

MM_WIDE static void feed_small(struct mm_curve_lru *lru, const mmsim_ref *refs, size_t n)
{
    feed(lru, refs, n, 0);
}

MM_WIDE static void feed_million(struct mm_curve_lru *lru, const mmsim_ref *refs, size_t n)
{
    feed(lru, refs, n, 1);
}

MM_WIDE static void feed_large(struct mm_curve_lru *lru, const mmsim_ref *refs, size_t n)
{
    feed(lru, refs, n, lru->rank.n_upper);
}

void mm_curve_lru_feed(struct mm_curve_lru *lru, const mmsim_ref *refs, size_t n)
{
    static void (*const feeds[])(struct mm_curve_lru *, const mmsim_ref *,
                                 size_t) = {feed_small, feed_million, feed_large, feed_large};
    for (size_t done = 0; done < n;) {
        if (lru->rank.next == lru->rank.capacity)
            compact(lru);
        size_t room = lru->rank.capacity - lru->rank.next;
        size_t batch = n - done < room ? n - done : room;
        feeds[lru->rank.n_upper](lru, refs + done, batch);
        done += batch;
    }
}
