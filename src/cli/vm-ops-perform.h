/*
 * vm-ops-perform.h - a program of memory operations, run on a machine of its own.
 *
 * Real harnesses have a life of their own, which shows: the rights of a thread's protection keys
 * are kept apart from the program's (`pkru`, `pkey_set`), loaded for each access, and 0 while the
 * kernel is called, but for what pkey_alloc and execute-only memory leave behind.
 */
#ifndef VM_OPS_PERFORM_H
#define VM_OPS_PERFORM_H

#include "vm-ops-read.h"

struct vm_ops_options {
    struct mmsim_config config;
    const char *file;
    bool keys;   /* the machine has protection keys */
    bool echo;   /* operations are printed beside their results */
    bool faults; /* ... and the faults that accesses took */
    bool check;  /* the whole machine, after each program */
    struct mmsim_swap_area swap;
    uint64_t fail_frame; /* the N-th frame that a program asks for is refused; 0: none */
};

struct vm_ops_run {
    const struct vm_ops_options *options;
    struct mmsim_machine *machine; /* NULL: no program has begun */
    struct mmsim_process *processes[VM_OPS_PROCESSES];
    bool known[VM_OPS_PROCESSES], alive[VM_OPS_PROCESSES];
    int exit_codes[VM_OPS_PROCESSES];
    uint32_t pkru[VM_OPS_PROCESSES]; /* the program's */
    unsigned n_objects;
    char names[VM_OPS_OBJECTS][VM_OPS_NAME_CHARS + 1];
    struct mmsim_file *objects[VM_OPS_OBJECTS];
    bool armed;     /* fail_frame is at work: an operation was done */
    unsigned index; /* of the next operation */
    bool violated;  /* the checker was not content */
};

typedef void (*vm_ops_perform)(struct vm_ops_run *run, const struct vm_ops_line *line);

struct vm_ops_verb {
    const char *name;
    bool by_kernel; /* a verb of `k` */
    enum vm_ops_field fields[VM_OPS_FIELDS + 1];
    unsigned n_needed; /* fields that must be there */
    vm_ops_perform perform;
};
extern const struct vm_ops_verb vm_ops_verbs[]; /* ends with name == NULL */

/* Begins a program with a fresh machine, after ending the last one. False: *error. */
bool vm_ops_begin(struct vm_ops_run *run, struct mmsim_error *error);
void vm_ops_end(struct vm_ops_run *run);

/* Declares a file or shared-memory object with its pattern of bytes. False: *error. */
bool vm_ops_declare(struct vm_ops_run *run, const struct vm_ops_line *line,
                    struct mmsim_error *error);

/* Performs an operation and prints its result, without the line's end. */
void vm_ops_do(struct vm_ops_run *run, const struct vm_ops_line *line);

/* ---- shared by the files that perform ---- */

static inline struct mmsim_process *vm_ops_actor(const struct vm_ops_run *run,
                                                 const struct vm_ops_line *line)
{
    return run->processes[line->subject];
}

/* vm-ops-show.c: what can be seen of a process, in the oracle's words. */
void vm_ops_show_maps(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_show_vmas(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_show_smaps(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_show_pages(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_show_sum(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_show_frames(struct vm_ops_run *run, const struct vm_ops_line *line);

/* vm-ops-file.c: the file side. */
void vm_ops_file_read(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_file_write(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_file_truncate(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_file_size(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_file_sum(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_file_sync(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_file_drop(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_file_punch(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_pread(struct vm_ops_run *run, const struct vm_ops_line *line);
void vm_ops_pwrite(struct vm_ops_run *run, const struct vm_ops_line *line);

void vm_ops_put_error(enum mmsim_errno error); /* "ok" or its name */
struct mmsim_file *vm_ops_object(const struct vm_ops_run *run, const struct vm_ops_line *line);

/* vm-ops-common.c */
void vm_ops_put_address(mmsim_vaddr address); /* "3+17" in the arena, else "@0x..." */

/* FNV-1a, 64 bits, folded to 32. */
#define VM_OPS_HASH_START UINT64_C(1469598103934665603)
uint64_t vm_ops_hash(uint64_t hash, const uint8_t *bytes, uint64_t n_bytes);
static inline uint32_t vm_ops_fold(uint64_t hash)
{
    return (uint32_t)(hash ^ hash >> 32);
}

/* Ranges that a real harness refuses, for they could hit itself. */
bool vm_ops_range_is_allowed(mmsim_vaddr address, uint64_t length);
bool vm_ops_range_is_inside(mmsim_vaddr address, uint64_t length);

#endif
