/*
 * host.c - host memory: the caller's allocator or malloc, and sparse mappings.
 */
#include "base/host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"

static void *resize_by_malloc(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    (void)user;
    (void)old_bytes;
    if (new_bytes > 0)
        return realloc(block, new_bytes);
    free(block);
    return NULL;
}

/* A block of no bytes is one of one byte: for an allocator, 0 means "free". */
static size_t block_bytes(size_t n_bytes)
{
    return n_bytes > 0 ? n_bytes : 1;
}

void mm_host_init(struct mm_host *host, const struct mmsim_allocator *allocator)
{
    *host = (struct mm_host){.allocator = {.resize = resize_by_malloc}};
    if (allocator)
        host->allocator = *allocator;
}

void *mm_host_resize(struct mm_host *host, void *block, size_t old_bytes, size_t new_bytes)
{
    const struct mmsim_allocator *allocator = &host->allocator;
    size_t now_bytes = block ? block_bytes(old_bytes) : 0;
    void *resized = allocator->resize(allocator->user, block, now_bytes, block_bytes(new_bytes));
    if (resized && !block)
        host->n_blocks++;
    return resized;
}

void *mm_host_alloc(struct mm_host *host, size_t n_bytes)
{
    void *block = mm_host_resize(host, NULL, 0, n_bytes);
    return block ? memset(block, 0, block_bytes(n_bytes)) : NULL;
}

void mm_host_free(struct mm_host *host, void *block, size_t n_bytes)
{
    if (!block)
        return;
    MM_ASSERT(host->n_blocks > 0, "more host blocks are freed than were taken");
    host->n_blocks--;
    host->allocator.resize(host->allocator.user, block, block_bytes(n_bytes), 0);
}

void *mm_host_reserve(size_t n_bytes)
{
    void *mapping = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return mapping != MAP_FAILED ? mapping : NULL;
}

void mm_host_release(void *mapping, size_t n_bytes)
{
    if (mapping)
        munmap(mapping, n_bytes);
}
