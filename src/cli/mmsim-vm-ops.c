/*
 * mmsim-vm-ops.c - the program: memory operations of processes, one a line, on a whole simulated
 * machine; one result a line.
 *
 * Made for comparing the simulator with a real kernel: tests/conformance/README.md.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vm-ops-perform.h"

enum { EXIT_DONE = 0, EXIT_WRONG = 2, EXIT_VIOLATED = 3 };

static int complain(const char *format, const char *text)
{
    fprintf(stderr, "mmsim-vm-ops: error: ");
    fprintf(stderr, format, text);
    fprintf(stderr, "; see mmsim-vm-ops --help\n");
    return EXIT_WRONG;
}

/* ---- help ---- */

static const char HELP_HEAD[] =
    "Usage: mmsim-vm-ops [OPTIONS] FILE|-\n"
    "\n"
    "Runs programs of memory operations, from FILE or (-) from standard input, each on a fresh\n"
    "machine, and prints '== NAME' for each program and 'INDEX RESULT' for each operation.\n"
    "'#' starts a comment.\n"
    "\n"
    "  prog NAME               begins a program with one process, p0\n"
    "  file NAME SIZE [SEED]   declares a file;  shm: a shared-memory object\n";

static const char HELP_TAIL[] =
    "\n"
    "ADDRESS, SIZE: PAGE or PAGE+BYTES in decimal, addresses from 0x60000000, or @0xADDRESS.\n"
    "PROT: letters of rwx, or -. FLAGS are joined by commas; mmap is fixed unless 'hint'.\n"
    "\n"
    "Options:\n"
    "  -e              print each operation beside its result\n"
    "  -f              print mf=N, the page faults that an access took\n"
    "  --cpu NAME      a CPU preset, with or without features (default: modern)\n"
    "  --paging MODE   32bit or pae (default: pae)\n"
    "  --execute MODE  auto, none, nx, cs-limit, split-tlb (default: auto)\n"
    "  --no-keys       no protection keys, as on most CPUs\n"
    "  --ram MIB       RAM in MiB (default: 256)\n"
    "  --user-frames N at most N frames for pages of processes and files\n"
    "  --swap MIB      swap space in MiB (default: none)\n"
    "  --policy NAME   which page goes (default: clock)\n"
    "  --check         check the machine's invariants after every call; 3 if they do not hold\n"
    "  --fail-frame N  refuse the N-th frame of each program\n"
    "  --help          print this\n"
    "\n"
    "Examples:\n"
    "  printf 'prog one\\np0 mmap 0 1 rw private,anon\\np0 w 0 7\\np0 r 0\\n' | mmsim-vm-ops -e -\n"
    "  mmsim-vm-ops --paging 32bit --cpu pentium-3 programs.txt\n";

static int print_help(void)
{
    fputs(HELP_HEAD, stdout);
    vm_ops_print_verbs(stdout);
    fputs(HELP_TAIL, stdout);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_WRONG;
}

/* ---- options ---- */

static const char *const PAGING_NAMES[] = {
    [MMSIM_PAGING_32BIT] = "32bit", [MMSIM_PAGING_PAE] = "pae", NULL};
static const char *const EXECUTE_NAMES[] = {[MMSIM_EXECUTE_AUTO] = "auto",
                                            [MMSIM_EXECUTE_NONE] = "none",
                                            [MMSIM_EXECUTE_NX] = "nx",
                                            [MMSIM_EXECUTE_CS_LIMIT] = "cs-limit",
                                            [MMSIM_EXECUTE_SPLIT_TLB] = "split-tlb",
                                            NULL};

static bool find_name(const char *const *names, const char *name, unsigned *index)
{
    for (*index = 0; names[*index]; ++*index)
        if (strcmp(names[*index], name) == 0)
            return true;
    return false;
}

static bool read_count(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && text[0] != '-' && *value > 0;
}

static int read_paging(const char *value, struct vm_ops_options *options)
{
    unsigned index;
    if (!find_name(PAGING_NAMES, value, &index))
        return complain("--paging %.40s: expected 32bit or pae", value);
    options->config.paging = (enum mmsim_paging)index;
    return EXIT_DONE;
}

static int read_execute(const char *value, struct vm_ops_options *options)
{
    unsigned index;
    if (!find_name(EXECUTE_NAMES, value, &index))
        return complain("--execute %.40s: expected auto, none, nx, cs-limit or split-tlb", value);
    options->config.execute = (enum mmsim_execute)index;
    return EXIT_DONE;
}

static int read_cpu(const char *value, struct vm_ops_options *options)
{
    options->config.cpu = value;
    return EXIT_DONE;
}

static int read_ram(const char *value, struct vm_ops_options *options)
{
    uint64_t n;
    if (!read_count(value, &n) || n > 65536)
        return complain("--ram %.40s: expected a number of MiB", value);
    options->config.ram_bytes = n * MMSIM_MIB;
    return EXIT_DONE;
}

static int read_user_frames(const char *value, struct vm_ops_options *options)
{
    return read_count(value, &options->config.user_frames)
               ? EXIT_DONE
               : complain("--user-frames %.40s: expected a number of frames", value);
}

static int read_swap(const char *value, struct vm_ops_options *options)
{
    uint64_t n;
    if (!read_count(value, &n) || n > 4096)
        return complain("--swap %.40s: expected a number of MiB up to 4096", value);
    options->swap = (struct mmsim_swap_area){.bytes = n * MMSIM_MIB};
    options->config.pager.swap = &options->swap;
    options->config.pager.n_swap = 1;
    return EXIT_DONE;
}

static int read_policy(const char *value, struct vm_ops_options *options)
{
    struct mmsim_policy_choice choice;
    struct mmsim_error error;
    options->config.pager.policy = value;
    return mmsim_policy_parse(value, strlen(value), &choice, &error) == MMSIM_OK
               ? EXIT_DONE
               : complain("%.200s", error.text);
}

static int read_fail_frame(const char *value, struct vm_ops_options *options)
{
    return read_count(value, &options->fail_frame)
               ? EXIT_DONE
               : complain("--fail-frame %.40s: expected a number, from 1", value);
}

static const struct valued_option {
    const char *name;
    int (*read)(const char *value, struct vm_ops_options *options);
} VALUED_OPTIONS[] = {
    {"--paging", read_paging}, {"--execute", read_execute},         {"--cpu", read_cpu},
    {"--ram", read_ram},       {"--user-frames", read_user_frames}, {"--swap", read_swap},
    {"--policy", read_policy}, {"--fail-frame", read_fail_frame}};

/* Takes --name=VALUE or --name VALUE. False: it is none of these; else *status. */
static bool read_valued(int n, char *const *argv, int *i, struct vm_ops_options *options,
                        int *status)
{
    for (size_t k = 0; k < sizeof VALUED_OPTIONS / sizeof VALUED_OPTIONS[0]; k++) {
        const struct valued_option *option = &VALUED_OPTIONS[k];
        size_t n_chars = strlen(option->name);
        if (strncmp(argv[*i], option->name, n_chars) != 0)
            continue;
        const char *rest = argv[*i] + n_chars;
        if (*rest == '=')
            *status = option->read(rest + 1, options);
        else if (*rest == '\0' && *i + 1 < n)
            *status = option->read(argv[++*i], options);
        else if (*rest == '\0')
            *status = complain("%s needs a value", option->name);
        else
            continue;
        return true;
    }
    return false;
}

static bool *switch_of(const char *text, struct vm_ops_options *options)
{
    if (strcmp(text, "-e") == 0)
        return &options->echo;
    if (strcmp(text, "-f") == 0)
        return &options->faults;
    return strcmp(text, "--check") == 0 ? &options->check : NULL;
}

static int read_argument(int n, char *const *argv, int *i, struct vm_ops_options *options)
{
    const char *text = argv[*i];
    bool *on = switch_of(text, options);
    int status;
    if (on) {
        *on = true;
        return EXIT_DONE;
    }
    if (strcmp(text, "--no-keys") == 0) {
        options->config.keys_off = true;
        return EXIT_DONE;
    }
    if (read_valued(n, argv, i, options, &status))
        return status;
    if (text[0] == '-' && text[1] != '\0')
        return complain("unknown option '%.40s'", text);
    if (options->file)
        return complain("one FILE only, not '%.80s' as well", text);
    options->file = text;
    return EXIT_DONE;
}

static int read_arguments(int n, char *const *argv, struct vm_ops_options *options)
{
    *options = (struct vm_ops_options){.file = NULL};
    mmsim_config_init(&options->config);
    options->config.paging = MMSIM_PAGING_PAE;
    options->config.cpu = "modern";
    options->config.ram_bytes = 256 * MMSIM_MIB;
    for (int i = 1; i < n; i++) {
        int status = read_argument(n, argv, &i, options);
        if (status != EXIT_DONE)
            return status;
    }
    options->config.check = options->check ? MMSIM_CHECK_EVERY : MMSIM_CHECK_OFF;
    return options->file ? EXIT_DONE : complain("%s is missing", "FILE (or - for standard input)");
}

/* ---- running ---- */

/* Whether such a machine has keys: it is asked. */
static bool has_keys(const struct mmsim_config *config)
{
    struct mmsim_machine *machine;
    struct mmsim_process *process;
    struct mmsim_error error;
    int key;
    if (mmsim_machine_create(config, &machine, &error))
        return false; /* the first program will say why */
    bool has = mmsim_spawn(machine, "p0", &process, &error) == MMSIM_OK &&
               mmsim_pkey_alloc(process, 0, 0, &key) == MMSIM_SUCCESS;
    mmsim_machine_destroy(machine);
    return has;
}

static void perform(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    if (run->options->echo)
        printf("%3u %-44s -> ", run->index, line->text);
    else
        printf("%u ", run->index);
    run->index++;
    vm_ops_do(run, line);
    putchar('\n');
}

/* A program without a `prog` line is called "-". */
static bool begin(struct vm_ops_run *run, const char *name, struct mmsim_error *error)
{
    if (!vm_ops_begin(run, error))
        return false;
    printf("== %s\n", name);
    return true;
}

static bool run_line(struct vm_ops_run *run, const struct vm_ops_line *line,
                     struct mmsim_error *error)
{
    if (line->kind == VM_OPS_NOTHING)
        return true;
    if (line->kind == VM_OPS_PROGRAM)
        return begin(run, line->name, error);
    if (!run->machine && !begin(run, "-", error))
        return false;
    if (line->kind == VM_OPS_OBJECT)
        return vm_ops_declare(run, line, error);
    perform(run, line);
    return true;
}

static int run_stream(struct vm_ops_run *run, FILE *stream, const char *name)
{
    char *text = NULL;
    size_t capacity = 0;
    int status = EXIT_DONE;
    for (unsigned long number = 1; getline(&text, &capacity, stream) >= 0; number++) {
        char why[sizeof((struct mmsim_error *)0)->text];
        unsigned column = 1;
        struct vm_ops_line line;
        struct mmsim_error error = {.status = MMSIM_OK};
        char *copy = strdup(text);
        bool sound = copy && vm_ops_read(text, &line, &column, why, sizeof why);
        if (sound) {
            copy[strcspn(copy, "#\r\n")] = '\0';
            line.text = copy;
            sound = run_line(run, &line, &error);
            snprintf(why, sizeof why, "%s", error.text);
        }
        free(copy);
        if (!sound) {
            fflush(stdout);
            fprintf(stderr, "%s:%lu:%u: error: %s\n", name, number, column, why);
            status = EXIT_WRONG;
            break;
        }
    }
    free(text);
    return status;
}

static int run_file(const struct vm_ops_options *options)
{
    static char buffer[1 << 16];
    bool is_stdin = strcmp(options->file, "-") == 0;
    FILE *stream = is_stdin ? stdin : fopen(options->file, "r");
    if (!stream) {
        fprintf(stderr, "mmsim-vm-ops: error: %s: %s\n", options->file, strerror(errno));
        return EXIT_WRONG;
    }
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    struct vm_ops_run run = {.options = options};
    int status = run_stream(&run, stream, is_stdin ? "standard input" : options->file);
    vm_ops_end(&run);
    if (status == EXIT_DONE && run.violated)
        status = EXIT_VIOLATED;
    if (!is_stdin)
        fclose(stream);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "mmsim-vm-ops: error: standard output: %s\n", strerror(errno));
        return EXIT_WRONG;
    }
    return status;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return print_help();
    }
    struct vm_ops_options options;
    int status = read_arguments(argc, argv, &options);
    if (status != EXIT_DONE)
        return status;
    options.keys = has_keys(&options.config);
    return run_file(&options);
}
