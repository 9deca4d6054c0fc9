/*
 * walk.c - what the CPU makes of the way through the tables: a translation, or a page fault.
 *
 * Source: SDM 3A 4.6 "Access Rights", 4.7 "Page-Fault Exceptions", 4.8 "Accessed and Dirty Flags".
 *
 * Order of decisions. Top-down, each entry: not present -> fault with P = 0; reserved bit -> fault
 * with P and RSVD. Rights are looked at only when the whole path stands. Only an access that is
 * allowed changes an entry: it sets A in every entry of the path and, if it writes, D in the leaf.
 */
#include "x86_32/walk.h"

static uint8_t key_of(const struct mmsim_arch_cpu *cpu, uint64_t leaf)
{
    if (!x86_has(cpu, X86_HAS_KEYS))
        return 0;
    if (x86_cr4_on(cpu, X86_CR4_PAE))
        return (leaf >> X86_KEY_SHIFT_PAE) & (X86_KEYS_PAE - 1);
    return (leaf >> X86_KEY_SHIFT_32) & (X86_KEYS_32 - 1);
}

uint8_t mm_x86_path_rights(const struct mmsim_arch_cpu *cpu, const struct x86_path *path)
{
    uint64_t leaf = x86_leaf(path);
    uint64_t all = path->entry[0] & leaf;
    uint64_t any = path->entry[0] | leaf;
    bool no_execute = x86_no_execute_on(cpu) && (any & X86_XD);
    return (uint8_t)((all & X86_US ? X86_RIGHTS_USER : 0) | (all & X86_RW ? X86_RIGHTS_WRITE : 0) |
                     (no_execute ? X86_RIGHTS_NO_EXECUTE : 0) |
                     key_of(cpu, leaf) << X86_RIGHTS_KEY_SHIFT);
}

/* The bits that the CPU sets are all in the lower half of an entry of either width. */
static void set_bits(const struct mmsim_port *port, mmsim_paddr where, uint64_t entry,
                     uint64_t bits)
{
    if ((entry & bits) != bits)
        mmsim_port_write32(port, where, (uint32_t)(entry | bits));
}

static void mark_used(const struct mmsim_port *port, const struct x86_path *path, bool write)
{
    unsigned leaf = path->n_levels - 1;
    if (leaf > 0 && !path->cached) /* a cached entry has A set already */
        set_bits(port, path->where[0], path->entry[0], X86_A);
    set_bits(port, path->where[leaf], path->entry[leaf], X86_A | (write ? X86_D : 0));
}

/* With paging off a linear address is a physical one, and everybody may do everything. */
static struct mmsim_translation identity(mmsim_vaddr address)
{
    return (struct mmsim_translation){
        .base = address & ~(mmsim_paddr)MMSIM_PAGE_MASK,
        .page_shift = X86_SMALL_SHIFT,
        .rights = X86_RIGHTS_USER | X86_RIGHTS_WRITE,
        .dirty = true,
    };
}

bool mm_x86_walk(struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                 const struct mmsim_request *request, struct mmsim_translation *translation,
                 struct mmsim_fault *fault)
{
    if (!cpu->translating) {
        *translation = identity(request->address);
        return true;
    }
    struct x86_path path = x86_descend(cpu, port, &cpu->walk_cache, request->address);
    if (path.stop != X86_STOP_NONE) {
        mm_x86_fault_make(cpu, request, x86_stop_reason(path.stop), fault);
        return false;
    }
    uint8_t rights = mm_x86_path_rights(cpu, &path);
    if (!((cpu->allow[request->privilege][rights] >> request->access) & 1)) {
        mm_x86_refuse(cpu, request, rights, fault);
        return false;
    }
    bool write = request->access == MMSIM_ACCESS_WRITE;
    uint64_t leaf = x86_leaf(&path);
    mark_used(port, &path, write);
    *translation = (struct mmsim_translation){
        .base = path.base,
        .page_shift = path.page_shift,
        .rights = rights,
        .global = (leaf & X86_G) && x86_cr4_on(cpu, X86_CR4_PGE),
        .dirty = (leaf & X86_D) || write,
        .levels = (uint8_t)(path.n_levels - path.cached),
    };
    if (!path.large && !path.cached)
        mmsim_walk_cache_add(&cpu->walk_cache, request->address >> x86_directory_shift(cpu),
                             path.entry[0] | X86_A);
    return true;
}
