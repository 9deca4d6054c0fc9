/*
 * trace.c - opening and closing traces, and what there is to know about one (<mmsim/trace.h>).
 */
#include "trace/trace.h"

#include <string.h>

#include "base/text.h"

/* ---- its name ---- */

static bool ends_with(const char *text, size_t n_chars, const char *ending)
{
    size_t n = strlen(ending);
    return n_chars > n && memcmp(text + n_chars - n, ending, n) == 0;
}

/* "traces/cc1.dedup.pt.zst" -> "cc1.dedup" */
static size_t name_chars(const char *name)
{
    size_t n = strlen(name);
    if (ends_with(name, n, ".zst"))
        n -= strlen(".zst");
    else if (ends_with(name, n, ".gz"))
        n -= strlen(".gz");
    return ends_with(name, n, ".pt") ? n - strlen(".pt") : n;
}

static bool set_name(struct mmsim_trace *trace, const char *name, size_t n_chars)
{
    trace->n_name = n_chars + 1;
    trace->name = mm_host_alloc(&trace->host, trace->n_name);
    if (!trace->name)
        return false;
    memcpy(trace->name, name, n_chars);
    trace->info.name = trace->name;
    return true;
}

static bool name_by_path(struct mmsim_trace *trace, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    return set_name(trace, name, name_chars(name));
}

/* ---- its references ---- */

static enum mmsim_status read_content(struct mmsim_trace *trace, const char *path,
                                      struct mm_bytes *content, struct mmsim_error *error)
{
    enum mmsim_status status;
    if (!mm_trace_is_text(content)) {
        status = mm_trace_read_records(content, path, error);
        trace->refs = *content; /* in place */
        mm_bytes_init(content, &trace->host);
        trace->info.format = MMSIM_TRACE_RECORDS;
        return status;
    }
    trace->info.format = MMSIM_TRACE_TEXT;
    return mm_trace_read_text(content, path, &trace->refs, error);
}

/* Counts. The pages are dense: there are as many as the highest says. */
static enum mmsim_status finish(struct mmsim_trace *trace, const char *where,
                                struct mmsim_error *error)
{
    struct mmsim_trace_info *info = &trace->info;
    size_t n;
    const mmsim_ref *refs = mmsim_trace_refs(trace, &n);
    if (n == 0)
        return mm_error_set(error, MMSIM_BAD_INPUT, mm_bytes_where(where),
                            "there is no reference in it; expected text, ADDRESS R|W a line, or "
                            "u32 records, page << 2 | kind");
    for (size_t i = 0; i < n; i++) {
        info->n_of_kind[mmsim_ref_kind(refs[i])]++;
        if (mmsim_ref_page(refs[i]) >= info->n_pages)
            info->n_pages = mmsim_ref_page(refs[i]) + 1;
    }
    info->n_references = n;
    info->page_bytes = MMSIM_TRACE_PAGE_BYTES;
    mm_bytes_trim(&trace->refs);
    return MMSIM_OK;
}

static enum mmsim_status fill_from_file(struct mmsim_trace *trace, const char *path,
                                        struct mmsim_error *error)
{
    struct mm_bytes content;
    mm_bytes_init(&content, &trace->host);
    enum mmsim_status status = mm_bytes_read(&content, path, error);
    if (status == MMSIM_OK)
        status = read_content(trace, path, &content, error);
    mm_bytes_fini(&content);
    if (status == MMSIM_OK && !name_by_path(trace, path))
        status = mm_error_set(error, MMSIM_HOST_MEMORY, "", "the host gave no memory for a trace");
    return status == MMSIM_OK ? finish(trace, path, error) : status;
}

/* ---- beginning and end ---- */

static struct mmsim_trace *create(const struct mmsim_allocator *allocator,
                                  struct mmsim_error *error)
{
    struct mm_host host;
    mm_host_init(&host, allocator);
    struct mmsim_trace *trace = mm_host_alloc(&host, sizeof *trace);
    if (!trace) {
        mm_error_set(error, MMSIM_HOST_MEMORY, "", "the host gave no memory for a trace");
        return NULL;
    }
    trace->host = host;
    mm_bytes_init(&trace->refs, &trace->host);
    return trace;
}

void mmsim_trace_close(struct mmsim_trace *trace)
{
    if (!trace)
        return;
    struct mm_host host = trace->host;
    mm_bytes_fini(&trace->refs);
    mm_host_free(&trace->host, trace->name, trace->n_name);
    mm_host_free(&host, trace, sizeof *trace);
}

static enum mmsim_status hand_over(struct mmsim_trace *made, enum mmsim_status status,
                                   struct mmsim_trace **trace)
{
    if (status == MMSIM_OK)
        *trace = made;
    else
        mmsim_trace_close(made);
    return status;
}

enum mmsim_status mm_trace_open(const char *path, const struct mmsim_allocator *allocator,
                                struct mmsim_trace **trace, struct mmsim_error *error)
{
    struct mmsim_trace *made = create(allocator, error);
    if (!made)
        return MMSIM_HOST_MEMORY;
    return hand_over(made, fill_from_file(made, path, error), trace);
}

enum mmsim_status mmsim_trace_open(const char *path, struct mmsim_trace **trace,
                                   struct mmsim_error *error)
{
    return mm_trace_open(path, NULL, trace, error);
}

static enum mmsim_status fill_from_refs(struct mmsim_trace *trace, const char *name,
                                        const mmsim_ref *refs, size_t n, struct mmsim_error *error)
{
    trace->info.format = MMSIM_TRACE_GIVEN;
    if (n > SIZE_MAX / sizeof *refs || !set_name(trace, name, strlen(name)) ||
        !mm_bytes_reserve(&trace->refs, n * sizeof *refs))
        return mm_error_set(error, MMSIM_HOST_MEMORY, name, "the host gave no memory for a trace");
    trace->refs.n_bytes = n * sizeof *refs;
    if (n > 0)
        memcpy(trace->refs.data, refs, trace->refs.n_bytes);
    enum mmsim_status status = mm_trace_check_references(&trace->refs, name, error);
    return status == MMSIM_OK ? finish(trace, name, error) : status;
}

enum mmsim_status mmsim_trace_of_refs(const char *name, const mmsim_ref *refs, size_t n_refs,
                                      struct mmsim_trace **trace, struct mmsim_error *error)
{
    struct mmsim_trace *made = create(NULL, error);
    if (!made)
        return MMSIM_HOST_MEMORY;
    return hand_over(made, fill_from_refs(made, name, refs, n_refs, error), trace);
}

/* ---- what there is to know ---- */

const mmsim_ref *mmsim_trace_refs(const struct mmsim_trace *trace, size_t *n_refs)
{
    *n_refs = trace->refs.n_bytes / sizeof(mmsim_ref);
    return (const mmsim_ref *)(const void *)trace->refs.data;
}

mmsim_page mmsim_trace_pages(const struct mmsim_trace *trace)
{
    return trace->info.n_pages;
}

const struct mmsim_trace_info *mmsim_trace_info(const struct mmsim_trace *trace)
{
    return &trace->info;
}

const char *mmsim_trace_format_name(enum mmsim_trace_format format)
{
    static const char *const NAMES[] = {"text", "records", "given"};
    return (unsigned)format < sizeof NAMES / sizeof *NAMES ? NAMES[format] : "?";
}
