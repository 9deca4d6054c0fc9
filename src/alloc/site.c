/* site.c - numbers for call sites; see site.h. */
#include "alloc/site.h"

#include <string.h>

/* FNV-1a (Fowler, Noll, Vo). */
static unsigned chain_of(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return (hash ^ hash >> 16) % MM_SITE_CHAINS;
}

const char *mm_site_text(const struct mm_heap *heap, unsigned number)
{
    return number < mm_site_count(heap) ? mm_site_at(heap, number)->text : NULL;
}

unsigned mm_site_find(const struct mm_heap *heap, const char *text)
{
    if (!heap->sites || !text)
        return 0;
    unsigned number = heap->sites->chains[chain_of(text)];
    while (number != 0 && strcmp(mm_site_at(heap, number)->text, text) != 0)
        number = mm_site_at(heap, number)->next;
    return number;
}

/* A row at the end of the table; false: no room, or no memory. */
static bool add_row(struct mm_heap *heap)
{
    struct mm_heap_sites *sites = heap->sites;
    if (sites->n_rows == MM_MAX_SITES)
        return false;
    struct mm_site **chunk = &sites->chunks[sites->n_rows / MM_SITE_CHUNK];
    if (!*chunk)
        *chunk = mm_heap_meta(heap, MM_SITE_CHUNK * sizeof **chunk);
    if (!*chunk)
        return false;
    sites->n_rows++;
    return true;
}

/* The table, with the row of those who have no name. Its own address is no text of anybody's. */
static bool make_table(struct mm_heap *heap)
{
    if (heap->sites)
        return heap->sites->n_rows > 0 || add_row(heap);
    struct mm_heap_sites *sites = mm_heap_meta(heap, sizeof *sites);
    if (!sites)
        return false;
    for (unsigned i = 0; i < MM_SITE_RECENT; i++)
        sites->recent[i].text = (const char *)sites;
    heap->sites = sites;
    return add_row(heap);
}

static unsigned find_or_add(struct mm_heap *heap, const char *text)
{
    unsigned number = mm_site_find(heap, text);
    if (number != 0 || !add_row(heap))
        return number;
    number = heap->sites->n_rows - 1;
    uint16_t *chain = &heap->sites->chains[chain_of(text)];
    *mm_site_at(heap, number) =
        (struct mm_site){.text = text, .next = *chain, .number = (uint16_t)number};
    *chain = (uint16_t)number;
    return number;
}

struct mm_site *mm_site_look_up(struct mm_heap *heap)
{
    if (!make_table(heap))
        return NULL;
    const char *text = heap->site;
    unsigned number = text ? find_or_add(heap, text) : 0;
    struct mm_site *row = mm_site_at(heap, number);
    *mm_site_place(heap) = (struct mm_site_recent){text, row};
    return row;
}

/* ---- checking ---- */

static const char *check_row(const struct mm_heap *heap, unsigned number)
{
    const struct mm_site *site = mm_site_at(heap, number);
    if ((number == 0) != !site->text)
        return "a site without a text has a number, or number 0 has a text (site invariant 1)";
    if (number != 0 && mm_site_find(heap, site->text) != number)
        return "a site is not found under its text (site invariants 1 and 2)";
    if (site->live_bytes > site->peak_bytes || site->n_live > site->n_allocs)
        return "a site has more in use than it ever had (site invariant 3)";
    return NULL;
}

const char *mm_site_check(const struct mm_heap *heap)
{
    unsigned n_rows = mm_site_count(heap), n_chained = 1;
    const char *broken = n_rows > MM_MAX_SITES ? "there are more sites than numbers" : NULL;
    for (unsigned i = 0; i < n_rows && !broken; i++)
        broken = check_row(heap, i);
    for (unsigned i = 0; n_rows > 0 && i < MM_SITE_CHAINS && !broken; i++)
        for (unsigned at = heap->sites->chains[i]; at != 0; at = mm_site_at(heap, at)->next)
            n_chained++;
    if (broken || n_rows == 0)
        return broken;
    return n_chained == n_rows ? NULL : "a site is in no chain (site invariant 2)";
}
