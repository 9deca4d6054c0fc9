/* priority.c - pages by rank (priority.h): a binary heap whose pages know their places. */
#include "policy/priority.h"

static void put(struct mm_priority *heap, mmsim_page place, mmsim_page page, struct mm_order rank)
{
    heap->pages[place] = page;
    heap->ranks[place] = rank;
    heap->place_of[page] = place;
}

/* Finds the place for a page that may belong at `place` or nearer to the first. */
static void rise(struct mm_priority *heap, mmsim_page place, mmsim_page page, struct mm_order rank)
{
    while (place > 0) {
        mmsim_page parent = (place - 1) / 2;
        if (!mm_order_below(rank, heap->ranks[parent]))
            break;
        put(heap, place, heap->pages[parent], heap->ranks[parent]);
        place = parent;
    }
    put(heap, place, page, rank);
}

/* The same, farther from the first. */
static void sink(struct mm_priority *heap, mmsim_page place, mmsim_page page, struct mm_order rank)
{
    for (;;) {
        mmsim_page child = 2 * place + 1;
        if (child >= heap->n_pages)
            break;
        if (child + 1 < heap->n_pages && mm_order_below(heap->ranks[child + 1], heap->ranks[child]))
            child++;
        if (!mm_order_below(heap->ranks[child], rank))
            break;
        put(heap, place, heap->pages[child], heap->ranks[child]);
        place = child;
    }
    put(heap, place, page, rank);
}

static void settle(struct mm_priority *heap, mmsim_page place, mmsim_page page,
                   struct mm_order rank)
{
    if (place > 0 && mm_order_below(rank, heap->ranks[(place - 1) / 2]))
        rise(heap, place, page, rank);
    else
        sink(heap, place, page, rank);
}

void mm_priority_push(struct mm_priority *heap, mmsim_page page, struct mm_order rank)
{
    rise(heap, heap->n_pages++, page, rank);
}

void mm_priority_remove(struct mm_priority *heap, mmsim_page page)
{
    mmsim_page place = heap->place_of[page], last = --heap->n_pages;
    if (place != last)
        settle(heap, place, heap->pages[last], heap->ranks[last]);
}

void mm_priority_move(struct mm_priority *heap, mmsim_page page, struct mm_order rank)
{
    settle(heap, heap->place_of[page], page, rank);
}

void mm_priority_rebuild(struct mm_priority *heap)
{
    for (mmsim_page place = heap->n_pages / 2; place-- > 0;)
        sink(heap, place, heap->pages[place], heap->ranks[place]);
}

const char *mm_priority_check(const struct mm_priority *heap)
{
    for (mmsim_page place = 0; place < heap->n_pages; place++) {
        if (heap->place_of[heap->pages[place]] != place)
            return "a page does not know its place in the heap";
        if (place > 0 && mm_order_below(heap->ranks[place], heap->ranks[(place - 1) / 2]))
            return "a page ranks below its parent in the heap";
    }
    return NULL;
}
