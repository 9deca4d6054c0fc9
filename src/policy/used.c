/* used.c - pages in the order of their last use, with its time (used.h). */
#include "policy/used.h"

void mm_used_lay_out(struct mm_used *used, struct mm_block *block,
                     const struct mmsim_policy_setup *setup)
{
    mm_resident_lay_out(&used->resident, block, setup);
    mm_chain_lay_out(&used->list, 1, block, setup->universe);
    used->last = (uint64_t *)mm_block_take(block, setup->universe, sizeof *used->last);
    used->now = 0;
}

void mm_used_reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct mm_used *used = (struct mm_used *)state;
    mm_resident_touch(&used->resident, page, kind, 0);
    used->last[page] = used->now + 1;
    mm_chain_move_first(&used->list, page);
}

void mm_used_load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct mm_used *used = (struct mm_used *)state;
    mm_resident_enter(&used->resident, page, kind, 0);
    used->last[page] = used->now + 1;
    mm_chain_push(&used->list, page);
}

mmsim_page mm_used_evict(void *state, mmsim_page incoming)
{
    struct mm_used *used = (struct mm_used *)state;
    (void)incoming;
    mmsim_page victim = mm_chain_pop(&used->list);
    mm_resident_leave(&used->resident, victim, 0);
    return victim;
}

void mm_used_forget(void *state, mmsim_page page)
{
    struct mm_used *used = (struct mm_used *)state;
    if (!mm_resident_has(&used->resident, page))
        return;
    mm_chain_remove(&used->list, page);
    mm_resident_leave(&used->resident, page, 0);
}

void mm_used_resize(void *state, mmsim_page frames)
{
    ((struct mm_used *)state)->resident.frames = frames;
}

size_t mm_used_leave(struct mm_used *used, uint64_t time, mmsim_page *leaving, size_t max)
{
    size_t n = 0;
    while (n < max && used->list.n_pages > 0 && used->last[mm_chain_last(&used->list)] < time)
        leaving[n++] = mm_used_evict(used, MMSIM_NO_PAGE);
    return n;
}

const char *mm_used_check(const void *state)
{
    const struct mm_used *used = (const struct mm_used *)state;
    const char *wrong = mm_resident_check(&used->resident);
    if (wrong == NULL)
        wrong = mm_chain_check(&used->list);
    if (wrong)
        return wrong;
    uint64_t newer = UINT64_MAX;
    mmsim_page page = used->list.links[used->list.head].next;
    for (; page != used->list.head; page = used->list.links[page].next) {
        if (used->last[page] > newer)
            return "the list is not in the order of use";
        newer = used->last[page];
    }
    return NULL;
}
