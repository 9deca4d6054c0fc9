/*
 * judge.c - what a step expected against what happened.
 *
 * Each part of an expectation is one function that writes what was expected and what was there, if
 * they differ; a failure joins those parts: "value 7, fault cow" against "value 8, fault minor".
 */
#include <inttypes.h>
#include <string.h>

#include "scenario/load.h"
#include "scenario/result.h"
#include "scenario/verb.h"

/* ---- parts ---- */

static void separate(struct mm_text *text)
{
    if (text->n_bytes > 0)
        mm_text_puts(text, ", ");
}

/* Notes a difference; both arguments are words such as "value 7". */
static void differ(struct mm_run *run, const char *what, const char *expected, const char *actual)
{
    separate(&run->expected);
    separate(&run->actual);
    mm_text_printf(&run->expected, "%s%s", what, expected);
    mm_text_printf(&run->actual, "%s%s", what, actual);
}

static void differ_numbers(struct mm_run *run, const char *what, uint64_t expected, uint64_t actual)
{
    separate(&run->expected);
    separate(&run->actual);
    mm_text_printf(&run->expected, "%s %" PRIu64, what, expected);
    mm_text_printf(&run->actual, "%s %" PRIu64, what, actual);
}

static void differ_addresses(struct mm_run *run, uint64_t expected, uint64_t actual)
{
    separate(&run->expected);
    separate(&run->actual);
    mm_text_printf(&run->expected, "address 0x%" PRIx64, expected);
    mm_text_printf(&run->actual, "address 0x%" PRIx64, actual);
}

static void print_expected_outcome(const struct mm_expectation *expect, struct mm_text *text)
{
    if (expect->given & MM_EXPECT_ERROR)
        mm_text_printf(text, "error %s", mmsim_errno_name((enum mmsim_errno)expect->error));
    else if (expect->given & MM_EXPECT_SIGNAL)
        mm_text_printf(text, "signal %s", mmsim_signal_name((enum mmsim_signal)expect->signal));
    else
        mm_text_puts(text, "ok");
    if (expect->given & MM_EXPECT_CODE)
        mm_text_printf(text, " %s", mmsim_sigcode_name((enum mmsim_sigcode)expect->code));
}

static void print_actual_outcome(const struct mm_outcome *outcome, struct mm_text *text)
{
    if (outcome->outcome == MMSIM_ERROR)
        mm_text_printf(text, "error %s", mmsim_errno_name(outcome->error));
    else if (outcome->outcome == MMSIM_SIGNAL)
        mm_text_printf(text, "signal %s %s", mmsim_signal_name(outcome->signal),
                       mmsim_sigcode_name(outcome->code));
    else
        mm_text_puts(text, "ok");
    if (outcome->parts & MM_HAS_REFUSED)
        mm_text_printf(text, " at 0x%" PRIx64, outcome->address);
}

static bool outcome_is_expected(const struct mm_outcome *outcome,
                                const struct mm_expectation *expect)
{
    if (expect->given & MM_EXPECT_ERROR)
        return outcome->outcome == MMSIM_ERROR && outcome->error == expect->error;
    if (expect->given & MM_EXPECT_SIGNAL)
        return outcome->outcome == MMSIM_SIGNAL && outcome->signal == expect->signal &&
               (!(expect->given & MM_EXPECT_CODE) || outcome->code == expect->code);
    return outcome->outcome == MMSIM_DONE;
}

static bool judge_outcome(struct mm_run *run, const struct mm_step *step)
{
    if (outcome_is_expected(&run->outcome, &step->expect))
        return true;
    print_expected_outcome(&step->expect, &run->expected);
    print_actual_outcome(&run->outcome, &run->actual);
    return false;
}

static void judge_value(struct mm_run *run, const struct mm_step *step)
{
    if (run->outcome.value != step->expect.value)
        differ_numbers(run, "value", step->expect.value, run->outcome.value);
}

static void print_bytes(struct mm_text *text, const void *data, size_t n_bytes)
{
    enum { SHOWN = 32 };
    const uint8_t *bytes = data;
    mm_text_puts(text, "bytes 0x");
    for (size_t i = 0; i < n_bytes && i < SHOWN; i++)
        mm_text_printf(text, "%02x", bytes[i]);
    if (n_bytes > SHOWN)
        mm_text_printf(text, "... (%zu in all)", n_bytes);
    bool printable = n_bytes > 0;
    for (size_t i = 0; i < n_bytes && i < SHOWN; i++)
        printable &= bytes[i] >= 0x20 && bytes[i] < 0x7f;
    if (printable)
        mm_text_printf(text, " (\"%.*s\"%s)", (int)(n_bytes < SHOWN ? n_bytes : SHOWN),
                       (const char *)data, n_bytes > SHOWN ? "..." : "");
}

static void judge_bytes(struct mm_run *run, const struct mm_step *step)
{
    const struct mm_bytes *expected = &step->expect.bytes;
    const struct mm_text *actual = &run->bytes;
    if (actual->n_bytes == expected->n && memcmp(actual->data, expected->data, expected->n) == 0)
        return;
    separate(&run->expected);
    separate(&run->actual);
    print_bytes(&run->expected, expected->data, expected->n);
    print_bytes(&run->actual, actual->data, actual->n_bytes);
}

static void judge_address(struct mm_run *run, const struct mm_step *step)
{
    if (!run->has_expected_address)
        differ(run, "", step->expect.address.text, "a name that is not bound");
    else if (run->expected_address != run->outcome.address)
        differ_addresses(run, run->expected_address, run->outcome.address);
}

static void judge_fault(struct mm_run *run, const struct mm_step *step)
{
    const struct mm_outcome *outcome = &run->outcome;
    enum mmsim_fault_kind expected = (enum mmsim_fault_kind)step->expect.fault;
    enum mmsim_fault_kind actual =
        outcome->n_kept > 0 ? (enum mmsim_fault_kind)outcome->faults[0].kind : MMSIM_FAULT_NONE;
    if (actual != expected)
        differ(run, "fault ", mmsim_fault_kind_name(expected), mmsim_fault_kind_name(actual));
}

static void judge_bit(struct mm_run *run, const char *name, bool expected,
                      enum mm_outcome_part part)
{
    bool actual = (run->outcome.parts & part) != 0;
    if (actual != expected)
        differ(run, name, expected ? "true" : "false", actual ? "true" : "false");
}

static void judge_present(struct mm_run *run, const struct mm_step *step)
{
    judge_bit(run, "present ", step->expect.present, MM_HAS_PRESENT);
}

static void judge_accessed(struct mm_run *run, const struct mm_step *step)
{
    judge_bit(run, "accessed ", step->expect.accessed, MM_HAS_ACCESSED);
}

static void judge_dirty(struct mm_run *run, const struct mm_step *step)
{
    judge_bit(run, "dirty ", step->expect.dirty, MM_HAS_DIRTY);
}

/* ---- the kernel's memory ---- */

static void judge_figure(struct mm_run *run, const struct mm_step *step, enum mm_figure figure)
{
    uint64_t actual = run->outcome.figures.values[figure];
    bool given = (step->expect.given & MM_EXPECT_FIGURE(figure)) != 0;
    uint64_t expected = given ? step->expect.figures[figure] : 0;
    if ((given || mm_figure_should_be_0(figure)) && expected != actual)
        differ_numbers(run, mm_figure_name(figure), expected, actual);
}

/* Mistakes that nobody expects are told by name, not by number. */
static void judge_mistake(struct mm_run *run, const struct mm_step *step)
{
    const struct mm_outcome *outcome = &run->outcome;
    bool named = (step->expect.given & MM_EXPECT_MISTAKE) != 0 &&
                 step->expect.mistake < MMSIM_N_HEAP_MISTAKES; /* that many: "none" */
    const char *expected =
        named ? mmsim_heap_mistake_name((enum mmsim_heap_mistake)step->expect.mistake) : "none";
    bool any = outcome->figures.values[MM_FIGURE_MISTAKES] > 0;
    const char *actual = any ? mmsim_heap_mistake_name(outcome->mistake) : "none";
    if (strcmp(expected, actual) != 0)
        differ(run, "mistake ", expected, actual);
}

static void judge_mistakes(struct mm_run *run, const struct mm_step *step)
{
    bool counted = (step->expect.given & MM_EXPECT_FIGURE(MM_FIGURE_MISTAKES)) != 0;
    if (counted)
        judge_figure(run, step, MM_FIGURE_MISTAKES);
    if (!counted || (step->expect.given & MM_EXPECT_MISTAKE))
        judge_mistake(run, step);
}

static void judge_site(struct mm_run *run, const char *what, const char *expected,
                       const char *actual)
{
    bool leaked = (run->outcome.parts & MM_HAS_LEAK) != 0;
    const char *found = leaked && actual ? actual : leaked ? "unknown" : "none";
    if (strcmp(expected, found) != 0)
        differ(run, what, expected, found);
}

/* An expectation of any kind on leaks says that there are some. */
static void judge_leak(struct mm_run *run, const struct mm_step *step)
{
    const struct mm_expectation *expect = &step->expect;
    bool expected = (expect->given & (MM_EXPECT_FIGURE(MM_FIGURE_LEAKED_BYTES) |
                                      MM_EXPECT_FIGURE(MM_FIGURE_GROUPS) | MM_EXPECT_SITE |
                                      MM_EXPECT_LOST_SITE)) != 0;
    if (!expected || (expect->given & MM_EXPECT_FIGURE(MM_FIGURE_LEAKED)))
        judge_figure(run, step, MM_FIGURE_LEAKED);
    if (expect->given & MM_EXPECT_SITE)
        judge_site(run, "site ", expect->site, run->leak.site);
    if (expect->given & MM_EXPECT_LOST_SITE)
        judge_site(run, "lost_site ", expect->lost_site, run->leak.lost_site);
}

static void judge_memory(struct mm_run *run, const struct mm_step *step)
{
    for (unsigned figure = 0; figure < MM_N_FIGURES; figure++)
        if (figure != MM_FIGURE_MISTAKES && figure != MM_FIGURE_LEAKED)
            judge_figure(run, step, (enum mm_figure)figure);
    judge_leak(run, step);
    judge_mistakes(run, step);
}

/* ---- compare and check ---- */

static void judge_compare(struct mm_run *run, const struct mm_step *step)
{
    const struct mm_outcome *outcome = &run->outcome;
    mmsim_vaddr address = 0;
    (void)mm_run_resolve(run, &step->at, &address);
    mm_text_printf(&run->expected, "byte 0x%02x at offset %" PRIu64 " (0x%" PRIx64 ")",
                   outcome->expected_byte, outcome->differs_at, address + outcome->differs_at);
    mm_text_printf(&run->actual, "byte 0x%02x", outcome->actual_byte);
}

/* "process.p.rss = 17 pages, not <= 16 pages" */
static void put_false(struct mm_run *run, const struct mm_comparison *comparison,
                      const struct mm_sides *sides)
{
    struct mm_text *text = &run->actual;
    mm_text_printf(text, "%s%s = ", text->n_bytes > 0 ? "; " : "", comparison->left);
    mm_unit_print(text, sides->left, comparison->unit);
    mm_text_printf(text, ", not %s ", comparison->symbol);
    mm_unit_print(text, sides->right, comparison->unit);
    if (comparison->right[0] < '0' || comparison->right[0] > '9')
        mm_text_printf(text, " = %s", comparison->right);
}

/* Whether a path's value explains more: it is part of a false comparison, or there is none. */
static bool explains(const struct mm_expression *that, const struct mm_sides *sides,
                     const char *path)
{
    bool part = false, any = false;
    for (size_t i = 0; i < that->n_comparisons; i++) {
        const struct mm_comparison *comparison = &that->comparisons[i];
        if (sides[i].truth)
            continue;
        if (strcmp(comparison->left, path) == 0)
            return false; /* its value was told */
        any = true;
        part |= strstr(comparison->left, path) || strstr(comparison->right, path);
    }
    return part || !any;
}

static void put_path(struct mm_run *run, const struct mm_path *path, uint64_t value)
{
    struct mm_text *text = &run->actual;
    mm_text_printf(text, "%s%s ", text->n_bytes > 0 ? "; " : "", path->text);
    if (path->process != MM_NO_NAME && !run->processes[path->process]) {
        mm_text_puts(text, "is unknown: the process was never made");
        return;
    }
    mm_text_puts(text, "= ");
    mm_unit_print(text, (mm_number)value, path->unit);
}

/* The comparisons that are false, then what they are made of. */
static void judge_check(struct mm_run *run, const struct mm_step *step)
{
    const struct mm_expression *that = &step->that;
    uint64_t values[MM_EXPRESSION_MAX_PATHS];
    struct mm_sides sides[MM_EXPRESSION_MAX_COMPARISONS];
    bool complete = mm_run_path_values(run, that, values);
    (void)mm_expression_trace(that, values, sides);
    mm_text_puts(&run->expected, that->text);
    for (size_t i = 0; complete && i < that->n_comparisons; i++)
        if (!sides[i].truth)
            put_false(run, &that->comparisons[i], &sides[i]);
    for (size_t i = 0; i < that->n_paths; i++)
        if (!complete || explains(that, sides, that->paths[i].text))
            put_path(run, &that->paths[i], values[i]);
    if (run->actual.n_bytes == 0)
        mm_text_puts(&run->actual, "it is false");
}

/* An address that could not be made: the step did not even begin. */
static void judge_unnamed(struct mm_run *run, const struct mm_step *step)
{
    const struct mm_place *place = run->outcome.unnamed_place;
    uint32_t name = place ? place->name : step->over;
    mm_text_puts(&run->expected, "an address");
    if (place && run->bindings[name].bound)
        mm_text_printf(&run->actual, "%s, which is beyond 0xffffffff", place->text);
    else
        mm_text_printf(&run->actual, "%s, which is not bound: the step that binds it failed",
                       run->scenario->names.rows[name].text);
}

/* ---- the whole ---- */

static const struct {
    enum mm_expected given;
    void (*judge)(struct mm_run *run, const struct mm_step *step);
} parts[] = {
    {MM_EXPECT_VALUE, judge_value},     {MM_EXPECT_BYTES, judge_bytes},
    {MM_EXPECT_ADDRESS, judge_address}, {MM_EXPECT_FAULT, judge_fault},
    {MM_EXPECT_PRESENT, judge_present}, {MM_EXPECT_ACCESSED, judge_accessed},
    {MM_EXPECT_DIRTY, judge_dirty},
};

static void judge_parts(struct mm_run *run, const struct mm_step *step)
{
    if (!judge_outcome(run, step))
        return;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (step->expect.given & (unsigned)parts[i].given)
            parts[i].judge(run, step);
    judge_memory(run, step);
}

static void explain(struct mm_run *run, const struct mm_step *step)
{
    const char *verb = step->verb->info.name;
    mm_text_puts(&run->message, verb);
    if (step->by != MM_NO_NAME)
        mm_text_printf(&run->message, " by %s", run->scenario->names.rows[step->by].text);
    if (step->at.text)
        mm_text_printf(&run->message, " at %s", step->at.text);
    mm_text_printf(&run->message, ": expected %s, but got %s", mm_text_string(&run->expected),
                   mm_text_string(&run->actual));
    if (run->outcome.outcome == MMSIM_SIGNAL)
        mm_text_printf(&run->message, " (%s)", mmsim_signal_describe(run->outcome.code));
    const char *reason = mm_run_reason(run, step);
    if (reason)
        mm_text_printf(&run->message, " (%s)", reason);
}

bool mm_run_judge(struct mm_run *run, const struct mm_step *step)
{
    mm_text_clear(&run->expected);
    mm_text_clear(&run->actual);
    mm_text_clear(&run->message);
    if (run->outcome.unnamed) {
        judge_unnamed(run, step);
    } else if (run->outcome.untrue) {
        judge_check(run, step);
    } else {
        judge_parts(run, step);
        if (run->expected.n_bytes == 0 && run->outcome.differs)
            judge_compare(run, step);
    }
    if (run->expected.n_bytes == 0 && run->actual.n_bytes == 0)
        return true;
    if (run->outcome.untrue)
        mm_text_printf(&run->message, "not true: %s, because %s", mm_text_string(&run->expected),
                       mm_text_string(&run->actual));
    else
        explain(run, step);
    return false;
}
