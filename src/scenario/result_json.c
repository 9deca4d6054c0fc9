/*
 * result_json.c - the result as one JSON object on one line: the contract of docs/scenario.md.
 *
 * The text is buffered in pieces of some kilobytes, so that the size of a result does not matter.
 */
#include <inttypes.h>
#include <string.h>

#include "scenario/load.h"
#include "scenario/result.h"
#include "scenario/verb.h"

enum { FLUSH_BYTES = 16384 };

struct writer {
    const struct mmsim_result *result;
    size_t next_attached; /* the first attachment that is not written */
    const struct mmsim_sink *sink;
    struct mm_text text;
};

static void flush(struct writer *writer)
{
    if (writer->text.n_bytes > 0)
        writer->sink->write(writer->sink->user, writer->text.data, writer->text.n_bytes);
    mm_text_clear(&writer->text);
}

static void put_string(struct writer *writer, const char *key, const char *string)
{
    mm_text_printf(&writer->text, ",\"%s\":", key);
    mm_text_json(&writer->text, string);
}

static void put_number(struct writer *writer, const char *key, uint64_t number)
{
    mm_text_printf(&writer->text, ",\"%s\":%" PRIu64, key, number);
}

static void put_address(struct writer *writer, const char *key, uint64_t address)
{
    mm_text_printf(&writer->text, ",\"%s\":\"0x%" PRIx64 "\"", key, address);
}

static void put_truth(struct writer *writer, const char *key, bool truth)
{
    mm_text_printf(&writer->text, ",\"%s\":%s", key, truth ? "true" : "false");
}

/* ---- steps ---- */

static void put_outcome(struct writer *writer, const struct mm_record *record)
{
    static const char *const names[] = {
        [MMSIM_DONE] = "ok", [MMSIM_ERROR] = "error", [MMSIM_SIGNAL] = "signal"};
    put_string(writer, "outcome", names[record->outcome]);
    if (record->outcome == MMSIM_ERROR)
        put_string(writer, "errno", mmsim_errno_name((enum mmsim_errno)record->error));
    if (record->outcome == MMSIM_SIGNAL) {
        put_string(writer, "signal", mmsim_signal_name((enum mmsim_signal)record->signal));
        put_string(writer, "code", mmsim_sigcode_name((enum mmsim_sigcode)record->code));
    }
}

static void put_bytes(struct writer *writer, const struct mm_record *record)
{
    const uint8_t *bytes = (const uint8_t *)writer->result->bytes.data + record->value;
    mm_text_puts(&writer->text, ",\"bytes\":\"0x");
    for (size_t i = 0; i < record->step->bytes.n; i++)
        mm_text_printf(&writer->text, "%02x", bytes[i]);
    mm_text_puts(&writer->text, "\"");
}

static void put_figures(struct writer *writer, const struct mm_record *record)
{
    const struct mm_figure_note *notes = writer->result->figures.data;
    for (unsigned i = 0; i < record->n_figures; i++) {
        const struct mm_figure_note *note = &notes[record->first_figure + i];
        put_number(writer, mm_figure_name(note->figure), note->value);
    }
}

/* Tables and reports that belong to a step; steps are written in their order. */
static void put_attached(struct writer *writer, size_t index)
{
    const struct mm_attachment *attached = writer->result->attached.data;
    for (; writer->next_attached < writer->result->attached.n; writer->next_attached++) {
        const struct mm_attachment *next = &attached[writer->next_attached];
        if (next->index != index)
            return;
        mm_text_printf(&writer->text, ",\"%s\":", next->key);
        mm_text_puts(&writer->text, next->json);
    }
}

static void put_parts(struct writer *writer, const struct mm_record *record)
{
    if (record->parts & MM_HAS_VALUE)
        put_number(writer, "value", record->value);
    if (record->parts & MM_HAS_BYTES)
        put_bytes(writer, record);
    if (record->parts & (MM_HAS_MAPPED | MM_HAS_REFUSED))
        put_address(writer, "address", record->address);
    if ((record->parts & MM_HAS_WALK) == 0)
        return;
    put_truth(writer, "present", (record->parts & MM_HAS_PRESENT) != 0);
    put_truth(writer, "accessed", (record->parts & MM_HAS_ACCESSED) != 0);
    put_truth(writer, "dirty", (record->parts & MM_HAS_DIRTY) != 0);
    if (record->parts & MM_HAS_PRESENT)
        put_address(writer, "physical", record->value);
    else
        mm_text_puts(&writer->text, ",\"physical\":null");
}

static void put_faults(struct writer *writer, const struct mm_record *record)
{
    const struct mm_fault_note *notes = writer->result->faults.data;
    put_number(writer, "n_faults", record->n_faults);
    mm_text_puts(&writer->text, ",\"faults\":[");
    for (unsigned i = 0; i < record->n_kept; i++) {
        const struct mm_fault_note *note = &notes[record->first_fault + i];
        enum mmsim_fault_kind kind = (enum mmsim_fault_kind)note->kind;
        char code[MMSIM_ERROR_CODE_CHARS];
        mmsim_error_code_text(writer->result->machine, note->error, code);
        mm_text_printf(&writer->text, "%s{\"kind\":\"%s\"", i > 0 ? "," : "",
                       mmsim_fault_kind_name(kind));
        put_address(writer, "address", note->address);
        put_string(writer, "error", code);
        if (kind == MMSIM_FAULT_COW)
            put_truth(writer, "reused", note->reused);
        mm_text_puts(&writer->text, "}");
    }
    mm_text_puts(&writer->text, "]");
}

static void put_step(struct writer *writer, size_t index)
{
    const struct mm_record *record = (const struct mm_record *)writer->result->records.data + index;
    const struct mm_step *step = record->step;
    mm_text_printf(&writer->text, "%s{\"index\":%zu", index > 0 ? "," : "", index);
    put_number(writer, "line", step->line);
    put_string(writer, "do", step->verb->info.name);
    if (step->by != MM_NO_NAME)
        put_string(writer, "by", writer->result->scenario->names.rows[step->by].text);
    put_outcome(writer, record);
    put_parts(writer, record);
    put_figures(writer, record);
    put_faults(writer, record);
    put_number(writer, "cycles", record->cycles);
    if (writer->result->scenario->config.n_cpus > 1 && record->cpu != MM_RECORD_NO_CPU)
        put_number(writer, "cpu", record->cpu);
    put_attached(writer, index);
    if (step->label)
        put_string(writer, "label", step->label);
    mm_text_puts(&writer->text, "}");
}

static void put_steps(struct writer *writer)
{
    mm_text_puts(&writer->text, ",\"steps\":[");
    for (size_t i = 0; i < writer->result->records.n; i++) {
        put_step(writer, i);
        if (writer->text.n_bytes >= FLUSH_BYTES)
            flush(writer);
    }
    mm_text_puts(&writer->text, "]");
}

/* ---- failures ---- */

static void put_failures(struct writer *writer)
{
    const struct mm_failure *failures = writer->result->failures.data;
    mm_text_puts(&writer->text, ",\"failures\":[");
    for (size_t i = 0; i < writer->result->failures.n; i++) {
        const struct mm_failure *failure = &failures[i];
        mm_text_printf(&writer->text, "%s{\"index\":%" PRIu64, i > 0 ? "," : "", failure->index);
        put_number(writer, "line", failure->line);
        put_string(writer, "expected", failure->expected);
        put_string(writer, "actual", failure->actual);
        put_string(writer, "message", failure->message);
        mm_text_puts(&writer->text, "}");
        if (writer->text.n_bytes >= FLUSH_BYTES)
            flush(writer);
    }
    mm_text_puts(&writer->text, "]");
}

/* ---- processes that died for want of memory ---- */

static void put_kills(struct writer *writer)
{
    const struct mm_kill *kills = writer->result->kills.data;
    for (size_t i = 0; i < writer->result->kills.n; i++) {
        mm_text_printf(&writer->text, "%s{\"index\":%" PRIu64, i > 0 ? "," : ",\"killed\":[",
                       kills[i].index);
        put_string(writer, "process", kills[i].name);
        put_number(writer, "rss", kills[i].n_resident);
        put_string(writer, "why", kills[i].why ? kills[i].why : "");
        mm_text_puts(&writer->text, "}");
    }
    if (writer->result->kills.n > 0)
        mm_text_puts(&writer->text, "]");
}

/* ---- statistics ---- */

static const char process_group[] = "process.NAME.";

static void put_processes(struct writer *writer)
{
    const struct mm_process_record *records = writer->result->processes.data;
    mm_text_puts(&writer->text, "\"process\":{");
    for (size_t i = 0; i < writer->result->processes.n; i++) {
        if (i > 0)
            mm_text_puts(&writer->text, ",");
        mm_text_json(&writer->text, records[i].name);
        const struct mmsim_stat *stat;
        const char *before = ":{";
        for (size_t row = 0; (stat = mmsim_stat_at(row)) != NULL; row++) {
            if (strncmp(stat->path, process_group, sizeof process_group - 1) != 0)
                continue;
            const char *name = stat->path + sizeof process_group - 1;
            uint64_t value = 0;
            (void)mmsim_process_stat_get(&records[i].stats, name, &value);
            mm_text_printf(&writer->text, "%s\"%s\":%" PRIu64, before, name, value);
            before = ",";
        }
        mm_text_puts(&writer->text, "}");
    }
    mm_text_puts(&writer->text, "}");
}

/* Length of the group that a path begins with: 6 for "faults.minor", 0 for "cycles". */
static size_t group_length(const char *path)
{
    const char *dot = strchr(path, '.');
    return dot ? (size_t)(dot - path) : 0;
}

static void put_stat(struct writer *writer, const char *path, size_t n_group)
{
    uint64_t value = 0;
    (void)mmsim_stat_get(&writer->result->stats, path, &value);
    const char *name = n_group > 0 ? path + n_group + 1 : path;
    mm_text_printf(&writer->text, "\"%s\":%" PRIu64, name, value);
}

/* One past the last row of the group that `row` begins: the table is sorted by groups. */
static size_t group_end(size_t row, const char *group, size_t n_group)
{
    const struct mmsim_stat *stat;
    while ((stat = mmsim_stat_at(row)) != NULL && group_length(stat->path) == n_group &&
           strncmp(stat->path, group, n_group) == 0)
        row++;
    return row;
}

static void put_group(struct writer *writer, size_t row, size_t end, size_t n_group)
{
    mm_text_printf(&writer->text, "\"%.*s\":{", (int)n_group, mmsim_stat_at(row)->path);
    for (size_t i = row; i < end; i++) {
        mm_text_puts(&writer->text, i > row ? "," : "");
        put_stat(writer, mmsim_stat_at(i)->path, n_group);
    }
    mm_text_puts(&writer->text, "}");
}

static void put_stats(struct writer *writer)
{
    mm_text_puts(&writer->text, ",\"stats\":{");
    const struct mmsim_stat *stat;
    for (size_t row = 0, end; (stat = mmsim_stat_at(row)) != NULL; row = end) {
        size_t n_group = group_length(stat->path);
        end = n_group > 0 ? group_end(row, stat->path, n_group) : row + 1;
        mm_text_puts(&writer->text, row > 0 ? "," : "");
        if (n_group == 0)
            put_stat(writer, stat->path, 0);
        else if (strncmp(stat->path, process_group, n_group + 1) == 0)
            put_processes(writer);
        else
            put_group(writer, row, end, n_group);
    }
    mm_text_puts(&writer->text, "}");
}

/* ---- the TLB sanitizer ---- */

static void put_sanitizer(struct writer *writer)
{
    struct mmsim_sanitizer_counts counts;
    struct mmsim_stale stale;
    struct mmsim_sink sink = mm_text_sink(&writer->text);
    if (!mmsim_sanitizer_get_counts(writer->result->machine, &counts))
        return;
    mm_text_puts(&writer->text, ",\"sanitizer\":[");
    for (size_t i = 0; mmsim_stale_get(writer->result->machine, i, &stale); i++) {
        mm_text_puts(&writer->text, i > 0 ? "," : "");
        mmsim_stale_write_json(&stale, &sink);
    }
    mm_text_puts(&writer->text, "]");
}

/* ---- devices ---- */

/* What each has sent to the outside; without devices there is no such key. */
static void put_devices(struct writer *writer)
{
    const struct mmsim_config *config = &writer->result->scenario->config;
    for (size_t i = 0; i < config->n_mmio; i++) {
        const char *name = config->mmio[i].name;
        size_t n_bytes = 0;
        const uint8_t *output = mmsim_device_output(writer->result->machine, name, &n_bytes);
        mm_text_puts(&writer->text, i > 0 ? "," : ",\"devices\":{");
        mm_text_json(&writer->text, name);
        mm_text_puts(&writer->text, output ? ":{\"output\":\"0x" : ":{");
        for (size_t byte = 0; output && byte < n_bytes; byte++)
            mm_text_printf(&writer->text, "%02x", output[byte]);
        mm_text_puts(&writer->text, output ? "\"}" : "}");
    }
    mm_text_puts(&writer->text, config->n_mmio > 0 ? "}" : "");
}

/* ---- the whole ---- */

void mmsim_result_write_json(const struct mmsim_result *result, const struct mmsim_sink *sink)
{
    struct mm_host host; /* writing needs memory of its own: the result stays as it is */
    mm_host_init(&host, &result->host.allocator);
    struct writer writer = {.result = result, .sink = sink};
    mm_text_init(&writer.text, &host);
    mm_text_puts(&writer.text, "{\"mmsim\":1");
    put_string(&writer, "scenario", result->scenario->name);
    put_string(&writer, "file", result->scenario->file);
    put_string(&writer, "status", mmsim_result_passed(result) ? "passed" : "failed");
    put_number(&writer, "seed", result->scenario->config.seed);
    put_steps(&writer);
    put_failures(&writer);
    put_stats(&writer);
    put_kills(&writer);
    put_sanitizer(&writer);
    put_devices(&writer);
    mm_text_puts(&writer.text, "}\n");
    flush(&writer);
    mm_text_fini(&writer.text);
}
