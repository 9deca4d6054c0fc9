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
#include <mmsim/event.h>
#include <mmsim/status.h>
#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_machine;
struct mmsim_process; /* owned by its machine; stays valid after the process exited */

/* Simulated errno values: the numbers of Linux on x86. X(NAME, number) */
#define MMSIM_ERRNO_LIST(X)                                                                        \
    X(EPERM, 1)                                                                                    \
    X(ESRCH, 3)                                                                                    \
    X(EIO, 5)                                                                                      \
    X(ENOMEM, 12)                                                                                  \
    X(EACCES, 13)                                                                                  \
    X(EFAULT, 14)                                                                                  \
    X(EBUSY, 16)                                                                                   \
    X(EEXIST, 17)                                                                                  \
    X(EINVAL, 22)

enum mmsim_errno {
    MMSIM_SUCCESS = 0,
#define X(name, number) MMSIM_##name = number,
    MMSIM_ERRNO_LIST(X)
#undef X
};

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
    MMSIM_BUS_ADRERR,  /* a mapping, but nothing behind it */
    MMSIM_SI_KERNEL    /* sent by the kernel: out of memory */
};

const char *mmsim_errno_name(enum mmsim_errno error);       /* "ENOMEM"; "OK" for 0 */
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
 * Forks: the child gets every mapping and shares every present page copy-on-write. Returns 0,
 * ENOMEM (nothing changed), ESRCH (parent is dead), EINVAL (bad or used name).
 * POSIX fork(); Linux fork(2).
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

enum {
    MMSIM_MAP_PRIVATE = 0x02,
    MMSIM_MAP_FIXED = 0x10,
    MMSIM_MAP_ANONYMOUS = 0x20,
    MMSIM_MAP_GROWSDOWN = 0x100,         /* a stack: grows when touched below its start */
    MMSIM_MAP_FIXED_NOREPLACE = 0x100000 /* fixed, but EEXIST instead of replacing */
};

struct mmsim_mapping {
    mmsim_vaddr address; /* hint, or the place with MMSIM_MAP_FIXED; 0 = anywhere */
    uint64_t length;     /* bytes, rounded up to whole pages */
    unsigned prot;       /* MMSIM_PROT_... */
    unsigned flags;      /* MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS, and more of MMSIM_MAP_... */
};

/*
 * Maps memory; nothing is present until it is touched. *address is set only on success. Without an
 * address, mappings go bottom-up from 0x40000000. Returns
 *   EINVAL  length 0; MMSIM_MAP_FIXED at an address that is not page-aligned; unknown prot bits, or
 *           flags other than private anonymous ones
 *   ENOMEM  no room (of addresses, of mappings: 65530, or of kernel memory); a fixed place outside
 *           the user region 0x10000000-0xBFFFFFFF
 *   EEXIST  MMSIM_MAP_FIXED_NOREPLACE over a mapping
 *   ESRCH, EPERM  a dead process; the kernel
 * POSIX mmap(); Linux mmap(2).
 */
enum mmsim_errno mmsim_mmap(struct mmsim_process *process, const struct mmsim_mapping *want,
                            mmsim_vaddr *address);

/*
 * Unmaps all pages of [address, address + length rounded up). No mapping there: done, nothing to
 * do. EINVAL: length 0, address not page-aligned, range beyond the user region. ENOMEM: a mapping
 * must be split and there is no room for the second half. POSIX munmap(); Linux munmap(2).
 */
enum mmsim_errno mmsim_munmap(struct mmsim_process *process, mmsim_vaddr address, uint64_t length);

/*
 * Changes the rights of a range. ENOMEM at the first page that is not mapped: the pages before it
 * have been changed already (Linux's partial effect). Length 0: done. EINVAL: address not
 * page-aligned, unknown prot bits. POSIX mprotect(); Linux mprotect(2).
 */
enum mmsim_errno mmsim_mprotect(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                                unsigned prot);

/* One mapping as /proc/PID/maps would show it. */
struct mmsim_vma_info {
    mmsim_vaddr start, end; /* bytes, end exclusive */
    unsigned prot, flags;
    uint64_t present_pages; /* pages with a present entry, the zero page included */
    const char *name;       /* "stack", "anon"; static storage */
};

/*
 * The mapping that contains `address`, or else the first one above it. Returns false if there is
 * none. Walk all of them by starting at 0 and continuing at info.end.
 */
bool mmsim_vma_find(const struct mmsim_process *process, mmsim_vaddr address,
                    struct mmsim_vma_info *info);

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
    uint32_t kind;  /* MMSIM_ACCESS_READ or MMSIM_ACCESS_WRITE */
};

/*
 * Makes `n` 4-byte references in order: the fast way to run millions. Stops at the first that is
 * refused; `done` counts the references made. Same effects as n calls of mmsim_read/mmsim_write.
 */
struct mmsim_access mmsim_reference_run(struct mmsim_process *process,
                                        struct mmsim_reference *references, size_t n);

#ifdef __cplusplus
}
#endif
#endif
