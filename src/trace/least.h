/*
 * least.h - numbers at positions, and a walk to the left over ever smaller ones.
 *
 * Over the numbers stand the smallest of each 32 (a leaf), over these the smallest of each 32, and
 * so on to one node. The walk goes through a leaf number by number, without a branch; from leaf to
 * leaf it goes up until a node has something smaller on the left, and down again.
 *
 * Invariants: (1) least[k + 1][i] is the smallest of least[k][32 i] to least[k][32 i + 31]; (2)
 * there are two storeys at least, and the last is one node.
 */
#ifndef MM_TRACE_LEAST_H
#define MM_TRACE_LEAST_H

#include <mmsim/policy.h>

#include "base/host.h"
#include "base/wide.h"

enum { MM_LEAST_FAN = 32, MM_LEAST_MAX_STOREYS = 8 };

#define MM_LEAST_NOTHING INT32_MAX  /* at a position without a number */
#define MM_LEAST_NOWHERE UINT32_MAX /* no such position */

struct mm_least {
    int32_t *least[MM_LEAST_MAX_STOREYS]; /* [0]: the numbers themselves */
    unsigned n_storeys;
    uint32_t capacity;
    uint8_t *memory;
    size_t n_bytes;
};

/* False: no host memory. capacity: positions, at least 32. No position has a number. */
bool mm_least_init(struct mm_least *least, uint32_t capacity, struct mm_host *host);
void mm_least_fini(struct mm_least *least, struct mm_host *host);

/* Makes everything over the numbers from the numbers. */
void mm_least_rebuild(struct mm_least *least);

/* The last slot up to `limit` with a number below `value`; -1: there is none. */
MM_WIDE_PART int32_t mm_least_slot(const int32_t *node, int32_t limit, int32_t value)
{
    int32_t last = -1;
    for (int32_t i = 0; i < MM_LEAST_FAN; i++) {
        int32_t here = ((node[i] < value) & (i <= limit)) ? i : -1;
        last = here > last ? here : last;
    }
    return last;
}

MM_WIDE_PART int32_t mm_least_of_node(const int32_t *node)
{
    int32_t least = MM_LEAST_NOTHING;
    for (int32_t i = 0; i < MM_LEAST_FAN; i++)
        least = node[i] < least ? node[i] : least;
    return least;
}

/* The last leaf before `leaf` that has a number below `value`. */
MM_WIDE_PART uint32_t mm_least_leaf(const struct mm_least *least, uint32_t leaf, int32_t value)
{
    uint32_t at = leaf;
    unsigned k = 1;
    int32_t slot = mm_least_slot(least->least[k] + (at & ~31u), (int32_t)(at & 31) - 1, value);
    while (slot < 0) {
        if (++k == least->n_storeys)
            return MM_LEAST_NOWHERE;
        at >>= 5;
        slot = mm_least_slot(least->least[k] + (at & ~31u), (int32_t)(at & 31) - 1, value);
    }
    at = (at & ~31u) + (uint32_t)slot;
    while (--k > 0)
        at = 32 * at + (uint32_t)mm_least_slot(least->least[k] + 32 * (size_t)at, 31, value);
    return at;
}

/* The numbers of a leaf are larger than they were; the smallest is `now`. */
MM_WIDE_PART void mm_least_raise(struct mm_least *least, uint32_t leaf, int32_t now)
{
    int32_t old = least->least[1][leaf];
    least->least[1][leaf] = now;
    for (unsigned k = 2; k < least->n_storeys; k++) {
        uint32_t node = leaf >> (5 * (k - 1));
        if (least->least[k][node] != old)
            break;
        least->least[k][node] = mm_least_of_node(least->least[k - 1] + 32 * (size_t)node);
    }
}

/* One leaf of mm_least_hand_on(); its smallest number goes to *least. */
MM_WIDE_PART int32_t mm_least_hand_on_leaf(int32_t *leaf, int32_t slot, int32_t in_hand,
                                           int32_t *least)
{
    int32_t smallest = MM_LEAST_NOTHING;
    for (int32_t i = MM_LEAST_FAN - 1; i > slot; i--)
        smallest = leaf[i] < smallest ? leaf[i] : smallest;
    for (int32_t i = slot; i >= 0; i--) {
        int32_t here = leaf[i];
        int32_t larger = here > in_hand ? here : in_hand;
        in_hand = here < in_hand ? here : in_hand;
        smallest = larger < smallest ? larger : smallest;
        leaf[i] = larger;
    }
    *least = smallest;
    return in_hand;
}

/*
 * Goes from `position` to the left with nothing in hand. Wherever there is a smaller number than
 * in hand, the two are exchanged. Returns what is in hand at the end.
 */
MM_WIDE_PART int32_t mm_least_hand_on(struct mm_least *least, uint32_t position)
{
    int32_t in_hand = MM_LEAST_NOTHING, slot = (int32_t)(position & 31), smallest;
    for (uint32_t leaf = position >> 5; leaf != MM_LEAST_NOWHERE;
         leaf = mm_least_leaf(least, leaf, in_hand)) {
        in_hand =
            mm_least_hand_on_leaf(least->least[0] + 32 * (size_t)leaf, slot, in_hand, &smallest);
        mm_least_raise(least, leaf, smallest);
        slot = MM_LEAST_FAN - 1;
    }
    return in_hand;
}

/* Puts a number at a position that has none. */
MM_WIDE_PART void mm_least_put(struct mm_least *least, uint32_t position, int32_t value)
{
    for (unsigned k = 0; k < least->n_storeys; k++) {
        int32_t *here = &least->least[k][position >> (5 * k)];
        if (*here <= value)
            break;
        *here = value;
    }
}

#endif
