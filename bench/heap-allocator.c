/* heap-allocator.c - a heap without a machine, and peers from shared libraries. */
#include "heap-allocator.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heap-bench.h"

#define RAM_BYTES (512 * MMSIM_MIB)

/* Their Debian packages are in scripts/setup. */
static const struct peer {
    const char *name, *library, *prefix;
} peers[] = {
    {"jemalloc", "libjemalloc.so.2", ""},
    {"mimalloc", "libmimalloc.so.2", "mi_"},
    {"tcmalloc", "libtcmalloc_minimal.so.4", "tc_"},
};

enum { N_PEERS = sizeof peers / sizeof peers[0] };

static const char tunables[] = "GLIBC_TUNABLES";
static const char spare_storage[] = "glibc.rtld.optional_static_tls=16384";

static void *symbol(void *library, const struct peer *peer, const char *function)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", peer->prefix, function);
    void *found = dlsym(library, name);
    if (!found)
        heap_fail("%s has no %s", peer->library, name);
    return found;
}

/* Runs the program again with room for thread-local storage, unless that has been tried. */
static void try_with_spare_storage(char **argv)
{
    const char *set = getenv(tunables);
    if (set && strstr(set, spare_storage))
        return;
    char value[512];
    snprintf(value, sizeof value, "%s%s%s", set ? set : "", set ? ":" : "", spare_storage);
    setenv(tunables, value, 1);
    execv("/proc/self/exe", argv);
}

static void load_peer(struct heap_allocators *allocators, const struct peer *peer, char **argv)
{
    void *library = dlopen(peer->library, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (!library) {
        const char *why = dlerror();
        if (why && strstr(why, "static TLS"))
            try_with_spare_storage(argv);
        return;
    }
    allocators->all[allocators->n++] = (struct heap_allocator){
        .name = peer->name,
        .side = HEAP_SIDE_PEER,
        .malloc = (void *(*)(size_t))symbol(library, peer, "malloc"),
        .free = (void (*)(void *))symbol(library, peer, "free"),
        .realloc = (void *(*)(void *, size_t))symbol(library, peer, "realloc"),
        .calloc = (void *(*)(size_t, size_t))symbol(library, peer, "calloc"),
        .memalign = (void *(*)(size_t, size_t))symbol(library, peer, "memalign"),
    };
}

static void make_heap(struct heap_allocators *allocators)
{
    struct mm_heap *heap = &allocators->heap;
    if (!mm_phys_init(&allocators->phys, RAM_BYTES) ||
        !mm_zones_init(&allocators->zones, &allocators->phys, 0) ||
        !mm_heap_init(heap, &allocators->zones, 1, 1))
        heap_fail("no memory for %llu MiB of simulated RAM",
                  (unsigned long long)(RAM_BYTES / MMSIM_MIB));
    struct mm_cache_setup setup = {.name = "bench", .object_bytes = HEAP_TYPED_BYTES};
    if (!mm_cache_init(&allocators->cache, heap, &setup))
        heap_fail("no cache");
    allocators->all[HEAP_MMSIM] =
        (struct heap_allocator){.name = "mmsim", .side = HEAP_SIDE_MMSIM, .heap = heap};
    allocators->all[HEAP_TYPED] = (struct heap_allocator){
        .name = "typed", .side = HEAP_SIDE_TYPED, .heap = heap, .cache = &allocators->cache};
}

bool heap_is_sanitized(void)
{
    return dlsym(RTLD_DEFAULT, "__asan_init") != NULL;
}

void heap_allocators_init(struct heap_allocators *allocators, char **argv)
{
    allocators->all[HEAP_GLIBC] = (struct heap_allocator){.name = "glibc",
                                                          .side = HEAP_SIDE_PEER,
                                                          .malloc = malloc,
                                                          .free = free,
                                                          .realloc = realloc,
                                                          .calloc = calloc,
                                                          .memalign = memalign};
    allocators->n = HEAP_GLIBC + 1;
    for (size_t i = 0; i < N_PEERS && !heap_is_sanitized(); i++)
        load_peer(allocators, &peers[i], argv);
    make_heap(allocators);
}

const struct heap_allocator *heap_allocator_find(const struct heap_allocators *allocators,
                                                 const char *name)
{
    for (unsigned i = 0; i < allocators->n; i++)
        if (strcmp(allocators->all[i].name, name) == 0)
            return &allocators->all[i];
    return NULL;
}

void heap_allocators_tell_missing(const struct heap_allocators *allocators)
{
    bool missing = false;
    for (size_t i = 0; i < N_PEERS; i++) {
        if (heap_allocator_find(allocators, peers[i].name))
            continue;
        fprintf(stderr, "bench-heap: no %s (%s)\n", peers[i].name, peers[i].library);
        missing = true;
    }
    if (missing)
        fputs("bench-heap: scripts/setup --peers installs the peers; limits against one that is "
              "missing are not judged\n",
              stderr);
}
