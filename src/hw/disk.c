/* disk.c - requests, their time, and what becomes of them. */
#include "hw/disk.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/host.h"

enum { STAGED_BLOCKS = MM_DISK_QUEUE * MM_DISK_REQUEST_BLOCKS };
#define STAGING_BYTES ((size_t)STAGED_BLOCKS * MMSIM_PAGE_SIZE)

/* ---- the platter ---- */

/* Opens the host's file; -1: it is not one that may be overwritten. */
static int open_file(const char *path, uint64_t n_bytes)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    struct stat status;
    if (file < 0)
        return -1;
    bool fits = fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
                (status.st_size == 0 || (uint64_t)status.st_size == n_bytes);
    if (fits && ftruncate(file, 0) == 0 && ftruncate(file, (off_t)n_bytes) == 0)
        return file;
    close(file);
    return -1;
}

/* False: the host failed. */
static bool read_platter(const struct mm_disk *disk, uint64_t block, uint8_t *page)
{
    uint64_t offset = block << MMSIM_PAGE_SHIFT;
    if (!disk->platter)
        return pread(disk->file, page, MMSIM_PAGE_SIZE, (off_t)offset) == MMSIM_PAGE_SIZE;
    memcpy(page, disk->platter + offset, MMSIM_PAGE_SIZE);
    return true;
}

static bool write_platter(struct mm_disk *disk, uint64_t block, const uint8_t *page)
{
    uint64_t offset = block << MMSIM_PAGE_SHIFT;
    if (!disk->platter)
        return pwrite(disk->file, page, MMSIM_PAGE_SIZE, (off_t)offset) == MMSIM_PAGE_SIZE;
    memcpy(disk->platter + offset, page, MMSIM_PAGE_SIZE);
    return true;
}

void mm_disk_look(const struct mm_disk *disk, uint64_t block, uint8_t *page)
{
    if (!read_platter(disk, block, page))
        memset(page, 0, MMSIM_PAGE_SIZE);
}

/* ---- life ---- */

enum mm_disk_refusal mm_disk_init(struct mm_disk *disk, const struct mm_disk_setup *setup)
{
    const struct mmsim_disk *config = setup->config;
    *disk = (struct mm_disk){.setup = *setup, .config = *config, .file = -1};
    disk->setup.config = NULL;
    disk->config.path = NULL;
    disk->n_blocks = config->bytes >> MMSIM_PAGE_SHIFT;
    disk->stats.pages = disk->n_blocks;
    disk->staging = mm_host_reserve(STAGING_BYTES);
    if (!disk->staging)
        return MM_DISK_NO_HOST_MEMORY;
    if (disk->n_blocks == 0)
        return MM_DISK_OK;
    if (config->path) {
        disk->file = open_file(config->path, disk->n_blocks << MMSIM_PAGE_SHIFT);
        return disk->file >= 0 ? MM_DISK_OK : MM_DISK_BAD_FILE;
    }
    disk->platter = mm_host_reserve((size_t)disk->n_blocks << MMSIM_PAGE_SHIFT);
    return disk->platter ? MM_DISK_OK : MM_DISK_NO_HOST_MEMORY;
}

void mm_disk_fini(struct mm_disk *disk)
{
    if (disk->staging && disk->file >= 0) /* it was initialised, and has one */
        close(disk->file);
    mm_host_release(disk->platter, (size_t)disk->n_blocks << MMSIM_PAGE_SHIFT);
    mm_host_release(disk->staging, STAGING_BYTES);
    *disk = (struct mm_disk){.file = -1};
}

/* ---- mishaps ---- */

uint64_t mm_disk_trap_set(struct mm_disk_trap *trap, const struct mm_disk_rule *rule)
{
    uint64_t n_failures = trap->n_failures;
    *trap = (struct mm_disk_trap){.rule = *rule};
    return n_failures;
}

static struct mm_disk_trap *trap_of(struct mm_disk *disk, enum mm_disk_mishap mishap)
{
    struct mm_disk_trap *traps = disk->setup.traps ? disk->setup.traps : disk->own_traps;
    return &traps[mishap];
}

uint64_t mm_disk_inject(struct mm_disk *disk, enum mm_disk_mishap mishap,
                        const struct mm_disk_rule *rule)
{
    return mm_disk_trap_set(trap_of(disk, mishap), rule);
}

static bool happens(struct mm_disk *disk, enum mm_disk_mishap mishap)
{
    struct mm_disk_trap *trap = trap_of(disk, mishap);
    const struct mm_disk_rule *rule = &trap->rule;
    if (rule->nth == 0 && rule->every == 0)
        return false;
    uint64_t n = ++trap->n_counted;
    bool strikes = n == rule->nth || (rule->every > 0 && n % rule->every == 0);
    trap->n_failures += strikes;
    return strikes;
}

/* ---- time ---- */

static uint64_t now(const struct mm_disk *disk)
{
    return disk->setup.now(disk->setup.user);
}

/* Has the device work on a request; when it will be through. */
static uint64_t schedule(struct mm_disk *disk, uint64_t seek_cycles, uint32_t n_blocks)
{
    uint64_t cost = seek_cycles + n_blocks * disk->config.page_cycles;
    uint64_t start = now(disk);
    start = start > disk->busy_until ? start : disk->busy_until;
    disk->stats.busy_cycles += cost;
    return disk->busy_until = start + cost;
}

/* ---- requests ---- */

_Static_assert(MM_DISK_REQUEST_BLOCKS <= 32, "a write has a bit for each block");

/* A bit for each block that is passed over. */
static uint32_t passed_over(const uint8_t *const pages[], uint32_t n_blocks)
{
    uint32_t passed = 0;
    for (uint32_t i = 0; i < n_blocks; i++)
        passed |= (uint32_t)!pages[i] << i;
    return passed;
}

static uint32_t n_moved(uint32_t n_blocks, uint32_t passed)
{
    return n_blocks - (uint32_t)__builtin_popcount(passed);
}

bool mm_disk_read(struct mm_disk *disk, uint64_t block, uint32_t n_blocks, uint8_t *const pages[],
                  uint64_t *ready_at)
{
    MM_ASSERT(n_blocks > 0 && n_blocks <= MM_DISK_REQUEST_BLOCKS, "a read of too many blocks");
    MM_ASSERT(block + n_blocks <= disk->n_blocks, "a read beyond the end of the disk");
    uint32_t passed = passed_over((const uint8_t *const *)pages, n_blocks);
    *ready_at = schedule(disk, disk->config.read_cycles, n_moved(n_blocks, passed));
    disk->stats.reads++;
    bool ok = !happens(disk, MM_DISK_READ_FAILS) && !disk->is_off;
    for (uint32_t i = 0; i < n_blocks && ok; i++)
        ok = !pages[i] || read_platter(disk, block + i, pages[i]);
    disk->stats.pages_read += ok ? n_moved(n_blocks, passed) : 0;
    disk->stats.errors += !ok;
    return ok;
}

static uint8_t *staged(const struct mm_disk *disk, const struct mm_disk_write *write, uint32_t i)
{
    size_t slot = (write->staged + i) % STAGED_BLOCKS;
    return disk->staging + slot * MMSIM_PAGE_SIZE;
}

/* The oldest write leaves the queue: onto the platter, or it has failed. */
static void complete_one(struct mm_disk *disk)
{
    struct mm_disk_write write = disk->queue[disk->first];
    disk->first = (disk->first + 1) % MM_DISK_QUEUE;
    disk->n_queued--;
    if (happens(disk, MM_DISK_POWER_FAILS))
        disk->is_off = true;
    bool ok = !write.fails && !disk->is_off;
    for (uint32_t i = 0; i < write.n_blocks && ok; i++)
        ok = (write.passed >> i & 1) ||
             write_platter(disk, write.block + i, staged(disk, &write, i));
    disk->stats.pages_written += ok ? n_moved(write.n_blocks, write.passed) : 0;
    disk->stats.errors += !ok;
    if (disk->done)
        disk->done(disk->done_user, &write, ok);
}

void mm_disk_poll(struct mm_disk *disk)
{
    while (disk->n_queued > 0 && mm_disk_next(disk) <= now(disk))
        complete_one(disk);
}

void mm_disk_wait_until(struct mm_disk *disk, uint64_t time)
{
    uint64_t before = now(disk);
    if (time > before)
        mm_clock_charge(disk->setup.clock, time - before);
    mm_disk_poll(disk);
}

bool mm_disk_wait_one(struct mm_disk *disk)
{
    if (disk->n_queued == 0)
        return false;
    mm_disk_wait_until(disk, mm_disk_next(disk));
    return true;
}

void mm_disk_submit(struct mm_disk *disk, const struct mm_disk_write *write,
                    const uint8_t *const pages[])
{
    MM_ASSERT(write->n_blocks <= MM_DISK_REQUEST_BLOCKS, "a write of too many blocks");
    MM_ASSERT(write->n_blocks == 0 || write->block + write->n_blocks <= disk->n_blocks,
              "a write beyond the end of the disk");
    while (disk->n_queued == MM_DISK_QUEUE)
        mm_disk_wait_one(disk);
    uint32_t at = (disk->first + disk->n_queued) % MM_DISK_QUEUE;
    struct mm_disk_write *queued = &disk->queue[at];
    *queued = *write;
    queued->staged = at * MM_DISK_REQUEST_BLOCKS;
    queued->passed = passed_over(pages, write->n_blocks);
    uint32_t n_paid = write->n_blocks > 0 ? n_moved(write->n_blocks, queued->passed) : 1;
    queued->completes_at = schedule(disk, disk->config.write_cycles, n_paid);
    disk->stats.writes++;
    queued->fails = happens(disk, MM_DISK_WRITE_FAILS);
    for (uint32_t i = 0; i < write->n_blocks; i++) {
        if (pages[i])
            memcpy(staged(disk, queued, i), pages[i], MMSIM_PAGE_SIZE);
    }
    disk->n_queued++;
}

void mm_disk_crash(struct mm_disk *disk)
{
    disk->first = disk->n_queued = 0;
    uint64_t time = now(disk);
    disk->busy_until = disk->busy_until < time ? disk->busy_until : time;
    disk->is_off = false;
    mm_disk_inject(disk, MM_DISK_POWER_FAILS, &(struct mm_disk_rule){0});
}

/* ---- checking ---- */

static bool overlap(const struct mm_disk_write *a, const struct mm_disk_write *b)
{
    return a->block < b->block + b->n_blocks && b->block < a->block + a->n_blocks;
}

static const char *check_write(const struct mm_disk *disk, uint32_t number)
{
    const struct mm_disk_write *write = &disk->queue[(disk->first + number) % MM_DISK_QUEUE];
    if (write->completes_at > disk->busy_until)
        return "a write completes after the disk is through (disk invariant 1)";
    if (write->n_blocks > MM_DISK_REQUEST_BLOCKS || write->block + write->n_blocks > disk->n_blocks)
        return "a write reaches beyond the disk (disk invariant 3)";
    for (uint32_t i = 0; i < number; i++) {
        const struct mm_disk_write *other = &disk->queue[(disk->first + i) % MM_DISK_QUEUE];
        if (other->completes_at > write->completes_at)
            return "writes overtake each other (disk invariant 1)";
        if (other->staged == write->staged)
            return "two writes hold the same bytes (disk invariant 2)";
        if (write->n_blocks > 0 && other->n_blocks > 0 && overlap(write, other))
            return "a block is under way twice (disk invariant 3)";
    }
    return NULL;
}

const char *mm_disk_check(const struct mm_disk *disk)
{
    const char *broken = disk->n_queued <= MM_DISK_QUEUE ? NULL : "more writes than can be queued";
    for (uint32_t i = 0; i < disk->n_queued && !broken; i++)
        broken = check_write(disk, i);
    return broken;
}
