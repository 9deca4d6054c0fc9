/* chain.c - the check of a list (chain.h). */
#include "policy/chain.h"

const char *mm_chain_check(const struct mm_chain *chain)
{
    mmsim_page n = 0, at = chain->head;
    do {
        mmsim_page next = chain->links[at].next;
        if (chain->links[next].prev != at)
            return "two neighbours in a list do not agree";
        at = next;
        n += at != chain->head;
    } while (at != chain->head && n <= chain->n_pages);
    return n == chain->n_pages ? NULL : "the length of a list is wrong";
}
