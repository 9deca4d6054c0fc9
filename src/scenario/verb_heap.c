/*
 * verb_heap.c - the verbs of the kernel's memory: heap, caches, pools, large areas, leaks, garbage.
 * See verb.h.
 *
 * The kernel does them, whether or not the step says `by: kernel`.
 */
#include "scenario/verb.h"

enum { MOST_OBJECTS = 1 << 24, MOST_OBJECT_BYTES = 16384 };

#define FIELD(field) offsetof(struct mm_step, field)

/* Rows that several verbs share. */
#define BY                                                                                         \
    {                                                                                              \
        .name = "by", .read = mm_read_kernel, .offset = FIELD(by), .meaning = "kernel"             \
    }
#define AS                                                                                         \
    {                                                                                              \
        .name = "as", .read = mm_read_new_name, .offset = FIELD(name_node),                        \
        .meaning = "the name that the address gets"                                                \
    }
#define AT(need_)                                                                                  \
    {                                                                                              \
        .name = "at", .need = need_, .read = mm_read_place, .offset = FIELD(at),                   \
        .meaning = "an address, or a bound name with an offset"                                    \
    }
#define SIZE(need_)                                                                                \
    {                                                                                              \
        .name = "size", .need = need_, .read = mm_read_size, .offset = FIELD(size),                \
        .high = UINT64_MAX, .meaning = "how many bytes"                                            \
    }
#define OBJECT_SIZE                                                                                \
    {                                                                                              \
        .name = "size", .need = MM_KEY_REQUIRED, .read = mm_read_size, .offset = FIELD(size),      \
        .low = 1, .high = MOST_OBJECT_BYTES, .meaning = "how many bytes an object has"             \
    }
#define LENGTH                                                                                     \
    {                                                                                              \
        .name = "length", .need = MM_KEY_REQUIRED, .read = mm_read_size, .offset = FIELD(length),  \
        .high = UINT64_MAX, .meaning = "how many bytes"                                            \
    }
#define COUNT                                                                                      \
    {                                                                                              \
        .name = "count", .read = mm_read_count, .offset = FIELD(count), .low = 1,                  \
        .high = MOST_OBJECTS, .meaning = "how many objects; the name stands for all of them"       \
    }
#define ZERO                                                                                       \
    {                                                                                              \
        .name = "zero", .read = mm_read_switch, .offset = FIELD(heap.zero),                        \
        .meaning = "whether it is filled with zeros"                                               \
    }
#define ALIGN(high_)                                                                               \
    {                                                                                              \
        .name = "align", .read = mm_read_alignment, .offset = FIELD(heap.align), .low = 1,         \
        .high = (high_), .meaning = "a power of two"                                               \
    }
#define ALL                                                                                        \
    {                                                                                              \
        .name = "all", .read = mm_read_address_name, .offset = FIELD(over),                        \
        .meaning = "a name: all objects that it stands for"                                        \
    }
#define EVERY                                                                                      \
    {                                                                                              \
        .name = "every", .read = mm_read_count, .offset = FIELD(heap.every), .low = 1,             \
        .high = UINT32_MAX, .meaning = "N: of all of them the first, and then each N-th"           \
    }
#define CHECKS(need_)                                                                              \
    {                                                                                              \
        .name = "checks", .need = need_, .read = mm_read_checks, .offset = FIELD(heap.checks),     \
        .meaning = "letters of ZPUQGHR, or none"                                                   \
    }
#define NEW_THING(what)                                                                            \
    {                                                                                              \
        .name = "name", .need = MM_KEY_REQUIRED, .read = mm_read_new_name,                         \
        .offset = FIELD(name_node), .meaning = "the new " what "'s name"                           \
    }
#define CACHE                                                                                      \
    {                                                                                              \
        .name = "cache", .need = MM_KEY_REQUIRED, .read = mm_read_cache,                           \
        .offset = FIELD(heap.thing), .meaning = "the name of a cache"                              \
    }
#define POOL                                                                                       \
    {                                                                                              \
        .name = "pool", .need = MM_KEY_REQUIRED, .read = mm_read_pool,                             \
        .offset = FIELD(heap.thing), .meaning = "the name of a pool"                               \
    }

/* ---- keys ---- */

static const struct mm_key kmalloc_keys[] = {
    BY,
    AS,
    SIZE(MM_KEY_REQUIRED),
    COUNT,
    ZERO,
    ALIGN(4 * MMSIM_MIB),
    {.name = "scope",
     .read = mm_read_scope,
     .offset = FIELD(heap.scope),
     .meaning = "the scope with which it is freed"},
    MM_KEYS_END,
};
static const struct mm_key krealloc_keys[] = {BY, AS, AT(MM_KEY_REQUIRED), SIZE(MM_KEY_REQUIRED),
                                              MM_KEYS_END};
static const struct mm_key kfree_keys[] = {BY,    AT(MM_KEY_OPTIONAL),   ALL,
                                           EVERY, SIZE(MM_KEY_OPTIONAL), MM_KEYS_END};
static const struct mm_key vmalloc_keys[] = {BY, AS, LENGTH, MM_KEYS_END};
static const struct mm_key vfree_keys[] = {BY, AT(MM_KEY_REQUIRED), MM_KEYS_END};
static const struct mm_key cache_create_keys[] = {
    BY,
    NEW_THING("cache"),
    OBJECT_SIZE,
    ALIGN(MMSIM_PAGE_SIZE),
    CHECKS(MM_KEY_OPTIONAL),
    {.name = "colour",
     .read = mm_read_switch,
     .offset = FIELD(heap.colour),
     .meaning = "whether slabs start at different cache lines"},
    {.name = "pointers",
     .read = mm_read_offsets,
     .offset = FIELD(heap.pointers),
     .meaning = "offsets of the pointers in an object"},
    MM_KEYS_END,
};
static const struct mm_key cache_alloc_keys[] = {BY, CACHE, AS, COUNT, ZERO, MM_KEYS_END};
static const struct mm_key cache_free_keys[] = {BY,  CACHE, AT(MM_KEY_OPTIONAL),
                                                ALL, EVERY, MM_KEYS_END};
static const struct mm_key cache_keys[] = {BY, CACHE, MM_KEYS_END};
static const struct mm_key pool_create_keys[] = {
    BY,
    NEW_THING("pool"),
    OBJECT_SIZE,
    {.name = "reserve",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_count,
     .offset = FIELD(heap.reserve),
     .high = MOST_OBJECTS,
     .meaning = "how many objects are set aside"},
    MM_KEYS_END,
};
static const struct mm_key pool_alloc_keys[] = {BY, POOL, AS, COUNT, ZERO, MM_KEYS_END};
static const struct mm_key pool_free_keys[] = {BY,  POOL,  AT(MM_KEY_OPTIONAL),
                                               ALL, EVERY, MM_KEYS_END};
static const struct mm_key pool_keys[] = {BY, POOL, MM_KEYS_END};
static const struct mm_key scope_begin_keys[] = {
    BY,
    NEW_THING("scope"),
    {.name = "process",
     .read = mm_read_process,
     .offset = FIELD(heap.process),
     .meaning = "the process with which it ends"},
    MM_KEYS_END,
};
static const struct mm_key scope_end_keys[] = {
    BY,
    {.name = "scope",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_scope,
     .offset = FIELD(heap.thing),
     .meaning = "the name of a scope"},
    MM_KEYS_END,
};
static const struct mm_key heap_check_keys[] = {
    BY,
    {.name = "cache",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_caches,
     .offset = FIELD(heap.caches),
     .meaning = "a cache's name, kmalloc, or a beginning of names and *"},
    CHECKS(MM_KEY_REQUIRED),
    MM_KEYS_END,
};
static const struct mm_key by_keys[] = {BY, MM_KEYS_END};
static const struct mm_key leak_scan_keys[] = {
    BY,
    {.name = "mode",
     .read = mm_read_leak_mode,
     .offset = FIELD(heap.what),
     .meaning = "conservative or exact"},
    MM_KEYS_END,
};
static const struct mm_key leak_watch_keys[] = {
    BY,
    {.name = "stores",
     .read = mm_read_switch,
     .offset = FIELD(heap.stores),
     .meaning = "whether stores are watched from now on; default true"},
    MM_KEYS_END,
};
static const struct mm_key leak_mark_keys[] = {
    BY,
    AT(MM_KEY_REQUIRED),
    {.name = "mark",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_leak_mark,
     .offset = FIELD(heap.what),
     .meaning = "normal, not-leak or ignore"},
    MM_KEYS_END,
};
static const struct mm_key leak_root_keys[] = {BY, AT(MM_KEY_REQUIRED), LENGTH, MM_KEYS_END};
static const struct mm_key fail_keys[] = {
    BY,
    {.name = "what",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_fail_what,
     .offset = FIELD(heap.what),
     .meaning = "heap, frames, file-read, file-write or power"},
    {.name = "nth",
     .read = mm_read_count,
     .offset = FIELD(heap.nth),
     .low = 1,
     .high = UINT64_MAX,
     .meaning = "the call, counted from now on, that fails, once"},
    {.name = "every",
     .read = mm_read_count,
     .offset = FIELD(heap.every),
     .low = 1,
     .high = UINT64_MAX,
     .meaning = "N: each N-th call fails"},
    {.name = "chance",
     .read = mm_read_share,
     .offset = FIELD(heap.chance),
     .meaning = "share of the calls that fail"},
    {.name = "min_size",
     .read = mm_read_size,
     .offset = FIELD(heap.min_size),
     .high = UINT64_MAX,
     .meaning = "smaller requests do not count"},
    {.name = "site",
     .read = mm_read_text,
     .offset = FIELD(heap.only_site),
     .meaning = "calls from elsewhere do not count: a step's label, or FILE:LINE"},
    MM_KEYS_END,
};
static const struct mm_key show_keys[] = {
    BY,
    {.name = "table",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_table,
     .offset = FIELD(heap.what),
     .meaning = "slabinfo, buddyinfo, ..."},
    {.name = "only",
     .read = mm_read_text,
     .offset = FIELD(heap.only),
     .meaning = "lines without this text are not shown"},
    MM_KEYS_END,
};

/* ---- verbs ---- */

#define FIGURE(NAME) MM_EXPECT_FIGURE(MM_FIGURE_##NAME)
#define CALL (MM_EXPECT_ERROR | MM_EXPECT_FAULT | MM_EXPECT_MISTAKE | FIGURE(MISTAKES))
#define ALLOCATES (CALL | MM_EXPECT_ADDRESS | FIGURE(USABLE) | FIGURE(OBJECTS))
#define FREES (CALL | FIGURE(OBJECTS))
#define LEAKS                                                                                      \
    (FIGURE(LEAKED) | FIGURE(LEAKED_BYTES) | FIGURE(GROUPS) | MM_EXPECT_SITE | MM_EXPECT_LOST_SITE)
#define COLLECTS (FIGURE(FREED) | FIGURE(TABLES) | FIGURE(SLABS) | FIGURE(CACHED) | FIGURE(ORPHANS))

#define VERB(name_, summary_, keys_, function, verify_, expects_)                                  \
    {                                                                                              \
        .info = {name_, summary_, keys_}, .keys = function##_keys,                                 \
        .traits = MM_VERB_ACTS | MM_VERB_TELLS, .expects = expects_, .verify = verify_,            \
        .perform = mm_perform_##function, .tell = mm_tell_##function                               \
    }

#define cache_shrink_keys cache_keys
#define cache_destroy_keys cache_keys
#define pool_destroy_keys pool_keys
#define heap_verify_keys by_keys
#define gc_keys by_keys

static const struct mm_verb verbs[] = {
    VERB("kmalloc", "allocate memory of the kernel's, contiguous in physical memory",
         "by?, as?, size, count?, zero?, align?, scope?", kmalloc, mm_verify_allocates, ALLOCATES),
    VERB("krealloc", "change the size of what kmalloc gave, in place or by moving it",
         "by?, as?, at, size", krealloc, mm_verify_allocates, ALLOCATES),
    VERB("kfree", "free an object of the heap's, or all that a name stands for",
         "by?, at?, all?, every?, size?", kfree, mm_verify_frees, FREES),
    VERB("vmalloc", "allocate whole pages that need not be contiguous in physical memory",
         "by?, as?, length", vmalloc, mm_verify_allocates, ALLOCATES),
    VERB("vfree", "free what vmalloc gave", "by?, at", vfree, mm_verify_heap, CALL),
    VERB("cache-create", "make a cache of equal objects",
         "by?, name, size, align?, checks?, colour?, pointers?", cache_create,
         mm_verify_makes_cache, CALL),
    VERB("cache-alloc", "allocate an object of a cache", "by?, cache, as?, count?, zero?",
         cache_alloc, mm_verify_allocates, ALLOCATES),
    VERB("cache-free", "free an object of a cache", "by?, cache, at?, all?, every?", cache_free,
         mm_verify_frees, FREES),
    VERB("cache-shrink", "give the empty slabs of a cache back", "by?, cache", cache_shrink,
         mm_verify_heap, CALL | FIGURE(FREED)),
    VERB("cache-destroy", "end a cache of which no object is in use", "by?, cache", cache_destroy,
         mm_verify_heap, CALL),
    VERB("pool-create", "make a pool: objects set aside for when memory is gone",
         "by?, name, size, reserve", pool_create, mm_verify_makes_pool, CALL | FIGURE(RESERVED)),
    VERB("pool-alloc", "allocate an object of a pool, from its reserve if it must be",
         "by?, pool, as?, count?, zero?", pool_alloc, mm_verify_allocates,
         ALLOCATES | FIGURE(RESERVED)),
    VERB("pool-free", "free an object of a pool; the reserve is filled first",
         "by?, pool, at?, all?, every?", pool_free, mm_verify_frees, FREES | FIGURE(RESERVED)),
    VERB("pool-destroy", "end a pool of which no object is in use", "by?, pool", pool_destroy,
         mm_verify_heap, CALL),
    VERB("scope-begin", "begin a scope: what is allocated in it is freed with it",
         "by?, name, process?", scope_begin, mm_verify_makes_scope, CALL),
    VERB("scope-end", "free all that was allocated in a scope", "by?, scope", scope_end,
         mm_verify_heap, CALL | FIGURE(OBJECTS)),
    VERB("heap-check", "switch the checks of caches", "by?, cache, checks", heap_check,
         mm_verify_heap, CALL),
    VERB("heap-verify", "look at every object of checked caches now", "by?", heap_verify,
         mm_verify_heap, CALL),
    VERB("leak-scan", "look for objects that nobody can reach", "by?, mode?", leak_scan,
         mm_verify_heap, CALL | LEAKS),
    VERB("leak-watch", "watch the kernel's stores, to know where last references are lost",
         "by?, stores?", leak_watch, mm_verify_heap, CALL),
    VERB("leak-mark", "say that an object is no leak", "by?, at, mark", leak_mark, mm_verify_heap,
         CALL),
    VERB("leak-root", "make memory a place where leak scans begin", "by?, at, length", leak_root,
         mm_verify_heap, CALL),
    VERB("gc", "collect pages that nobody uses", "by?", gc, mm_verify_heap, CALL | COLLECTS),
    VERB("fail", "make allocations fail on purpose; without a rule, no more",
         "by?, what, nth?, every?, chance?, min_size?, site?", fail, mm_verify_fail,
         CALL | FIGURE(FAILED)),
    VERB("show", "print a table of the kernel's memory", "by?, table, only?", show, mm_verify_heap,
         CALL),
};

const struct mm_verb *mm_heap_verb_at(size_t index)
{
    return index < sizeof verbs / sizeof verbs[0] ? &verbs[index] : NULL;
}
