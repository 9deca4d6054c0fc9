/*
 * mmu.h - one part alone: a CPU's registers, TLBs and page walk over bare physical memory.
 *
 * No kernel, no processes: the caller writes page tables into RAM and control registers as an
 * operating system would, makes accesses, and is told exactly what the hardware does with each. For
 * experiments with paging itself, and for comparing the model with other machines.
 */
#ifndef MMSIM_MMU_H
#define MMSIM_MMU_H

#include <mmsim/arch.h>
#include <mmsim/machine.h>
#include <mmsim/status.h>
#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_mmu;

struct mmsim_mmu_config {
    size_t struct_bytes;
    const char *model;      /* "x86_32" */
    const char *cpu;        /* a preset: TLB geometry and features; "modern" */
    const char *features;   /* replaces the preset's: names joined by ','; NULL = the preset's */
    unsigned physical_bits; /* 32..40; 0 = the preset's */
    uint64_t low_bytes;     /* RAM from physical 0: a multiple of 4 KiB, at most 3 GiB; 64 MiB */
    uint64_t high_bytes;    /* RAM from physical 4 GiB: a multiple of 4 KiB; 0 */
    const struct mmsim_allocator *allocator; /* NULL = malloc; must outlive the MMU */
};

void mmsim_mmu_config_init_sized(struct mmsim_mmu_config *config, size_t struct_bytes);

static inline void mmsim_mmu_config_init(struct mmsim_mmu_config *config)
{
    mmsim_mmu_config_init_sized(config, sizeof *config);
}

/*
 * Builds one: CPU after reset, paging off, RAM all zeros. Errors: BAD_CONFIG (`where` names the
 * field), HOST_MEMORY. The caller owns *mmu.
 */
enum mmsim_status mmsim_mmu_create(const struct mmsim_mmu_config *config, struct mmsim_mmu **mmu,
                                   struct mmsim_error *error);
void mmsim_mmu_destroy(struct mmsim_mmu *mmu); /* NULL is allowed */

/* What became of an access or a register write. */
struct mmsim_mmu_result {
    bool done;                /* false: `fault` tells why not */
    struct mmsim_fault fault; /* vector 14: page fault; 13: general protection */
    mmsim_paddr physical;     /* that the first byte reached, if done */
};

/*
 * Writes a register by its name ("cr0", "cr3", "cr4", "efer", "eflags" for AC, "pkru") as the
 * instruction for it does, flushing what it flushes. Not done: the CPU refuses the value with #GP,
 * or has no such register.
 */
struct mmsim_mmu_result mmsim_mmu_write_register(struct mmsim_mmu *mmu, const char *name,
                                                 uint64_t value);
bool mmsim_mmu_read_register(const struct mmsim_mmu *mmu, const char *name, uint64_t *value);

/* Physical memory by the bus: a hole reads all ones and swallows writes. Flushes nothing. */
void mmsim_mmu_physical_read(const struct mmsim_mmu *mmu, mmsim_paddr address, void *data,
                             size_t n_bytes);
void mmsim_mmu_physical_write(struct mmsim_mmu *mmu, mmsim_paddr address, const void *data,
                              size_t n_bytes);

/*
 * One access of 1..8 bytes (a fetch reads its bytes as code). `data` is read or filled; NULL makes
 * the translations without moving a byte. If it straddles two pages both are translated first.
 */
struct mmsim_mmu_result mmsim_mmu_access(struct mmsim_mmu *mmu, const struct mmsim_request *request,
                                         void *data, size_t n_bytes);

/* INVLPG: drops the page of an address, whatever its size, and the paging-structure cache. */
void mmsim_mmu_invalidate(struct mmsim_mmu *mmu, mmsim_vaddr address);

/* Explains a translation without making it; see hw.h. */
void mmsim_mmu_explain(const struct mmsim_mmu *mmu, const struct mmsim_request *request,
                       struct mmsim_walk *walk);

/* Counts since creation. */
struct mmsim_mmu_stats {
    uint64_t accesses, misses, flushes, invlpg;
};
void mmsim_mmu_get_stats(const struct mmsim_mmu *mmu, struct mmsim_mmu_stats *stats);

/* Names of features for mmsim_mmu_config.features, by index; NULL past the end. Static. */
const char *mmsim_feature_name(const char *model, size_t index);

#ifdef __cplusplus
}
#endif
#endif
