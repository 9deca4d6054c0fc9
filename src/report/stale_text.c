/* stale_text.c - reports of the TLB sanitizer, for people and as JSON. */
#include <mmsim/sanitize.h>

#include "base/text.h"

static const char *const kind_names[] = {
    [MMSIM_STALE_GONE] = "gone",
    [MMSIM_STALE_MOVED] = "moved",
    [MMSIM_STALE_RIGHT] = "right",
    [MMSIM_STALE_CLEAN] = "clean",
};

static const char *const kind_sentences[] = {
    [MMSIM_STALE_GONE] = "the tables have no such page any more",
    [MMSIM_STALE_MOVED] = "the tables have the page elsewhere",
    [MMSIM_STALE_RIGHT] = "the tables refuse this access",
    [MMSIM_STALE_CLEAN] = "D was cleared in the tables, and this store did not set it",
};

static const char *const holder_names[] = {
    [MMSIM_STALE_DATA_TLB] = "data TLB",
    [MMSIM_STALE_FETCH_TLB] = "instruction TLB",
    [MMSIM_STALE_SECOND_TLB] = "second-level TLB",
    [MMSIM_STALE_WALK_CACHE] = "paging-structure cache",
};

static const char *const operation_names[] = {
    [MMSIM_TABLE_UNKNOWN] = "unknown",
    [MMSIM_TABLE_UNMAP] = "unmap",
    [MMSIM_TABLE_PROTECT] = "protect",
    [MMSIM_TABLE_REPLACE] = "replace",
};

static const char *const access_names[] = {"read", "write", "fetch"};
static const char *const privilege_names[] = {"user", "supervisor", "implicit supervisor"};

static unsigned long long wide(uint64_t value)
{
    return value;
}

static const char *name_or_kernel(const char *process)
{
    return process ? process : "kernel";
}

/* ---- one sentence ---- */

static void print_missing(const struct mmsim_stale *stale, const struct mmsim_sink *sink)
{
    bool remote = stale->change.operation != MMSIM_TABLE_UNKNOWN && stale->change.cpu != stale->cpu;
    mm_sink_printf(sink, "CPU %u %s ", stale->cpu, remote ? "was not sent" : "did not make");
    if (stale->missing == MMSIM_INVALIDATE_PAGE)
        mm_sink_printf(sink, "an INVLPG of 0x%08llx", wide(stale->page));
    else
        mm_sink_puts(sink, "a reload of CR3");
}

/* "after step 7 (mprotect by p)" */
static void print_change(const struct mmsim_stale *stale, const char *call,
                         const struct mmsim_sink *sink)
{
    if (stale->change.operation == MMSIM_TABLE_UNKNOWN) {
        mm_sink_puts(sink, "after a change that the kernel's page-table writer did not make");
        return;
    }
    mm_sink_printf(sink, "after step %llu (", wide(stale->change.step));
    if (call)
        mm_sink_puts(sink, call);
    else
        mm_sink_printf(sink, "%s by %s", operation_names[stale->change.operation],
                       name_or_kernel(stale->change.process));
    mm_sink_puts(sink, ")");
}

void mmsim_stale_print_line(const struct mmsim_stale *stale, const char *call,
                            const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, "stale translation of 0x%08llx in the %s of CPU %u: %s; ",
                   wide(stale->page), holder_names[stale->holder], stale->cpu,
                   kind_sentences[stale->kind]);
    print_missing(stale, sink);
    mm_sink_puts(sink, " ");
    print_change(stale, call, sink);
}

/* ---- some lines ---- */

/* "rw-" */
static void rights_text(uint8_t allow, char text[4])
{
    static const char letters[] = "rwx";
    for (int access = 0; access < 3; access++)
        text[access] = (allow >> access) & 1 ? letters[access] : '-';
    text[3] = '\0';
}

static void print_granted(const struct mmsim_granted *granted, const struct mmsim_sink *sink)
{
    char user[4], supervisor[4];
    if (!granted->present) {
        mm_sink_puts(sink, "no page");
        return;
    }
    rights_text(granted->allow[MMSIM_PRIVILEGE_USER], user);
    rights_text(granted->allow[MMSIM_PRIVILEGE_SUPERVISOR], supervisor);
    mm_sink_printf(sink, "frame %llu (0x%08llx), %llu KiB, user %s, supervisor %s, %s",
                   wide(granted->base >> MMSIM_PAGE_SHIFT), wide(granted->base),
                   wide(((uint64_t)1 << granted->page_shift) / MMSIM_KIB), user, supervisor,
                   granted->dirty ? "dirty" : "clean");
}

static void print_operation(const struct mmsim_stale *stale, const char *call,
                            const struct mmsim_sink *sink)
{
    mm_sink_puts(sink, "        changed      ");
    if (stale->change.operation == MMSIM_TABLE_UNKNOWN) {
        mm_sink_puts(sink, "not by the kernel's page-table writer\n");
        return;
    }
    mm_sink_printf(sink, "in step %llu on CPU %u: %s", wide(stale->change.step), stale->change.cpu,
                   operation_names[stale->change.operation]);
    if (call)
        mm_sink_printf(sink, " (%s)\n", call);
    else
        mm_sink_printf(sink, " by %s\n", name_or_kernel(stale->change.process));
}

void mmsim_stale_print(const struct mmsim_stale *stale, const char *call,
                       const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, "      STALE  page 0x%08llx in the %s of CPU %u: %s\n", wide(stale->page),
                   holder_names[stale->holder], stale->cpu, kind_sentences[stale->kind]);
    mm_sink_printf(sink, "        used         in step %llu by %s: %s of 0x%08llx\n",
                   wide(stale->step), name_or_kernel(stale->process),
                   access_names[stale->request.access], wide(stale->request.address));
    mm_sink_puts(sink, "        held         ");
    print_granted(&stale->held, sink);
    mm_sink_puts(sink, "\n        tables say   ");
    print_granted(&stale->tables, sink);
    if (stale->entry.level)
        mm_sink_printf(sink, " (%s at 0x%08llx = 0x%08llx)", stale->entry.level,
                       wide(stale->entry.address), wide(stale->entry.value));
    mm_sink_puts(sink, "\n");
    print_operation(stale, call, sink);
    mm_sink_puts(sink, "        missing      ");
    print_missing(stale, sink);
    mm_sink_puts(sink, " after that\n");
}

/* ---- JSON ---- */

static void write_granted(const char *key, const struct mmsim_granted *granted,
                          const struct mmsim_sink *sink)
{
    if (!granted->present) {
        mm_sink_printf(sink, ",\"%s\":null", key);
        return;
    }
    char user[4], supervisor[4];
    rights_text(granted->allow[MMSIM_PRIVILEGE_USER], user);
    rights_text(granted->allow[MMSIM_PRIVILEGE_SUPERVISOR], supervisor);
    mm_sink_printf(sink,
                   ",\"%s\":{\"frame\":%llu,\"size\":%llu,\"user\":\"%s\",\"supervisor\":\"%s\","
                   "\"dirty\":%s}",
                   key, wide(granted->base >> MMSIM_PAGE_SHIFT),
                   wide((uint64_t)1 << granted->page_shift), user, supervisor,
                   granted->dirty ? "true" : "false");
}

static void write_change(const struct mmsim_stale *stale, const struct mmsim_sink *sink)
{
    if (stale->change.operation == MMSIM_TABLE_UNKNOWN) {
        mm_sink_puts(sink, ",\"changed\":null");
        return;
    }
    mm_sink_printf(sink,
                   ",\"changed\":{\"step\":%llu,\"operation\":\"%s\",\"by\":\"%s\",\"cpu\":%u}",
                   wide(stale->change.step), operation_names[stale->change.operation],
                   name_or_kernel(stale->change.process), stale->change.cpu);
}

void mmsim_stale_write_json(const struct mmsim_stale *stale, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink,
                   "{\"kind\":\"%s\",\"step\":%llu,\"cycles\":%llu,\"cpu\":%u,\"holder\":\"%s\"",
                   kind_names[stale->kind], wide(stale->step), wide(stale->cycles), stale->cpu,
                   holder_names[stale->holder]);
    mm_sink_printf(sink, ",\"by\":\"%s\",\"access\":\"%s\",\"privilege\":\"%s\"",
                   name_or_kernel(stale->process), access_names[stale->request.access],
                   privilege_names[stale->request.privilege]);
    mm_sink_printf(sink, ",\"address\":\"0x%llx\",\"page\":\"0x%llx\"",
                   wide(stale->request.address), wide(stale->page));
    write_granted("held", &stale->held, sink);
    write_granted("tables", &stale->tables, sink);
    write_change(stale, sink);
    mm_sink_printf(sink, ",\"missing\":\"%s\"}",
                   stale->missing == MMSIM_INVALIDATE_PAGE ? "invlpg" : "cr3");
}
