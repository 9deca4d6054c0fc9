/*
 * slab.c - taking objects from slabs and putting them back, in batches.
 *
 * A batch of freed objects meets slabs in random order; what the loops need of the set is read
 * once, because the compiler cannot know that the stores in between leave it alone.
 */
#include "alloc/slab.h"

#include <string.h>

#include "base/assert.h"
#include "base/rng.h"

enum { GRANULE = 16, N_KEPT = 1, MANY_SLABS = 32 };

/* ---- layout ---- */

static uint8_t smallest_order(uint32_t slot_bytes)
{
    if (slot_bytes <= 512)
        return 0;
    if (slot_bytes <= 1024)
        return 1;
    if (slot_bytes > 4096 && (slot_bytes & (slot_bytes - 1)) == 0)
        return (uint8_t)(__builtin_ctz(slot_bytes) - MMSIM_PAGE_SHIFT); /* it fills its slab */
    return slot_bytes <= 4096 ? 2 : 3;
}

/* More than an eighth of the slab is left over. */
static bool wastes(uint32_t slot_bytes, uint32_t first, uint8_t order)
{
    uint32_t room = ((uint32_t)MMSIM_PAGE_SIZE << order) - first;
    return room < slot_bytes || (room % slot_bytes) * 8 > room;
}

struct mm_slab_layout mm_slab_plan(uint32_t slot_bytes, uint32_t alignment)
{
    uint32_t unit = alignment > GRANULE ? alignment : GRANULE;
    uint32_t slot = (slot_bytes + unit - 1) & ~(unit - 1);
    uint8_t order = smallest_order(slot);
    while (order < 5 && wastes(slot, 0, order))
        order++;
    return (struct mm_slab_layout){
        .slot_bytes = slot,
        .per_slab = (uint16_t)(((uint32_t)MMSIM_PAGE_SIZE << order) / slot),
        .n_colours = 1,
        .order = order,
    };
}

void mm_slab_init(struct mm_slab_set *set)
{
    for (unsigned state = 0; state < MM_N_SLAB_STATES; state++)
        set->heads[state] = MM_NO_PFN;
    uint64_t inverse = ((uint64_t)1 << 32) / set->layout.slot_bytes + 1;
    set->slot_inverse = (uint32_t)inverse;
}

/* ---- where things are ---- */

static struct mm_frame *frame_at(const struct mm_slab_set *set, mmsim_pfn slab)
{
    return &set->zones->table[slab];
}

static uint8_t *host_at(const struct mm_slab_set *set, uint32_t offset)
{
    return set->zones->phys->host + offset;
}

/* The bits of a slab's free objects, by number: one word in the frame table, or some of the map. */
static uint64_t *free_bits(const struct mm_slab_set *set, mmsim_pfn slab)
{
    if (set->layout.per_slab <= 64)
        return &frame_at(set, slab)->payload;
    return set->free_map + (size_t)slab * MM_SLAB_MAP_WORDS;
}

static unsigned n_words(const struct mm_slab_set *set)
{
    return (set->layout.per_slab + 63u) / 64;
}

/* Slabs that follow each other have colours that do. */
static uint32_t colour_of(const struct mm_slab_set *set, mmsim_pfn slab)
{
    if (set->layout.n_colours == 1)
        return 0;
    return (slab >> set->layout.order) % set->layout.n_colours * set->layout.colour_bytes;
}

uint32_t mm_slab_first(const struct mm_slab_set *set, mmsim_pfn slab)
{
    return (slab << MMSIM_PAGE_SHIFT) + set->layout.first + colour_of(set, slab);
}

static uint32_t number_of(const struct mm_slab_set *set, uint32_t first, uint32_t offset)
{
    return (uint32_t)(((uint64_t)(offset - first) * set->slot_inverse) >> 32);
}

uint32_t mm_slab_object(const struct mm_slab_set *set, uint32_t offset)
{
    uint32_t first = mm_slab_first(set, mm_slab_of(set, offset));
    if (offset < first)
        return MM_SLAB_NO_OBJECT;
    uint32_t number = number_of(set, first, offset);
    return number < set->layout.per_slab ? first + number * set->layout.slot_bytes
                                         : MM_SLAB_NO_OBJECT;
}

/* ---- slabs and their lists ---- */

static enum mm_slab_state state_of(const struct mm_slab_set *set, unsigned n_used)
{
    unsigned per_slab = set->layout.per_slab;
    if (n_used == per_slab)
        return MM_SLAB_FULL;
    if (n_used == 0)
        return MM_SLAB_EMPTY;
    return 2 * n_used >= per_slab ? MM_SLAB_DENSE : MM_SLAB_SPARSE;
}

static void list_add(struct mm_slab_set *set, mmsim_pfn slab, enum mm_slab_state state)
{
    struct mm_frame *frame = frame_at(set, slab);
    frame->prev = MM_NO_PFN;
    frame->next = set->heads[state];
    if (frame->next != MM_NO_PFN)
        frame_at(set, frame->next)->prev = slab;
    set->heads[state] = slab;
}

static void list_remove(struct mm_slab_set *set, mmsim_pfn slab, enum mm_slab_state state)
{
    struct mm_frame *frame = frame_at(set, slab);
    if (frame->prev == MM_NO_PFN)
        set->heads[state] = frame->next;
    else
        frame_at(set, frame->prev)->next = frame->next;
    if (frame->next != MM_NO_PFN)
        frame_at(set, frame->next)->prev = frame->prev;
}

/* Notes how many objects of a slab are taken, and lists it anew if its state is another one. */
static inline void set_used(struct mm_slab_set *set, mmsim_pfn slab, struct mm_frame *frame,
                            unsigned n_used)
{
    enum mm_slab_state before = state_of(set, frame->n_used), after = state_of(set, n_used);
    frame->n_used = (uint16_t)n_used;
    if (__builtin_expect(before == after, 1))
        return;
    list_remove(set, slab, before);
    list_add(set, slab, after);
    set->n_empty += (uint64_t)(after == MM_SLAB_EMPTY) - (uint64_t)(before == MM_SLAB_EMPTY);
}

static void construct_all(struct mm_slab_set *set, mmsim_pfn slab)
{
    uint32_t object = mm_slab_first(set, slab);
    for (unsigned i = 0; i < set->layout.per_slab; i++, object += set->layout.slot_bytes)
        set->construct(host_at(set, object));
}

static void free_all(struct mm_slab_set *set, mmsim_pfn slab)
{
    uint64_t *bits = free_bits(set, slab);
    unsigned n_left = set->layout.per_slab;
    for (unsigned word = 0; word < n_words(set); word++, n_left -= n_left < 64 ? n_left : 64)
        bits[word] = n_left >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << n_left) - 1;
}

/* A new empty slab; false: no frames. */
static bool grow(struct mm_slab_set *set)
{
    unsigned order = set->layout.order;
    struct mm_frame *frame = mm_zone_alloc(set->zones, MM_FRAME_SLAB, order);
    if (!frame)
        return false;
    mmsim_pfn slab = mm_frame_pfn(set->zones, frame);
    frame->owner = set;
    memset(set->page_map + slab, set->index, (size_t)1 << order);
    free_all(set, slab);
    if (set->construct)
        construct_all(set, slab);
    if (set->prepare)
        set->prepare(set, slab);
    list_add(set, slab, MM_SLAB_EMPTY);
    set->n_slabs++;
    set->n_empty++;
    *set->n_frames += (uint64_t)1 << order;
    if (*set->n_frames > *set->peak_frames)
        *set->peak_frames = *set->n_frames;
    return true;
}

static void give_back(struct mm_slab_set *set, mmsim_pfn slab)
{
    unsigned order = set->layout.order;
    struct mm_frame *frame = frame_at(set, slab);
    list_remove(set, slab, MM_SLAB_EMPTY);
    set->n_slabs--;
    set->n_empty--;
    *set->n_frames -= (uint64_t)1 << order;
    memset(set->page_map + slab, 0, (size_t)1 << order);
    if (set->clears)
        memset(host_at(set, slab << MMSIM_PAGE_SHIFT), 0, MMSIM_PAGE_SIZE << order);
    mm_zone_free(set->zones, frame, order);
}

/* True if the set can do without one of its empty slabs. */
static bool has_surplus(const struct mm_slab_set *set)
{
    unsigned n_kept = set->n_slabs >= MANY_SLABS || set->checks ? N_KEPT : 0;
    return set->n_empty > n_kept && mm_slab_n_free(set) >= set->n_reserved + set->layout.per_slab;
}

/* ---- taking and putting ---- */

/* Takes up to n free objects of a word in random order; where the next one belongs. */
static uint32_t *take_random(const struct mm_slab_set *set, uint64_t *bits, uint32_t first,
                             uint32_t *end, unsigned n)
{
    for (; *bits && n > 0; n--) {
        uint64_t left = *bits;
        uint64_t k = mm_rng_below(set->shuffle, (unsigned)__builtin_popcountll(left));
        for (; k > 0; k--)
            left &= left - 1;
        unsigned bit = (unsigned)__builtin_ctzll(left);
        *bits &= ~((uint64_t)1 << bit);
        *--end = first + bit * set->layout.slot_bytes;
    }
    return end;
}

/* The same from the lowest one up. */
static uint32_t *take_lowest(const struct mm_slab_set *set, uint64_t *bits, uint32_t first,
                             uint32_t *end, unsigned n)
{
    const uint32_t slot_bytes = set->layout.slot_bytes;
    uint64_t left = *bits;
    for (; left && n > 0; n--, left &= left - 1)
        *--end = first + (unsigned)__builtin_ctzll(left) * slot_bytes;
    *bits = left;
    return end;
}

/* Takes up to n objects of one slab; returns how many. Filled from the end of `objects` down. */
static unsigned take_from(struct mm_slab_set *set, mmsim_pfn slab, uint32_t *end, unsigned n)
{
    struct mm_frame *frame = frame_at(set, slab);
    uint64_t *bits = free_bits(set, slab);
    uint32_t first = mm_slab_first(set, slab), *at = end;
    for (unsigned word = 0; word < n_words(set) && end - at < n; word++) {
        unsigned n_left = n - (unsigned)(end - at);
        at = set->shuffle ? take_random(set, &bits[word], first, at, n_left)
                          : take_lowest(set, &bits[word], first, at, n_left);
        first += 64 * set->layout.slot_bytes;
    }
    unsigned taken = (unsigned)(end - at);
    set_used(set, slab, frame, frame->n_used + taken);
    set->n_taken += taken;
    return taken;
}

static mmsim_pfn slab_to_serve(struct mm_slab_set *set)
{
    for (unsigned state = MM_SLAB_DENSE; state <= MM_SLAB_EMPTY; state++)
        if (set->heads[state] != MM_NO_PFN)
            return set->heads[state];
    return grow(set) ? set->heads[MM_SLAB_EMPTY] : MM_NO_PFN;
}

unsigned mm_slab_take(struct mm_slab_set *set, uint32_t *objects, unsigned n)
{
    unsigned taken = 0;
    while (taken < n) {
        mmsim_pfn slab = slab_to_serve(set);
        if (slab == MM_NO_PFN)
            break;
        taken += take_from(set, slab, objects + n - taken, n - taken);
    }
    if (taken < n)
        memmove(objects, objects + n - taken, taken * sizeof *objects);
    return taken;
}

/* A slab has lost an object and changes its list; an empty one may go. */
static void change_state(struct mm_slab_set *set, mmsim_pfn slab, unsigned n_used)
{
    struct mm_frame *frame = frame_at(set, slab);
    frame->n_used = (uint16_t)(n_used + 1);
    set_used(set, slab, frame, n_used);
    if (n_used == 0 && has_surplus(set))
        give_back(set, slab);
}

/* One object fewer of a slab that has n_used left: does that change the slab's state? */
static inline bool changes_state(unsigned n_used, unsigned per_slab)
{
    return n_used == 0 || n_used == (per_slab + 1) / 2 - 1 || n_used == per_slab - 1;
}

/* Puts n objects back. Inlined for the plainest layout: what does not change between objects (and
 * the compiler cannot know, for all the stores) is in the arguments. */
static inline void put_all(struct mm_slab_set *set, const uint32_t *objects, unsigned n,
                           bool is_plain)
{
    struct mm_frame *const table = set->zones->table;
    const mmsim_pfn mask = ~(((mmsim_pfn)1 << set->layout.order) - 1);
    const uint64_t inverse = set->slot_inverse;
    const unsigned per_slab = set->layout.per_slab;
    for (unsigned i = 0; i < n; i++) {
        mmsim_pfn slab = (objects[i] >> MMSIM_PAGE_SHIFT) & mask;
        struct mm_frame *frame = &table[slab];
        uint32_t first = is_plain ? slab << MMSIM_PAGE_SHIFT : mm_slab_first(set, slab);
        uint64_t number = ((objects[i] - first) * inverse) >> 32;
        uint64_t *bits = is_plain ? &frame->payload : free_bits(set, slab) + number / 64;
        *bits |= (uint64_t)1 << (number % 64);
        unsigned n_used = --frame->n_used;
        if (__builtin_expect(changes_state(n_used, per_slab), 0))
            change_state(set, slab, n_used);
    }
}

void mm_slab_put(struct mm_slab_set *set, const uint32_t *objects, unsigned n)
{
    const struct mm_slab_layout *layout = &set->layout;
    set->n_taken -= n;
    if (layout->per_slab <= 64 && layout->first == 0 && layout->n_colours == 1)
        put_all(set, objects, n, true);
    else
        put_all(set, objects, n, false);
}

bool mm_slab_is_free(const struct mm_slab_set *set, uint32_t object)
{
    mmsim_pfn slab = mm_slab_of(set, object);
    uint32_t number = number_of(set, mm_slab_first(set, slab), object);
    return free_bits(set, slab)[number / 64] >> (number % 64) & 1;
}

bool mm_slab_grow(struct mm_slab_set *set, uint64_t n)
{
    while (mm_slab_n_free(set) < n)
        if (!grow(set))
            return false;
    return true;
}

uint64_t mm_slab_shrink(struct mm_slab_set *set)
{
    uint64_t n_frames = 0;
    while (set->n_empty > 0 && mm_slab_n_free(set) >= set->n_reserved + set->layout.per_slab) {
        give_back(set, set->heads[MM_SLAB_EMPTY]);
        n_frames += (uint64_t)1 << set->layout.order;
    }
    return n_frames;
}

void mm_slab_discard(struct mm_slab_set *set, mmsim_pfn slab)
{
    struct mm_frame *frame = frame_at(set, slab);
    set->n_taken -= frame->n_used;
    set_used(set, slab, frame, 0);
    give_back(set, slab);
}

mmsim_pfn mm_slab_next(const struct mm_slab_set *set, mmsim_pfn slab)
{
    unsigned state = 0;
    if (slab != MM_NO_PFN) {
        const struct mm_frame *frame = frame_at(set, slab);
        if (frame->next != MM_NO_PFN)
            return frame->next;
        state = (unsigned)state_of(set, frame->n_used) + 1;
    }
    while (state < MM_N_SLAB_STATES && set->heads[state] == MM_NO_PFN)
        state++;
    return state < MM_N_SLAB_STATES ? set->heads[state] : MM_NO_PFN;
}

/* ---- checking ---- */

/* Which objects of a slab are free. */
static const char *check_free(const struct mm_slab_set *set, mmsim_pfn slab)
{
    const uint64_t *bits = free_bits(set, slab);
    uint32_t object = mm_slab_first(set, slab);
    unsigned n_free = 0, n_bits = 0;
    for (unsigned i = 0; i < set->layout.per_slab; i++, object += set->layout.slot_bytes) {
        if (!(bits[i / 64] >> (i % 64) & 1))
            continue;
        n_free++;
        if (set->live[object >> 10] >> ((object >> 4) & 63) & 1)
            return "an object is in use and free in its slab at once";
    }
    for (unsigned word = 0; word < n_words(set); word++)
        n_bits += (unsigned)__builtin_popcountll(bits[word]);
    if (n_bits != n_free)
        return "a slab has free objects beyond its last one";
    return n_free + frame_at(set, slab)->n_used == set->layout.per_slab
               ? NULL
               : "a slab's free objects are not what its count of those in use leaves";
}

static const char *check_frames(const struct mm_slab_set *set, mmsim_pfn slab)
{
    mmsim_pfn n_frames = (mmsim_pfn)1 << set->layout.order;
    if ((slab & (n_frames - 1)) || slab > set->zones->n_frames - n_frames)
        return "a list of slabs leads to what is no slab";
    const struct mm_frame *frame = frame_at(set, slab);
    for (mmsim_pfn i = 0; i < n_frames; i++)
        if (set->page_map[slab + i] != set->index)
            return "the page map does not name the set of a slab's page";
    if (frame->use != MM_FRAME_SLAB)
        return "the frames of a slab are in another use";
    if (frame->owner != set)
        return "a slab does not name its set of slabs";
    if (mm_frame_order(frame) != set->layout.order)
        return "a slab's first frame has another order than its set";
    return frame->n_used <= set->layout.per_slab ? NULL
                                                 : "a slab has more objects in use than it holds";
}

struct sums {
    uint64_t n_slabs, n_taken, n_empty;
};

static const char *check_list(const struct mm_slab_set *set, enum mm_slab_state state,
                              struct sums *sums)
{
    mmsim_pfn previous = MM_NO_PFN, slab = set->heads[state];
    while (slab != MM_NO_PFN) {
        const char *broken = check_frames(set, slab);
        if (!broken)
            broken = check_free(set, slab);
        if (broken)
            return broken;
        const struct mm_frame *frame = frame_at(set, slab);
        if (frame->prev != previous)
            return "a slab does not link back to the one before";
        if (state_of(set, frame->n_used) != state)
            return "a slab is on the list of another state";
        if (++sums->n_slabs > set->n_slabs)
            return "there are more slabs than their set counts";
        sums->n_taken += frame->n_used;
        sums->n_empty += frame->n_used == 0;
        previous = slab;
        slab = frame->next;
    }
    return NULL;
}

const char *mm_slab_check(const struct mm_slab_set *set)
{
    struct sums sums = {0};
    for (unsigned state = 0; state < MM_N_SLAB_STATES; state++) {
        const char *broken = check_list(set, (enum mm_slab_state)state, &sums);
        if (broken)
            return broken;
    }
    if (sums.n_slabs != set->n_slabs || sums.n_empty != set->n_empty)
        return "there are fewer slabs than their set counts";
    return sums.n_taken == set->n_taken ? NULL : "the count of objects taken from slabs is wrong";
}
