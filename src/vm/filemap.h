/*
 * filemap.h - mappings of objects: pages of files and of shared memory in address spaces.
 *
 *   absent --read--> the object's frame, read-only (writable if shared and dirty)
 *   absent, read-only --write, shared--> the object's frame, dirty, writable
 *   absent, read-only --write, private--> a copy in a frame of its own (anon.h)
 *
 * A read fault maps the pages around it along that are in memory already (Linux: fault-around), in
 * a window aligned to its size, within the VMA and one page table.
 *
 * The other direction, from an object to the entries that show its pages, are the hooks of
 * paging/object.h: truncation takes entries away, write-back makes them read-only.
 */
#ifndef MM_VM_FILEMAP_H
#define MM_VM_FILEMAP_H

#include "vm/aspace.h"

enum mm_filemap_result {
    MM_FILEMAP_NO_MEMORY, /* nothing changed */
    MM_FILEMAP_REFUSED,   /* SIGBUS: beyond the end, or the disk failed */
    MM_FILEMAP_MAPPED,    /* the page was in memory */
    MM_FILEMAP_READ,      /* the disk was waited for */
    MM_FILEMAP_COPIED     /* a private copy was made */
};

/* Makes an absent page of a VMA with an object ready for an access. */
enum mm_filemap_result mm_filemap_populate(struct mm_aspace *aspace, struct mm_vma *vma,
                                           mmsim_vaddr page, enum mmsim_access_kind access);

/* The first store to a clean page through a shared mapping: `entry` stands there, read-only. */
enum mm_filemap_result mm_filemap_make_dirty(struct mm_aspace *aspace, struct mm_vma *vma,
                                             mmsim_vaddr page, const struct mmsim_entry *entry);

/* The hooks of objects. */
void mm_filemap_unmap(void *vm, struct mm_object *object, uint64_t first, uint64_t last,
                      unsigned what);
bool mm_filemap_clean(void *vm, struct mm_object *object, uint64_t index);
struct mm_object_survey mm_filemap_survey(void *vm, const struct mm_object *object, uint64_t index);
enum mmsim_look mm_filemap_look(void *vm, struct mm_object *object, uint64_t index);

#endif
