/*
 * walk_32.c - the two-level page walk as the CPU makes it.
 *
 * Source: SDM 3A 4.3 "32-Bit Paging", 4.6 "Access Rights", 4.8 "Accessed and Dirty Flags".
 *
 *   linear   31........22 21........12 11.........0
 *            directory    table        offset            4 KiB page: CR3 -> PDE -> PTE
 *            directory    ------ offset ----------       4 MiB page: CR3 -> PDE (PS = 1)
 *
 * Order of decisions. Top-down, each entry: not present -> fault with P = 0; reserved bit -> fault
 * with P and RSVD. Rights are looked at only when the whole path stands. Only an access that is
 * allowed changes an entry: it sets A in every entry of the path and, if it writes, D in the leaf.
 *
 * descend() makes those decisions once for both callers: the MMU (walk) and people (explain).
 */
#include <stdio.h>

#include "x86_32/model.h"
#include "x86_32/pte.h"

enum stop { STOP_NONE, STOP_NOT_PRESENT, STOP_RESERVED };

/* The way that an address takes through the tables: one or two entries, the last one the leaf. */
struct path {
    unsigned n_levels;
    mmsim_paddr where[2];
    uint32_t entry[2];
    enum stop stop;
    bool large;
};

static bool page_size_on(const struct mmsim_arch_cpu *cpu)
{
    return (cpu->registers[X86_CR4] & X86_CR4_PSE) != 0;
}

static uint32_t reserved_in_large(const struct mmsim_arch_cpu *cpu)
{
    uint32_t features = cpu->preset->features;
    uint32_t high = features & X86_HAS_PSE36 ? X86_LARGE_RESERVED_36 : X86_LARGE_RESERVED;
    return high | (features & X86_HAS_PAT ? 0 : (uint32_t)X86_PDE_PAT);
}

/* Reserved bits exist in this mode only while CR4.PSE = 1 (SDM 3A 4.3, table 4-3 and text). */
static uint32_t reserved_in_pte(const struct mmsim_arch_cpu *cpu)
{
    bool pat = cpu->preset->features & X86_HAS_PAT;
    return page_size_on(cpu) && !pat ? (uint32_t)X86_PTE_PAT : 0;
}

static enum stop judge(uint32_t entry, uint32_t reserved)
{
    if (!(entry & X86_P))
        return STOP_NOT_PRESENT;
    return entry & reserved ? STOP_RESERVED : STOP_NONE;
}

static struct path descend(const struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                           mmsim_vaddr address)
{
    struct path path = {.n_levels = 1};
    path.where[0] = mm_x86_root(cpu) + x86_directory_index(address) * sizeof(uint32_t);
    uint32_t pde = path.entry[0] = mmsim_port_read32(port, path.where[0]);
    path.large = (pde & X86_PS) && page_size_on(cpu);
    path.stop = judge(pde, path.large ? reserved_in_large(cpu) : 0);
    if (path.stop != STOP_NONE || path.large)
        return path;
    path.n_levels = 2;
    path.where[1] = (pde & X86_TABLE_BASE) + x86_table_index(address) * sizeof(uint32_t);
    path.entry[1] = mmsim_port_read32(port, path.where[1]);
    path.stop = judge(path.entry[1], reserved_in_pte(cpu));
    return path;
}

static uint32_t leaf_of(const struct path *path)
{
    return path->entry[path->n_levels - 1];
}

static uint32_t fault_reason(enum stop stop)
{
    switch (stop) {
    case STOP_NOT_PRESENT:
        return 0;
    case STOP_RESERVED:
        return X86_PF_P | X86_PF_RSVD;
    default:
        return X86_PF_P;
    }
}

static uint8_t rights_of(const struct path *path)
{
    return mm_x86_rights_of(path->large ? path->entry[0] : path->entry[0] & path->entry[1]);
}

static struct mmsim_translation translation_of(const struct mmsim_arch_cpu *cpu,
                                               const struct path *path)
{
    uint32_t leaf = leaf_of(path);
    return (struct mmsim_translation){
        .base = path->large ? x86_large_base(leaf) : leaf & X86_TABLE_BASE,
        .page_shift = path->large ? X86_LARGE_SHIFT : X86_SMALL_SHIFT,
        .rights = rights_of(path),
        .global = (leaf & X86_G) && (cpu->registers[X86_CR4] & X86_CR4_PGE),
        .dirty = (leaf & X86_D) != 0,
        .levels = (uint8_t)path->n_levels,
    };
}

static void set_bits(const struct mmsim_port *port, mmsim_paddr where, uint32_t entry,
                     uint32_t bits)
{
    if ((entry & bits) != bits)
        mmsim_port_write32(port, where, entry | bits);
}

static void mark_used(const struct mmsim_port *port, const struct path *path, bool write)
{
    unsigned leaf = path->n_levels - 1;
    if (leaf > 0)
        set_bits(port, path->where[0], path->entry[0], X86_A);
    set_bits(port, path->where[leaf], path->entry[leaf],
             (uint32_t)X86_A | (write ? (uint32_t)X86_D : 0));
}

static bool may(const struct mmsim_arch_cpu *cpu, const struct mmsim_request *request,
                uint8_t rights)
{
    return (cpu->allow[request->privilege][rights] >> request->access) & 1;
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

bool mm_x86_walk_32(const struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                    const struct mmsim_request *request, struct mmsim_translation *translation,
                    struct mmsim_fault *fault)
{
    if (!cpu->translating) {
        *translation = identity(request->address);
        return true;
    }
    struct path path = descend(cpu, port, request->address);
    if (path.stop != STOP_NONE || !may(cpu, request, rights_of(&path))) {
        mm_x86_fault_make(request, fault_reason(path.stop), fault);
        return false;
    }
    bool write = request->access == MMSIM_ACCESS_WRITE;
    mark_used(port, &path, write);
    *translation = translation_of(cpu, &path);
    translation->dirty = translation->dirty || write;
    return true;
}

/* ---- the same, written down ---- */

static const struct mmsim_bit_field address_small[] = {
    {"directory", 22, 31, "index of the PDE", NULL},
    {"table", 12, 21, "index of the PTE", NULL},
    {"offset", 0, 11, "byte in the 4 KiB page", NULL},
    {0},
};

static const struct mmsim_bit_field address_large[] = {
    {"directory", 22, 31, "index of the PDE", NULL},
    {"offset", 0, 21, "byte in the 4 MiB page", NULL},
    {0},
};

#define LOW_FIELDS                                                                                 \
    {"P", 0, 0, "present", "not present"}, {"R/W", 1, 1, "writable", "read-only"},                 \
        {"U/S", 2, 2, "user", "supervisor only"}, {"PWT", 3, 3, "write-through", NULL},            \
        {"PCD", 4, 4, "cache disabled", NULL},                                                     \
    {                                                                                              \
        "A", 5, 5, "accessed", "not accessed"                                                      \
    }

static const struct mmsim_bit_field pde_table_fields[] = {
    {"base", 12, 31, NULL, NULL},
    LOW_FIELDS,
    {0},
};

static const struct mmsim_bit_field pde_large_fields[] = {
    {"base", 22, 31, NULL, NULL},
    {"base 39:32", 13, 20, NULL, NULL},
    LOW_FIELDS,
    {"D", 6, 6, "dirty", "clean"},
    {"PS", 7, 7, "4 MiB page", NULL},
    {"G", 8, 8, "global", NULL},
    {"PAT", 12, 12, "PAT", NULL},
    {0},
};

static const struct mmsim_bit_field pte_fields[] = {
    {"base", 12, 31, NULL, NULL},  LOW_FIELDS,
    {"D", 6, 6, "dirty", "clean"}, {"PAT", 7, 7, "PAT", NULL},
    {"G", 8, 8, "global", NULL},   {0},
};

static const struct mmsim_bit_field absent_fields[] = {
    {"P", 0, 0, "present", "not present: the CPU ignores every other bit"},
    {0},
};

static const struct mmsim_bit_field *fields_of(const struct path *path, unsigned level)
{
    if (!(path->entry[level] & X86_P))
        return absent_fields;
    if (level == 1)
        return pte_fields;
    return path->large ? pde_large_fields : pde_table_fields;
}

static void explain_verdict(const struct path *path, unsigned level, struct mmsim_walk_step *step)
{
    bool last = level == path->n_levels - 1;
    uint32_t base = path->entry[level] & X86_TABLE_BASE;
    step->verdict = last && path->stop != STOP_NONE ? MMSIM_DENY : MMSIM_PASS;
    if (last && path->stop == STOP_NOT_PRESENT)
        snprintf(step->why, sizeof step->why, "not present: page fault with P = 0");
    else if (last && path->stop == STOP_RESERVED)
        snprintf(step->why, sizeof step->why, "a reserved bit is set: page fault with P and RSVD");
    else if (!last)
        snprintf(step->why, sizeof step->why, "names the page table at 0x%08x", base);
    else
        snprintf(step->why, sizeof step->why, "maps the %s at 0x%08llx",
                 path->large ? "4 MiB page" : "page",
                 (unsigned long long)(path->large ? x86_large_base(leaf_of(path)) : base));
}

static void explain_steps(const struct path *path, struct mmsim_walk *walk)
{
    mmsim_vaddr address = walk->request.address;
    walk->n_steps = path->n_levels;
    for (unsigned level = 0; level < path->n_levels; level++) {
        struct mmsim_walk_step *step = &walk->steps[level];
        step->level = level == 0 ? "PDE" : "PTE";
        step->index = level == 0 ? x86_directory_index(address) : x86_table_index(address);
        step->entry_address = path->where[level];
        step->value = path->entry[level];
        step->fields = fields_of(path, level);
        step->leaf = level == 1 || path->large;
        explain_verdict(path, level, step);
    }
}

static void explain_present(const struct mmsim_arch_cpu *cpu, const struct path *path,
                            struct mmsim_walk *walk)
{
    struct mmsim_translation translation = translation_of(cpu, path);
    mmsim_paddr offset_mask = ((mmsim_paddr)1 << translation.page_shift) - 1;
    walk->present = true;
    walk->accessed = (leaf_of(path) & X86_A) != 0;
    walk->dirty = translation.dirty;
    walk->page_shift = translation.page_shift;
    walk->rights = translation.rights;
    walk->physical = translation.base | (walk->request.address & offset_mask);
    mm_x86_explain_rights(cpu, translation.rights, walk);
    walk->allowed = may(cpu, &walk->request, translation.rights);
}

void mm_x86_explain_32(const struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                       const struct mmsim_request *request, struct mmsim_walk *walk)
{
    memset(walk, 0, sizeof *walk);
    walk->model = mm_x86_32_arch.name;
    walk->cpu = cpu->preset->name;
    walk->request = *request;
    walk->paging = cpu->translating;
    walk->root = mm_x86_root(cpu);
    walk->address = address_small;
    if (!cpu->translating) {
        walk->present = walk->allowed = true;
        walk->physical = request->address;
        walk->page_shift = X86_SMALL_SHIFT;
        return;
    }
    struct path path = descend(cpu, port, request->address);
    walk->address = path.large ? address_large : address_small;
    explain_steps(&path, walk);
    if (path.stop == STOP_NONE)
        explain_present(cpu, &path, walk);
    if (!walk->allowed)
        mm_x86_fault_make(request, fault_reason(path.stop), &walk->fault);
}
