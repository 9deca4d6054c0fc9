/* files.c - the public calls on files and shared memory (file.h). */
#include "sim/files.h"

#include <string.h>

#include "proc/usercopy.h"
#include "sim/machine.h"
#include "vm/file.h"

/* ---- handles ---- */

struct mm_object *mm_file_object(const struct mmsim_file *file)
{
    return file ? file->object : NULL;
}

const char *mmsim_file_name(const struct mmsim_file *file)
{
    return file->name;
}

struct mmsim_file *mmsim_file_at(struct mmsim_machine *machine, size_t index)
{
    return index < machine->files.n ? machine->files.handles[index] : NULL;
}

struct mmsim_file *mmsim_file_find(struct mmsim_machine *machine, const char *name)
{
    for (size_t i = 0; i < machine->files.n; i++) {
        struct mmsim_file *file = machine->files.handles[i];
        if (file->linked && strcmp(file->name, name) == 0)
            return file;
    }
    return NULL;
}

static bool make_room(struct mmsim_machine *machine)
{
    struct mm_files *files = &machine->files;
    if (files->n < files->capacity)
        return true;
    size_t capacity = files->capacity ? 2 * files->capacity : 8;
    size_t item = sizeof *files->handles;
    struct mmsim_file **grown =
        mm_host_resize(&machine->host, files->handles, files->capacity * item, capacity * item);
    if (!grown)
        return false;
    files->handles = grown;
    files->capacity = capacity;
    return true;
}

/* A handle with its name, of an object that it takes over. NULL: no host memory. */
static struct mmsim_file *enrol(struct mmsim_machine *machine, const char *name,
                                struct mm_object *object)
{
    struct mmsim_file *file =
        make_room(machine) ? mm_host_alloc(&machine->host, sizeof *file) : NULL;
    if (!file)
        return NULL;
    file->machine = machine;
    memcpy(file->name, name, strlen(name) + 1);
    file->object = object;
    file->linked = true;
    file->shared_memory = object->kind == MM_OBJECT_SHARED;
    object->user = file;
    machine->files.handles[machine->files.n++] = file;
    return file;
}

static bool name_is_valid(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < sizeof((struct mmsim_file *)0)->name && strchr(name, '\n') == NULL;
}

/* The object is about to be put: is this the last that holds it? Then the handle lets go first. */
static void put_object(struct mmsim_file *file)
{
    struct mm_object *object = file->object;
    if (object->n_references == 1)
        file->object = NULL;
    mm_object_put(object);
}

void mm_files_settle(struct mmsim_machine *machine)
{
    for (size_t i = 0; i < machine->files.n; i++) {
        struct mmsim_file *file = machine->files.handles[i];
        if (file->object && !file->linked && file->object->n_references == 1)
            put_object(file);
    }
}

/* The name goes; the handle keeps one reference for itself until it is the only one. */
static void unlink_file(struct mmsim_file *file)
{
    file->linked = false;
    mm_files_settle(file->machine);
}

void mm_files_fini(struct mmsim_machine *machine)
{
    struct mm_files *files = &machine->files;
    for (size_t i = 0; i < files->n; i++) {
        if (files->handles[i]->object)
            put_object(files->handles[i]);
        mm_host_free(&machine->host, files->handles[i], sizeof *files->handles[i]);
    }
    mm_host_free(&machine->host, files->handles, files->capacity * sizeof *files->handles);
    *files = (struct mm_files){0};
}

static enum mmsim_errno done(struct mmsim_machine *machine, enum mmsim_errno error)
{
    mm_pcache_tick(&machine->pages);
    mm_machine_after_call(machine);
    return error;
}

/* ---- files ---- */

static enum mmsim_errno create(struct mmsim_machine *machine, const char *name,
                               struct mm_object *object, struct mmsim_file **file)
{
    if (!object)
        return MMSIM_ENOMEM;
    *file = enrol(machine, name, object);
    if (*file)
        return MMSIM_SUCCESS;
    mm_object_put(object);
    return MMSIM_ENOMEM;
}

enum mmsim_errno mmsim_file_create(struct mmsim_machine *machine, const char *name, uint64_t size,
                                   struct mmsim_file **file)
{
    if (!name_is_valid(name))
        return MMSIM_EINVAL;
    if (mmsim_file_find(machine, name))
        return MMSIM_EEXIST;
    if (size > MMSIM_FILE_MAX_BYTES)
        return MMSIM_EFBIG;
    return done(machine, create(machine, name, mm_object_create_file(&machine->pages, size), file));
}

enum mmsim_errno mmsim_file_unlink(struct mmsim_file *file)
{
    if (!file->linked)
        return MMSIM_ENOENT;
    unlink_file(file);
    return done(file->machine, MMSIM_SUCCESS);
}

/* Memory of the host, as a mover's other end. */
struct buffer {
    uint8_t *at;
};

static uint64_t move_out(void *user, uint8_t *bytes, uint64_t n)
{
    struct buffer *buffer = user;
    memcpy(buffer->at, bytes, n);
    buffer->at += n;
    return n;
}

static uint64_t move_in(void *user, uint8_t *bytes, uint64_t n)
{
    struct buffer *buffer = user;
    memcpy(bytes, buffer->at, n);
    buffer->at += n;
    return n;
}

enum mmsim_errno mmsim_file_read(struct mmsim_file *file, uint64_t offset, void *buffer,
                                 uint64_t n_bytes, uint64_t *n_done)
{
    struct buffer to = {buffer};
    struct mm_mover mover = {move_out, &to};
    *n_done = 0;
    if (!file->object)
        return MMSIM_EBADF;
    return done(file->machine, mm_file_read(file->object, offset, n_bytes, &mover, n_done));
}

enum mmsim_errno mmsim_file_write(struct mmsim_file *file, uint64_t offset, const void *buffer,
                                  uint64_t n_bytes, uint64_t *n_done)
{
    struct buffer from = {(uint8_t *)(uintptr_t)buffer}; /* only read */
    struct mm_mover mover = {move_in, &from};
    *n_done = 0;
    if (!file->object)
        return MMSIM_EBADF;
    return done(file->machine, mm_file_write(file->object, offset, n_bytes, &mover, n_done));
}

enum mmsim_errno mmsim_file_truncate(struct mmsim_file *file, uint64_t size)
{
    if (!file->object)
        return MMSIM_EBADF;
    if (size > MMSIM_FILE_MAX_BYTES)
        return MMSIM_EFBIG;
    return done(file->machine, mm_file_errno(mm_object_truncate(file->object, size)));
}

enum mmsim_errno mmsim_file_punch(struct mmsim_file *file, uint64_t offset, uint64_t length)
{
    if (!file->object)
        return MMSIM_EBADF;
    if (length == 0 || offset + length < offset)
        return MMSIM_EINVAL;
    if (offset + length > MMSIM_FILE_MAX_BYTES)
        return MMSIM_EFBIG;
    return done(file->machine, mm_file_errno(mm_object_punch(file->object, offset, length)));
}

enum mmsim_errno mmsim_file_sync(struct mmsim_file *file)
{
    if (!file->object)
        return MMSIM_EBADF;
    return done(file->machine, mm_file_errno(mm_object_sync(file->object, 0, UINT64_MAX)));
}

uint64_t mmsim_file_drop(struct mmsim_file *file)
{
    bool droppable = file->object && file->object->kind == MM_OBJECT_FILE;
    uint64_t n = droppable ? mm_object_drop_clean(file->object) : 0;
    done(file->machine, MMSIM_SUCCESS);
    return n;
}

enum mmsim_errno mmsim_sync(struct mmsim_machine *machine)
{
    return done(machine, mm_pcache_sync(&machine->pages) ? MMSIM_SUCCESS : MMSIM_EIO);
}

static uint64_t count_descriptors(const struct mmsim_file *file)
{
    uint64_t n = 0;
    const struct mm_list *head = &file->machine->procs.processes;
    for (const struct mm_list *at = head->next; at != head; at = at->next) {
        const struct mm_process *process = MM_CONTAINER_OF(at, const struct mm_process, link);
        const struct mm_list *list = &process->descriptors;
        for (const struct mm_list *one = list->next; one != list; one = one->next)
            n += MM_CONTAINER_OF(one, const struct mm_descriptor, link)->object == file->object;
    }
    return n;
}

void mmsim_file_get_info(const struct mmsim_file *file, struct mmsim_file_info *info)
{
    const struct mm_object *object = file->object;
    *info = (struct mmsim_file_info){.linked = file->linked, .shared_memory = file->shared_memory};
    if (!object)
        return;
    info->size = object->size;
    info->cached = object->n_pages;
    info->n_mappings = object->n_mappings;
    info->n_open = count_descriptors(file);
    if (!object->inode)
        return;
    info->disk_size = object->inode->durable_size;
    info->dirty = object->n_dirty;
    info->writeback = object->n_writeback;
    info->disk_pages = object->inode->map.n;
}

void mmsim_file_read_disk(const struct mmsim_file *file, uint64_t offset, void *buffer,
                          uint64_t n_bytes)
{
    const struct mm_object *object = file->object;
    uint8_t page[MMSIM_PAGE_SIZE];
    uint8_t *to = buffer;
    memset(buffer, 0, n_bytes);
    if (!object || !object->inode)
        return;
    for (uint64_t at = offset; at < offset + n_bytes && at < object->inode->durable_size;) {
        uint64_t n = MMSIM_PAGE_SIZE - (at & MMSIM_PAGE_MASK);
        uint64_t left = offset + n_bytes - at;
        uint64_t in_file = object->inode->durable_size - at;
        uint64_t block = mm_inode_durable_block(object->inode, at >> MMSIM_PAGE_SHIFT);
        n = n < left ? n : left;
        n = n < in_file ? n : in_file;
        if (block != MM_DISK_NONE) {
            mm_disk_look(&file->machine->disk, block, page);
            memcpy(to + (at - offset), page + (at & MMSIM_PAGE_MASK), n);
        }
        at += n;
    }
}

/* ---- by processes ---- */

/* Memory of a process, as a mover's other end. */
struct user_memory {
    struct mm_process *process;
    mmsim_vaddr at;
};

static uint64_t move_to_user(void *user, uint8_t *bytes, uint64_t n)
{
    struct user_memory *memory = user;
    uint64_t moved = mm_copy_to_user(memory->process, memory->at, bytes, n);
    memory->at += moved;
    return moved;
}

static uint64_t move_from_user(void *user, uint8_t *bytes, uint64_t n)
{
    struct user_memory *memory = user;
    uint64_t moved = mm_copy_from_user(memory->process, bytes, memory->at, n);
    memory->at += moved;
    return moved;
}

enum mmsim_errno mmsim_pread(struct mmsim_process *process, struct mmsim_file *file,
                             enum mmsim_file_access access, uint64_t offset, uint64_t n_bytes,
                             mmsim_vaddr address, uint64_t *n_done)
{
    *n_done = 0;
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error && (!file->object || access == MMSIM_FILE_WRITE_ONLY))
        error = MMSIM_EBADF;
    if (error)
        return done(process->machine, error);
    struct user_memory memory = {process->live, address};
    struct mm_mover mover = {move_to_user, &memory};
    return done(process->machine, mm_file_read(file->object, offset, n_bytes, &mover, n_done));
}

enum mmsim_errno mmsim_pwrite(struct mmsim_process *process, struct mmsim_file *file,
                              enum mmsim_file_access access, uint64_t offset, uint64_t n_bytes,
                              mmsim_vaddr address, uint64_t *n_done)
{
    *n_done = 0;
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error && (!file->object || access == MMSIM_FILE_READ_ONLY))
        error = MMSIM_EBADF;
    if (error)
        return done(process->machine, error);
    struct user_memory memory = {process->live, address};
    struct mm_mover mover = {move_from_user, &memory};
    return done(process->machine, mm_file_write(file->object, offset, n_bytes, &mover, n_done));
}

/* ---- shared memory ---- */

static enum mmsim_errno find_or_create(struct mmsim_machine *machine, const char *name,
                                       unsigned flags, struct mmsim_file **object)
{
    *object = mmsim_file_find(machine, name);
    if (*object && !(*object)->shared_memory)
        return MMSIM_EEXIST;
    if (*object)
        return (flags & MMSIM_SHM_CREATE) && (flags & MMSIM_SHM_EXCLUSIVE) ? MMSIM_EEXIST
                                                                           : MMSIM_SUCCESS;
    if (!(flags & MMSIM_SHM_CREATE))
        return MMSIM_ENOENT;
    return create(machine, name, mm_object_create_shared(&machine->pages, 0), object);
}

enum mmsim_errno mmsim_shm_open(struct mmsim_process *process, const char *name, unsigned flags,
                                struct mmsim_file **object)
{
    const unsigned known =
        MMSIM_SHM_CREATE | MMSIM_SHM_EXCLUSIVE | MMSIM_SHM_TRUNCATE | MMSIM_SHM_READ_ONLY;
    struct mmsim_machine *machine = process->machine;
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error && ((flags & ~known) || !name_is_valid(name)))
        error = MMSIM_EINVAL;
    if (!error)
        error = find_or_create(machine, name, flags, object);
    if (!error && !mm_descriptor_open(&machine->procs.descriptors, &process->live->descriptors,
                                      (*object)->object))
        error = MMSIM_ENOMEM;
    if (!error && (flags & MMSIM_SHM_TRUNCATE) && !(flags & MMSIM_SHM_READ_ONLY))
        error = mm_file_errno(mm_object_truncate((*object)->object, 0));
    return done(machine, error);
}

enum mmsim_errno mmsim_shm_close(struct mmsim_process *process, struct mmsim_file *object)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error &&
        (!object->object || !mm_descriptor_close(&process->machine->procs.descriptors,
                                                 &process->live->descriptors, object->object)))
        error = MMSIM_EBADF;
    mm_files_settle(process->machine);
    return done(process->machine, error);
}

enum mmsim_errno mmsim_shm_unlink(struct mmsim_process *process, const char *name)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    struct mmsim_file *object = error ? NULL : mmsim_file_find(process->machine, name);
    if (!error && (!object || !object->shared_memory))
        error = MMSIM_ENOENT;
    if (!error)
        unlink_file(object);
    return done(process->machine, error);
}

struct mmsim_file *mmsim_shm_leaked(struct mmsim_machine *machine, size_t index)
{
    for (size_t i = 0; i < machine->files.n; i++) {
        struct mmsim_file *file = machine->files.handles[i];
        bool forgotten = file->shared_memory && file->linked && file->object->n_references == 1;
        if (forgotten && index-- == 0)
            return file;
    }
    return NULL;
}

/* ---- the disk ---- */

void mmsim_crash(struct mmsim_machine *machine)
{
    struct mm_list *processes = &machine->procs.processes;
    while (!mm_list_empty(processes))
        mm_process_exit(MM_CONTAINER_OF(processes->next, struct mm_process, link), 0);
    for (size_t i = 0; i < machine->files.n; i++) {
        struct mmsim_file *file = machine->files.handles[i];
        if (file->shared_memory && file->linked)
            unlink_file(file);
    }
    mm_files_settle(machine);
    mm_pcache_crash(&machine->pages);
    if (mm_obs_wants(&machine->obs, MMSIM_EVENT_CRASH)) {
        struct mmsim_event event = {.type = MMSIM_EVENT_CRASH};
        mm_obs_emit(&machine->obs, &event);
    }
    mm_machine_after_call(machine);
}

void mmsim_disk_get_stats(const struct mmsim_machine *machine, struct mmsim_disk_stats *stats)
{
    *stats = machine->disk.stats;
    stats->pages_used = machine->pages.volume.n_used;
}

/* In the steps in which somebody looks: writes complete, and old pages are found, in their time. */
void mmsim_wait(struct mmsim_machine *machine, uint64_t cycles)
{
    uint64_t end = mmsim_machine_cycles(machine) + cycles;
    struct mm_pcache *pages = &machine->pages;
    mm_pcache_tick(pages);
    for (uint64_t now = mmsim_machine_cycles(machine); now < end;
         now = mmsim_machine_cycles(machine)) {
        uint64_t next = mm_disk_next(&machine->disk);
        if (pages->config.interval_cycles > 0 && pages->next_look < next)
            next = pages->next_look;
        next = next < end ? next : end;
        mm_clock_charge(&machine->clock, next > now ? next - now : 1);
        mm_pcache_tick(pages);
    }
    mm_machine_after_call(machine);
}
