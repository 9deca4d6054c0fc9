/*
 * vectors.h - the sets of test vectors, made by one generator on both sides: in the test kernel
 * that runs inside QEMU and in the program that writes them as text for mmsim-vectors.
 *
 *   product-32, product-pae   every combination of the bits that paging defines: control bits,
 *                             entries, kinds of access, CPL 0 and 3. Left out is what only repeats
 *                             another combination: bits of an entry that is not present vary
 *                             together, and what lies behind a large page or an absent table does
 *                             not vary
 *   random-32, random-pae     100,000 vectors of random bits, seeded by their number
 *
 * Freestanding: no library. A vector is a line `one` of mmsim-vectors.
 *
 * What a machine can be asked limits the entries: an access that succeeds has to reach RAM. Present
 * leaves name frames of 64-128 MiB or of 4 GiB-4 GiB+64 MiB, and present tables lie in 32-64 MiB;
 * their other bits, and all bits of absent entries, are arbitrary.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CTL_WP = 1 << 0,
    CTL_PSE = 1 << 1,
    CTL_PGE = 1 << 2,
    CTL_SMEP = 1 << 3,
    CTL_SMAP = 1 << 4,
    CTL_NXE = 1 << 5,
    CTL_AC = 1 << 6,
    CTL_PAE = 1 << 7,
    CTL_PKE = 1 << 9,
    CTL_SPLIT = 1 << 10
};

enum access { ACC_READ, ACC_WRITE, ACC_FETCH, ACC_LOCKED, ACC_IMPLICIT, ACC_READ_BYTE, N_ACC };

#define BIT(n) (UINT64_C(1) << (n))
#define ENTRY_P BIT(0)
#define ENTRY_RW BIT(1)
#define ENTRY_US BIT(2)
#define ENTRY_A BIT(5)
#define ENTRY_D BIT(6)
#define ENTRY_PS BIT(7)
#define ENTRY_G BIT(8)
#define ENTRY_XD BIT(63)

/* Where a frame has what an access may meet: what lies there tells the frame's number. */
enum stamp {
    STAMP_SECOND = 0x000,     /* the second half of an access that began at the ..._LAST ones */
    STAMP_WORD = 0x004,       /* data */
    STAMP_DESCRIPTOR = 0x008, /* a segment descriptor */
    STAMP_ODD_WORD = 0x123,
    STAMP_CODE = 0x400, /* an instruction that loads the number, and a software interrupt */
    STAMP_ODD_CODE = 0xa37,
    STAMP_HIGH_WORD = 0xff8,
    STAMP_CODE_LAST = 0xffd,
    STAMP_WORD_LAST = 0xffe
};

struct vector {
    uint32_t id; /* its number in the set */
    enum access access;
    uint32_t cpl, control, address;
    uint64_t pde, pte, pte2;
};

enum set { SET_PRODUCT_32, SET_PRODUCT_PAE, SET_RANDOM_32, SET_RANDOM_PAE, N_SETS };

extern const char *const set_names[N_SETS];

struct vector_source {
    enum set set;
    uint32_t n_made;
    uint32_t control, entries, access, user; /* where a product stands */
    uint64_t pde, pte;
};

void vectors_start(struct vector_source *source, enum set set);

/* False: there are no more. */
bool vectors_next(struct vector_source *source, struct vector *vector);

static inline bool is_pae(const struct vector *vector)
{
    return (vector->control & CTL_PAE) != 0;
}

static inline bool is_large(const struct vector *vector)
{
    return (vector->pde & ENTRY_PS) && (is_pae(vector) || (vector->control & CTL_PSE));
}

#endif
