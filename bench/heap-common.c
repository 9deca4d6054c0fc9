/* heap-common.c - clocks, medians, children and verdicts of bench-heap. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "heap-bench.h"

double heap_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Insertion, as qsort() may call malloc(), which is being measured. */
double heap_median(double *values, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        double value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
    return values[n / 2];
}

void heap_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("bench-heap: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    _exit(2);
}

static void *map_pages(size_t n_bytes, int sharing)
{
    void *pages = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        heap_fail("no memory for %zu bytes", n_bytes);
    return pages;
}

void *heap_pages(size_t n_bytes)
{
    return map_pages(n_bytes, MAP_PRIVATE);
}

void *heap_shared_pages(size_t n_bytes)
{
    return map_pages(n_bytes, MAP_SHARED);
}

void heap_in_child(void (*work)(void *argument), void *argument)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        heap_fail("cannot start a process");
    if (child == 0) {
        work(argument);
        fflush(stdout);
        _exit(0);
    }
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        heap_fail("a measurement did not end well");
}

void heap_put_verdict(struct heap_bench *bench, const struct heap_verdict *verdict)
{
    if (verdict->limit <= 0) {
        printf("\n");
        return;
    }
    if (!verdict->against) {
        printf("  (not judged)\n");
        return;
    }
    bool holds = verdict->ratio <= verdict->limit;
    bench->all_hold = bench->all_hold && holds;
    printf("  %.2f %s %.2f x %s  %s\n", verdict->ratio, holds ? "<=" : ">", verdict->limit,
           verdict->against, holds ? "ok" : "OVER");
}

double heap_best_peer(const struct heap_allocators *allocators, const double *figures,
                      const char **name)
{
    unsigned best = HEAP_FIRST_PEER;
    for (unsigned i = HEAP_FIRST_PEER; i < allocators->n; i++)
        if (figures[i] > 0 && figures[i] < figures[best])
            best = i;
    if (name)
        *name = allocators->all[best].name;
    return figures[best];
}
