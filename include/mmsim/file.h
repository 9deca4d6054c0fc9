/*
 * file.h - simulated files on a simulated disk, the page cache between, and shared memory.
 *
 * A file's bytes are in three places: in frames of the page cache, which all mappings and all reads
 * and writes share; on the disk, which survives a crash; and, while a page is being written back,
 * on their way. A page is
 *
 *   absent --read--> clean --store, write--> dirty --write-back--> under write-back --done--> clean
 *
 * A shared-memory object is a file without a disk: it lives while it has a name, or somebody has it
 * open or mapped.
 *
 * Calls by a process enter the kernel as system calls do and return a simulated errno. Calls
 * without one are the experimenter's: they act on the kernel's side at once, and are charged like
 * the kernel's own work.
 */
#ifndef MMSIM_FILE_H
#define MMSIM_FILE_H

#include <mmsim/errno.h>
#include <mmsim/status.h>
#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_machine;
struct mmsim_process;
struct mmsim_file; /* owned by its machine; stays valid until the machine is destroyed */

/* How a descriptor was opened. */
enum mmsim_file_access { MMSIM_FILE_READ_WRITE, MMSIM_FILE_READ_ONLY, MMSIM_FILE_WRITE_ONLY };

#define MMSIM_FILE_MAX_BYTES ((uint64_t)1 << 40)

/*
 * Makes a file of `size` bytes, all zero, on the disk: it holds it as a hole. `name` is copied, at
 * most 63 characters, and new. ENOSPC: the disk is full; EEXIST; EINVAL; EFBIG; ENOMEM.
 */
enum mmsim_errno mmsim_file_create(struct mmsim_machine *machine, const char *name, uint64_t size,
                                   struct mmsim_file **file);
/* Removes its name; it is gone with its last mapping. EBUSY does not exist here. ENOENT. */
enum mmsim_errno mmsim_file_unlink(struct mmsim_file *file);
/* By name, files and shared objects alike; NULL: there is none. */
struct mmsim_file *mmsim_file_find(struct mmsim_machine *machine, const char *name);
/* In order of creation, unlinked ones included; NULL past the end. */
struct mmsim_file *mmsim_file_at(struct mmsim_machine *machine, size_t index);
const char *mmsim_file_name(const struct mmsim_file *file);

/*
 * Reads and writes through the page cache, from and to memory of the host. *done is the number of
 * bytes moved: fewer than asked for at the end of the file. EIO: the disk failed; ENOSPC; ENOMEM;
 * EFBIG. POSIX pread(), pwrite().
 */
enum mmsim_errno mmsim_file_read(struct mmsim_file *file, uint64_t offset, void *buffer,
                                 uint64_t n_bytes, uint64_t *done);
enum mmsim_errno mmsim_file_write(struct mmsim_file *file, uint64_t offset, const void *buffer,
                                  uint64_t n_bytes, uint64_t *done);

/*
 * The same as a process calls them: to and from its own memory, which the kernel reaches through
 * the MMU and checks. A page that is not there or not allowed ends the call: with the bytes that
 * came before it, or EFAULT if there are none. EBADF: the descriptor does not allow it.
 */
enum mmsim_errno mmsim_pread(struct mmsim_process *process, struct mmsim_file *file,
                             enum mmsim_file_access access, uint64_t offset, uint64_t n_bytes,
                             mmsim_vaddr address, uint64_t *done);
enum mmsim_errno mmsim_pwrite(struct mmsim_process *process, struct mmsim_file *file,
                              enum mmsim_file_access access, uint64_t offset, uint64_t n_bytes,
                              mmsim_vaddr address, uint64_t *done);

/*
 * Changes the size. What lies beyond the new end goes, private copies of whole pages included;
 * touching it is SIGBUS from now on. The rest of the last page becomes zeros, also when the size
 * stays. POSIX ftruncate().
 */
enum mmsim_errno mmsim_file_truncate(struct mmsim_file *file, uint64_t size);
/* Makes a hole of zeros; the size stays. Linux fallocate(PUNCH_HOLE|KEEP_SIZE). EINVAL: length 0.
 */
enum mmsim_errno mmsim_file_punch(struct mmsim_file *file, uint64_t offset, uint64_t length);
/* Brings every dirty page, and the size, to the disk and waits. EIO. POSIX fsync(). */
enum mmsim_errno mmsim_file_sync(struct mmsim_file *file);
/* Drops clean pages that nobody maps. Linux posix_fadvise(DONTNEED). Returns how many. */
uint64_t mmsim_file_drop(struct mmsim_file *file);
/* All files; sync(2). */
enum mmsim_errno mmsim_sync(struct mmsim_machine *machine);

struct mmsim_file_info {
    uint64_t size;       /* bytes, as processes see it */
    uint64_t disk_size;  /* bytes, as the disk has it; 0 for shared memory */
    uint64_t cached;     /* pages in the page cache */
    uint64_t dirty;      /* of these, those that differ from the disk and are not on their way */
    uint64_t writeback;  /* of these, those that are being written */
    uint64_t disk_pages; /* pages of the disk that it occupies */
    uint64_t n_mappings; /* mappings (VMAs) of it, in all processes */
    uint64_t n_open;     /* shared memory: descriptors */
    bool linked;         /* it has its name */
    bool shared_memory;
};
void mmsim_file_get_info(const struct mmsim_file *file, struct mmsim_file_info *info);

/* What the disk holds now, whatever the cache has; zeros beyond its end. */
void mmsim_file_read_disk(const struct mmsim_file *file, uint64_t offset, void *buffer,
                          uint64_t n_bytes);

/* ---- shared memory ---- */

enum {
    MMSIM_SHM_CREATE = 1,    /* make it if there is none */
    MMSIM_SHM_EXCLUSIVE = 2, /* with CREATE: EEXIST if there is one */
    MMSIM_SHM_TRUNCATE = 4,  /* size 0 */
    MMSIM_SHM_READ_ONLY = 8
};

/*
 * Opens a shared-memory object for a process; a new one has size 0 (mmsim_file_truncate() sets it).
 * The descriptor counts until mmsim_shm_close() or the end of the process; fork inherits it.
 * ENOENT, EEXIST, EINVAL (name, flags), ENOMEM. POSIX shm_open().
 */
enum mmsim_errno mmsim_shm_open(struct mmsim_process *process, const char *name, unsigned flags,
                                struct mmsim_file **object);
enum mmsim_errno mmsim_shm_close(struct mmsim_process *process, struct mmsim_file *object);
/* Removes the name at once; the object goes with its last descriptor and mapping. ENOENT. */
enum mmsim_errno mmsim_shm_unlink(struct mmsim_process *process, const char *name);

/* An object that has a name, but no descriptor and no mapping any more: what a program forgot to
 * unlink. By index; NULL past the end. */
struct mmsim_file *mmsim_shm_leaked(struct mmsim_machine *machine, size_t index);

/* ---- the disk ---- */

/*
 * Pulls the plug: every process ends without a word, the page cache is lost, and so is what was
 * under way. Files are then as the disk has them; shared memory is gone. The machine goes on.
 */
void mmsim_crash(struct mmsim_machine *machine);

struct mmsim_disk_stats {
    uint64_t reads, writes; /* requests */
    uint64_t pages_read, pages_written;
    uint64_t errors;                    /* requests that failed */
    uint64_t busy_cycles;               /* time that it worked */
    uint64_t pages_used, pages;         /* now, and in all */
    uint64_t readahead, readahead_hits; /* pages read before they were asked for; of these, used */
};
void mmsim_disk_get_stats(const struct mmsim_machine *machine, struct mmsim_disk_stats *stats);

/* Lets simulated time pass: write-back under way ends, old dirty pages are written. */
void mmsim_wait(struct mmsim_machine *machine, uint64_t cycles);

#ifdef __cplusplus
}
#endif
#endif
