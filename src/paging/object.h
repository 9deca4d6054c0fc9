/*
 * object.h - memory objects: pages by index, which mappings and read and write calls share.
 *
 * A memory object is what a mapping shows when it is not private anonymous memory: the contents of
 * a file, or shared memory that has no file. It owns its frames (use MM_FRAME_FILE), finds them by
 * page index, fetches what is missing, and remembers which ones differ from the disk.
 *
 *   absent --fetch--> clean --mm_object_dirty--> dirty --write-back--> under write-back --> clean
 *
 * A frame of an object counts its mappings plus one for the object itself. `owner` of its struct
 * mm_frame is the object, `payload` the index, `n_used` its states (enum mm_page_state).
 *
 * Stores through shared mappings of files are noticed because an entry is writable only while its
 * page is dirty; the cleaner takes the right away through the hooks below (Linux: page_mkwrite and
 * folio_mkclean). Shared memory has no disk: its pages are never clean, and always writable.
 *
 * The object knows the VMAs that map it only as a list of links; who they are is the business of
 * the hooks' installer, vm/filemap.
 *
 * A page that reclaim takes out leaves a mark (pages.h): its number, so that the policy knows it
 * when it comes back, or for shared memory its slot of swap.
 *
 * Invariants: (1) a page in the object has use MM_FRAME_FILE, names the object and its index, and
 * lies below the end rounded up; (2) n_pages, n_dirty, n_writeback say what the pages say; (3) only
 * objects of files have clean pages or pages under write-back; (4) an object without references
 * does not exist; one with mappings has at least that many references.
 */
#ifndef MM_PAGING_OBJECT_H
#define MM_PAGING_OBJECT_H

#include <mmsim/policy.h>

#include "alloc/zone.h"
#include "base/list.h"
#include "paging/pages.h"

struct mm_pcache; /* pcache.h: what all objects share */
struct mm_inode;  /* pcache.h: where a file's pages are on the disk */

enum mm_object_kind { MM_OBJECT_FILE, MM_OBJECT_SHARED };

/* States of a page, in `n_used` of its frame. */
enum mm_page_state {
    MM_PAGE_DIRTY = 1 << 0,     /* differs from the disk, or has no disk */
    MM_PAGE_WRITEBACK = 1 << 1, /* on its way to the disk; with DIRTY: stored to again meanwhile */
    MM_PAGE_READAHEAD = 1 << 2, /* read before it was asked for */
    MM_PAGE_REFERENCED = 1 << 3 /* used by read or write since the last look */
};

struct mm_object {
    struct mm_list link; /* in mm_pcache.objects, oldest first */
    struct mm_pcache *cache;
    enum mm_object_kind kind;
    uint32_t n_references; /* names, descriptors, mappings, whoever looks */
    uint64_t size;         /* bytes */
    struct mm_pages pages;
    struct mm_list mappings; /* of the VMAs that show it: mm_vma.object_link */
    uint64_t n_mappings;
    uint64_t n_pages, n_dirty, n_writeback;
    uint64_t n_swapped;               /* pages of shared memory that are on swap */
    struct mm_inode *inode;           /* kind FILE */
    bool failed;                      /* a write-back failed, and nobody has been told */
    uint64_t dirty_since;             /* when it got its first dirty page */
    uint64_t ahead_next, ahead_pages; /* where a sequential reader would go on; the last window */
    void *user;                       /* whoever made it visible: its handle */
};

/* What is known of the entries that show a page. */
struct mm_object_survey {
    uint32_t n_mappings;
    bool is_locked;
};

/* What mappings must do for an object; installed once, by vm. */
struct mm_object_hooks {
    /* Takes away every entry that shows pages first..last (inclusive), flushes, and puts the
     * frames; with MM_UNMAP_COPIES private copies too. */
    void (*unmap)(void *user, struct mm_object *object, uint64_t first, uint64_t last,
                  unsigned what);
    /* Makes every shared entry of a page read-only and its dirty bit clear, with one flush each;
     * true: one of them was dirty. */
    bool (*clean)(void *user, struct mm_object *object, uint64_t index);
    /* How many entries show a page, and whether one of them is in locked memory. */
    struct mm_object_survey (*survey)(void *user, const struct mm_object *object, uint64_t index);
    /* Tests and clears the accessed bits of the entries that show a page. */
    enum mmsim_look (*look)(void *user, struct mm_object *object, uint64_t index);
    void *user;
};
enum { MM_UNMAP_COPIES = 1 };

enum mm_object_result {
    MM_OBJECT_OK,
    MM_OBJECT_NO_MEMORY,
    MM_OBJECT_BEYOND_END, /* SIGBUS */
    MM_OBJECT_IO_ERROR,   /* SIGBUS, EIO */
    MM_OBJECT_NO_SPACE    /* SIGBUS, ENOSPC: the disk has no block left for it */
};

/* How the pages will be used: decides how much is read ahead. */
enum mm_object_advice { MM_ADVICE_NORMAL, MM_ADVICE_SEQUENTIAL, MM_ADVICE_RANDOM };

/* Shared memory of `size` bytes, all zero, with one reference. NULL: no memory. */
struct mm_object *mm_object_create_shared(struct mm_pcache *cache, uint64_t size);

static inline void mm_object_get(struct mm_object *object)
{
    object->n_references++;
}

/* The last one frees every page, and the blocks on the disk. No mapping may be left then. */
void mm_object_put(struct mm_object *object);

/* The frame of a page that is in memory; NULL. */
struct mm_frame *mm_object_find(const struct mm_object *object, uint64_t index);

/*
 * The frame of a page, fetched if need be: zeros, or the disk, perhaps with some that follow. *io
 * becomes true if the disk had to be waited for. The frame is not pinned: it stays until the next
 * call that may free memory.
 */
enum mm_object_result mm_object_fetch(struct mm_object *object, uint64_t index,
                                      enum mm_object_advice advice, struct mm_frame **frame,
                                      bool *io);

/* Reads pages first..last ahead, as far as there are any and memory allows. */
void mm_object_willneed(struct mm_object *object, uint64_t first, uint64_t last);

/* The page is about to be stored to: it is dirty from now on. May wait for write-back, or start it
 * (thresholds). NO_SPACE, NO_MEMORY: it is not dirty. */
enum mm_object_result mm_object_dirty(struct mm_object *object, struct mm_frame *frame);

/* The object whose page a frame is. */
static inline struct mm_object *mm_frame_object(const struct mm_frame *frame)
{
    return frame->owner;
}

/* Whether entries of shared mappings may be writable now. */
static inline bool mm_object_page_writable(const struct mm_frame *frame)
{
    return frame->n_used & MM_PAGE_DIRTY;
}

/* A page is used by read or write: its policy will know. */
void mm_object_note_use(struct mm_object *object, struct mm_frame *frame, enum mmsim_kind kind);

/* Whether there is anything at an index: a page in memory, or on swap. */
bool mm_object_holds(const struct mm_object *object, uint64_t index);

/* A dirty page of a file goes on its way to the disk; false: it is clean, or cannot. */
bool mm_object_start_cleaning(struct mm_object *object, struct mm_frame *frame);

/* Zeros for pages first..last, which go; their blocks on the disk too. Entries must be gone. */
void mm_object_remove(struct mm_object *object, uint64_t first, uint64_t last);

/* New size, as ftruncate() has it (file.h), mappings included. NO_MEMORY: nothing changed. */
enum mm_object_result mm_object_truncate(struct mm_object *object, uint64_t size);

/* A hole of zeros, as fallocate() punches it, mappings included. */
enum mm_object_result mm_object_punch(struct mm_object *object, uint64_t offset, uint64_t length);

/* Writes dirty pages first..last back and waits, the size too. IO_ERROR. Shared memory: done. */
enum mm_object_result mm_object_sync(struct mm_object *object, uint64_t first, uint64_t last);

/* NULL, or a sentence (static storage). */
const char *mm_object_check(const struct mm_object *object);

#endif
