/*
 * records.c - traces of u32 records: page << 2 | kind, little endian.
 *
 * Pages are renumbered only where a number below the highest never occurs. As that needs as many
 * records as numbers, a bit for each record is enough to find out.
 */
#include "base/text.h"
#include "trace/dense.h"
#include "trace/trace.h"

enum { KIND_BITS = 3, WORD_BITS = 64 };

static mmsim_ref little_endian(const uint8_t *byte)
{
    return (mmsim_ref)byte[0] | (mmsim_ref)byte[1] << 8 | (mmsim_ref)byte[2] << 16 |
           (mmsim_ref)byte[3] << 24;
}

static enum mmsim_status no_memory(const char *path, struct mmsim_error *error)
{
    return mm_error_set(error, MMSIM_HOST_MEMORY, mm_bytes_where(path),
                        "the host gave no memory to number its pages");
}

static void decode(mmsim_ref *refs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        refs[i] = little_endian((const uint8_t *)&refs[i]);
}

/* Looks at every kind; finds the highest page. */
static enum mmsim_status check_kinds(const mmsim_ref *refs, size_t n, const char *path,
                                     mmsim_page *highest, struct mmsim_error *error)
{
    *highest = 0;
    for (size_t i = 0; i < n; i++) {
        if ((refs[i] & KIND_BITS) == KIND_BITS)
            return mm_error_set(error, MMSIM_BAD_INPUT, mm_bytes_where(path),
                                "record %zu (at byte %zu) is 0x%08x, of kind 3; expected page << 2 "
                                "| kind, with kind 0 load, 1 store, 2 fetch (or printable ASCII, "
                                "which is read as text)",
                                i, i * sizeof *refs, (unsigned)refs[i]);
        if (mmsim_ref_page(refs[i]) > *highest)
            *highest = mmsim_ref_page(refs[i]);
    }
    return MMSIM_OK;
}

/* Whether every number from 0 to `highest` occurs; `bits` are as many, clear. */
static bool all_occur(const mmsim_ref *refs, size_t n, mmsim_page highest, uint64_t *bits)
{
    mmsim_page n_pages = 0;
    for (size_t i = 0; i < n; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        uint64_t bit = UINT64_C(1) << page % WORD_BITS;
        n_pages += (bits[page / WORD_BITS] & bit) == 0;
        bits[page / WORD_BITS] |= bit;
    }
    return n_pages == highest + 1;
}

static enum mm_dense_verdict renumber(mmsim_ref *refs, size_t n, struct mm_host *host)
{
    struct mm_dense dense;
    enum mm_dense_verdict verdict = MM_DENSE_OK;
    mm_dense_init(&dense, host);
    for (size_t i = 0; i < n && verdict == MM_DENSE_OK; i++) {
        mmsim_page number = 0;
        verdict = mm_dense_number(&dense, mmsim_ref_page(refs[i]), &number);
        refs[i] = number << 2 | (refs[i] & KIND_BITS);
    }
    mm_dense_fini(&dense);
    return verdict;
}

/* The pages become dense if they are not. False: no memory. */
static bool make_dense(mmsim_ref *refs, size_t n, mmsim_page highest, struct mm_host *host)
{
    if (highest < n) {
        size_t n_bytes = (highest / WORD_BITS + 1) * sizeof(uint64_t);
        uint64_t *bits = mm_host_alloc(host, n_bytes);
        if (!bits)
            return false;
        bool dense = all_occur(refs, n, highest, bits);
        mm_host_free(host, bits, n_bytes);
        if (dense)
            return true;
    }
    return renumber(refs, n, host) == MM_DENSE_OK;
}

enum mmsim_status mm_trace_check_references(struct mm_bytes *bytes, const char *path,
                                            struct mmsim_error *error)
{
    mmsim_ref *refs = (mmsim_ref *)(void *)bytes->data;
    size_t n = bytes->n_bytes / sizeof *refs;
    mmsim_page highest;
    enum mmsim_status status = check_kinds(refs, n, path, &highest, error);
    if (status != MMSIM_OK || n == 0)
        return status;
    return make_dense(refs, n, highest, bytes->host) ? MMSIM_OK : no_memory(path, error);
}

enum mmsim_status mm_trace_read_records(struct mm_bytes *records, const char *path,
                                        struct mmsim_error *error)
{
    mmsim_ref *refs = (mmsim_ref *)(void *)records->data;
    if (records->n_bytes % sizeof *refs != 0)
        return mm_error_set(error, MMSIM_BAD_INPUT, mm_bytes_where(path),
                            "it is no trace: not printable ASCII, so not text, and its %zu bytes "
                            "are no whole number of 4-byte records",
                            records->n_bytes);
    decode(refs, records->n_bytes / sizeof *refs);
    return mm_trace_check_references(records, path, error);
}
