/*
 * chain.h - lists of pages, several in one array of nodes.
 *
 * A page is in one list at most; which one, its policy knows. Each list has a head beyond the last
 * page, so that no operation has a special case. First is what was pushed last.
 *
 *   head <-> first <-> ... <-> last <-> head
 */
#ifndef MM_POLICY_CHAIN_H
#define MM_POLICY_CHAIN_H

#include "policy/block.h"

struct mm_link {
    mmsim_page prev, next;
};

struct mm_chain {
    struct mm_link *links; /* by page, then the head of each list */
    mmsim_page head, n_pages;
};

/* Lays out `n_lists` lists over the pages of a universe. */
static inline void mm_chain_lay_out(struct mm_chain *lists, size_t n_lists, struct mm_block *block,
                                    mmsim_page universe)
{
    struct mm_link *links =
        (struct mm_link *)mm_block_take(block, universe + n_lists, sizeof *links);
    for (size_t i = 0; i < n_lists; i++) {
        mmsim_page head = universe + (mmsim_page)i;
        lists[i] = (struct mm_chain){links, head, 0};
        if (links)
            links[head] = (struct mm_link){head, head};
    }
}

/* MMSIM_NO_PAGE if it is empty. */
static inline mmsim_page mm_chain_last(const struct mm_chain *chain)
{
    mmsim_page last = chain->links[chain->head].prev;
    return last == chain->head ? MMSIM_NO_PAGE : last;
}

static inline mmsim_page mm_chain_first(const struct mm_chain *chain)
{
    mmsim_page first = chain->links[chain->head].next;
    return first == chain->head ? MMSIM_NO_PAGE : first;
}

static inline void mm_chain_remove(struct mm_chain *chain, mmsim_page page)
{
    struct mm_link link = chain->links[page];
    chain->links[link.prev].next = link.next;
    chain->links[link.next].prev = link.prev;
    chain->n_pages--;
}

/* Between `before` and what follows it; either may be the head. */
static inline void mm_chain_insert(struct mm_chain *chain, mmsim_page before, mmsim_page page)
{
    mmsim_page next = chain->links[before].next;
    chain->links[page] = (struct mm_link){before, next};
    chain->links[next].prev = page;
    chain->links[before].next = page;
    chain->n_pages++;
}

static inline void mm_chain_push(struct mm_chain *chain, mmsim_page page)
{
    mm_chain_insert(chain, chain->head, page);
}

static inline void mm_chain_push_last(struct mm_chain *chain, mmsim_page page)
{
    mm_chain_insert(chain, chain->links[chain->head].prev, page);
}

/* Removes the last page, which there must be, and returns it. */
static inline mmsim_page mm_chain_pop(struct mm_chain *chain)
{
    mmsim_page page = chain->links[chain->head].prev;
    mm_chain_remove(chain, page);
    return page;
}

/* Nothing is written if it is first already. */
static inline void mm_chain_move_first(struct mm_chain *chain, mmsim_page page)
{
    if (chain->links[page].prev == chain->head)
        return;
    mm_chain_remove(chain, page);
    mm_chain_push(chain, page);
}

/* Follows it both ways. NULL, or what is wrong. */
const char *mm_chain_check(const struct mm_chain *chain);

#endif
