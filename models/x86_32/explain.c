/*
 * explain.c - a walk written down for people: each entry with its bits named, each check with its
 * verdict. Makes the decisions of walk.c from the same path, and changes nothing.
 */
#include <stdio.h>

#include "x86_32/walk.h"

static const struct mmsim_bit_field address_32_small[] = {
    {"directory", 22, 31, "index of the PDE", NULL},
    {"table", 12, 21, "index of the PTE", NULL},
    {"offset", 0, 11, "byte in the 4 KiB page", NULL},
    {0},
};

static const struct mmsim_bit_field address_32_large[] = {
    {"directory", 22, 31, "index of the PDE", NULL},
    {"offset", 0, 21, "byte in the 4 MiB page", NULL},
    {0},
};

static const struct mmsim_bit_field address_pae_small[] = {
    {"pointer", 30, 31, "number of the PDPTE register", NULL},
    {"directory", 21, 29, "index of the PDE", NULL},
    {"table", 12, 20, "index of the PTE", NULL},
    {"offset", 0, 11, "byte in the 4 KiB page", NULL},
    {0},
};

static const struct mmsim_bit_field address_pae_large[] = {
    {"pointer", 30, 31, "number of the PDPTE register", NULL},
    {"directory", 21, 29, "index of the PDE", NULL},
    {"offset", 0, 20, "byte in the 2 MiB page", NULL},
    {0},
};

#define LOW_FIELDS                                                                                 \
    {"P", 0, 0, "present", "not present"}, {"R/W", 1, 1, "writable", "read-only"},                 \
        {"U/S", 2, 2, "user", "supervisor only"}, {"PWT", 3, 3, "write-through", NULL},            \
        {"PCD", 4, 4, "cache disabled", NULL},                                                     \
    {                                                                                              \
        "A", 5, 5, "accessed", "not accessed"                                                      \
    }

#define LEAF_FIELDS                                                                                \
    LOW_FIELDS, {"D", 6, 6, "dirty", "clean"},                                                     \
    {                                                                                              \
        "G", 8, 8, "global", NULL                                                                  \
    }

#define XD_FIELD                                                                                   \
    {                                                                                              \
        "XD", 63, 63, "execute disabled", NULL                                                     \
    }

static const struct mmsim_bit_field absent_fields[] = {
    {"P", 0, 0, "present", "not present: the CPU ignores every other bit"},
    {0},
};

static const struct mmsim_bit_field table_32_fields[] = {
    {"base", 12, 31, NULL, NULL}, LOW_FIELDS, {0}};
static const struct mmsim_bit_field large_32_fields[] = {
    {"base", 22, 31, NULL, NULL},     {"base 39:32", 13, 20, NULL, NULL}, LEAF_FIELDS,
    {"PS", 7, 7, "4 MiB page", NULL}, {"PAT", 12, 12, "PAT", NULL},       {0}};
static const struct mmsim_bit_field pte_32_fields[] = {
    {"base", 12, 31, NULL, NULL}, LEAF_FIELDS, {"PAT", 7, 7, "PAT", NULL}, {0}};
static const struct mmsim_bit_field table_pae_fields[] = {
    {"base", 12, 51, NULL, NULL}, LOW_FIELDS, XD_FIELD, {0}};
static const struct mmsim_bit_field large_pae_fields[] = {
    {"base", 21, 51, NULL, NULL}, LEAF_FIELDS, {"PS", 7, 7, "2 MiB page", NULL},
    {"PAT", 12, 12, "PAT", NULL}, XD_FIELD,    {0}};
static const struct mmsim_bit_field pte_pae_fields[] = {
    {"base", 12, 51, NULL, NULL}, LEAF_FIELDS, {"PAT", 7, 7, "PAT", NULL}, XD_FIELD, {0}};
static const struct mmsim_bit_field pdpte_fields[] = {
    {"base", 12, 51, NULL, NULL},
    {"P", 0, 0, "present", "not present"},
    {"PWT", 3, 3, "write-through", NULL},
    {"PCD", 4, 4, "cache disabled", NULL},
    {0},
};

/* What differs between the two modes, in one place. */
struct format {
    const struct mmsim_bit_field *address_small, *address_large;
    const struct mmsim_bit_field *table, *large, *pte;
    unsigned directory_shift, index_mask;
    const char *large_name;
};

static const struct format formats[] = {
    [X86_MODE_32BIT] = {address_32_small, address_32_large, table_32_fields, large_32_fields,
                        pte_32_fields, 22, 1023, "4 MiB page"},
    [X86_MODE_PAE] = {address_pae_small, address_pae_large, table_pae_fields, large_pae_fields,
                      pte_pae_fields, 21, 511, "2 MiB page"},
};

static const struct format *format_of(const struct mmsim_arch_cpu *cpu)
{
    return &formats[x86_cr4_on(cpu, X86_CR4_PAE) ? X86_MODE_PAE : X86_MODE_32BIT];
}

static const struct mmsim_bit_field *fields_of(const struct format *format,
                                               const struct x86_path *path, unsigned level)
{
    if (!(path->entry[level] & X86_P))
        return absent_fields;
    if (level == 1)
        return format->pte;
    return path->large ? format->large : format->table;
}

static void tell_stop(enum x86_stop stop, struct mmsim_walk_step *step)
{
    step->verdict = MMSIM_DENY;
    snprintf(step->why, sizeof step->why, "%s",
             stop == X86_STOP_NOT_PRESENT ? "not present: page fault with P = 0"
                                          : "a reserved bit is set: page fault with P and RSVD");
}

static void tell_verdict(const struct format *format, const struct x86_path *path, unsigned level,
                         struct mmsim_walk_step *step)
{
    bool last = level == path->n_levels - 1;
    if (last && path->stop != X86_STOP_NONE) {
        tell_stop(path->stop, step);
        return;
    }
    step->verdict = MMSIM_PASS;
    if (last)
        snprintf(step->why, sizeof step->why, "maps the %s at 0x%08llx",
                 path->large ? format->large_name : "page", (unsigned long long)path->base);
    else
        snprintf(step->why, sizeof step->why, "names the page table at 0x%08llx",
                 (unsigned long long)(path->entry[level] & X86_PAE_ADDRESS));
}

static void tell_pdpte(const struct mmsim_arch_cpu *cpu, struct mmsim_walk *walk)
{
    struct mmsim_walk_step *step = &walk->steps[walk->n_steps++];
    step->level = "PDPTE";
    step->index = (walk->request.address >> X86_PDPTE_SHIFT) & 3;
    step->entry_address = (cpu->registers[X86_CR3] & X86_CR3_PAE_BASE) + step->index * 8;
    step->value = cpu->registers[X86_PDPTE0 + step->index];
    step->fields = pdpte_fields;
    step->verdict = MMSIM_PASS;
    if (step->value & X86_P)
        snprintf(step->why, sizeof step->why,
                 "a register, loaded by MOV CR3: directory at 0x%08llx",
                 (unsigned long long)(step->value & X86_PAE_ADDRESS));
    else
        tell_stop(X86_STOP_NOT_PRESENT, step);
}

static void tell_cache(const struct mmsim_arch_cpu *cpu, const struct x86_path *path,
                       struct mmsim_walk *walk)
{
    uint64_t held;
    unsigned shift = x86_directory_shift(cpu);
    struct mmsim_walk_step *step = &walk->steps[walk->n_steps - path->n_levels];
    if (path->n_levels == 0 ||
        !mmsim_walk_cache_find(&cpu->walk_cache, walk->request.address >> shift, &held))
        return;
    step->cached = true;
    step->stale = (held | X86_A) != (step->value | X86_A);
}

static void tell_steps(const struct format *format, const struct x86_path *path,
                       struct mmsim_walk *walk)
{
    for (unsigned level = 0; level < path->n_levels; level++) {
        struct mmsim_walk_step *step = &walk->steps[walk->n_steps++];
        unsigned shift = level == 0 ? format->directory_shift : X86_SMALL_SHIFT;
        step->level = level == 0 ? "PDE" : "PTE";
        step->index = (uint32_t)(walk->request.address >> shift) & format->index_mask;
        step->entry_address = path->where[level];
        step->value = path->entry[level];
        step->fields = fields_of(format, path, level);
        step->leaf = level == 1 || path->large;
        tell_verdict(format, path, level, step);
    }
}

static void tell_present(const struct mmsim_arch_cpu *cpu, const struct x86_path *path,
                         struct mmsim_walk *walk)
{
    const struct mmsim_request *request = &walk->request;
    uint64_t leaf = x86_leaf(path);
    walk->present = true;
    walk->accessed = (leaf & X86_A) != 0;
    walk->dirty = (leaf & X86_D) != 0;
    walk->page_shift = path->page_shift;
    walk->rights = mm_x86_path_rights(cpu, path);
    walk->physical = path->base | (request->address & ((UINT64_C(1) << path->page_shift) - 1));
    mm_x86_explain_rights(cpu, walk->rights, walk);
    walk->allowed = (cpu->allow[request->privilege][walk->rights] >> request->access) & 1;
    if (!walk->allowed)
        mm_x86_refuse(cpu, request, walk->rights, &walk->fault);
}

static void tell_segment(const struct mmsim_arch_cpu *cpu, struct mmsim_walk *walk)
{
    struct mmsim_walk_check *check = &walk->checks[walk->n_checks++];
    check->rule = "code-segment limit";
    check->source = "SDM 3A 5.3";
    check->verdict = MMSIM_DENY;
    snprintf(check->why, sizeof check->why, "the segment ends at 0x%llx: #GP, no page is looked at",
             (unsigned long long)cpu->code_end);
    mm_x86_refuse_code(&walk->request, &walk->fault);
}

void mm_x86_explain(const struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                    const struct mmsim_request *request, struct mmsim_walk *walk)
{
    const struct format *format = format_of(cpu);
    memset(walk, 0, sizeof *walk);
    walk->model = mm_x86_32_arch.name;
    walk->cpu = cpu->preset->name;
    walk->request = *request;
    walk->paging = cpu->translating;
    walk->root = mm_x86_root(cpu);
    walk->address = format->address_small;
    if (mmsim_is_beyond_code(cpu, request)) {
        walk->paging = false; /* it does not come to that */
        tell_segment(cpu, walk);
        return;
    }
    if (!cpu->translating) {
        walk->present = walk->allowed = true;
        walk->physical = request->address;
        walk->page_shift = X86_SMALL_SHIFT;
        return;
    }
    struct x86_path path = x86_descend(cpu, port, NULL, request->address);
    walk->address = path.large ? format->address_large : format->address_small;
    if (x86_cr4_on(cpu, X86_CR4_PAE))
        tell_pdpte(cpu, walk);
    tell_steps(format, &path, walk);
    tell_cache(cpu, &path, walk);
    if (path.stop == X86_STOP_NONE)
        tell_present(cpu, &path, walk);
    else
        mm_x86_fault_make(cpu, request, x86_stop_reason(path.stop), &walk->fault);
}
