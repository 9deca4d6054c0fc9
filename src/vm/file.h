/*
 * file.h - reading and writing objects, piece by piece.
 *
 * The same loops serve the kernel's own buffers and the memory of processes: a mover carries the
 * bytes of one piece, and says how many it could. Short counts are Linux's (mm/filemap.c): what was
 * moved before the first byte that could not be counts, and only if there is none is it EFAULT.
 */
#ifndef MM_VM_FILE_H
#define MM_VM_FILE_H

#include <mmsim/errno.h>
#include <mmsim/file.h>

#include "paging/object.h"

struct mm_mover {
    /* Moves up to n bytes between `bytes`, the file's, and wherever; how many it could. */
    uint64_t (*move)(void *user, uint8_t *bytes, uint64_t n);
    void *user;
};

/* From the object to the mover. *done: bytes. EFAULT, EIO, ENOMEM. */
enum mmsim_errno mm_file_read(struct mm_object *object, uint64_t offset, uint64_t n,
                              const struct mm_mover *mover, uint64_t *done);

/* From the mover to the object, which grows if need be. EFBIG and ENOSPC, too. */
enum mmsim_errno mm_file_write(struct mm_object *object, uint64_t offset, uint64_t n,
                               const struct mm_mover *mover, uint64_t *done);

/* What a call answers for a result. */
enum mmsim_errno mm_file_errno(enum mm_object_result result);

#endif
