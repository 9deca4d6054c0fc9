/* leak_words.c - words, one at a time; see leak_words.h. */
#include "alloc/leak_words.h"

#include <string.h>

uint32_t mm_leak_object_at(const struct mm_heap *heap, uint64_t offset)
{
    struct mm_heap_object object;
    if (!mm_heap_find(heap, offset, &object) || !object.live)
        return MM_LEAK_NONE;
    return object.offset;
}

uint32_t mm_leak_readable_bytes(const struct mm_heap *heap, const struct mm_heap_object *object)
{
    if (object->set == MM_HEAP_SET_RUN || (heap->sets[object->set]->checks & MM_CHECKS_CALLS))
        return object->bytes;
    return heap->sets[object->set]->layout.slot_bytes;
}

static void tell(const struct mm_leak_reader *reader, uint64_t offset)
{
    uint32_t target = mm_leak_object_at(reader->heap, offset);
    if (target != MM_LEAK_NONE)
        reader->visit(reader->user, target);
}

/* True if the word is a host pointer into RAM, whatever is there. */
static bool read_pointer(const struct mm_leak_reader *reader, uint64_t word)
{
    uint64_t offset = word - (uintptr_t)reader->heap->ram;
    if (offset >= reader->heap->zones->phys->n_bytes)
        return false;
    tell(reader, offset);
    return true;
}

static void read_address(const struct mm_leak_reader *reader, uint32_t address)
{
    uint64_t offset = mm_heap_locate(reader->heap, address);
    if (offset != UINT64_MAX)
        tell(reader, offset);
}

void mm_leak_read_pair(const struct mm_leak_reader *reader, uint64_t word)
{
    if (read_pointer(reader, word))
        return;
    read_address(reader, (uint32_t)word);
    read_address(reader, (uint32_t)(word >> 32));
}

/* Eight bytes, or as many as there are before `end`. */
static uint64_t load(const uint8_t *at, size_t n_bytes)
{
    uint64_t word = 0;
    memcpy(&word, at, n_bytes < sizeof word ? n_bytes & ~(size_t)3 : sizeof word);
    return word;
}

void mm_leak_read_bytes(const struct mm_leak_reader *reader, const void *bytes, size_t n_bytes)
{
    for (size_t i = 0; i + 4 <= n_bytes; i += 8)
        mm_leak_read_pair(reader, load((const uint8_t *)bytes + i, n_bytes - i));
}

void mm_leak_read_host(const struct mm_leak_reader *reader, const void *bytes, size_t n_bytes)
{
    for (size_t i = 0; i + 8 <= n_bytes; i += 8)
        read_pointer(reader, load((const uint8_t *)bytes + i, 8));
}

static void read_declared(const struct mm_leak_reader *reader, const struct mm_cache *cache,
                          const uint8_t *bytes)
{
    for (uint32_t i = 0; i < cache->n_pointer_offsets; i++) {
        uint32_t at = cache->pointer_offsets[i];
        if (at + 4 > cache->object_bytes)
            continue;
        if (at + 8 <= cache->object_bytes && read_pointer(reader, load(bytes + at, 8)))
            continue;
        if (!mm_leak_is_own(cache))
            read_address(reader, (uint32_t)load(bytes + at, 4));
    }
}

uint32_t mm_leak_read_object(const struct mm_leak_reader *reader, uint32_t offset)
{
    struct mm_heap_object object;
    if (!mm_heap_find(reader->heap, offset, &object))
        return 0;
    const uint8_t *bytes = mm_heap_pointer(reader->heap, object.offset);
    if (reader->mode == MMSIM_LEAK_EXACT && object.cache && object.cache->pointer_offsets) {
        read_declared(reader, object.cache, bytes);
        return object.cache->n_pointer_offsets * (uint32_t)sizeof(uint32_t);
    }
    uint32_t n_bytes = mm_leak_readable_bytes(reader->heap, &object);
    if (mm_leak_is_own(object.cache))
        mm_leak_read_host(reader, bytes, n_bytes);
    else
        mm_leak_read_bytes(reader, bytes, n_bytes);
    return n_bytes;
}
