/* header_kernel.c - the key `kernel` of a scenario; see header.h. */
#include <mmsim/kconfig.h>
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
    struct option demand, copy_on_write, zero_page, stack_guard, fault_around, readahead, huge;
    struct option protection, execute_protection, keys, aslr;
    const struct mm_node *execute_node, *page_cache_node;
    uint64_t execute, overcommit, overcommit_percent, thp, large_page_pool;
    struct mmsim_aslr bits;
    uint64_t heap_checks; /* NO_CHECKS_GIVEN: as CONFIG_MEMORY_DEBUGGING says */
    uint64_t gc_every;
    const struct mm_node *policy_node, *scope_node, *view_node;
    uint64_t clean_first, swap_readahead;
    struct option flush_accessed, load_control;
};
#define NO_CHECKS_GIVEN UINT64_MAX

/* What CONFIG_MEMORY_DEBUGGING switches on. */
#define DEBUGGING_CHECKS (MMSIM_HEAP_RED_ZONES | MMSIM_HEAP_POISON | MMSIM_HEAP_TRACK)

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

/* ---- virtual memory ---- */

static void read_execute(struct mm_decoder *decoder, const struct mm_key *key,
                         const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {{.text = "auto", .value = MMSIM_EXECUTE_AUTO},
                                           {.text = "none", .value = MMSIM_EXECUTE_NONE},
                                           {.text = "nx", .value = MMSIM_EXECUTE_NX},
                                           {.text = "cs-limit", .value = MMSIM_EXECUTE_CS_LIMIT},
                                           {.text = "split-tlb", .value = MMSIM_EXECUTE_SPLIT_TLB},
                                           {.text = NULL}};
    struct kernel_keys *keys = field;
    if (mm_field_word(decoder, key, value, words, &keys->execute))
        keys->execute_node = value;
}

static void read_overcommit(struct mm_decoder *decoder, const struct mm_key *key,
                            const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {{.text = "guess", .value = MMSIM_OVERCOMMIT_GUESS},
                                           {.text = "always", .value = MMSIM_OVERCOMMIT_ALWAYS},
                                           {.text = "never", .value = MMSIM_OVERCOMMIT_NEVER},
                                           {.text = NULL}};
    struct kernel_keys *keys = field;
    (void)mm_field_word(decoder, key, value, words, &keys->overcommit);
}

static void read_thp(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {{.text = "madvise", .value = MMSIM_THP_MADVISE},
                                           {.text = "never", .value = MMSIM_THP_NEVER},
                                           {.text = "always", .value = MMSIM_THP_ALWAYS},
                                           {.text = NULL}};
    struct kernel_keys *keys = field;
    (void)mm_field_word(decoder, key, value, words, &keys->thp);
}

/* Bits of one region, as a number that fits a byte. */
static void read_bits(struct mm_decoder *decoder, const struct mm_key *key,
                      const struct mm_node *value, void *field)
{
    uint64_t bits = *(uint8_t *)field;
    mm_read_number(decoder, key, value, &bits);
    *(uint8_t *)field = (uint8_t)bits;
}

static void read_aslr(struct mm_decoder *decoder, const struct mm_key *key,
                      const struct mm_node *value, void *field)
{
    enum { MOST_BITS = 15 };
    static const struct mm_key table[] = {
        {.name = "code",
         .read = read_bits,
         .offset = offsetof(struct mmsim_aslr, code_bits),
         .high = MOST_BITS,
         .meaning = "random bits of where code begins"},
        {.name = "heap",
         .read = read_bits,
         .offset = offsetof(struct mmsim_aslr, heap_bits),
         .high = MOST_BITS,
         .meaning = "of where the heap begins"},
        {.name = "mmap",
         .read = read_bits,
         .offset = offsetof(struct mmsim_aslr, mmap_bits),
         .high = MOST_BITS,
         .meaning = "of where mappings begin"},
        {.name = "stack",
         .read = read_bits,
         .offset = offsetof(struct mmsim_aslr, stack_bits),
         .high = MOST_BITS,
         .meaning = "of where the stack ends"},
        {.name = "shared",
         .read = read_bits,
         .offset = offsetof(struct mmsim_aslr, shared_bits),
         .high = MOST_BITS,
         .meaning = "of where shared mappings begin"},
        MM_KEYS_END,
    };
    struct mm_schema schema = {.what = "'aslr'", .keys = {table, NULL}};
    (void)key;
    mm_schema_read(decoder, &schema, value, field);
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
     .read = read_option,
     .offset = KERNEL_FIELD(demand),
     .meaning = "pages come when they are touched"},
    {.name = "CONFIG_COPY_ON_WRITE",
     .read = read_option,
     .offset = KERNEL_FIELD(copy_on_write),
     .meaning = "fork shares private pages until they are written"},
    {.name = "CONFIG_ZERO_PAGE",
     .read = read_option,
     .offset = KERNEL_FIELD(zero_page),
     .meaning = "untouched memory that is read shows one shared page"},
    {.name = "CONFIG_STACK_GUARD",
     .read = read_option,
     .offset = KERNEL_FIELD(stack_guard),
     .meaning = "stacks keep away from what lies below them"},
    {.name = "CONFIG_FAULT_AROUND",
     .read = read_option,
     .offset = KERNEL_FIELD(fault_around),
     .meaning = "a read fault in a file maps cached pages around it"},
    {.name = "CONFIG_READAHEAD",
     .read = read_option,
     .offset = KERNEL_FIELD(readahead),
     .meaning = "reading a file fetches pages that follow"},
    {.name = "CONFIG_TRANSPARENT_HUGEPAGE",
     .read = read_option,
     .offset = KERNEL_FIELD(huge),
     .meaning = "anonymous memory gets large pages by itself"},
    {.name = "CONFIG_MEMORY_PROTECTION",
     .read = read_option,
     .offset = KERNEL_FIELD(protection),
     .meaning = "mappings grant what they say, and no more"},
    {.name = "CONFIG_EXECUTE_PROTECTION",
     .read = read_option,
     .offset = KERNEL_FIELD(execute_protection),
     .meaning = "memory is executed only where it may be"},
    {.name = "CONFIG_PROTECTION_KEYS",
     .read = read_option,
     .offset = KERNEL_FIELD(keys),
     .meaning = "processes can tag pages with keys"},
    {.name = "CONFIG_ASLR",
     .read = read_option,
     .offset = KERNEL_FIELD(aslr),
     .meaning = "regions of processes begin at random places"},
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
    {.name = "execute", .read = read_execute, .meaning = "how execution is kept to what may be"},
    {.name = "overcommit", .read = read_overcommit, .meaning = "how much memory may be promised"},
    {.name = "overcommit_percent",
     .read = mm_read_number,
     .offset = KERNEL_FIELD(overcommit_percent),
     .high = 1000,
     .meaning = "percent of RAM that 'overcommit: never' promises"},
    {.name = "thp", .read = read_thp, .meaning = "which memory gets large pages by itself"},
    {.name = "large_page_pool",
     .read = mm_read_count,
     .offset = KERNEL_FIELD(large_page_pool),
     .high = UINT32_MAX,
     .meaning = "large pages set aside for mappings that ask for them"},
    {.name = "aslr",
     .read = read_aslr,
     .offset = KERNEL_FIELD(bits),
     .meaning = "random bits of each region"},
    {.name = "page_cache",
     .read = mm_read_node,
     .offset = KERNEL_FIELD(page_cache_node),
     .meaning = "reading ahead, and writing back"},
    {.name = "policy",
     .read = mm_read_node,
     .offset = KERNEL_FIELD(policy_node),
     .meaning = "which page goes when a frame is needed"},
    {.name = "scope",
     .read = mm_read_node,
     .offset = KERNEL_FIELD(scope_node),
     .meaning = "whose page: anybody's (global), or one's own (local)"},
    {.name = "view",
     .read = mm_read_node,
     .offset = KERNEL_FIELD(view_node),
     .meaning = "what the policy sees: accessed bits, or each reference (exact)"},
    {.name = "clean_first",
     .read = mm_read_count,
     .offset = KERNEL_FIELD(clean_first),
     .high = 1024,
     .meaning = "dirty victims in a row that are written and spared for a clean one"},
    {.name = "swap_readahead",
     .read = mm_header_read_swap_readahead,
     .offset = KERNEL_FIELD(swap_readahead),
     .low = 1,
     .high = 32,
     .meaning = "pages read from swap at once: a power of two"},
    {.name = "flush_accessed",
     .read = read_option,
     .offset = KERNEL_FIELD(flush_accessed),
     .meaning = "clearing an accessed bit drops the page from TLBs, too"},
    {.name = "load_control",
     .read = read_option,
     .offset = KERNEL_FIELD(load_control),
     .meaning = "processes wait while the working sets do not fit"},
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

/* The options of kconfig.h among the keys. */
static const struct {
    const char *name;
    size_t offset;
} options[] = {
    {"CONFIG_LARGE_PAGES", KERNEL_FIELD(large_pages)},
    {"CONFIG_DEMAND_PAGING", KERNEL_FIELD(demand)},
    {"CONFIG_COPY_ON_WRITE", KERNEL_FIELD(copy_on_write)},
    {"CONFIG_ZERO_PAGE", KERNEL_FIELD(zero_page)},
    {"CONFIG_STACK_GUARD", KERNEL_FIELD(stack_guard)},
    {"CONFIG_FAULT_AROUND", KERNEL_FIELD(fault_around)},
    {"CONFIG_READAHEAD", KERNEL_FIELD(readahead)},
    {"CONFIG_TRANSPARENT_HUGEPAGE", KERNEL_FIELD(huge)},
    {"CONFIG_MEMORY_PROTECTION", KERNEL_FIELD(protection)},
    {"CONFIG_EXECUTE_PROTECTION", KERNEL_FIELD(execute_protection)},
    {"CONFIG_PROTECTION_KEYS", KERNEL_FIELD(keys)},
    {"CONFIG_ASLR", KERNEL_FIELD(aslr)},
};
enum { N_OPTIONS = sizeof options / sizeof options[0] };

static const struct option *option_at(const struct kernel_keys *keys, size_t i)
{
    return (const struct option *)((const char *)keys + options[i].offset);
}

/* All are set before any is judged: one may depend on another that stands below it. */
static void apply_options(struct mm_decoder *decoder, struct mmsim_config *config,
                          const struct kernel_keys *keys)
{
    struct mmsim_error error;
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (option_at(keys, i)->node)
            (void)mmsim_option_set(config, options[i].name, option_at(keys, i)->yes, &error);
    struct mmsim_config whole = *config;
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const struct option *option = option_at(keys, i);
        const char *name = options[i].name;
        if (option->node && option->yes && mmsim_options_check(&whole, &name, 1, &error))
            mm_mistake_add(decoder->mistakes, option->node, "%s", error.text);
        whole = *config;
    }
    (void)mmsim_options_check(config, NULL, 0, &error);
}

static void apply_virtual_memory(struct mm_decoder *decoder, struct mmsim_config *config,
                                 const struct kernel_keys *keys)
{
    struct mmsim_error error;
    bool on = config->aslr.on;
    config->execute = (enum mmsim_execute)keys->execute;
    config->overcommit = (enum mmsim_overcommit)keys->overcommit;
    config->overcommit_percent = (unsigned)keys->overcommit_percent;
    config->thp = (enum mmsim_thp)keys->thp;
    config->large_page_pool = keys->large_page_pool;
    config->aslr = keys->bits;
    config->aslr.on = on;
    if (keys->execute_node && mmsim_config_check_execute(config, &error))
        mm_mistake_add(decoder->mistakes, keys->execute_node, "%s", error.text);
}

static void apply_pager(struct mm_decoder *decoder, struct mmsim_config *config,
                        const struct kernel_keys *keys)
{
    struct mmsim_pager_config *pager = &config->pager;
    pager->clean_first = (unsigned)keys->clean_first;
    pager->swap_readahead = (unsigned)keys->swap_readahead;
    pager->keep_young = !keys->flush_accessed.yes;
    pager->load_control = keys->load_control.yes;
    if (keys->policy_node)
        mm_header_read_policy(decoder, keys->policy_node, config);
    if (keys->scope_node)
        mm_header_read_scope(decoder, keys->scope_node, config);
    if (keys->view_node)
        mm_header_read_view(decoder, keys->view_node, config);
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
                               .heap_checks = NO_CHECKS_GIVEN,
                               .execute = (uint64_t)config->execute,
                               .overcommit = (uint64_t)config->overcommit,
                               .overcommit_percent = config->overcommit_percent,
                               .thp = (uint64_t)config->thp,
                               .large_page_pool = config->large_page_pool,
                               .bits = config->aslr,
                               .clean_first = config->pager.clean_first,
                               .swap_readahead = config->pager.swap_readahead,
                               .flush_accessed = {.yes = !config->pager.keep_young},
                               .load_control = {.yes = config->pager.load_control}};
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
    apply_options(decoder, config, &keys);
    apply_virtual_memory(decoder, config, &keys);
    apply_pager(decoder, config, &keys);
    if (keys.page_cache_node)
        mm_header_read_page_cache(decoder, keys.page_cache_node, config);
}
