/*
 * mmu-vectors.c - the host's side of the comparison with QEMU.
 *
 *   mmu-vectors generate SET               the vectors as text for mmsim-vectors
 *   mmu-vectors pack SET                   result lines from standard input, packed
 *   mmu-vectors compare SET PACKED MODEL   packed results of QEMU against result lines of the model
 *
 * A packed line tells only what the vector does not: `. PA` for an access that was made, or
 * `VEC ERR CR2` for an exception, CR2 being `=` for the address itself and `+` for the beginning of
 * the following page; then for each entry the bits that changed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "result.h"

enum { EXIT_SAME = 0, EXIT_DIFFERENT = 1, EXIT_WRONG = 2, MAX_LINE = 256, MAX_SHOWN = 20 };

/* ---- lines ---- */

static void print_vector(const struct vector *vector)
{
    printf("one %" PRIx32 " %x %" PRIx32 " %" PRIx32 " %" PRIx32 " %" PRIx64 " %" PRIx64 " %" PRIx64
           "\n",
           vector->id, (unsigned)vector->access, vector->cpl, vector->control, vector->address,
           vector->pde, vector->pte, vector->pte2);
}

static void print_result(const char *who, const struct vector *vector, const struct result *result)
{
    printf("%s%" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64,
           who, result->id, result->vector, result->error, result->cr2, result->physical,
           result->pde, result->pte);
    if (is_split(vector))
        printf(" %" PRIx64, result->pte2);
    putchar('\n');
}

/* Reads hexadecimal numbers from a line; returns how many there were. */
static unsigned read_numbers(const char *text, uint64_t *const *numbers, unsigned n)
{
    unsigned n_read = 0;
    int length;
    while (n_read < n && sscanf(text, "%" SCNx64 "%n", numbers[n_read], &length) == 1) {
        text += length;
        n_read++;
    }
    return n_read;
}

static bool read_result(FILE *stream, const struct vector *vector, struct result *result)
{
    char text[MAX_LINE];
    uint64_t *const numbers[] = {&result->id,       &result->vector, &result->error, &result->cr2,
                                 &result->physical, &result->pde,    &result->pte,   &result->pte2};
    unsigned n = is_split(vector) ? 8 : 7;
    *result = (struct result){0};
    if (!fgets(text, sizeof text, stream) || read_numbers(text, numbers, n) != n ||
        result->id != vector->id) {
        fprintf(stderr, "mmu-vectors: no result of vector %" PRIx32 " where it should be\n",
                vector->id);
        return false;
    }
    return true;
}

/* ---- packing ---- */

static uint64_t next_page(const struct vector *vector)
{
    return (uint32_t)((vector->address | 0xfff) + 1);
}

static void print_packed(const struct vector *vector, const struct result *result)
{
    if (result->vector == VECTOR_NONE)
        printf(". %" PRIx64, result->physical);
    else if (result->cr2 == vector->address)
        printf("%" PRIx64 " %" PRIx64 " =", result->vector, result->error);
    else if (result->cr2 == next_page(vector))
        printf("%" PRIx64 " %" PRIx64 " +", result->vector, result->error);
    else
        printf("%" PRIx64 " %" PRIx64 " %" PRIx64, result->vector, result->error, result->cr2);
    printf(" %" PRIx64 " %" PRIx64, result->pde ^ vector->pde, result->pte ^ vector->pte);
    if (is_split(vector))
        printf(" %" PRIx64, result->pte2 ^ vector->pte2);
    putchar('\n');
}

static bool read_head(const char *text, const struct vector *vector, struct result *result,
                      int *length)
{
    char cr2[MAX_LINE];
    if (sscanf(text, ". %" SCNx64 "%n", &result->physical, length) == 1) {
        result->vector = VECTOR_NONE;
        return true;
    }
    if (sscanf(text, "%" SCNx64 " %" SCNx64 " %s%n", &result->vector, &result->error, cr2,
               length) != 3)
        return false;
    if (cr2[0] == '=' || cr2[0] == '+')
        result->cr2 = cr2[0] == '=' ? vector->address : next_page(vector);
    else
        sscanf(cr2, "%" SCNx64, &result->cr2);
    return true;
}

static bool read_packed(FILE *stream, const struct vector *vector, struct result *result)
{
    char text[MAX_LINE];
    int length;
    uint64_t *const numbers[] = {&result->pde, &result->pte, &result->pte2};
    unsigned n = is_split(vector) ? 3 : 2;
    *result = (struct result){.id = vector->id};
    if (!fgets(text, sizeof text, stream) || !read_head(text, vector, result, &length) ||
        read_numbers(text + length, numbers, n) != n) {
        fprintf(stderr, "mmu-vectors: no packed result of vector %" PRIx32 " where it should be\n",
                vector->id);
        return false;
    }
    result->pde ^= vector->pde;
    result->pte ^= vector->pte;
    result->pte2 ^= is_split(vector) ? vector->pte2 : 0;
    return true;
}

/* ---- comparing ---- */

struct comparison {
    uint64_t n_vectors, n_different;
    uint64_t n_corrected[MAX_DEVIATIONS];
};

static bool same(const struct result *a, const struct result *b)
{
    return a->vector == b->vector && a->error == b->error && a->cr2 == b->cr2 &&
           a->physical == b->physical && a->pde == b->pde && a->pte == b->pte && a->pte2 == b->pte2;
}

static void correct(struct comparison *comparison, const struct vector *vector, struct result *qemu,
                    const struct result *model)
{
    for (unsigned i = 0; deviations[i].name; i++) {
        if (!deviations[i].applies(vector, qemu, model))
            continue;
        deviations[i].correct(vector, qemu, model);
        comparison->n_corrected[i]++;
    }
}

static void compare_one(struct comparison *comparison, const struct vector *vector,
                        struct result *qemu, const struct result *model)
{
    comparison->n_vectors++;
    if (same(qemu, model))
        return;
    struct result raw = *qemu;
    correct(comparison, vector, qemu, model);
    if (same(qemu, model))
        return;
    if (comparison->n_different++ >= MAX_SHOWN)
        return;
    printf("difference: ");
    print_vector(vector);
    print_result("  qemu:     ", vector, &raw);
    if (!same(qemu, &raw))
        print_result("  by rules: ", vector, qemu);
    print_result("  model:    ", vector, model);
}

static void print_comparison(enum set set, const struct comparison *comparison)
{
    printf("%s: %" PRIu64 " vectors, %" PRIu64 " differences\n", set_names[set],
           comparison->n_vectors, comparison->n_different);
    for (unsigned i = 0; deviations[i].name; i++)
        if (comparison->n_corrected[i] > 0)
            printf("  %8" PRIu64 "  %-4s %s (%s)\n", comparison->n_corrected[i], deviations[i].name,
                   deviations[i].what, deviations[i].source);
}

static bool is_at_end(FILE *stream, const char *name)
{
    if (fgetc(stream) == EOF)
        return true;
    fprintf(stderr, "mmu-vectors: %s has more results than there are vectors\n", name);
    return false;
}

/* ---- commands ---- */

static int generate(enum set set, char *const *files)
{
    (void)files;
    struct vector_source source;
    struct vector vector;
    for (vectors_start(&source, set); vectors_next(&source, &vector);)
        print_vector(&vector);
    return EXIT_SAME;
}

static int pack(enum set set, char *const *files)
{
    (void)files;
    struct vector_source source;
    struct vector vector;
    struct result result;
    for (vectors_start(&source, set); vectors_next(&source, &vector);) {
        if (!read_result(stdin, &vector, &result))
            return EXIT_WRONG;
        print_packed(&vector, &result);
    }
    return is_at_end(stdin, "standard input") ? EXIT_SAME : EXIT_WRONG;
}

static int compare_streams(enum set set, FILE *packed, FILE *lines)
{
    struct comparison comparison = {0};
    struct vector_source source;
    struct vector vector;
    struct result qemu, model;
    for (vectors_start(&source, set); vectors_next(&source, &vector);) {
        if (!read_packed(packed, &vector, &qemu) || !read_result(lines, &vector, &model))
            return EXIT_WRONG;
        compare_one(&comparison, &vector, &qemu, &model);
    }
    print_comparison(set, &comparison);
    if (!is_at_end(packed, "the record") || !is_at_end(lines, "the model's output"))
        return EXIT_WRONG;
    return comparison.n_different == 0 ? EXIT_SAME : EXIT_DIFFERENT;
}

static int compare(enum set set, char *const *files)
{
    FILE *packed = fopen(files[0], "r");
    FILE *lines = fopen(files[1], "r");
    int status = EXIT_WRONG;
    if (packed && lines)
        status = compare_streams(set, packed, lines);
    else
        perror(packed ? files[1] : files[0]);
    if (packed)
        fclose(packed);
    if (lines)
        fclose(lines);
    return status;
}

static const struct {
    const char *name;
    int n_files;
    int (*run)(enum set set, char *const *files);
} COMMANDS[] = {{"generate", 0, generate}, {"pack", 0, pack}, {"compare", 2, compare}};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        if (argc != 3 + COMMANDS[i].n_files || strcmp(argv[1], COMMANDS[i].name) != 0)
            continue;
        for (int set = 0; set < N_SETS; set++)
            if (strcmp(argv[2], set_names[set]) == 0)
                return COMMANDS[i].run((enum set)set, argv + 3);
    }
    fprintf(stderr, "usage: mmu-vectors generate SET | pack SET | compare SET PACKED MODEL\nsets:");
    for (int set = 0; set < N_SETS; set++)
        fprintf(stderr, " %s", set_names[set]);
    fprintf(stderr, "\n");
    return EXIT_WRONG;
}
