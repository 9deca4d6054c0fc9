/* header_machine.c - the key `machine` of a scenario; see header.h. */
#include <string.h>

#include "scenario/field.h"
#include "scenario/header.h"
#include "scenario/step.h"
#include "sim/machine.h"

struct machine_keys {
    const char *model;
    const struct mm_node *cpu_node, *paging_node, *ram_node, *mmio_node, *disk_node, *swap_node;
    uint64_t cpus;
    uint64_t paging, tlb, tlb_replacement; /* of the enums of struct mmsim_config */
};

/* ---- which model and CPU ---- */

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

/* ---- words ---- */

static void read_paging(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {{.text = "32bit", .value = MMSIM_PAGING_32BIT},
                                           {.text = "pae", .value = MMSIM_PAGING_PAE},
                                           {.text = "off", .later = true},
                                           {.text = NULL}};
    struct machine_keys *keys = field;
    if (mm_field_word(decoder, key, value, words, &keys->paging))
        keys->paging_node = value;
}

static void read_tlb(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {{.text = "preset", .value = MMSIM_TLB_PRESET},
                                           {.text = "none", .value = MMSIM_TLB_NONE},
                                           {.text = "infinite", .value = MMSIM_TLB_INFINITE},
                                           {.text = NULL}};
    (void)mm_field_word(decoder, key, value, words, field);
}

static void read_tlb_replacement(struct mm_decoder *decoder, const struct mm_key *key,
                                 const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {
        {.text = "lru", .value = MMSIM_REPLACE_LRU},
        {.text = "pseudo-lru", .value = MMSIM_REPLACE_PSEUDO_LRU},
        {.text = "fifo", .value = MMSIM_REPLACE_FIFO},
        {.text = "random", .value = MMSIM_REPLACE_RANDOM},
        {.text = NULL}};
    (void)mm_field_word(decoder, key, value, words, field);
}

/* ---- RAM ---- */

/* Page tables with 32-bit entries reach 4 GiB, of which one is for devices. */
static void read_ram(struct mm_decoder *decoder, const struct mm_node *value,
                     struct mmsim_config *config)
{
    uint64_t bytes = 0;
    uint64_t most = config->paging == MMSIM_PAGING_PAE ? 63 * MMSIM_GIB : 3 * MMSIM_GIB;
    struct mm_key key = {.name = "ram", .low = 2 * MMSIM_MIB, .high = most};
    mm_read_size(decoder, &key, value, &bytes);
    if (bytes & MMSIM_PAGE_MASK)
        mm_mistake_add(decoder->mistakes, value, "ram: %s is no multiple of the page size, 4KiB",
                       mm_mistake_quote(decoder->mistakes, value->text));
    else if (bytes != 0)
        config->ram_bytes = bytes;
}

/* ---- the whole ---- */

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
    {.name = "paging", .read = read_paging, .meaning = "the format of page tables"},
    {.name = "cpus",
     .read = mm_read_number,
     .offset = MACHINE_FIELD(cpus),
     .low = 1,
     .high = MMSIM_MAX_CPUS,
     .meaning = "simulated processors"},
    {.name = "ram",
     .read = mm_read_node,
     .offset = MACHINE_FIELD(ram_node),
     .meaning = "bytes of physical memory"},
    {.name = "tlb",
     .read = read_tlb,
     .offset = MACHINE_FIELD(tlb),
     .meaning = "the preset's, none, or one without end"},
    {.name = "tlb_replacement",
     .read = read_tlb_replacement,
     .offset = MACHINE_FIELD(tlb_replacement),
     .meaning = "which entry of a full set goes"},
    {.name = "swap",
     .read = mm_read_node,
     .offset = MACHINE_FIELD(swap_node),
     .meaning = "where pages go that leave memory"},
    {.name = "disk",
     .read = mm_read_node,
     .offset = MACHINE_FIELD(disk_node),
     .meaning = "the block device under the files"},
    {.name = "mmio",
     .read = mm_read_list,
     .offset = MACHINE_FIELD(mmio_node),
     .meaning = "devices"},
    MM_KEYS_END,
};

/* The CPU decides about paging, and paging about RAM, beside which devices must have room. */
static void read_dependent(struct mm_decoder *decoder, const struct machine_keys *keys,
                           struct mmsim_config *config)
{
    struct mm_key key = {.name = "cpu"};
    const char *cpu = keys->cpu_node
                          ? find_listed(decoder, &key, keys->cpu_node, mmsim_cpu_name, keys->model)
                          : NULL;
    if (cpu)
        config->cpu = cpu;
    if (config->paging == MMSIM_PAGING_PAE)
        mm_header_require(
            decoder, config, keys->paging_node,
            &(struct mm_header_need){"paging: pae", "three-level paging (PAE)", MMSIM_CPU_PAE});
    if (keys->ram_node)
        read_ram(decoder, keys->ram_node, config);
    if (keys->mmio_node)
        mm_header_read_devices(decoder, keys->mmio_node, config);
}

void mm_header_read_machine(struct mm_decoder *decoder, const struct mm_node *node,
                            struct mmsim_config *config)
{
    struct machine_keys keys = {.model = config->model,
                                .cpus = config->n_cpus,
                                .paging = (uint64_t)config->paging,
                                .tlb = (uint64_t)config->tlb,
                                .tlb_replacement = (uint64_t)config->tlb_replacement};
    struct mm_schema schema = {.what = "'machine'", .keys = {machine_table, NULL}};
    mm_schema_read(decoder, &schema, node, &keys);
    config->model = keys.model;
    config->n_cpus = (unsigned)keys.cpus;
    config->paging = (enum mmsim_paging)keys.paging;
    config->tlb = (enum mmsim_tlb_kind)keys.tlb;
    config->tlb_replacement = (enum mmsim_replacement)keys.tlb_replacement;
    read_dependent(decoder, &keys, config);
}
