/* heap-workload.c - hot pairs, bursts, orders of freeing, and churn. */
#include "heap-workload.h"

#include "base/rng.h"
#include "heap-bench.h"

/* How many of a hundred objects have which sizes: most of what programs allocate is small. */
static const struct {
    uint32_t percent, first, last; /* bytes */
} sizes[] = {
    {30, HEAP_MIN_BYTES, 32}, {30, 33, 64},  {20, 65, 128},
    {10, 129, 256},           {6, 257, 512}, {4, 513, HEAP_MAX_BYTES},
};

static uint16_t draw_size(struct mm_rng *rng)
{
    uint64_t percent = mm_rng_below(rng, 100);
    size_t i = 0;
    for (; percent >= sizes[i].percent; i++)
        percent -= sizes[i].percent;
    return (uint16_t)(sizes[i].first + mm_rng_below(rng, sizes[i].last - sizes[i].first + 1));
}

struct heap_work *heap_work_create(void)
{
    struct heap_work *work = heap_pages(sizeof *work);
    struct mm_rng rng;
    mm_rng_seed(&rng, 1);
    for (uint32_t i = 0; i < HEAP_N_QUEUED; i++) {
        uint32_t other = (uint32_t)mm_rng_below(&rng, i + 1);
        work->orders[HEAP_ORDER_FIFO][i] = i;
        work->orders[HEAP_ORDER_LIFO][i] = HEAP_N_QUEUED - 1 - i;
        work->orders[HEAP_ORDER_RANDOM][i] = work->orders[HEAP_ORDER_RANDOM][other];
        work->orders[HEAP_ORDER_RANDOM][other] = i;
    }
    for (uint32_t i = 0; i < HEAP_N_CHURNS; i++) {
        work->victims[i] = (uint32_t)mm_rng_next(&rng);
        work->sizes[i] = draw_size(&rng);
    }
    return work;
}

/* Whether the program writes to an object when it gets it. */
enum touch { UNTOUCHED, WRITTEN };

HEAP_INLINE void *take(enum heap_side side, struct heap_allocator with, uint32_t bytes,
                       enum touch touch)
{
    void *object = heap_malloc(side, with, bytes);
    if (touch == WRITTEN)
        *(volatile uint64_t *)object = bytes;
    return object;
}

HEAP_INLINE double hot_pair(enum heap_side side, struct heap_allocator with, uint32_t bytes)
{
    double start = heap_now_ns();
    for (uint32_t i = 0; i < HEAP_N_PAIRS; i++)
        heap_free(side, with, take(side, with, bytes, UNTOUCHED));
    return (heap_now_ns() - start) / HEAP_N_PAIRS;
}

double heap_run_hot_pair(struct heap_work *work, const struct heap_allocator *with, uint32_t bytes)
{
    (void)work;
    if (with->side == HEAP_SIDE_MMSIM)
        return hot_pair(HEAP_SIDE_MMSIM, *with, bytes);
    if (with->side == HEAP_SIDE_TYPED)
        return hot_pair(HEAP_SIDE_TYPED, *with, bytes);
    return hot_pair(HEAP_SIDE_PEER, *with, bytes);
}

HEAP_INLINE double burst(enum heap_side side, struct heap_allocator with, void **objects)
{
    enum { N_BURSTS = HEAP_N_PAIRS / HEAP_SMALL_BURST };
    double start = heap_now_ns();
    for (uint32_t burst_no = 0; burst_no < N_BURSTS; burst_no++) {
        for (uint32_t i = 0; i < HEAP_SMALL_BURST; i++)
            objects[i] = take(side, with, HEAP_TYPED_BYTES, UNTOUCHED);
        for (uint32_t i = 0; i < HEAP_SMALL_BURST; i++)
            heap_free(side, with, objects[i]);
    }
    return (heap_now_ns() - start) / (N_BURSTS * HEAP_SMALL_BURST);
}

static double run_burst(struct heap_work *work, const struct heap_allocator *with,
                        uint32_t parameter)
{
    (void)parameter;
    if (with->side == HEAP_SIDE_MMSIM)
        return burst(HEAP_SIDE_MMSIM, *with, work->objects);
    if (with->side == HEAP_SIDE_TYPED)
        return burst(HEAP_SIDE_TYPED, *with, work->objects);
    return burst(HEAP_SIDE_PEER, *with, work->objects);
}

HEAP_INLINE double queue(enum heap_side side, struct heap_allocator with, struct heap_work *work,
                         uint32_t order_no, enum touch touch)
{
    void **objects = work->objects;
    const uint32_t *order = work->orders[order_no];
    double start = heap_now_ns();
    for (uint32_t i = 0; i < HEAP_N_QUEUED; i++)
        objects[i] = take(side, with, HEAP_TYPED_BYTES, touch);
    for (uint32_t i = 0; i < HEAP_N_QUEUED; i++)
        heap_free(side, with, objects[order[i]]);
    return (heap_now_ns() - start) / HEAP_N_QUEUED;
}

HEAP_INLINE double queue_on_side(struct heap_work *work, const struct heap_allocator *with,
                                 uint32_t order, enum touch touch)
{
    if (with->side == HEAP_SIDE_MMSIM)
        return queue(HEAP_SIDE_MMSIM, *with, work, order, touch);
    if (with->side == HEAP_SIDE_TYPED)
        return queue(HEAP_SIDE_TYPED, *with, work, order, touch);
    return queue(HEAP_SIDE_PEER, *with, work, order, touch);
}

static double run_queue(struct heap_work *work, const struct heap_allocator *with, uint32_t order)
{
    return queue_on_side(work, with, order, UNTOUCHED);
}

static double run_queue_written(struct heap_work *work, const struct heap_allocator *with,
                                uint32_t order)
{
    return queue_on_side(work, with, order, WRITTEN);
}

HEAP_INLINE double churn(enum heap_side side, struct heap_allocator with, struct heap_work *work,
                         uint32_t n_live, enum touch touch)
{
    void **objects = work->objects;
    for (uint32_t i = 0; i < n_live; i++)
        objects[i] = take(side, with, work->sizes[i], touch);
    double start = heap_now_ns();
    for (uint32_t i = 0; i < HEAP_N_CHURNS; i++) {
        void **victim = &objects[heap_victim(work, i, n_live)];
        heap_free(side, with, *victim);
        *victim = take(side, with, work->sizes[i], touch);
    }
    double ns = (heap_now_ns() - start) / HEAP_N_CHURNS;
    for (uint32_t i = 0; i < n_live; i++)
        heap_free(side, with, objects[i]);
    return ns;
}

HEAP_INLINE double churn_on_side(struct heap_work *work, const struct heap_allocator *with,
                                 uint32_t n_live, enum touch touch)
{
    if (with->side == HEAP_SIDE_MMSIM)
        return churn(HEAP_SIDE_MMSIM, *with, work, n_live, touch);
    return churn(HEAP_SIDE_PEER, *with, work, n_live, touch);
}

static double run_churn(struct heap_work *work, const struct heap_allocator *with, uint32_t n_live)
{
    return churn_on_side(work, with, n_live, UNTOUCHED);
}

static double run_churn_written(struct heap_work *work, const struct heap_allocator *with,
                                uint32_t n_live)
{
    return churn_on_side(work, with, n_live, WRITTEN);
}

const struct heap_workload heap_workloads[] = {
    {"pair-8", heap_run_hot_pair, 8, 8, "tcmalloc", 1},
    {"pair-16", heap_run_hot_pair, 16, 16, "tcmalloc", 1},
    {"pair-32", heap_run_hot_pair, 32, 32, "tcmalloc", 1},
    {"pair-64", heap_run_hot_pair, 64, 64, "tcmalloc", 1},
    {"pair-128", heap_run_hot_pair, 128, 128, "tcmalloc", 1},
    {"pair-256", heap_run_hot_pair, 256, 256, "tcmalloc", 1},
    {"pair-512", heap_run_hot_pair, 512, 512, "tcmalloc", 1},
    {"pair-1024", heap_run_hot_pair, 1024, 1024, "tcmalloc", 1},
    {"pair-2048", heap_run_hot_pair, 2048, 2048, "tcmalloc", 1},
    {"pair-4096", heap_run_hot_pair, 4096, 4096, "tcmalloc", 1},
    {"pair-8192", heap_run_hot_pair, 8192, 8192, NULL, 0},
    {"burst", run_burst, 0, 64, NULL, 0},
    {"fifo", run_queue, HEAP_ORDER_FIFO, 64, NULL, 0},
    {"lifo", run_queue, HEAP_ORDER_LIFO, 64, NULL, 0},
    {"random", run_queue, HEAP_ORDER_RANDOM, 64, "mimalloc", 1},
    {"churn-10k", run_churn, 10000, 0, NULL, 1.05},
    {"churn-200k", run_churn, 200000, 0, NULL, 0.95},
    {"random-written", run_queue_written, HEAP_ORDER_RANDOM, 64, NULL, 0},
    {"churn-10k-written", run_churn_written, 10000, 0, NULL, 0},
    {"churn-200k-written", run_churn_written, 200000, 0, NULL, 0},
};

const size_t heap_n_workloads = sizeof heap_workloads / sizeof heap_workloads[0];
