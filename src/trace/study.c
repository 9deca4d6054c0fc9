/*
 * study.c - many cells on several threads, and what they show beside each other.
 *
 * Each thread takes the next cell that nobody has taken. First one cell of every policy; from these
 * is known how long the others of that policy will take, and the longest go first, so that all
 * threads end at about the same time. Where nobody keeps time, cells go in their order.
 *
 * Invariants: (1) a cell's outcome depends on that cell alone; (2) of several errors the one of the
 * first cell is told.
 */
#include <pthread.h>

#include "base/text.h"
#include "trace/replay.h"

enum cell_state { WAITING, TAKEN, DONE };

struct study {
    struct mmsim_study_cell *cells;
    enum cell_state *states;
    size_t n_cells;
    pthread_mutex_t lock; /* over what follows, and the states */
    struct mmsim_error error;
    size_t failed_cell; /* n_cells: none */
};

/* ---- which next ---- */

static size_t n_references(const struct mmsim_study_cell *cell)
{
    size_t n_refs;
    mmsim_trace_refs(cell->trace, &n_refs);
    return n_refs;
}

/*
 * How long a cell will take, by the one of the same policy that is done and took longest a
 * reference; infinite if none was begun; 0 if one is under way.
 */
static double expected_ns(const struct study *study, const struct mmsim_study_cell *cell)
{
    double slowest = 0;
    bool begun = false;
    for (size_t i = 0; i < study->n_cells; i++) {
        const struct mmsim_study_cell *other = &study->cells[i];
        if (other->choice->ops != cell->choice->ops || study->states[i] == WAITING)
            continue;
        begun = true;
        double ns = (double)other->outcome.elapsed_ns / (double)n_references(other);
        if (study->states[i] == DONE && ns > slowest)
            slowest = ns;
    }
    return begun ? slowest * (double)n_references(cell) : 1e300;
}

static size_t take_next(struct study *study)
{
    size_t best = study->n_cells;
    double longest = -1;
    for (size_t i = 0; i < study->n_cells; i++) {
        if (study->states[i] != WAITING)
            continue;
        double ns = expected_ns(study, &study->cells[i]);
        if (ns > longest) {
            longest = ns;
            best = i;
        }
    }
    if (best < study->n_cells)
        study->states[best] = TAKEN;
    return best;
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
    struct mm_host host;
    mm_host_init(&host, NULL);
    pthread_mutex_lock(&study->lock);
    for (size_t i; (i = take_next(study)) < study->n_cells;) {
        pthread_mutex_unlock(&study->lock);
        struct mmsim_study_cell *cell = &study->cells[i];
        struct mmsim_study_outcome outcome;
        struct mmsim_error error = {0};
        enum mmsim_status status = mm_replay_cell(cell, &host, &outcome, &error);
        pthread_mutex_lock(&study->lock);
        study->states[i] = DONE;
        if (status == MMSIM_OK)
            cell->outcome = outcome;
        else
            note_failure(study, i, &error);
    }
    pthread_mutex_unlock(&study->lock);
    return NULL;
}

/* This thread works too. Fewer threads than asked for are enough. */
static void run_threads(struct study *study, unsigned n_threads, pthread_t *threads)
{
    unsigned n_begun = 0;
    while (n_begun + 1 < n_threads && pthread_create(&threads[n_begun], NULL, work, study) == 0)
        n_begun++;
    work(study);
    for (unsigned i = 0; i < n_begun; i++)
        pthread_join(threads[i], NULL);
}

enum mmsim_status mmsim_study_run(struct mmsim_study_cell *cells, size_t n_cells,
                                  unsigned n_threads, struct mmsim_error *error)
{
    struct mm_host host;
    struct study study = {.cells = cells, .n_cells = n_cells};
    study.failed_cell = n_cells;
    if (n_threads > n_cells)
        n_threads = (unsigned)n_cells;
    mm_host_init(&host, NULL);
    study.states = mm_host_alloc(&host, n_cells * sizeof *study.states);
    pthread_t *threads = mm_host_alloc(&host, n_threads * sizeof *threads);
    enum mmsim_status status = MMSIM_OK;
    if (study.states && threads) {
        pthread_mutex_init(&study.lock, NULL);
        run_threads(&study, n_threads, threads);
        pthread_mutex_destroy(&study.lock);
        status = study.failed_cell < n_cells ? study.error.status : MMSIM_OK;
    } else {
        status = mm_error_set(&study.error, MMSIM_HOST_MEMORY, "",
                              "the host gave no memory for a study of %zu cells", n_cells);
    }
    mm_host_free(&host, study.states, n_cells * sizeof *study.states);
    mm_host_free(&host, threads, n_threads * sizeof *threads);
    if (status != MMSIM_OK && error)
        *error = study.error;
    return status;
}
