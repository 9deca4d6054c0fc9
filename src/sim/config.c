/* config.c - what machines can be built, and what is said about those that cannot. */
#include <string.h>

#include "base/text.h"
#include "sim/machine.h"
#include "sim/pager.h"
#include "vm/regions.h"
#include "x86_32/model.h"
#include <mmsim/kconfig.h>

static const struct mmsim_arch_ops *const models[] = {&mm_x86_32_arch};
enum { N_MODELS = sizeof models / sizeof models[0] };

#define MIN_RAM (2 * MMSIM_MIB)
#define MAX_RAM_32BIT (3 * MMSIM_GIB)
#define MAX_RAM_PAE (63 * MMSIM_GIB) /* 64 GiB of addresses less the hole below 4 GiB */

static struct mmsim_config defaults(void)
{
    return (struct mmsim_config){
        .struct_bytes = sizeof(struct mmsim_config),
        .model = "x86_32",
        .cpu = "pentium-3",
        .paging = MMSIM_PAGING_32BIT,
        .n_cpus = 1,
        .ram_bytes = 64 * MMSIM_MIB,
        .seed = 1,
        .large_pages = true,
        .flush = {.threshold_pages = MM_FLUSH_THRESHOLD_PAGES,
                  .lazy = true,
                  .batched = true,
                  .global_pages = true,
                  .targeted = true},
        .overcommit = MMSIM_OVERCOMMIT_ALWAYS,
        .overcommit_percent = 50,
        .aslr =
            {.code_bits = 8, .heap_bits = 8, .mmap_bits = 10, .stack_bits = 10, .shared_bits = 10},
        .disk = {.bytes = 256 * MMSIM_MIB,
                 .read_cycles = 50000,
                 .write_cycles = 50000,
                 .page_cycles = 5000},
        .page_cache = {.readahead_pages = 32,
                       .fault_around_pages = 16,
                       .background_percent = 10,
                       .limit_percent = 20,
                       .expire_cycles = UINT64_C(30) * 500000000,
                       .interval_cycles = UINT64_C(5) * 500000000},
        .pager = {.policy = "clock",
                  .view = MMSIM_VIEW_BITS,
                  .window = 10000,
                  .threshold = 100,
                  .swap_readahead = 1},
    };
}

void mmsim_config_init_sized(struct mmsim_config *config, size_t struct_bytes)
{
    struct mmsim_config whole = defaults();
    whole.struct_bytes = struct_bytes;
    memset(config, 0, struct_bytes);
    memcpy(config, &whole, struct_bytes < sizeof whole ? struct_bytes : sizeof whole);
}

/* ---- models and presets by name ---- */

static const struct mmsim_arch_ops *find_model(const char *name)
{
    for (size_t i = 0; i < N_MODELS; i++)
        if (name && strcmp(models[i]->name, name) == 0)
            return models[i];
    return NULL;
}

static const struct mmsim_cpu_preset *find_preset(const struct mmsim_arch_ops *arch,
                                                  const char *name)
{
    for (const struct mmsim_cpu_preset *preset = arch->presets; preset->name; preset++)
        if (name && strcmp(preset->name, name) == 0)
            return preset;
    return NULL;
}

const struct mmsim_arch_ops *mm_config_arch(const struct mmsim_config *config)
{
    return find_model(config->model);
}

const struct mmsim_cpu_preset *mm_config_preset(const struct mmsim_config *config)
{
    return find_preset(find_model(config->model), config->cpu);
}

static void set_shapes(struct mmsim_cpu_preset *preset, struct mmsim_tlb_shape small,
                       struct mmsim_tlb_shape large)
{
    struct mmsim_tlb_shape none = {0};
    preset->dtlb_small = preset->itlb_small = small;
    preset->dtlb_large = preset->itlb_large = large;
    preset->second_small = preset->second_large = none;
    preset->walk_cache = 0;
}

struct mmsim_cpu_preset mm_config_cpu(const struct mmsim_config *config)
{
    struct mmsim_cpu_preset preset = *mm_config_preset(config);
    if (config->tlb_replacement != MMSIM_REPLACE_DEFAULT)
        preset.replacement = config->tlb_replacement;
    if (config->tlb == MMSIM_TLB_NONE)
        set_shapes(&preset, (struct mmsim_tlb_shape){0}, (struct mmsim_tlb_shape){0});
    if (config->tlb == MMSIM_TLB_INFINITE) /* 2,048 large pages of 2 MiB are all of 4 GiB */
        set_shapes(&preset, (struct mmsim_tlb_shape){MMSIM_TLB_INFINITE_SETS, 1},
                   (struct mmsim_tlb_shape){2048, 1});
    return preset;
}

static bool has_nx(const struct mmsim_config *config)
{
    return config->paging == MMSIM_PAGING_PAE &&
           (mm_config_preset(config)->abilities & MMSIM_CPU_NO_EXECUTE);
}

enum mmsim_execute mm_config_execute(const struct mmsim_config *config)
{
    if (config->execute_off || config->protection_off)
        return MMSIM_EXECUTE_NONE;
    if (config->execute != MMSIM_EXECUTE_AUTO)
        return config->execute;
    return has_nx(config) ? MMSIM_EXECUTE_NX : MMSIM_EXECUTE_CS_LIMIT;
}

const char *mmsim_model_name(size_t index)
{
    return index < N_MODELS ? models[index]->name : NULL;
}

const char *mmsim_model_summary(size_t index)
{
    return index < N_MODELS ? models[index]->summary : NULL;
}

static const struct mmsim_cpu_preset *preset_at(const char *model, size_t index)
{
    const struct mmsim_arch_ops *arch = find_model(model);
    if (!arch)
        return NULL;
    for (const struct mmsim_cpu_preset *preset = arch->presets; preset->name; preset++)
        if (index-- == 0)
            return preset;
    return NULL;
}

const char *mmsim_cpu_name(const char *model, size_t index)
{
    const struct mmsim_cpu_preset *preset = preset_at(model, index);
    return preset ? preset->name : NULL;
}

const char *mmsim_cpu_summary(const char *model, size_t index)
{
    const struct mmsim_cpu_preset *preset = preset_at(model, index);
    return preset ? preset->summary : NULL;
}

/* ---- checks ---- */

static enum mmsim_status check_model(const struct mmsim_config *config, struct mmsim_error *error)
{
    const struct mmsim_arch_ops *arch = find_model(config->model);
    if (!arch)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "model", "there is no model '%s'",
                            config->model ? config->model : "(null)");
    if (!find_preset(arch, config->cpu))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "cpu", "model %s has no CPU '%s'", arch->name,
                            config->cpu ? config->cpu : "(null)");
    if (config->paging != MMSIM_PAGING_32BIT && config->paging != MMSIM_PAGING_PAE)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "paging", "%d is no paging mode",
                            (int)config->paging);
    const struct mmsim_paging_mode *mode = &arch->modes[config->paging];
    if (mode->needs & ~find_preset(arch, config->cpu)->abilities)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "paging", "CPU %s has no paging mode '%s'",
                            config->cpu, mode->name);
    return MMSIM_OK;
}

static enum mmsim_status check_sizes(const struct mmsim_config *config, struct mmsim_error *error)
{
    bool pae = config->paging == MMSIM_PAGING_PAE;
    if (config->ram_bytes < MIN_RAM || config->ram_bytes > (pae ? MAX_RAM_PAE : MAX_RAM_32BIT))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "ram_bytes", "%llu is not in 2MiB..%s",
                            (unsigned long long)config->ram_bytes, pae ? "63GiB" : "3GiB");
    if (config->ram_bytes & MMSIM_PAGE_MASK)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "ram_bytes",
                            "%llu is not a multiple of the page size, 4KiB",
                            (unsigned long long)config->ram_bytes);
    if (config->n_cpus < 1 || config->n_cpus > MMSIM_MAX_CPUS)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "n_cpus", "%u is not in 1..%d", config->n_cpus,
                            MMSIM_MAX_CPUS);
    if ((unsigned)config->tlb > MMSIM_TLB_INFINITE)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "tlb", "%d is no kind of TLB",
                            (int)config->tlb);
    if ((unsigned)config->tlb_replacement >= MMSIM_N_REPLACEMENTS)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "tlb_replacement", "%d is no replacement",
                            (int)config->tlb_replacement);
    if ((unsigned)config->flush.method > MMSIM_FLUSH_NONE)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "flush.method", "%d is no method of flushing",
                            (int)config->flush.method);
    if (config->heap_checks & ~MM_KERNEL_CHECKS)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "heap_checks",
                            "0x%x has bits that are no check of the heap", config->heap_checks);
    const struct mmsim_aslr *aslr = &config->aslr;
    if (aslr->code_bits > MM_REGIONS_MAX_BITS || aslr->heap_bits > MM_REGIONS_MAX_BITS ||
        aslr->mmap_bits > MM_REGIONS_MAX_BITS || aslr->stack_bits > MM_REGIONS_MAX_BITS ||
        aslr->shared_bits > MM_REGIONS_MAX_BITS)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "aslr", "a region has at most %d random bits",
                            MM_REGIONS_MAX_BITS);
    if ((unsigned)config->check > MMSIM_CHECK_EVERY)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "check", "%d does not say when to check",
                            (int)config->check);
    return MMSIM_OK;
}

enum mmsim_status mmsim_config_check_execute(const struct mmsim_config *config,
                                             struct mmsim_error *error)
{
    if ((unsigned)config->execute >= MMSIM_N_EXECUTES)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "execute", "%d is no execute mode",
                            (int)config->execute);
    if (config->execute == MMSIM_EXECUTE_NX && !has_nx(config))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "execute",
                            "mode nx needs paging pae and a CPU with NX, and CPU %s %s",
                            config->cpu,
                            config->paging == MMSIM_PAGING_PAE ? "has none" : "runs without PAE");
    if (config->execute != MMSIM_EXECUTE_SPLIT_TLB)
        return MMSIM_OK;
    if (mm_config_preset(config)->unified)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "execute",
                            "mode split-tlb needs two TLBs, and CPU %s has one for both",
                            config->cpu);
    if (config->tlb == MMSIM_TLB_NONE)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "execute",
                            "mode split-tlb needs a TLB, and the machine has none");
    if (config->sanitize_tlb)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "execute",
                            "mode split-tlb lives on TLB entries that the tables do not grant, "
                            "which the TLB sanitizer reports");
    return MMSIM_OK;
}

/* ---- devices ---- */

static bool name_is_taken(const struct mmsim_config *config, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(config->mmio[i].name, config->mmio[index].name) == 0)
            return true;
    return false;
}

static enum mmsim_status check_window_name(const struct mmsim_config *config, size_t index,
                                           struct mmsim_error *error)
{
    const char *name = config->mmio[index].name;
    if (!name || !mm_machine_name_is_valid(name))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "mmio.name",
                            "'%.80s' is no name: letters, digits and _, at most 63, not beginning "
                            "with a digit",
                            name ? name : "(null)");
    if (name_is_taken(config, index))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "mmio.name",
                            "there are two devices called '%s'", name);
    return MMSIM_OK;
}

static enum mmsim_status check_window_place(const struct mmsim_mmio_window *window,
                                            struct mmsim_error *error)
{
    if (window->at & MMSIM_PAGE_MASK)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "mmio.at",
                            "%s: 0x%llx is no multiple of the page size, 4KiB", window->name,
                            (unsigned long long)window->at);
    if (window->size == 0 || (window->size & MMSIM_PAGE_MASK))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "mmio.size",
                            "%s: %llu bytes are no whole pages of 4KiB", window->name,
                            (unsigned long long)window->size);
    if (window->at < MM_LAYOUT_MMIO_START || window->at >= MM_LAYOUT_END ||
        window->size > MM_LAYOUT_END - window->at)
        return mm_error_set(
            error, MMSIM_BAD_CONFIG, "mmio.at",
            "%s: %llu bytes at 0x%llx are not within 0x%llx..0x%llx, the region of "
            "devices",
            window->name, (unsigned long long)window->size, (unsigned long long)window->at,
            (unsigned long long)MM_LAYOUT_MMIO_START, (unsigned long long)MM_LAYOUT_END - 1);
    return MMSIM_OK;
}

enum mmsim_status mm_config_check_window(const struct mmsim_config *config, size_t index,
                                         struct mmsim_error *error)
{
    uint64_t low_bytes = mm_phys_low_bytes(config->ram_bytes);
    struct mm_phys ram = mm_phys_plan(low_bytes, config->ram_bytes - low_bytes);
    mmsim_paddr end = (mmsim_paddr)1 << mm_config_preset(config)->physical_bits;
    enum mmsim_status status = check_window_name(config, index, error);
    if (!status)
        status = check_window_place(&config->mmio[index], error);
    return status ? status : mm_window_judge(config->mmio, index, &ram, end, error);
}

static enum mmsim_status check_devices(const struct mmsim_config *config, struct mmsim_error *error)
{
    if (config->n_mmio > 0 && !config->mmio)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "mmio", "%zu devices, but no list of them",
                            config->n_mmio);
    enum mmsim_status status = MMSIM_OK;
    for (size_t i = 0; i < config->n_mmio && !status; i++)
        status = mm_config_check_window(config, i, error);
    return status;
}

enum mmsim_status mm_config_read(const struct mmsim_config *given, struct mmsim_config *config,
                                 struct mmsim_error *error)
{
    size_t least = offsetof(struct mmsim_config, model);
    if (given->struct_bytes <= least)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "struct_bytes",
                            "mmsim_config_init() was not called");
    *config = defaults();
    memcpy(config, given,
           given->struct_bytes < sizeof *config ? given->struct_bytes : sizeof *config);
    enum mmsim_status status = check_model(config, error);
    if (!status)
        status = check_sizes(config, error);
    if (!status)
        status = mmsim_config_check_execute(config, error);
    if (!status)
        status = mmsim_options_check(config, NULL, 0, error);
    if (!status)
        status = mm_config_check_pager(config, error);
    if (config->memory_debugging)
        config->heap_checks |= MMSIM_HEAP_RED_ZONES | MMSIM_HEAP_POISON | MMSIM_HEAP_TRACK;
    return status ? status : check_devices(config, error);
}
