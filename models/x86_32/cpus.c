/*
 * cpus.c - CPU presets as one table: abilities, TLB geometry, clock, cycle costs.
 *
 * TLB geometry: i386, Intel 386 DX Programmer's Reference Manual 10.6 (one TLB, 8 sets x 4 ways);
 * i486, Intel486 manuals (one TLB, 8 sets x 4 ways); Pentium, Pentium Processor Developer's Manual
 * (instruction 32 x 4-way, fetches from a 4 MiB page fill it with 4 KiB pieces; data 64 x 4-way and
 * 8 x 4-way for 4 MiB); Pentium III, CPUID
 * leaf 2 descriptors 01 02 03 04; later ones, the descriptors named in their rows (SDM 2A, CPUID).
 * Where a descriptor stands for places that 4 KiB and large pages share, large pages take them as
 * 4 KiB pieces. Sizes of paging-structure caches are not published: those here are chosen.
 *
 * Cycle costs: from the instruction tables of those manuals where they state them, else chosen as
 * orders of magnitude; FIDELITY.md says which is which, number by number.
 */
#include "x86_32/model.h"

#define ABILITIES_486                                                                              \
    (MMSIM_CPU_INVALIDATE_PAGE | MMSIM_CPU_WRITE_PROTECT | MMSIM_CPU_CACHE_DISABLE)
#define ABILITIES_PENTIUM (ABILITIES_486 | MMSIM_CPU_LARGE_PAGES)
#define ABILITIES_P6 (ABILITIES_PENTIUM | MMSIM_CPU_GLOBAL_PAGES | MMSIM_CPU_PAE)
#define ABILITIES_NX (ABILITIES_P6 | MMSIM_CPU_NO_EXECUTE)
#define FEATURES_P6                                                                                \
    (X86_HAS_CR4 | X86_HAS_PSE | X86_HAS_PGE | X86_HAS_PSE36 | X86_HAS_PAT | X86_HAS_WP |          \
     X86_HAS_PAE)

const struct mmsim_cpu_preset mm_x86_presets[] = {
    {
        .name = "i386",
        .summary = "1985: no INVLPG, no write protection for the kernel, one TLB of 32 entries",
        .source = "386 DX Programmer's Reference Manual 10.6",
        .mhz = 33,
        .physical_bits = 32,
        .unified = true,
        .dtlb_small = {8, 4},
        .costs = {.access = 4, .walk_level = 9, .fault = 181, .load_root = 5, .interrupt = 500},
    },
    {
        .name = "i486",
        .summary = "1989: adds INVLPG and CR0.WP; one TLB of 32 entries",
        .source = "Embedded Intel486 Processor Family Developer's Manual",
        .replacement = MMSIM_REPLACE_PSEUDO_LRU,
        .abilities = ABILITIES_486,
        .features = X86_HAS_WP,
        .mhz = 66,
        .physical_bits = 32,
        .unified = true,
        .dtlb_small = {8, 4},
        .costs = {.access = 1,
                  .walk_level = 7,
                  .fault = 107,
                  .invalidate = 12,
                  .load_root = 4,
                  .interrupt = 500},
    },
    {
        .name = "pentium",
        .summary = "1993: adds 4 MiB pages (PSE); separate TLBs for fetches and data",
        .source = "Pentium Processor Family Developer's Manual",
        .abilities = ABILITIES_PENTIUM,
        .features = X86_HAS_CR4 | X86_HAS_PSE | X86_HAS_WP,
        .mhz = 133,
        .physical_bits = 32,
        .itlb_small = {8, 4},
        .dtlb_small = {16, 4},
        .dtlb_large = {2, 4},
        .costs = {.access = 1,
                  .walk_level = 8,
                  .fault = 150,
                  .invalidate = 25,
                  .load_root = 21,
                  .interrupt = 700},
    },
    {
        .name = "pentium-3",
        .summary = "1999: adds PAE, global pages (PGE), PSE-36 and PAT; the default",
        .source = "SDM 2A, CPUID leaf 2 descriptors 01 02 03 04",
        .abilities = ABILITIES_P6,
        .features = FEATURES_P6,
        .mhz = 800,
        .physical_bits = 36,
        .itlb_small = {8, 4},
        .itlb_large = {1, 2},
        .dtlb_small = {16, 4},
        .dtlb_large = {2, 4},
        .costs = {.access = 1,
                  .walk_level = 10,
                  .fault = 400,
                  .invalidate = 30,
                  .load_root = 40,
                  .interrupt = 1000},
    },
    {
        .name = "pentium-4",
        .summary = "2000: larger TLBs in which 4 KiB and large pages share the places",
        .source = "CPUID leaf 2 descriptors 50 5B (SDM 2A)",
        .abilities = ABILITIES_P6,
        .features = FEATURES_P6,
        .mhz = 1500,
        .physical_bits = 36,
        .itlb_small = {1, 64},
        .dtlb_small = {1, 64},
        .costs = {.access = 1,
                  .walk_level = 20,
                  .fault = 1200,
                  .invalidate = 500,
                  .load_root = 150,
                  .interrupt = 2500},
    },
    {
        .name = "core-2",
        .summary = "2006: two levels of data TLB; a paging-structure cache; NX",
        .source = "CPUID leaf 2 descriptors 05 56 57 B0 B1 B4 (SDM 2A)",
        .abilities = ABILITIES_NX,
        .features = FEATURES_P6 | X86_HAS_NX,
        .mhz = 2500,
        .physical_bits = 36,
        .itlb_small = {32, 4},
        .itlb_large = {1, 4},
        .dtlb_small = {4, 4},
        .dtlb_large = {4, 4},
        .second_small = {64, 4},
        .second_large = {8, 4},
        .second_data_only = true,
        .walk_cache = 16,
        .costs = {.access = 1,
                  .second_level = 2,
                  .walk_level = 8,
                  .fault = 700,
                  .invalidate = 100,
                  .load_root = 80,
                  .interrupt = 1500},
    },
    {
        .name = "nehalem",
        .summary = "2008: a second-level TLB for code and data together",
        .source = "CPUID leaf 2 descriptors 55 03 5A B0 CA (SDM 2A)",
        .abilities = ABILITIES_NX,
        .features = FEATURES_P6 | X86_HAS_NX,
        .mhz = 2660,
        .physical_bits = 36,
        .itlb_small = {32, 4},
        .itlb_large = {1, 7},
        .dtlb_small = {16, 4},
        .dtlb_large = {8, 4},
        .second_small = {128, 4},
        .walk_cache = 32,
        .costs = {.access = 1,
                  .second_level = 7,
                  .walk_level = 8,
                  .fault = 800,
                  .invalidate = 110,
                  .load_root = 90,
                  .interrupt = 1800},
    },
    {
        .name = "modern",
        .summary = "a recent core in 32-bit mode: adds SMEP, SMAP, and keys as an extension",
        .source = "geometry of Haswell, CPUID leaf 2 descriptors 63 03 76 B5 C1 (SDM 2A)",
        .abilities = ABILITIES_NX | MMSIM_CPU_SMEP | MMSIM_CPU_SMAP | MMSIM_CPU_KEYS,
        .features =
            FEATURES_P6 | X86_HAS_NX | X86_HAS_SMEP | X86_HAS_SMAP | X86_HAS_PKE | X86_HAS_KEYS,
        .mhz = 3400,
        .physical_bits = 36,
        .itlb_small = {8, 8},
        .itlb_large = {1, 8},
        .dtlb_small = {16, 4},
        .dtlb_large = {8, 4},
        .second_small = {128, 8},
        .walk_cache = 32,
        .costs = {.access = 1,
                  .second_level = 7,
                  .walk_level = 8,
                  .fault = 1000,
                  .invalidate = 120,
                  .load_root = 100,
                  .interrupt = 2000},
    },
    {0},
};

const struct mmsim_cpu_feature mm_x86_features[] = {
    {"cr4", "the register CR4", X86_HAS_CR4, 0},
    {"pse", "4 MiB pages", X86_HAS_PSE, MMSIM_CPU_LARGE_PAGES},
    {"pge", "global pages", X86_HAS_PGE, MMSIM_CPU_GLOBAL_PAGES},
    {"pse36", "4 MiB pages above 4 GiB", X86_HAS_PSE36, 0},
    {"pat", "page attribute table: bit 7 of a PTE, bit 12 of a large PDE", X86_HAS_PAT, 0},
    {"wp", "CR0.WP", X86_HAS_WP, MMSIM_CPU_WRITE_PROTECT},
    {"pae", "three-level paging", X86_HAS_PAE, MMSIM_CPU_PAE},
    {"nx", "execute-disable bit, with PAE", X86_HAS_NX, MMSIM_CPU_NO_EXECUTE},
    {"smep", "no supervisor fetch from user pages", X86_HAS_SMEP, MMSIM_CPU_SMEP},
    {"smap", "no supervisor access to user pages", X86_HAS_SMAP, MMSIM_CPU_SMAP},
    {"pke", "CR4.PKE and PKRU; without effect in 32-bit and PAE mode", X86_HAS_PKE, 0},
    {"pkeys", "protection keys in 32-bit and PAE mode: an extension", X86_HAS_KEYS, MMSIM_CPU_KEYS},
    {0},
};
