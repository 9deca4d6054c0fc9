/*
 * progress.h - one line on the terminal that says that a long run is alive.
 *
 * Nothing is shown in the first second, nor when standard error is no terminal. A thread of its own
 * writes it, so that a single step of a hundred million references is covered too. Whoever prints
 * meanwhile does so between progress_pause() and progress_resume().
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <pthread.h>
#include <stdatomic.h>

#include "output.h"

struct progress {
    struct output *output;
    const char *name;              /* of the scenario */
    atomic_uint_least64_t n_steps; /* finished */
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows, and the terminal */
    pthread_cond_t wake;
    bool running, stopping, shown;
};

/* Begins to watch a run. `name` must live until progress_stop(). */
void progress_start(struct progress *progress, struct output *output, const char *name);
void progress_stop(struct progress *progress);

/* Takes the line away while somebody prints. */
void progress_pause(struct progress *progress);
void progress_resume(struct progress *progress);

#endif
