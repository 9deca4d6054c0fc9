/*
 * mmsim-vectors.c - the program: test vectors for the MMU, one operation a line, from a file or
 * standard input; one result a line for each access.
 *
 * Made for comparing the model with other machines: tests/conformance/README.md.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vectors-machine.h"
#include "vectors-read.h"

enum { EXIT_DONE = 0, EXIT_WRONG = 2 };

/* All but the extension "pkeys". */
static const char DEFAULT_FEATURES[] = "cr4,pse,pge,pse36,pat,wp,pae,nx,smep,smap,pke";

/* Those that bring a control bit; the others only change what entries mean. */
static const char CONTROL_FEATURES[] = "cr4,pse,pge,wp,pae,nx,smep,smap,pke";

#define MAX_FEATURES_CHARS 256

struct options {
    const char *file;
    char features[2 * MAX_FEATURES_CHARS];
    unsigned physical_bits;
};

static int complain(const char *format, const char *text)
{
    fprintf(stderr, "mmsim-vectors: error: ");
    fprintf(stderr, format, text);
    fprintf(stderr, "; see mmsim-vectors --help\n");
    return EXIT_WRONG;
}

/* ---- help ---- */

static const char HELP_HEAD[] =
    "Usage: mmsim-vectors [--maxphyaddr N] [--features LIST] FILE|-\n"
    "\n"
    "Runs test vectors for the x86 MMU: reads one operation a line, from FILE or (-) from\n"
    "standard input, and prints one line for each access:\n"
    "\n"
    "  ID VEC ERR CR2 PA PDE' PTE' [PTE2']\n"
    "\n"
    "VEC: ff no exception, e page fault, d general protection; PA: what the first byte\n"
    "reached; PDE' PTE' the entries afterwards; PTE2' with SPLIT. Numbers are hexadecimal\n"
    "without prefix, '#' starts a comment, ID is any word.\n"
    "\n"
    "Operations:\n";

static const char HELP_TAIL[] =
    "\n"
    "ACC: 0 read (4 bytes), 1 write (4), 2 fetch, 3 locked read-modify-write (4),\n"
    "     4 implicit supervisor access (a descriptor, 8), 5 byte read\n"
    "CTL: sum of 1 CR0.WP, 2 CR4.PSE, 4 CR4.PGE, 8 CR4.SMEP, 10 CR4.SMAP, 20 EFER.NXE,\n"
    "     40 EFLAGS.AC, 80 CR4.PAE, 200 CR4.PKE, 400 SPLIT: the page after VA's has the\n"
    "     entry PTE2. AC and SPLIT are for `one`. Where the CPU refuses CTL with #GP, a line\n"
    "     with VEC d is printed, for `ctl` too, and the access is not made.\n"
    "\n"
    "RAM is 0-128 MiB and 64 MiB from 4 GiB, all zero at the start. Page tables of vectors lie\n"
    "in 32-96 MiB: `one` stores PTE only if PDE names a table there. Accesses move no data.\n"
    "\n"
    "Options:\n"
    "  --maxphyaddr N    physical address bits, 32..40 (default: 36)\n"
    "  --features LIST   of the CPU, joined by ',', instead of the default\n"
    "                    cr4,pse,pge,pse36,pat,wp,pae,nx,smep,smap,pke; there is pkeys too.\n"
    "                    A list of none but pse36, pat and pkeys leaves the others as they are\n"
    "  --help            print this\n"
    "\n"
    "Examples:\n"
    "  echo 'one 1 1 3 1 401000 2000027 3000025 0' | mmsim-vectors -\n"
    "  mmsim-vectors --features pat --maxphyaddr 32 vectors.txt\n";

static int print_help(void)
{
    fputs(HELP_HEAD, stdout);
    vectors_print_verbs(stdout);
    fputs(HELP_TAIL, stdout);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_WRONG;
}

/* ---- options ---- */

static bool stands_in(const char *list, const char *word, size_t n_chars)
{
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
        if (strcspn(at, ",") == n_chars && strncmp(at, word, n_chars) == 0)
            return true;
    }
    return false;
}

static bool names_control_feature(const char *list)
{
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
        if (stands_in(CONTROL_FEATURES, at, strcspn(at, ",")))
            return true;
    }
    return false;
}

static int read_features(const char *list, struct options *options)
{
    if (strlen(list) > MAX_FEATURES_CHARS)
        return complain("--features %.40s...: too long", list);
    const char *others = names_control_feature(list) ? "" : CONTROL_FEATURES;
    snprintf(options->features, sizeof options->features, "%s%s%s", others,
             *others && *list ? "," : "", list);
    return EXIT_DONE;
}

static int read_physical_bits(const char *text, struct options *options)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value < 32 || value > 40)
        return complain("--maxphyaddr %.40s: expected a decimal number in 32..40", text);
    options->physical_bits = (unsigned)value;
    return EXIT_DONE;
}

/* The value of an option at argv[*i], written --name=VALUE or --name VALUE; NULL: another one. */
static const char *option_value(const char *name, int n, char *const *argv, int *i)
{
    size_t n_chars = strlen(name);
    if (strncmp(argv[*i], name, n_chars) != 0)
        return NULL;
    if (argv[*i][n_chars] == '=')
        return argv[*i] + n_chars + 1;
    return argv[*i][n_chars] == '\0' && *i + 1 < n ? argv[++*i] : NULL;
}

static int read_argument(int n, char *const *argv, int *i, struct options *options)
{
    const char *text = argv[*i];
    const char *value;
    if ((value = option_value("--features", n, argv, i)))
        return read_features(value, options);
    if ((value = option_value("--maxphyaddr", n, argv, i)))
        return read_physical_bits(value, options);
    if (strcmp(text, "--features") == 0 || strcmp(text, "--maxphyaddr") == 0)
        return complain("%s needs a value", text);
    if (text[0] == '-' && text[1] != '\0')
        return complain("unknown option '%.40s'", text);
    if (options->file)
        return complain("one FILE only, not '%.80s' as well", text);
    options->file = text;
    return EXIT_DONE;
}

static int read_arguments(int n, char *const *argv, struct options *options)
{
    *options = (struct options){.physical_bits = 36};
    snprintf(options->features, sizeof options->features, "%s", DEFAULT_FEATURES);
    for (int i = 1; i < n; i++) {
        int status = read_argument(n, argv, &i, options);
        if (status != EXIT_DONE)
            return status;
    }
    return options->file ? EXIT_DONE : complain("%s is missing", "FILE (or - for standard input)");
}

/* ---- running ---- */

static void print_result(const struct vectors_line *line, const struct vectors_result *result)
{
    printf("%s %" PRIx32 " %" PRIx32 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64, line->id,
           result->vector, result->error, result->cr2, result->physical, result->pde, result->pte);
    if (line->verb == VERB_ONE && (line->operation.control & CTL_SPLIT))
        printf(" %" PRIx64, result->pte2);
    putchar('\n');
}

/* One function for each verb; true: there is a result to print. */
typedef bool perform_verb(struct vectors_machine *machine,
                          const struct vectors_operation *operation, struct vectors_result *result);

static bool perform_one(struct vectors_machine *machine, const struct vectors_operation *operation,
                        struct vectors_result *result)
{
    *result = vectors_one(machine, operation);
    return true;
}

static bool perform_reset(struct vectors_machine *machine,
                          const struct vectors_operation *operation, struct vectors_result *result)
{
    (void)operation, (void)result;
    vectors_reset(machine);
    return false;
}

static bool perform_ctl(struct vectors_machine *machine, const struct vectors_operation *operation,
                        struct vectors_result *result)
{
    *result = (struct vectors_result){.vector = VECTOR_GENERAL_PROTECTION};
    return !vectors_control(machine, operation->control);
}

static bool perform_pde(struct vectors_machine *machine, const struct vectors_operation *operation,
                        struct vectors_result *result)
{
    (void)result;
    vectors_store_pde(machine, operation->address, operation->pde);
    return false;
}

static bool perform_pte(struct vectors_machine *machine, const struct vectors_operation *operation,
                        struct vectors_result *result)
{
    (void)result;
    vectors_store_pte(machine, operation->address, operation->table, operation->pte);
    return false;
}

static bool perform_access(struct vectors_machine *machine,
                           const struct vectors_operation *operation, struct vectors_result *result)
{
    *result = vectors_access(machine, operation);
    return true;
}

static bool perform_invlpg(struct vectors_machine *machine,
                           const struct vectors_operation *operation, struct vectors_result *result)
{
    (void)result;
    mmsim_mmu_invalidate(machine->mmu, operation->address);
    return false;
}

static bool perform_cr3(struct vectors_machine *machine, const struct vectors_operation *operation,
                        struct vectors_result *result)
{
    (void)operation, (void)result;
    vectors_load_cr3(machine);
    return false;
}

static bool perform_flush(struct vectors_machine *machine,
                          const struct vectors_operation *operation, struct vectors_result *result)
{
    (void)operation, (void)result;
    vectors_toggle_pge(machine);
    return false;
}

static perform_verb *const PERFORM[N_VERBS] = {
    [VERB_ONE] = perform_one,       [VERB_RESET] = perform_reset, [VERB_CTL] = perform_ctl,
    [VERB_PDE] = perform_pde,       [VERB_PTE] = perform_pte,     [VERB_ACCESS] = perform_access,
    [VERB_INVLPG] = perform_invlpg, [VERB_CR3] = perform_cr3,     [VERB_FLUSH] = perform_flush,
};

static void perform(struct vectors_machine *machine, const struct vectors_line *line)
{
    struct vectors_result result;
    if (line->verb != VERB_NONE && PERFORM[line->verb](machine, &line->operation, &result))
        print_result(line, &result);
}

/* A line of text: a byte 0 would end it early and unseen. */
static bool read_line(char *text, size_t n_bytes, struct vectors_line *line, char *why,
                      size_t why_bytes)
{
    if (strlen(text) == n_bytes)
        return vectors_read_line(text, line, why, why_bytes);
    snprintf(why, why_bytes, "a byte 0: this is not text");
    return false;
}

static int run_lines(struct vectors_machine *machine, FILE *stream, const char *name)
{
    char *text = NULL;
    size_t capacity = 0;
    int status = EXIT_DONE;
    struct vectors_line line;
    ssize_t n_bytes;
    for (unsigned long number = 1; (n_bytes = getline(&text, &capacity, stream)) >= 0; number++) {
        char why[200];
        if (!read_line(text, (size_t)n_bytes, &line, why, sizeof why)) {
            fflush(stdout);
            fprintf(stderr, "%s:%lu: error: %s\n", name, number, why);
            status = EXIT_WRONG;
            break;
        }
        perform(machine, &line);
    }
    free(text);
    if (status == EXIT_DONE && ferror(stream)) {
        fprintf(stderr, "%s: error: %s\n", name, strerror(errno));
        return EXIT_WRONG;
    }
    return status;
}

static int run_file(struct vectors_machine *machine, const char *file)
{
    bool is_stdin = strcmp(file, "-") == 0;
    FILE *stream = is_stdin ? stdin : fopen(file, "r");
    if (!stream) {
        fprintf(stderr, "%s: error: %s\n", file, strerror(errno));
        return EXIT_WRONG;
    }
    int status = run_lines(machine, stream, is_stdin ? "standard input" : file);
    if (!is_stdin)
        fclose(stream);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "mmsim-vectors: error: standard output: %s\n", strerror(errno));
        return EXIT_WRONG;
    }
    return status;
}

static int run(const struct options *options)
{
    struct vectors_machine machine;
    struct mmsim_error error;
    if (vectors_machine_init(&machine, options->features, options->physical_bits, &error)) {
        fprintf(stderr, "mmsim-vectors: error: %s: %s; there are:", error.where, error.text);
        for (size_t i = 0; mmsim_feature_name("x86_32", i); i++)
            fprintf(stderr, " %s", mmsim_feature_name("x86_32", i));
        fputc('\n', stderr);
        return EXIT_WRONG;
    }
    int status = run_file(&machine, options->file);
    vectors_machine_fini(&machine);
    return status;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return print_help();
    }
    struct options options;
    int status = read_arguments(argc, argv, &options);
    return status == EXIT_DONE ? run(&options) : status;
}
