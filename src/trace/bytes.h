/*
 * bytes.h - what is in a file, decompressed, in one block of host memory that grows.
 *
 * Compression is recognised by its magic number: zstd (RFC 8878), windows up to 2 GiB, any number
 * of frames; gzip (RFC 1952), any number of members.
 *
 * Invariant: n_bytes <= capacity; after a failure the block is still whole, for mm_bytes_fini().
 */
#ifndef MM_TRACE_BYTES_H
#define MM_TRACE_BYTES_H

#include <mmsim/status.h>

#include "base/host.h"

struct mm_bytes {
    struct mm_host *host;
    uint8_t *data;
    size_t n_bytes, capacity;
};

void mm_bytes_init(struct mm_bytes *bytes, struct mm_host *host);
void mm_bytes_fini(struct mm_bytes *bytes);

/* Appends the whole file and takes compression off it. HOST_IO, HOST_MEMORY, BAD_INPUT. */
enum mmsim_status mm_bytes_read(struct mm_bytes *bytes, const char *path,
                                struct mmsim_error *error);

/* Room for so many more. False: the host gave no memory. */
bool mm_bytes_reserve(struct mm_bytes *bytes, size_t n_more);

/* Gives back what is beyond n_bytes. */
void mm_bytes_trim(struct mm_bytes *bytes);

/* A path as the `where` of an error, which is short: the end of a long one. */
const char *mm_bytes_where(const char *path);

#endif
