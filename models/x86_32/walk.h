/*
 * walk.h - the way that an address takes through the tables: what walk_32.c and walk_pae.c find,
 * and walk.c and explain.c judge.
 */
#ifndef X86_32_WALK_H
#define X86_32_WALK_H

#include "x86_32/model.h"
#include "x86_32/pte.h"

enum x86_stop { X86_STOP_NONE, X86_STOP_NOT_PRESENT, X86_STOP_RESERVED };

/*
 * One or two entries in memory, the last one reached is the leaf if nothing stopped the walk. Under
 * PAE a PDPTE register comes first; it is not read from memory and grants no rights.
 */
struct x86_path {
    unsigned n_levels; /* entries on the way: 0 (the PDPTE is not present), 1 or 2 */
    bool cached;       /* the first one came from the paging-structure cache */
    mmsim_paddr where[2];
    uint64_t entry[2];
    enum x86_stop stop;
    bool large;
    uint8_t page_shift;
    mmsim_paddr base; /* of the page, if nothing stopped the walk */
};

static inline enum x86_stop x86_judge(uint64_t entry, uint64_t reserved)
{
    if (!(entry & X86_P))
        return X86_STOP_NOT_PRESENT;
    return entry & reserved ? X86_STOP_RESERVED : X86_STOP_NONE;
}

static inline uint64_t x86_leaf(const struct x86_path *path)
{
    return path->n_levels ? path->entry[path->n_levels - 1] : 0;
}

/* `cache` NULL: read everything from memory. */
struct x86_path mm_x86_descend_32(const struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                                  const struct mmsim_walk_cache *cache, mmsim_vaddr address);
struct x86_path mm_x86_descend_pae(const struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                                   const struct mmsim_walk_cache *cache, mmsim_vaddr address);

static inline struct x86_path x86_descend(const struct mmsim_arch_cpu *cpu,
                                          const struct mmsim_port *port,
                                          const struct mmsim_walk_cache *cache, mmsim_vaddr address)
{
    return x86_cr4_on(cpu, X86_CR4_PAE) ? mm_x86_descend_pae(cpu, port, cache, address)
                                        : mm_x86_descend_32(cpu, port, cache, address);
}

/* `rights` of a whole path. */
uint8_t mm_x86_path_rights(const struct mmsim_arch_cpu *cpu, const struct x86_path *path);

/* Reads and checks the four PDPTEs as MOV CR3 does; false: #GP, nothing loaded. */
bool mm_x86_load_pdptes(struct mmsim_arch_cpu *cpu, uint64_t cr3);

static inline uint32_t x86_stop_reason(enum x86_stop stop)
{
    return stop == X86_STOP_NOT_PRESENT ? 0u : (uint32_t)(X86_PF_P | X86_PF_RSVD);
}

#endif
