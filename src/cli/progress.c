/*
 * progress.c - a thread that wakes once a second and rewrites one line.
 *
 * The program's only use of a clock; no result depends on it.
 */
#include "progress.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static const char ERASE_LINE[] = "\r\033[K";

static void erase(struct progress *progress)
{
    if (progress->shown)
        output_format(progress->output, "%s", ERASE_LINE);
    progress->shown = false;
    fflush(progress->output->stream);
}

static void show(struct progress *progress, unsigned n_seconds)
{
    output_format(progress->output, "%s%s: ", ERASE_LINE, progress->name);
    output_count(progress->output, atomic_load(&progress->n_steps));
    output_format(progress->output, " steps, %u s", n_seconds);
    progress->shown = true;
    fflush(progress->output->stream);
}

static void *watch(void *user)
{
    struct progress *progress = user;
    struct timespec until;
    unsigned n_seconds = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    pthread_mutex_lock(&progress->lock);
    while (!progress->stopping) {
        until.tv_sec++;
        n_seconds++;
        while (!progress->stopping &&
               pthread_cond_timedwait(&progress->wake, &progress->lock, &until) == 0)
            continue; /* woken for nothing, or to stop */
        if (!progress->stopping)
            show(progress, n_seconds);
    }
    pthread_mutex_unlock(&progress->lock);
    return NULL;
}

static void make_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

void progress_start(struct progress *progress, struct output *output, const char *name)
{
    memset(progress, 0, sizeof *progress);
    progress->output = output;
    progress->name = name;
    pthread_mutex_init(&progress->lock, NULL);
    make_condition(&progress->wake);
    if (isatty(fileno(output->stream)) != 1)
        return;
    progress->running = pthread_create(&progress->thread, NULL, watch, progress) == 0;
}

void progress_stop(struct progress *progress)
{
    pthread_mutex_lock(&progress->lock);
    progress->stopping = true;
    erase(progress);
    pthread_cond_signal(&progress->wake);
    pthread_mutex_unlock(&progress->lock);
    if (progress->running)
        pthread_join(progress->thread, NULL);
    pthread_cond_destroy(&progress->wake);
    pthread_mutex_destroy(&progress->lock);
}

void progress_pause(struct progress *progress)
{
    pthread_mutex_lock(&progress->lock);
    erase(progress);
}

void progress_resume(struct progress *progress)
{
    fflush(stdout); /* what was printed stands on the terminal before the line comes back */
    pthread_mutex_unlock(&progress->lock);
}
