/*
 * lfu.c - the page with the fewest references since it was loaded goes first; of several the one
 * that reached its number first.
 *
 * A hit writes one word, the page's rank: its count and, below it, when it reached it. The order is
 * made up for when a victim is wanted. Pages are loaded into a queue; one that has one reference
 * when it comes to the end of it is the victim, any other moves to a heap, under the rank that it
 * has then. Ranks only grow, so those in the heap are lower bounds: a page at the top whose bound
 * is too low gets its present rank and sinks.
 *
 * Invariants: (1) each resident page is either in the queue, in the order of loading, or in the
 * heap; (2) a bound is at most its page's rank; (3) in the heap no page has a lower bound than its
 * parent. Counts stop at 2^30 - 1.
 */
#include "policy/policy.h"
#include "policy/ring.h"

enum { IN_HEAP = MM_OWN, TIME_BITS = 34 };

#define ONE (UINT64_C(1) << TIME_BITS)
#define COUNT_MASK (~(ONE - 1))

struct lfu {
    struct mm_resident resident;
    struct mm_ring queue; /* its slot_of also has the places of pages in the heap */
    uint64_t *ranks;      /* by page */
    uint64_t *bounds;     /* by place in the heap */
    mmsim_page *heap;
    mmsim_page n_heap;
    uint64_t now; /* references so far */
};

static size_t lay_out(struct lfu *lfu, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *lfu};
    mm_resident_lay_out(&lfu->resident, &block, setup);
    mm_ring_lay_out(&lfu->queue, &block, setup->frames, setup->universe, NULL);
    lfu->ranks = (uint64_t *)mm_block_take(&block, setup->universe, sizeof *lfu->ranks);
    lfu->bounds = (uint64_t *)mm_block_take(&block, setup->frames, sizeof *lfu->bounds);
    lfu->heap = (mmsim_page *)mm_block_take(&block, setup->frames, sizeof *lfu->heap);
    lfu->n_heap = 0;
    lfu->now = 0;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct lfu lfu;
    return lay_out(&lfu, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct lfu *)state, (uint8_t *)state, setup);
}

/* The count of a rank, and one more. */
static inline uint64_t more(uint64_t rank)
{
    uint64_t count = rank & COUNT_MASK;
    return count == COUNT_MASK ? count : count + ONE;
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct lfu *lfu = (struct lfu *)state;
    mm_resident_touch(&lfu->resident, page, kind, 0);
    lfu->ranks[page] = more(lfu->ranks[page]) | (++lfu->now & ~COUNT_MASK);
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct lfu *lfu = (struct lfu *)state;
    mm_resident_enter(&lfu->resident, page, kind, 0);
    lfu->ranks[page] = ONE | (++lfu->now & ~COUNT_MASK);
    mm_ring_push(&lfu->queue, page);
}

/* ---- the heap: the children of place i are at 2i + 1 and 2i + 2 ---- */

static MM_ALWAYS_INLINE void put(struct lfu *lfu, mmsim_page place, mmsim_page page, uint64_t bound)
{
    lfu->heap[place] = page;
    lfu->bounds[place] = bound;
    lfu->queue.slot_of[page] = place;
}

/* The hole at `place` rises to where a page of this bound may be. */
static MM_ALWAYS_INLINE void rise(struct lfu *lfu, mmsim_page place, mmsim_page page,
                                  uint64_t bound)
{
    while (place > 0 && lfu->bounds[(place - 1) / 2] > bound) {
        mmsim_page parent = (place - 1) / 2;
        put(lfu, place, lfu->heap[parent], lfu->bounds[parent]);
        place = parent;
    }
    put(lfu, place, page, bound);
}

static MM_ALWAYS_INLINE void sink(struct lfu *lfu, mmsim_page place, mmsim_page page,
                                  uint64_t bound)
{
    for (;;) {
        mmsim_page child = 2 * place + 1;
        if (child >= lfu->n_heap)
            break;
        if (child + 1 < lfu->n_heap && lfu->bounds[child + 1] < lfu->bounds[child])
            child++;
        if (lfu->bounds[child] >= bound)
            break;
        put(lfu, place, lfu->heap[child], lfu->bounds[child]);
        place = child;
    }
    put(lfu, place, page, bound);
}

static MM_ALWAYS_INLINE void heap_push(struct lfu *lfu, mmsim_page page)
{
    lfu->resident.flags[page] |= IN_HEAP;
    rise(lfu, lfu->n_heap++, page, lfu->ranks[page]);
}

static MM_ALWAYS_INLINE void heap_remove(struct lfu *lfu, mmsim_page place)
{
    mmsim_page last = lfu->heap[--lfu->n_heap];
    uint64_t bound = lfu->bounds[lfu->n_heap];
    if (place == lfu->n_heap)
        return;
    if (place > 0 && lfu->bounds[(place - 1) / 2] > bound)
        rise(lfu, place, last, bound);
    else
        sink(lfu, place, last, bound);
}

static MM_ALWAYS_INLINE mmsim_page heap_pop(struct lfu *lfu)
{
    mmsim_page page = lfu->heap[0];
    while (lfu->bounds[0] != lfu->ranks[page]) {
        sink(lfu, 0, page, lfu->ranks[page]);
        page = lfu->heap[0];
    }
    heap_remove(lfu, 0);
    return page;
}

/* ---- victims ---- */

static MM_ALWAYS_INLINE mmsim_page choose(struct lfu *lfu)
{
    while (lfu->queue.n_pages > 0) {
        mmsim_page page = mm_ring_oldest(&lfu->queue);
        mm_ring_drop(&lfu->queue);
        if (lfu->ranks[page] < 2 * ONE)
            return page;
        heap_push(lfu, page);
    }
    return heap_pop(lfu);
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct lfu *lfu = (struct lfu *)state;
    (void)incoming;
    mmsim_page victim = choose(lfu);
    mm_resident_leave(&lfu->resident, victim, 0);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct lfu *lfu = (struct lfu *)state;
    if (!mm_resident_has(&lfu->resident, page))
        return;
    if (lfu->resident.flags[page] & IN_HEAP)
        heap_remove(lfu, lfu->queue.slot_of[page]);
    else
        mm_ring_remove(&lfu->queue, page);
    mm_resident_leave(&lfu->resident, page, 0);
}

/*
 * ---- in bulk ----
 *
 * The queue has no holes, and its pages need not know their slots. It is in registers; so the heap,
 * which is needed less often, is not part of the loop.
 */

static MM_NEVER_INLINE void push_apart(struct lfu *lfu, mmsim_page page)
{
    heap_push(lfu, page);
}

static MM_NEVER_INLINE mmsim_page pop_apart(struct lfu *lfu)
{
    return heap_pop(lfu);
}

static MM_ALWAYS_INLINE mmsim_page choose_in_bulk(struct lfu *lfu, struct mm_ring *queue)
{
    while (queue->n_pages > 0) {
        mmsim_page page = queue->slots[queue->first];
        mm_ring_drop(queue);
        if (lfu->ranks[page] < 2 * ONE)
            return page;
        push_apart(lfu, page);
    }
    return pop_apart(lfu);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct lfu *lfu = (struct lfu *)state;
    mm_ring_squeeze(&lfu->queue);
    struct mm_ring queue = lfu->queue;
    struct mmsim_counts sum = *counts;
    mmsim_page n_pages = lfu->resident.n_pages, frames = lfu->resident.frames;
    uint8_t *flags = lfu->resident.flags;
    uint64_t *ranks = lfu->ranks, now = lfu->now;
    for (size_t i = 0; i < n; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        unsigned old = flags[page], dirty = mm_dirty_flag(mmsim_ref_kind(refs[i]));
        uint64_t time = ++now & ~COUNT_MASK;
        if (old & MM_RESIDENT) {
            flags[page] = (uint8_t)(old | dirty);
            ranks[page] = more(ranks[page]) | time;
            continue;
        }
        sum.misses++;
        if (n_pages < frames) {
            n_pages++;
        } else {
            mmsim_page victim = choose_in_bulk(lfu, &queue);
            sum.evictions++;
            sum.dirty_evictions += flags[victim] & MM_DIRTY;
            flags[victim] &= MM_DIRTY;
        }
        flags[page] = (uint8_t)(MM_RESIDENT | dirty);
        ranks[page] = ONE | time;
        mm_ring_append(&queue, page);
    }
    lfu->queue = queue;
    lfu->now = now;
    lfu->resident.n_pages = n_pages;
    mm_ring_squeeze(&lfu->queue);
    sum.references += n;
    *counts = sum;
}

static void resize(void *state, mmsim_page frames)
{
    struct lfu *lfu = (struct lfu *)state;
    lfu->resident.frames = frames;
}

static const char *check(const void *state)
{
    const struct lfu *lfu = (const struct lfu *)state;
    const char *wrong = mm_resident_check(&lfu->resident);
    if (!wrong)
        wrong = mm_ring_check(&lfu->queue);
    if (wrong)
        return wrong;
    for (mmsim_page i = 0; i < lfu->n_heap; i++) {
        mmsim_page page = lfu->heap[i];
        if (lfu->queue.slot_of[page] != i || lfu->bounds[i] > lfu->ranks[page])
            return "a page in the heap does not know its place, or has too high a bound";
        if (i > 0 && lfu->bounds[(i - 1) / 2] > lfu->bounds[i])
            return "the heap is not in its order";
    }
    return lfu->queue.n_pages + lfu->n_heap == lfu->resident.n_pages
               ? NULL
               : "queue and heap are not what is resident";
}

const struct mmsim_policy_ops mm_policy_lfu = {
    MM_POLICY_HEAD,
    .name = "lfu",
    .summary = "the page with the fewest references since it was loaded goes first",
    .source = "Aho, Denning & Ullman, Principles of optimal page replacement, JACM 18(1), 1971",
    .view = MMSIM_VIEW_REFERENCES,
    .state_bytes = state_bytes,
    .init = init,
    .reference = reference,
    .load = load,
    .evict = evict,
    .forget = forget,
    .replay = replay,
    .resize = resize,
    .check = check,
};
