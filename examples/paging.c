/*
 * paging.c - a machine that runs out of frames, and a replacement policy of one's own in its
 * kernel.
 *
 *   cc -std=c11 -Iinclude examples/paging.c build/release/lib/libmmsim.a \
 *       -lyaml -lzstd -lz -lpthread -o paging
 *
 * A process loops over 12 pages with 8 frames. LRU throws out just what comes next, and a policy
 * that throws out what came last does not: "stack", which is all of forty lines.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <mmsim/mmsim.h>

enum { N_FRAMES = 8, N_PAGES = 12, N_ROUNDS = 100 };

/* ---- the policy: last in, first out ---- */

/* The library provides these bytes, zeroed. */
struct stack {
    uint32_t n_pages;
    mmsim_page pages[]; /* in frames; the last one came last */
};

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    return sizeof(struct stack) + setup->frames * sizeof(mmsim_page);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    (void)state;
    (void)setup;
}

/* Looks at nothing but what is loaded. */
static void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    (void)state;
    (void)page;
    (void)kind;
}

static void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct stack *stack = state;
    (void)kind;
    stack->pages[stack->n_pages++] = page;
}

static mmsim_page evict(void *state, mmsim_page incoming)
{
    struct stack *stack = state;
    (void)incoming;
    return stack->pages[--stack->n_pages];
}

/* The page is gone for good: unmapped, or locked in memory. */
static void forget(void *state, mmsim_page page)
{
    struct stack *stack = state;
    uint32_t n_kept = 0;
    for (uint32_t i = 0; i < stack->n_pages; i++)
        if (stack->pages[i] != page)
            stack->pages[n_kept++] = stack->pages[i];
    stack->n_pages = n_kept;
}

static const struct mmsim_policy_ops STACK = {
    .abi = MMSIM_POLICY_ABI,
    .size = sizeof(struct mmsim_policy_ops),
    .name = "stack",
    .summary = "the page that was loaded last goes first",
    .source = "examples/paging.c",
    .view = MMSIM_VIEW_BITS,
    .state_bytes = state_bytes,
    .init = init,
    .reference = reference,
    .load = load,
    .evict = evict,
    .forget = forget,
};

/* ---- the machine ---- */

static void complain(const struct mmsim_error *error)
{
    fprintf(stderr, "%s: %s: %s\n", mmsim_status_name(error->status), error->where, error->text);
    exit(EXIT_FAILURE);
}

/* By a name that the library knows, or by `ops`. */
static struct mmsim_machine *make_machine(const char *policy, const struct mmsim_policy_ops *ops)
{
    const struct mmsim_swap_area swap = {
        .bytes = MMSIM_MIB, .read_cycles = 50000, .write_cycles = 50000, .page_cycles = 5000};
    struct mmsim_config config;
    struct mmsim_machine *machine;
    struct mmsim_error error;
    mmsim_config_init(&config);
    config.ram_bytes = 8 * MMSIM_MIB;
    config.user_frames = N_FRAMES;
    config.pager.swap = &swap;
    config.pager.n_swap = 1;
    config.pager.policy = policy;
    config.pager.policy_ops = ops;
    if (mmsim_machine_create(&config, &machine, &error) != MMSIM_OK)
        complain(&error);
    return machine;
}

/* A store to each page, then loads only: from then on pages go without being written. */
static void loop_over(struct mmsim_process *process, mmsim_vaddr pages)
{
    for (uint32_t i = 0; i < N_PAGES * N_ROUNDS; i++) {
        mmsim_vaddr at = pages + i % N_PAGES * MMSIM_PAGE_SIZE;
        uint32_t word = i + 1;
        struct mmsim_access access = i < N_PAGES ? mmsim_write(process, at, &word, sizeof word)
                                                 : mmsim_read(process, at, &word, sizeof word);
        if (access.outcome != MMSIM_DONE || word != i % N_PAGES + 1) {
            fprintf(stderr, "page %" PRIu32 " is lost\n", i % N_PAGES);
            exit(EXIT_FAILURE);
        }
    }
}

static void try_policy(const char *policy, const struct mmsim_policy_ops *ops)
{
    struct mmsim_machine *machine = make_machine(policy, ops);
    struct mmsim_process *process;
    struct mmsim_error error;
    if (mmsim_spawn(machine, "looper", &process, &error) != MMSIM_OK)
        complain(&error);
    struct mmsim_mapping want = {.length = N_PAGES * MMSIM_PAGE_SIZE,
                                 .prot = MMSIM_PROT_READ | MMSIM_PROT_WRITE,
                                 .flags = MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS};
    mmsim_vaddr pages;
    if (mmsim_mmap(process, &want, &pages) != MMSIM_SUCCESS)
        exit(EXIT_FAILURE);
    loop_over(process, pages);

    struct mmsim_policy_choice choice;
    struct mmsim_swap_stats swap;
    struct mmsim_stats stats;
    mmsim_machine_policy(machine, &choice);
    mmsim_swap_get_stats(machine, &swap);
    mmsim_machine_stats(machine, &stats);
    printf("%-8s %7" PRIu64 " %7" PRIu64 " %8" PRIu64 " %12" PRIu64 "\n", choice.ops->name,
           mmsim_machine_loads(machine), swap.in, swap.out, stats.cycles);
    mmsim_machine_destroy(machine);
}

int main(void)
{
    printf("%d rounds over %d pages, %d frames\n\n", N_ROUNDS, N_PAGES, N_FRAMES);
    printf("policy     loads    read  written       cycles\n");
    try_policy("lru", NULL);
    try_policy("2q", NULL);
    try_policy(NULL, &STACK);
    return EXIT_SUCCESS;
}
