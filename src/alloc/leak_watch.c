/* leak_watch.c - counts of references, kept up to date store by store; see leak_watch.h. */
#include "alloc/leak_watch.h"

#include <string.h>

#include "alloc/leak_words.h"

struct mm_leak_seen {
    uint32_t n_refs;
    uint32_t lost_step; /* when a reference was last taken away, + 1; 0: never */
    const char *lost_site;
};

struct mm_leak_watch {
    struct mm_leak_seen *seen; /* by granule; sparse */
};

static size_t seen_bytes(const struct mm_leak *leak)
{
    return (size_t)leak->heap->low_bytes / MM_HEAP_GRANULE * sizeof(struct mm_leak_seen);
}

static struct mm_leak_seen *seen_of(const struct mm_leak *leak, uint32_t offset)
{
    return &leak->watch->seen[offset / MM_HEAP_GRANULE];
}

/* ---- counting ---- */

static void add_reference(void *user, uint32_t target)
{
    const struct mm_leak *leak = user;
    seen_of(leak, target)->n_refs++;
}

static void take_reference(void *user, uint32_t target)
{
    const struct mm_leak *leak = user;
    struct mm_leak_seen *seen = seen_of(leak, target);
    if (seen->n_refs > 0)
        seen->n_refs--;
    seen->lost_step = (uint32_t)(leak->heap->step ? *leak->heap->step : 0) + 1;
    seen->lost_site = leak->heap->site;
}

/* Exact wherever a cache says where its pointers lie. */
static struct mm_leak_reader reader_of(struct mm_leak *leak, void (*visit)(void *, uint32_t))
{
    return (struct mm_leak_reader){leak->heap, MMSIM_LEAK_EXACT, visit, leak};
}

static bool is_own(const struct mm_heap *heap, uint32_t offset)
{
    struct mm_heap_object object;
    return mm_heap_find(heap, offset, &object) && mm_leak_is_own(object.cache);
}

static void count_object(struct mm_leak *leak, uint32_t offset)
{
    struct mm_leak_reader reader = reader_of(leak, add_reference);
    if (!is_own(leak->heap, offset))
        mm_leak_read_object(&reader, offset);
}

/* Words of a root; those that lie in objects are counted there. */
void mm_leak_watch_root(struct mm_leak *leak, const struct mm_leak_range *range)
{
    struct mm_leak_reader reader = reader_of(leak, add_reference);
    if (!leak->watch)
        return;
    for (uint64_t i = 0; i < range->n_bytes; i += 8) {
        uint64_t at = range->start + i, left = range->n_bytes - i;
        if (mm_leak_object_at(leak->heap, at) == MM_LEAK_NONE)
            mm_leak_read_bytes(&reader, leak->heap->ram + at, left < 8 ? left : 8);
    }
}

/* ---- life ---- */

bool mm_leak_watch_start(struct mm_leak *leak)
{
    if (leak->watch)
        return true;
    struct mm_leak_watch *watch = mm_host_alloc(leak->host, sizeof *watch);
    if (!watch)
        return false;
    watch->seen = mm_host_reserve(seen_bytes(leak));
    if (!watch->seen) {
        mm_host_free(leak->host, watch, sizeof *watch);
        return false;
    }
    leak->watch = watch;
    mm_heap_close(leak->heap);
    struct mm_heap_object object;
    for (uint64_t at = 0; mm_heap_next(leak->heap, at, &object); at = object.offset + 1ull)
        count_object(leak, object.offset);
    for (size_t i = 0; i < leak->n_ranges; i++)
        mm_leak_watch_root(leak, &leak->ranges[i]);
    return true;
}

void mm_leak_watch_end(struct mm_leak *leak)
{
    if (!leak->watch)
        return;
    mm_host_release(leak->watch->seen, seen_bytes(leak));
    mm_host_free(leak->host, leak->watch, sizeof *leak->watch);
    leak->watch = NULL;
    mm_heap_open(leak->heap);
}

/* ---- what happens to objects ---- */

void mm_leak_watch_alloc(struct mm_leak *leak, uint32_t offset)
{
    struct mm_heap_object object;
    *seen_of(leak, offset) = (struct mm_leak_seen){0};
    if (!mm_heap_find(leak->heap, offset, &object) || mm_leak_is_own(object.cache))
        return;
    unsigned checks = object.cache ? leak->heap->sets[object.set]->checks : 0;
    bool keeps_bytes = (object.cache && object.cache->construct) || (checks & MM_CHECK_POISON);
    if (!keeps_bytes)
        memset(mm_heap_pointer(leak->heap, offset), 0, object.bytes);
    count_object(leak, offset);
}

void mm_leak_watch_fill(struct mm_leak *leak, uint32_t offset)
{
    count_object(leak, offset);
}

void mm_leak_watch_free(struct mm_leak *leak, uint32_t offset)
{
    struct mm_leak_reader reader = reader_of(leak, take_reference);
    if (!is_own(leak->heap, offset))
        mm_leak_read_object(&reader, offset);
    *seen_of(leak, offset) = (struct mm_leak_seen){0};
}

void mm_leak_watch_cut(struct mm_leak *leak, uint32_t start, uint32_t end)
{
    struct mm_leak_reader reader = reader_of(leak, take_reference);
    mm_leak_read_bytes(&reader, mm_heap_pointer(leak->heap, start), end - start);
}

void mm_leak_watch_grow(struct mm_leak *leak, uint32_t start, uint32_t end)
{
    memset(mm_heap_pointer(leak->heap, start), 0, end - start);
}

/* ---- stores ---- */

struct store {
    const struct mm_heap *heap;
    uint64_t offset;
    size_t n_bytes;
    const uint8_t *old_bytes;
};

/* n_bytes at `at`, as they are now, or as they were before the store. */
static uint64_t word_now(const struct store *store, uint64_t at, size_t n_bytes)
{
    uint64_t word = 0;
    memcpy(&word, store->heap->ram + at, n_bytes);
    return word;
}

static uint64_t word_before(const struct store *store, uint64_t at, size_t n_bytes)
{
    uint64_t word = word_now(store, at, n_bytes);
    uint8_t bytes[sizeof word];
    memcpy(bytes, &word, sizeof word);
    for (size_t i = 0; i < n_bytes; i++)
        if (at + i - store->offset < store->n_bytes)
            bytes[i] = store->old_bytes[at + i - store->offset];
    memcpy(&word, bytes, sizeof word);
    return word;
}

static void replace_word(struct mm_leak *leak, uint64_t before, uint64_t now)
{
    struct mm_leak_reader added = reader_of(leak, add_reference);
    struct mm_leak_reader taken = reader_of(leak, take_reference);
    mm_leak_read_pair(&added, now); /* first: what is stored again is not lost in between */
    mm_leak_read_pair(&taken, before);
}

/* Aligned words of [start, end) that the store touched. */
static void store_words(struct mm_leak *leak, const struct store *store, uint64_t start,
                        uint64_t end)
{
    uint64_t first = store->offset & ~(uint64_t)7;
    for (uint64_t at = first < start ? start : first; at < store->offset + store->n_bytes;
         at += 8) {
        size_t n_bytes = end <= at ? 0 : end - at < 8 ? (end - at) & ~(uint64_t)3 : 8;
        if (n_bytes > 0)
            replace_word(leak, word_before(store, at, n_bytes), word_now(store, at, n_bytes));
    }
}

/* A place that the cache has declared: a host pointer, or an address of 4 bytes. */
static void store_declared(struct mm_leak *leak, const struct store *store, uint64_t at,
                           uint64_t end)
{
    size_t n_bytes = at + 8 <= end ? 8 : 4;
    uint64_t before = word_before(store, at, n_bytes), now = word_now(store, at, n_bytes);
    uint64_t ram = (uintptr_t)store->heap->ram, n_ram = store->heap->zones->phys->n_bytes;
    if (before - ram >= n_ram)
        before = (uint32_t)before;
    if (now - ram >= n_ram)
        now = (uint32_t)now;
    if (before != now)
        replace_word(leak, before, now);
}

static void store_in_object(struct mm_leak *leak, const struct store *store,
                            const struct mm_heap_object *object)
{
    const struct mm_cache *cache = object->cache;
    uint64_t start = object->offset;
    if (mm_leak_is_own(cache))
        return;
    if (!cache || !cache->pointer_offsets) {
        store_words(leak, store, start, start + mm_leak_readable_bytes(leak->heap, object));
        return;
    }
    for (uint32_t i = 0; i < cache->n_pointer_offsets; i++)
        if (cache->pointer_offsets[i] + 4 <= cache->object_bytes)
            store_declared(leak, store, start + cache->pointer_offsets[i],
                           start + cache->object_bytes);
}

/* The store may touch two ranges of roots or more, if they overlap: the first one counts. */
static void store_in_root(struct mm_leak *leak, const struct store *store)
{
    for (size_t i = 0; i < leak->n_ranges; i++) {
        const struct mm_leak_range *range = &leak->ranges[i];
        if (store->offset - range->start < range->n_bytes) {
            store_words(leak, store, range->start, range->start + range->n_bytes);
            return;
        }
    }
}

void mm_leak_watch_store(struct mm_leak *leak, uint64_t offset, size_t n_bytes,
                         const void *old_bytes)
{
    struct mm_heap_object object;
    struct store store = {leak->heap, offset, n_bytes, old_bytes};
    if (!leak->watch || offset >= leak->heap->low_bytes)
        return;
    if (mm_heap_find(leak->heap, offset, &object) && object.live)
        store_in_object(leak, &store, &object);
    else
        store_in_root(leak, &store);
}

/* ---- what is known ---- */

uint32_t mm_leak_watch_refs(const struct mm_leak *leak, uint32_t offset)
{
    return leak->watch ? seen_of(leak, offset)->n_refs : 0;
}

bool mm_leak_watch_lost(const struct mm_leak *leak, uint32_t offset, uint64_t *step,
                        const char **site)
{
    if (!leak->watch || seen_of(leak, offset)->lost_step == 0)
        return false;
    *step = seen_of(leak, offset)->lost_step - 1;
    *site = seen_of(leak, offset)->lost_site;
    return true;
}
