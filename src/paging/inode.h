/*
 * inode.h - where a file's pages are on the disk, as the kernel has it and as the disk has it.
 *
 * A page of a file has at most one block. What a block is to the file are three marks:
 *
 *   LIVE     the kernel's map names it
 *   WRITTEN  the page's contents have reached it; without, it is kept free for a dirty page
 *   DURABLE  the map on the disk names it: after a crash it is the page
 *
 *   none --reserve--> LIVE --data written--> +WRITTEN --inode written--> +DURABLE
 *   +DURABLE --drop--> DURABLE alone --inode written--> none        (else drop --> none at once)
 *
 * So a block that the disk still counts on is not given to anybody else, and one whose contents
 * never arrived is never shown: after a crash such a page is a hole, or what it was before.
 *
 * Writing the inode makes the map and the size durable as they are when the write completes; who
 * drops pages while it is under way waits for it first (resize.c). The size is that of when the
 * write began.
 *
 * Invariants: (1) a block is used exactly if one file's map has it, and once; (2) each entry has
 * LIVE or DURABLE, and WRITTEN only with LIVE; (3) n_dropped is the number of entries without LIVE.
 */
#ifndef MM_PAGING_INODE_H
#define MM_PAGING_INODE_H

#include "hw/disk.h"
#include "paging/radix.h"

/* The blocks of a disk. */
struct mm_volume {
    struct mm_disk *disk;
    uint64_t *used; /* a bit a block; sparse */
    uint64_t n_used;
    uint64_t cursor;    /* where the search for a free one goes on */
    uint64_t n_dropped; /* of all inodes */
};

enum mm_block_mark { MM_BLOCK_LIVE = 1, MM_BLOCK_WRITTEN = 2, MM_BLOCK_DURABLE = 4 };

struct mm_inode {
    struct mm_volume *volume;
    struct mm_radix map;      /* by page index: the block << 3 | its marks, see above */
    uint64_t durable_size;    /* bytes, as the disk has it */
    uint64_t committing_size; /* while is_committing */
    uint64_t n_dropped;
    bool is_dirty;      /* the disk has another size or map */
    bool is_committing; /* it is being written */
};

enum mm_inode_result { MM_INODE_OK, MM_INODE_NO_MEMORY, MM_INODE_NO_SPACE };

/* False: no host memory. */
bool mm_volume_init(struct mm_volume *volume, struct mm_disk *disk);
void mm_volume_fini(struct mm_volume *volume);

/* A file that the disk has with a size, and no page. */
void mm_inode_init(struct mm_inode *inode, struct mm_volume *volume, struct mm_radix_nodes *nodes,
                   uint64_t size);

/* The file is gone from the disk: every block is free. None of its writes may be under way. */
void mm_inode_fini(struct mm_inode *inode);

/* Makes sure that a page has a live block. On failure nothing changed. */
enum mm_inode_result mm_inode_reserve(struct mm_inode *inode, uint64_t index);

/* The live block of a page that is to be written. */
uint64_t mm_inode_block(const struct mm_inode *inode, uint64_t index);

/* The block with a page's contents; MM_DISK_NONE: a hole. */
uint64_t mm_inode_written_block(const struct mm_inode *inode, uint64_t index);

/* The block that shows a page after a crash; MM_DISK_NONE: a hole. */
uint64_t mm_inode_durable_block(const struct mm_inode *inode, uint64_t index);

/* The contents of a page have reached its block. */
void mm_inode_note_written(struct mm_inode *inode, uint64_t index);

/* Pages first..last become holes, once the inode is written. */
void mm_inode_drop(struct mm_inode *inode, uint64_t first, uint64_t last);

/* The inode begins to be written; it has been, or that failed. */
void mm_inode_begin_commit(struct mm_inode *inode, uint64_t size);
void mm_inode_end_commit(struct mm_inode *inode, bool ok);

/* The power failed: the map is again what the disk has. */
void mm_inode_revert(struct mm_inode *inode);

/* NULL, or a sentence (static storage). */
const char *mm_inode_check(const struct mm_inode *inode);

#endif
