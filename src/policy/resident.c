/* resident.c - the check of what is resident (resident.h). */
#include "policy/resident.h"

const char *mm_resident_check(const struct mm_resident *resident)
{
    mmsim_page n = 0;
    for (mmsim_page page = 0; page < resident->universe; page++)
        n += mm_resident_has(resident, page);
    if (n != resident->n_pages)
        return "the number of resident pages is wrong";
    return n > resident->most ? "more pages are resident than there are frames" : NULL;
}
