/*
 * tell.c - a step in one line for people: who, what was asked, what happened.
 *
 *   child    write 7 at buf (0x40000000)          copy-on-write fault: page copied
 *
 * What would not fit LINE_COLUMNS, the step's number in front included, goes on in a second line.
 */
#include <inttypes.h>
#include <string.h>

#include "scenario/load.h"
#include "scenario/quantity.h"
#include "scenario/verb.h"
#include "trace/pattern.h"

enum { ACTOR_COLUMNS = 8, ASKED_COLUMNS = 42, LINE_COLUMNS = 110, NUMBER_COLUMNS = 6 };

static const char *name_of(const struct mm_run *run, uint32_t name)
{
    return run->scenario->names.rows[name].text;
}

/* ---- what was asked ---- */

void mm_tell_put_count(struct mm_text *line, uint64_t count)
{
    char text[MM_COUNT_CHARS];
    mm_count_print(count, text);
    mm_text_puts(line, text);
}

/* "7 bytes", "1 fault" */
static void put_several(struct mm_text *line, uint64_t count, const char *singular)
{
    mm_tell_put_count(line, count);
    mm_text_printf(line, " %s%s", singular, count == 1 ? "" : "s");
}

void mm_tell_put_size(struct mm_text *line, uint64_t n_bytes)
{
    char text[MM_SIZE_CHARS];
    mm_size_print(n_bytes, text);
    if (n_bytes % MMSIM_KIB != 0 || n_bytes == 0)
        put_several(line, n_bytes, "byte");
    else
        mm_text_puts(line, text);
}

/* What lies in memory: "7", "42 (0x2a)". */
static void put_value(struct mm_text *line, uint64_t value)
{
    mm_text_printf(line, value < 10 ? "%" PRIu64 : "%" PRIu64 " (0x%" PRIx64 ")", value, value);
}

void mm_tell_put_place(struct mm_run *run, const struct mm_place *place, struct mm_text *line)
{
    mmsim_vaddr address;
    if (place->name == MM_NO_NAME)
        mm_text_printf(line, " at 0x%" PRIx64, place->offset);
    else if (mm_run_resolve(run, place, &address))
        mm_text_printf(line, " at %s (0x%" PRIx64 ")", place->text, address);
    else
        mm_text_printf(line, " at %s (not bound)", place->text);
}

static void put_protection(struct mm_text *line, uint64_t prot)
{
    char text[] = {prot & MMSIM_PROT_READ ? 'r' : '-', prot & MMSIM_PROT_WRITE ? 'w' : '-',
                   prot & MMSIM_PROT_EXEC ? 'x' : '-', '\0'};
    mm_text_puts(line, text);
}

void mm_tell_spawn(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_text_printf(line, "spawn %s", name_of(run, step->name));
}

void mm_tell_fork(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_text_printf(line, "fork %s", name_of(run, step->name));
}

void mm_tell_exit(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    (void)run;
    bool killed = strcmp(step->verb->info.name, "kill") == 0;
    mm_text_printf(line, "%s %" PRIu64, killed ? "is killed, code" : "exit with code", step->code);
}

void mm_tell_switch(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    struct mmsim_process *process = mm_run_actor(run, step);
    mm_text_puts(line, "switch");
    if (process)
        mm_text_printf(line, " to it on CPU %u", mmsim_process_cpu(process));
}

void mm_tell_mmap(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_text_puts(line, "mmap ");
    mm_tell_put_size(line, step->length);
    mm_text_puts(line, " ");
    put_protection(line, step->prot);
    if (step->name != MM_NO_NAME)
        mm_text_printf(line, " as %s", name_of(run, step->name));
    else if (step->has_at)
        mm_tell_put_place(run, &step->at, line);
}

void mm_tell_munmap(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_text_puts(line, "munmap ");
    mm_tell_put_size(line, step->length);
    mm_tell_put_place(run, &step->at, line);
}

void mm_tell_mprotect(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_text_puts(line, "mprotect ");
    mm_tell_put_size(line, step->length);
    mm_tell_put_place(run, &step->at, line);
    mm_text_puts(line, " ");
    put_protection(line, step->prot);
}

void mm_tell_check(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    (void)run;
    mm_text_printf(line, "check %s", step->that.text);
}

void mm_tell_walk(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    static const char *const kinds[] = {[MMSIM_ACCESS_READ] = "read",
                                        [MMSIM_ACCESS_WRITE] = "write",
                                        [MMSIM_ACCESS_FETCH] = "fetch"};
    mm_text_printf(line, "walk for a %s", kinds[step->access]);
    mm_tell_put_place(run, &step->at, line);
}

void mm_tell_note(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    (void)run;
    mm_text_puts(line, step->text);
}

void mm_tell_read(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    uint64_t n_bytes = step->bytes.data ? step->bytes.n : step->size;
    mm_text_printf(line, "%s ", step->verb->info.name);
    put_several(line, n_bytes, "byte");
    mm_tell_put_place(run, &step->at, line);
}

void mm_tell_write(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_text_printf(line, "%s ", step->verb->info.name);
    if (step->bytes.data)
        put_several(line, step->bytes.n, "byte");
    else if (step->has_pointer)
        mm_text_printf(line, "the address %s", step->pointer.text);
    else
        put_value(line, step->value);
    mm_tell_put_place(run, &step->at, line);
}

static void put_range(struct mm_run *run, const struct mm_step *step, const char *verb,
                      struct mm_text *line)
{
    mm_text_printf(line, "%s ", verb);
    mm_tell_put_size(line, step->length);
    mm_tell_put_place(run, &step->at, line);
    mm_text_puts(line, " with ");
    put_value(line, step->value);
}

void mm_tell_fill(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    put_range(run, step, "fill", line);
}

void mm_tell_compare(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    put_range(run, step, "compare", line);
}

void mm_tell_exec(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_text_puts(line, "fetch an instruction");
    mm_tell_put_place(run, &step->at, line);
}

void mm_tell_access(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_tell_put_count(line, step->count);
    mm_text_printf(line, " %s reference%s to %s", mm_pattern_name(step->pattern),
                   step->count == 1 ? "" : "s", name_of(run, step->over));
}

void mm_tell_replay(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_text_puts(line, "replay ");
    put_several(line, step->count, "reference");
    mm_text_printf(line, " of %s", mmsim_trace_info(step->trace)->name);
    if (step->over != MM_NO_NAME)
        mm_text_printf(line, " in %s", name_of(run, step->over));
}

/* ---- what happened ---- */

static const char *fault_sentence(enum mmsim_fault_kind kind, bool reused)
{
    static const char *const sentences[] = {
        [MMSIM_FAULT_NONE] = "no fault",
        [MMSIM_FAULT_MINOR] = "minor fault: page mapped",
        [MMSIM_FAULT_MAJOR] = "major fault: page read in",
        [MMSIM_FAULT_COW] = "copy-on-write fault: page copied",
        [MMSIM_FAULT_STACK] = "stack fault: the stack grew",
        [MMSIM_FAULT_PKEY] = "refused by a protection key",
        [MMSIM_FAULT_PROTECTION] = "page fault: refused",
    };
    if (kind == MMSIM_FAULT_COW && reused)
        return "copy-on-write fault: last copy reused";
    return sentences[kind];
}

static void separate(struct mm_text *line, bool *first)
{
    if (!*first)
        mm_text_puts(line, "; ");
    *first = false;
}

/* A refused access is told by its signal or error. */
static bool is_told_as_end(const struct mm_outcome *outcome, enum mmsim_fault_kind kind)
{
    return outcome->outcome != MMSIM_DONE &&
           (kind == MMSIM_FAULT_PROTECTION || kind == MMSIM_FAULT_PKEY);
}

static void put_faults(const struct mm_outcome *outcome, struct mm_text *line, bool *first)
{
    if (outcome->n_faults == 1) {
        const struct mm_fault_note *note = &outcome->faults[0];
        if (is_told_as_end(outcome, (enum mmsim_fault_kind)note->kind))
            return;
        separate(line, first);
        mm_text_puts(line, fault_sentence((enum mmsim_fault_kind)note->kind, note->reused));
        return;
    }
    for (unsigned kind = MMSIM_FAULT_MINOR; kind < MMSIM_N_FAULT_KINDS; kind++) {
        if (outcome->n_by_kind[kind] == 0 || is_told_as_end(outcome, (enum mmsim_fault_kind)kind))
            continue;
        separate(line, first);
        mm_tell_put_count(line, outcome->n_by_kind[kind]);
        mm_text_printf(line, " %s fault%s", mmsim_fault_kind_name((enum mmsim_fault_kind)kind),
                       outcome->n_by_kind[kind] == 1 ? "" : "s");
    }
}

/* Numbers that are not 0, and those that were expected. What a name says already is left out. */
static void put_figures(const struct mm_run *run, const struct mm_step *step, struct mm_text *line,
                        bool *first)
{
    const struct mm_figures *figures = &run->outcome.figures;
    for (unsigned i = 0; i < MM_N_FIGURES; i++) {
        enum mm_figure figure = (enum mm_figure)i;
        bool expected = (step->expect.given & MM_EXPECT_FIGURE(figure)) != 0;
        bool plain = figure == MM_FIGURE_USABLE || figure == MM_FIGURE_GROUPS ||
                     figure == MM_FIGURE_REFERENCES;
        bool answer = figure == MM_FIGURE_LEAKED || figure == MM_FIGURE_FREED ||
                      figure == MM_FIGURE_OBJECTS || (figures->values[figure] > 0 && !plain);
        bool told = figure == MM_FIGURE_MISTAKES; /* put_mistake() */
        if (!mm_figure_is_given(figures, figure) || told || !(expected || answer))
            continue;
        separate(line, first);
        mm_text_puts(line, figure == MM_FIGURE_FAILED ? "the rule before: " : "");
        mm_figure_print(line, figure, figures->values[figure]);
    }
}

/* Who took away the last reference to what leaked, if that was seen. */
static void put_loser(const struct mm_run *run, struct mm_text *line, bool *first)
{
    const struct mmsim_leak *leak = &run->leak;
    if (!(run->outcome.parts & MM_HAS_LEAK) || leak->lost_step == UINT64_MAX)
        return;
    separate(line, first);
    mm_text_printf(line, "lost in step %" PRIu64 ": %s", leak->lost_step,
                   leak->lost_site ? leak->lost_site : "unknown");
}

static void put_mistake(const struct mm_outcome *outcome, struct mm_text *line, bool *first)
{
    uint64_t n = outcome->figures.values[MM_FIGURE_MISTAKES];
    if (n == 0)
        return;
    separate(line, first);
    mm_text_printf(line, "%s at 0x%" PRIx64, mmsim_heap_mistake_name(outcome->mistake),
                   outcome->mistaken);
    if (n > 1)
        mm_text_printf(line, " and %" PRIu64 " more", n - 1);
}

/* What an access met in the TLB: "99,950 hits, 50 misses". */
static void put_tlb(const struct mm_run *run, const struct mm_step *step, struct mm_text *line,
                    bool *first)
{
    const struct mm_outcome *outcome = &run->outcome;
    if (!step->verb->open || outcome->tlb_hits + outcome->tlb_misses == 0)
        return;
    separate(line, first);
    mm_text_puts(line, step->trace ? "TLB: " : ""); /* it has misses of another kind too */
    put_several(line, outcome->tlb_hits, "hit");
    mm_text_puts(line, ", ");
    mm_tell_put_count(line, outcome->tlb_misses);
    mm_text_puts(line, outcome->tlb_misses == 1 ? " miss" : " misses");
}

static void put_error(const struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    const struct mm_outcome *outcome = &run->outcome;
    const char *reason = mm_run_reason(run, step);
    mm_text_puts(line, mmsim_errno_name(outcome->error));
    if (outcome->parts & MM_HAS_REFUSED)
        mm_text_printf(line, " at 0x%" PRIx64, outcome->address);
    if (reason)
        mm_text_printf(line, " (%s)", reason);
}

/* The address where it is not the one that was asked for, else what the code means. */
static void put_signal(const struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    static const char *const meanings[] = {
        [MMSIM_SEGV_MAPERR] = "nothing mapped", [MMSIM_SEGV_ACCERR] = "not permitted",
        [MMSIM_SEGV_PKUERR] = "protection key", [MMSIM_BUS_ADRERR] = "nothing behind it",
        [MMSIM_SI_KERNEL] = "out of memory",
    };
    const struct mm_outcome *outcome = &run->outcome;
    mmsim_vaddr asked;
    bool same = step->over == MM_NO_NAME && mm_run_resolve(run, &step->at, &asked) &&
                asked == outcome->address;
    mm_text_printf(line, "%s %s", mmsim_signal_name(outcome->signal),
                   mmsim_sigcode_name(outcome->code));
    if (same || outcome->code == MMSIM_SI_KERNEL)
        mm_text_printf(line, " (%s)", meanings[outcome->code]);
    else
        mm_text_printf(line, " at 0x%" PRIx64, outcome->address);
    const struct mmsim_process *process = mm_run_actor(run, step);
    if (process)
        mm_text_puts(line, mmsim_process_alive(process) ? ", survived" : ", process dies");
}

static void put_end(const struct mm_run *run, const struct mm_step *step, struct mm_text *line,
                    bool *first)
{
    if (run->outcome.outcome == MMSIM_DONE)
        return;
    separate(line, first);
    if (run->outcome.outcome == MMSIM_ERROR)
        put_error(run, step, line);
    else
        put_signal(run, step, line);
}

static void put_read_bytes(const struct mm_run *run, struct mm_text *line)
{
    enum { SHOWN = 16 };
    const uint8_t *bytes = (const uint8_t *)run->bytes.data;
    mm_text_puts(line, "= 0x");
    for (size_t i = 0; i < run->bytes.n_bytes && i < SHOWN; i++)
        mm_text_printf(line, "%02x", bytes[i]);
    mm_text_puts(line, run->bytes.n_bytes > SHOWN ? "..." : "");
}

static void put_answer(const struct mm_run *run, const struct mm_step *step, struct mm_text *line,
                       bool *first)
{
    const struct mm_outcome *outcome = &run->outcome;
    if (outcome->parts & (MM_HAS_VALUE | MM_HAS_BYTES | MM_HAS_MAPPED | MM_HAS_WALK))
        separate(line, first);
    if (outcome->parts & MM_HAS_VALUE) {
        mm_text_puts(line, "= ");
        put_value(line, outcome->value);
    }
    if (outcome->parts & MM_HAS_BYTES)
        put_read_bytes(run, line);
    if (outcome->parts & MM_HAS_MAPPED)
        mm_text_printf(line, "-> 0x%" PRIx64, outcome->address);
    if ((outcome->parts & MM_HAS_WALK) && (outcome->parts & MM_HAS_PRESENT))
        mm_text_printf(line, "-> physical 0x%" PRIx64 "%s%s", outcome->physical,
                       outcome->parts & MM_HAS_ACCESSED ? ", accessed" : "",
                       outcome->parts & MM_HAS_DIRTY ? ", dirty" : "");
    else if (outcome->parts & MM_HAS_WALK)
        mm_text_puts(line, "-> not present");
    if (step->verb->perform == mm_perform_check) {
        separate(line, first);
        mm_text_puts(line, outcome->untrue ? "false" : "true");
    }
}

static void pad(struct mm_text *line, size_t column)
{
    while (line->n_bytes < column && !line->failed)
        mm_text_puts(line, " ");
}

/* Moves what happened, from `happened` on, to a line of its own below what was asked. */
static void break_line(struct mm_text *line, size_t asked_end, size_t happened, size_t indent)
{
    size_t n_happened = line->n_bytes - happened;
    size_t end = asked_end + 1 + indent + n_happened;
    pad(line, end);
    if (line->failed)
        return;
    memmove(line->data + asked_end + 1 + indent, line->data + happened, n_happened);
    line->data[asked_end] = '\n';
    memset(line->data + asked_end + 1, ' ', indent);
    line->data[end] = '\0';
    line->n_bytes = end;
}

static void put_actor(const struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    if (step->by != MM_NO_NAME)
        mm_text_puts(line, name_of(run, step->by));
    pad(line, ACTOR_COLUMNS);
    mm_text_puts(line, " ");
    if (run->scenario->config.n_cpus == 1)
        return;
    size_t start = line->n_bytes;
    if (run->outcome.has_cpu)
        mm_text_printf(line, "CPU %u", run->outcome.cpu);
    pad(line, start + strlen("CPU 63 "));
}

/* Whom the kernel ended so that this step could go on. */
static void put_kills(const struct mm_outcome *outcome, struct mm_text *line, bool *first)
{
    if (outcome->n_killed == 0)
        return;
    separate(line, first);
    mm_text_printf(line, "out of memory: %s killed, which had ", outcome->killed);
    put_several(line, outcome->n_resident, "page");
    if (outcome->n_killed > 1)
        mm_text_printf(line, ", and %u more", outcome->n_killed - 1);
    if (outcome->why_killed)
        mm_text_printf(line, " (%s)", outcome->why_killed);
}

void mm_run_tell(struct mm_run *run, const struct mm_step *step)
{
    struct mm_text *line = &run->line;
    mm_text_clear(line);
    put_actor(run, step, line);
    size_t start = line->n_bytes;
    step->verb->tell(run, step, line);
    size_t asked_end = line->n_bytes;
    pad(line, ACTOR_COLUMNS + 1 + ASKED_COLUMNS); /* of which a CPU's name takes a part */
    mm_text_puts(line, "  ");
    size_t happened = line->n_bytes;
    bool nothing = true;
    put_answer(run, step, line, &nothing);
    put_faults(&run->outcome, line, &nothing);
    put_figures(run, step, line, &nothing);
    put_loser(run, line, &nothing);
    put_mistake(&run->outcome, line, &nothing);
    put_tlb(run, step, line, &nothing);
    put_kills(&run->outcome, line, &nothing);
    put_end(run, step, line, &nothing);
    if (nothing && !line->failed) { /* no blanks at the end of a line */
        line->n_bytes = asked_end;
        line->data[asked_end] = '\0';
    } else if (line->n_bytes > LINE_COLUMNS - NUMBER_COLUMNS) {
        break_line(line, asked_end, happened, NUMBER_COLUMNS + start + 2);
    }
}
