/* vm-ops-perform.c - the verbs of processes, one function each, and the table of all verbs. */
#include "vm-ops-perform.h"

#include <inttypes.h>
#include <string.h>

/* ---- shared ---- */

void vm_ops_put_error(enum mmsim_errno error)
{
    fputs(error ? mmsim_errno_name(error) : "ok", stdout);
}

struct mmsim_file *vm_ops_object(const struct vm_ops_run *run, const struct vm_ops_line *line)
{
    for (unsigned i = 0; i < run->n_objects; i++)
        if (strcmp(run->names[i], line->object) == 0)
            return run->objects[i];
    return NULL;
}

/* True: the range is refused, and that is the result. */
static bool is_refused(const struct vm_ops_line *line,
                       bool (*allows)(mmsim_vaddr address, uint64_t length))
{
    if (allows(line->values[0], line->values[1]))
        return false;
    fputs("badop", stdout);
    return true;
}

/* ---- mappings ---- */

static void perform_mmap(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_process *process = vm_ops_actor(run, line);
    struct mmsim_mapping want = {.address = line->values[0],
                                 .length = line->values[1],
                                 .prot = (unsigned)line->values[2],
                                 .flags = (unsigned)line->values[3],
                                 .file = vm_ops_object(run, line),
                                 .access = line->access,
                                 .offset = line->values[5]};
    bool fixed = want.flags & (MMSIM_MAP_FIXED | MMSIM_MAP_FIXED_NOREPLACE);
    if (fixed && is_refused(line, vm_ops_range_is_allowed))
        return;
    mmsim_vaddr address;
    enum mmsim_errno error = mmsim_mmap(process, &want, &address);
    if (!error && address != want.address) {
        mmsim_munmap(process, address, want.length);
        fputs("ok elsewhere", stdout);
        return;
    }
    vm_ops_put_error(error);
}

static void perform_munmap(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    if (!is_refused(line, vm_ops_range_is_allowed))
        vm_ops_put_error(mmsim_munmap(vm_ops_actor(run, line), line->values[0], line->values[1]));
}

static void perform_mprotect(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    if (!is_refused(line, vm_ops_range_is_allowed))
        vm_ops_put_error(mmsim_mprotect(vm_ops_actor(run, line), line->values[0], line->values[1],
                                        (unsigned)line->values[2]));
}

static void perform_pkey_mprotect(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    if (!is_refused(line, vm_ops_range_is_allowed))
        vm_ops_put_error(mmsim_pkey_mprotect(vm_ops_actor(run, line), line->values[0],
                                             line->values[1], (unsigned)line->values[2],
                                             (int)line->values[3]));
}

static void perform_mremap(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_process *process = vm_ops_actor(run, line);
    struct mmsim_remap want = {.address = line->values[0],
                               .old_length = line->values[1],
                               .new_length = line->values[2],
                               .flags = (unsigned)line->values[3],
                               .new_address = line->values[4]};
    if (is_refused(line, vm_ops_range_is_inside))
        return;
    if ((want.flags & MMSIM_MREMAP_FIXED) &&
        !vm_ops_range_is_inside(want.new_address, want.new_length)) {
        fputs("badop", stdout);
        return;
    }
    mmsim_vaddr address;
    enum mmsim_errno error = mmsim_mremap(process, &want, &address);
    if (error) {
        vm_ops_put_error(error);
    } else if (address < VM_OPS_ARENA || address >= VM_OPS_ARENA_END) {
        mmsim_munmap(process, address, want.new_length);
        fputs("ok elsewhere", stdout);
    } else {
        fputs("ok ", stdout);
        vm_ops_put_address(address);
    }
}

static void perform_madvise(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    if (!is_refused(line, vm_ops_range_is_inside))
        vm_ops_put_error(mmsim_madvise(vm_ops_actor(run, line), line->values[0], line->values[1],
                                       (enum mmsim_advice)line->values[2]));
}

static void perform_msync(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    if (!is_refused(line, vm_ops_range_is_inside))
        vm_ops_put_error(mmsim_msync(vm_ops_actor(run, line), line->values[0], line->values[1],
                                     (unsigned)line->values[2]));
}

static void perform_mlock(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    unsigned flags = strcmp(line->verb->name, "mlock2") == 0 ? MMSIM_MLOCK_ONFAULT : 0;
    if (!is_refused(line, vm_ops_range_is_inside))
        vm_ops_put_error(
            mmsim_mlock(vm_ops_actor(run, line), line->values[0], line->values[1], flags));
}

static void perform_munlock(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    if (!is_refused(line, vm_ops_range_is_inside))
        vm_ops_put_error(mmsim_munlock(vm_ops_actor(run, line), line->values[0], line->values[1]));
}

static void perform_mlockall(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    vm_ops_put_error(mmsim_mlockall(vm_ops_actor(run, line), (unsigned)line->values[0]));
}

static void perform_munlockall(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    vm_ops_put_error(mmsim_munlockall(vm_ops_actor(run, line)));
}

static void perform_mseal(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    if (!is_refused(line, vm_ops_range_is_inside))
        vm_ops_put_error(mmsim_mseal(vm_ops_actor(run, line), line->values[0], line->values[1], 0));
}

static void perform_mincore(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    uint8_t vector[VM_OPS_ARENA_PAGES];
    if (is_refused(line, vm_ops_range_is_inside))
        return;
    enum mmsim_errno error =
        mmsim_mincore(vm_ops_actor(run, line), line->values[0], line->values[1], vector);
    vm_ops_put_error(error);
    if (error)
        return;
    putchar(' ');
    for (uint64_t i = 0; i < (line->values[1] + MMSIM_PAGE_MASK) / MMSIM_PAGE_SIZE; i++)
        putchar(vector[i] ? '1' : '0');
}

static void perform_rlimit(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    vm_ops_put_error(mmsim_set_limit(vm_ops_actor(run, line), (enum mmsim_resource)line->values[0],
                                     line->values[1]));
}

/* ---- accesses ---- */

/* The thread's own rights for the length of an access, and none afterwards. */
static void enter_thread(struct vm_ops_run *run, unsigned subject, uint32_t pkru)
{
    if (run->options->keys)
        mmsim_wrpkru(run->processes[subject], pkru);
}

static void put_signal(const struct mmsim_access *access)
{
    const char *code = mmsim_sigcode_name(access->code);
    printf("%s %s ", mmsim_signal_name(access->signal), strchr(code, '_') + 1);
    vm_ops_put_address(access->address);
    if (access->code == MMSIM_SEGV_PKUERR)
        printf(" key=%u", access->key);
}

static struct mmsim_access make_access(struct mmsim_process *process, char kind, size_t n_bytes,
                                       mmsim_vaddr address, uint64_t *value)
{
    if (kind == 'r') {
        *value = 0;
        return mmsim_read(process, address, value, n_bytes);
    }
    return kind == 'w' ? mmsim_write(process, address, value, n_bytes)
                       : mmsim_fetch(process, address);
}

/* r, w, x; r1 to r8, w1 to w8: the name says it. */
static void perform_access(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    const char *name = line->verb->name;
    size_t n_bytes = name[1] ? (size_t)(name[1] - '0') : 1;
    mmsim_vaddr address = line->values[0];
    uint64_t value = line->values[1];
    if (address < VM_OPS_ARENA || address >= VM_OPS_ARENA_END) {
        fputs("badop", stdout);
        return;
    }
    enter_thread(run, line->subject, run->pkru[line->subject]);
    struct mmsim_access access =
        make_access(vm_ops_actor(run, line), name[0], n_bytes, address, &value);
    enter_thread(run, line->subject, 0);
    if (access.outcome == MMSIM_SIGNAL)
        put_signal(&access);
    else if (access.outcome == MMSIM_ERROR)
        vm_ops_put_error(access.error);
    else if (name[0] == 'r')
        printf("ok %0*" PRIx64, (int)(2 * n_bytes), value);
    else
        fputs("ok", stdout);
    if (run->options->faults && access.outcome == MMSIM_DONE && name[0] != 'x')
        printf(" mf=%" PRIu32, access.n_faults);
}

/* ---- processes ---- */

static void perform_fork(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    unsigned child = (unsigned)line->values[0];
    char name[8];
    if (run->known[child]) {
        fputs("badop", stdout);
        return;
    }
    snprintf(name, sizeof name, "p%u", child);
    enum mmsim_errno error = mmsim_fork(vm_ops_actor(run, line), name, &run->processes[child]);
    vm_ops_put_error(error);
    if (error)
        return;
    mmsim_process_on_signal(run->processes[child], MMSIM_ON_SIGNAL_SURVIVE);
    run->known[child] = run->alive[child] = true;
    run->pkru[child] = run->pkru[line->subject];
}

static void perform_exit(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    run->exit_codes[line->subject] = (int)line->values[0] & 0xff;
    run->alive[line->subject] = false;
    vm_ops_put_error(mmsim_exit(vm_ops_actor(run, line), (int)line->values[0]));
}

static void perform_wait(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    unsigned child = (unsigned)line->values[0];
    if (!run->known[child] || run->alive[child])
        fputs("badop", stdout);
    else
        printf("ok exit=%d", run->exit_codes[child]);
}

/* ---- keys ---- */

static void perform_pkey_alloc(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_process *process = vm_ops_actor(run, line);
    uint32_t *pkru = &run->pkru[line->subject];
    int key;
    enter_thread(run, line->subject, *pkru & ~UINT32_C(3));
    enum mmsim_errno error = mmsim_pkey_alloc(process, 0, (unsigned)line->values[0], &key);
    if (run->options->keys)
        *pkru = (mmsim_pkru(process) & ~UINT32_C(3)) | (*pkru & 3);
    enter_thread(run, line->subject, 0);
    vm_ops_put_error(error);
    if (!error)
        printf(" %d", key);
}

static void perform_pkey_free(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    vm_ops_put_error(mmsim_pkey_free(vm_ops_actor(run, line), (int)line->values[0]));
}

static void perform_pkey_set(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    unsigned shift = 2 * ((unsigned)line->values[0] & 15);
    uint32_t *pkru = &run->pkru[line->subject];
    *pkru = (*pkru & ~(UINT32_C(3) << shift)) | (uint32_t)(line->values[1] & 3) << shift;
    fputs("ok", stdout);
}

static void perform_pkru(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    run->pkru[line->subject] = (uint32_t)line->values[0];
    fputs("ok", stdout);
}

static void perform_rdpkru(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    printf("ok %08" PRIx32, run->pkru[line->subject]);
}

/* ---- all verbs ---- */

#define RANGE FIELD_ADDRESS, FIELD_SIZE

const struct vm_ops_verb vm_ops_verbs[] = {
    {"mmap",
     false,
     {RANGE, FIELD_PROTECTION, FIELD_MAP_FLAGS, FIELD_OBJECT, FIELD_SIZE},
     4,
     perform_mmap},
    {"munmap", false, {RANGE}, 2, perform_munmap},
    {"mprotect", false, {RANGE, FIELD_PROTECTION}, 3, perform_mprotect},
    {"pkey_mprotect", false, {RANGE, FIELD_PROTECTION, FIELD_NUMBER}, 4, perform_pkey_mprotect},
    {"mremap", false, {RANGE, FIELD_SIZE, FIELD_REMAP, FIELD_ADDRESS}, 4, perform_mremap},
    {"madvise", false, {RANGE, FIELD_ADVICE}, 3, perform_madvise},
    {"msync", false, {RANGE, FIELD_SYNC}, 3, perform_msync},
    {"mlock", false, {RANGE}, 2, perform_mlock},
    {"mlock2", false, {RANGE}, 2, perform_mlock},
    {"munlock", false, {RANGE}, 2, perform_munlock},
    {"mlockall", false, {FIELD_NUMBER}, 1, perform_mlockall},
    {"munlockall", false, {FIELD_END}, 0, perform_munlockall},
    {"mseal", false, {RANGE}, 2, perform_mseal},
    {"mincore", false, {RANGE}, 2, perform_mincore},
    {"rlimit", false, {FIELD_LIMIT, FIELD_SIZE}, 2, perform_rlimit},
    {"r", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, perform_access},
    {"r1", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, perform_access},
    {"r2", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, perform_access},
    {"r4", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, perform_access},
    {"r8", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, perform_access},
    {"w", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, perform_access},
    {"w1", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, perform_access},
    {"w2", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, perform_access},
    {"w4", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, perform_access},
    {"w8", false, {FIELD_ADDRESS, FIELD_NUMBER}, 1, perform_access},
    {"x", false, {FIELD_ADDRESS}, 1, perform_access},
    {"fork", false, {FIELD_PROCESS}, 1, perform_fork},
    {"exit", false, {FIELD_NUMBER}, 0, perform_exit},
    {"wait", false, {FIELD_PROCESS}, 1, perform_wait},
    {"pread", false, {FIELD_OBJECT, FIELD_SIZE, FIELD_SIZE, FIELD_ADDRESS}, 4, vm_ops_pread},
    {"pwrite", false, {FIELD_OBJECT, FIELD_SIZE, FIELD_SIZE, FIELD_ADDRESS}, 4, vm_ops_pwrite},
    {"pkey_alloc", false, {FIELD_NUMBER}, 0, perform_pkey_alloc},
    {"pkey_free", false, {FIELD_NUMBER}, 0, perform_pkey_free},
    {"pkey_set", false, {FIELD_NUMBER, FIELD_NUMBER}, 0, perform_pkey_set},
    {"pkru", false, {FIELD_NUMBER}, 0, perform_pkru},
    {"rdpkru", false, {FIELD_END}, 0, perform_rdpkru},
    {"maps", false, {FIELD_END}, 0, vm_ops_show_maps},
    {"vmas", false, {FIELD_END}, 0, vm_ops_show_vmas},
    {"smaps", false, {FIELD_END}, 0, vm_ops_show_smaps},
    {"sum", false, {FIELD_END}, 0, vm_ops_show_sum},
    {"pages", false, {FIELD_NUMBER, FIELD_NUMBER}, 0, vm_ops_show_pages},
    {"frames", true, {FIELD_END}, 0, vm_ops_show_frames},
    {"fread", true, {FIELD_OBJECT, FIELD_SIZE}, 1, vm_ops_file_read},
    {"fwrite", true, {FIELD_OBJECT, FIELD_SIZE, FIELD_NUMBER, FIELD_SIZE}, 1, vm_ops_file_write},
    {"ftrunc", true, {FIELD_OBJECT, FIELD_SIZE}, 1, vm_ops_file_truncate},
    {"fsize", true, {FIELD_OBJECT}, 1, vm_ops_file_size},
    {"fsum", true, {FIELD_OBJECT}, 1, vm_ops_file_sum},
    {"fsync", true, {FIELD_OBJECT}, 1, vm_ops_file_sync},
    {"fdrop", true, {FIELD_OBJECT}, 1, vm_ops_file_drop},
    {"fpunch", true, {FIELD_OBJECT, FIELD_SIZE, FIELD_SIZE}, 1, vm_ops_file_punch},
    {0},
};

/* ---- programs ---- */

bool vm_ops_begin(struct vm_ops_run *run, struct mmsim_error *error)
{
    vm_ops_end(run);
    if (mmsim_machine_create(&run->options->config, &run->machine, error) ||
        mmsim_spawn(run->machine, "p0", &run->processes[0], error))
        return false;
    mmsim_process_on_signal(run->processes[0], MMSIM_ON_SIGNAL_SURVIVE);
    run->known[0] = run->alive[0] = true;
    run->pkru[0] = run->options->keys ? mmsim_pkru(run->processes[0]) : 0;
    enter_thread(run, 0, 0);
    return true;
}

void vm_ops_end(struct vm_ops_run *run)
{
    const struct vm_ops_options *options = run->options;
    bool violated = run->violated;
    struct mmsim_error error;
    if (run->machine && options->check && mmsim_machine_check(run->machine, &error)) {
        printf("INVARIANT %s\n", error.text);
        violated = true;
    }
    mmsim_machine_destroy(run->machine);
    *run = (struct vm_ops_run){.options = options, .violated = violated};
}

/* Frames that the declarations need are not refused. */
static void arm_failure(struct vm_ops_run *run)
{
    struct mmsim_fail rules = {.nth = run->options->fail_frame};
    if (rules.nth > 0 && !run->armed)
        mmsim_fail_set(run->machine, MMSIM_FAIL_FRAMES, &rules);
    run->armed = true;
}

void vm_ops_do(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    arm_failure(run);
    if (line->subject != VM_OPS_KERNEL && !run->alive[line->subject])
        fputs("noproc", stdout);
    else
        line->verb->perform(run, line);
    for (unsigned i = 0; i < VM_OPS_PROCESSES; i++) /* somebody may have been ended to make room */
        if (run->alive[i] && !mmsim_process_alive(run->processes[i])) {
            run->alive[i] = false;
            run->exit_codes[i] = 128 + MMSIM_SIGKILL;
        }
}
