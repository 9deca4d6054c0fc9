/*
 * walk_text.c - a walk record as a page for people.
 *
 * Top to bottom as the hardware goes: the question, the address split, each entry with its bits
 * named, each check with its verdict, the answer, and what the TLB holds.
 */
#include <mmsim/hw.h>
#include <stdio.h>

#include "base/text.h"

static const char *const access_names[] = {"read", "write", "fetch"};
static const char *const privilege_names[] = {"user mode (CPL 3)", "supervisor mode (CPL 0)"};
static const char *const verdict_names[] = {"ok  ", "DENY", "-   "};

static uint64_t field_of(uint64_t value, const struct mmsim_bit_field *field)
{
    unsigned width = field->high - field->low + 1u;
    return (value >> field->low) & (width >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << width) - 1);
}

static void print_question(const struct mmsim_walk *walk, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, "%s of 0x%08llx", access_names[walk->request.access],
                   (unsigned long long)walk->request.address);
    if (walk->process)
        mm_sink_printf(sink, " by %s", walk->process);
    mm_sink_printf(sink, ", %s, on CPU %u (%s)\n", privilege_names[walk->request.privilege],
                   walk->cpu_index, walk->cpu);
}

static void print_address(const struct mmsim_walk *walk, const struct mmsim_sink *sink)
{
    mm_sink_puts(sink, "\n  linear address   bits    value\n");
    for (const struct mmsim_bit_field *part = walk->address; part && part->name; part++) {
        uint64_t value = field_of(walk->request.address, part);
        mm_sink_printf(sink, "    %-12s  %3u..%-3u  0x%-6llx %7llu   %s\n", part->name, part->high,
                       part->low, (unsigned long long)value, (unsigned long long)value,
                       part->meaning ? part->meaning : "");
    }
    mm_sink_printf(sink, "\n  CR3 = 0x%08llx\n", (unsigned long long)walk->root);
}

/* One word for each bit that has something to say: "P present", "D clean"; bases elsewhere. */
static void print_bits(const struct mmsim_walk_step *step, const struct mmsim_sink *sink)
{
    const char *separator = "        ";
    for (const struct mmsim_bit_field *field = step->fields; field && field->name; field++) {
        uint64_t value = field_of(step->value, field);
        const char *meaning = value ? field->meaning : field->clear;
        if (!meaning)
            continue;
        mm_sink_printf(sink, "%s%s=%llu %s", separator, field->name, (unsigned long long)value,
                       meaning);
        separator = " | ";
    }
    mm_sink_puts(sink, "\n");
}

static void print_step(const struct mmsim_walk_step *step, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, "  %s %-4u at 0x%08llx = 0x%08llx   %s %s\n", step->level, step->index,
                   (unsigned long long)step->entry_address, (unsigned long long)step->value,
                   verdict_names[step->verdict], step->why);
    print_bits(step, sink);
    if (step->cached)
        mm_sink_printf(sink, "        the paging-structure cache holds this entry%s\n",
                       step->stale ? ", STALE: memory has another value by now" : "");
}

static void print_checks(const struct mmsim_walk *walk, const struct mmsim_sink *sink)
{
    if (walk->n_checks > 0)
        mm_sink_puts(sink, "\n  access rights\n");
    for (unsigned i = 0; i < walk->n_checks; i++)
        mm_sink_printf(sink, "    %s %-4s %s (%s)\n", verdict_names[walk->checks[i].verdict],
                       walk->checks[i].rule, walk->checks[i].why, walk->checks[i].source);
}

static void print_answer(const struct mmsim_walk *walk, const struct mmsim_sink *sink)
{
    const struct mmsim_fault *fault = &walk->fault;
    if (walk->allowed) {
        uint64_t bytes = (uint64_t)1 << walk->page_shift;
        bool large = bytes >= MMSIM_MIB;
        mm_sink_printf(sink, "\n  => physical 0x%08llx, in a page of %llu %s%s%s\n",
                       (unsigned long long)walk->physical,
                       (unsigned long long)(large ? bytes / MMSIM_MIB : bytes / MMSIM_KIB),
                       large ? "MiB" : "KiB", walk->accessed ? ", accessed" : "",
                       walk->dirty ? ", dirty" : "");
        return;
    }
    mm_sink_printf(sink,
                   "\n  => page fault (vector %u), error code 0x%x: %s%s, a %s in %s mode; "
                   "CR2 = 0x%08llx\n",
                   fault->vector, fault->error,
                   fault->present ? "the entries are present" : "an entry is not present",
                   fault->error & 8 ? " but a reserved bit is set" : "",
                   fault->access == MMSIM_ACCESS_WRITE ? "write" : "read",
                   fault->privilege == MMSIM_PRIVILEGE_USER ? "user" : "supervisor",
                   (unsigned long long)fault->address);
}

/* Whether the held translation answers the request by itself, or the CPU walks all the same. */
static const char *use_of_held(const struct mmsim_walk *walk)
{
    bool store_to_clean = walk->request.access == MMSIM_ACCESS_WRITE && !walk->tlb.held.dirty;
    if (walk->tlb.stale)
        return ".\n  STALE: the page tables say something else by now";
    if (!walk->allowed)
        return ": refused without a walk";
    return store_to_clean ? ", not known to be dirty: a store walks again, to set D" : ": no walk";
}

static void print_tlb(const struct mmsim_walk *walk, const struct mmsim_sink *sink)
{
    const struct mmsim_walk_tlb *tlb = &walk->tlb;
    const char *which = tlb->second_level  ? "second-level TLB"
                        : tlb->instruction ? "instruction TLB"
                                           : "TLB";
    if (!tlb->hit) {
        mm_sink_printf(sink, "\n  %s: does not hold this page, the CPU must walk\n", which);
        return;
    }
    mm_sink_printf(sink, "\n  %s: set %u, way %u holds this page at physical 0x%08llx%s%s%s\n",
                   which, tlb->set, tlb->way, (unsigned long long)tlb->held.base,
                   tlb->held.global ? ", global" : "", tlb->held.dirty ? ", known to be dirty" : "",
                   use_of_held(walk));
}

void mmsim_walk_print(const struct mmsim_walk *walk, const struct mmsim_sink *sink)
{
    print_question(walk, sink);
    if (!walk->paging) {
        mm_sink_puts(sink, "\n  paging is off: the linear address is the physical one\n");
        return;
    }
    if (walk->n_steps == 0) {
        mm_sink_puts(sink, "\n  the process is dead, its page tables are gone\n");
        return;
    }
    print_address(walk, sink);
    for (unsigned i = 0; i < walk->n_steps; i++)
        print_step(&walk->steps[i], sink);
    print_checks(walk, sink);
    print_answer(walk, sink);
    print_tlb(walk, sink);
}
