/*
 * leak_group.h - from lost objects to rows of a report: roots, what they retain, who made them.
 *
 * A root stands for a strongly connected component of lost objects that no other lost object leads
 * to (Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1972). In a circle
 * the object at the lowest address stands for all.
 *
 * A group, all roots from one call site, retains what no root of another group leads to: each
 * object takes over the label of whoever leads to it, and "several" when there are two; a label
 * changes twice at most.
 */
#ifndef MM_ALLOC_LEAK_GROUP_H
#define MM_ALLOC_LEAK_GROUP_H

#include "alloc/leak.h"

/* Makes rows of what is white. False: no host memory, no rows. */
bool mm_leak_group(struct mm_leak *leak, struct mmsim_leak_result *result);

#endif
