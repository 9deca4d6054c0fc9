/*
 * linux_judge.h - small programs of memory calls, and the host's kernel that answers them.
 *
 * Each process of a program is a forked child of the test; a pipe brings it one op at a time, and
 * it answers each. A FORK op makes a child fork the next one, which then serves a pipe of its own.
 * SIGSEGV is caught on an alternate stack and becomes part of the answer.
 *
 *   judge --- pipe 0 ---> child 0
 *         --- pipe 1 ---> child 1, forked by child 0
 */
#ifndef TESTS_LINUX_JUDGE_H
#define TESTS_LINUX_JUDGE_H

#include <check.h>
#include <errno.h>
#include <mmsim/types.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"

#define ARENA UINT64_C(0x60000000)
#define ARENA_PAGES 24u
#define MAX_PROCESSES 4u
#define MAX_OPS 64u

enum op_kind {
    OP_MMAP,
    OP_MUNMAP,
    OP_MPROTECT,
    OP_READ,
    OP_WRITE,
    OP_FORK,
    OP_EXIT,
    OP_MAPS,
    OP_SUM
};

static const char *const op_names[] = {"mmap", "munmap", "mprotect", "read", "write",
                                       "fork", "exit",   "maps",     "sum"};

struct op {
    enum op_kind kind;
    unsigned process, child; /* child: of FORK */
    uint64_t address, length, value;
    unsigned prot, flags; /* of the MMSIM_ kind, which are Linux's numbers */
};

struct program {
    struct op ops[MAX_OPS];
    unsigned n;
};

/* What an op answered; `no_process`: its process does not live. */
struct answer {
    bool no_process;
    int error;        /* errno; 0 = done */
    int signal_code;  /* si_code; 0 = no signal */
    uint64_t address; /* of the signal */
    uint64_t value;   /* read, or a sum */
};

/* Sums of maps and of memory, made the same way on both sides. */
static inline uint64_t add_to_sum(uint64_t sum, uint64_t value)
{
    return mm_rng_mix(sum ^ value) + value;
}

/* ---- the child: ops on the real kernel ---- */

static sigjmp_buf after_signal;
static volatile sig_atomic_t signal_code;
static volatile uintptr_t signal_address;

static inline void catch_signal(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    signal_code = info->si_code;
    signal_address = (uintptr_t)info->si_addr;
    siglongjmp(after_signal, 1);
}

static inline void install_handler(void)
{
    static char stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, NULL);
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    action.sa_sigaction = catch_signal;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

#if defined __x86_64__
/* One instruction for each access, whatever the compiler thinks of it. */
static inline uint64_t load(uint64_t address, uint64_t n_bytes)
{
    const void *from = (const void *)(uintptr_t)address;
    uint64_t value = 0;
    switch (n_bytes) {
    case 1:
        __asm__ volatile("movzbl (%1), %k0" : "=r"(value) : "r"(from) : "memory");
        break;
    case 2:
        __asm__ volatile("movzwl (%1), %k0" : "=r"(value) : "r"(from) : "memory");
        break;
    case 4:
        __asm__ volatile("movl (%1), %k0" : "=r"(value) : "r"(from) : "memory");
        break;
    default:
        __asm__ volatile("movq (%1), %0" : "=r"(value) : "r"(from) : "memory");
    }
    return value;
}

static inline void store(uint64_t address, uint64_t n_bytes, uint64_t value)
{
    void *to = (void *)(uintptr_t)address;
    switch (n_bytes) {
    case 1:
        __asm__ volatile("movb %b0, (%1)" : : "q"(value), "r"(to) : "memory");
        break;
    case 2:
        __asm__ volatile("movw %w0, (%1)" : : "r"(value), "r"(to) : "memory");
        break;
    case 4:
        __asm__ volatile("movl %k0, (%1)" : : "r"(value), "r"(to) : "memory");
        break;
    default:
        __asm__ volatile("movq %0, (%1)" : : "r"(value), "r"(to) : "memory");
    }
}
#else
/* Only there so that the file compiles: why_not_here() sends such hosts away. */
static inline uint64_t load(uint64_t address, uint64_t n_bytes)
{
    (void)n_bytes;
    return address;
}

static inline void store(uint64_t address, uint64_t n_bytes, uint64_t value)
{
    (void)address;
    (void)n_bytes;
    (void)value;
}
#endif

static inline struct answer real_access(const struct op *op)
{
    if (sigsetjmp(after_signal, 1))
        return (struct answer){.signal_code = signal_code, .address = signal_address};
    if (op->kind == OP_WRITE) {
        store(op->address, op->length, op->value);
        return (struct answer){0};
    }
    return (struct answer){.value = load(op->address, op->length)};
}

static inline struct answer real_sum(void)
{
    uint64_t sum = 0;
    for (uint64_t page = 0; page < ARENA_PAGES; page++) {
        struct op probe = {.kind = OP_READ, .address = ARENA + page * 4096, .length = 8};
        struct answer answer = real_access(&probe);
        sum = add_to_sum(sum, (uint64_t)answer.signal_code);
        for (uint64_t at = 0; !answer.signal_code && at < 4096; at += 8)
            sum = add_to_sum(sum, load(probe.address + at, 8));
    }
    return (struct answer){.value = sum};
}

/* The rights of each page of the arena as /proc/self/maps has them; neighbours need not merge. */
static inline struct answer real_maps(void)
{
    uint64_t rights[ARENA_PAGES] = {0}, sum = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512], letters[5];
    unsigned long start, end;
    while (maps && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx %4s", &start, &end, letters) != 3)
            continue;
        for (uint64_t page = start; page < end; page += 4096)
            if (page >= ARENA && page < ARENA + ARENA_PAGES * 4096)
                rights[(page - ARENA) / 4096] =
                    8u + (letters[0] == 'r') + 2u * (letters[1] == 'w') + 4u * (letters[2] == 'x');
            else if (page > ARENA)
                break;
    }
    if (maps)
        fclose(maps);
    for (unsigned page = 0; page < ARENA_PAGES; page++)
        sum = add_to_sum(sum, rights[page]);
    return (struct answer){.value = sum};
}

static inline struct answer real_call(long result)
{
    return (struct answer){.error = result == -1 ? errno : 0};
}

static inline struct answer real_op(const struct op *op)
{
    switch (op->kind) {
    case OP_MMAP:
        return real_call(syscall(SYS_mmap, op->address, op->length, op->prot, op->flags, -1, 0));
    case OP_MUNMAP:
        return real_call(syscall(SYS_munmap, op->address, op->length));
    case OP_MPROTECT:
        return real_call(syscall(SYS_mprotect, op->address, op->length, op->prot));
    case OP_READ:
    case OP_WRITE:
        return real_access(op);
    case OP_MAPS:
        return real_maps();
    case OP_SUM:
        return real_sum();
    default:
        return (struct answer){0};
    }
}

/* ---- the judge: children and their pipes ---- */

struct judge {
    pid_t first;
    int to[MAX_PROCESSES][2], from[MAX_PROCESSES][2];
    bool alive[MAX_PROCESSES];
};

static inline void serve(const struct judge *judge, unsigned self)
{
    struct op op;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (read(judge->to[self][0], &op, sizeof op) == (ssize_t)sizeof op) {
        struct answer answer = {0};
        if (op.kind == OP_FORK) {
            pid_t pid = fork();
            if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                self = op.child;
                continue;
            }
            answer.error = pid < 0 ? errno : 0;
        } else {
            answer = real_op(&op);
        }
        if (write(judge->from[self][1], &answer, sizeof answer) != (ssize_t)sizeof answer ||
            op.kind == OP_EXIT)
            break;
    }
    /* A parent stays until its children are gone: they must not outlive the death signal. */
    while (wait(NULL) > 0)
        ;
    _exit(0);
}

static inline void judge_start(struct judge *judge)
{
    *judge = (struct judge){.alive = {true}};
    for (unsigned i = 0; i < MAX_PROCESSES; i++) {
        ck_assert_int_eq(pipe(judge->to[i]), 0);
        ck_assert_int_eq(pipe(judge->from[i]), 0);
    }
    judge->first = fork();
    ck_assert_int_ge(judge->first, 0);
    if (judge->first == 0) {
        install_handler();
        serve(judge, 0);
    }
}

static inline struct answer judge_op(struct judge *judge, const struct op *op)
{
    if (!judge->alive[op->process] || (op->kind == OP_FORK && judge->alive[op->child]))
        return (struct answer){.no_process = true};
    struct answer answer = {0};
    ck_assert_int_eq(write(judge->to[op->process][1], op, sizeof *op), sizeof *op);
    ck_assert_int_eq(read(judge->from[op->process][0], &answer, sizeof answer), sizeof answer);
    if (op->kind == OP_FORK && answer.error == 0)
        judge->alive[op->child] = true;
    if (op->kind == OP_EXIT)
        judge->alive[op->process] = false;
    return answer;
}

static inline void judge_stop(struct judge *judge)
{
    for (unsigned i = 0; i < MAX_PROCESSES; i++)
        if (judge->alive[i])
            judge_op(judge, &(struct op){.kind = OP_EXIT, .process = i});
    for (unsigned i = 0; i < MAX_PROCESSES; i++)
        for (unsigned end = 0; end < 2; end++) {
            close(judge->to[i][end]);
            close(judge->from[i][end]);
        }
    waitpid(judge->first, NULL, 0);
}

/* NULL, or why the host cannot be the judge. */
static inline const char *why_not_here(void)
{
#if !defined __x86_64__ || !defined __linux__
    return "it is no x86-64 Linux";
#else
    unsigned flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    void *arena = mmap((void *)(uintptr_t)ARENA, (2 * ARENA_PAGES) * 4096, PROT_READ | PROT_WRITE,
                       (int)flags, -1, 0);
    if (arena == MAP_FAILED)
        return "it gives no memory at 0x60000000";
    munmap(arena, (2 * ARENA_PAGES) * 4096);
    return (uintptr_t)arena == ARENA ? NULL : "it places mappings elsewhere";
#endif
}

#endif
