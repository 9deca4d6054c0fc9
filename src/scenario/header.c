/*
 * header.c - everything of a scenario but its steps: which machine, which kernel, which processes.
 *
 * What later parts will offer is accepted where a file spells out today's only value (swap: 0,
 * paging: 32bit, policy: clock), and refused as "not in this version" otherwise.
 */
#include <string.h>

#include "scenario/field.h"
#include "scenario/load.h"
#include "scenario/quantity.h"
#include "sim/machine.h"

/* What the tables below fill in. */
struct header {
    uint64_t version;
    const char *name, *description;
    const struct mm_node *machine, *kernel, *processes, *steps;
    uint64_t seed;
};

struct machine_keys {
    const char *model, *cpu;
    const struct mm_node *cpu_node;
    uint64_t cpus, ram;
};

struct kernel_keys {
    uint64_t user_frames;
    const struct mm_node *large_pages_node;
    bool large_pages;
};

/* ---- values that have only one choice so far ---- */

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

static void read_one_word(struct mm_decoder *decoder, const struct mm_key *key,
                          const struct mm_node *value, const struct mm_word *words)
{
    uint64_t ignored;
    (void)mm_field_word(decoder, key, value, words, &ignored);
}

static void read_paging(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {{.text = "32bit"},
                                           {.text = "pae", .later = true},
                                           {.text = "off", .later = true},
                                           {.text = NULL}};
    (void)field;
    read_one_word(decoder, key, value, words);
}

static void read_scope(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {
        {.text = "global"}, {.text = "local", .later = true}, {.text = NULL}};
    (void)field;
    read_one_word(decoder, key, value, words);
}

/* Replacement policies: docs/policies.md will define them. */
static void read_policy(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {
        {.text = "clock"},
        {.text = "opt", .later = true},
        {.text = "lru", .later = true},
        {.text = "mru", .later = true},
        {.text = "fifo", .later = true},
        {.text = "random", .later = true},
        {.text = "second-chance", .later = true},
        {.text = "nru", .later = true},
        {.text = "nfu", .later = true},
        {.text = "aging", .later = true},
        {.text = "lfu", .later = true},
        {.text = "lru-k", .later = true},
        {.text = "slru", .later = true},
        {.text = "2q", .later = true},
        {.text = "arc", .later = true},
        {.text = "car", .later = true},
        {.text = "lirs", .later = true},
        {.text = "clock-pro", .later = true},
        {.text = "sieve", .later = true},
        {.text = "s3-fifo", .later = true},
        {.text = "linux", .later = true},
        {.text = "mglru", .later = true},
        {.text = "wsclock", .later = true},
        {.text = "working-set", .later = true},
        {.text = "pff", .later = true},
        {.text = NULL},
    };
    (void)field;
    const struct mm_node *name = mm_node_get(value, "name");
    if (value->kind == MM_NODE_MAPPING && value->n_children > 1)
        mm_mistake_add(decoder->mistakes, value,
                       "policy: parameters of policies are not in this version");
    else
        read_one_word(decoder, key, name ? name : value, words);
}

static void read_swap(struct mm_decoder *decoder, const struct mm_key *key,
                      const struct mm_node *value, void *field)
{
    (void)field;
    uint64_t bytes = 0;
    struct mm_key sized = *key;
    sized.high = UINT64_MAX;
    const struct mm_node *size = mm_node_get(value, "size");
    if (value->kind == MM_NODE_MAPPING && (!size || value->n_children > 1)) {
        mm_mistake_add(decoder->mistakes, value,
                       "swap: swap space is not in this version: expected 0");
        return;
    }
    mm_read_size(decoder, &sized, size ? size : value, &bytes);
    if (bytes != 0)
        mm_mistake_add(decoder->mistakes, value,
                       "swap: swap space is not in this version: expected 0");
}

static void read_empty_list(struct mm_decoder *decoder, const struct mm_key *key,
                            const struct mm_node *value, void *field)
{
    (void)field;
    if (value->kind != MM_NODE_SEQUENCE)
        mm_mistake_add(decoder->mistakes, value, "%s: expected a list, found %s", key->name,
                       mm_node_describe(decoder->mistakes, value));
    else if (value->n_children > 0)
        mm_mistake_add(decoder->mistakes, value, "%s: not in this version: expected an empty list",
                       key->name);
}

/* ---- machine ---- */

typedef const char *(*name_at)(const char *model, size_t index);

static const char *model_at(const char *unused, size_t index)
{
    (void)unused;
    return mmsim_model_name(index);
}

/* Looks a word up in a list that the library gives by index. */
static const char *find_listed(struct mm_decoder *decoder, const struct mm_key *key,
                               const struct mm_node *value, name_at at, const char *model)
{
    enum { MAX_LISTED = 32 };
    struct mm_word words[MAX_LISTED + 1] = {{.text = NULL}};
    const char *name;
    for (size_t i = 0; i < MAX_LISTED && (name = at(model, i)) != NULL; i++)
        words[i] = (struct mm_word){.text = name, .value = i};
    uint64_t index;
    return mm_field_word(decoder, key, value, words, &index) ? words[index].text : NULL;
}

static void read_model(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field)
{
    const char *name = find_listed(decoder, key, value, model_at, NULL);
    if (name)
        *(const char **)field = name;
}

static void read_ram(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, void *field)
{
    uint64_t bytes = 0;
    mm_read_size(decoder, key, value, &bytes);
    if (bytes & MMSIM_PAGE_MASK)
        mm_mistake_add(decoder->mistakes, value, "ram: %s is no multiple of the page size, 4KiB",
                       mm_mistake_quote(decoder->mistakes, value->text));
    else if (bytes != 0)
        *(uint64_t *)field = bytes;
}

#define MACHINE_FIELD(field) offsetof(struct machine_keys, field)

static const struct mm_key machine_table[] = {
    {.name = "model",
     .read = read_model,
     .offset = MACHINE_FIELD(model),
     .meaning = "the architecture"},
    {.name = "cpu",
     .read = mm_read_node,
     .offset = MACHINE_FIELD(cpu_node),
     .meaning = "a preset of the model"},
    {.name = "paging", .read = read_paging, .meaning = "32bit", .settled = true},
    {.name = "cpus",
     .read = mm_read_number,
     .offset = MACHINE_FIELD(cpus),
     .low = 1,
     .high = MMSIM_MAX_CPUS,
     .meaning = "simulated processors"},
    {.name = "ram",
     .read = read_ram,
     .offset = MACHINE_FIELD(ram),
     .low = 2 * MMSIM_MIB,
     .high = 3 * MMSIM_GIB,
     .meaning = "bytes of physical memory"},
    {.name = "swap", .read = read_swap, .meaning = "0", .settled = true},
    {.name = "mmio", .read = read_empty_list, .meaning = "devices", .settled = true},
    MM_KEYS_END,
};

static void read_machine(struct mm_decoder *decoder, const struct mm_node *node,
                         struct mmsim_config *config)
{
    struct machine_keys keys = {.model = config->model,
                                .cpu = config->cpu,
                                .cpus = config->n_cpus,
                                .ram = config->ram_bytes};
    struct mm_schema schema = {.what = "'machine'", .keys = {machine_table, NULL}};
    mm_schema_read(decoder, &schema, node, &keys);
    config->model = keys.model;
    config->n_cpus = (unsigned)keys.cpus;
    config->ram_bytes = keys.ram;
    struct mm_key key = {.name = "cpu"};
    const char *cpu = keys.cpu_node
                          ? find_listed(decoder, &key, keys.cpu_node, mmsim_cpu_name, keys.model)
                          : NULL;
    if (cpu)
        config->cpu = cpu;
}

/* ---- kernel ---- */

static bool read_yes_no(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, bool *yes)
{
    static const struct mm_word words[] = {
        {.text = "y", .value = true}, {.text = "n", .value = false}, {.text = NULL}};
    uint64_t word = 0;
    bool known = mm_field_word(decoder, key, value, words, &word);
    *yes = word != 0;
    return known;
}

static void read_large_pages(struct mm_decoder *decoder, const struct mm_key *key,
                             const struct mm_node *value, void *field)
{
    struct kernel_keys *keys = field;
    if (read_yes_no(decoder, key, value, &keys->large_pages))
        keys->large_pages_node = value;
}

/* An option whose other value belongs to a part that is not built. `low` is its value now. */
static void read_settled_option(struct mm_decoder *decoder, const struct mm_key *key,
                                const struct mm_node *value, void *field)
{
    (void)field;
    bool yes;
    if (read_yes_no(decoder, key, value, &yes) && yes != (key->low != 0))
        mm_mistake_add(decoder->mistakes, value, "%s: '%s' is not in this version: expected %s",
                       key->name, value->text, key->low ? "y" : "n");
}

static const struct mm_key kernel_table[] = {
    {.name = "CONFIG_LARGE_PAGES",
     .read = read_large_pages,
     .meaning = "4 MiB pages for the kernel's own map"},
    {.name = "CONFIG_MMU",
     .read = read_settled_option,
     .low = true,
     .meaning = "y",
     .settled = true},
    {.name = "CONFIG_PAGING",
     .read = read_settled_option,
     .low = true,
     .meaning = "y",
     .settled = true},
    {.name = "CONFIG_DEMAND_PAGING",
     .read = read_settled_option,
     .low = true,
     .meaning = "y",
     .settled = true},
    {.name = "CONFIG_MEMORY_PROTECTION",
     .read = read_settled_option,
     .low = true,
     .meaning = "y",
     .settled = true},
    {.name = "CONFIG_ASLR",
     .read = read_settled_option,
     .low = false,
     .meaning = "n",
     .settled = true},
    {.name = "CONFIG_MEMORY_DEBUGGING",
     .read = read_settled_option,
     .low = false,
     .meaning = "n",
     .settled = true},
    {.name = "policy", .read = read_policy, .meaning = "clock", .settled = true},
    {.name = "scope", .read = read_scope, .meaning = "global", .settled = true},
    {.name = "user_frames",
     .read = mm_read_count,
     .offset = offsetof(struct kernel_keys, user_frames),
     .low = 1,
     .high = UINT32_MAX,
     .meaning = "at most so many frames for user pages"},
    MM_KEYS_END,
};

static void read_kernel(struct mm_decoder *decoder, const struct mm_node *node,
                        struct mmsim_config *config)
{
    struct kernel_keys keys = {.user_frames = config->user_frames,
                               .large_pages = config->large_pages};
    struct mm_schema schema = {.what = "'kernel'", .keys = {kernel_table, NULL}};
    mm_schema_read(decoder, &schema, node, &keys);
    config->user_frames = keys.user_frames;
    config->large_pages = keys.large_pages;
    const struct mmsim_cpu_preset *cpu = mm_config_preset(config);
    if (keys.large_pages_node && keys.large_pages && !(cpu->abilities & MMSIM_CPU_LARGE_PAGES))
        mm_mistake_add(
            decoder->mistakes, keys.large_pages_node,
            "CONFIG_LARGE_PAGES: y needs large pages (PSE), which the CPU '%s' does not have",
            cpu->name);
}

/* ---- processes ---- */

static const struct mm_key process_table[] = {
    {.name = "name",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_new_name,
     .meaning = "what the process is called"},
    MM_KEYS_END,
};

static void read_processes(struct mm_decoder *decoder, const struct mm_node *list,
                           struct mmsim_scenario *scenario)
{
    struct mm_schema schema = {.what = "a process", .keys = {process_table, NULL}};
    scenario->processes =
        mm_arena_alloc_array(decoder->arena, list->n_children, sizeof *scenario->processes);
    for (const struct mm_node *node = list->first; node && scenario->processes; node = node->next) {
        const struct mm_node *name = NULL;
        mm_schema_read(decoder, &schema, node, &name);
        if (!name)
            continue;
        uint32_t number = mm_field_declare(decoder, "name", name, MM_NAME_PROCESS);
        scenario->processes[scenario->n_processes++] =
            (struct mm_given_process){.name = number, .line = name->line};
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
    {.name = "files", .read = read_empty_list, .meaning = "files", .settled = true},
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
        read_machine(decoder, header.machine, config);
    if (header.kernel)
        read_kernel(decoder, header.kernel, config);
    if (header.processes)
        read_processes(decoder, header.processes, scenario);
    decoder->cpu_mhz = mm_config_preset(config)->mhz;
    *steps = header.steps;
}
