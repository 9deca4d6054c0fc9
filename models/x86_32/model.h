/*
 * model.h - the x86_32 architecture: its ops, its registers, its feature bits.
 *
 * Read pte.h for the entry formats, then walk.h, walk_32.c and walk_pae.c (the CPU's way through
 * the tables), walk.c (what it makes of it), access.c (the rights), pmap.c (the kernel's view),
 * regs.c (control registers), cpus.c (presets). FIDELITY.md says what is modelled, what is not, and
 * which test shows it.
 */
#ifndef X86_32_MODEL_H
#define X86_32_MODEL_H

#include <mmsim/arch.h>

extern const struct mmsim_arch_ops mm_x86_32_arch;

enum x86_mode { X86_MODE_32BIT, X86_MODE_PAE };

enum x86_register {
    X86_CR0,
    X86_CR2,
    X86_CR3,
    X86_CR4,
    X86_EFER,
    X86_EFLAGS, /* AC only */
    X86_PKRU,
    X86_PDPTE0, /* four of them: loaded from memory, not written */
    X86_N_REGISTERS = X86_PDPTE0 + 4
};

/* Bits that paging depends on: SDM 3A 2.5 (CR0, CR4), 2.2.1 (EFER), 2.3 (EFLAGS). */
#define X86_CR0_PE (UINT64_C(1) << 0)
#define X86_CR0_WP (UINT64_C(1) << 16)
#define X86_CR0_NW (UINT64_C(1) << 29)
#define X86_CR0_CD (UINT64_C(1) << 30)
#define X86_CR0_PG (UINT64_C(1) << 31)
#define X86_CR4_PSE (UINT64_C(1) << 4)
#define X86_CR4_PAE (UINT64_C(1) << 5)
#define X86_CR4_PGE (UINT64_C(1) << 7)
#define X86_CR4_SMEP (UINT64_C(1) << 20)
#define X86_CR4_SMAP (UINT64_C(1) << 21)
#define X86_CR4_PKE (UINT64_C(1) << 22)
#define X86_EFER_NXE (UINT64_C(1) << 11)
#define X86_EFLAGS_AC (UINT64_C(1) << 18)

/* mmsim_cpu_preset.features */
enum x86_feature {
    X86_HAS_CR4 = 1 << 0,
    X86_HAS_PSE = 1 << 1,
    X86_HAS_PGE = 1 << 2,
    X86_HAS_PSE36 = 1 << 3,
    X86_HAS_PAT = 1 << 4,
    X86_HAS_WP = 1 << 5,
    X86_HAS_PAE = 1 << 6,
    X86_HAS_NX = 1 << 7,
    X86_HAS_SMEP = 1 << 8,
    X86_HAS_SMAP = 1 << 9,
    X86_HAS_PKE = 1 << 10, /* CR4.PKE and PKRU exist */
    X86_HAS_KEYS = 1 << 11 /* and keys are obeyed in 32-bit and PAE mode: the extension */
};

/* #PF error code: SDM 3A 4.7, figure 4-12. */
enum x86_fault_bit {
    X86_PF_P = 1 << 0,
    X86_PF_W = 1 << 1,
    X86_PF_U = 1 << 2,
    X86_PF_RSVD = 1 << 3,
    X86_PF_I = 1 << 4,
    X86_PF_PK = 1 << 5
};
#define X86_PF_VECTOR 14u
#define X86_GP_VECTOR 13u
#define X86_GP_MARK (UINT32_C(1) << 31) /* where a #PF has its error code; no #PF has this bit */
#define X86_GP_VECTOR 13u

/* A translation's `rights`: what the entries on the way grant together, and the leaf's key. */
enum x86_rights {
    X86_RIGHTS_USER = 1 << 0,
    X86_RIGHTS_WRITE = 1 << 1,
    X86_RIGHTS_NO_EXECUTE = 1 << 2,
    X86_RIGHTS_KEY_SHIFT = 3,
    X86_N_RIGHTS = 1 << 7
};

static inline bool x86_has(const struct mmsim_arch_cpu *cpu, uint32_t feature)
{
    return (cpu->preset->features & feature) != 0;
}

static inline bool x86_cr4_on(const struct mmsim_arch_cpu *cpu, uint64_t bit)
{
    return (cpu->registers[X86_CR4] & bit) != 0;
}

static inline bool x86_no_execute_on(const struct mmsim_arch_cpu *cpu)
{
    return x86_cr4_on(cpu, X86_CR4_PAE) && (cpu->registers[X86_EFER] & X86_EFER_NXE);
}

static inline bool x86_keys_on(const struct mmsim_arch_cpu *cpu)
{
    return x86_has(cpu, X86_HAS_KEYS) && x86_cr4_on(cpu, X86_CR4_PKE);
}

/* A directory entry covers 2^this bytes. */
static inline unsigned x86_directory_shift(const struct mmsim_arch_cpu *cpu)
{
    return x86_cr4_on(cpu, X86_CR4_PAE) ? 21 : 22;
}

/* cpus.c */
extern const struct mmsim_cpu_preset mm_x86_presets[];
extern const struct mmsim_cpu_feature mm_x86_features[];

/* access.c */
void mm_x86_rights_rebuild(struct mmsim_arch_cpu *cpu);
void mm_x86_fault_make(const struct mmsim_arch_cpu *cpu, const struct mmsim_request *request,
                       uint32_t reason, struct mmsim_fault *fault);
void mm_x86_refuse(const struct mmsim_arch_cpu *cpu, const struct mmsim_request *request,
                   uint8_t rights, struct mmsim_fault *fault);
void mm_x86_explain_rights(const struct mmsim_arch_cpu *cpu, uint8_t rights,
                           struct mmsim_walk *walk);
extern const struct mmsim_bit_field mm_x86_error_bits[];

/* regs.c */
void mm_x86_reset(struct mmsim_arch_cpu *cpu, const struct mmsim_cpu_preset *preset);
unsigned mm_x86_write_register(struct mmsim_arch_cpu *cpu, unsigned number, uint64_t value);
uint32_t mm_x86_start_paging(struct mmsim_arch_cpu *cpu, unsigned mode, mmsim_paddr root,
                             uint32_t abilities);
unsigned mm_x86_load_root(struct mmsim_arch_cpu *cpu, mmsim_paddr root);
void mm_x86_load_keys(struct mmsim_arch_cpu *cpu, uint32_t pkru);
void mm_x86_refuse_code(const struct mmsim_request *request, struct mmsim_fault *fault);
mmsim_paddr mm_x86_root(const struct mmsim_arch_cpu *cpu);
void mm_x86_deliver(struct mmsim_arch_cpu *cpu, const struct mmsim_fault *fault);

/* walk.c */
bool mm_x86_walk(struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                 const struct mmsim_request *request, struct mmsim_translation *translation,
                 struct mmsim_fault *fault);
/* explain.c */
void mm_x86_explain(const struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                    const struct mmsim_request *request, struct mmsim_walk *walk);

/* pmap.c */
bool mm_x86_open(struct mmsim_page_map *map);
void mm_x86_close(struct mmsim_page_map *map);
bool mm_x86_prepare(struct mmsim_page_map *map, mmsim_vaddr address, unsigned size_class);
void mm_x86_map(struct mmsim_page_map *map, mmsim_vaddr address, const struct mmsim_entry *entry);
bool mm_x86_split(struct mmsim_page_map *map, mmsim_vaddr address);
struct mmsim_entry mm_x86_unmap(struct mmsim_page_map *map, mmsim_vaddr address);
struct mmsim_entry mm_x86_protect(struct mmsim_page_map *map, mmsim_vaddr address,
                                  const struct mmsim_entry *rights);
struct mmsim_entry mm_x86_query(const struct mmsim_page_map *map, mmsim_vaddr address);
unsigned mm_x86_test_and_clear(struct mmsim_page_map *map, mmsim_vaddr address, unsigned flags);
void mm_x86_trim(struct mmsim_page_map *map, mmsim_vaddr start, mmsim_vaddr end);
mmsim_vaddr mm_x86_next(const struct mmsim_page_map *map, mmsim_vaddr from, mmsim_vaddr to);
void mm_x86_share(struct mmsim_page_map *map, const struct mmsim_page_map *master,
                  mmsim_vaddr start, mmsim_vaddr end);

#endif
