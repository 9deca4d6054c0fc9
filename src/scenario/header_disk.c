/* header_disk.c - the keys `machine.disk` and `kernel.page_cache` of a scenario; see header.h. */
#include "scenario/field.h"
#include "scenario/header.h"

static void read_host_file(struct mm_decoder *decoder, const struct mm_key *key,
                           const struct mm_node *value, void *field)
{
    if (mm_field_is_scalar(decoder, key, value, "a file of the host"))
        *(const char **)field = value->text;
}

#define DISK(field) offsetof(struct mmsim_disk, field)

static const struct mm_key disk_table[] = {
    {.name = "size",
     .read = mm_read_size,
     .offset = DISK(bytes),
     .low = MMSIM_MIB,
     .high = UINT64_C(64) * 1024 * MMSIM_MIB,
     .meaning = "bytes of the block device under the files"},
    {.name = "read",
     .read = mm_read_time,
     .offset = DISK(read_cycles),
     .high = UINT64_MAX,
     .meaning = "time of a read, before its first page"},
    {.name = "write",
     .read = mm_read_time,
     .offset = DISK(write_cycles),
     .high = UINT64_MAX,
     .meaning = "time of a write, before its first page"},
    {.name = "page",
     .read = mm_read_time,
     .offset = DISK(page_cycles),
     .high = UINT64_MAX,
     .meaning = "time of each page"},
    {.name = "path",
     .read = read_host_file,
     .offset = DISK(path),
     .meaning = "a file of the host's that holds the blocks"},
    MM_KEYS_END,
};

void mm_header_read_disk(struct mm_decoder *decoder, const struct mm_node *node,
                         struct mmsim_config *config)
{
    struct mm_schema schema = {.what = "'disk'", .keys = {disk_table, NULL}};
    mm_schema_read(decoder, &schema, node, &config->disk);
}

struct cache_keys {
    uint64_t readahead, fault_around, background, limit;
    uint64_t expire, interval;
};

#define CACHE(field) offsetof(struct cache_keys, field)

static const struct mm_key cache_table[] = {
    {.name = "readahead",
     .read = mm_read_number,
     .offset = CACHE(readahead),
     .high = 256,
     .meaning = "pages of the largest window that is read ahead; 0: none"},
    {.name = "fault_around",
     .read = mm_read_number,
     .offset = CACHE(fault_around),
     .high = 512,
     .meaning = "cached pages that a read fault maps along; a power of two, or 0"},
    {.name = "dirty_background",
     .read = mm_read_number,
     .offset = CACHE(background),
     .high = 100,
     .meaning = "percent of RAM dirty: write-back begins"},
    {.name = "dirty_limit",
     .read = mm_read_number,
     .offset = CACHE(limit),
     .high = 100,
     .meaning = "percent of RAM dirty: the writer waits"},
    {.name = "expire",
     .read = mm_read_time,
     .offset = CACHE(expire),
     .high = UINT64_MAX,
     .meaning = "age at which a dirty page is written"},
    {.name = "interval",
     .read = mm_read_time,
     .offset = CACHE(interval),
     .low = 1,
     .high = UINT64_MAX,
     .meaning = "how often old pages are looked for"},
    MM_KEYS_END,
};

static void judge(struct mm_decoder *decoder, const struct mm_node *node,
                  const struct cache_keys *keys)
{
    if (keys->fault_around & (keys->fault_around - 1))
        mm_mistake_add(decoder->mistakes, mm_node_get(node, "fault_around"),
                       "fault_around: expected a power of two, or 0");
    if (keys->background > keys->limit)
        mm_mistake_add(decoder->mistakes, node,
                       "page_cache: dirty_background (%u) is more than dirty_limit (%u)",
                       (unsigned)keys->background, (unsigned)keys->limit);
}

void mm_header_read_page_cache(struct mm_decoder *decoder, const struct mm_node *node,
                               struct mmsim_config *config)
{
    struct mmsim_page_cache *to = &config->page_cache;
    struct cache_keys keys = {.readahead = to->readahead_pages,
                              .fault_around = to->fault_around_pages,
                              .background = to->background_percent,
                              .limit = to->limit_percent,
                              .expire = to->expire_cycles,
                              .interval = to->interval_cycles};
    struct mm_schema schema = {.what = "'page_cache'", .keys = {cache_table, NULL}};
    mm_schema_read(decoder, &schema, node, &keys);
    judge(decoder, node, &keys);
    *to = (struct mmsim_page_cache){.readahead_pages = (unsigned)keys.readahead,
                                    .fault_around_pages = (unsigned)keys.fault_around,
                                    .background_percent = (unsigned)keys.background,
                                    .limit_percent = (unsigned)keys.limit,
                                    .expire_cycles = keys.expire,
                                    .interval_cycles = keys.interval};
}
