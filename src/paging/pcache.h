/*
 * pcache.h - the page cache: what all memory objects of a machine share, and writing back.
 *
 * Dirty pages of files go to the disk
 *
 *   when somebody waits for it            mm_object_sync
 *   when they are old                     every interval, those of objects dirty for so long
 *   when there are many                   above background_percent of RAM, until below
 *   before more are made                  above limit_percent the writer waits
 *   when frames run out                   before an allocation fails
 *
 * A page under way is not dirty; stored to meanwhile it is both, and goes once more. Its bytes were
 * copied when it was put on its way (disk.h). A crash loses the cache, and with it everything that
 * had not reached the disk together with the inode that names it (inode.h).
 *
 * Sources: Linux Documentation/admin-guide/sysctl/vm.rst (dirty_*); mm/page-writeback.c.
 *
 * Invariants: (1) n_dirty and n_writeback are the sums over the objects of files; (2) every object
 * on the list satisfies its own (object.h); (3) the disk has exactly as many blocks in use as the
 * inodes have.
 */
#ifndef MM_PAGING_PCACHE_H
#define MM_PAGING_PCACHE_H

#include "obs/event.h"
#include "paging/inode.h"
#include "paging/object.h"

struct mm_pcache_setup {
    struct mm_zones *zones;
    struct mm_heap *heap;
    struct mm_clock *clock;
    struct mm_obs *obs;
    const struct mmsim_page_cache *config; /* copied */
    struct mm_disk *disk;
    struct mm_reclaim *reclaim;  /* NULL: pages are not taken out */
    uint64_t (*now)(void *user); /* simulated time */
    void *user;
};

struct mm_pcache {
    struct mm_pcache_setup setup;
    struct mmsim_page_cache config;
    struct mm_zones *zones;
    struct mm_object_hooks hooks;
    struct mm_cache objects, inodes;
    struct mm_radix_nodes nodes;
    struct mm_volume volume;
    struct mm_list all;            /* objects, oldest first */
    uint64_t n_dirty, n_writeback; /* pages of files */
    uint64_t n_shadows;            /* pages that left, whose numbers are remembered */
    uint64_t next_look;            /* when old pages are looked for */
    bool writing;                  /* write-back is under way: it does not begin itself again */
};

/* False: no memory. */
bool mm_pcache_init(struct mm_pcache *cache, const struct mm_pcache_setup *setup);

/* No object may be left. */
void mm_pcache_fini(struct mm_pcache *cache);

/* A file of `size` bytes that the disk has, as a hole, with one reference. NULL: no memory. */
struct mm_object *mm_object_create_file(struct mm_pcache *cache, uint64_t size);

/* Pages that shared memory may come to have. */
uint64_t mm_pcache_shared_pages(const struct mm_pcache *cache);

/* What time has brought: writes that completed, pages that are old. Called on entering the kernel.
 */
void mm_pcache_tick(struct mm_pcache *cache);

/* Writes every dirty page and waits. False: the disk failed. */
bool mm_pcache_sync(struct mm_pcache *cache);

/* The power fails: every page is gone, files are as the disk has them. No mapping may be left, nor
 * an object of shared memory. */
void mm_pcache_crash(struct mm_pcache *cache);

/* Drops clean pages of an object that nobody maps; how many. */
uint64_t mm_object_drop_clean(struct mm_object *object);

/* Forgets the older half of the pages that left, if they are more than there are frames. Allocates
 * nothing, returns nothing to the heap. */
void mm_pcache_trim_shadows(struct mm_pcache *cache);

/* ---- for object*.c and writeback.c ---- */

/* Puts all dirty pages of first..last on their way, and the inode behind them. */
void mm_writeback_start(struct mm_object *object, uint64_t first, uint64_t last);

/* Waits until nothing of the object is under way. */
void mm_writeback_wait(struct mm_object *object);

/* Before a page becomes dirty: keeps their number within the thresholds. */
void mm_writeback_balance(struct mm_pcache *cache);

/* A write of the disk's has completed. */
void mm_writeback_done(void *cache, const struct mm_disk_write *write, bool ok);

/* Takes a page out, whatever its state but under write-back; its entries are gone. */
void mm_object_forget(struct mm_object *object, uint64_t index, struct mm_frame *frame);

/* Waits until a page that is being written has arrived. */
void mm_writeback_wait_page(struct mm_pcache *cache, const struct mm_frame *frame);

/* A page that nobody maps, and that is clean or has been written to a slot, leaves its frame. */
void mm_object_evict(struct mm_object *object, struct mm_frame *frame, uint32_t slot);

static inline uint64_t mm_object_end(const struct mm_object *object)
{
    return (object->size + MMSIM_PAGE_MASK) >> MMSIM_PAGE_SHIFT;
}

/* NULL, or a sentence (static storage). */
const char *mm_pcache_check(const struct mm_pcache *cache);

#endif
