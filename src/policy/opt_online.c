/* opt_online.c - see opt_online.h. */
#include "policy/opt_online.h"

#include <string.h>

enum { FIRST = 2, MIN_WINDOW = 4096, MOMENTS_PER_PAGE = 8 };

void mm_opt_online_lay_out(struct mm_opt_online *online, struct mm_block *block, uint8_t *flags,
                           const struct mmsim_policy_setup *setup)
{
    uint64_t window = MIN_WINDOW + (uint64_t)MOMENTS_PER_PAGE * setup->universe;
    *online = (struct mm_opt_online){
        .now = FIRST,
        .window = window < UINT32_MAX ? (uint32_t)window : UINT32_MAX,
        .never_taken = setup->frames - 1,
        .frames = setup->frames,
        .universe = setup->universe,
        .previous = MMSIM_NO_PAGE,
        .flags = flags,
    };
    mm_bits_lay_out(&online->free, block, online->window);
    online->last = (uint32_t *)mm_block_take(block, setup->universe, sizeof(uint32_t));
    online->ranks = (uint32_t *)mm_block_take(block, online->window / 64 + 1, sizeof(uint32_t));
}

/* How many frames are free since `moment` or before. */
static uint32_t rank(const struct mm_opt_online *online, uint32_t moment)
{
    uint64_t word = online->free.levels[0][moment >> 6];
    word &= UINT64_MAX >> (63 - (moment & 63));
    return online->ranks[moment >> 6] + (uint32_t)__builtin_popcountll(word);
}

/* The bits of all levels go; `n_free` ones come back, from FIRST + 1 on. */
static void renumber_free(struct mm_opt_online *online, uint32_t n_free)
{
    uint64_t bound = online->window;
    for (unsigned level = 0; level < online->free.n_levels; level++) {
        bound = bound / 64 + 1;
        memset(online->free.levels[level], 0, (size_t)bound * sizeof(uint64_t));
    }
    for (uint32_t i = 1; i <= n_free; i++)
        mm_bits_set(&online->free, FIRST + i);
}

/* A page with r free frames before its last moment gets a moment before which there are r. */
static void renumber(struct mm_opt_online *online)
{
    uint32_t n_free = 0;
    for (uint32_t word = 0; word <= online->window / 64; word++) {
        online->ranks[word] = n_free;
        n_free += (uint32_t)__builtin_popcountll(online->free.levels[0][word]);
    }
    for (mmsim_page page = 0; page < online->universe; page++)
        if (online->last[page] != 0)
            online->last[page] = FIRST - 1 + rank(online, online->last[page] + 1);
    renumber_free(online, n_free);
    online->now = FIRST + n_free + 2;
    online->last[online->previous] = online->now - 1;
}

/* Whether a frame was free from `last` to now; it is taken. */
static inline bool take_frame(struct mm_opt_online *online, uint32_t last)
{
    if (last == 0)
        return false;
    if (last + 1 == online->now)
        return true;
    uint64_t since = mm_bits_last(&online->free, last + 1);
    if (since != MM_BITS_NONE)
        mm_bits_clear(&online->free, since);
    else if (online->never_taken > 0)
        online->never_taken--;
    else
        return false;
    mm_bits_set(&online->free, online->now);
    return true;
}

static inline void count_miss(struct mm_opt_online *online, mmsim_page page, bool came_back,
                              struct mmsim_counts *counts)
{
    counts->misses++;
    if (online->n_pages < online->frames)
        online->n_pages++;
    else
        counts->evictions++;
    counts->dirty_evictions += came_back && (online->flags[page] & MM_DIRTY);
    online->flags[page] = 0;
}

void mm_opt_online_replay(struct mm_opt_online *online, const mmsim_ref *refs, size_t n,
                          struct mmsim_counts *counts)
{
    struct mmsim_counts sum = *counts;
    for (size_t i = 0; i < n; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        if (online->now == online->window)
            renumber(online);
        uint32_t last = online->last[page];
        if (!take_frame(online, last))
            count_miss(online, page, last != 0, &sum);
        online->flags[page] |= mm_dirty_flag(mmsim_ref_kind(refs[i]));
        online->last[page] = online->now++;
        online->previous = page;
    }
    sum.references += n;
    *counts = sum;
}
