/* cache_name.c - see cache_name.h. */
#include "scenario/cache_name.h"

#include <string.h>

static const char kmalloc[] = "kmalloc"; /* all of its classes together */

static const char *const classes[] = {
    "kmalloc-16",   "kmalloc-32",   "kmalloc-48",   "kmalloc-64",   "kmalloc-80",   "kmalloc-96",
    "kmalloc-112",  "kmalloc-128",  "kmalloc-144",  "kmalloc-160",  "kmalloc-176",  "kmalloc-192",
    "kmalloc-208",  "kmalloc-224",  "kmalloc-240",  "kmalloc-256",  "kmalloc-272",  "kmalloc-288",
    "kmalloc-304",  "kmalloc-336",  "kmalloc-368",  "kmalloc-400",  "kmalloc-448",  "kmalloc-512",
    "kmalloc-544",  "kmalloc-576",  "kmalloc-624",  "kmalloc-672",  "kmalloc-736",  "kmalloc-816",
    "kmalloc-896",  "kmalloc-1024", "kmalloc-1088", "kmalloc-1248", "kmalloc-1360", "kmalloc-1488",
    "kmalloc-1632", "kmalloc-1808", "kmalloc-2048", "kmalloc-2336", "kmalloc-2720", "kmalloc-3264",
    "kmalloc-4096", "kmalloc-4672", "kmalloc-5456", "kmalloc-6544", "kmalloc-8192",
};

/* The last one is there as soon as guard pages (G) were on. */
static const char *const own[] = {
    "pgtable",       "aspace",          "vma",        "process",      "vmap-area",
    "mempool",       "mempool-reserve", "scope",      "guard-record", "descriptor",
    "memory-object", "file-map",        "radix-node", "rmap-item",
};

enum { N_CLASSES = sizeof classes / sizeof classes[0], N_OWN = sizeof own / sizeof own[0] };

const char *mm_cache_name_at(size_t index)
{
    if (index == 0)
        return kmalloc;
    if (index <= N_CLASSES)
        return classes[index - 1];
    return index <= N_CLASSES + N_OWN ? own[index - 1 - N_CLASSES] : NULL;
}

enum mm_cache_name_owner mm_cache_name_owner(const char *name)
{
    const char *known;
    for (size_t i = 0; (known = mm_cache_name_at(i)) != NULL; i++)
        if (strcmp(known, name) == 0)
            return i <= N_CLASSES ? MM_CACHE_NAME_KMALLOC : MM_CACHE_NAME_KERNEL;
    return MM_CACHE_NAME_NOBODY;
}

bool mm_cache_name_matches(const char *name, const char *pattern)
{
    size_t n = strlen(pattern);
    if (n > 0 && pattern[n - 1] == '*')
        return strncmp(name, pattern, n - 1) == 0;
    return strcmp(name, pattern) == 0;
}
