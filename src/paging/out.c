/* out.c - anonymous pages on their way out, or only to swap. */
#include "paging/out.h"

#include "base/assert.h"
#include "paging/flush.h"
#include "paging/pcache.h"

/* ---- flushing ---- */

static void flush_one(struct mm_out_batch *batch, unsigned i)
{
    mm_flush_range(batch->flushes[i].set, batch->flushes[i].start, batch->flushes[i].end);
    batch->flushes[i] = batch->flushes[--batch->n_flushes];
}

static void flush_all(struct mm_out_batch *batch)
{
    while (batch->n_flushes > 0)
        flush_one(batch, batch->n_flushes - 1);
}

/* The entry of a page was changed: its set is to be flushed. */
static void note_change(struct mm_out_batch *batch, struct mm_pgtable *set, mmsim_vaddr page)
{
    mmsim_vaddr end = page + MMSIM_PAGE_SIZE;
    for (unsigned i = 0; i < batch->n_flushes; i++) {
        if (batch->flushes[i].set != set)
            continue;
        if (page < batch->flushes[i].start)
            batch->flushes[i].start = page;
        if (end > batch->flushes[i].end)
            batch->flushes[i].end = end;
        return;
    }
    if (batch->n_flushes == MM_OUT_SETS)
        flush_one(batch, 0);
    batch->flushes[batch->n_flushes].set = set;
    batch->flushes[batch->n_flushes].start = page;
    batch->flushes[batch->n_flushes++].end = end;
    if (!set->paging->flush.batched)
        flush_all(batch);
}

/* ---- beginning ---- */

struct survey {
    uint32_t n_mappings;
    bool is_locked, is_dirty;
};

static struct survey survey(const struct mm_reclaim *reclaim, const struct mm_frame *frame)
{
    struct survey survey = {0};
    struct mm_rmap_walk walk = mm_rmap_walk(&reclaim->rmap, frame);
    while (mm_rmap_next(&walk)) {
        const struct mm_mapping *at = &walk.mapping;
        survey.n_mappings++;
        survey.is_locked |= reclaim->hooks.is_locked(at->set, at->page);
        survey.is_dirty |= (mm_pgtable_query(at->set, at->page).flags & MMSIM_ENTRY_DIRTY) != 0;
    }
    return survey;
}

/* Every entry names the slot from now on; MM_NO_SLOT: none is left. */
static void unmap(struct mm_reclaim *reclaim, struct mm_out_batch *batch,
                  const struct mm_frame *frame, uint32_t slot)
{
    struct mmsim_entry entry = {.state = MMSIM_ENTRY_SWAP, .base = mm_swap_base(slot)};
    struct mm_rmap_walk walk = mm_rmap_walk(&reclaim->rmap, frame);
    while (mm_rmap_next(&walk)) {
        const struct mm_mapping *at = &walk.mapping;
        if (slot == MM_NO_SLOT) {
            mm_pgtable_unmap(at->set, at->page);
        } else {
            mm_swap_dup(reclaim->swap, slot);
            mm_pgtable_map(at->set, at->page, &entry);
        }
        reclaim->hooks.account(at->set, -1, slot != MM_NO_SLOT);
        note_change(batch, at->set, at->page);
    }
}

static void add(struct mm_reclaim *reclaim, struct mm_out_batch *batch, struct mm_frame *frame,
                uint32_t slot, bool is_clean)
{
    unmap(reclaim, batch, frame, slot);
    batch->victims[batch->n++] =
        (struct mm_out_victim){.frame = frame, .slot = slot, .is_clean = is_clean};
}

enum mm_out mm_out_begin(struct mm_reclaim *reclaim, struct mm_out_batch *batch,
                         struct mm_frame *frame)
{
    struct survey found = survey(reclaim, frame);
    if (mm_frame_order(frame) > 0 || found.n_mappings != mm_frame_mappings(frame))
        return MM_OUT_PINNED;
    if (found.is_locked)
        return MM_OUT_LOCKED;
    bool is_cached = mm_frame_is_cached(frame);
    if ((frame->n_used & MM_ANON_LAZY_FREE) && !found.is_dirty && !is_cached) {
        add(reclaim, batch, frame, MM_NO_SLOT, true);
        return MM_OUT_UNDER_WAY;
    }
    frame->n_used &= (uint16_t)~MM_ANON_LAZY_FREE;
    uint32_t slot = is_cached ? mm_frame_slot(frame) : mm_reclaim_take_slot(reclaim);
    if (slot == MM_NO_SLOT)
        return MM_OUT_NO_SWAP;
    if (is_cached && !mm_swap_is_filled(reclaim->swap, slot))
        return MM_OUT_IO_ERROR;
    if (reclaim->swap->areas[mm_swap_area_of(reclaim->swap, slot)].state != MM_SWAP_ON)
        return MM_OUT_NO_SWAP; /* it is being emptied */
    add(reclaim, batch, frame, slot, is_cached);
    return MM_OUT_UNDER_WAY;
}

/* ---- finishing ---- */

static void tell(const struct mm_reclaim *reclaim, enum mmsim_event_type type, uint32_t slot,
                 unsigned n)
{
    struct mm_obs *obs = reclaim->paging->board->obs;
    if (!mm_obs_wants(obs, type))
        return;
    struct mmsim_event event =
        mm_cpu_event(&reclaim->paging->cpus[reclaim->paging->current_cpu], type);
    event.value = slot;
    event.length = (uint64_t)n << MMSIM_PAGE_SHIFT;
    event.access = MMSIM_ACCESS_WRITE;
    mm_obs_emit(obs, &event);
}

static bool continues(const struct mm_reclaim *reclaim, const struct mm_out_victim *victims,
                      unsigned n)
{
    const struct mm_out_victim *next = &victims[n];
    return !next->is_clean && next->slot == victims[0].slot + n &&
           mm_swap_area_of(reclaim->swap, next->slot) ==
               mm_swap_area_of(reclaim->swap, victims[0].slot);
}

/* Writes the pages from victims[0] on whose slots lie side by side; how many. */
static unsigned write_run(struct mm_reclaim *reclaim, const struct mm_out_victim *victims,
                          unsigned n)
{
    const uint8_t *pages[MM_OUT_BATCH];
    unsigned n_run = 1;
    while (n_run < n && continues(reclaim, victims, n_run))
        n_run++;
    for (unsigned i = 0; i < n_run; i++)
        pages[i] = mm_frame_bytes(reclaim->zones, victims[i].frame);
    bool ok = mm_swap_write(reclaim->swap, victims[0].slot, n_run, pages) == MM_SWAP_OK;
    reclaim->pager->stats.write_backs += ok ? n_run : 0;
    tell(reclaim, ok ? MMSIM_EVENT_SWAP_OUT : MMSIM_EVENT_SWAP_ERROR, victims[0].slot, n_run);
    return n_run;
}

static void write_all(struct mm_reclaim *reclaim, struct mm_out_batch *batch)
{
    for (unsigned i = 0; i < batch->n;)
        i += batch->victims[i].is_clean ? 1 : write_run(reclaim, &batch->victims[i], batch->n - i);
}

/* It could not be written: its entries name it again. */
static void restore(struct mm_reclaim *reclaim, const struct mm_out_victim *victim)
{
    struct mm_rmap_walk walk = mm_rmap_walk(&reclaim->rmap, victim->frame);
    while (mm_rmap_next(&walk)) {
        const struct mm_mapping *at = &walk.mapping;
        struct mmsim_entry entry = reclaim->hooks.entry(at->set, at->page, victim->frame);
        mm_pgtable_map(at->set, at->page, &entry);
        mm_swap_put(reclaim->swap, victim->slot);
        reclaim->hooks.account(at->set, 1, -1);
    }
    mm_swap_put(reclaim->swap, victim->slot);
    reclaim->refusal = "pages could not be written";
    mm_pager_put_back(reclaim->pager, mm_frame_page(victim->frame));
}

static void tell_evicted(const struct mm_reclaim *reclaim, const struct mm_frame *frame)
{
    struct mm_obs *obs = reclaim->paging->board->obs;
    if (!mm_obs_wants(obs, MMSIM_EVENT_EVICT))
        return;
    struct mmsim_event event =
        mm_cpu_event(&reclaim->paging->cpus[reclaim->paging->current_cpu], MMSIM_EVENT_EVICT);
    event.frame = mm_frame_pfn(reclaim->zones, frame);
    event.value = mm_frame_page(frame);
    mm_obs_emit(obs, &event);
}

static void settle(struct mm_reclaim *reclaim, const struct mm_out_victim *victim)
{
    struct mm_frame *frame = victim->frame;
    mmsim_page page = mm_frame_page(frame);
    tell_evicted(reclaim, frame);
    mm_rmap_clear(&reclaim->rmap, frame);
    if (victim->slot == MM_NO_SLOT) {
        mm_pager_left(reclaim->pager, page);
        mm_pager_forget(reclaim->pager, page);
    } else {
        if (victim->is_clean)
            mm_out_uncache(reclaim, frame);
        else
            mm_swap_put(reclaim->swap, victim->slot);
        mm_swap_set_page(reclaim->swap, victim->slot, page);
        mm_pager_left(reclaim->pager, page);
    }
    frame->count = 1;
    mm_zone_free(reclaim->zones, frame, 0);
    mm_clock_work(reclaim->paging->board->clock, MM_WORK_FRAME);
}

uint64_t mm_out_finish(struct mm_reclaim *reclaim, struct mm_out_batch *batch)
{
    uint64_t n_freed = 0;
    flush_all(batch);
    write_all(reclaim, batch);
    for (unsigned i = 0; i < batch->n; i++) {
        const struct mm_out_victim *victim = &batch->victims[i];
        if (victim->slot != MM_NO_SLOT && !mm_swap_is_filled(reclaim->swap, victim->slot)) {
            restore(reclaim, victim);
            continue;
        }
        settle(reclaim, victim);
        n_freed++;
    }
    batch->n = 0;
    return n_freed;
}

/* ---- only to swap ---- */

void mm_out_uncache(struct mm_reclaim *reclaim, struct mm_frame *frame)
{
    uint32_t slot = mm_frame_slot(frame);
    mm_frame_set_slot(frame, MM_NO_SLOT);
    reclaim->cached[slot] = 0;
    reclaim->n_cached--;
    frame->count--;
    mm_swap_put(reclaim->swap, slot);
}

static void cache(struct mm_reclaim *reclaim, struct mm_frame *frame, uint32_t slot)
{
    mm_frame_set_slot(frame, slot);
    reclaim->cached[slot] = mm_frame_pfn(reclaim->zones, frame) + 1;
    reclaim->n_cached++;
    frame->count++;
    mm_swap_set_page(reclaim->swap, slot, mm_frame_page(frame));
}

/* Every entry grants what its VMA and the state of its frame allow now. */
static void rewrite_entries(struct mm_reclaim *reclaim, const struct mm_frame *frame)
{
    struct mm_out_batch batch = {0};
    struct mm_rmap_walk walk = mm_rmap_walk(&reclaim->rmap, frame);
    while (mm_rmap_next(&walk)) {
        const struct mm_mapping *at = &walk.mapping;
        struct mmsim_entry rights = reclaim->hooks.entry(at->set, at->page, frame);
        mm_pgtable_protect(at->set, at->page, &rights);
        note_change(&batch, at->set, at->page);
    }
    flush_all(&batch);
}

static bool clean_anon(struct mm_reclaim *reclaim, struct mm_frame *frame)
{
    struct survey found = survey(reclaim, frame);
    if (mm_frame_is_cached(frame) || found.is_locked || mm_frame_order(frame) > 0 ||
        (frame->n_used & MM_ANON_LAZY_FREE) || found.n_mappings != frame->count)
        return false;
    uint32_t slot = mm_reclaim_take_slot(reclaim);
    if (slot == MM_NO_SLOT)
        return false;
    cache(reclaim, frame, slot);
    rewrite_entries(reclaim, frame);
    struct mm_out_victim victim = {.frame = frame, .slot = slot};
    write_run(reclaim, &victim, 1);
    if (mm_swap_is_filled(reclaim->swap, slot))
        return true;
    mm_out_uncache(reclaim, frame);
    rewrite_entries(reclaim, frame);
    return false;
}

bool mm_out_clean(struct mm_reclaim *reclaim, struct mm_frame *frame)
{
    if (frame->use == MM_FRAME_ANON)
        return clean_anon(reclaim, frame);
    return mm_object_start_cleaning(mm_frame_object(frame), frame);
}

/* ---- accessed bits ---- */

static enum mmsim_look look_anon(struct mm_reclaim *reclaim, const struct mm_frame *frame)
{
    bool accessed = false;
    bool dirty = false;
    struct mm_rmap_walk walk = mm_rmap_walk(&reclaim->rmap, frame);
    while (mm_rmap_next(&walk)) {
        const struct mm_mapping *at = &walk.mapping;
        if (!mm_pgtable_test_and_clear(at->set, at->page, MMSIM_ENTRY_ACCESSED))
            continue;
        accessed = true;
        dirty |= (mm_pgtable_query(at->set, at->page).flags & MMSIM_ENTRY_DIRTY) != 0;
        if (reclaim->setup.flush_young)
            mm_flush_page(at->set, at->page);
    }
    if (!accessed)
        return MMSIM_LOOK_NOTHING;
    return dirty ? MMSIM_LOOK_WRITTEN : MMSIM_LOOK_ACCESSED;
}

enum mmsim_look mm_out_look(struct mm_reclaim *reclaim, mmsim_pfn pfn)
{
    struct mm_frame *frame = &reclaim->zones->table[pfn];
    if (frame->use == MM_FRAME_ANON)
        return look_anon(reclaim, frame);
    bool used = frame->n_used & MM_PAGE_REFERENCED;
    frame->n_used &= (uint16_t)~MM_PAGE_REFERENCED;
    struct mm_object *object = mm_frame_object(frame);
    const struct mm_object_hooks *hooks = &object->cache->hooks;
    enum mmsim_look found = hooks->look(hooks->user, object, frame->payload);
    if (found == MMSIM_LOOK_NOTHING && used)
        found = MMSIM_LOOK_ACCESSED;
    return found;
}
