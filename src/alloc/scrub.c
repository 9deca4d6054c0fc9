/* scrub.c - filling frames, and looking at what became of it. */
#include "alloc/scrub.h"

#include <string.h>

static uint8_t *bytes_of(const struct mm_zones *zones, mmsim_pfn pfn)
{
    return mm_frame_bytes(zones, &zones->table[pfn]);
}

/* Reports the first byte of a frame that is not poison, and poisons it again; true if there is one.
 */
static bool mend(const struct mm_zones *zones, mmsim_pfn pfn)
{
    uint8_t *bytes = bytes_of(zones, pfn);
    if (bytes[0] == MM_SCRUB_POISON && memcmp(bytes, bytes + 1, MMSIM_PAGE_SIZE - 1) == 0)
        return false;
    uint32_t offset = 0;
    while (bytes[offset] == MM_SCRUB_POISON)
        offset++;
    if (zones->on_corruption)
        zones->on_corruption(zones->corruption_user, pfn, offset, bytes[offset]);
    memset(bytes, MM_SCRUB_POISON, MMSIM_PAGE_SIZE);
    return true;
}

static void set_bit(struct mm_zones *zones, mmsim_pfn pfn)
{
    zones->poisoned[pfn / 64] |= (uint64_t)1 << (pfn % 64);
    zones->n_poisoned++;
    zones->switches |= MM_ZONES_POISONED;
}

static void clear_bit(struct mm_zones *zones, mmsim_pfn pfn)
{
    zones->poisoned[pfn / 64] &= ~((uint64_t)1 << (pfn % 64));
    if (--zones->n_poisoned == 0)
        zones->switches &= ~(uint32_t)MM_ZONES_POISONED;
}

void mm_scrub_allocated(struct mm_zones *zones, mmsim_pfn pfn, uint64_t n_frames)
{
    for (mmsim_pfn end = pfn + (mmsim_pfn)n_frames; pfn < end; pfn++) {
        if (mm_scrub_is_poisoned(zones, pfn)) {
            mend(zones, pfn);
            clear_bit(zones, pfn);
        }
        if (zones->switches & MM_ZONES_ZERO)
            memset(bytes_of(zones, pfn), 0, MMSIM_PAGE_SIZE);
    }
}

void mm_scrub_freed(struct mm_zones *zones, mmsim_pfn pfn, uint64_t n_frames)
{
    for (mmsim_pfn end = pfn + (mmsim_pfn)n_frames; pfn < end; pfn++) {
        memset(bytes_of(zones, pfn), MM_SCRUB_POISON, MMSIM_PAGE_SIZE);
        set_bit(zones, pfn);
    }
}

void mm_zones_set_switches(struct mm_zones *zones, unsigned switches)
{
    const uint32_t ours = MM_ZONES_ZERO | MM_ZONES_POISON;
    zones->switches = (zones->switches & ~ours) | (switches & ours);
}

uint64_t mm_scrub_scan(const struct mm_zones *zones)
{
    uint64_t n = 0;
    for (mmsim_pfn pfn = 0; zones->n_poisoned > 0 && pfn < zones->n_frames; pfn++)
        if (mm_scrub_is_poisoned(zones, pfn))
            n += mend(zones, pfn);
    return n;
}

const char *mm_scrub_check(const struct mm_zones *zones)
{
    if ((zones->n_poisoned > 0) != ((zones->switches & MM_ZONES_POISONED) != 0))
        return "poisoned frames are counted, but not looked for (scrub invariant 2)";
    uint64_t n = 0;
    for (mmsim_pfn pfn = 0; zones->n_poisoned > 0 && pfn < zones->n_frames; pfn++) {
        if (!mm_scrub_is_poisoned(zones, pfn))
            continue;
        n++;
        if (mm_zone_block(zones, mm_pfn_address(pfn))->use != MM_FRAME_FREE)
            return "a frame in use is marked as poisoned (scrub invariant 1)";
    }
    return n == zones->n_poisoned ? NULL
                                  : "the count of poisoned frames is wrong (scrub invariant 2)";
}
