/*
 * study.c - many cells on several threads.
 *
 * Each thread takes the next cell that nobody has taken. First one cell of every policy; from these
 * is known how long a reference takes that policy, and of the rest the longest go first, so that
 * all threads end at about the same time. Where nobody keeps time, policies go in their order.
 *
 * Invariants: (1) a cell's outcome depends on that cell alone; (2) of several errors the one of the
 * first cell is told; (3) a queue's cells from `next` on wait, those before it are taken or done.
 */
#include <pthread.h>

#include "base/text.h"
#include "trace/replay.h"

/* The cells of one policy, those of long traces first. */
struct queue {
    const struct mmsim_policy_ops *ops;
    size_t first, next, end; /* in study->order */
    double ns_per_reference; /* of the slowest cell that is done; 0: none is */
};

struct study {
    struct mmsim_study_cell *cells;
    size_t n_cells, n_queues;
    size_t *order; /* cells by queue */
    struct queue *queues;
    pthread_mutex_t lock; /* over the queues and what follows */
    struct mmsim_error error;
    size_t failed_cell; /* n_cells: none */
};

/* ---- which next ---- */

static double n_references(const struct mmsim_study_cell *cell)
{
    return (double)mmsim_trace_info(cell->trace)->n_references;
}

static struct queue *queue_of(struct study *study, const struct mmsim_policy_ops *ops)
{
    size_t i = 0;
    while (i < study->n_queues && study->queues[i].ops != ops)
        i++;
    if (i == study->n_queues)
        study->queues[study->n_queues++] = (struct queue){.ops = ops};
    return &study->queues[i];
}

/* Into its queue, behind those whose traces are not shorter. */
static void enqueue(struct study *study, struct queue *queue, size_t cell)
{
    size_t at = queue->end++;
    for (; at > queue->first; at--) {
        size_t before = study->order[at - 1];
        if (n_references(&study->cells[before]) >= n_references(&study->cells[cell]))
            break;
        study->order[at] = before;
    }
    study->order[at] = cell;
}

static void make_queues(struct study *study)
{
    size_t first = 0;
    for (size_t i = 0; i < study->n_cells; i++)
        queue_of(study, study->cells[i].choice->ops)->end++;
    for (size_t i = 0; i < study->n_queues; i++) {
        size_t n = study->queues[i].end;
        study->queues[i].first = study->queues[i].next = study->queues[i].end = first;
        first += n;
    }
    for (size_t i = 0; i < study->n_cells; i++)
        enqueue(study, queue_of(study, study->cells[i].choice->ops), i);
}

/* How long the queue's next cell will take; more than any if none was begun. */
static double expected_ns(const struct study *study, const struct queue *queue)
{
    if (queue->next == queue->first)
        return 1e300;
    return queue->ns_per_reference * n_references(&study->cells[study->order[queue->next]]);
}

/* NULL: no cell waits. */
static struct queue *longest(struct study *study)
{
    struct queue *best = NULL;
    for (size_t i = 0; i < study->n_queues; i++) {
        struct queue *queue = &study->queues[i];
        if (queue->next == queue->end)
            continue;
        if (!best || expected_ns(study, queue) > expected_ns(study, best))
            best = queue;
    }
    return best;
}

static void note_time(struct queue *queue, const struct mmsim_study_outcome *outcome)
{
    double ns = (double)outcome->elapsed_ns / (double)outcome->n_replayed;
    if (ns > queue->ns_per_reference)
        queue->ns_per_reference = ns;
}

/* ---- threads ---- */

static void note_failure(struct study *study, size_t cell, const struct mmsim_error *error)
{
    if (cell < study->failed_cell) {
        study->failed_cell = cell;
        study->error = *error;
    }
}

static void *work(void *user)
{
    struct study *study = user;
    struct queue *queue;
    struct mm_host host;
    mm_host_init(&host, NULL);
    pthread_mutex_lock(&study->lock);
    while ((queue = longest(study)) != NULL) {
        size_t i = study->order[queue->next++];
        struct mmsim_study_outcome outcome;
        struct mmsim_error error = {0};
        pthread_mutex_unlock(&study->lock);
        enum mmsim_status status = mm_replay_cell(&study->cells[i], &host, &outcome, &error);
        pthread_mutex_lock(&study->lock);
        if (status == MMSIM_OK) {
            study->cells[i].outcome = outcome;
            note_time(queue, &outcome);
        } else {
            note_failure(study, i, &error);
        }
    }
    pthread_mutex_unlock(&study->lock);
    return NULL;
}

/* This thread works too. Fewer threads than asked for are enough. */
static void run_threads(struct study *study, unsigned n_threads, pthread_t *threads)
{
    unsigned n_begun = 0;
    pthread_mutex_init(&study->lock, NULL);
    while (n_begun + 1 < n_threads && pthread_create(&threads[n_begun], NULL, work, study) == 0)
        n_begun++;
    work(study);
    for (unsigned i = 0; i < n_begun; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&study->lock);
}

enum mmsim_status mmsim_study_run(struct mmsim_study_cell *cells, size_t n_cells,
                                  unsigned n_threads, struct mmsim_error *error)
{
    struct mm_host host;
    struct study study = {.cells = cells, .n_cells = n_cells, .failed_cell = n_cells};
    size_t n = n_threads < n_cells ? n_threads : n_cells;
    mm_host_init(&host, NULL);
    study.order = mm_host_alloc(&host, n_cells * sizeof *study.order);
    study.queues = mm_host_alloc(&host, n_cells * sizeof *study.queues);
    pthread_t *threads = mm_host_alloc(&host, n * sizeof *threads);
    enum mmsim_status status = MMSIM_OK;
    if (study.order && study.queues && threads) {
        make_queues(&study);
        run_threads(&study, (unsigned)n, threads);
        status = study.failed_cell < n_cells ? study.error.status : MMSIM_OK;
    } else {
        status = mm_error_set(&study.error, MMSIM_HOST_MEMORY, "",
                              "the host gave no memory for a study of %zu cells", n_cells);
    }
    mm_host_free(&host, study.order, n_cells * sizeof *study.order);
    mm_host_free(&host, study.queues, n_cells * sizeof *study.queues);
    mm_host_free(&host, threads, n * sizeof *threads);
    if (status != MMSIM_OK && error)
        *error = study.error;
    return status;
}
