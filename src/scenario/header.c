/* header.c - everything of a scenario but its steps; see header.h. */
#include "scenario/header.h"

#include <string.h>

#include "scenario/field.h"
#include "scenario/load.h"
#include "sim/machine.h"

/* What the tables below fill in. */
struct header {
    uint64_t version;
    const char *name, *description;
    const struct mm_node *machine, *kernel, *files, *processes, *steps;
    uint64_t seed;
};

static void read_format_version(struct mm_decoder *decoder, const struct mm_key *key,
                                const struct mm_node *value, void *field)
{
    if (!mm_field_is_scalar(decoder, key, value, "1, the version of the format"))
        return;
    if (strcmp(value->text, "1") != 0)
        mm_mistake_add(decoder->mistakes, value,
                       "mmsim: this program reads version 1 of the format, found %s",
                       mm_mistake_quote(decoder->mistakes, value->text));
    *(uint64_t *)field = 1;
}

static void read_title(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field)
{
    if (value->kind == MM_NODE_SCALAR && *value->text == '\0')
        mm_mistake_add(decoder->mistakes, value, "name: a scenario needs a name, found nothing");
    else
        mm_read_text(decoder, key, value, field);
}

/* ---- for the parts ---- */

void mm_header_require(struct mm_decoder *decoder, const struct mmsim_config *config,
                       const struct mm_node *node, const struct mm_header_need *need)
{
    const struct mmsim_cpu_preset *cpu = mm_config_preset(config);
    if (node && !(cpu->abilities & need->ability))
        mm_mistake_add(decoder->mistakes, node, "%s needs %s, which the CPU '%s' does not have",
                       need->what, need->needs, cpu->name);
}

/* ---- processes ---- */

struct process_keys {
    const struct mm_node *name;
    uint64_t frames;
};

#define PROCESS_FIELD(field) offsetof(struct process_keys, field)

static const struct mm_key process_table[] = {
    {.name = "name",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_new_name,
     .offset = PROCESS_FIELD(name),
     .meaning = "what the process is called"},
    {.name = "frames",
     .read = mm_read_count,
     .offset = PROCESS_FIELD(frames),
     .low = 1,
     .high = UINT32_MAX,
     .meaning = "at most so many for its pages, whatever the scope of replacement"},
    MM_KEYS_END,
};

static void read_processes(struct mm_decoder *decoder, const struct mm_node *list,
                           struct mmsim_scenario *scenario)
{
    struct mm_schema schema = {.what = "a process", .keys = {process_table, NULL}};
    scenario->processes =
        mm_arena_alloc_array(decoder->arena, list->n_children, sizeof *scenario->processes);
    for (const struct mm_node *node = list->first; node && scenario->processes; node = node->next) {
        struct process_keys keys = {0};
        mm_schema_read(decoder, &schema, node, &keys);
        if (!keys.name)
            continue;
        uint32_t number = mm_field_declare(decoder, "name", keys.name, MM_NAME_PROCESS);
        scenario->processes[scenario->n_processes++] = (struct mm_given_process){
            .name = number, .line = keys.name->line, .frames = keys.frames};
    }
}

/* ---- the whole ---- */

#define HEADER_FIELD(field) offsetof(struct header, field)

static const struct mm_key top_table[] = {
    {.name = "mmsim",
     .need = MM_KEY_REQUIRED,
     .read = read_format_version,
     .offset = HEADER_FIELD(version),
     .meaning = "1, the version of the format"},
    {.name = "name",
     .need = MM_KEY_REQUIRED,
     .read = read_title,
     .offset = HEADER_FIELD(name),
     .meaning = "what the scenario is called"},
    {.name = "description",
     .read = mm_read_text,
     .offset = HEADER_FIELD(description),
     .meaning = "prose"},
    {.name = "seed",
     .read = mm_read_number,
     .offset = HEADER_FIELD(seed),
     .high = UINT64_MAX,
     .meaning = "everything random derives from it"},
    {.name = "machine",
     .read = mm_read_node,
     .offset = HEADER_FIELD(machine),
     .meaning = "the hardware"},
    {.name = "kernel",
     .read = mm_read_node,
     .offset = HEADER_FIELD(kernel),
     .meaning = "its options"},
    {.name = "files",
     .read = mm_read_list,
     .offset = HEADER_FIELD(files),
     .meaning = "files on the disk before the first step"},
    {.name = "processes",
     .read = mm_read_list,
     .offset = HEADER_FIELD(processes),
     .meaning = "made before the first step"},
    {.name = "steps",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_list,
     .offset = HEADER_FIELD(steps),
     .meaning = "what is done"},
    MM_KEYS_END,
};

void mm_header_read(struct mm_decoder *decoder, const struct mm_node *root,
                    struct mmsim_scenario *scenario, const struct mm_node **steps)
{
    struct mmsim_config *config = &scenario->config;
    struct header header = {.name = "", .description = "", .seed = config->seed};
    struct mm_schema schema = {.what = "the scenario", .keys = {top_table, NULL}};
    mm_schema_read(decoder, &schema, root, &header);
    scenario->name = header.name;
    scenario->description = header.description;
    config->seed = header.seed;
    if (header.machine)
        mm_header_read_machine(decoder, header.machine, config);
    decoder->cpu_mhz = mm_config_preset(config)->mhz;
    if (header.machine && mm_node_get(header.machine, "disk"))
        mm_header_read_disk(decoder, mm_node_get(header.machine, "disk"), config);
    if (header.machine && mm_node_get(header.machine, "swap"))
        mm_header_read_swap(decoder, mm_node_get(header.machine, "swap"), config);
    if (header.kernel)
        mm_header_read_kernel(decoder, header.kernel, scenario);
    if (header.files)
        mm_header_read_files(decoder, header.files, scenario);
    if (header.processes)
        read_processes(decoder, header.processes, scenario);
    *steps = header.steps;
}
