/*
 * oracle.h - what two-level paging must do, said a second time and in another way.
 *
 * The judge of the tests of the model and of the MMU. It shares no line, table or constant with
 * models/: the bits below are written from the manual again. It is slow, branches freely, and takes
 * entries as plain numbers; the caller reads them from memory and compares them afterwards.
 *
 * Sources: SDM 3A 4.3 (formats, reserved bits), 4.6.1 (rights), 4.7 (error code), 4.8 (accessed and
 * dirty). The 80386 has no CR0.WP: Intel 80386 Programmer's Reference Manual 6.4.
 */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include <mmsim/types.h>

/* The CPU and the bits of its control registers that matter here. */
struct oracle_cpu {
    bool has_wp, has_pat, has_pse36; /* abilities */
    bool wp, pse, pge;               /* CR0.WP, CR4.PSE, CR4.PGE */
};

struct oracle_access {
    bool write, fetch, user; /* neither write nor fetch: a load */
};

enum oracle_end { ORACLE_TRANSLATED, ORACLE_NOT_PRESENT, ORACLE_RESERVED, ORACLE_REFUSED };

struct oracle_answer {
    enum oracle_end end;
    uint32_t error;      /* as pushed; 0 if translated */
    bool large;          /* the PDE is the leaf */
    bool reached_pte;    /* the PTE was read */
    uint64_t base;       /* of the page; translated or refused */
    bool user, writable; /* both entries together; translated or refused */
    bool global;         /* as a TLB would hold it */
    uint32_t pde, pte;   /* the entries afterwards */
    bool dirty;          /* of the leaf afterwards */
};

static inline bool oracle_bit(uint32_t word, unsigned number)
{
    return word / (UINT32_C(1) << number) % 2 == 1;
}

static inline bool oracle_any_bit(uint32_t word, unsigned from, unsigned to)
{
    for (unsigned number = from; number <= to; number++)
        if (oracle_bit(word, number))
            return true;
    return false;
}

/* SDM 3A 4.3: reserved bits exist only while CR4.PSE = 1. */
static inline bool oracle_pde_reserved(const struct oracle_cpu *cpu, uint32_t pde)
{
    if (!cpu->pse || !oracle_bit(pde, 7))
        return false;
    if (!cpu->has_pat && oracle_bit(pde, 12))
        return true;
    return cpu->has_pse36 ? oracle_any_bit(pde, 17, 21) : oracle_any_bit(pde, 13, 21);
}

static inline bool oracle_pte_reserved(const struct oracle_cpu *cpu, uint32_t pte)
{
    return cpu->pse && !cpu->has_pat && oracle_bit(pte, 7);
}

/* May the access be made to a page with these combined rights? SDM 3A 4.6.1, without execute bit.
 */
static inline bool oracle_permits(const struct oracle_cpu *cpu, const struct oracle_access *access,
                                  bool user_page, bool writable)
{
    if (access->user) {
        if (!user_page)
            return false;
        return access->write ? writable : true;
    }
    if (!access->write)
        return true;
    bool honours_write_bit = cpu->has_wp && cpu->wp;
    return writable || !honours_write_bit;
}

/* Without NX and SMEP a fetch looks like a load in the error code. */
static inline uint32_t oracle_error(const struct oracle_access *access, enum oracle_end end)
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
    return error;
}

static inline uint64_t oracle_large_base(const struct oracle_cpu *cpu, uint32_t pde)
{
    uint64_t base = pde / UINT32_C(0x400000) * UINT64_C(0x400000);
    if (cpu->has_pse36)
        base += (uint64_t)(pde / 0x2000 % 16) * UINT64_C(0x100000000);
    return base;
}

static inline struct oracle_answer oracle_stop(struct oracle_answer answer, enum oracle_end end,
                                               const struct oracle_access *access)
{
    answer.end = end;
    answer.error = oracle_error(access, end);
    return answer;
}

static inline void oracle_mark(uint32_t *leaf, uint32_t *upper, bool write)
{
    if (upper)
        *upper |= 32;
    *leaf |= write ? 96 : 32;
}

/* `pte` is the entry that the PDE's table holds for the address; unused for a large page. */
static inline struct oracle_answer oracle_translate(const struct oracle_cpu *cpu, uint32_t pde,
                                                    uint32_t pte,
                                                    const struct oracle_access *access)
{
    struct oracle_answer answer = {.pde = pde, .pte = pte};
    if (!oracle_bit(pde, 0))
        return oracle_stop(answer, ORACLE_NOT_PRESENT, access);
    if (oracle_pde_reserved(cpu, pde))
        return oracle_stop(answer, ORACLE_RESERVED, access);
    answer.large = cpu->pse && oracle_bit(pde, 7);
    answer.reached_pte = !answer.large;
    if (answer.reached_pte && !oracle_bit(pte, 0))
        return oracle_stop(answer, ORACLE_NOT_PRESENT, access);
    if (answer.reached_pte && oracle_pte_reserved(cpu, pte))
        return oracle_stop(answer, ORACLE_RESERVED, access);

    uint32_t both = answer.large ? pde : pde & pte;
    answer.writable = oracle_bit(both, 1);
    answer.user = oracle_bit(both, 2);
    answer.global = cpu->pge && oracle_bit(answer.large ? pde : pte, 8);
    answer.base = answer.large ? oracle_large_base(cpu, pde) : pte / 4096 * UINT64_C(4096);
    if (!oracle_permits(cpu, access, answer.user, answer.writable))
        return oracle_stop(answer, ORACLE_REFUSED, access);

    if (answer.large)
        oracle_mark(&answer.pde, NULL, access->write);
    else
        oracle_mark(&answer.pte, &answer.pde, access->write);
    answer.dirty = oracle_bit(answer.large ? answer.pde : answer.pte, 6);
    return answer;
}

#endif
