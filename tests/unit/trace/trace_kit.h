/*
 * trace_kit.h - what tests of traces share: files with given bytes, traces of short strings.
 */
#ifndef TESTS_TRACE_KIT_H
#define TESTS_TRACE_KIT_H

#include <check.h>
#include <mmsim/trace.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kit_file {
    char path[64];
};

static inline struct kit_file kit_file_of(const void *bytes, size_t n_bytes)
{
    struct kit_file file = {"/tmp/mmsim-test-XXXXXX"};
    int descriptor = mkstemp(file.path);
    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_eq(write(descriptor, bytes, n_bytes), (ssize_t)n_bytes);
    close(descriptor);
    return file;
}

/* A trace from the bytes of a file, which is gone again. */
static inline enum mmsim_status kit_read(const void *bytes, size_t n_bytes,
                                         struct mmsim_trace **trace, struct mmsim_error *error)
{
    struct kit_file file = kit_file_of(bytes, n_bytes);
    enum mmsim_status status = mmsim_trace_open(file.path, trace, error);
    unlink(file.path);
    return status;
}

static inline struct mmsim_trace *kit_trace(const void *bytes, size_t n_bytes)
{
    struct mmsim_trace *trace = NULL;
    struct mmsim_error error = {0};
    enum mmsim_status status = kit_read(bytes, n_bytes, &trace, &error);
    ck_assert_msg(status == MMSIM_OK, "%s: %s", error.where, error.text);
    return trace;
}

static inline struct mmsim_trace *kit_text(const char *text)
{
    return kit_trace(text, strlen(text));
}

/* The references of a trace are these. */
static inline void kit_expect_refs(struct mmsim_trace *trace, const mmsim_ref *refs, size_t n)
{
    size_t n_refs;
    const mmsim_ref *found = mmsim_trace_refs(trace, &n_refs);
    ck_assert_uint_eq(n_refs, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(found[i] == refs[i], "reference %zu is 0x%x, not 0x%x", i, found[i], refs[i]);
}

#define KIT_EXPECT_REFS(trace, ...)                                                                \
    kit_expect_refs(trace, (const mmsim_ref[]){__VA_ARGS__},                                       \
                    sizeof((const mmsim_ref[]){__VA_ARGS__}) / sizeof(mmsim_ref))

/* Page, kind. */
#define KIT_LOAD(page) ((mmsim_ref)(page) << 2)
#define KIT_STORE(page) ((mmsim_ref)(page) << 2 | 1)
#define KIT_FETCH(page) ((mmsim_ref)(page) << 2 | 2)

#endif
