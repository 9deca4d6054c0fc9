/*
 * figure.h - numbers that a step on the kernel's memory comes to: frames freed, objects leaked, ...
 *
 * One table serves the keys of `expect`, what is compared, the JSON result and the text: a figure
 * has the same name everywhere. An outcome has those that its verb sets.
 */
#ifndef MM_SCENARIO_FIGURE_H
#define MM_SCENARIO_FIGURE_H

#include "base/text.h"

/* X(NAME, name, unit, meaning, singular, plural): the unit is count or size; the last two follow
 * the number in a line of text. */
#define MM_FIGURE_LIST(X)                                                                          \
    X(USABLE, "usable", size, "bytes that the user of the object may use", "byte usable",          \
      "bytes usable")                                                                              \
    X(OBJECTS, "objects", count, "how many objects were allocated or freed", "object", "objects")  \
    X(RESERVED, "reserved", count, "objects left in the pool's reserve", "left in reserve",        \
      "left in reserve")                                                                           \
    X(FREED, "freed", count, "frames given back", "frame freed", "frames freed")                   \
    X(TABLES, "tables", count, "empty page tables among them", "was an empty page table",          \
      "were empty page tables")                                                                    \
    X(SLABS, "slabs", count, "frames of empty slabs among them", "of empty slabs",                 \
      "of empty slabs")                                                                            \
    X(CACHED, "cached", count, "free frames that left the lists of CPUs", "left a CPU's list",     \
      "left CPUs' lists")                                                                          \
    X(ORPHANS, "orphans", count, "frames in use that nothing leads to", "orphan", "orphans")       \
    X(LEAKED, "leaked", count, "objects that nobody can reach", "leaked", "leaked")                \
    X(LEAKED_BYTES, "leaked_bytes", size, "their bytes", "byte leaked", "bytes leaked")            \
    X(GROUPS, "groups", count, "call sites of the roots of what leaked", "call site",              \
      "call sites")                                                                                \
    X(REFERENCES, "references", count, "how many references of the trace were made", "reference",  \
      "references")                                                                                \
    X(MISSES, "misses", count, "how often a page of the trace had to be brought in",               \
      "page brought in", "pages brought in")                                                       \
    X(FAILED, "failed", count, "calls that the rule before made fail", "failed", "failed")         \
    X(MISTAKES, "mistakes", count, "mistakes of the heap's users that were reported",              \
      "mistake reported", "mistakes reported")

enum mm_figure {
#define X(NAME, name, unit, meaning, singular, plural) MM_FIGURE_##NAME,
    MM_FIGURE_LIST(X)
#undef X
        MM_N_FIGURES
};

struct mm_figures {
    unsigned given; /* a bit for each */
    uint64_t values[MM_N_FIGURES];
};

static inline void mm_figure_set(struct mm_figures *figures, enum mm_figure figure, uint64_t value)
{
    figures->given |= 1u << figure;
    figures->values[figure] = value;
}

static inline bool mm_figure_is_given(const struct mm_figures *figures, enum mm_figure figure)
{
    return (figures->given & (1u << figure)) != 0;
}

const char *mm_figure_name(enum mm_figure figure);

/* True: a step that does not say what it expects expects 0. */
bool mm_figure_should_be_0(enum mm_figure figure);

/* "96 bytes leaked", "0 orphans". */
void mm_figure_print(struct mm_text *text, enum mm_figure figure, uint64_t value);

#endif
