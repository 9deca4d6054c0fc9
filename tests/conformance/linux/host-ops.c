/*
 * host-ops.c - the programs that mmsim-vm-ops runs, run on the kernel of this host.
 *
 * Each process of a program is a real one, made by fork(): it reads its operations from a pipe,
 * makes the real system calls and the real loads and stores, and catches SIGSEGV and SIGBUS on a
 * stack of its own. The controller, which is never part of a program, hands the operations out one
 * by one and does what `k` does. Files and shared-memory objects are memfds (a tmpfs).
 * Needs no privileges: as root it gives up what would lift the
 * limits on locked memory.
 *
 * A fetch is a jump to the address with the trap flag set: it succeeded if the CPU came to execute
 * what stands there, whatever that is and does.
 *
 * Left out: keys, physical frames, and the limits that this program's own memory counts towards
 * (data, address space). Linux on x86-64 only.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "vm-ops-perform.h"

enum { OBJECT_MAX_BYTES = 1 << 20, BUFFER_BYTES = 65536, NOBODY = 65534, LIMIT_BYTES = 8 << 20 };

/* One process of a program. */
struct slot {
    int command[2], reply[2]; /* pipes */
    pid_t pid;
    bool known, alive;
    int exit_code;
};

struct object {
    char name[VM_OPS_NAME_CHARS + 1];
    int files[3]; /* by enum mmsim_file_access */
};

/* Written by the controller before an operation, by the process after it. */
struct mailbox {
    struct vm_ops_line line;
    pid_t forked;
    bool exits;
};

static struct slot slots[VM_OPS_PROCESSES];
static struct object objects[VM_OPS_OBJECTS];
static unsigned n_objects;
static struct mailbox *mailbox;
static unsigned self; /* in a process: its number */

static void die(const char *what)
{
    fprintf(stderr, "host-ops: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- results ---- */

static void put_error(long result)
{
#define X(name, number)                                                                            \
    if (result < 0 && errno == number) {                                                           \
        fputs(#name, stdout);                                                                      \
        return;                                                                                    \
    }
    MMSIM_ERRNO_LIST(X)
#undef X
    if (result < 0)
        printf("E%d", errno);
    else
        fputs("ok", stdout);
}

static void put_count(long result)
{
    put_error(result);
    if (result >= 0)
        printf(" %ld", result);
}

static void *pointer(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

static bool is_refused(bool allowed)
{
    if (!allowed)
        fputs("badop", stdout);
    return !allowed;
}

static bool inside(const struct vm_ops_line *line)
{
    return vm_ops_range_is_inside(line->values[0], line->values[1]);
}

static int object_file(const struct vm_ops_line *line)
{
    for (unsigned i = 0; i < n_objects; i++)
        if (strcmp(objects[i].name, line->object) == 0)
            return objects[i].files[line->access];
    return -1;
}

/* ---- mappings ---- */

static void host_mmap(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    unsigned flags = (unsigned)line->values[3];
    if ((flags & (MMSIM_MAP_FIXED | MMSIM_MAP_FIXED_NOREPLACE)) &&
        is_refused(vm_ops_range_is_allowed(line->values[0], line->values[1])))
        return;
    void *want = pointer(line->values[0]);
    void *got = mmap(want, line->values[1], (int)line->values[2], (int)flags, object_file(line),
                     (off_t)line->values[5]);
    if (got != MAP_FAILED && got != want) {
        munmap(got, line->values[1]);
        fputs("ok elsewhere", stdout);
        return;
    }
    put_error(got == MAP_FAILED ? -1 : 0);
}

static void host_mremap(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    unsigned flags = (unsigned)line->values[3];
    bool fixed = flags & MMSIM_MREMAP_FIXED;
    if (is_refused(inside(line) &&
                   (!fixed || vm_ops_range_is_inside(line->values[4], line->values[2]))))
        return;
    long got = syscall(SYS_mremap, line->values[0], line->values[1], line->values[2], flags,
                       line->values[4]);
    if (got == -1) {
        put_error(-1);
    } else if ((uint64_t)got < VM_OPS_ARENA || (uint64_t)got >= VM_OPS_ARENA_END) {
        munmap(pointer((uint64_t)got), line->values[2]);
        fputs("ok elsewhere", stdout);
    } else {
        fputs("ok ", stdout);
        vm_ops_put_address((mmsim_vaddr)got);
    }
}

enum { MSEAL = 462 }; /* younger than the headers */

/* Calls whose arguments are a range and perhaps a number. */
static void host_range(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    static const struct {
        const char *name;
        long number;
        bool anywhere; /* ranges that are allowed, not only those inside */
    } calls[] = {{"munmap", SYS_munmap, true},    {"mprotect", SYS_mprotect, true},
                 {"madvise", SYS_madvise, false}, {"msync", SYS_msync, false},
                 {"mlock", SYS_mlock, false},     {"munlock", SYS_munlock, false},
                 {"mlock2", SYS_mlock2, false},   {"mseal", MSEAL, false}};
    (void)run;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].name, line->verb->name) != 0)
            continue;
        bool allowed = calls[i].anywhere ? vm_ops_range_is_allowed(line->values[0], line->values[1])
                                         : inside(line);
        uint64_t third = calls[i].number == SYS_mlock2 ? MLOCK_ONFAULT : line->values[2];
        if (!is_refused(allowed))
            put_error(syscall(calls[i].number, line->values[0], line->values[1], third));
    }
}

/* The program's own pages count towards the limit too; they are few. */
static void host_lock_all(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    bool locks = line->verb->name[1] == 'l';
    put_error(locks ? mlockall((int)line->values[0]) : munlockall());
}

static void host_mincore(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    unsigned char vector[VM_OPS_ARENA_PAGES];
    if (is_refused(inside(line)))
        return;
    int result = mincore(pointer(line->values[0]), line->values[1], vector);
    put_error(result);
    if (result)
        return;
    putchar(' ');
    for (uint64_t i = 0; i < (line->values[1] + MMSIM_PAGE_MASK) / MMSIM_PAGE_SIZE; i++)
        putchar(vector[i] & 1 ? '1' : '0');
}

static void host_rlimit(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    enum mmsim_resource which = (enum mmsim_resource)line->values[0];
    if (is_refused(which == MMSIM_LIMIT_STACK || which == MMSIM_LIMIT_MEMORY_LOCKED))
        return;
    struct rlimit limit = {.rlim_cur = line->values[1], .rlim_max = LIMIT_BYTES};
    if (limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    put_error(setrlimit(which == MMSIM_LIMIT_STACK ? RLIMIT_STACK : RLIMIT_MEMLOCK, &limit));
}

/* ---- accesses ---- */

static sigjmp_buf escape;
static volatile sig_atomic_t armed;
static siginfo_t caught;

static uint64_t fetched; /* the address of a fetch; 0: none is under way */
static volatile sig_atomic_t arrived;

/* The fault is that of the fetch itself, not of what the instruction did (SDM 3A 4.7, I/D). */
static bool is_of_fetch(const ucontext_t *context)
{
    enum { FETCH = 1 << 4 };
    return (uint64_t)context->uc_mcontext.gregs[REG_RIP] == fetched &&
           (context->uc_mcontext.gregs[REG_ERR] & FETCH);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    if (!armed)
        _exit(99);
    if (fetched && number == SIGTRAP && !arrived) { /* after the jump, before the instruction */
        arrived = 1;
        return;
    }
    caught = *info;
    bool succeeded = fetched && (number == SIGTRAP || !is_of_fetch(context));
    siglongjmp(escape, succeeded ? 2 : 1);
}

/* Does not return: a signal comes. What the instruction may use is 0. */
static void jump(uint64_t address)
{
    register uint64_t target __asm__("r15") = address;
    __asm__ volatile("subq $256, %%rsp\n\t"
                     "pushfq\n\t"
                     "orq $0x100, (%%rsp)\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "xorl %%ebx, %%ebx\n\t"
                     "xorl %%ecx, %%ecx\n\t"
                     "xorl %%edx, %%edx\n\t"
                     "xorl %%esi, %%esi\n\t"
                     "xorl %%edi, %%edi\n\t"
                     "xorl %%ebp, %%ebp\n\t"
                     "popfq\n\t"
                     "jmp *%0"
                     :
                     : "r"(target)
                     : "memory");
    __builtin_unreachable();
}

static void catch_faults(void)
{
    static uint8_t stack[65536];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    if (sigaltstack(&alternate, NULL) || sigaction(SIGSEGV, &action, NULL) ||
        sigaction(SIGBUS, &action, NULL) || sigaction(SIGTRAP, &action, NULL) ||
        sigaction(SIGILL, &action, NULL) || sigaction(SIGFPE, &action, NULL))
        die("sigaction");
}

static uint64_t load(uint64_t address, size_t n_bytes)
{
    switch (n_bytes) {
    case 8:
        return *(volatile uint64_t *)pointer(address);
    case 4:
        return *(volatile uint32_t *)pointer(address);
    case 2:
        return *(volatile uint16_t *)pointer(address);
    default:
        return *(volatile uint8_t *)pointer(address);
    }
}

static void store(uint64_t address, size_t n_bytes, uint64_t value)
{
    switch (n_bytes) {
    case 8:
        *(volatile uint64_t *)pointer(address) = value;
        return;
    case 4:
        *(volatile uint32_t *)pointer(address) = (uint32_t)value;
        return;
    case 2:
        *(volatile uint16_t *)pointer(address) = (uint16_t)value;
        return;
    default:
        *(volatile uint8_t *)pointer(address) = (uint8_t)value;
    }
}

static const char *code_name(void)
{
    if (caught.si_signo == SIGBUS)
        return "ADRERR";
    return caught.si_code == SEGV_MAPERR ? "MAPERR" : "ACCERR";
}

static void host_fetch(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    uint64_t address = line->values[0];
    if (is_refused(address >= VM_OPS_ARENA && address < VM_OPS_ARENA_END))
        return;
    fetched = address;
    arrived = 0;
    armed = 1;
    int how = sigsetjmp(escape, 1);
    if (how == 0)
        jump(address);
    armed = 0;
    fetched = 0;
    if (how == 2) {
        fputs("ok", stdout);
        return;
    }
    printf("%s %s ", caught.si_signo == SIGBUS ? "SIGBUS" : "SIGSEGV", code_name());
    vm_ops_put_address((mmsim_vaddr)(uintptr_t)caught.si_addr);
}

static void host_access(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    const char *name = line->verb->name;
    size_t n_bytes = name[1] ? (size_t)(name[1] - '0') : 1;
    uint64_t address = line->values[0];
    volatile uint64_t value = 0; /* kept across a jump out of the handler */
    if (is_refused(address >= VM_OPS_ARENA && address < VM_OPS_ARENA_END))
        return;
    armed = 1;
    if (sigsetjmp(escape, 1)) {
        armed = 0;
        printf("%s %s ", caught.si_signo == SIGBUS ? "SIGBUS" : "SIGSEGV", code_name());
        vm_ops_put_address((mmsim_vaddr)(uintptr_t)caught.si_addr);
        return;
    }
    if (name[0] == 'r')
        value = load(address, n_bytes);
    else
        store(address, n_bytes, line->values[1]);
    armed = 0;
    if (name[0] == 'r')
        printf("ok %0*" PRIx64, (int)(2 * n_bytes), (uint64_t)value);
    else
        fputs("ok", stdout);
}

/* ---- what can be seen ---- */

struct mapping {
    uint64_t start, end, offset;
    char rights[8], path[256];
};

/* The next mapping in the arena; false: there is none. */
static bool next_mapping(FILE *maps, struct mapping *mapping)
{
    char text[512];
    while (fgets(text, sizeof text, maps)) {
        mapping->path[0] = '\0';
        int n = sscanf(text, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %255[^\n]",
                       &mapping->start, &mapping->end, mapping->rights, &mapping->offset,
                       mapping->path);
        if (n >= 4 && mapping->start >= VM_OPS_ARENA && mapping->start < VM_OPS_ARENA_END)
            return true;
    }
    return false;
}

static void put_mapping(const struct mapping *mapping)
{
    static const char memfd[] = "/memfd:";
    printf("%" PRIu64 "-%" PRIu64 " %s ", (mapping->start - VM_OPS_ARENA) / MMSIM_PAGE_SIZE,
           (mapping->end - VM_OPS_ARENA) / MMSIM_PAGE_SIZE, mapping->rights);
    uint64_t page = mapping->offset / MMSIM_PAGE_SIZE;
    if (strncmp(mapping->path, memfd, strlen(memfd)) == 0) {
        const char *name = mapping->path + strlen(memfd);
        printf("%.*s@%" PRIu64, (int)strcspn(name, " "), name, page);
    } else if (strncmp(mapping->path, "/dev/zero", 9) == 0) {
        printf("sanon@%" PRIu64, page);
    } else {
        fputs("anon", stdout);
    }
}

static void host_maps(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    (void)line;
    struct mapping mapping;
    FILE *maps = fopen("/proc/self/maps", "r");
    if (!maps)
        die("/proc/self/maps");
    unsigned n = 0;
    for (; next_mapping(maps, &mapping); n++) {
        fputs(n ? "; " : "ok ", stdout);
        put_mapping(&mapping);
    }
    if (n == 0)
        fputs("ok -", stdout);
    fclose(maps);
}

static void sum_page(uint64_t page)
{
    uint8_t bytes[MMSIM_PAGE_SIZE];
    printf(" %" PRIu64 ":", (page - VM_OPS_ARENA) / MMSIM_PAGE_SIZE);
    armed = 1;
    if (sigsetjmp(escape, 1)) {
        armed = 0;
        fputs(caught.si_signo == SIGBUS ? "BUS" : code_name(), stdout);
        return;
    }
    for (uint64_t i = 0; i < sizeof bytes; i += 8) {
        uint64_t word = load(page + i, 8);
        memcpy(bytes + i, &word, 8);
    }
    armed = 0;
    printf("%08" PRIx32, vm_ops_fold(vm_ops_hash(VM_OPS_HASH_START, bytes, sizeof bytes)));
}

static void host_sum(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    (void)line;
    enum { MAX_MAPPINGS = 4096 };
    static struct mapping mappings[MAX_MAPPINGS];
    unsigned n = 0;
    FILE *maps = fopen("/proc/self/maps", "r"); /* first all of it: reading pages grows stacks */
    if (!maps)
        die("/proc/self/maps");
    while (n < MAX_MAPPINGS && next_mapping(maps, &mappings[n]))
        n++;
    fclose(maps);
    fputs("ok", stdout);
    for (unsigned i = 0; i < n; i++)
        for (uint64_t page = mappings[i].start; page < mappings[i].end; page += MMSIM_PAGE_SIZE)
            sum_page(page);
}

/* ---- files ---- */

static void host_move(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    int file = object_file(line);
    if (is_refused(file >= 0 && vm_ops_range_is_inside(line->values[3], line->values[2])))
        return;
    long number = line->verb->name[1] == 'r' ? SYS_pread64 : SYS_pwrite64;
    put_count(syscall(number, file, line->values[3], line->values[2], line->values[1]));
}

static void host_file_read(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    uint8_t byte;
    int file = object_file(line);
    if (is_refused(file >= 0))
        return;
    ssize_t n = pread(file, &byte, 1, (off_t)line->values[1]);
    put_error(n);
    if (n == 1)
        printf(" %02x", byte);
    else if (n == 0)
        fputs(" eof", stdout);
}

static void host_file_write(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    static uint8_t bytes[BUFFER_BYTES];
    uint64_t n = line->values[3] ? line->values[3] : 1;
    int file = object_file(line);
    if (is_refused(file >= 0))
        return;
    n = n < BUFFER_BYTES ? n : BUFFER_BYTES;
    memset(bytes, (int)line->values[2], n);
    put_count(pwrite(file, bytes, n, (off_t)line->values[1]));
}

/* ftrunc, fsync, fpunch: a result and nothing more. */
static void host_file_call(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    int file = object_file(line);
    if (is_refused(file >= 0))
        return;
    if (strcmp(line->verb->name, "ftrunc") == 0)
        put_error(ftruncate(file, (off_t)line->values[1]));
    else if (strcmp(line->verb->name, "fsync") == 0)
        put_error(fsync(file));
    else
        put_error(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                            (off_t)line->values[1], (off_t)line->values[2]));
}

static void host_file_size(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    int file = object_file(line);
    if (!is_refused(file >= 0))
        printf("ok %jd", (intmax_t)lseek(file, 0, SEEK_END));
}

static void host_file_sum(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    uint8_t bytes[4096];
    uint64_t hash = VM_OPS_HASH_START;
    uint64_t at = 0;
    int file = object_file(line);
    if (is_refused(file >= 0))
        return;
    for (ssize_t n; (n = pread(file, bytes, sizeof bytes, (off_t)at)) > 0; at += (uint64_t)n)
        hash = vm_ops_hash(hash, bytes, (uint64_t)n);
    printf("ok %" PRIu64 ":%08" PRIx32, at, vm_ops_fold(hash));
}

/* ---- processes ---- */

static void serve(unsigned number);

static void host_fork(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        serve((unsigned)line->values[0]);
    mailbox->forked = pid;
    put_error(pid);
}

static void host_exit(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)run;
    (void)line;
    mailbox->exits = true;
    fputs("ok", stdout);
}

static void wait_word(int file)
{
    char byte;
    if (read(file, &byte, 1) != 1)
        _exit(1);
}

static void say_word(int file)
{
    if (write(file, "", 1) != 1)
        _exit(1);
}

/* The life of a process: operations, one after the other, until it is told to exit. */
static void serve(unsigned number)
{
    self = number;
    catch_faults();
    for (;;) {
        wait_word(slots[self].command[0]);
        struct vm_ops_line line = mailbox->line;
        line.verb->perform(NULL, &line);
        fflush(stdout);
        bool exits = mailbox->exits;
        int code = (int)line.values[0];
        say_word(slots[self].reply[1]);
        if (exits)
            _exit(code);
    }
}

/* The type that names a limit differs between C libraries and languages: constants always fit. */
static void limit(bool stack)
{
    const struct rlimit bytes = {LIMIT_BYTES, LIMIT_BYTES};
    if (setrlimit(stack ? RLIMIT_STACK : RLIMIT_MEMLOCK, &bytes))
        die("setrlimit");
}

static void start_first(void)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        for (unsigned i = 0; i < VM_OPS_PROCESSES; i++) { /* so that the controller's end shows */
            close(slots[i].command[1]);
            close(slots[i].reply[0]);
        }
        limit(true);
        limit(false);
        if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY))
            die("setresuid");
        serve(0);
    }
    slots[0].pid = pid;
    slots[0].known = slots[0].alive = true;
}

/* Its memory is gone when this returns. */
static void await_end(struct slot *slot)
{
    int descriptor = (int)syscall(SYS_pidfd_open, slot->pid, 0);
    struct pollfd ended = {.fd = descriptor, .events = POLLIN};
    if (descriptor < 0 || poll(&ended, 1, 10000) != 1)
        die("a process does not end");
    close(descriptor);
    slot->alive = false;
}

static void host_wait(const struct vm_ops_line *line)
{
    const struct slot *child = &slots[line->values[0]];
    if (!is_refused(child->known && !child->alive))
        printf("ok exit=%d", child->exit_code);
}

/* Hands an operation to its process and waits until it is done. */
static void delegate(const struct vm_ops_line *line)
{
    struct slot *slot = &slots[line->subject];
    bool forks = line->verb->perform == host_fork;
    if (forks && slots[line->values[0]].known) {
        fputs("badop", stdout);
        return;
    }
    mailbox->line = *line;
    mailbox->exits = false;
    mailbox->forked = -1;
    fflush(stdout);
    say_word(slot->command[1]);
    struct pollfd done = {.fd = slot->reply[0], .events = POLLIN};
    if (poll(&done, 1, 10000) != 1) {
        errno = ETIMEDOUT;
        die(line->verb->name);
    }
    wait_word(slot->reply[0]);
    if (forks && mailbox->forked > 0)
        slots[line->values[0]] = (struct slot){
            .command = {slots[line->values[0]].command[0], slots[line->values[0]].command[1]},
            .reply = {slots[line->values[0]].reply[0], slots[line->values[0]].reply[1]},
            .pid = mailbox->forked,
            .known = true,
            .alive = true};
    if (mailbox->exits) {
        slot->exit_code = (int)line->values[0] & 0xff;
        await_end(slot);
    }
}

/* ---- programs ---- */

static void end_program(void)
{
    for (unsigned i = 0; i < VM_OPS_PROCESSES; i++) {
        if (slots[i].alive)
            kill(slots[i].pid, SIGKILL);
        slots[i].known = slots[i].alive = false;
    }
    while (waitpid(-1, NULL, 0) > 0) /* grandchildren too: this is their reaper */
        continue;
    for (unsigned i = 0; i < n_objects; i++)
        for (unsigned k = 0; k < 3; k++)
            close(objects[i].files[k]);
    n_objects = 0;
}

static int reopen(int file, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    int again = open(path, flags | O_CLOEXEC);
    if (again < 0)
        die(path);
    return again;
}

static void declare(const struct vm_ops_line *line)
{
    struct object *object = &objects[n_objects];
    if (slots[0].known || n_objects == VM_OPS_OBJECTS) {
        errno = EINVAL;
        die("objects are declared before the first operation");
    }
    uint64_t seed = line->values[1] ? line->values[1] : n_objects + 1;
    uint64_t size = line->values[0] < OBJECT_MAX_BYTES ? line->values[0] : OBJECT_MAX_BYTES;
    int file = memfd_create(line->name, MFD_CLOEXEC);
    uint8_t *bytes = malloc(size + 1);
    if (file < 0 || !bytes)
        die(line->name);
    for (uint64_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(seed * 37 + i * 31 + (i >> 12) * 101 + 1);
    if (pwrite(file, bytes, size, 0) != (ssize_t)size)
        die(line->name);
    free(bytes);
    strcpy(object->name, line->name);
    object->files[MMSIM_FILE_READ_WRITE] = file;
    object->files[MMSIM_FILE_READ_ONLY] = reopen(file, O_RDONLY);
    object->files[MMSIM_FILE_WRITE_ONLY] = reopen(file, O_WRONLY);
    n_objects++;
}

#define RANGE FIELD_ADDRESS, FIELD_SIZE

const struct vm_ops_verb vm_ops_verbs[] = {
    {"mmap",
     false,
     {RANGE, FIELD_PROTECTION, FIELD_MAP_FLAGS, FIELD_OBJECT, FIELD_SIZE},
     4,
     host_mmap},
    {"munmap", false, {RANGE}, 2, host_range},
    {"mprotect", false, {RANGE, FIELD_PROTECTION}, 3, host_range},
    {"mremap", false, {RANGE, FIELD_SIZE, FIELD_REMAP, FIELD_ADDRESS}, 4, host_mremap},
    {"madvise", false, {RANGE, FIELD_ADVICE}, 3, host_range},
    {"msync", false, {RANGE, FIELD_SYNC}, 3, host_range},
    {"mlock", false, {RANGE}, 2, host_range},
    {"mlock2", false, {RANGE}, 2, host_range},
    {"munlock", false, {RANGE}, 2, host_range},
    {"mseal", false, {RANGE}, 2, host_range},
    {"mlockall", false, {FIELD_NUMBER}, 1, host_lock_all},
    {"munlockall", false, {FIELD_END}, 0, host_lock_all},
    {"mincore", false, {RANGE}, 2, host_mincore},
    {"rlimit", false, {FIELD_LIMIT, FIELD_SIZE}, 2, host_rlimit},
    {"r", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, host_access},
    {"r1", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, host_access},
    {"r2", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, host_access},
    {"r4", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, host_access},
    {"r8", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, host_access},
    {"w", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, host_access},
    {"w1", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, host_access},
    {"w2", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, host_access},
    {"w4", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, host_access},
    {"w8", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, host_access},
    {"x", false, {FIELD_ADDRESS}, 1, host_fetch},
    {"fork", false, {FIELD_PROCESS}, 1, host_fork},
    {"exit", false, {FIELD_NUMBER}, 0, host_exit},
    {"wait", false, {FIELD_PROCESS}, 1, NULL},
    {"pread", false, {FIELD_OBJECT, FIELD_SIZE, FIELD_SIZE, FIELD_ADDRESS}, 4, host_move},
    {"pwrite", false, {FIELD_OBJECT, FIELD_SIZE, FIELD_SIZE, FIELD_ADDRESS}, 4, host_move},
    {"maps", false, {FIELD_END}, 0, host_maps},
    {"sum", false, {FIELD_END}, 0, host_sum},
    {"fread", true, {FIELD_OBJECT, FIELD_SIZE}, 1, host_file_read},
    {"fwrite", true, {FIELD_OBJECT, FIELD_SIZE, FIELD_NUMBER, FIELD_SIZE}, 1, host_file_write},
    {"ftrunc", true, {FIELD_OBJECT, FIELD_SIZE}, 1, host_file_call},
    {"fsize", true, {FIELD_OBJECT}, 1, host_file_size},
    {"fsum", true, {FIELD_OBJECT}, 1, host_file_sum},
    {"fsync", true, {FIELD_OBJECT}, 1, host_file_call},
    {"fpunch", true, {FIELD_OBJECT, FIELD_SIZE, FIELD_SIZE}, 1, host_file_call},
    {0},
};

static void operate(const struct vm_ops_line *line)
{
    if (!slots[0].known)
        start_first();
    if (line->subject == VM_OPS_KERNEL)
        line->verb->perform(NULL, line);
    else if (!slots[line->subject].alive)
        fputs("noproc", stdout);
    else if (line->verb->perform == NULL)
        host_wait(line);
    else
        delegate(line);
}

int main(int argc, char **argv)
{
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: host-ops FILE\n");
        return 2;
    }
    FILE *stream = fopen(argv[1], "r");
    if (!stream)
        die(argv[1]);
    mailbox =
        mmap(NULL, sizeof *mailbox, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mailbox == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1))
        die("mmap");
    for (unsigned i = 0; i < VM_OPS_PROCESSES; i++)
        if (pipe2(slots[i].command, O_CLOEXEC) || pipe2(slots[i].reply, O_CLOEXEC))
            die("pipe");
    char text[1024];
    char why[256];
    unsigned column;
    struct vm_ops_line line;
    unsigned long number = 0;
    for (unsigned index = 0; fgets(text, sizeof text, stream);) {
        number++;
        if (!vm_ops_read(text, &line, &column, why, sizeof why)) {
            fprintf(stderr, "%s:%lu:%u: error: %s\n", argv[1], number, column, why);
            return 2;
        }
        if (line.kind == VM_OPS_PROGRAM) {
            end_program();
            index = 0;
            printf("== %s\n", line.name);
        } else if (line.kind == VM_OPS_OBJECT) {
            declare(&line);
        } else if (line.kind == VM_OPS_OPERATION) {
            printf("%u ", index++);
            operate(&line);
            putchar('\n');
        }
    }
    end_program();
    fclose(stream);
    return fflush(stdout) == 0 ? 0 : 2;
}
