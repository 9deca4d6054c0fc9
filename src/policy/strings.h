/*
 * strings.h - short strings of references that try a policy, and the least number of misses that
 * any policy can have on them.
 */
#ifndef MM_POLICY_STRINGS_H
#define MM_POLICY_STRINGS_H

#include <mmsim/policy.h>

enum { MM_STRING_MAX = 400, MM_STRING_MAX_PAGES = 64 };

/* A pattern, by its index; NULL past the end. */
const char *mm_string_pattern(size_t index);

struct mm_string {
    mmsim_ref refs[MM_STRING_MAX];
    uint32_t n_refs;
    mmsim_page n_pages; /* pages are below it */
};

/* Fills in the references of `string`, whose sizes are set, for so many frames. */
void mm_string_make(struct mm_string *string, size_t pattern, mmsim_page frames, uint64_t seed);

/*
 * The misses of Belady's MIN. MM_BYPASS: a page that is referenced need not be loaded (for policies
 * with admit()).
 */
enum mm_loading { MM_DEMAND, MM_BYPASS };
uint64_t mm_string_least_misses(const struct mm_string *string, mmsim_page frames,
                                enum mm_loading loading);

#endif
