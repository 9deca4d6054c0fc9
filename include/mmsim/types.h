/*
 * types.h - the words of the field: addresses, page numbers, access kinds, text sinks.
 *
 * Addresses are 64 bits wide although the first model is a 32-bit machine: PSE-36 and PAE reach
 * beyond 4 GiB of physical memory, and other architectures will come. Page numbers have their own
 * names and never mix with addresses: a vpn is a virtual address >> 12, a pfn a physical one >> 12.
 */
#ifndef MMSIM_TYPES_H
#define MMSIM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t mmsim_vaddr; /* virtual (linear) address, bytes */
typedef uint64_t mmsim_paddr; /* physical address, bytes */
typedef uint64_t mmsim_vpn;   /* virtual page number */
typedef uint32_t mmsim_pfn;   /* physical frame number; 32 bits reach 16 TiB */

#define MMSIM_KIB ((uint64_t)1 << 10)
#define MMSIM_MIB ((uint64_t)1 << 20)
#define MMSIM_GIB ((uint64_t)1 << 30)

#define MMSIM_PAGE_SHIFT 12
#define MMSIM_PAGE_SIZE ((uint64_t)1 << MMSIM_PAGE_SHIFT)
#define MMSIM_PAGE_MASK (MMSIM_PAGE_SIZE - 1)

/* What an access does. An instruction fetch is a kind of its own, as in SDM 3A 4.6. */
enum mmsim_access_kind { MMSIM_ACCESS_READ, MMSIM_ACCESS_WRITE, MMSIM_ACCESS_FETCH };

/*
 * On whose behalf it is done (SDM 3A 4.6): user mode is CPL 3, supervisor mode CPL 0-2. An implicit
 * supervisor access is one that the CPU makes by itself, at any CPL, to a descriptor table, say.
 */
enum mmsim_privilege {
    MMSIM_PRIVILEGE_USER,
    MMSIM_PRIVILEGE_SUPERVISOR,
    MMSIM_PRIVILEGE_IMPLICIT,
    MMSIM_N_PRIVILEGES
};

/*
 * Where printed text goes. The library never writes to a stream by itself: whoever calls a
 * function that prints passes a sink. `write` gets `n_bytes` of UTF-8, not terminated by 0.
 */
struct mmsim_sink {
    void (*write)(void *user, const char *text, size_t n_bytes);
    void *user;
};

#ifdef __cplusplus
}
#endif
#endif
