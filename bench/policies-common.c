/* policies-common.c - clocks, medians, traces. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mmsim/trace.h>

#include "base/host.h"
#include "policies-bench.h"
#include "trace/pattern.h"

void bench_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("bench-policies: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

double bench_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double bench_median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
    return values[n / 2];
}

/* "a/cc1.dedup.pt.zst" -> "cc1.dedup" */
static void name_of(const char *path, char name[64])
{
    static const char *const ends[] = {".zst", ".gz", ".pt"};
    const char *slash = strrchr(path, '/');
    snprintf(name, 64, "%s", slash ? slash + 1 : path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t n = strlen(name), n_end = strlen(ends[i]);
        if (n > n_end && strcmp(name + n - n_end, ends[i]) == 0)
            name[n - n_end] = '\0';
    }
}

struct bench_trace bench_read_trace(const char *path)
{
    struct mmsim_trace *file;
    struct mmsim_error error;
    struct bench_trace trace;
    if (mmsim_trace_open(path, &file, &error) != MMSIM_OK)
        bench_fail("%s: %s", error.where, error.text);
    name_of(path, trace.name);
    trace.refs = mmsim_trace_refs(file, &trace.n_refs);
    trace.n_pages = mmsim_trace_pages(file);
    return trace;
}

void bench_make_zipf(mmsim_ref *refs, size_t n, mmsim_page n_pages, uint64_t seed)
{
    static struct mmsim_reference batch[4096];
    struct mm_host host;
    struct mm_pattern pattern;
    struct mm_pattern_setup setup = {.kind = MM_PATTERN_ZIPF,
                                     .length = (uint64_t)n_pages * MMSIM_PAGE_SIZE,
                                     .theta = 0.8,
                                     .write_share = 300000000,
                                     .seed = seed};
    mm_host_init(&host, NULL);
    if (!mm_pattern_init(&pattern, &setup, &host))
        bench_fail("no memory for %u pages", n_pages);
    for (size_t done = 0; done < n;) {
        size_t n_batch = n - done < 4096 ? n - done : 4096;
        mm_pattern_fill(&pattern, batch, n_batch);
        for (size_t i = 0; i < n_batch; i++)
            refs[done++] =
                (mmsim_ref)(batch[i].address / MMSIM_PAGE_SIZE) << 2 |
                (batch[i].kind == MMSIM_ACCESS_WRITE ? MMSIM_KIND_STORE : MMSIM_KIND_LOAD);
    }
    mm_pattern_fini(&pattern);
}
