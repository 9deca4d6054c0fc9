/*
 * disk.h - a block device: blocks of one page each, requests that take simulated time, failures.
 *
 * The device works on one request at a time, in the order in which they were submitted. A request
 * costs a seek and so much for each of its blocks (struct mmsim_disk).
 *
 *   write   submit: the bytes are on their way --the clock passes--> on the platter, done(ok)
 *   read    submit: the bytes are in the frames, to be used when the clock has passed
 *
 * What is on its way is a copy: the page may be stored to meanwhile. A crash loses it. The platter
 * is host memory that costs nothing where nothing was written, or a file of the host's.
 *
 * Requests can be made to fail, always the same ones, and the power to fail as the N-th write is
 * about to reach the platter: those before it are there, and from then on every request fails,
 * until mm_disk_crash() turns the power on again.
 *
 * A request of no blocks writes what is known of a file: its size and where its pages are. Where
 * the device keeps that is not modelled; it costs as much as one block.
 *
 * A request may pass over blocks, where its page is NULL: they are neither moved nor paid for.
 *
 * Invariants: (1) requests under way complete in the order of the queue, none later than
 * busy_until; (2) each has a stretch of the staging area of its own; (3) blocks lie on
 * the device, and no block is under way twice.
 */
#ifndef MM_HW_DISK_H
#define MM_HW_DISK_H

#include <mmsim/file.h>
#include <mmsim/machine.h>

#include "hw/clock.h"

enum {
    MM_DISK_REQUEST_BLOCKS = 32, /* at most so many in one */
    MM_DISK_QUEUE = 32           /* writes under way; one more has to wait */
};

#define MM_DISK_NONE UINT64_MAX /* no time, no block */

/* What can be made to happen on purpose. */
enum mm_disk_mishap {
    MM_DISK_READ_FAILS,
    MM_DISK_WRITE_FAILS,
    MM_DISK_POWER_FAILS, /* counts writes as they complete */
    MM_N_DISK_MISHAPS
};

struct mm_disk_rule {
    uint64_t nth;   /* the n-th request from now on, once; 0 = no such rule */
    uint64_t every; /* every n-th; 0 = no such rule */
};

/* A rule, and what has come of it since it was set. */
struct mm_disk_trap {
    struct mm_disk_rule rule;
    uint64_t n_counted, n_failures;
};

/* A write under way. */
struct mm_disk_write {
    uint64_t block;
    uint32_t n_blocks; /* 0: metadata */
    uint32_t staged;   /* index of its first block in the staging area */
    uint32_t passed;   /* bit i: block + i is passed over; set by mm_disk_submit() */
    void *owner;       /* of whoever submitted it */
    uint64_t tag;      /* the same */
    uint64_t completes_at;
    bool fails;
};

struct mm_disk_setup {
    const struct mmsim_disk *config;
    uint64_t (*now)(void *user); /* simulated time */
    void *user;
    struct mm_clock *clock;     /* charged with what is waited for */
    struct mm_disk_trap *traps; /* MM_N_DISK_MISHAPS that several disks share; NULL: its own */
};

struct mm_disk {
    struct mm_disk_setup setup;
    struct mmsim_disk config; /* without its path */
    uint64_t n_blocks;
    uint8_t *platter; /* NULL: in the host's file */
    int file;
    uint8_t *staging;
    uint64_t busy_until;
    struct mm_disk_write queue[MM_DISK_QUEUE]; /* a ring */
    uint32_t first, n_queued;
    bool is_off; /* the power has failed */
    struct mm_disk_trap own_traps[MM_N_DISK_MISHAPS];
    /* Told of every write that completes; may submit more. */
    void (*done)(void *user, const struct mm_disk_write *write, bool ok);
    void *done_user;
    struct mmsim_disk_stats stats; /* but for what is used, and for readahead */
};

/* Why there is no disk. */
enum mm_disk_refusal {
    MM_DISK_OK,
    MM_DISK_NO_HOST_MEMORY,
    MM_DISK_BAD_FILE /* it cannot be opened, or holds something else: neither empty nor as large */
};

/* What a file of the host's held is not looked at: the disk begins empty. `config` is copied. */
enum mm_disk_refusal mm_disk_init(struct mm_disk *disk, const struct mm_disk_setup *setup);
void mm_disk_fini(struct mm_disk *disk);

/*
 * Reads blocks into pages. The bytes are there at once, but may be used only when *ready_at has
 * come: mm_disk_wait_until(). False: it failed, the pages hold anything; that is known when
 * *ready_at has come, too.
 */
bool mm_disk_read(struct mm_disk *disk, uint64_t block, uint32_t n_blocks, uint8_t *const pages[],
                  uint64_t *ready_at);

/* Puts a write on its way: done() will tell. Waits first if too many are. */
void mm_disk_submit(struct mm_disk *disk, const struct mm_disk_write *write,
                    const uint8_t *const pages[]);

/* Completes what the clock has passed. */
void mm_disk_poll(struct mm_disk *disk);

/* When the next write completes; MM_DISK_NONE: none is under way. */
static inline uint64_t mm_disk_next(const struct mm_disk *disk)
{
    return disk->n_queued > 0 ? disk->queue[disk->first].completes_at : MM_DISK_NONE;
}

/* Lets time pass, and completes what that brings. */
void mm_disk_wait_until(struct mm_disk *disk, uint64_t time);

/* Waits for the next write to complete. False: none is under way. */
bool mm_disk_wait_one(struct mm_disk *disk);

/* The bytes that the platter holds, past all requests: free, and never failing. */
void mm_disk_look(const struct mm_disk *disk, uint64_t block, uint8_t *page);

/* Begins to count anew. A rule of zeros ends the last one. How often that one struck. */
uint64_t mm_disk_trap_set(struct mm_disk_trap *trap, const struct mm_disk_rule *rule);
uint64_t mm_disk_inject(struct mm_disk *disk, enum mm_disk_mishap mishap,
                        const struct mm_disk_rule *rule);

/* The power goes, and comes again: what was under way is lost, nobody is told. */
void mm_disk_crash(struct mm_disk *disk);

/* NULL, or a sentence (static storage). */
const char *mm_disk_check(const struct mm_disk *disk);

#endif
