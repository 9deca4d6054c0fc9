/* mmu_alone.c - a CPU on a bus with RAM, and nothing else (mmu.h). */
#include <mmsim/mmu.h>
#include <string.h>

#include "base/text.h"
#include "hw/mmu.h"
#include "sim/machine.h"

struct mmsim_mmu {
    struct mm_host host;
    struct mmsim_cpu_preset preset; /* as the configuration made it */
    struct mm_phys phys;
    struct mm_bus bus;
    struct mm_clock clock;
    struct mm_obs obs;
    struct mm_counters counters;
    struct mm_board board;
    struct mm_cpu cpu;
    bool cpu_built;
};

void mmsim_mmu_config_init_sized(struct mmsim_mmu_config *config, size_t struct_bytes)
{
    struct mmsim_mmu_config whole = {
        .struct_bytes = struct_bytes,
        .model = "x86_32",
        .cpu = "modern",
        .low_bytes = 64 * MMSIM_MIB,
    };
    memset(config, 0, struct_bytes);
    memcpy(config, &whole, struct_bytes < sizeof whole ? struct_bytes : sizeof whole);
}

static uint64_t now(void *clock)
{
    return ((const struct mm_clock *)clock)->cycles;
}

/* ---- features by name ---- */

static const struct mmsim_cpu_feature *find_feature(const struct mmsim_arch_ops *arch,
                                                    const char *name, size_t n_chars)
{
    for (const struct mmsim_cpu_feature *feature = arch->features; feature->name; feature++)
        if (strlen(feature->name) == n_chars && strncmp(feature->name, name, n_chars) == 0)
            return feature;
    return NULL;
}

const char *mmsim_feature_name(const char *model, size_t index)
{
    const struct mmsim_arch_ops *arch = mm_config_arch(&(struct mmsim_config){.model = model});
    if (!arch)
        return NULL;
    for (const struct mmsim_cpu_feature *feature = arch->features; feature->name; feature++)
        if (index-- == 0)
            return feature->name;
    return NULL;
}

static enum mmsim_status read_features(const struct mmsim_arch_ops *arch, const char *list,
                                       struct mmsim_cpu_preset *preset, struct mmsim_error *error)
{
    preset->features = 0;
    preset->abilities = MMSIM_CPU_INVALIDATE_PAGE;
    while (*list) {
        size_t n_chars = strcspn(list, ",");
        const struct mmsim_cpu_feature *feature = find_feature(arch, list, n_chars);
        if (!feature)
            return mm_error_set(error, MMSIM_BAD_CONFIG, "features", "there is no feature '%.*s'",
                                (int)(n_chars < 80 ? n_chars : 80), list);
        preset->features |= feature->feature;
        preset->abilities |= feature->abilities;
        list += n_chars + (list[n_chars] == ',');
    }
    return MMSIM_OK;
}

/* ---- building ---- */

static enum mmsim_status read_preset(const struct mmsim_mmu_config *config,
                                     struct mmsim_cpu_preset *preset, struct mmsim_error *error)
{
    struct mmsim_config named = {.model = config->model, .cpu = config->cpu};
    const struct mmsim_arch_ops *arch = mm_config_arch(&named);
    if (!arch)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "model", "there is no such model");
    if (!mm_config_preset(&named))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "cpu", "there is no such CPU");
    *preset = *mm_config_preset(&named);
    unsigned bits = config->physical_bits ? config->physical_bits : preset->physical_bits;
    preset->physical_bits = (uint8_t)bits;
    if (bits < 32 || bits > 40)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "physical_bits", "%u is not in 32..40",
                            config->physical_bits);
    return config->features ? read_features(arch, config->features, preset, error) : MMSIM_OK;
}

static enum mmsim_status check_ram(const struct mmsim_mmu_config *config, struct mmsim_error *error)
{
    if (config->low_bytes == 0 || config->low_bytes > MM_PHYS_LOW_LIMIT ||
        (config->low_bytes & MMSIM_PAGE_MASK))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "low_bytes",
                            "%llu is not a multiple of 4KiB in 4KiB..3GiB",
                            (unsigned long long)config->low_bytes);
    if (config->high_bytes > 1020 * MMSIM_GIB || (config->high_bytes & MMSIM_PAGE_MASK))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "high_bytes",
                            "%llu is not a multiple of 4KiB in 0..1020GiB",
                            (unsigned long long)config->high_bytes);
    return MMSIM_OK;
}

static bool build(struct mmsim_mmu *mmu, const struct mmsim_mmu_config *config)
{
    if (!mm_phys_init_ranges(&mmu->phys, config->low_bytes, config->high_bytes))
        return false;
    mm_bus_init(&mmu->bus, &mmu->phys);
    mm_obs_init(&mmu->obs, now, &mmu->clock);
    const struct mmsim_arch_ops *arch =
        mm_config_arch(&(struct mmsim_config){.model = config->model});
    mmu->board = (struct mm_board){.arch = arch,
                                   .bus = &mmu->bus,
                                   .clock = &mmu->clock,
                                   .obs = &mmu->obs,
                                   .counters = &mmu->counters,
                                   .address_mask = ((mmsim_vaddr)1 << arch->n_address_bits) - 1,
                                   /* pieces of 2 MiB hold the large pages of either mode */
                                   .paging_mode = mmu->preset.abilities & MMSIM_CPU_PAE
                                                      ? MMSIM_PAGING_PAE
                                                      : MMSIM_PAGING_32BIT};
    mmu->cpu_built = mm_cpu_init(&mmu->cpu, &mmu->host, &mmu->board, &mmu->preset, 0);
    return mmu->cpu_built;
}

enum mmsim_status mmsim_mmu_create(const struct mmsim_mmu_config *given, struct mmsim_mmu **mmu,
                                   struct mmsim_error *error)
{
    struct mmsim_mmu_config config;
    if (given->struct_bytes <= offsetof(struct mmsim_mmu_config, model))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "struct_bytes",
                            "mmsim_mmu_config_init() was not called");
    mmsim_mmu_config_init(&config);
    memcpy(&config, given,
           given->struct_bytes < sizeof config ? given->struct_bytes : sizeof config);
    struct mmsim_cpu_preset preset;
    enum mmsim_status status = read_preset(&config, &preset, error);
    if (!status)
        status = check_ram(&config, error);
    if (status)
        return status;
    struct mm_host host;
    mm_host_init(&host, config.allocator);
    struct mmsim_mmu *built = mm_host_alloc(&host, sizeof *built);
    if (built) {
        built->host = host;
        built->preset = preset;
    }
    if (!built || !build(built, &config)) {
        mmsim_mmu_destroy(built);
        return mm_error_set(error, MMSIM_HOST_MEMORY, "", "no host memory for an MMU");
    }
    *mmu = built;
    return MMSIM_OK;
}

void mmsim_mmu_destroy(struct mmsim_mmu *mmu)
{
    if (!mmu)
        return;
    if (mmu->cpu_built)
        mm_cpu_fini(&mmu->cpu, &mmu->host);
    if (mmu->phys.host)
        mm_phys_fini(&mmu->phys);
    struct mm_host last = mmu->host;
    mm_host_free(&last, mmu, sizeof *mmu);
}

/* ---- registers and memory ---- */

static bool find_register(const struct mmsim_mmu *mmu, const char *name, unsigned *number)
{
    const char *const *names = mmu->board.arch->register_names;
    for (unsigned i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0) {
            *number = i;
            return true;
        }
    }
    return false;
}

struct mmsim_mmu_result mmsim_mmu_write_register(struct mmsim_mmu *mmu, const char *name,
                                                 uint64_t value)
{
    enum { GENERAL_PROTECTION = 13 };
    unsigned number;
    bool done =
        find_register(mmu, name, &number) && mm_cpu_write_register(&mmu->cpu, number, value);
    return (struct mmsim_mmu_result){.done = done,
                                     .fault = {.vector = done ? 0 : GENERAL_PROTECTION}};
}

bool mmsim_mmu_read_register(const struct mmsim_mmu *mmu, const char *name, uint64_t *value)
{
    unsigned number;
    if (!find_register(mmu, name, &number))
        return false;
    *value = mmu->cpu.arch.registers[number];
    return true;
}

void mmsim_mmu_physical_read(const struct mmsim_mmu *mmu, mmsim_paddr address, void *data,
                             size_t n_bytes)
{
    mm_bus_read(&mmu->bus, address, data, n_bytes);
}

void mmsim_mmu_physical_write(struct mmsim_mmu *mmu, mmsim_paddr address, const void *data,
                              size_t n_bytes)
{
    mm_bus_write(&mmu->bus, address, data, n_bytes);
}

/* ---- accesses ---- */

struct mmsim_mmu_result mmsim_mmu_access(struct mmsim_mmu *mmu, const struct mmsim_request *request,
                                         void *data, size_t n_bytes)
{
    struct mm_pieces pieces;
    if (!mm_mmu_translate_pieces(&mmu->cpu, request, n_bytes, &pieces))
        return (struct mmsim_mmu_result){.fault = mmu->cpu.fault};
    if (data)
        mm_mmu_move(&mmu->cpu, request->access, &pieces, data, n_bytes);
    return (struct mmsim_mmu_result){.done = true, .physical = pieces.physical[0]};
}

void mmsim_mmu_invalidate(struct mmsim_mmu *mmu, mmsim_vaddr address)
{
    mm_cpu_invalidate(&mmu->cpu, address);
}

void mmsim_mmu_explain(const struct mmsim_mmu *mmu, const struct mmsim_request *request,
                       struct mmsim_walk *walk)
{
    mm_mmu_explain(&mmu->cpu, request, walk);
}

void mmsim_mmu_get_stats(const struct mmsim_mmu *mmu, struct mmsim_mmu_stats *stats)
{
    *stats = (struct mmsim_mmu_stats){.accesses = mmu->cpu.n_accesses,
                                      .misses = mmu->cpu.n_misses,
                                      .flushes = mmu->counters.tlb_flushes,
                                      .invlpg = mmu->counters.tlb_invlpg};
}
