/*
 * trace.h - traces: the page references of a program, in their order, read from a file or given.
 *
 * What a file is, its content says, never its name:
 *
 *   printable ASCII   text, a reference a line: ADDRESS KIND [BYTES]      # a comment
 *   zstd, gzip        what is inside, by the same rules
 *   anything else     u32 records, little endian: page << 2 | kind (what .pt files are)
 *
 * Text. ADDRESS is hexadecimal with 0x. Without 0x it is decimal, unless an address of the file
 * without 0x has a letter or a leading zero: then all of them are hexadecimal. KIND is R or L
 * (load), W, S or M (store; lackey's M, modify, is one), I or F (instruction fetch), in either
 * case. BYTES is how many bytes the access has, by default 1; an access that reaches over pages of
 * 4 KiB is one reference to each, ascending. Fields are parted by blanks or a comma. Pages are
 * numbered in the order in which they first appear.
 *
 * Records. Pages keep their numbers if every number below the highest occurs; else they are
 * numbered in the order in which they first appear.
 */
#ifndef MMSIM_TRACE_H
#define MMSIM_TRACE_H

#include <mmsim/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MMSIM_TRACE_PAGE_BYTES 4096

struct mmsim_trace;

enum mmsim_trace_format { MMSIM_TRACE_TEXT, MMSIM_TRACE_RECORDS, MMSIM_TRACE_GIVEN };

struct mmsim_trace_info {
    const char
        *name; /* of the file, without folders and .zst, .gz, .pt; lives as long as the trace */
    enum mmsim_trace_format format;
    uint64_t n_references;
    uint64_t n_of_kind[MMSIM_N_KINDS];
    mmsim_page n_pages; /* distinct; they are numbered 0 to n_pages - 1 */
    uint32_t page_bytes;
};

/*
 * Reads the file whole. On success the caller owns *trace. HOST_IO: it cannot be read; BAD_INPUT:
 * it is no trace (`where` is FILE:LINE:COLUMN or FILE), has no reference or too many pages;
 * HOST_MEMORY.
 */
enum mmsim_status mmsim_trace_open(const char *path, struct mmsim_trace **trace,
                                   struct mmsim_error *error);

/*
 * A trace of references in memory, by the rules of records. They are copied; `name` too. Errors as
 * of mmsim_trace_open(), `where` is the name.
 */
enum mmsim_status mmsim_trace_of_refs(const char *name, const mmsim_ref *refs, size_t n_refs,
                                      struct mmsim_trace **trace, struct mmsim_error *error);

/* NULL is allowed. */
void mmsim_trace_close(struct mmsim_trace *trace);

/* The references; they live as long as the trace. There is at least one. */
const mmsim_ref *mmsim_trace_refs(const struct mmsim_trace *trace, size_t *n_refs);

/* Distinct pages: the universe of a policy's setup. */
mmsim_page mmsim_trace_pages(const struct mmsim_trace *trace);

const struct mmsim_trace_info *mmsim_trace_info(const struct mmsim_trace *trace);

/* "text", "records", "given". Static storage. */
const char *mmsim_trace_format_name(enum mmsim_trace_format format);

#ifdef __cplusplus
}
#endif
#endif
