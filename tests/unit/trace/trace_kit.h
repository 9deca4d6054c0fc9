/*
 * trace_kit.h - what tests of traces share: files with given bytes, traces of short strings.
 */
#ifndef TESTS_TRACE_KIT_H
#define TESTS_TRACE_KIT_H

#include <check.h>
#include <mmsim/study.h>
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
    size_t i = 0; /* an assertion for each would take long: Check notes every one in a file */
    while (i < n && found[i] == refs[i])
        i++;
    ck_assert_msg(i == n, "reference %zu is 0x%x, not 0x%x", i, i < n ? found[i] : 0,
                  i < n ? refs[i] : 0);
}

#define KIT_EXPECT_REFS(trace, ...)                                                                \
    kit_expect_refs(trace, (const mmsim_ref[]){__VA_ARGS__},                                       \
                    sizeof((const mmsim_ref[]){__VA_ARGS__}) / sizeof(mmsim_ref))

static inline struct mmsim_trace *kit_of_refs(const mmsim_ref *refs, size_t n)
{
    struct mmsim_trace *trace = NULL;
    ck_assert_int_eq(mmsim_trace_of_refs("given", refs, n, &trace, NULL), MMSIM_OK);
    return trace;
}

static inline struct mmsim_policy_choice kit_choice(const char *text)
{
    struct mmsim_policy_choice choice;
    struct mmsim_error error = {0};
    enum mmsim_status status = mmsim_policy_parse(text, strlen(text), &choice, &error);
    ck_assert_msg(status == MMSIM_OK, "%s: %s", error.where, error.text);
    return choice;
}

static inline struct mmsim_study_options kit_options(void)
{
    struct mmsim_study_options options;
    mmsim_study_options_init(&options);
    return options;
}

/* What one cell comes to. */
static inline struct mmsim_study_outcome kit_run(const struct mmsim_trace *trace,
                                                 const struct mmsim_policy_choice *choice,
                                                 mmsim_page frames,
                                                 const struct mmsim_study_options *options)
{
    struct mmsim_error error = {0};
    struct mmsim_study_cell cell = {
        .trace = trace, .choice = choice, .frames = frames, .options = options};
    enum mmsim_status status = mmsim_study_run(&cell, 1, 1, &error);
    ck_assert_msg(status == MMSIM_OK, "%s: %s", error.where, error.text);
    return cell.outcome;
}

/* A string in which near pages are likelier, and one in three references is a store. */
static inline void kit_random_refs(mmsim_ref *refs, size_t n, unsigned n_pages, uint32_t seed)
{
    uint32_t state = seed * 2654435761u + 1;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        unsigned a = (state >> 16) % n_pages;
        state = state * 1664525u + 1013904223u;
        unsigned b = (state >> 16) % n_pages;
        refs[i] = (mmsim_ref)(a < b ? a : b) << 2 | ((state >> 8) % 3 == 0);
    }
}

static inline void kit_expect_counts(const struct mmsim_counts *found,
                                     const struct mmsim_counts *expected, const char *what)
{
    ck_assert_msg(memcmp(found, expected, sizeof *found) == 0,
                  "%s: %llu references, %llu misses, %llu evictions (%llu dirty); expected "
                  "%llu, %llu, %llu (%llu)",
                  what, (unsigned long long)found->references, (unsigned long long)found->misses,
                  (unsigned long long)found->evictions, (unsigned long long)found->dirty_evictions,
                  (unsigned long long)expected->references, (unsigned long long)expected->misses,
                  (unsigned long long)expected->evictions,
                  (unsigned long long)expected->dirty_evictions);
}

/* Page, kind. */
#define KIT_LOAD(page) ((mmsim_ref)(page) << 2)
#define KIT_STORE(page) ((mmsim_ref)(page) << 2 | 1)
#define KIT_FETCH(page) ((mmsim_ref)(page) << 2 | 2)

#endif
