/* compact.c - choosing the place that is cheapest to empty, and emptying it. */
#include "alloc/compact.h"

#include "alloc/buddy_place.h"
#include "alloc/scrub.h"
#include "alloc/zone_part.h"
#include "base/assert.h"

/* ---- choosing ---- */

/* A place for a block: an aligned stretch of frames. */
struct place {
    mmsim_pfn pfn;
    mmsim_pfn n_frames;
    mmsim_pfn n_movable;
    unsigned pinned_by; /* bit n: frames in use n pin it */
    bool is_free;       /* as one block */
};

struct choice {
    struct mm_buddy *buddy;
    struct mm_compact_result *result;
    struct place best; /* n_frames 0: none yet */
};

static void look_at_block(const struct mm_buddy *buddy, const struct mm_buddy_block *block,
                          struct place *place)
{
    const struct mm_frame *head = &buddy->frames[block->pfn];
    if (block->state == MM_BLOCK_FREE)
        place->is_free = block->n_frames >= place->n_frames;
    else if (block->state == MM_BLOCK_USED && head->use == MM_FRAME_ANON && block->n_frames == 1)
        place->n_movable++;
    else
        place->pinned_by |= 1u << head->use;
}

static struct place look_at(const struct mm_buddy *buddy, const struct mm_buddy_range *range,
                            mmsim_pfn pfn, mmsim_pfn n_frames)
{
    struct place place = {.pfn = pfn, .n_frames = n_frames};
    struct mm_buddy_block block = mm_buddy_block_at(buddy, pfn);
    while (true) {
        look_at_block(buddy, &block, &place);
        mmsim_pfn next = block.pfn + block.n_frames;
        if (next >= pfn + n_frames)
            return place;
        block = mm_buddy_block_from(buddy, range, next);
    }
}

static void consider(struct choice *choice, const struct place *place)
{
    struct mm_compact_result *result = choice->result;
    result->n_blocks++;
    if (place->pinned_by == 0) {
        if (choice->best.n_frames == 0 || place->n_movable < choice->best.n_movable)
            choice->best = *place;
        return;
    }
    result->n_pinned++;
    for (unsigned use = 0; use < MM_N_FRAME_USES; use++)
        result->n_pinned_by[use] += (place->pinned_by >> use) & 1;
}

/* Looks at every place of a range; true: one is a free block already. */
static bool search_range(struct choice *choice, const struct mm_buddy_range *range,
                         mmsim_pfn n_frames)
{
    mmsim_pfn pfn = (range->start + n_frames - 1) & ~(n_frames - 1);
    for (; pfn < range->end && range->end - pfn >= n_frames; pfn += n_frames) {
        struct place place = look_at(choice->buddy, range, pfn, n_frames);
        if (place.is_free) {
            choice->best = place;
            return true;
        }
        consider(choice, &place);
    }
    return false;
}

/* ---- emptying ---- */

/* A frame for a page of a process; there is one. */
static mmsim_pfn take_destination(struct mm_zones *zones)
{
    struct mm_zone_order order = mm_zone_order_of(MM_FRAME_ANON);
    mmsim_pfn pfn = MM_NO_PFN;
    for (unsigned i = 0; i < order.n && pfn == MM_NO_PFN; i++)
        pfn = mm_buddy_alloc(&zones->zones[order.zones[i]], MM_MOVABLE, 0);
    MM_ASSERT(pfn != MM_NO_PFN, "there is no room for the frames that compaction counted");
    if (zones->switches & MM_ZONES_POISONED)
        mm_scrub_allocated(zones, pfn, 1);
    return pfn;
}

/* Takes what is free in the place, so that nothing is moved into it. */
static void isolate(struct mm_buddy *buddy, const struct place *place)
{
    for (mmsim_pfn pfn = place->pfn; pfn < place->pfn + place->n_frames;) {
        struct mm_buddy_block block = mm_buddy_block_at(buddy, pfn);
        pfn = block.pfn + block.n_frames;
        if (block.state == MM_BLOCK_FREE)
            mm_buddy_take(buddy, block.pfn, pfn);
    }
}

static void plan(struct mm_zones *zones, const struct place *place, struct mm_frame_moves *moves)
{
    moves->first = place->pfn;
    moves->n_frames = place->n_frames;
    for (mmsim_pfn i = 0; i < place->n_frames; i++)
        moves->to[i] = MM_NO_PFN;
    for (mmsim_pfn i = 0; i < place->n_frames;) {
        const struct mm_frame *from = &zones->table[place->pfn + i];
        if (from->use == MM_FRAME_ANON) {
            moves->to[i] = take_destination(zones);
            moves->moved[i] = false;
            zones->table[moves->to[i]] = *from;
        }
        i += (mmsim_pfn)1 << mm_frame_order(from);
    }
}

/* What the mover did becomes true in the frame table: of both frames one is reserved now. */
static void settle(struct mm_zones *zones, const struct mm_frame_moves *moves,
                   struct mm_compact_result *result)
{
    for (mmsim_pfn i = 0; i < moves->n_frames; i++) {
        mmsim_pfn from = moves->first + i, to = moves->to[i];
        if (to == MM_NO_PFN)
            continue;
        mmsim_pfn vacated = moves->moved[i] ? from : to;
        zones->table[vacated] = (struct mm_frame){.use = MM_FRAME_RESERVED};
        if (zones->switches & MM_ZONES_POISON)
            mm_scrub_freed(zones, vacated, 1);
        if (moves->moved[i])
            result->n_moved++;
        else {
            mm_buddy_free(&zones->zones[mm_pfn_zone(to)], to, 0);
            result->n_refused++;
        }
    }
}

/* Frees what is not in use in the place, which merges it. */
static void release(struct mm_buddy *buddy, const struct place *place)
{
    for (mmsim_pfn pfn = place->pfn; pfn < place->pfn + place->n_frames;) {
        unsigned order = mm_frame_order(&buddy->frames[pfn]);
        if (buddy->frames[pfn].use == MM_FRAME_RESERVED)
            mm_buddy_free(buddy, pfn, order);
        pfn += (mmsim_pfn)1 << order;
    }
}

static void empty(struct mm_zones *zones, struct mm_buddy *buddy, const struct place *place,
                  struct mm_compact_result *result)
{
    struct mm_frame_moves moves;
    isolate(buddy, place);
    plan(zones, place, &moves);
    zones->move_frames(zones->move_user, &moves);
    settle(zones, &moves, result);
    release(buddy, place);
    zones->n_compacted_frames += result->n_moved;
    result->end = result->n_refused > 0 ? MM_COMPACT_REFUSED : MM_COMPACT_DONE;
}

static enum mm_compact_end obstacle(const struct mm_zones *zones, const struct choice *choice)
{
    uint64_t n_free = zones->zones[MM_ZONE_LOW].n_free + zones->zones[MM_ZONE_HIGH].n_free;
    if (choice->best.n_frames == 0)
        return MM_COMPACT_PINNED;
    /* the moved frames and the free ones of the place are as many as the block */
    if (n_free < choice->best.n_frames)
        return MM_COMPACT_NO_ROOM;
    return zones->move_frames ? MM_COMPACT_DONE : MM_COMPACT_NO_MOVER;
}

bool mm_compact_block(struct mm_zones *zones, enum mm_zone_kind zone, unsigned order,
                      struct mm_compact_result *result)
{
    MM_ASSERT(order <= MM_BUDDY_MAX_ORDER, "compaction is asked for more than a largest block");
    *result = (struct mm_compact_result){0};
    mm_zones_drain(zones);
    struct mm_buddy *buddy = &zones->zones[zone];
    struct choice choice = {.buddy = buddy, .result = result};
    bool is_free = false;
    for (unsigned i = 0; i < buddy->n_ranges && !is_free; i++)
        is_free = search_range(&choice, &buddy->ranges[i], (mmsim_pfn)1 << order);
    result->end = is_free ? MM_COMPACT_DONE : obstacle(zones, &choice);
    result->pfn = choice.best.pfn;
    if (is_free || result->end != MM_COMPACT_DONE)
        return is_free;
    zones->n_compactions++;
    empty(zones, buddy, &choice.best, result);
    return result->end == MM_COMPACT_DONE;
}
