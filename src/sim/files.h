/*
 * files.h - the handles of files and shared memory, and the names that lead to them.
 *
 *   linked --unlink, crash (shared memory)--> nameless --last descriptor, mapping--> gone
 *
 * A handle outlives its object, as callers hold on to it; a gone one answers EBADF. The name is one
 * reference to the object; while there are others the handle finds it, too.
 */
#ifndef MM_SIM_FILES_H
#define MM_SIM_FILES_H

#include <mmsim/file.h>

#include "paging/pcache.h"

struct mmsim_machine;

struct mmsim_file {
    struct mmsim_machine *machine;
    char name[64];
    struct mm_object *object; /* NULL: gone */
    bool linked, shared_memory;
};

struct mm_files {
    struct mmsim_file **handles; /* in order of creation */
    size_t n, capacity;
};

void mm_files_fini(struct mmsim_machine *machine);

/* Handles of objects that ended since the last call know it. */
void mm_files_settle(struct mmsim_machine *machine);

#endif
