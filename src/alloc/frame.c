/*
 * frame.c - the names of what frames are used for.
 */
#include "alloc/frame.h"

static const char *const use_names[] = {
    [MM_FRAME_RESERVED] = "reserved", [MM_FRAME_FREE] = "free",
    [MM_FRAME_ANON] = "anon",         [MM_FRAME_PAGE_TABLE] = "page-table",
    [MM_FRAME_SLAB] = "slab",         [MM_FRAME_ZERO_PAGE] = "zero-page",
};
_Static_assert(sizeof use_names / sizeof *use_names == MM_N_FRAME_USES, "a use has no name");

const char *mm_frame_use_name(enum mm_frame_use use)
{
    return (unsigned)use < MM_N_FRAME_USES ? use_names[use] : "?";
}
