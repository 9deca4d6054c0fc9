/*
 * test_linux.c - the kernel of the host as the judge of mmap, munmap, mprotect, fork and faults.
 *
 * Random programs run twice: on the machine, and on the real kernel, in forked children of the test
 * whose arena lies at the same addresses. Op by op both must give the same errno, value, signal
 * code and fault address; in between, the maps and a sum over all readable bytes are compared. A
 * failing program is shrunk by leaving out ops as long as the answers still differ.
 *
 * Left out, because the answers depend on more than the rules: placement without MAP_FIXED,
 * fetches, and execute-only mappings (a host with protection keys makes them unreadable).
 */
#include <check.h>
#include <mmsim/mmsim.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "linux_judge.h"

#define N_PROGRAMS 300u /* every second one under PAE */

/* ---- the machine ---- */

struct subject {
    struct mmsim_machine *machine;
    struct mmsim_process *processes[MAX_PROCESSES];
    unsigned n_born;
};

static void subject_start(struct subject *subject, enum mmsim_paging paging)
{
    *subject = (struct subject){0};
    struct mmsim_config config;
    mmsim_config_init(&config);
    config.paging = paging;
    struct mmsim_error error;
    ck_assert_msg(mmsim_machine_create(&config, &subject->machine, &error) == MMSIM_OK, "%s: %s",
                  error.where, error.text);
    ck_assert_msg(mmsim_spawn(subject->machine, "p0", &subject->processes[0], &error) == MMSIM_OK,
                  "%s", error.text);
    mmsim_process_on_signal(subject->processes[0], MMSIM_ON_SIGNAL_SURVIVE);
}

static struct answer of_access(const struct mmsim_access *access, uint64_t value)
{
    if (access->outcome == MMSIM_DONE)
        return (struct answer){.value = value};
    if (access->outcome == MMSIM_ERROR)
        return (struct answer){.error = (int)access->error};
    int code = access->signal == MMSIM_SIGSEGV && access->code == MMSIM_SEGV_MAPERR   ? SEGV_MAPERR
               : access->signal == MMSIM_SIGSEGV && access->code == MMSIM_SEGV_ACCERR ? SEGV_ACCERR
                                                                                      : -1;
    return (struct answer){.signal_code = code, .address = access->address};
}

static struct answer simulated_access(struct mmsim_process *process, const struct op *op)
{
    uint64_t value = op->kind == OP_WRITE ? op->value : 0;
    struct mmsim_access access = op->kind == OP_WRITE
                                     ? mmsim_write(process, op->address, &value, op->length)
                                     : mmsim_read(process, op->address, &value, op->length);
    return of_access(&access, op->kind == OP_WRITE ? 0 : value);
}

static struct answer simulated_sum(struct mmsim_process *process)
{
    uint64_t sum = 0;
    for (uint64_t page = 0; page < ARENA_PAGES; page++) {
        uint64_t words[512] = {0};
        struct mmsim_access access = mmsim_read(process, ARENA + page * 4096, words, sizeof words);
        struct answer answer = of_access(&access, 0);
        sum = add_to_sum(sum, (uint64_t)answer.signal_code);
        for (unsigned i = 0; !answer.signal_code && i < 512; i++)
            sum = add_to_sum(sum, words[i]);
    }
    return (struct answer){.value = sum};
}

static struct answer simulated_maps(const struct mmsim_process *process)
{
    uint64_t sum = 0;
    for (uint64_t page = 0; page < ARENA_PAGES; page++) {
        struct mmsim_vma_info info;
        bool mapped = mmsim_vma_find(process, ARENA + page * 4096, &info) &&
                      info.start <= ARENA + page * 4096;
        sum = add_to_sum(sum, mapped ? 8 + info.prot : 0);
    }
    return (struct answer){.value = sum};
}

static struct answer simulated_mmap(struct mmsim_process *process, const struct op *op)
{
    struct mmsim_mapping want = {
        .address = op->address, .length = op->length, .prot = op->prot, .flags = op->flags};
    mmsim_vaddr address = 0;
    enum mmsim_errno error = mmsim_mmap(process, &want, &address);
    if (error == MMSIM_SUCCESS)
        ck_assert_uint_eq(address, op->address);
    return (struct answer){.error = (int)error};
}

static struct answer simulated_fork(struct subject *subject, const struct op *op)
{
    char name[16];
    snprintf(name, sizeof name, "child%u", ++subject->n_born);
    struct mmsim_process **child = &subject->processes[op->child];
    enum mmsim_errno error = mmsim_fork(subject->processes[op->process], name, child);
    if (error == MMSIM_SUCCESS)
        mmsim_process_on_signal(*child, MMSIM_ON_SIGNAL_SURVIVE);
    return (struct answer){.error = (int)error};
}

static struct answer simulated_op(struct subject *subject, const struct op *op)
{
    struct mmsim_process *process = subject->processes[op->process];
    if (!process || (op->kind == OP_FORK && subject->processes[op->child]))
        return (struct answer){.no_process = true};
    switch (op->kind) {
    case OP_MMAP:
        return simulated_mmap(process, op);
    case OP_MUNMAP:
        return (struct answer){.error = (int)mmsim_munmap(process, op->address, op->length)};
    case OP_MPROTECT:
        return (struct answer){.error =
                                   (int)mmsim_mprotect(process, op->address, op->length, op->prot)};
    case OP_READ:
    case OP_WRITE:
        return simulated_access(process, op);
    case OP_FORK:
        return simulated_fork(subject, op);
    case OP_EXIT:
        subject->processes[op->process] = NULL;
        return (struct answer){.error = (int)mmsim_exit(process, 0)};
    case OP_MAPS:
        return simulated_maps(process);
    default:
        return simulated_sum(process);
    }
}

/* ---- random programs ---- */

struct author {
    struct mm_rng rng;
    bool alive[MAX_PROCESSES];
};

static uint64_t below(struct author *author, uint64_t bound)
{
    return mm_rng_below(&author->rng, bound);
}

static unsigned some_prot(struct author *author)
{
    static const unsigned choices[8] = {MMSIM_PROT_NONE,
                                        MMSIM_PROT_READ,
                                        MMSIM_PROT_WRITE,
                                        MMSIM_PROT_READ | MMSIM_PROT_WRITE,
                                        MMSIM_PROT_READ | MMSIM_PROT_WRITE,
                                        MMSIM_PROT_READ | MMSIM_PROT_EXEC,
                                        MMSIM_PROT_WRITE | MMSIM_PROT_EXEC,
                                        MMSIM_PROT_READ | MMSIM_PROT_WRITE | MMSIM_PROT_EXEC};
    return choices[below(author, 8)];
}

static uint64_t some_page(struct author *author)
{
    uint64_t n_pages = below(author, 3) ? ARENA_PAGES / 3 : ARENA_PAGES;
    return ARENA + below(author, n_pages) * 4096;
}

/* Mostly whole pages; sometimes part of one, nothing, or more than there is. */
static uint64_t some_length(struct author *author)
{
    switch (below(author, 24)) {
    case 0:
        return 0;
    case 1:
        return 1 + below(author, 3 * 4096);
    case 2:
        return UINT64_MAX - below(author, 4096);
    default:
        return (1 + below(author, 8)) * 4096;
    }
}

static struct op some_range_op(struct author *author, enum op_kind kind)
{
    struct op op = {.kind = kind, .address = some_page(author), .length = some_length(author)};
    if (below(author, 24) == 0)
        op.address += 1 + below(author, 4095);
    op.prot = some_prot(author);
    if (kind == OP_MPROTECT && below(author, 24) == 0)
        op.prot = 0x10;
    op.flags = MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS;
    op.flags |= below(author, 3) ? MMSIM_MAP_FIXED : MMSIM_MAP_FIXED_NOREPLACE;
    return op;
}

static struct op some_access(struct author *author)
{
    struct op op = {.kind = below(author, 5) < 2 ? OP_READ : OP_WRITE,
                    .length = UINT64_C(1) << below(author, 4),
                    .value = mm_rng_next(&author->rng)};
    op.address = some_page(author) + below(author, 4088);
    if (below(author, 3) == 0)
        op.address = some_page(author) + 4096 - 1 - below(author, 8);
    if (below(author, 2))
        op.address = op.address / 64 * 64; /* so that reads meet writes */
    return op;
}

static struct op some_fork_or_exit(struct author *author, unsigned process)
{
    for (unsigned child = 0; child < MAX_PROCESSES; child++)
        if (!author->alive[child] && below(author, 3) > 0) {
            author->alive[child] = true;
            return (struct op){.kind = OP_FORK, .child = child};
        }
    if (below(author, 3) > 0)
        return (struct op){.kind = OP_SUM};
    author->alive[process] = false;
    return (struct op){.kind = OP_EXIT};
}

static struct op some_op(struct author *author, unsigned process)
{
    uint64_t dice = below(author, 100);
    if (dice < 16)
        return some_range_op(author, OP_MMAP);
    if (dice < 22)
        return some_range_op(author, OP_MUNMAP);
    if (dice < 32)
        return some_range_op(author, OP_MPROTECT);
    if (dice < 90)
        return some_access(author);
    if (dice < 96)
        return some_fork_or_exit(author, process);
    return (struct op){.kind = dice < 98 ? OP_MAPS : OP_SUM};
}

static void write_program(struct program *program, uint64_t seed)
{
    struct author author = {.alive = {true}};
    mm_rng_seed(&author.rng, seed);
    program->n = 0;
    struct op first = {.kind = OP_MMAP,
                       .address = ARENA,
                       .length = (1 + below(&author, ARENA_PAGES)) * 4096,
                       .prot = MMSIM_PROT_READ | MMSIM_PROT_WRITE,
                       .flags = MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS | MMSIM_MAP_FIXED};
    program->ops[program->n++] = first;
    for (unsigned i = 1; i < MAX_OPS - 2 * MAX_PROCESSES; i++) {
        unsigned process = (unsigned)below(&author, MAX_PROCESSES);
        while (!author.alive[process] && process > 0)
            process--;
        struct op op = some_op(&author, process);
        op.process = process;
        program->ops[program->n++] = op;
    }
    for (unsigned process = 0; process < MAX_PROCESSES; process++) {
        program->ops[program->n++] = (struct op){.kind = OP_MAPS, .process = process};
        program->ops[program->n++] = (struct op){.kind = OP_SUM, .process = process};
    }
}

/* ---- comparing, shrinking, printing ---- */

struct difference {
    bool found;
    unsigned at; /* index of the op */
    struct answer real, simulated;
};

static bool same_answer(const struct answer *a, const struct answer *b)
{
    return a->no_process == b->no_process && a->error == b->error &&
           a->signal_code == b->signal_code && a->address == b->address && a->value == b->value;
}

static struct difference run_on_both(const struct program *program, enum mmsim_paging paging)
{
    struct judge judge;
    struct subject subject;
    struct difference difference = {0};
    judge_start(&judge);
    subject_start(&subject, paging);
    for (unsigned i = 0; i < program->n && !difference.found; i++) {
        struct difference d = {.at = i};
        d.real = judge_op(&judge, &program->ops[i]);
        d.simulated = simulated_op(&subject, &program->ops[i]);
        d.found = !same_answer(&d.real, &d.simulated);
        difference = d;
    }
    struct mmsim_error error = {0};
    ck_assert_msg(mmsim_machine_check(subject.machine, &error) == MMSIM_OK, "%s", error.text);
    mmsim_machine_destroy(subject.machine);
    judge_stop(&judge);
    return difference;
}

static void shrink(struct program *program, enum mmsim_paging paging, struct difference *difference)
{
    program->n = difference->at + 1;
    for (unsigned i = program->n; i-- > 0;) {
        struct program shorter = *program;
        memmove(&shorter.ops[i], &shorter.ops[i + 1], (shorter.n - i - 1) * sizeof(struct op));
        shorter.n--;
        struct difference d = run_on_both(&shorter, paging);
        if (!d.found)
            continue;
        *program = shorter;
        *difference = d;
        if (d.at + 1 < program->n) {
            program->n = d.at + 1;
            i = program->n;
        }
    }
}

static void print_answer(const char *who, const struct answer *answer)
{
    fprintf(stderr, "  %-9s %serror %d, si_code %d at %#llx, value %#llx\n", who,
            answer->no_process ? "no process, " : "", answer->error, answer->signal_code,
            (unsigned long long)answer->address, (unsigned long long)answer->value);
}

static void print_difference(const struct program *program, const struct difference *difference)
{
    for (unsigned i = 0; i < program->n; i++) {
        const struct op *op = &program->ops[i];
        fprintf(stderr, "  p%u %-8s %#llx %#llx prot %u flags %#x value %#llx child p%u\n",
                op->process, op_names[op->kind], (unsigned long long)op->address,
                (unsigned long long)op->length, op->prot, op->flags, (unsigned long long)op->value,
                op->child);
    }
    print_answer("Linux:", &difference->real);
    print_answer("mmsim:", &difference->simulated);
}

START_TEST(host_kernel_gives_the_same_answers)
{
    const char *why_not = why_not_here();
    if (why_not) {
        fprintf(stderr, "skipped: the host cannot be the judge: %s\n", why_not);
        return;
    }
    for (uint64_t seed = 1 + (uint64_t)_i; seed <= N_PROGRAMS; seed += 2) {
        struct program program;
        write_program(&program, seed);
        struct difference difference = run_on_both(&program, (enum mmsim_paging)_i);
        if (!difference.found)
            continue;
        shrink(&program, (enum mmsim_paging)_i, &difference);
        print_difference(&program, &difference);
        ck_abort_msg("program %llu: the last op above is answered differently",
                     (unsigned long long)seed);
    }
}
END_TEST

Suite *test_linux_suite(void);
Suite *test_linux_suite(void)
{
    Suite *suite = suite_create("host Linux as the judge");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, host_kernel_gives_the_same_answers, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
