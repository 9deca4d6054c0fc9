/* migrate.c - two walks over all user entries: one to count, one to write. */
#include "paging/migrate.h"

#include <string.h>

#include "base/tree.h"
#include "paging/flush.h"

/* ---- walking ---- */

struct walk {
    struct mm_paging *paging;
    struct mm_frame_moves *moves;
    uint32_t n_entries[1 << MM_BUDDY_MAX_ORDER]; /* by frame: entries that name it */
    mmsim_vaddr start, end;                      /* of what was changed in a set; end exclusive */
};

typedef void (*visitor)(struct walk *walk, struct mm_pgtable *set, mmsim_vaddr page,
                        struct mmsim_entry *entry, mmsim_pfn index);

/* Calls `visit` for each user entry of a set that names a frame to be moved. */
static void visit_set(struct walk *walk, struct mm_pgtable *set, visitor visit)
{
    const struct mm_frame_moves *moves = walk->moves;
    mmsim_vaddr page = MM_LAYOUT_USER_START;
    while ((page = mm_pgtable_next(set, page, MM_LAYOUT_USER_END)) < MM_LAYOUT_USER_END) {
        struct mmsim_entry entry = mm_pgtable_query(set, page);
        mmsim_pfn index = mm_address_pfn(entry.base) - moves->first;
        bool names_frame = entry.state == MMSIM_ENTRY_PRESENT || entry.state == MMSIM_ENTRY_HELD;
        if (names_frame && index < moves->n_frames && moves->to[index] != MM_NO_PFN)
            visit(walk, set, page, &entry, index);
        page += (uint64_t)1 << mm_board_page_shift(walk->paging->board, entry.size_class);
    }
}

static void count_entry(struct walk *walk, struct mm_pgtable *set, mmsim_vaddr page,
                        struct mmsim_entry *entry, mmsim_pfn index)
{
    (void)set, (void)page, (void)entry;
    walk->n_entries[index]++;
}

static void rewrite_entry(struct walk *walk, struct mm_pgtable *set, mmsim_vaddr page,
                          struct mmsim_entry *entry, mmsim_pfn index)
{
    if (!walk->moves->moved[index])
        return;
    entry->base = mm_pfn_address(walk->moves->to[index]);
    mm_pgtable_map(set, page, entry);
    walk->start = page < walk->start ? page : walk->start;
    walk->end = page + MMSIM_PAGE_SIZE;
}

static void rewrite_set(struct walk *walk, struct mm_pgtable *set)
{
    walk->start = MM_LAYOUT_USER_END;
    walk->end = MM_LAYOUT_USER_START;
    visit_set(walk, set, rewrite_entry);
    if (walk->start < walk->end)
        mm_flush_range(set, walk->start, walk->end);
}

/* ---- frames ---- */

static void choose(struct walk *walk)
{
    struct mm_frame_moves *moves = walk->moves;
    const struct mm_frame *frames = &walk->paging->zones->table[moves->first];
    for (mmsim_pfn i = 0; i < moves->n_frames; i++)
        moves->moved[i] = moves->to[i] != MM_NO_PFN && frames[i].count == walk->n_entries[i];
}

/* The kernel reaches low frames directly and high ones through a temporary map, which costs. */
static uint8_t *touch(const struct mm_paging *paging, mmsim_pfn pfn)
{
    if (mm_pfn_address(pfn) >= MM_LOWMEM_END)
        mm_clock_work(paging->board->clock, MM_WORK_TEMPORARY_MAP);
    return mm_frame_bytes(paging->zones, &paging->zones->table[pfn]);
}

static void copy_frame(const struct mm_paging *paging, mmsim_pfn from, mmsim_pfn to)
{
    memcpy(touch(paging, to), touch(paging, from), MMSIM_PAGE_SIZE);
    mm_clock_work(paging->board->clock, MM_WORK_COPY_PAGE);
    mm_clock_work(paging->board->clock, MM_WORK_FRAME);
    mm_clock_work(paging->board->clock, MM_WORK_FRAME);
    if (paging->on_moved)
        paging->on_moved(paging->moved_user, from, to);
}

static void move_frames(void *user, struct mm_frame_moves *moves)
{
    struct walk walk = {.paging = user, .moves = moves};
    struct mm_list *head = &walk.paging->sets;
    for (struct mm_list *at = head->next; at != head; at = at->next)
        visit_set(&walk, MM_CONTAINER_OF(at, struct mm_pgtable, link), count_entry);
    choose(&walk);
    for (struct mm_list *at = head->next; at != head; at = at->next)
        rewrite_set(&walk, MM_CONTAINER_OF(at, struct mm_pgtable, link));
    for (mmsim_pfn i = 0; i < moves->n_frames; i++)
        if (moves->moved[i])
            copy_frame(walk.paging, moves->first + i, moves->to[i]);
}

void mm_migrate_install(struct mm_paging *paging)
{
    paging->zones->move_frames = move_frames;
    paging->zones->move_user = paging;
}
