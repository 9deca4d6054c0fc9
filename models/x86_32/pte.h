/*
 * pte.h - the bits of the two-level (32-bit) paging structures.
 *
 * Source: SDM 3A 4.3 "32-Bit Paging", figure 4-4 and tables 4-4 to 4-6. This table is all that the
 * walker (the MMU's face) and the page-table writer (the kernel's face) share.
 *
 *   bit        31-22     21-17  16-13     12    11-9  8   7    6   5   4    3    2    1    0
 *   CR3        ------- page directory base ------ ignored        PCD  PWT   ignored
 *   PDE table  -------- page table base --------  avl  ign PS=0 ign  A  PCD  PWT  U/S  R/W  P
 *   PDE 4 MiB  31:22     rsvd   39:32    PAT      avl  G   PS=1  D   A  PCD  PWT  U/S  R/W  P
 *   PTE        ------------ page base ----------  avl  G   PAT   D   A  PCD  PWT  U/S  R/W  P
 *
 * An entry with P = 0 has no other meaning for the CPU. The kernel uses bits of such entries:
 *
 *   absent     ------------ page base ----------  kind  .   .    D   A   .    .   U/S  R/W  0
 *
 * where kind 1 is a page held for a mapping that grants no access (MMSIM_ENTRY_HELD).
 */
#ifndef X86_32_PTE_H
#define X86_32_PTE_H

#include <stdint.h>

enum {
    X86_P = 1 << 0,
    X86_RW = 1 << 1,
    X86_US = 1 << 2,
    X86_PWT = 1 << 3,
    X86_PCD = 1 << 4,
    X86_A = 1 << 5,
    X86_D = 1 << 6,
    X86_PS = 1 << 7,      /* in a PDE */
    X86_PTE_PAT = 1 << 7, /* in a PTE */
    X86_G = 1 << 8,
    X86_PDE_PAT = 1 << 12, /* in a PDE that maps 4 MiB */
    X86_ABSENT_KIND = 7 << 9,
    X86_ABSENT_HELD = 1 << 9
};

#define X86_TABLE_ENTRIES 1024u
#define X86_TABLE_BASE UINT32_C(0xFFFFF000)     /* of a PDE that names a table, of a PTE, of CR3 */
#define X86_LARGE_BASE UINT32_C(0xFFC00000)     /* of a PDE that maps 4 MiB */
#define X86_LARGE_HIGH_SHIFT 13                 /* its bits 20:13 are physical 39:32 (PSE-36) */
#define X86_LARGE_RESERVED UINT32_C(0x003FE000) /* 21:13, without PSE-36 */
#define X86_LARGE_RESERVED_36 UINT32_C(0x003E0000) /* 21:17, PSE-36 with 36 address bits */
#define X86_LARGE_HIGH UINT32_C(0x0001E000)        /* 16:13 = physical 35:32 */

#define X86_SMALL_SHIFT 12
#define X86_LARGE_SHIFT 22

static inline uint32_t x86_directory_index(uint64_t address)
{
    return (uint32_t)(address >> 22) & (X86_TABLE_ENTRIES - 1);
}

static inline uint32_t x86_table_index(uint64_t address)
{
    return (uint32_t)(address >> 12) & (X86_TABLE_ENTRIES - 1);
}

/* Physical base of the 4 MiB page of a PDE with PS = 1. */
static inline uint64_t x86_large_base(uint32_t pde)
{
    return (pde & X86_LARGE_BASE) | (uint64_t)((pde & X86_LARGE_HIGH) >> X86_LARGE_HIGH_SHIFT)
                                        << 32;
}

#endif
