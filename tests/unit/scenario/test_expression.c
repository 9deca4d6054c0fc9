/* check expressions: values, precedence, units, limits, and the places of mistakes. */
#include "loaded.h"

#include "scenario/expression.h"

struct fixture {
    struct mm_host host;
    struct mm_arena arena;
    struct mm_mistakes mistakes;
    struct mm_names names;
    struct mm_node node;
    struct mm_expression expression;
};

/* Parses text that stands in quotes at line 3, column 11. */
static bool parse(struct fixture *fixture, const char *text)
{
    mm_host_init(&fixture->host, NULL);
    mm_arena_init(&fixture->arena, &fixture->host);
    mm_mistakes_init(&fixture->mistakes, &fixture->arena);
    ck_assert(mm_names_init(&fixture->names, &fixture->arena));
    mm_names_add(&fixture->names, "p", MM_NAME_PROCESS, 1);
    mm_names_add(&fixture->names, "buf", MM_NAME_ADDRESS, 2);
    fixture->node = (struct mm_node){
        .kind = MM_NODE_SCALAR, .line = 3, .column = 10, .content_column = 11, .text = text};
    return mm_expression_parse(&fixture->node, &fixture->names, 500, &fixture->mistakes,
                               &fixture->expression);
}

static void done(struct fixture *fixture)
{
    mm_arena_fini(&fixture->arena);
    ck_assert_uint_eq(fixture->host.n_blocks, 0);
}

static const struct {
    const char *text;
    int64_t value;
} constants[] = {
    {"1", 1},
    {"0x10", 16},
    {"1 + 2 * 3", 7},
    {"(1 + 2) * 3", 9},
    {"1+2*3-4", 3},
    {"10 - 4 - 3", 3},
    {"2 - 5", -3},
    {"-2 * 3", -6},
    {"- - 2", 2},
    {"--2", 2},
    {"!0", 1},
    {"!5", 0},
    {"!!5", 1},
    {"!0 == 1", 1},
    {"1 == 1", 1},
    {"1 != 1", 0},
    {"2 < 3", 1},
    {"3 <= 3", 1},
    {"3 > 3", 0},
    {"4 >= 3", 1},
    {"2 - 3 < 0", 1},
    {"1 < 2 && 2 < 3", 1},
    {"1 || 0 && 0", 1},
    {"(1 || 0) && 0", 0},
    {"1 == 1 && 2 == 2 || 0", 1},
    {"4KiB", 4096},
    {"4 KiB == 4096", 1},
    {"2 pages == 2", 1},
    {"2 pages == 8KiB", 1},
    {"2 pages + 8KiB == 16KiB", 1},
    {"2 * 8KiB == 4 pages", 1},
    {"5us + 500 cycles == 3k", 1},
    {"100k", 100000},
    {"1M == 1000 * 1k", 1},
    {"300 cycles", 300},
    {"5us", 2500},
    {"2 ms", 1000000},
    {"\t1\n+ 1", 2},
    {"18446744073709551615 * 18446744073709551615 > 18446744073709551615", 1},
    {"0 - 18446744073709551615 < 0", 1},
};

START_TEST(constants_have_their_values)
{
    struct fixture fixture;
    ck_assert_msg(parse(&fixture, constants[_i].text), "%s", fixture.mistakes.first->text);
    mm_number value = mm_expression_value(&fixture.expression, NULL);
    ck_assert_msg(value == constants[_i].value, "%s = %lld", constants[_i].text, (long long)value);
    done(&fixture);
}
END_TEST

START_TEST(numbers_stay_at_their_limits)
{
    char text[512] = "18446744073709551615";
    for (int i = 0; i < 12; i++)
        strcat(text, " * 18446744073709551615");
    char whole[4096];
    snprintf(whole, sizeof whole, "%s > 0 && -%s < 0 && %s - 1 < %s", text, text, text, text);
    struct fixture fixture;
    ck_assert(parse(&fixture, whole));
    ck_assert(mm_expression_value(&fixture.expression, NULL) == 1);
    done(&fixture);
}
END_TEST

START_TEST(paths_are_read_in_the_order_of_their_first_use)
{
    struct fixture fixture;
    ck_assert(parse(&fixture, "faults.cow == 1 && process.p.rss < 3 && faults.cow < cycles"));
    ck_assert_uint_eq(fixture.expression.n_paths, 3);
    ck_assert_str_eq(fixture.expression.paths[0].text, "faults.cow");
    ck_assert_str_eq(fixture.expression.paths[1].stat, "rss");
    ck_assert_uint_eq(fixture.expression.paths[1].process, mm_names_find(&fixture.names, "p"));
    ck_assert_str_eq(fixture.expression.paths[2].text, "cycles");
    ck_assert(mm_expression_value(&fixture.expression, (uint64_t[]){1, 2, 5}) == 1);
    ck_assert(mm_expression_value(&fixture.expression, (uint64_t[]){1, 3, 5}) == 0);
    ck_assert(mm_expression_value(&fixture.expression, (uint64_t[]){2, 2, 5}) == 0);
    done(&fixture);
}
END_TEST

/* One statistic, its value, and whether the expression is true. */
static const struct {
    const char *text;
    uint64_t value;
    bool truth;
} sized[] = {
    {"process.p.rss == 16 pages", 16, true},
    {"process.p.rss == 16", 16, true},
    {"64KiB == process.p.rss", 16, true},
    {"process.p.rss <= 64KiB", 17, false},
    {"memory.free * 4 == 256KiB", 16, true},
    {"memory.free + 1 page == 2 pages", 1, true},
    {"memory.free - 1 == 0", 1, true},
    {"heap.bytes == 4KiB", 4096, true},
    {"heap.bytes == 1 page", 4096, true},
    {"2 * process.p.rss == 2 pages", 1, true},
    {"-process.p.rss + 1 page == 0", 1, true},
    {"!process.p.rss == 0", 1, true},
    {"process.p.rss * 4096 == 64KiB", 16, false},
    {"heap.bytes == 4096", 4096, true},
    {"faults.minor == 3 pages", 3, true},
    {"4KiB - process.p.rss == 0", 1, true},
    {"cycles < 5us", 2499, true},
    {"cycles < 5us", 2500, false},
    {"faults.minor * 4KiB == 3 pages", 3, true},
};

START_TEST(sizes_and_counts_of_pages_are_compared_as_what_they_are)
{
    struct fixture fixture;
    ck_assert(parse(&fixture, sized[_i].text));
    ck_assert_uint_eq(fixture.expression.n_paths, 1);
    bool truth = mm_expression_value(&fixture.expression, &sized[_i].value) != 0;
    ck_assert_msg(truth == sized[_i].truth, "%s", sized[_i].text);
    done(&fixture);
}
END_TEST

START_TEST(the_sides_of_comparisons_can_be_told)
{
    struct fixture fixture;
    struct mm_sides sides[MM_EXPRESSION_MAX_COMPARISONS];
    ck_assert(parse(&fixture, "process.p.rss * 2 <= 8KiB || (faults.cow==1 && !heap.bytes)"));
    ck_assert(fixture.expression.decides);
    ck_assert(mm_expression_trace(&fixture.expression, (uint64_t[]){3, 1, 0}, sides) == 1);
    ck_assert_uint_eq(fixture.expression.n_comparisons, 2);
    const struct mm_comparison *first = &fixture.expression.comparisons[0];
    ck_assert_str_eq(first->left, "process.p.rss * 2");
    ck_assert_str_eq(first->symbol, "<=");
    ck_assert_str_eq(first->right, "8KiB");
    ck_assert_int_eq(first->unit, MM_UNIT_BYTES);
    ck_assert(sides[0].left == 24576 && sides[0].right == 8192 && !sides[0].truth);
    ck_assert_str_eq(fixture.expression.comparisons[1].left, "faults.cow");
    ck_assert(sides[1].left == 1 && sides[1].right == 1 && sides[1].truth);
    done(&fixture);
}
END_TEST

START_TEST(values_are_told_from_statements)
{
    static const char *const values[] = {"1", "faults.cow", "-(cycles + 2) * 3"};
    static const char *const statements[] = {"!1", "1 && 1", "0 || faults.cow", "(1 == 1) + 0"};
    struct fixture fixture;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        ck_assert(parse(&fixture, values[i]) && !fixture.expression.decides);
        done(&fixture);
    }
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        ck_assert(parse(&fixture, statements[i]) && fixture.expression.decides);
        done(&fixture);
    }
}
END_TEST

static const struct {
    int64_t number;
    enum mm_unit unit;
    const char *text;
} printed[] = {
    {7, MM_UNIT_NUMBER, "7"},        {-12, MM_UNIT_COUNT, "-12"},
    {1, MM_UNIT_PAGES, "1 page"},    {0, MM_UNIT_FRAMES, "0 frames"},
    {65536, MM_UNIT_BYTES, "64KiB"}, {4097, MM_UNIT_BYTES, "4097 bytes"},
    {0, MM_UNIT_BYTES, "0 bytes"},   {-4096, MM_UNIT_BYTES, "-4096 bytes"},
    {1, MM_UNIT_CYCLES, "1 cycle"},
};

START_TEST(values_are_printed_with_their_units)
{
    struct mm_host host;
    struct mm_text text;
    mm_host_init(&host, NULL);
    mm_text_init(&text, &host);
    mm_unit_print(&text, printed[_i].number, printed[_i].unit);
    ck_assert_str_eq(mm_text_string(&text), printed[_i].text);
    mm_text_fini(&text);
}
END_TEST

/* Column 11 is the expression's first character. */
static const struct {
    const char *text;
    unsigned column;
    const char *part;
} mistakes[] = {
    {"", 11, "expected a number, a statistic or '(', found the end"},
    {"1 +", 14, "found the end"},
    {"1 + * 2", 15, "found '*'"},
    {"(1", 13, "expected an operator or ')'"},
    {"1)", 12, "expected an operator or the end, found ')'"},
    {"1 = 1", 13, "found '='; did you mean '=='?"},
    {"1 and 1", 13, "found 'and'; did you mean '&&'?"},
    {"faults.cow or 1", 22, "found 'or'; did you mean '||'?"},
    {"1 == 1 | 2 == 2", 18, "did you mean '||'?"},
    {"not 1", 11, "did you mean '!'?"},
    {"cycles < 1e9", 20, "no exponents"},
    {"faults.minor < 64KiB", 24, "'<' stands between a count and a size in bytes"},
    {"64KiB + tlb.hits == 1", 17, "'+' stands between a size in bytes and a count"},
    {"5us <= 64KiB", 15, "'<=' stands between cycles and a size in bytes"},
    {"process.p.rss == cycles", 25, "'==' stands between pages and cycles"},
    {"memory.free * 4KiB == 1", 23, "'*' stands between frames and a size in bytes"},
    {"cycles * cycles > 0", 18, "'*' stands between cycles and cycles"},
    {"4 / 2", 13, "no division"},
    {"1 < 2 < 3", 17, "do not chain"},
    {"1 == 2 == 3", 18, "do not chain"},
    {"1 & 2", 13, "expected an operator"},
    {"faults.cwo", 11, "did you mean 'faults.cow'?"},
    {"1 + fualts.cow", 15, "did you mean 'faults.cow'?"},
    {"process.q.rss", 19, "process 'q'"},
    {"process.buf.rss", 19, "is an address"},
    {"process.kernel.rss", 19, "no process with statistics"},
    {"process.p.rsss", 11, "did you mean 'process.p.rss'?"},
    {"process.p", 11, "unknown statistic"},
    {"process.NAME.rss", 19, "process 'NAME'"},
    {"5 usec", 13, "did you mean 'us'?"},
    {"20%", 13, "unknown unit '%'"},
    {"1.5", 11, "no whole number"},
    {"18446744073709551616", 11, "larger than 2^64 - 1"},
    {"1 faults.cow", 13, "expected an operator, found 'faults.cow'"},
    {"\xc3\xa4 == 1", 11, "found '\xc3\xa4'"},
};

START_TEST(mistakes_have_a_column_and_a_reason)
{
    struct fixture fixture;
    ck_assert(!parse(&fixture, mistakes[_i].text));
    ck_assert_uint_eq(fixture.mistakes.n, 1);
    const struct mm_mistake *first = fixture.mistakes.first;
    ck_assert_msg(first->line == 3 && first->column == mistakes[_i].column &&
                      strstr(first->text, mistakes[_i].part),
                  "'%s': column %u: %s", mistakes[_i].text, first->column, first->text);
    done(&fixture);
}
END_TEST

static void assert_refused(const char *text, const char *part)
{
    struct fixture fixture;
    ck_assert(!parse(&fixture, text));
    ck_assert_uint_eq(fixture.mistakes.n, 1);
    ck_assert_ptr_nonnull(strstr(fixture.mistakes.first->text, part));
    done(&fixture);
}

START_TEST(depth_and_length_are_limited)
{
    enum { N = 200000 };
    char *text = malloc(2 * N + 2);
    for (const char *c = "(!-"; *c; c++) {
        memset(text, *c, N);
        strcpy(text + N, "1");
        assert_refused(text, "nested too deeply");
    }
    text[0] = '1';
    for (size_t i = 0; i < N; i++)
        memcpy(text + 1 + 2 * i, "+1", 2);
    text[2 * N + 1] = '\0';
    assert_refused(text, "too long");
    free(text);
}
END_TEST

/* Each level leaves five numbers waiting on the stack; the innermost pushes one more. */
static void nest(char *text, int n_levels)
{
    *text = '\0';
    for (int i = 0; i < n_levels; i++)
        strcat(text, "1 || 1 && 0 == 1 + 2 * (");
    strcat(text, "1");
    for (int i = 0; i < n_levels; i++)
        strcat(text, ")");
}

START_TEST(the_stack_is_used_to_its_end_and_no_further)
{
    char text[4096];
    struct fixture fixture;
    enum { FITS = (MM_EXPRESSION_STACK - 1) / 5 };
    nest(text, FITS);
    ck_assert(parse(&fixture, text));
    ck_assert(mm_expression_value(&fixture.expression, NULL) == 1);
    done(&fixture);
    nest(text, FITS + 1);
    assert_refused(text, "nested too deeply");
}
END_TEST

Suite *test_expression_suite(void);

Suite *test_expression_suite(void)
{
    Suite *suite = suite_create("expression");
    TCase *tests = tcase_create("expression");
    tcase_add_loop_test(tests, constants_have_their_values, 0,
                        sizeof constants / sizeof *constants);
    tcase_add_test(tests, numbers_stay_at_their_limits);
    tcase_add_test(tests, paths_are_read_in_the_order_of_their_first_use);
    tcase_add_loop_test(tests, sizes_and_counts_of_pages_are_compared_as_what_they_are, 0,
                        sizeof sized / sizeof *sized);
    tcase_add_test(tests, the_sides_of_comparisons_can_be_told);
    tcase_add_test(tests, values_are_told_from_statements);
    tcase_add_loop_test(tests, values_are_printed_with_their_units, 0,
                        sizeof printed / sizeof *printed);
    tcase_add_loop_test(tests, mistakes_have_a_column_and_a_reason, 0,
                        sizeof mistakes / sizeof *mistakes);
    tcase_add_test(tests, depth_and_length_are_limited);
    tcase_add_test(tests, the_stack_is_used_to_its_end_and_no_further);
    suite_add_tcase(suite, tests);
    return suite;
}
