/*
 * cache_name.h - names of the caches that every machine has from the start: kmalloc's classes, and
 * those of the kernel's own objects.
 *
 * A scenario is checked before there is a machine; a test compares the names with one.
 */
#ifndef MM_SCENARIO_CACHE_NAME_H
#define MM_SCENARIO_CACHE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Whose a cache of this name is on a new machine. */
enum mm_cache_name_owner { MM_CACHE_NAME_NOBODY, MM_CACHE_NAME_KMALLOC, MM_CACHE_NAME_KERNEL };
enum mm_cache_name_owner mm_cache_name_owner(const char *name);

/* "kmalloc" and all names; NULL past the end. */
const char *mm_cache_name_at(size_t index);

/* As mmsim_heap_set_checks() takes names: the whole, or the beginning if the pattern ends with *.
 */
bool mm_cache_name_matches(const char *name, const char *pattern);

#endif
