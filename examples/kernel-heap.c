/*
 * kernel-heap.c - the kernel's memory, and four ways of using it wrongly.
 *
 *   cc -std=c11 -Iinclude examples/kernel-heap.c build/release/lib/libmmsim.a \
 *       -lyaml -lzstd -lz -lpthread -o kernel-heap
 *
 * Inodes come from a cache with red zones and owner tracking; each names the next one. One is
 * written beyond its end, one is freed twice, a guard page traps an access that goes too far, and
 * the list loses its head. Every mistake is reported the moment it is found, in the words of Linux,
 * and the machine goes on.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mmsim/mmsim.h>

/* As it lies in simulated memory: an address there has four bytes. */
struct inode {
    uint32_t next;
    uint32_t number;
    char name[32];
};

static void write_to_stdout(void *user, const char *text, size_t n_bytes)
{
    (void)user;
    fwrite(text, 1, n_bytes, stdout);
}

static const struct mmsim_sink to_stdout = {write_to_stdout, NULL};

static void complain(const struct mmsim_error *error)
{
    fprintf(stderr, "%s: %s: %s\n", mmsim_status_name(error->status), error->where, error->text);
    exit(EXIT_FAILURE);
}

static void on_mistake(void *user, const struct mmsim_heap_report *report)
{
    (void)user;
    mmsim_heap_report_print(report, &to_stdout);
}

/* Everything below reads and writes simulated memory through the MMU, as the kernel. */
static void put(struct mmsim_machine *machine, mmsim_vaddr at, const void *bytes, size_t n_bytes)
{
    struct mmsim_access access = mmsim_write(mmsim_kernel(machine), at, bytes, n_bytes);
    if (access.outcome != MMSIM_DONE)
        printf("the MMU refused byte %" PRIu64 ", at 0x%08" PRIx64 ": %s\n", access.done,
               access.address, mmsim_errno_name(access.error));
}

/* A list of inodes; returns the first one, and keeps the address of each. */
static mmsim_vaddr make_list(struct mmsim_machine *machine, struct mmsim_cache *cache,
                             mmsim_vaddr *inodes, uint32_t n)
{
    mmsim_vaddr next = 0;
    for (uint32_t i = n; i-- > 0;) {
        struct inode inode = {.next = (uint32_t)next, .number = i};
        snprintf(inode.name, sizeof inode.name, "file-%" PRIu32, i);
        inodes[i] = mmsim_cache_alloc(cache, MMSIM_ALLOC_ZERO, "make_list");
        put(machine, inodes[i], &inode, sizeof inode);
        next = inodes[i];
    }
    return next;
}

static void show_slabs(const struct mmsim_machine *machine, const char *name)
{
    struct mmsim_cache_info info;
    char checks[8];
    for (size_t i = 0; mmsim_cache_info_at(machine, i, &info); i++) {
        if (strcmp(info.name, name) != 0)
            continue;
        mmsim_heap_checks_format(info.checks, checks);
        printf("%s: %" PRIu64 " objects of %" PRIu64 " bytes, every %" PRIu64 " bytes, in %" PRIu64
               " slabs; checks %s\n",
               info.name, info.n_active, info.object_bytes, info.slot_bytes, info.n_slabs, checks);
    }
}

int main(void)
{
    struct mmsim_error error;
    struct mmsim_config config;
    struct mmsim_machine *machine;
    mmsim_config_init(&config);
    config.ram_bytes = 8 * MMSIM_MIB;
    if (mmsim_machine_create(&config, &machine, &error) != MMSIM_OK)
        complain(&error);
    mmsim_heap_listen(machine, on_mistake, NULL);

    const uint32_t pointers[] = {0}; /* offset of `next` */
    struct mmsim_cache_setup setup = {.name = "inode",
                                      .object_bytes = sizeof(struct inode),
                                      .checks = MMSIM_HEAP_RED_ZONES | MMSIM_HEAP_TRACK,
                                      .pointer_offsets = pointers,
                                      .n_pointer_offsets = 1};
    struct mmsim_cache *cache;
    if (mmsim_cache_create(machine, &setup, &cache, &error) != MMSIM_OK)
        complain(&error);
    mmsim_vaddr inodes[100];
    mmsim_step_begin(machine); /* reports name steps */
    mmsim_vaddr head = make_list(machine, cache, inodes, 100);
    show_slabs(machine, "inode");

    mmsim_step_begin(machine);
    printf("\nA name that is too long:\n");
    mmsim_vaddr victim = mmsim_cache_alloc(cache, MMSIM_ALLOC_ZERO, "make_victim");
    put(machine, victim + offsetof(struct inode, name), "a name of more than thirty-two bytes", 37);
    mmsim_cache_free(cache, victim, "free_victim");

    mmsim_step_begin(machine);
    printf("\nFreed twice:\n");
    mmsim_cache_free(cache, victim, "free_again");

    mmsim_step_begin(machine);
    printf("\nWith guard pages:\n");
    if (mmsim_heap_set_checks(machine, "kmalloc", MMSIM_HEAP_GUARD, &error) != MMSIM_OK)
        complain(&error);
    mmsim_vaddr guarded = mmsim_kmalloc(machine, 64, 0, "make_guarded");
    put(machine, guarded, "sixty-four bytes are enough for everybody, until somebody writes more",
        70);
    mmsim_kfree(machine, guarded, "free_guarded");

    mmsim_step_begin(machine);
    printf("\nLeaks while the list has a head: ");
    struct mmsim_leak_result leaks;
    mmsim_vaddr root = mmsim_kmalloc(machine, 16, MMSIM_ALLOC_ZERO, "super_block");
    uint32_t word = (uint32_t)head;
    put(machine, root, &word, sizeof word);
    mmsim_leak_root(machine, root, 16);
    if (mmsim_leak_scan(machine, MMSIM_LEAK_EXACT, &leaks, &error) != MMSIM_OK)
        complain(&error);
    printf("%" PRIu64 "; and without:\n", leaks.n_leaked);
    word = (uint32_t)inodes[10]; /* the first ten are forgotten */
    put(machine, root, &word, sizeof word);
    if (mmsim_leak_scan(machine, MMSIM_LEAK_EXACT, &leaks, &error) != MMSIM_OK)
        complain(&error);
    mmsim_table_print(machine, MMSIM_TABLE_KMEMLEAK, MMSIM_TABLE_TEXT, &to_stdout);
    show_slabs(machine, "inode");
    printf("%" PRIu64 " mistakes were found\n", mmsim_heap_n_mistakes(machine));
    mmsim_machine_destroy(machine);
    return EXIT_SUCCESS;
}
