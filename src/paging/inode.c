/* inode.c - blocks: which are free, whose they are, and what the disk knows of that. */
#include "paging/inode.h"

#include "base/assert.h"
#include "base/host.h"

enum { MARK_BITS = 3, ALL_MARKS = (1 << MARK_BITS) - 1 };

/* ---- free blocks ---- */

static size_t bitmap_bytes(const struct mm_disk *disk)
{
    return (size_t)(disk->n_blocks / 64 + 1) * sizeof(uint64_t);
}

bool mm_volume_init(struct mm_volume *volume, struct mm_disk *disk)
{
    *volume = (struct mm_volume){.disk = disk, .used = mm_host_reserve(bitmap_bytes(disk))};
    return volume->used != NULL;
}

void mm_volume_fini(struct mm_volume *volume)
{
    if (volume->used)
        mm_host_release(volume->used, bitmap_bytes(volume->disk));
    *volume = (struct mm_volume){0};
}

static bool is_used(const struct mm_volume *volume, uint64_t block)
{
    return (volume->used[block / 64] >> (block & 63)) & 1;
}

static uint64_t find_free(const struct mm_volume *volume, uint64_t from, uint64_t to)
{
    for (uint64_t block = from; block < to;) {
        uint64_t rest = ~volume->used[block / 64] >> (block & 63);
        if (rest) {
            block += (uint64_t)__builtin_ctzll(rest);
            return block < to ? block : MM_DISK_NONE;
        }
        block = (block | 63) + 1;
    }
    return MM_DISK_NONE;
}

/* A free block, at `wish` if that is one; MM_DISK_NONE: the disk is full. */
static uint64_t take_block(struct mm_volume *volume, uint64_t wish)
{
    uint64_t n_blocks = volume->disk->n_blocks;
    uint64_t block = wish < n_blocks && !is_used(volume, wish) ? wish : MM_DISK_NONE;
    if (block == MM_DISK_NONE)
        block = find_free(volume, volume->cursor, n_blocks);
    if (block == MM_DISK_NONE)
        block = find_free(volume, 0, volume->cursor);
    if (block == MM_DISK_NONE)
        return block;
    volume->used[block / 64] |= (uint64_t)1 << (block & 63);
    volume->n_used++;
    volume->cursor = block + 1;
    return block;
}

static void free_block(struct mm_volume *volume, uint64_t block)
{
    MM_ASSERT(is_used(volume, block), "a block of the disk is freed twice");
    volume->used[block / 64] &= ~((uint64_t)1 << (block & 63));
    volume->n_used--;
}

/* ---- entries ---- */

static uint64_t block_of(uintptr_t entry)
{
    return entry >> MARK_BITS;
}

static unsigned marks_of(uintptr_t entry)
{
    return entry & ALL_MARKS;
}

/* Other marks for an entry that is there; without LIVE and DURABLE it goes. Needs no memory. */
static void set_marks(struct mm_inode *inode, uint64_t index, uintptr_t entry, unsigned marks)
{
    bool was_dropped = !(marks_of(entry) & MM_BLOCK_LIVE);
    bool goes = !(marks & (MM_BLOCK_LIVE | MM_BLOCK_DURABLE));
    bool is_dropped = !goes && !(marks & MM_BLOCK_LIVE);
    inode->n_dropped += (uint64_t)is_dropped - (uint64_t)was_dropped;
    inode->volume->n_dropped += (uint64_t)is_dropped - (uint64_t)was_dropped;
    if (goes) {
        mm_radix_remove(&inode->map, index);
        free_block(inode->volume, block_of(entry));
        return;
    }
    mm_radix_store(&inode->map, index, (entry & ~(uintptr_t)ALL_MARKS) | marks);
}

void mm_inode_init(struct mm_inode *inode, struct mm_volume *volume, struct mm_radix_nodes *nodes,
                   uint64_t size)
{
    *inode = (struct mm_inode){.volume = volume, .durable_size = size};
    mm_radix_init(&inode->map, nodes);
}

void mm_inode_fini(struct mm_inode *inode)
{
    uint64_t index = 0;
    for (uintptr_t entry; (entry = mm_radix_next(&inode->map, &index, UINT64_MAX)); index++)
        set_marks(inode, index, entry, 0);
}

/* Where a page's block should be: behind that of the page before. */
static uint64_t wish_for(const struct mm_inode *inode, uint64_t index)
{
    uintptr_t before = index > 0 ? mm_radix_find(&inode->map, index - 1) : 0;
    return before ? block_of(before) + 1 : MM_DISK_NONE;
}

enum mm_inode_result mm_inode_reserve(struct mm_inode *inode, uint64_t index)
{
    uintptr_t entry = mm_radix_find(&inode->map, index);
    if (marks_of(entry) & MM_BLOCK_LIVE)
        return MM_INODE_OK;
    if (entry) {
        set_marks(inode, index, entry, marks_of(entry) | MM_BLOCK_LIVE);
        return MM_INODE_OK;
    }
    uint64_t block = take_block(inode->volume, wish_for(inode, index));
    if (block == MM_DISK_NONE)
        return MM_INODE_NO_SPACE;
    if (mm_radix_store(&inode->map, index, (uintptr_t)block << MARK_BITS | MM_BLOCK_LIVE))
        return MM_INODE_OK;
    free_block(inode->volume, block);
    return MM_INODE_NO_MEMORY;
}

static uint64_t block_with(const struct mm_inode *inode, uint64_t index, unsigned marks)
{
    uintptr_t entry = mm_radix_find(&inode->map, index);
    return (marks_of(entry) & marks) == marks ? block_of(entry) : MM_DISK_NONE;
}

uint64_t mm_inode_block(const struct mm_inode *inode, uint64_t index)
{
    return block_with(inode, index, MM_BLOCK_LIVE);
}

uint64_t mm_inode_written_block(const struct mm_inode *inode, uint64_t index)
{
    return block_with(inode, index, MM_BLOCK_LIVE | MM_BLOCK_WRITTEN);
}

uint64_t mm_inode_durable_block(const struct mm_inode *inode, uint64_t index)
{
    return block_with(inode, index, MM_BLOCK_DURABLE);
}

/* ---- changes ---- */

void mm_inode_note_written(struct mm_inode *inode, uint64_t index)
{
    uintptr_t entry = mm_radix_find(&inode->map, index);
    MM_ASSERT(marks_of(entry) & MM_BLOCK_LIVE, "a page was written that has no block");
    if (marks_of(entry) & MM_BLOCK_WRITTEN)
        return;
    set_marks(inode, index, entry, marks_of(entry) | MM_BLOCK_WRITTEN);
    inode->is_dirty |= !(marks_of(entry) & MM_BLOCK_DURABLE);
}

void mm_inode_drop(struct mm_inode *inode, uint64_t first, uint64_t last)
{
    MM_ASSERT(!inode->is_committing, "pages are dropped while the inode is being written");
    uint64_t index = first;
    for (uintptr_t entry; (entry = mm_radix_next(&inode->map, &index, last)); index++) {
        unsigned marks = marks_of(entry);
        if (!(marks & MM_BLOCK_LIVE))
            continue;
        set_marks(inode, index, entry, marks & MM_BLOCK_DURABLE);
        inode->is_dirty |= (marks & MM_BLOCK_DURABLE) != 0;
    }
}

void mm_inode_begin_commit(struct mm_inode *inode, uint64_t size)
{
    inode->is_committing = true;
    inode->is_dirty = false;
    inode->committing_size = size;
}

/* The map of the disk becomes that of the kernel, as far as contents have arrived. */
static void make_durable(struct mm_inode *inode)
{
    uint64_t index = 0;
    for (uintptr_t entry; (entry = mm_radix_next(&inode->map, &index, UINT64_MAX)); index++) {
        unsigned marks = marks_of(entry) & ~(unsigned)MM_BLOCK_DURABLE;
        if (marks & MM_BLOCK_WRITTEN)
            marks |= MM_BLOCK_DURABLE;
        if (marks != marks_of(entry))
            set_marks(inode, index, entry, marks);
    }
    inode->durable_size = inode->committing_size;
}

void mm_inode_end_commit(struct mm_inode *inode, bool ok)
{
    inode->is_committing = false;
    if (ok)
        make_durable(inode);
    else
        inode->is_dirty = true;
}

void mm_inode_revert(struct mm_inode *inode)
{
    uint64_t index = 0;
    for (uintptr_t entry; (entry = mm_radix_next(&inode->map, &index, UINT64_MAX)); index++) {
        bool is_durable = marks_of(entry) & MM_BLOCK_DURABLE;
        unsigned marks = is_durable ? (unsigned)ALL_MARKS : 0;
        if (marks != marks_of(entry))
            set_marks(inode, index, entry, marks);
    }
    inode->is_dirty = inode->is_committing = false;
}

/* ---- checking ---- */

const char *mm_inode_check(const struct mm_inode *inode)
{
    uint64_t index = 0, n_dropped = 0;
    const char *broken = mm_radix_check(&inode->map);
    for (uintptr_t entry; !broken && (entry = mm_radix_next(&inode->map, &index, UINT64_MAX));
         index++) {
        unsigned marks = marks_of(entry);
        n_dropped += !(marks & MM_BLOCK_LIVE);
        if (block_of(entry) >= inode->volume->disk->n_blocks)
            broken = "a page of a file has a block beyond the disk (inode invariant 1)";
        else if (!is_used(inode->volume, block_of(entry)))
            broken = "a page of a file has a free block (inode invariant 1)";
        else if (!(marks & (MM_BLOCK_LIVE | MM_BLOCK_DURABLE)) ||
                 (marks & (MM_BLOCK_LIVE | MM_BLOCK_WRITTEN)) == MM_BLOCK_WRITTEN)
            broken = "a block has marks that exclude each other (inode invariant 2)";
    }
    if (!broken && n_dropped != inode->n_dropped)
        broken = "a file does not count its dropped pages (inode invariant 3)";
    return broken;
}
