/* anon_page.c - anonymous pages come, are shared, go to swap and come back. */
#include "paging/anon_page.h"

#include "base/assert.h"
#include "paging/out.h"

/* ---- first and last ---- */

struct mm_frame *mm_anon_page_alloc(struct mm_reclaim *reclaim)
{
    mmsim_page page = MMSIM_NO_PAGE;
    if (mm_reclaim_has_swap(reclaim)) {
        page = mm_pager_new(reclaim->pager);
        if (page == MMSIM_NO_PAGE)
            return NULL;
    }
    mm_reclaim_make_room(reclaim, page);
    struct mm_frame *frame = mm_zone_alloc(reclaim->zones, MM_FRAME_ANON, 0);
    if (frame)
        mm_frame_set_page(frame, page);
    else
        mm_pager_forget(reclaim->pager, page);
    return frame;
}

static void free_frame(struct mm_reclaim *reclaim, struct mm_frame *frame)
{
    mm_pager_forget(reclaim->pager, mm_frame_page(frame));
    mm_zone_free(reclaim->zones, frame, mm_frame_order(frame));
}

void mm_anon_page_cancel(struct mm_reclaim *reclaim, struct mm_frame *frame)
{
    free_frame(reclaim, frame);
}

void mm_anon_page_mapped(struct mm_reclaim *reclaim, struct mm_frame *frame, struct mm_pgtable *set,
                         mmsim_vaddr page, enum mmsim_kind kind)
{
    struct mm_pager *pager = reclaim->pager;
    mmsim_page number = mm_frame_page(frame);
    mm_rmap_add(&reclaim->rmap, frame, set, page);
    if (number != MMSIM_NO_PAGE && pager->pages[number].place == MM_PLACE_ABSENT)
        mm_pager_load(pager, number, mm_frame_pfn(reclaim->zones, frame), kind);
}

void mm_anon_page_split(struct mm_reclaim *reclaim, struct mm_frame *frame, struct mm_pgtable *set,
                        mmsim_vaddr page)
{
    frame->owner = NULL;
    frame->payload = 0;
    if (mm_reclaim_has_swap(reclaim))
        mm_frame_set_page(frame, mm_pager_new(reclaim->pager));
    mm_anon_page_mapped(reclaim, frame, set, page, MMSIM_KIND_LOAD);
}

/* ---- the slot of a page in memory ---- */

static void cache(struct mm_reclaim *reclaim, struct mm_frame *frame, uint32_t slot)
{
    mm_swap_dup(reclaim->swap, slot);
    mm_frame_set_slot(frame, slot);
    reclaim->cached[slot] = mm_frame_pfn(reclaim->zones, frame) + 1;
    reclaim->n_cached++;
}

bool mm_anon_page_own(struct mm_reclaim *reclaim, struct mm_frame *frame)
{
    if (mm_frame_is_cached(frame) && frame->count <= 2 &&
        mm_swap_count(reclaim->swap, mm_frame_slot(frame)) == 1)
        mm_out_uncache(reclaim, frame);
    return frame->count == 1;
}

/* ---- references ---- */

static struct mm_frame *cached_frame(const struct mm_reclaim *reclaim, uint32_t slot)
{
    mmsim_pfn pfn = reclaim->cached[slot];
    return pfn != 0 ? &reclaim->zones->table[pfn - 1] : NULL;
}

/* A page that only its slot's bookkeeping still knows goes. */
static bool drop_if_unused(struct mm_reclaim *reclaim, struct mm_frame *frame)
{
    if (mm_frame_is_cached(frame) && frame->count == 1 &&
        mm_swap_count(reclaim->swap, mm_frame_slot(frame)) == 1)
        mm_out_uncache(reclaim, frame);
    if (frame->count > 0)
        return false;
    free_frame(reclaim, frame);
    return true;
}

bool mm_anon_page_put(struct mm_reclaim *reclaim, struct mm_frame *frame)
{
    MM_ASSERT(frame->count > 0, "a frame is put more often than it was got");
    frame->count--;
    if (drop_if_unused(reclaim, frame))
        return true;
    if (mm_frame_page(frame) != MMSIM_NO_PAGE) /* whoever locked it may have been this one */
        mm_pager_release(reclaim->pager, mm_frame_page(frame));
    return false;
}

void mm_anon_slot_put(struct mm_reclaim *reclaim, uint32_t slot)
{
    struct mm_frame *frame = cached_frame(reclaim, slot);
    mmsim_page page = mm_swap_page(reclaim->swap, slot);
    uint32_t n_left = mm_swap_put(reclaim->swap, slot);
    if (frame)
        drop_if_unused(reclaim, frame);
    else if (n_left == 0)
        mm_pager_forget(reclaim->pager, page);
}

/* ---- coming back ---- */

/* One request: the page that is wanted, and what comes along. */
struct fetch {
    uint32_t first; /* slot */
    unsigned n, wanted;
    struct mm_frame *frames[MM_SWAP_REQUEST_SLOTS];
    uint8_t *pages[MM_SWAP_REQUEST_SLOTS];
};

static struct mm_frame *take_frame(struct mm_reclaim *reclaim, uint32_t slot)
{
    mm_reclaim_make_room(reclaim, mm_swap_page(reclaim->swap, slot));
    return mm_zone_alloc(reclaim->zones, MM_FRAME_ANON, 0);
}

static bool take_along(struct mm_reclaim *reclaim, struct fetch *fetch, unsigned i)
{
    struct mm_frame *frame = take_frame(reclaim, fetch->first + i);
    if (!frame)
        return false;
    fetch->frames[i] = frame;
    fetch->pages[i] = mm_frame_bytes(reclaim->zones, frame);
    return true;
}

/* Frames for the neighbours that can be read, as long as there are any. They stand before the one
 * that is wanted in the policy's eyes. */
static void look_around(struct mm_reclaim *reclaim, struct fetch *fetch)
{
    uint32_t wanted = fetch->first;
    struct mm_swap_window window = mm_swap_window(reclaim->swap, wanted);
    if (window.n <= 1)
        return;
    struct fetch wide = {.first = window.first, .n = window.n, .wanted = wanted - window.first};
    wide.frames[wide.wanted] = fetch->frames[0];
    wide.pages[wide.wanted] = fetch->pages[0];
    for (unsigned i = 0; i < wide.n; i++) {
        uint32_t slot = wide.first + i;
        bool readable = (window.filled >> i) & 1;
        bool is_ours = mm_swap_shadow(reclaim->swap, slot) != MM_SLOT_OF_OBJECT;
        if (i == wide.wanted || !readable || !is_ours || cached_frame(reclaim, slot))
            continue;
        if (!take_along(reclaim, &wide, i))
            break;
        if (cached_frame(reclaim, slot) || mm_swap_count(reclaim->swap, slot) == 0 ||
            mm_swap_shadow(reclaim->swap, slot) == MM_SLOT_OF_OBJECT ||
            !mm_swap_is_filled(reclaim->swap, slot)) { /* making room has changed it */
            mm_zone_free(reclaim->zones, wide.frames[i], 0);
            wide.frames[i] = NULL;
            wide.pages[i] = NULL;
        }
    }
    *fetch = wide;
}

static void release(struct mm_reclaim *reclaim, struct fetch *fetch, unsigned i)
{
    if (fetch->frames[i])
        mm_zone_free(reclaim->zones, fetch->frames[i], 0);
    fetch->frames[i] = NULL;
    fetch->pages[i] = NULL;
}

static void adopt(struct mm_reclaim *reclaim, const struct fetch *fetch, unsigned i,
                  enum mmsim_kind kind)
{
    struct mm_frame *frame = fetch->frames[i];
    uint32_t slot = fetch->first + i;
    mmsim_page page = mm_swap_page(reclaim->swap, slot);
    cache(reclaim, frame, slot);
    mm_frame_set_page(frame, page);
    mm_pager_load(reclaim->pager, page, mm_frame_pfn(reclaim->zones, frame), kind);
}

/* Returns how many there are. */
static uint64_t adopt_neighbours(struct mm_reclaim *reclaim, const struct fetch *fetch)
{
    uint64_t n = 0;
    reclaim->pager->ahead = true;
    for (unsigned i = 0; i < fetch->n; i++) {
        if (i == fetch->wanted || !fetch->frames[i])
            continue;
        adopt(reclaim, fetch, i, MMSIM_KIND_LOAD);
        fetch->frames[i]->n_used |= MM_ANON_READ_AHEAD;
        n++;
    }
    reclaim->pager->ahead = false;
    return n;
}

static bool read(struct mm_reclaim *reclaim, struct fetch *fetch)
{
    enum mm_swap_result result = mm_swap_read(reclaim->swap, fetch->first, fetch->n, fetch->pages);
    if (result == MM_SWAP_OK || fetch->n == 1)
        return result == MM_SWAP_OK;
    for (unsigned i = 0; i < fetch->n; i++) /* the neighbours' trouble is not the page's */
        if (i != fetch->wanted)
            release(reclaim, fetch, i);
    return mm_swap_read(reclaim->swap, fetch->first, fetch->n, fetch->pages) == MM_SWAP_OK;
}

static void tell(const struct mm_reclaim *reclaim, uint32_t slot, uint64_t n_pages, bool ok)
{
    struct mm_obs *obs = reclaim->paging->board->obs;
    enum mmsim_event_type type = ok ? MMSIM_EVENT_SWAP_IN : MMSIM_EVENT_SWAP_ERROR;
    if (!mm_obs_wants(obs, type))
        return;
    struct mmsim_event event =
        mm_cpu_event(&reclaim->paging->cpus[reclaim->paging->current_cpu], type);
    event.value = slot;
    event.length = n_pages << MMSIM_PAGE_SHIFT;
    event.access = MMSIM_ACCESS_READ;
    mm_obs_emit(obs, &event);
}

enum mm_swap_in mm_anon_swap_in(struct mm_reclaim *reclaim, uint32_t slot, enum mmsim_kind kind,
                                struct mm_frame **frame)
{
    *frame = cached_frame(reclaim, slot);
    if (*frame) {
        (*frame)->n_used &= (uint16_t)~MM_ANON_READ_AHEAD;
        return MM_SWAP_IN_FOUND;
    }
    struct fetch fetch = {.first = slot, .n = 1};
    bool zeros = reclaim->swap->slots[slot].marks & MM_SWAP_ZERO;
    if (!take_along(reclaim, &fetch, 0))
        return MM_SWAP_IN_NO_MEMORY;
    if (!zeros)
        look_around(reclaim, &fetch);
    if (!read(reclaim, &fetch)) {
        release(reclaim, &fetch, fetch.wanted);
        tell(reclaim, slot, 1, false);
        return MM_SWAP_IN_ERROR;
    }
    *frame = fetch.frames[fetch.wanted];
    uint64_t n_pages = 1 + adopt_neighbours(reclaim, &fetch);
    adopt(reclaim, &fetch, fetch.wanted, kind);
    tell(reclaim, slot, n_pages, true);
    return zeros ? MM_SWAP_IN_FOUND : MM_SWAP_IN_READ;
}
