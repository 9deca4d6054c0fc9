/*
 * deviations.c - the table of all that may differ between QEMU and the model.
 *
 * "SDM" is the Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3A. The rows
 * are tried in their order, each on what those above it left.
 */
#include "result.h"

enum { ERROR_P = 1, ERROR_W = 2, ERROR_U = 4, ERROR_RSVD = 8, ERROR_I = 16 };

#define RAM_LOW_END UINT64_C(0x8000000)
#define RAM_HIGH_START UINT64_C(0x100000000)
#define RAM_HIGH_END UINT64_C(0x104000000)

static bool is_fault(const struct result *result)
{
    return result->vector == VECTOR_PAGE_FAULT;
}

static bool is_done(const struct result *result)
{
    return result->vector == VECTOR_NONE;
}

/* The fault at the first byte, with a reason; a fault leaves the entries as they were. */
static void set_fault(const struct vector *vector, struct result *result, uint64_t reason)
{
    bool store = vector->access == ACC_WRITE || vector->access == ACC_LOCKED;
    bool user = vector->cpl == 3 && vector->access != ACC_IMPLICIT;
    bool tells_fetch =
        (vector->control & CTL_SMEP) || (is_pae(vector) && (vector->control & CTL_NXE));
    *result = (struct result){
        .id = vector->id,
        .vector = VECTOR_PAGE_FAULT,
        .error = reason | (store ? ERROR_W : 0u) | (user ? ERROR_U : 0u) |
                 (vector->access == ACC_FETCH && tells_fetch ? ERROR_I : 0u),
        .cr2 = vector->address,
        .pde = vector->pde,
        .pte = vector->pte,
        .pte2 = vector->pte2,
    };
}

/* ---- Q1 ---- */

static bool reserved_without_present(const struct vector *vector, const struct result *qemu,
                                     const struct result *model)
{
    (void)vector, (void)model;
    return is_fault(qemu) && (qemu->error & ERROR_RSVD) && !(qemu->error & ERROR_P);
}

static void set_present(const struct vector *vector, struct result *qemu,
                        const struct result *model)
{
    (void)vector, (void)model;
    qemu->error |= ERROR_P;
}

/* ---- Q2 ---- */

static bool unaligned_lock_faults(const struct vector *vector, const struct result *qemu,
                                  const struct result *model)
{
    (void)model;
    return vector->access == ACC_LOCKED && (vector->address & 3) && is_fault(qemu) &&
           (!(qemu->error & ERROR_W) || qemu->pte != vector->pte ||
            (is_large(vector) && qemu->pde != vector->pde));
}

static void set_write(const struct vector *vector, struct result *qemu, const struct result *model)
{
    (void)model;
    qemu->error |= ERROR_W;
    qemu->pte = vector->pte;
    if (is_large(vector))
        qemu->pde = vector->pde;
}

/* ---- Q3 ---- */

static bool high_bits_of_4mib(const struct vector *vector, const struct result *qemu,
                              const struct result *model)
{
    (void)model;
    bool reserved = vector->pde & (BIT(21) - BIT(17)); /* with 36 physical address bits */
    return !is_pae(vector) && is_large(vector) && (vector->pde & ENTRY_P) && reserved &&
           !(is_fault(qemu) && (qemu->error & ERROR_RSVD));
}

static void set_reserved_fault(const struct vector *vector, struct result *qemu,
                               const struct result *model)
{
    (void)model;
    set_fault(vector, qemu, ERROR_P | ERROR_RSVD);
}

/* ---- Q4 ---- */

static bool implicit_past_smap(const struct vector *vector, const struct result *qemu,
                               const struct result *model)
{
    (void)model;
    bool user_page = (vector->pde & ENTRY_US) && (is_large(vector) || (vector->pte & ENTRY_US));
    return vector->access == ACC_IMPLICIT && vector->cpl < 3 && (vector->control & CTL_SMAP) &&
           (vector->control & CTL_AC) && user_page && is_done(qemu);
}

static void set_protection_fault(const struct vector *vector, struct result *qemu,
                                 const struct result *model)
{
    (void)model;
    set_fault(vector, qemu, ERROR_P);
}

/* ---- N ---- */

static bool reaches_nothing(const struct vector *vector, const struct result *qemu,
                            const struct result *model)
{
    (void)vector;
    bool in_ram = model->physical < RAM_LOW_END ||
                  (model->physical >= RAM_HIGH_START && model->physical < RAM_HIGH_END);
    return is_done(qemu) && qemu->physical == NOWHERE && is_done(model) && !in_ram;
}

static void take_physical(const struct vector *vector, struct result *qemu,
                          const struct result *model)
{
    (void)vector;
    qemu->physical = model->physical;
}

/* ---- A ---- */

/* The bits of the entries that a faulting access may have set, or not. */
static struct result open_bits(const struct vector *vector)
{
    struct result bits = {.pde = is_large(vector) ? 0 : ENTRY_A};
    if (is_split(vector) && is_large(vector))
        bits.pde = ENTRY_A | ENTRY_D;
    else if (is_split(vector))
        bits.pte = ENTRY_A | ENTRY_D;
    return bits;
}

static bool set_accessed_before_fault(const struct vector *vector, const struct result *qemu,
                                      const struct result *model)
{
    struct result open = open_bits(vector);
    bool different = qemu->pde != model->pde || qemu->pte != model->pte;
    return different && is_fault(qemu) && is_fault(model) &&
           !((qemu->pde ^ model->pde) & ~open.pde) && !((qemu->pte ^ model->pte) & ~open.pte);
}

static void take_entries(const struct vector *vector, struct result *qemu,
                         const struct result *model)
{
    (void)vector;
    qemu->pde = model->pde;
    qemu->pte = model->pte;
}

/* ---- the table ---- */

const struct deviation deviations[] = {
    {"Q1", "RSVD faults without P in the error code: QEMU is wrong", "SDM 4.7",
     reserved_without_present, set_present},
    {"Q2", "an unaligned locked access loads, then stores, and faults as a load: QEMU is wrong",
     "SDM 4.7 and Locked Atomic Operations", unaligned_lock_faults, set_write},
    {"Q3", "bits 20:17 of a 4 MiB entry are taken for address bits 39:36: QEMU is wrong",
     "SDM 4.3, table 4-4", high_bits_of_4mib, set_reserved_fault},
    {"Q4", "EFLAGS.AC lifts SMAP for implicit accesses below CPL 3: QEMU is wrong", "SDM 4.6.1",
     implicit_past_smap, set_protection_fault},
    {"N", "no RAM lies there, so that the test kernel cannot tell where it arrived", "-",
     reaches_nothing, take_physical},
    {"A", "accessed bits set on the way to a fault (QEMU), or not (model): both are right",
     "SDM 4.8", set_accessed_before_fault, take_entries},
    {0},
};
