/* perform_vm.c - the verbs of virtual memory, files, shared memory and keys, done. */
#include <string.h>

#include "scenario/load.h"
#include "scenario/verb.h"

struct mmsim_file *mm_run_file(const struct mm_run *run, const char *name)
{
    return mmsim_file_find(run->machine, name);
}

static void bind(struct mm_run *run, const struct mm_step *step, mmsim_vaddr address,
                 uint64_t length)
{
    if (run->outcome.outcome != MMSIM_DONE)
        return;
    run->outcome.parts |= MM_HAS_MAPPED;
    run->outcome.address = address;
    if (step->name != MM_NO_NAME)
        run->bindings[step->name] =
            (struct mm_binding){.bound = true, .address = address, .length = length};
}

static void answer(struct mm_run *run, uint64_t value)
{
    if (run->outcome.outcome != MMSIM_DONE)
        return;
    run->outcome.parts |= MM_HAS_VALUE;
    run->outcome.value = value;
}

/* ---- mappings ---- */

static void perform_mremap(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_remap want = {.old_length = step->length,
                               .new_length = step->vm.new_length,
                               .flags = (unsigned)step->vm.flags};
    mmsim_vaddr address = 0;
    if (!mm_run_place(run, &step->at, &want.address) ||
        (step->vm.has_to && !mm_run_place(run, &step->vm.to, &want.new_address)))
        return;
    mm_run_errno(run, mmsim_mremap(mm_run_actor(run, step), &want, &address));
    bind(run, step, address, want.new_length);
}

static void perform_map_device(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr physical; /* a window's bus address is its address in the kernel's map */
    mmsim_vaddr address = 0;
    if (!mm_run_place(run, &step->at, &physical))
        return;
    mm_run_errno(run, mmsim_map_device(mm_run_actor(run, step), physical, step->length,
                                       (unsigned)step->prot, &address));
    bind(run, step, address, step->length);
}

typedef enum mmsim_errno (*range_call)(struct mmsim_process *process, mmsim_vaddr address,
                                       uint64_t length);

static void perform_range(struct mm_run *run, const struct mm_step *step, range_call call)
{
    mmsim_vaddr address;
    if (mm_run_place(run, &step->at, &address))
        mm_run_errno(run, call(mm_run_actor(run, step), address, step->length));
}

static void perform_munlock(struct mm_run *run, const struct mm_step *step)
{
    perform_range(run, step, mmsim_munlock);
}

static enum mmsim_errno seal(struct mmsim_process *process, mmsim_vaddr address, uint64_t length)
{
    return mmsim_mseal(process, address, length, 0);
}

static void perform_mseal(struct mm_run *run, const struct mm_step *step)
{
    perform_range(run, step, seal);
}

static void perform_msync(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    unsigned flags = step->vm.flags ? (unsigned)step->vm.flags : MMSIM_MS_SYNC;
    if (mm_run_place(run, &step->at, &address))
        mm_run_errno(run, mmsim_msync(mm_run_actor(run, step), address, step->length, flags));
}

static void perform_madvise(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    if (mm_run_place(run, &step->at, &address))
        mm_run_errno(run, mmsim_madvise(mm_run_actor(run, step), address, step->length,
                                        (enum mmsim_advice)step->vm.advice));
}

static void perform_mlock(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    if (mm_run_place(run, &step->at, &address))
        mm_run_errno(run, mmsim_mlock(mm_run_actor(run, step), address, step->length,
                                      (unsigned)step->vm.flags));
}

static void perform_mlockall(struct mm_run *run, const struct mm_step *step)
{
    unsigned flags = step->vm.flags ? (unsigned)step->vm.flags : MMSIM_MCL_CURRENT;
    mm_run_errno(run, mmsim_mlockall(mm_run_actor(run, step), flags));
}

static void perform_munlockall(struct mm_run *run, const struct mm_step *step)
{
    mm_run_errno(run, mmsim_munlockall(mm_run_actor(run, step)));
}

/* Page by page, so that a range of any length needs no vector of its length. */
static void perform_mincore(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    uint64_t n = 0;
    if (!mm_run_place(run, &step->at, &address))
        return;
    struct mmsim_process *process = mm_run_actor(run, step);
    enum mmsim_errno error = MMSIM_SUCCESS;
    for (uint64_t at = 0; at < step->length && !error; at += MMSIM_PAGE_SIZE) {
        uint8_t resident = 0;
        error = mmsim_mincore(process, address + at, 1, &resident);
        n += resident;
    }
    mm_run_errno(run, error);
    answer(run, n);
}

static void perform_brk(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr wanted = 0;
    mmsim_vaddr now = 0;
    if (step->has_at && !mm_run_place(run, &step->at, &wanted))
        return;
    mm_run_errno(run, mmsim_brk(mm_run_actor(run, step), wanted, &now));
    bind(run, step, now, 0);
}

static void perform_setrlimit(struct mm_run *run, const struct mm_step *step)
{
    mm_run_errno(run, mmsim_set_limit(mm_run_actor(run, step),
                                      (enum mmsim_resource)step->vm.resource, step->length));
}

/* ---- shared memory ---- */

static void perform_shm_open(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_file *object = NULL;
    enum mmsim_errno error =
        mmsim_shm_open(mm_run_actor(run, step), step->vm.file, (unsigned)step->vm.flags, &object);
    if (!error && step->has_length)
        error = mmsim_file_truncate(object, step->length);
    mm_run_errno(run, error);
}

static void perform_shm_close(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_file *object = mm_run_file(run, step->vm.file);
    mm_run_errno(run, object ? mmsim_shm_close(mm_run_actor(run, step), object) : MMSIM_EBADF);
}

static void perform_shm_unlink(struct mm_run *run, const struct mm_step *step)
{
    mm_run_errno(run, mmsim_shm_unlink(mm_run_actor(run, step), step->vm.file));
}

/* ---- files ---- */

static void perform_file_create(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_file *file;
    mm_run_errno(run, mmsim_file_create(run->machine, step->vm.file, step->length, &file));
}

/* The file of a step; NULL: there is none, and that is the outcome. */
static struct mmsim_file *file_of(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_file *file = mm_run_file(run, step->vm.file);
    if (!file)
        mm_run_errno(run, MMSIM_ENOENT);
    return file;
}

static void perform_file_unlink(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_file *file = file_of(run, step);
    if (file)
        mm_run_errno(run, mmsim_file_unlink(file));
}

static void perform_file_truncate(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_file *file = file_of(run, step);
    if (file)
        mm_run_errno(run, mmsim_file_truncate(file, step->length));
}

static void perform_file_punch(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_file *file = file_of(run, step);
    if (file)
        mm_run_errno(run, mmsim_file_punch(file, step->vm.offset, step->length));
}

static void perform_fsync(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_file *file = file_of(run, step);
    if (file)
        mm_run_errno(run, mmsim_file_sync(file));
}

static void perform_file_write(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_file *file = file_of(run, step);
    mmsim_vaddr address;
    uint64_t done = 0;
    if (!file || (step->has_at && !mm_run_place(run, &step->at, &address)))
        return;
    mm_run_errno(
        run, step->has_at
                 ? mmsim_pwrite(mm_run_actor(run, step), file, MMSIM_FILE_READ_WRITE,
                                step->vm.offset, step->length, address, &done)
                 : mmsim_file_write(file, step->vm.offset, step->bytes.data, step->bytes.n, &done));
    answer(run, done);
}

/* Bytes that a step is to show; at most so many as it expects, if it does. */
static void show_bytes(struct mm_run *run, struct mmsim_file *file, const struct mm_step *step,
                       bool on_disk)
{
    uint8_t piece[256];
    mm_text_clear(&run->bytes);
    uint64_t at = 0;
    enum mmsim_errno error = MMSIM_SUCCESS;
    while (at < step->length && !error) {
        uint64_t n = step->length - at < sizeof piece ? step->length - at : sizeof piece;
        uint64_t done = n;
        if (on_disk)
            mmsim_file_read_disk(file, step->vm.offset + at, piece, n);
        else
            error = mmsim_file_read(file, step->vm.offset + at, piece, n, &done);
        mm_text_append(&run->bytes, (const char *)piece, done);
        at += done;
        if (done < n)
            break;
    }
    mm_run_errno(run, error);
    if (error)
        return;
    run->outcome.done = at;
    run->outcome.parts |= MM_HAS_BYTES;
}

static void perform_file_read(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_file *file = file_of(run, step);
    mmsim_vaddr address;
    uint64_t done = 0;
    if (!file)
        return;
    if (!step->has_at) {
        show_bytes(run, file, step, false);
        return;
    }
    if (!mm_run_place(run, &step->at, &address))
        return;
    mm_run_errno(run, mmsim_pread(mm_run_actor(run, step), file, MMSIM_FILE_READ_WRITE,
                                  step->vm.offset, step->length, address, &done));
    answer(run, done);
}

static void perform_file_disk(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_file *file = file_of(run, step);
    if (file)
        show_bytes(run, file, step, true);
}

static void perform_sync(struct mm_run *run, const struct mm_step *step)
{
    (void)step;
    mm_run_errno(run, mmsim_sync(run->machine));
}

static void perform_crash(struct mm_run *run, const struct mm_step *step)
{
    (void)step;
    mmsim_crash(run->machine);
    mm_run_errno(run, MMSIM_SUCCESS);
}

static void perform_wait(struct mm_run *run, const struct mm_step *step)
{
    mmsim_wait(run->machine, step->vm.cycles);
    mm_run_errno(run, MMSIM_SUCCESS);
}

/* ---- protection keys ---- */

static void perform_pkey_alloc(struct mm_run *run, const struct mm_step *step)
{
    int key = 0;
    mm_run_errno(run,
                 mmsim_pkey_alloc(mm_run_actor(run, step), 0, (unsigned)step->vm.rights, &key));
    answer(run, (uint64_t)key);
}

static void perform_pkey_free(struct mm_run *run, const struct mm_step *step)
{
    mm_run_errno(run, mmsim_pkey_free(mm_run_actor(run, step), (int)step->vm.key));
}

static void perform_pkey_mprotect(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    if (mm_run_place(run, &step->at, &address))
        mm_run_errno(run, mmsim_pkey_mprotect(mm_run_actor(run, step), address, step->length,
                                              (unsigned)step->prot, (int)step->vm.key));
}

static void perform_wrpkru(struct mm_run *run, const struct mm_step *step)
{
    mm_run_errno(run, mmsim_wrpkru(mm_run_actor(run, step), (uint32_t)step->value));
}

/* ---- which ---- */

static const struct {
    const char *name;
    void (*perform)(struct mm_run *run, const struct mm_step *step);
} performers[] = {
    {"map-device", perform_map_device},
    {"mremap", perform_mremap},
    {"msync", perform_msync},
    {"madvise", perform_madvise},
    {"mlock", perform_mlock},
    {"munlock", perform_munlock},
    {"mlockall", perform_mlockall},
    {"munlockall", perform_munlockall},
    {"mincore", perform_mincore},
    {"brk", perform_brk},
    {"mseal", perform_mseal},
    {"setrlimit", perform_setrlimit},
    {"shm-open", perform_shm_open},
    {"shm-close", perform_shm_close},
    {"shm-unlink", perform_shm_unlink},
    {"file-create", perform_file_create},
    {"file-unlink", perform_file_unlink},
    {"file-write", perform_file_write},
    {"file-read", perform_file_read},
    {"file-truncate", perform_file_truncate},
    {"file-punch", perform_file_punch},
    {"fsync", perform_fsync},
    {"sync", perform_sync},
    {"file-disk", perform_file_disk},
    {"crash", perform_crash},
    {"wait", perform_wait},
    {"pkey-alloc", perform_pkey_alloc},
    {"pkey-free", perform_pkey_free},
    {"pkey-mprotect", perform_pkey_mprotect},
    {"wrpkru", perform_wrpkru},
};

void mm_perform_vm(struct mm_run *run, const struct mm_step *step)
{
    for (size_t i = 0; i < sizeof performers / sizeof performers[0]; i++)
        if (strcmp(performers[i].name, step->verb->info.name) == 0)
            performers[i].perform(run, step);
}
