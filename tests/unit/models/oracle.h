/*
 * oracle.h - what 32-bit and PAE paging must do, said a second time and in another way.
 *
 * The judge of the tests of the model and of the MMU. It shares no line, table or constant with
 * models/: the bits below are written from the manual again, by their numbers. It is slow, branches
 * freely, and takes entries as plain numbers; the caller reads them from memory and compares them
 * afterwards.
 *
 * Sources: SDM 3A 4.3 and 4.4 (formats, reserved bits), 4.6.1 (rights), 4.6.2 (protection keys),
 * 4.7 (error code), 4.8 (accessed and dirty). The 80386 has no CR0.WP: Intel 80386 Programmer's
 * Reference Manual 6.4. Keys in these two modes are an extension of the model: a leaf's bits 11:9
 * and 62:59, and the rules of 4.6.2 as they stand there; as in four-level paging bits 62:59 of an
 * entry that names a table are ignored then, and as PAE paging has it they are reserved otherwise.
 */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include <mmsim/types.h>

/* The CPU, and the bits of its control registers that matter here. */
struct oracle_cpu {
    unsigned physical_bits; /* MAXPHYADDR */
    bool has_wp, has_pat, has_pse36, has_keys;
    bool pae;                      /* the format of the tables */
    bool wp, pse, pge, smep, smap; /* CR0.WP, CR4 */
    bool pke, nxe, ac;             /* CR4.PKE, EFER.NXE, EFLAGS.AC */
    uint32_t pkru;
};

struct oracle_access {
    bool write, fetch; /* neither: a load */
    bool user;         /* CPL 3 */
    bool implicit;     /* by the CPU itself, at any CPL: then not `user` */
};

enum oracle_end { ORACLE_TRANSLATED, ORACLE_NOT_PRESENT, ORACLE_RESERVED, ORACLE_REFUSED };

/* What the entries on the way say together. */
struct oracle_page {
    bool user, writable, no_execute;
    unsigned key;
};

struct oracle_answer {
    enum oracle_end end;
    uint32_t error;          /* as pushed; 0 if translated */
    bool reached_pde;        /* the PDE was read */
    bool large;              /* and it is the leaf */
    bool reached_pte;        /* the PTE was read */
    uint64_t base;           /* of the page; translated or refused */
    struct oracle_page page; /* translated or refused */
    bool global;             /* as a TLB would hold it */
    uint64_t pde, pte;       /* the entries afterwards */
    bool dirty;              /* of the leaf afterwards */
};

static inline bool oracle_bit(uint64_t word, unsigned number)
{
    return word / (UINT64_C(1) << number) % 2 == 1;
}

static inline bool oracle_any_bit(uint64_t word, unsigned from, unsigned to)
{
    for (unsigned number = from; number <= to; number++)
        if (oracle_bit(word, number))
            return true;
    return false;
}

static inline uint64_t oracle_large_bytes(const struct oracle_cpu *cpu)
{
    return cpu->pae ? UINT64_C(0x200000) : UINT64_C(0x400000);
}

static inline bool oracle_keys_work(const struct oracle_cpu *cpu)
{
    return cpu->has_keys && cpu->pke;
}

/* ---- where an address finds its entries ---- */

static inline unsigned oracle_pdpte_index(uint64_t address)
{
    return (unsigned)(address / UINT64_C(0x40000000) % 4);
}

static inline uint64_t oracle_pde_address(const struct oracle_cpu *cpu, uint64_t directory,
                                          uint64_t address)
{
    if (cpu->pae)
        return directory + address / UINT64_C(0x200000) % 512 * 8;
    return directory + address / UINT64_C(0x400000) % 1024 * 4;
}

static inline uint64_t oracle_pte_address(const struct oracle_cpu *cpu, uint64_t pde,
                                          uint64_t address)
{
    if (cpu->pae)
        return pde % (UINT64_C(1) << 52) / 4096 * 4096 + address / 4096 % 512 * 8;
    return pde / 4096 * 4096 + address / 4096 % 1024 * 4;
}

/* ---- reserved bits ---- */

/* SDM 3A 4.3: in this mode they exist only while CR4.PSE = 1. */
static inline bool oracle_pde_reserved_32(const struct oracle_cpu *cpu, uint64_t pde)
{
    if (!cpu->pse || !oracle_bit(pde, 7))
        return false;
    if (!cpu->has_pat && oracle_bit(pde, 12))
        return true;
    if (!cpu->has_pse36)
        return oracle_any_bit(pde, 13, 21);
    unsigned m = cpu->physical_bits < 40 ? cpu->physical_bits : 40;
    return oracle_any_bit(pde, m - 19, 21);
}

/* SDM 3A 4.4.2: bits 62:M, and XD while EFER.NXE = 0; whatever CR4.PSE. */
static inline bool oracle_high_reserved(const struct oracle_cpu *cpu, uint64_t entry)
{
    if (oracle_bit(entry, 63) && !cpu->nxe)
        return true;
    return oracle_any_bit(entry, cpu->physical_bits, oracle_keys_work(cpu) ? 58 : 62);
}

static inline bool oracle_pde_reserved(const struct oracle_cpu *cpu, uint64_t pde)
{
    if (!cpu->pae)
        return oracle_pde_reserved_32(cpu, pde);
    bool large = oracle_bit(pde, 7);
    if (large && (oracle_any_bit(pde, 13, 20) || (!cpu->has_pat && oracle_bit(pde, 12))))
        return true;
    return oracle_high_reserved(cpu, pde);
}

static inline bool oracle_pte_reserved(const struct oracle_cpu *cpu, uint64_t pte)
{
    bool pat_is_reserved = !cpu->has_pat && (cpu->pae || cpu->pse);
    if (pat_is_reserved && oracle_bit(pte, 7))
        return true;
    return cpu->pae && oracle_high_reserved(cpu, pte);
}

/* SDM 3A 4.4.1, table 4-8: what MOV CR3 refuses to load. */
static inline bool oracle_pdpte_reserved(const struct oracle_cpu *cpu, uint64_t pdpte)
{
    return oracle_bit(pdpte, 0) && (oracle_any_bit(pdpte, 1, 2) || oracle_any_bit(pdpte, 5, 8) ||
                                    oracle_any_bit(pdpte, cpu->physical_bits, 63));
}

/* ---- rights: SDM 3A 4.6 ---- */

static inline bool oracle_key_denies(const struct oracle_cpu *cpu,
                                     const struct oracle_access *access,
                                     const struct oracle_page *page)
{
    if (!oracle_keys_work(cpu) || !page->user || access->fetch)
        return false;
    if (oracle_bit(cpu->pkru, 2 * page->key))
        return true;
    bool write_disabled = oracle_bit(cpu->pkru, 2 * page->key + 1);
    return write_disabled && access->write && (access->user || (cpu->has_wp && cpu->wp));
}

static inline bool oracle_user_may(const struct oracle_access *access,
                                   const struct oracle_page *page)
{
    if (!page->user)
        return false;
    if (access->fetch)
        return !page->no_execute;
    return access->write ? page->writable : true;
}

static inline bool oracle_supervisor_may(const struct oracle_cpu *cpu,
                                         const struct oracle_access *access,
                                         const struct oracle_page *page)
{
    if (access->fetch)
        return !page->no_execute && !(page->user && cpu->smep);
    if (page->user && cpu->smap && (access->implicit || !cpu->ac))
        return false;
    bool honours_write_bit = cpu->has_wp && cpu->wp;
    return !access->write || page->writable || !honours_write_bit;
}

static inline bool oracle_permits(const struct oracle_cpu *cpu, const struct oracle_access *access,
                                  const struct oracle_page *page)
{
    if (oracle_key_denies(cpu, access, page))
        return false;
    return access->user ? oracle_user_may(access, page) : oracle_supervisor_may(cpu, access, page);
}

/* ---- the error code: SDM 3A 4.7 ---- */

/* `page` is looked at only if the access was refused. */
static inline uint32_t oracle_error(const struct oracle_cpu *cpu,
                                    const struct oracle_access *access, enum oracle_end end,
                                    const struct oracle_page *page)
{
    uint32_t error = 0;
    if (end != ORACLE_NOT_PRESENT)
        error += 1;
    if (access->write)
        error += 2;
    if (access->user)
        error += 4;
    if (end == ORACLE_RESERVED)
        error += 8;
    if (access->fetch && (cpu->smep || (cpu->pae && cpu->nxe)))
        error += 16;
    if (end == ORACLE_REFUSED && oracle_key_denies(cpu, access, page))
        error += 32;
    return error;
}

/* ---- the whole walk ---- */

static inline uint64_t oracle_large_base(const struct oracle_cpu *cpu, uint64_t pde)
{
    uint64_t size = oracle_large_bytes(cpu);
    if (cpu->pae)
        return pde % (UINT64_C(1) << cpu->physical_bits) / size * size;
    uint64_t base = pde / size * size;
    if (cpu->has_pse36)
        base += pde / 0x2000 % 256 * UINT64_C(0x100000000);
    return base;
}

static inline uint64_t oracle_small_base(const struct oracle_cpu *cpu, uint64_t pte)
{
    if (cpu->pae)
        pte %= UINT64_C(1) << cpu->physical_bits;
    return pte / 4096 * 4096;
}

static inline unsigned oracle_key(const struct oracle_cpu *cpu, uint64_t leaf)
{
    if (!cpu->has_keys)
        return 0;
    return (unsigned)(cpu->pae ? leaf / (UINT64_C(1) << 59) % 16 : leaf / 512 % 8);
}

static inline struct oracle_answer oracle_stop(const struct oracle_cpu *cpu,
                                               struct oracle_answer answer, enum oracle_end end,
                                               const struct oracle_access *access)
{
    answer.end = end;
    answer.error = oracle_error(cpu, access, end, &answer.page);
    return answer;
}

static inline void oracle_mark(uint64_t *leaf, uint64_t *upper, bool write)
{
    if (upper)
        *upper |= 32;
    *leaf |= write ? 96 : 32;
}

/* The rights of both entries, or of the one there is. */
static inline struct oracle_page oracle_combine(const struct oracle_cpu *cpu, uint64_t upper,
                                                uint64_t leaf)
{
    struct oracle_page page = {.user = oracle_bit(upper, 2) && oracle_bit(leaf, 2),
                               .writable = oracle_bit(upper, 1) && oracle_bit(leaf, 1),
                               .key = oracle_key(cpu, leaf)};
    page.no_execute = cpu->pae && cpu->nxe && (oracle_bit(upper, 63) || oracle_bit(leaf, 63));
    return page;
}

/*
 * Under PAE `directory` tells whether the PDPTE register is present (it cannot be anything else
 * once loaded); in 32-bit mode it is true. `pte` is the entry that the PDE's table holds for the
 * address; unused for a large page.
 */
static inline struct oracle_answer oracle_translate(const struct oracle_cpu *cpu, bool directory,
                                                    uint64_t pde, uint64_t pte,
                                                    const struct oracle_access *access)
{
    struct oracle_answer answer = {.pde = pde, .pte = pte};
    if (!directory)
        return oracle_stop(cpu, answer, ORACLE_NOT_PRESENT, access);
    answer.reached_pde = true;
    if (!oracle_bit(pde, 0))
        return oracle_stop(cpu, answer, ORACLE_NOT_PRESENT, access);
    if (oracle_pde_reserved(cpu, pde))
        return oracle_stop(cpu, answer, ORACLE_RESERVED, access);
    answer.large = (cpu->pae || cpu->pse) && oracle_bit(pde, 7);
    answer.reached_pte = !answer.large;
    if (answer.reached_pte && !oracle_bit(pte, 0))
        return oracle_stop(cpu, answer, ORACLE_NOT_PRESENT, access);
    if (answer.reached_pte && oracle_pte_reserved(cpu, pte))
        return oracle_stop(cpu, answer, ORACLE_RESERVED, access);

    answer.page = oracle_combine(cpu, pde, answer.large ? pde : pte);
    answer.global = cpu->pge && oracle_bit(answer.large ? pde : pte, 8);
    answer.base = answer.large ? oracle_large_base(cpu, pde) : oracle_small_base(cpu, pte);
    if (!oracle_permits(cpu, access, &answer.page))
        return oracle_stop(cpu, answer, ORACLE_REFUSED, access);

    if (answer.large)
        oracle_mark(&answer.pde, NULL, access->write);
    else
        oracle_mark(&answer.pte, &answer.pde, access->write);
    answer.dirty = oracle_bit(answer.large ? answer.pde : answer.pte, 6);
    return answer;
}

#endif
