/*
 * vm-ops-read.h - programs of memory operations, read by one table of verbs and fields.
 */
#ifndef VM_OPS_READ_H
#define VM_OPS_READ_H

#include <mmsim/mmsim.h>
#include <stdio.h>

#define VM_OPS_ARENA ((mmsim_vaddr)0x60000000)
#define VM_OPS_ARENA_PAGES ((uint64_t)8192)
#define VM_OPS_ARENA_END (VM_OPS_ARENA + VM_OPS_ARENA_PAGES * MMSIM_PAGE_SIZE)

enum {
    VM_OPS_PROCESSES = 16,
    VM_OPS_KERNEL = VM_OPS_PROCESSES, /* the subject `k` */
    VM_OPS_OBJECTS = 16,
    VM_OPS_NAME_CHARS = 15,
    VM_OPS_FIELDS = 6
};

enum vm_ops_kind {
    VM_OPS_NOTHING, /* an empty line */
    VM_OPS_PROGRAM, /* prog NAME */
    VM_OPS_OBJECT,  /* file, shm */
    VM_OPS_OPERATION
};

struct vm_ops_verb; /* vm-ops-perform.h */

/* One line. Words that are optional and missing are 0. */
struct vm_ops_line {
    enum vm_ops_kind kind;
    const char *text;               /* as it was written, without a comment */
    const char *name;               /* PROGRAM, OBJECT */
    bool shared_memory;             /* OBJECT */
    unsigned subject;               /* process, or VM_OPS_KERNEL */
    const struct vm_ops_verb *verb; /* OPERATION */
    uint64_t values[VM_OPS_FIELDS]; /* by field, in the order of the verb's */
    char object[VM_OPS_NAME_CHARS + 1];
    enum mmsim_file_access access; /* of the object */
};

/* What a field of a verb is. */
enum vm_ops_field {
    FIELD_END,
    FIELD_ADDRESS, /* PAGE, PAGE+BYTES in the arena, or @ABSOLUTE */
    FIELD_SIZE,    /* PAGE, PAGE+BYTES */
    FIELD_NUMBER,
    FIELD_PROTECTION,
    FIELD_MAP_FLAGS,
    FIELD_ADVICE,
    FIELD_SYNC,
    FIELD_REMAP,
    FIELD_LIMIT,
    FIELD_PROCESS,
    FIELD_OBJECT
};

/* `hint` among FIELD_MAP_FLAGS: no MMSIM_MAP_FIXED, which is implied otherwise. */

/* Takes `text` apart, in place. False: `why` says what is wrong at *column, from 1. */
bool vm_ops_read(char *text, struct vm_ops_line *line, unsigned *column, char *why,
                 size_t why_bytes);

/* The verbs with their fields, for --help. */
void vm_ops_print_verbs(FILE *stream);

#endif
