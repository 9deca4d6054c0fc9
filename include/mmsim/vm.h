/*
 * vm.h - processes, their mappings, and their accesses to memory.
 *
 * Simulated system calls return a simulated errno (0 = done) and follow Linux, partial effects
 * included. Accesses return what happened to the guest as a value. Neither is ever a host error.
 *
 * Everything a process does goes through the MMU at CPL 3: every byte that mmsim_read() delivers
 * was found through the page tables in simulated RAM.
 */
#ifndef MMSIM_VM_H
#define MMSIM_VM_H

#include <mmsim/device.h>
#include <mmsim/errno.h>
#include <mmsim/event.h>
#include <mmsim/file.h>
#include <mmsim/status.h>
#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_machine;
struct mmsim_process; /* owned by its machine; stays valid after the process exited */

/* Signals and the si_code that tells why: POSIX <signal.h>, the numbers of Linux. */
enum mmsim_signal {
    MMSIM_SIGNAL_NONE = 0,
    MMSIM_SIGBUS = 7,
    MMSIM_SIGKILL = 9,
    MMSIM_SIGSEGV = 11
};
enum mmsim_sigcode {
    MMSIM_CODE_NONE,
    MMSIM_SEGV_MAPERR, /* no mapping at that address */
    MMSIM_SEGV_ACCERR, /* a mapping, but not with that right */
    MMSIM_SEGV_PKUERR, /* a protection key refused it */
    MMSIM_BUS_ADRERR,  /* a mapping, but nothing behind it: beyond the end of its file, or the
                          disk, the swap or the large-page pool failed */
    MMSIM_SI_KERNEL    /* sent by the kernel: out of memory */
};

const char *mmsim_signal_name(enum mmsim_signal signal);    /* "SIGSEGV" */
const char *mmsim_sigcode_name(enum mmsim_sigcode code);    /* "SEGV_MAPERR" */
const char *mmsim_signal_describe(enum mmsim_sigcode code); /* "no mapping at that address" */

/* ---- processes ---- */

/*
 * Creates a process: an address space with a stack mapping of which no page is present, and no
 * code. `name` matches [A-Za-z_][A-Za-z0-9_]* with at most 63 characters, is copied, and must be
 * new to the machine; "kernel" is taken. Errors: BAD_ARGUMENT, GUEST_MEMORY, HOST_MEMORY.
 */
enum mmsim_status mmsim_spawn(struct mmsim_machine *machine, const char *name,
                              struct mmsim_process **process, struct mmsim_error *error);

/*
 * Forks: the child gets every mapping (but those with DONTFORK) and shares every present page of
 * private ones copy-on-write; limits, keys and PKRU are inherited, locks are not. Returns 0, ENOMEM
 * (nothing changed), ESRCH (parent is dead), EINVAL (bad or used name). POSIX fork(); Linux
 * fork(2).
 */
enum mmsim_errno mmsim_fork(struct mmsim_process *parent, const char *name,
                            struct mmsim_process **child);

/* Ends a process and returns every frame it held. ESRCH if it is dead; EPERM for the kernel. */
enum mmsim_errno mmsim_exit(struct mmsim_process *process, int code);

/*
 * Makes the process the running one of `cpu`: loads its page tables there if others are loaded (a
 * counted switch). A process may be live on several CPUs; its next accesses and calls happen on the
 * one chosen last. ESRCH if it is dead, EINVAL if there is no such CPU.
 *
 * For the kernel: switches that CPU to a kernel thread, and the kernel's next accesses happen
 * there. The thread needs no user pages, so with lazy flushing (struct mmsim_flush) the tables stay
 * loaded and the process that returns to the CPU finds its TLB entries; without, the kernel's own
 * tables are loaded, and the process's again at its next access or call.
 */
enum mmsim_errno mmsim_run_on(struct mmsim_process *process, unsigned cpu);

/* The CPU on which the process's next access happens. */
unsigned mmsim_process_cpu(const struct mmsim_process *process);

/* By name; NULL if there is none. Dead ones are found too. "kernel" finds mmsim_kernel(). */
struct mmsim_process *mmsim_process_find(struct mmsim_machine *machine, const char *name);

/* In order of creation, the kernel not among them; NULL past the end. Dead ones included. */
struct mmsim_process *mmsim_process_at(struct mmsim_machine *machine, size_t index);

const char *mmsim_process_name(const struct mmsim_process *process);
bool mmsim_process_alive(const struct mmsim_process *process);

/*
 * The kernel as an actor: its accesses go through the MMU at CPL 0 with whatever tables its CPU has
 * loaded. A refused access has outcome ERROR: EFAULT if the MMU refused it, EIO if the bus did. It
 * has no mappings to call for: the system calls below answer EPERM.
 */
struct mmsim_process *mmsim_kernel(struct mmsim_machine *machine);

/* What a signal does. */
enum mmsim_on_signal {
    MMSIM_ON_SIGNAL_DIE,    /* the default action: the process exits */
    MMSIM_ON_SIGNAL_SURVIVE /* as with a handler: the access fails, the process lives on */
};
void mmsim_process_on_signal(struct mmsim_process *process, enum mmsim_on_signal action);

/* ---- mappings ---- */

enum { MMSIM_PROT_NONE = 0, MMSIM_PROT_READ = 1, MMSIM_PROT_WRITE = 2, MMSIM_PROT_EXEC = 4 };

/* The numbers of Linux on x86. */
enum {
    MMSIM_MAP_SHARED = 0x01,
    MMSIM_MAP_PRIVATE = 0x02,
    MMSIM_MAP_SHARED_VALIDATE = 0x03, /* shared, and unknown flags are refused; files only */
    MMSIM_MAP_TYPE = 0x0f,
    MMSIM_MAP_FIXED = 0x10,
    MMSIM_MAP_ANONYMOUS = 0x20,
    MMSIM_MAP_GROWSDOWN = 0x100,  /* a stack: grows when touched below its start */
    MMSIM_MAP_LOCKED = 0x2000,    /* as mlock() would: populated, never taken away */
    MMSIM_MAP_NORESERVE = 0x4000, /* not counted by overcommit, but under MMSIM_OVERCOMMIT_NEVER */
    MMSIM_MAP_POPULATE = 0x8000,  /* touch every page now */
    MMSIM_MAP_NONBLOCK = 0x10000, /* undoes POPULATE */
    MMSIM_MAP_STACK = 0x20000,    /* no large pages */
    MMSIM_MAP_HUGETLB = 0x40000,  /* large pages from the reserved pool */
    MMSIM_MAP_SYNC = 0x80000,     /* for persistent memory, which no simulated file is on */
    MMSIM_MAP_FIXED_NOREPLACE = 0x100000, /* fixed, but EEXIST instead of replacing */
    MMSIM_MAP_OWN_PAGES = 0x1000000 /* no shared zero page: every page gets a frame at its first
                                       touch, as studies of replacement count them */
};

struct mmsim_mapping {
    mmsim_vaddr address;     /* hint, or the place with MMSIM_MAP_FIXED; 0 = anywhere */
    uint64_t length;         /* bytes, rounded up to whole pages */
    unsigned prot;           /* MMSIM_PROT_...; unknown bits are ignored, as Linux does */
    unsigned flags;          /* one of MMSIM_MAP_SHARED, _PRIVATE, _SHARED_VALIDATE; and more */
    struct mmsim_file *file; /* unless MMSIM_MAP_ANONYMOUS; NULL then answers EBADF */
    enum mmsim_file_access access; /* how the descriptor was opened */
    uint64_t offset;               /* into the file, bytes; a multiple of the page size */
};

/*
 * Maps memory; nothing is present until it is touched (unless MMSIM_MAP_POPULATE or _LOCKED).
 * *address is set only on success. Without an address, mappings go bottom-up from the start of the
 * mmap region (0x40000000 without ASLR). Returns
 *   EINVAL  length 0; offset or a fixed address not page-aligned; no type of sharing; a stack that
 *           is shared or of a file; MMSIM_MAP_HUGETLB where there are no large pages
 *   EBADF   no file
 *   EACCES  a descriptor that cannot be read, or shared and writable one that cannot be written
 *   ENODEV  a file that cannot be mapped
 *   ENOMEM  no room (of addresses, of mappings: 65530, of the limit of address space or data, of
 *           memory that may be promised, of the pool, of kernel memory); a fixed place outside the
 *           user region 0x10000000-0xBFFFFFFF
 *   EAGAIN  locked, and more than may be locked; EPERM  locked, and none may be
 *   EEXIST  MMSIM_MAP_FIXED_NOREPLACE over a mapping
 *   EOPNOTSUPP  MMSIM_MAP_SHARED_VALIDATE with a flag that the file does not know
 *   EOVERFLOW   offset + length beyond what a file can have
 *   EPERM   a fixed place over a sealed mapping
 *   ESRCH, EPERM  a dead process; the kernel
 * POSIX mmap(); Linux mmap(2).
 */
enum mmsim_errno mmsim_mmap(struct mmsim_process *process, const struct mmsim_mapping *want,
                            mmsim_vaddr *address);

/*
 * Unmaps all pages of [address, address + length rounded up). No mapping there: done, nothing to
 * do. EINVAL: length 0, address not page-aligned, range beyond the user region. ENOMEM: a mapping
 * must be split and there is no room for the second half. EPERM: a sealed mapping in the range;
 * nothing changed. POSIX munmap(); Linux munmap(2).
 */
enum mmsim_errno mmsim_munmap(struct mmsim_process *process, mmsim_vaddr address, uint64_t length);

/*
 * Changes the rights of a range. ENOMEM at the first page that is not mapped, EACCES at the first
 * mapping that may never have the right, EPERM at a sealed one: the pages before it have been
 * changed already (Linux's partial effect). Length 0: done. EINVAL: address not page-aligned,
 * unknown prot bits. POSIX mprotect(); Linux mprotect(2).
 */
enum mmsim_errno mmsim_mprotect(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                                unsigned prot);

enum { MMSIM_MREMAP_MAYMOVE = 1, MMSIM_MREMAP_FIXED = 2, MMSIM_MREMAP_DONTUNMAP = 4 };

struct mmsim_remap {
    mmsim_vaddr address; /* of what is there */
    uint64_t old_length, new_length;
    unsigned flags;          /* MMSIM_MREMAP_... */
    mmsim_vaddr new_address; /* with FIXED; a hint with DONTUNMAP */
};

/*
 * Grows, shrinks, moves or (old_length 0, shared) duplicates a mapping; pages move by their
 * page-table entries, not by copies. *address is where it is now. EFAULT: not mapped, or the range
 * leaves its mapping; ENOMEM: no room in place and MAYMOVE not given; EINVAL: flags, alignment,
 * new_length 0, overlap; EAGAIN: locked beyond the limit; EPERM: sealed. Linux mremap(2).
 */
enum mmsim_errno mmsim_mremap(struct mmsim_process *process, const struct mmsim_remap *want,
                              mmsim_vaddr *address);

enum { MMSIM_MS_ASYNC = 1, MMSIM_MS_INVALIDATE = 2, MMSIM_MS_SYNC = 4 };

/*
 * Brings what was written through shared mappings of files to the disk (SYNC); ASYNC does nothing
 * by itself, as on Linux: dirty pages are written back in their own time. EBUSY: INVALIDATE and
 * locked. ENOMEM: not all mapped; what is mapped has been synced. EIO: the disk failed.
 * POSIX msync(); Linux msync(2).
 */
enum mmsim_errno mmsim_msync(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                             unsigned flags);

/* The numbers of Linux. */
enum mmsim_advice {
    MMSIM_MADV_NORMAL = 0,
    MMSIM_MADV_RANDOM = 1,     /* no readahead */
    MMSIM_MADV_SEQUENTIAL = 2, /* more readahead */
    MMSIM_MADV_WILLNEED = 3,   /* read now what will be needed */
    MMSIM_MADV_DONTNEED = 4,   /* drop pages: zeros or the file's contents again */
    MMSIM_MADV_FREE = 8,       /* anonymous pages may be dropped instead of swapped */
    MMSIM_MADV_REMOVE = 9,     /* punch a hole into the file or shared memory */
    MMSIM_MADV_DONTFORK = 10,
    MMSIM_MADV_DOFORK = 11,
    MMSIM_MADV_MERGEABLE = 12,
    MMSIM_MADV_UNMERGEABLE = 13,
    MMSIM_MADV_HUGEPAGE = 14,
    MMSIM_MADV_NOHUGEPAGE = 15,
    MMSIM_MADV_DONTDUMP = 16,
    MMSIM_MADV_DODUMP = 17,
    MMSIM_MADV_WIPEONFORK = 18, /* the child finds zeros */
    MMSIM_MADV_KEEPONFORK = 19,
    MMSIM_MADV_COLD = 20,    /* not needed soon */
    MMSIM_MADV_PAGEOUT = 21, /* reclaim now */
    MMSIM_MADV_POPULATE_READ = 22,
    MMSIM_MADV_POPULATE_WRITE = 23,
    MMSIM_MADV_DONTNEED_LOCKED = 24,
    MMSIM_MADV_COLLAPSE = 25, /* into large pages, now */
    MMSIM_MADV_GUARD_INSTALL = 102,
    MMSIM_MADV_GUARD_REMOVE = 103
};

/*
 * ENOMEM if part of the range is not mapped: what is mapped has been advised all the same (the
 * populate ones stop there). EINVAL: unaligned, unknown advice, advice that this kind of mapping
 * cannot take. EFAULT: populating met a page that cannot be had. EPERM: sealed. Linux madvise(2).
 */
enum mmsim_errno mmsim_madvise(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                               enum mmsim_advice advice);

enum { MMSIM_MLOCK_ONFAULT = 1 };
enum { MMSIM_MCL_CURRENT = 1, MMSIM_MCL_FUTURE = 2, MMSIM_MCL_ONFAULT = 4 };

/*
 * Locked pages are populated at once (unless ONFAULT) and never taken away. ENOMEM: a hole (what
 * comes before it is locked), the limit, or a page that cannot be had; EPERM: the limit is 0;
 * EAGAIN: out of memory while populating. POSIX mlock(), mlockall(); Linux mlock(2).
 */
enum mmsim_errno mmsim_mlock(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                             unsigned flags);
enum mmsim_errno mmsim_munlock(struct mmsim_process *process, mmsim_vaddr address, uint64_t length);
enum mmsim_errno mmsim_mlockall(struct mmsim_process *process, unsigned flags);
enum mmsim_errno mmsim_munlockall(struct mmsim_process *process);

/*
 * For each page of the range, whether touching it needs no I/O: stores 1 or 0 in
 * vector[0 .. length rounded up / page size). ENOMEM: not all mapped. Linux mincore(2).
 */
enum mmsim_errno mmsim_mincore(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                               uint8_t *vector);

/*
 * Moves the end of the heap region; `wanted` 0, or one that cannot be, moves nothing. *now is where
 * the end is. ENOMEM: it could not be moved there. Linux brk(2).
 */
enum mmsim_errno mmsim_brk(struct mmsim_process *process, mmsim_vaddr wanted, mmsim_vaddr *now);

/* Seals mappings: no unmap, move, protect, or discard any more. EINVAL, ENOMEM. Linux mseal(2). */
enum mmsim_errno mmsim_mseal(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                             unsigned flags);

/* ---- limits ---- */

enum mmsim_resource {
    MMSIM_LIMIT_DATA,          /* private writable memory; bytes */
    MMSIM_LIMIT_STACK,         /* size of one stack; 8 MiB */
    MMSIM_LIMIT_MEMORY_LOCKED, /* mlock; 8 MiB */
    MMSIM_LIMIT_ADDRESS_SPACE, /* all mappings */
    MMSIM_N_LIMITS
};
#define MMSIM_UNLIMITED UINT64_MAX

/* Inherited by fork. EINVAL: no such resource. POSIX setrlimit(), getrlimit(). */
enum mmsim_errno mmsim_set_limit(struct mmsim_process *process, enum mmsim_resource resource,
                                 uint64_t bytes);
uint64_t mmsim_limit(const struct mmsim_process *process, enum mmsim_resource resource);
const char *mmsim_limit_name(enum mmsim_resource resource); /* "stack"; NULL: there is none */

/* ---- protection keys (SDM 3A 4.6.2; Linux pkeys(7)) ---- */

enum { MMSIM_PKEY_DISABLE_ACCESS = 1, MMSIM_PKEY_DISABLE_WRITE = 2 };

/*
 * Takes a free key and sets the caller's rights to it. EINVAL: flags not 0, unknown rights; ENOSPC:
 * none is free, or the CPU has no keys.
 */
enum mmsim_errno mmsim_pkey_alloc(struct mmsim_process *process, unsigned flags, unsigned rights,
                                  int *key);
/* Pages keep the key: it must not be given out again before they have another. EINVAL. */
enum mmsim_errno mmsim_pkey_free(struct mmsim_process *process, int key);
/* mprotect() that also tags the pages; key -1 = as mprotect() does. EINVAL: not allocated. */
enum mmsim_errno mmsim_pkey_mprotect(struct mmsim_process *process, mmsim_vaddr address,
                                     uint64_t length, unsigned prot, int key);

/* PKRU of the process: two bits a key, access-disable and write-disable. Starts as 0x55555554. */
uint32_t mmsim_pkru(const struct mmsim_process *process);
enum mmsim_errno mmsim_wrpkru(struct mmsim_process *process, uint32_t pkru);

/* ---- looking at mappings ---- */

/* What a mapping is beyond prot; the two-letter names are those of Linux's VmFlags. */
enum mmsim_vma_flag {
    MMSIM_VMA_SHARED = 1 << 0,         /* sh */
    MMSIM_VMA_GROWSDOWN = 1 << 1,      /* gd */
    MMSIM_VMA_LOCKED = 1 << 2,         /* lo */
    MMSIM_VMA_LOCKED_ONFAULT = 1 << 3, /* lf */
    MMSIM_VMA_DONTFORK = 1 << 4,       /* dc */
    MMSIM_VMA_WIPEONFORK = 1 << 5,     /* wf */
    MMSIM_VMA_SEQUENTIAL = 1 << 6,     /* sr */
    MMSIM_VMA_RANDOM = 1 << 7,         /* rr */
    MMSIM_VMA_NORESERVE = 1 << 8,      /* nr */
    MMSIM_VMA_ACCOUNTED = 1 << 9,      /* ac: counted by overcommit */
    MMSIM_VMA_HUGEPAGE = 1 << 10,      /* hg */
    MMSIM_VMA_NOHUGEPAGE = 1 << 11,    /* nh */
    MMSIM_VMA_SEALED = 1 << 12,        /* sl */
    MMSIM_VMA_MAY_READ = 1 << 13,      /* mr: mprotect may grant it */
    MMSIM_VMA_MAY_WRITE = 1 << 14,     /* mw */
    MMSIM_VMA_MAY_EXEC = 1 << 15,      /* me */
    MMSIM_VMA_HUGETLB = 1 << 16,       /* ht: pages of the large-page pool */
    MMSIM_VMA_DEVICE = 1 << 17,        /* pf: device registers, no RAM */
    MMSIM_VMA_STACK = 1 << 18,         /* the stack that the process started with */
    MMSIM_VMA_HEAP = 1 << 19,          /* what brk() moves */
    MMSIM_VMA_DONTDUMP = 1 << 20,      /* dd */
    MMSIM_VMA_MERGEABLE = 1 << 21,     /* mg */
    MMSIM_VMA_OWN_PAGES = 1 << 22      /* the shared zero page is not mapped */
};

/* One mapping as /proc/PID/smaps would show it. */
struct mmsim_vma_info {
    mmsim_vaddr start, end;  /* bytes, end exclusive */
    unsigned prot, flags;    /* MMSIM_PROT_..., MMSIM_VMA_... */
    uint64_t present_pages;  /* pages with a present entry, the zero page included */
    const char *name;        /* "stack", "heap", "anon", "shared", or the file's or device's name */
    struct mmsim_file *file; /* NULL: none, or anonymous */
    uint64_t offset;         /* into the file or shared object, bytes */
    uint8_t key;
};

/*
 * The mapping that contains `address`, or else the first one above it. Returns false if there is
 * none. Walk all of them by starting at 0 and continuing at info.end.
 */
bool mmsim_vma_find(const struct mmsim_process *process, mmsim_vaddr address,
                    struct mmsim_vma_info *info);

/* What stands behind a page. */
enum mmsim_page_kind {
    MMSIM_PAGE_ABSENT,
    MMSIM_PAGE_ZERO,   /* the shared page of zeros */
    MMSIM_PAGE_ANON,   /* a frame of its own, or shared copy-on-write */
    MMSIM_PAGE_FILE,   /* a page of the page cache, or of shared memory */
    MMSIM_PAGE_GUARD,  /* MMSIM_MADV_GUARD_INSTALL */
    MMSIM_PAGE_SWAP,   /* out on swap */
    MMSIM_PAGE_DEVICE, /* registers */
    MMSIM_N_PAGE_KINDS
};
const char *mmsim_page_kind_name(enum mmsim_page_kind kind); /* "anon" */

struct mmsim_page_info {
    enum mmsim_page_kind kind;
    mmsim_pfn frame;     /* ANON, FILE, ZERO */
    uint32_t n_mappings; /* entries that name the frame, of all processes */
    bool accessed, dirty, writable;
    bool large;                     /* part of a large page */
    bool cache_dirty, in_writeback; /* FILE: differs from the disk; is being written to it */
};

/* The page at `address` of a process; changes nothing. False: a dead process or the kernel. */
bool mmsim_page_find(const struct mmsim_process *process, mmsim_vaddr address,
                     struct mmsim_page_info *info);

/* The sums of /proc/PID/smaps over [start, end); pages, but for pss. */
struct mmsim_smaps {
    uint64_t rss;       /* pages present, the zero page left out */
    uint64_t pss_bytes; /* each page divided by the number of its mappings */
    uint64_t shared_clean, shared_dirty, private_clean, private_dirty;
    uint64_t referenced; /* accessed since the bit was last cleared */
    uint64_t anonymous, swap, locked;
    uint64_t large; /* pages that are parts of large pages */
};
void mmsim_smaps_read(const struct mmsim_process *process, mmsim_vaddr start, mmsim_vaddr end,
                      struct mmsim_smaps *smaps);

/*
 * Maps whole pages of a device's window (its bus address) into a process, uncached and shared,
 * where there is room: what remap_pfn_range() does for mmap() of /dev/... on Linux. EINVAL: not
 * whole pages; ENXIO: no window is there; ENOMEM, ESRCH, EPERM.
 */
enum mmsim_errno mmsim_map_device(struct mmsim_process *process, mmsim_paddr physical,
                                  uint64_t length, unsigned prot, mmsim_vaddr *address);

/* Where the regions of a process begin; the stack's end. The same for all without CONFIG_ASLR.
 * False: a dead process or the kernel. */
struct mmsim_regions {
    mmsim_vaddr code, heap, mmap, shared, stack_end;
};
bool mmsim_regions_read(const struct mmsim_process *process, struct mmsim_regions *regions);

/* What a process can both write and execute (W^X), in pages of its mappings. */
struct mmsim_audit {
    uint64_t n_mapped;
    uint64_t n_writable_executable; /* that have both rights */
    uint64_t n_leaking; /* without the right to be executed, but the execute mode lets them */
    mmsim_vaddr first_writable_executable; /* 0: none */
    mmsim_vaddr first_leaking;             /* 0: none */
};
void mmsim_audit_read(const struct mmsim_process *process, struct mmsim_audit *audit);

/* ---- accesses ---- */

enum mmsim_outcome {
    MMSIM_DONE,
    MMSIM_ERROR, /* `error` says which */
    MMSIM_SIGNAL /* `signal`, `code`, `address` */
};

/* What happened to the guest. */
struct mmsim_access {
    enum mmsim_outcome outcome;
    enum mmsim_errno error; /* ESRCH: the process is dead; EFAULT: the kernel was refused; EIO: the
                               bus refused an access to a device, and a load read all ones */
    enum mmsim_signal signal;
    enum mmsim_sigcode code;
    mmsim_vaddr address;            /* of the signal or error: the first byte that was refused */
    enum mmsim_fault_kind fault;    /* the kind of the first fault taken; NONE if none was */
    uint32_t n_faults;              /* faults taken */
    uint64_t done;                  /* bytes transferred, or references made */
    enum mmsim_bus_error bus_error; /* with EIO: why */
    uint8_t key;                    /* SEGV_PKUERR: the key that refused it */
};

/*
 * Loads and stores. Up to 8 bytes are one access of the CPU: if it straddles two pages both are
 * translated before a byte moves, so nothing is stored when the second one faults. More bytes are a
 * series of accesses of at most 8 bytes, cut at multiples of 8; `done` says how far they came.
 * MAPERR and ACCERR give the address of the first byte that was refused.
 */
struct mmsim_access mmsim_read(struct mmsim_process *process, mmsim_vaddr address, void *buffer,
                               size_t n_bytes);
struct mmsim_access mmsim_write(struct mmsim_process *process, mmsim_vaddr address,
                                const void *buffer, size_t n_bytes);

/* One instruction fetch: the byte at `address` is read as code. Nothing is executed. */
struct mmsim_access mmsim_fetch(struct mmsim_process *process, mmsim_vaddr address);

/* One 4-byte reference of a batch. */
struct mmsim_reference {
    mmsim_vaddr address;
    uint32_t value; /* what a store stores; a load leaves what it read here */
    uint32_t kind;  /* MMSIM_ACCESS_...; a fetch leaves what it read as a load does */
};

/*
 * Makes `n` 4-byte references in order: the fast way to run millions. Stops at the first that is
 * refused; `done` counts the references made. Same effects as n calls of mmsim_read/mmsim_write/
 * mmsim_fetch.
 */
struct mmsim_access mmsim_reference_run(struct mmsim_process *process,
                                        struct mmsim_reference *references, size_t n);

#ifdef __cplusplus
}
#endif
#endif
