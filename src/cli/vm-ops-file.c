/* vm-ops-file.c - files and shared memory: declared, and seen from the kernel's side. */
#include <inttypes.h>
#include <string.h>

#include "vm-ops-perform.h"

enum { BUFFER_BYTES = 65536, OBJECT_MAX_BYTES = 1 << 20 };

/* ---- declarations ---- */

/* Byte i of a new object. */
static uint8_t pattern(uint64_t seed, uint64_t i)
{
    return (uint8_t)(seed * 37 + i * 31 + (i >> 12) * 101 + 1);
}

static enum mmsim_errno make(struct vm_ops_run *run, const struct vm_ops_line *line,
                             struct mmsim_file **object)
{
    if (!line->shared_memory)
        return mmsim_file_create(run->machine, line->name, 0, object);
    return mmsim_shm_open(run->processes[0], line->name, MMSIM_SHM_CREATE | MMSIM_SHM_EXCLUSIVE,
                          object);
}

static enum mmsim_errno fill(struct mmsim_file *object, uint64_t n_bytes, uint64_t seed)
{
    uint8_t bytes[4096];
    for (uint64_t at = 0; at < n_bytes;) {
        uint64_t n = n_bytes - at < sizeof bytes ? n_bytes - at : sizeof bytes;
        uint64_t done;
        for (uint64_t i = 0; i < n; i++)
            bytes[i] = pattern(seed, at + i);
        enum mmsim_errno error = mmsim_file_write(object, at, bytes, n, &done);
        if (error)
            return error;
        at += n;
    }
    return MMSIM_SUCCESS;
}

bool vm_ops_declare(struct vm_ops_run *run, const struct vm_ops_line *line,
                    struct mmsim_error *error)
{
    unsigned n = run->n_objects;
    uint64_t seed = line->values[1] ? line->values[1] : n + 1;
    uint64_t size = line->values[0] < OBJECT_MAX_BYTES ? line->values[0] : OBJECT_MAX_BYTES;
    enum mmsim_errno failed = n < VM_OPS_OBJECTS ? MMSIM_SUCCESS : MMSIM_ENOSPC;
    if (!failed)
        failed = make(run, line, &run->objects[n]);
    if (!failed)
        failed = fill(run->objects[n], size, seed);
    if (failed) {
        error->status = MMSIM_BAD_ARGUMENT;
        snprintf(error->text, sizeof error->text, "object '%s' cannot be made: %s", line->name,
                 mmsim_errno_name(failed));
        return false;
    }
    strcpy(run->names[run->n_objects++], line->name);
    return true;
}

/* ---- the kernel's side ---- */

/* The object of a line; NULL: there is none, and that is the result. */
static struct mmsim_file *object_of(const struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_file *object = vm_ops_object(run, line);
    if (!object)
        fputs("badop", stdout);
    return object;
}

static void put_count(enum mmsim_errno error, uint64_t n)
{
    vm_ops_put_error(error);
    if (!error)
        printf(" %" PRIu64, n);
}

void vm_ops_file_read(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_file *object = object_of(run, line);
    uint8_t byte;
    uint64_t n;
    if (!object)
        return;
    enum mmsim_errno error = mmsim_file_read(object, line->values[1], &byte, 1, &n);
    vm_ops_put_error(error);
    if (!error && n == 1)
        printf(" %02x", byte);
    else if (!error)
        fputs(" eof", stdout);
}

void vm_ops_file_write(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_file *object = object_of(run, line);
    uint8_t bytes[BUFFER_BYTES];
    uint64_t n = line->values[3] ? line->values[3] : 1;
    if (!object)
        return;
    n = n < BUFFER_BYTES ? n : BUFFER_BYTES;
    memset(bytes, (int)line->values[2], n);
    uint64_t done = 0;
    enum mmsim_errno error = mmsim_file_write(object, line->values[1], bytes, n, &done);
    put_count(error, done);
}

void vm_ops_file_truncate(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_file *object = object_of(run, line);
    if (object)
        vm_ops_put_error(mmsim_file_truncate(object, line->values[1]));
}

void vm_ops_file_punch(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_file *object = object_of(run, line);
    if (object)
        vm_ops_put_error(mmsim_file_punch(object, line->values[1], line->values[2]));
}

void vm_ops_file_sync(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_file *object = object_of(run, line);
    if (object)
        vm_ops_put_error(mmsim_file_sync(object));
}

void vm_ops_file_drop(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_file *object = object_of(run, line);
    if (!object)
        return;
    mmsim_file_drop(object);
    fputs("ok", stdout);
}

void vm_ops_file_size(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_file *object = object_of(run, line);
    struct mmsim_file_info info;
    if (!object)
        return;
    mmsim_file_get_info(object, &info);
    printf("ok %" PRIu64, info.size);
}

void vm_ops_file_sum(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_file *object = object_of(run, line);
    uint8_t bytes[4096];
    uint64_t hash = VM_OPS_HASH_START;
    uint64_t at = 0;
    uint64_t n;
    if (!object)
        return;
    while (!mmsim_file_read(object, at, bytes, sizeof bytes, &n) && n > 0) {
        hash = vm_ops_hash(hash, bytes, n);
        at += n;
    }
    printf("ok %" PRIu64 ":%08" PRIx32, at, vm_ops_fold(hash));
}

/* ---- by a process: copies to and from its memory ---- */

typedef enum mmsim_errno (*transfer)(struct mmsim_process *process, struct mmsim_file *file,
                                     enum mmsim_file_access access, uint64_t offset,
                                     uint64_t n_bytes, mmsim_vaddr address, uint64_t *done);

static void move(struct vm_ops_run *run, const struct vm_ops_line *line, transfer moves)
{
    struct mmsim_process *process = vm_ops_actor(run, line);
    struct mmsim_file *object = object_of(run, line);
    uint64_t n_bytes = line->values[2];
    mmsim_vaddr address = line->values[3];
    if (!object)
        return;
    if (!vm_ops_range_is_inside(address, n_bytes)) {
        fputs("badop", stdout);
        return;
    }
    if (run->options->keys)
        mmsim_wrpkru(process, run->pkru[line->subject] & ~UINT32_C(3));
    uint64_t done = 0;
    enum mmsim_errno error =
        moves(process, object, line->access, line->values[1], n_bytes, address, &done);
    if (run->options->keys)
        mmsim_wrpkru(process, 0);
    put_count(error, done);
}

void vm_ops_pread(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    move(run, line, mmsim_pread);
}

void vm_ops_pwrite(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    move(run, line, mmsim_pwrite);
}
