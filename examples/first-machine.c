/*
 * first-machine.c - a machine, a process, a page: the library in one page of C.
 *
 *   cc -std=c11 -Iinclude examples/first-machine.c build/release/lib/libmmsim.a \
 *       -lyaml -lzstd -lz -lpthread -o first
 *
 * Builds a machine with 8 MiB of RAM, maps memory for a process, shows that it comes with the first
 * touch, forks, and lets the child write to what it shares with its parent.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <mmsim/mmsim.h>

static void write_to_stdout(void *user, const char *text, size_t n_bytes)
{
    (void)user;
    fwrite(text, 1, n_bytes, stdout);
}

/* What the host or the user got wrong: a status and a sentence. */
static void complain(const struct mmsim_error *error)
{
    fprintf(stderr, "%s: %s: %s\n", mmsim_status_name(error->status), error->where, error->text);
    exit(EXIT_FAILURE);
}

/* What happened to the guest is a value, not an error. */
static void tell(const char *what, const struct mmsim_access *access)
{
    printf("%-28s", what);
    if (access->outcome == MMSIM_SIGNAL)
        printf("%s, %s at 0x%08" PRIx64 "\n", mmsim_signal_name(access->signal),
               mmsim_sigcode_name(access->code), access->address);
    else
        printf("%" PRIu64 " bytes, fault: %s\n", access->done,
               mmsim_fault_kind_name(access->fault));
}

static void show_frames(struct mmsim_machine *machine)
{
    struct mmsim_stats stats;
    mmsim_machine_stats(machine, &stats);
    printf("%-28s%" PRIu64 " for processes, %" PRIu64 " for page tables\n",
           "frames:", stats.memory.user, stats.memory.page_tables);
}

int main(void)
{
    struct mmsim_error error;
    struct mmsim_config config;
    mmsim_config_init(&config);
    config.ram_bytes = 8 * MMSIM_MIB;

    struct mmsim_machine *machine;
    if (mmsim_machine_create(&config, &machine, &error) != MMSIM_OK)
        complain(&error);

    struct mmsim_process *parent, *child;
    if (mmsim_spawn(machine, "parent", &parent, &error) != MMSIM_OK)
        complain(&error);

    struct mmsim_mapping want = {.length = 16 * MMSIM_PAGE_SIZE,
                                 .prot = MMSIM_PROT_READ | MMSIM_PROT_WRITE,
                                 .flags = MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS};
    mmsim_vaddr buffer;
    enum mmsim_errno result = mmsim_mmap(parent, &want, &buffer);
    printf("%-28s%s, at 0x%08" PRIx64 "\n", "parent maps 16 pages:", mmsim_errno_name(result),
           buffer);
    show_frames(machine);

    struct mmsim_access access = mmsim_write(parent, buffer, "hello", 6);
    tell("parent writes:", &access);
    access = mmsim_write(parent, buffer, "HELLO", 6);
    tell("parent writes again:", &access);

    char text[6] = "";
    mmsim_fork(parent, "child", &child);
    access = mmsim_write(child, buffer, "jello", 6);
    tell("child writes:", &access);
    mmsim_read(parent, buffer, text, sizeof text);
    printf("%-28s%s\n", "parent still reads:", text);
    show_frames(machine);

    mmsim_process_on_signal(child, MMSIM_ON_SIGNAL_SURVIVE);
    access = mmsim_read(child, 0, text, sizeof text);
    tell("child reads at 0:", &access);

    struct mmsim_walk walk;
    printf("\n");
    mmsim_explain(child, buffer, MMSIM_ACCESS_WRITE, &walk);
    mmsim_walk_print(&walk, &(struct mmsim_sink){write_to_stdout, NULL});
    mmsim_machine_destroy(machine);
    return EXIT_SUCCESS;
}
