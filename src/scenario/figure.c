/* figure.c - see figure.h. */
#include "scenario/figure.h"

#include "scenario/quantity.h"

static const struct {
    const char *name, *singular, *plural;
} rows[] = {
#define X(NAME, name, unit, meaning, singular, plural) {name, singular, plural},
    MM_FIGURE_LIST(X)
#undef X
};

const char *mm_figure_name(enum mm_figure figure)
{
    return rows[figure].name;
}

bool mm_figure_should_be_0(enum mm_figure figure)
{
    return figure == MM_FIGURE_LEAKED || figure == MM_FIGURE_ORPHANS ||
           figure == MM_FIGURE_MISTAKES;
}

void mm_figure_print(struct mm_text *text, enum mm_figure figure, uint64_t value)
{
    char count[MM_COUNT_CHARS];
    mm_count_print(value, count);
    mm_text_printf(text, "%s %s", count, value == 1 ? rows[figure].singular : rows[figure].plural);
}
