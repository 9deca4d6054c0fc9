/* header_kernel.c - the key `kernel` of a scenario; see header.h. */
#include <string.h>

#include "scenario/field.h"
#include "scenario/header.h"
#include "scenario/load.h"

/* A yes or no, and where the file says so; NULL: it does not. */
struct option {
    const struct mm_node *node;
    bool yes;
};

struct kernel_keys {
    uint64_t user_frames;
    const struct mm_node *flush_node;
    uint64_t flush, flush_threshold;
    struct option large_pages, global_pages, lazy, batched, targeted, debugging;
    struct option zero_frames, poison_frames;
    uint64_t heap_checks; /* NO_CHECKS_GIVEN: as CONFIG_MEMORY_DEBUGGING says */
    uint64_t gc_every;
};
#define NO_CHECKS_GIVEN UINT64_MAX

/* What CONFIG_MEMORY_DEBUGGING switches on. */
#define DEBUGGING_CHECKS (MMSIM_HEAP_RED_ZONES | MMSIM_HEAP_POISON | MMSIM_HEAP_TRACK)

/* ---- policies ---- */

static void read_one_word(struct mm_decoder *decoder, const struct mm_key *key,
                          const struct mm_node *value, const struct mm_word *words)
{
    uint64_t ignored;
    (void)mm_field_word(decoder, key, value, words, &ignored);
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

/* ---- options ---- */

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

static void read_option(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, void *field)
{
    struct option *option = field;
    if (read_yes_no(decoder, key, value, &option->yes))
        option->node = value;
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

static void read_flush(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {{.text = "threshold", .value = MMSIM_FLUSH_THRESHOLD},
                                           {.text = "full", .value = MMSIM_FLUSH_FULL},
                                           {.text = "single", .value = MMSIM_FLUSH_SINGLE},
                                           {.text = "none", .value = MMSIM_FLUSH_NONE},
                                           {.text = NULL}};
    struct kernel_keys *keys = field;
    if (mm_field_word(decoder, key, value, words, &keys->flush))
        keys->flush_node = value;
}

/* ---- the whole ---- */

#define KERNEL_FIELD(field) offsetof(struct kernel_keys, field)

static const struct mm_key kernel_table[] = {
    {.name = "CONFIG_LARGE_PAGES",
     .read = read_option,
     .offset = KERNEL_FIELD(large_pages),
     .meaning = "large pages for the kernel's own map"},
    {.name = "CONFIG_GLOBAL_PAGES",
     .read = read_option,
     .offset = KERNEL_FIELD(global_pages),
     .meaning = "the kernel's TLB entries outlive a reload of CR3"},
    {.name = "CONFIG_LAZY_TLB",
     .read = read_option,
     .offset = KERNEL_FIELD(lazy),
     .meaning = "a kernel thread keeps the tables that it finds loaded"},
    {.name = "CONFIG_BATCHED_FLUSH",
     .read = read_option,
     .offset = KERNEL_FIELD(batched),
     .meaning = "unmapping flushes for 64 pages at once"},
    {.name = "CONFIG_TARGETED_SHOOTDOWN",
     .read = read_option,
     .offset = KERNEL_FIELD(targeted),
     .meaning = "only CPUs that have the tables loaded are interrupted"},
    {.name = "flush", .read = read_flush, .meaning = "how TLBs are made to forget"},
    {.name = "flush_threshold",
     .read = mm_read_number,
     .offset = KERNEL_FIELD(flush_threshold),
     .high = UINT32_MAX,
     .meaning = "pages that are flushed one by one"},
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
     .read = read_option,
     .offset = KERNEL_FIELD(debugging),
     .meaning = "red zones, poison and tracking in all caches"},
    {.name = "heap_checks",
     .read = mm_read_checks,
     .offset = KERNEL_FIELD(heap_checks),
     .meaning = "checks of all caches: letters of ZPUQGHR, or none"},
    {.name = "zero_frames",
     .read = read_option,
     .offset = KERNEL_FIELD(zero_frames),
     .meaning = "frames are filled with zeros when they are allocated"},
    {.name = "poison_frames",
     .read = read_option,
     .offset = KERNEL_FIELD(poison_frames),
     .meaning = "free frames are filled with 0xaa, and looked at before they are used again"},
    {.name = "gc_every",
     .read = mm_read_count,
     .offset = KERNEL_FIELD(gc_every),
     .low = 1,
     .high = UINT32_MAX,
     .meaning = "steps after which pages that nobody uses are collected"},
    {.name = "policy", .read = read_policy, .meaning = "clock", .settled = true},
    {.name = "scope", .read = read_scope, .meaning = "global", .settled = true},
    {.name = "user_frames",
     .read = mm_read_count,
     .offset = KERNEL_FIELD(user_frames),
     .low = 1,
     .high = UINT32_MAX,
     .meaning = "at most so many frames for user pages"},
    MM_KEYS_END,
};

/* What the file asks for, the CPU must have; defaults it need not. */
static void check_needs(struct mm_decoder *decoder, const struct mmsim_config *config,
                        const struct kernel_keys *keys)
{
    static const struct mm_header_need large = {"CONFIG_LARGE_PAGES: y", "large pages (PSE)",
                                                MMSIM_CPU_LARGE_PAGES};
    static const struct mm_header_need global = {"CONFIG_GLOBAL_PAGES: y", "global pages (PGE)",
                                                 MMSIM_CPU_GLOBAL_PAGES};
    static const struct mm_header_need single = {"flush: single", "INVLPG",
                                                 MMSIM_CPU_INVALIDATE_PAGE};
    if (keys->large_pages.yes)
        mm_header_require(decoder, config, keys->large_pages.node, &large);
    if (keys->global_pages.yes)
        mm_header_require(decoder, config, keys->global_pages.node, &global);
    if (keys->flush == MMSIM_FLUSH_SINGLE)
        mm_header_require(decoder, config, keys->flush_node, &single);
}

void mm_header_read_kernel(struct mm_decoder *decoder, const struct mm_node *node,
                           struct mmsim_scenario *scenario)
{
    struct mmsim_config *config = &scenario->config;
    const struct mmsim_flush *flush = &config->flush;
    struct kernel_keys keys = {.user_frames = config->user_frames,
                               .flush = (uint64_t)flush->method,
                               .flush_threshold = flush->threshold_pages,
                               .large_pages = {.yes = config->large_pages},
                               .global_pages = {.yes = flush->global_pages},
                               .lazy = {.yes = flush->lazy},
                               .batched = {.yes = flush->batched},
                               .targeted = {.yes = flush->targeted},
                               .heap_checks = NO_CHECKS_GIVEN};
    struct mm_schema schema = {.what = "'kernel'", .keys = {kernel_table, NULL}};
    mm_schema_read(decoder, &schema, node, &keys);
    config->user_frames = keys.user_frames;
    config->large_pages = keys.large_pages.yes;
    config->flush = (struct mmsim_flush){.method = (enum mmsim_flush_method)keys.flush,
                                         .threshold_pages = (unsigned)keys.flush_threshold,
                                         .lazy = keys.lazy.yes,
                                         .batched = keys.batched.yes,
                                         .global_pages = keys.global_pages.yes,
                                         .targeted = keys.targeted.yes};
    bool debugging = keys.heap_checks == NO_CHECKS_GIVEN && keys.debugging.yes;
    if (keys.heap_checks != NO_CHECKS_GIVEN || debugging)
        config->heap_checks = debugging ? DEBUGGING_CHECKS : (unsigned)keys.heap_checks;
    config->zero_frames = keys.zero_frames.yes;
    config->poison_frames = keys.poison_frames.yes;
    scenario->gc_every = keys.gc_every;
    check_needs(decoder, config, &keys);
}
