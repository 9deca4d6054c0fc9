/*
 * pte.h - the bits of every paging-structure entry.
 *
 * Sources: SDM 3A 4.3 "32-Bit Paging", figure 4-4, tables 4-4 to 4-6; 4.4 "PAE Paging", figure 4-7,
 * tables 4-8 to 4-11. This table is all that the walker (the MMU's face) and the page-table writer
 * (the kernel's face) share.
 *
 *   32-bit     31-22     21-17  16-13     12    11-9  8   7    6   5   4    3    2    1    0
 *   CR3        ------- page directory base ------ ignored        PCD  PWT   ignored
 *   PDE table  -------- page table base --------  avl  ign PS=0 ign  A  PCD  PWT  U/S  R/W  P
 *   PDE 4 MiB  31:22     rsvd   39:32    PAT      avl  G   PS=1  D   A  PCD  PWT  U/S  R/W  P
 *   PTE        ------------ page base ----------  avl  G   PAT   D   A  PCD  PWT  U/S  R/W  P
 *
 *   PAE        63   62-59  58-M    (M-1)-21   20-13  12   11-9  8  7    6  5   4    3    2    1   0
 *   PDPTE      rsvd rsvd   rsvd    ------- directory base ----  avl  rsvd      PCD  PWT  rsvd     P
 *   PDE table  XD   rsvd   rsvd    ------- table base --------  avl  ign PS=0 ign A PCD PWT U/S R/W
 * P PDE 2 MiB  XD   rsvd   rsvd    page base  rsvd   PAT  avl   G  PS=1 D  A  PCD  PWT  U/S  R/W  P
 *   PTE        XD   rsvd   rsvd    ------- page base ---------  avl  G  PAT  D  A PCD  PWT  U/S R/W
 * P
 *
 * M is the number of physical address bits. XD is reserved unless EFER.NXE = 1.
 *
 * Protection keys are an extension of this model (FIDELITY.md): a leaf's key stands in bits 11:9
 * under two-level paging (eight keys) and in bits 62:59 under PAE (sixteen), where the SDM has it
 * for four-level paging (4.6.2).
 *
 * An entry with P = 0 has no other meaning for the CPU. The kernel uses bits of such entries; what
 * is not named here stands where a present entry has it, key included:
 *
 *   absent     ------------ page base ----------   key   .   .    D   A   --kind--  U/S  R/W  0
 *
 * where kind (bits 4:3) 1 is a page held for a mapping that grants no access (MMSIM_ENTRY_HELD),
 * 2 a guard (MMSIM_ENTRY_GUARD), 3 a page on swap (MMSIM_ENTRY_SWAP), whose place is the base.
 */
#ifndef X86_32_PTE_H
#define X86_32_PTE_H

#include <stdint.h>

#define X86_P (UINT64_C(1) << 0)
#define X86_RW (UINT64_C(1) << 1)
#define X86_US (UINT64_C(1) << 2)
#define X86_PWT (UINT64_C(1) << 3)
#define X86_PCD (UINT64_C(1) << 4)
#define X86_A (UINT64_C(1) << 5)
#define X86_D (UINT64_C(1) << 6)
#define X86_PS (UINT64_C(1) << 7)      /* in a PDE */
#define X86_PTE_PAT (UINT64_C(1) << 7) /* in a PTE */
#define X86_G (UINT64_C(1) << 8)
#define X86_PDE_PAT (UINT64_C(1) << 12) /* in a PDE that maps a large page */
#define X86_XD (UINT64_C(1) << 63)      /* PAE */

#define X86_ABSENT_KIND_SHIFT 3
#define X86_ABSENT_KIND_MASK 3u

#define X86_KEY_SHIFT_32 9
#define X86_KEYS_32 8u
#define X86_KEY_SHIFT_PAE 59
#define X86_KEYS_PAE 16u

/* 32-bit paging */
#define X86_TABLE_BASE UINT64_C(0xFFFFF000) /* of a PDE that names a table, of a PTE, of CR3 */
#define X86_LARGE_BASE UINT64_C(0xFFC00000) /* of a PDE that maps 4 MiB */
#define X86_LARGE_HIGH_SHIFT 13             /* its bits 20:13 are physical 39:32 (PSE-36) */
#define X86_LARGE_LOW UINT64_C(0x003FE000)  /* its bits 21:13: high address bits, or reserved */
#define X86_LARGE_HIGH UINT64_C(0x001FE000) /* 20:13 */

/* PAE paging */
#define X86_PAE_ADDRESS UINT64_C(0x000FFFFFFFFFF000) /* 51:12; above M reserved */
#define X86_PAE_LARGE_BASE UINT64_C(0x000FFFFFFFE00000)
#define X86_PAE_LARGE_RESERVED UINT64_C(0x001FE000)        /* 20:13 */
#define X86_PAE_HIGH_RESERVED UINT64_C(0x7FF0000000000000) /* 62:52 */
#define X86_PDPTE_RESERVED UINT64_C(0x1E6)                 /* 8:5 and 2:1 */
#define X86_CR3_PAE_BASE UINT64_C(0xFFFFFFE0)

#define X86_SMALL_SHIFT 12
#define X86_LARGE_SHIFT 22     /* 4 MiB */
#define X86_LARGE_SHIFT_PAE 21 /* 2 MiB */
#define X86_PDPTE_SHIFT 30
#define X86_N_PDPTES 4u

/* Physical base of the 4 MiB page of a PDE with PS = 1. */
static inline uint64_t x86_large_base(uint64_t pde)
{
    uint64_t high = (pde & X86_LARGE_HIGH) >> X86_LARGE_HIGH_SHIFT;
    return (pde & X86_LARGE_BASE) | high << 32;
}

#endif
