/* opt_online.c - see opt_online.h. */
#include "policy/opt_online.h"

#include <string.h>

#include "policy/bulk.h"

enum { FIRST = 65, MIN_WINDOW = 4096, MOMENTS_PER_PAGE = 8 };

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
    online->now = (FIRST + n_free + 2 + 63) & ~63u;
    online->last[online->previous] = online->now - 1;
}

/* The word of the newest moments goes to where the others are. */
static void put_newest(struct mm_opt_online *online, uint32_t word)
{
    if (online->newest == 0)
        return;
    mm_bits_set(&online->free, (uint64_t)word << 6);
    online->free.levels[0][word] = online->newest;
    online->newest = 0;
}

/* After the last moment of a word. */
static MM_NEVER_INLINE struct mm_opt_online turned(struct mm_opt_online online)
{
    put_newest(&online, (online.now - 1) >> 6);
    if (online.now + 64 > online.window)
        renumber(&online);
    return online;
}

/* Takes the largest bit up to `moment` of a word, unless it is the only one, or there is none. */
static MM_ALWAYS_INLINE bool take_bit(uint64_t *word, uint32_t moment, uint64_t at_least)
{
    uint64_t older = *word & (UINT64_MAX >> (63 - (moment & 63)));
    uint64_t left = *word & ~(UINT64_C(1) << mm_bits_top(older | 1));
    if (older == 0 || left < at_least)
        return false;
    *word = left;
    return true;
}

static bool take_far(struct mm_opt_online *online, uint64_t moment)
{
    uint64_t since = mm_bits_last(&online->free, moment);
    if (since != MM_BITS_NONE)
        mm_bits_clear(&online->free, since);
    else if (online->never_taken > 0)
        online->never_taken--;
    else
        return false;
    return true;
}

/* Of the frames that are free since `moment` or before, the one that is so for the shortest time
 * becomes free now instead. */
static MM_ALWAYS_INLINE bool take_frame(struct mm_opt_online *online, uint32_t moment)
{
    uint32_t newest = online->now & ~63u;
    bool taken = moment >= newest ? take_bit(&online->newest, moment, 0)
                                  : take_bit(&online->free.levels[0][moment >> 6], moment, 1);
    if (!taken && !take_far(online, moment >= newest ? (uint64_t)newest - 1 : moment))
        return false;
    online->newest |= UINT64_C(1) << (online->now & 63);
    return true;
}

static MM_ALWAYS_INLINE void count_miss(struct mm_opt_online *online, mmsim_page page,
                                        bool came_back, struct mmsim_counts *counts)
{
    bool full = online->n_pages >= online->frames;
    online->n_pages += !full;
    counts->misses++;
    counts->evictions += full;
    counts->dirty_evictions += came_back && (online->flags[page] & MM_DIRTY);
    online->flags[page] = 0;
}

void mm_opt_online_replay(struct mm_opt_online *state, const mmsim_ref *refs, size_t n,
                          struct mmsim_counts *counts)
{
    struct mm_opt_online online = *state; /* in registers, as far as they go */
    struct mmsim_counts sum = *counts;
    for (size_t i = 0; i < n; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        uint8_t dirty = mm_dirty_flag(mmsim_ref_kind(refs[i]));
        uint32_t last = online.last[page];
        bool hit = last != 0 && (last + 1 == online.now || take_frame(&online, last + 1));
        if (!hit)
            count_miss(&online, page, last != 0, &sum);
        if (dirty & ~online.flags[page])
            online.flags[page] |= dirty;
        online.last[page] = online.now++;
        online.previous = page;
        if ((online.now & 63) == 0)
            online = turned(online);
    }
    sum.references += n;
    *counts = sum;
    *state = online;
}
