/* The table of policies: finding, reading with parameters, describing, and tables of others. */
#include <check.h>
#include <locale.h>
#include <string.h>

#include <mmsim/policy.h>

static struct mmsim_policy_choice parsed(const char *text)
{
    struct mmsim_policy_choice choice = {0};
    struct mmsim_error error = {0};
    ck_assert_msg(mmsim_policy_parse(text, strlen(text), &choice, &error) == MMSIM_OK, "%s: %s: %s",
                  text, error.where, error.text);
    return choice;
}

START_TEST(every_policy_is_valid_and_found_by_its_name)
{
    size_t n = 0;
    for (; mmsim_policy_at(n); n++) {
        const struct mmsim_policy_ops *ops = mmsim_policy_at(n);
        struct mmsim_error error = {0};
        ck_assert_msg(mmsim_policy_validate(ops, &error) == MMSIM_OK, "%s: %s: %s", ops->name,
                      error.where, error.text);
        ck_assert_ptr_eq(mmsim_policy_find(ops->name), ops);
        ck_assert_ptr_eq(parsed(ops->name).ops, ops);
    }
    ck_assert_uint_ge(n, 8);
    ck_assert_ptr_null(mmsim_policy_find("LRU"));
    ck_assert_ptr_null(mmsim_policy_find(""));
}
END_TEST

START_TEST(defaults_are_those_of_the_table_and_nothing_is_given)
{
    struct mmsim_policy_choice choice = mmsim_policy_choice_of(mmsim_policy_find("2q"));
    ck_assert_double_eq(choice.params[0], 0.25);
    ck_assert_double_eq(choice.params[1], 0.5);
    ck_assert_str_eq(choice.given, "");
    choice = parsed("2q");
    ck_assert_double_eq(choice.params[1], 0.5);
    ck_assert_str_eq(choice.given, "");
}
END_TEST

START_TEST(parameters_are_read_with_and_without_blanks)
{
    struct mmsim_policy_choice choice = parsed("2q(kout=0.75)");
    ck_assert_double_eq(choice.params[0], 0.25);
    ck_assert_double_eq(choice.params[1], 0.75);
    ck_assert_str_eq(choice.given, "kout=0.75");
    choice = parsed("  2q ( kin = .5 , kout = 1. ) ");
    ck_assert_double_eq(choice.params[0], 0.5);
    ck_assert_double_eq(choice.params[1], 1);
    ck_assert_str_eq(choice.given, "kin = .5 , kout = 1.");
}
END_TEST

START_TEST(only_the_bytes_that_are_said_are_read)
{
    struct mmsim_policy_choice choice = {0};
    ck_assert_int_eq(mmsim_policy_parse("lru,fifo", 3, &choice, NULL), MMSIM_OK);
    ck_assert_str_eq(choice.ops->name, "lru");
}
END_TEST

START_TEST(a_description_names_every_parameter_and_is_read_back)
{
    static const char *const rows[][2] = {
        {"lru", "lru"},
        {"clock", "clock(load-bit=0)"},
        {"clock(load-bit=1)", "clock(load-bit=1)"},
        {"2q( kout=2 )", "2q(kin=0.25,kout=2)"},
        {"2q(kin=0.1)", "2q(kin=0.1,kout=0.5)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[100];
        struct mmsim_policy_choice choice = parsed(rows[i][0]);
        mmsim_policy_describe(&choice, text, sizeof text);
        ck_assert_str_eq(text, rows[i][1]);
        struct mmsim_policy_choice again = parsed(text);
        ck_assert_mem_eq(again.params, choice.params, sizeof choice.params);
    }
}
END_TEST

START_TEST(a_description_is_cut_to_its_room)
{
    char text[] = "????????";
    struct mmsim_policy_choice choice = parsed("clock");
    mmsim_policy_describe(&choice, text, 7);
    ck_assert_mem_eq(text, "clock(\0?", 9);
    mmsim_policy_describe(&choice, text, 1);
    ck_assert_str_eq(text, "");
    mmsim_policy_describe(&choice, NULL, 0);
}
END_TEST

START_TEST(numbers_are_the_same_where_decimals_have_commas)
{
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        return;
    char text[100];
    struct mmsim_policy_choice choice = parsed("2q(kin=0.125)");
    mmsim_policy_describe(&choice, text, sizeof text);
    setlocale(LC_ALL, "C");
    ck_assert_str_eq(text, "2q(kin=0.125,kout=0.5)");
}
END_TEST

START_TEST(mistakes_say_where_what_and_what_was_meant)
{
    static const struct {
        const char *text, *where, *begins;
    } rows[] = {
        {"", "", "expected the name of a policy"},
        {" (x)", "", "expected the name of a policy"},
        {"lur", "lur", "unknown policy 'lur'; did you mean 'lru'? Expected one of "},
        {"LRU", "LRU", "unknown policy 'LRU'; did you mean 'lru'? Expected one of "},
        {"Second_Chance", "Second_Chance",
         "unknown policy 'Second_Chance'; did you mean 'second-chance'? Expected one of "},
        {"marvellous", "marvellous", "unknown policy 'marvellous': expected one of "},
        {"lru)", "lru)", "unknown policy 'lru)'; did you mean 'lru'? Expected one of "},
        {"clock(load-bit=1", "clock", "expected ')' at the end, found 'clock(load-bit=1'"},
        {"clock(", "clock", "expected ')' at the end, found 'clock('"},
        {"clock()", "clock", "expected PARAMETER=VALUE, found ''"},
        {"clock(load-bit)", "clock", "expected PARAMETER=VALUE, found 'load-bit'"},
        {"clock(load-bit=1,)", "clock", "expected PARAMETER=VALUE, found ''"},
        {"lru(x=1)", "lru", "takes no parameters, found 'x'"},
        {"clock(loadbit=1)", "clock",
         "unknown parameter 'loadbit'; did you mean 'load-bit'? Expected one of load-bit"},
        {"clock(x=1)", "clock", "unknown parameter 'x': expected one of load-bit"},
        {"clock(load-bit=2)", "clock(load-bit)", "'2' is not in 0..1"},
        {"clock(load-bit=-1)", "clock(load-bit)", "'-1' is not in 0..1"},
        {"clock(load-bit=0.5)", "clock(load-bit)", "expected a whole number, found '0.5'"},
        {"clock(load-bit=yes)", "clock(load-bit)", "expected a whole number, found 'yes'"},
        {"clock(load-bit=)", "clock(load-bit)", "expected a whole number, found ''"},
        {"clock(load-bit=1,load-bit=1)", "clock(load-bit)", "given twice"},
        {"2q(kin=.)", "2q(kin)", "expected a number, found '.'"},
        {"2q(kin=0.5.1)", "2q(kin)", "expected a number, found '0.5.1'"},
        {"2q(kin=1e-1)", "2q(kin)", "expected a number, found '1e-1'"},
        {"2q(kin=nan)", "2q(kin)", "expected a number, found 'nan'"},
        {"2q(kout=8.5)", "2q(kout)", "'8.5' is not in 0..8"},
        {"2q(kin=0.1)x", "2q", "expected ')' at the end, found '2q(kin=0.1)x'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mmsim_error error = {0};
        struct mmsim_policy_choice choice = {.given = "untouched"};
        ck_assert_int_eq(mmsim_policy_parse(rows[i].text, strlen(rows[i].text), &choice, &error),
                         MMSIM_BAD_INPUT);
        ck_assert_int_eq(error.status, MMSIM_BAD_INPUT);
        ck_assert_str_eq(error.where, rows[i].where);
        ck_assert_msg(strncmp(error.text, rows[i].begins, strlen(rows[i].begins)) == 0,
                      "%s: found \"%s\"", rows[i].text, error.text);
        ck_assert_str_eq(choice.given, "untouched");
    }
}
END_TEST

START_TEST(parameters_of_a_hundred_characters_are_refused)
{
    char text[140] = "2q(kin=";
    memset(text + 7, ' ', 100);
    strcpy(text + 107, "1,kout=1)");
    struct mmsim_error error = {0};
    struct mmsim_policy_choice choice;
    ck_assert_int_eq(mmsim_policy_parse(text, strlen(text), &choice, &error), MMSIM_BAD_INPUT);
    ck_assert_str_eq(error.text, "the parameters are longer than 95 characters");
}
END_TEST

/* A table that is good but for one field each time. */
static const char *wrong_field(struct mmsim_policy_ops ops)
{
    static struct mmsim_error error;
    error = (struct mmsim_error){0};
    enum mmsim_status status = mmsim_policy_validate(&ops, &error);
    ck_assert_int_eq(status, status == MMSIM_OK ? MMSIM_OK : MMSIM_BAD_ARGUMENT);
    return status == MMSIM_OK ? "" : error.where;
}

START_TEST(a_table_is_told_which_field_is_wrong)
{
    const struct mmsim_policy_ops good = *mmsim_policy_find("clock");
    struct mmsim_policy_ops bad;
    ck_assert_str_eq(wrong_field(good), "");
#define CHECK_WITH(field, value)                                                                   \
    bad = good;                                                                                    \
    bad.field = value;                                                                             \
    ck_assert_str_eq(wrong_field(bad), #field)
    CHECK_WITH(abi, 2);
    CHECK_WITH(size, 8);
    CHECK_WITH(name, NULL);
    CHECK_WITH(name, "");
    CHECK_WITH(name, "Clock");
    CHECK_WITH(name, "-clock");
    CHECK_WITH(name, "a-name-of-more-than-thirty-one-characters");
    CHECK_WITH(summary, NULL);
    CHECK_WITH(source, NULL);
    CHECK_WITH(view, (enum mmsim_view)7);
    CHECK_WITH(flags, 1u << 20);
    CHECK_WITH(state_bytes, NULL);
    CHECK_WITH(init, NULL);
    CHECK_WITH(reference, NULL);
    CHECK_WITH(load, NULL);
    CHECK_WITH(evict, NULL);
    CHECK_WITH(forget, NULL);
    bad = good;
    bad.replay = NULL;
    bad.check = NULL;
    bad.params = NULL;
    ck_assert_str_eq(wrong_field(bad), "");
}
END_TEST

START_TEST(parameters_of_a_table_must_make_sense)
{
    static const char *const words[] = {"a", "b", NULL};
    static const struct {
        struct mmsim_param params[2];
        bool good;
    } rows[] = {
        {{{"x", "m", 0, 1, 0, MMSIM_PARAM_WHOLE, NULL}}, true},
        {{{"x", "m", 0, 1, 1, MMSIM_PARAM_WORD, words}}, true},
        {{{"X", "m", 0, 1, 0, MMSIM_PARAM_WHOLE, NULL}}, false},
        {{{"x", NULL, 0, 1, 0, MMSIM_PARAM_WHOLE, NULL}}, false},
        {{{"x", "m", 0, 1, 2, MMSIM_PARAM_WHOLE, NULL}}, false},
        {{{"x", "m", 0, 1, 0.5, MMSIM_PARAM_WHOLE, NULL}}, false},
        {{{"x", "m", 0, 2, 1, MMSIM_PARAM_WORD, words}}, false},
        {{{"x", "m", 0, 1, 1, MMSIM_PARAM_WORD, NULL}}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mmsim_policy_ops ops = *mmsim_policy_find("lru");
        ops.params = rows[i].params;
        ck_assert_str_eq(wrong_field(ops), rows[i].good ? "" : "params");
    }
}
END_TEST

START_TEST(parameters_that_do_not_end_or_are_twins_are_refused)
{
    struct mmsim_param params[MMSIM_POLICY_MAX_PARAMS + 1];
    struct mmsim_policy_ops ops = *mmsim_policy_find("lru");
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    for (size_t i = 0; i < sizeof params / sizeof *params; i++)
        params[i] = (struct mmsim_param){names[i], "m", 0, 1, 0, MMSIM_PARAM_REAL, NULL};
    ops.params = params;
    ck_assert_str_eq(wrong_field(ops), "params");
    params[MMSIM_POLICY_MAX_PARAMS].name = NULL;
    ck_assert_str_eq(wrong_field(ops), "");
    params[3].name = "a";
    ck_assert_str_eq(wrong_field(ops), "params");
}
END_TEST

START_TEST(kinds_have_names)
{
    ck_assert_str_eq(mmsim_kind_name(MMSIM_KIND_LOAD), "load");
    ck_assert_str_eq(mmsim_kind_name(MMSIM_KIND_STORE), "store");
    ck_assert_str_eq(mmsim_kind_name(MMSIM_KIND_FETCH), "fetch");
    ck_assert_str_eq(mmsim_kind_name(MMSIM_N_KINDS), "?");
}
END_TEST

Suite *test_registry_suite(void);

Suite *test_registry_suite(void)
{
    Suite *suite = suite_create("policy/registry");
    TCase *tests = tcase_create("registry");
    tcase_add_test(tests, every_policy_is_valid_and_found_by_its_name);
    tcase_add_test(tests, defaults_are_those_of_the_table_and_nothing_is_given);
    tcase_add_test(tests, parameters_are_read_with_and_without_blanks);
    tcase_add_test(tests, only_the_bytes_that_are_said_are_read);
    tcase_add_test(tests, a_description_names_every_parameter_and_is_read_back);
    tcase_add_test(tests, a_description_is_cut_to_its_room);
    tcase_add_test(tests, numbers_are_the_same_where_decimals_have_commas);
    tcase_add_test(tests, mistakes_say_where_what_and_what_was_meant);
    tcase_add_test(tests, parameters_of_a_hundred_characters_are_refused);
    tcase_add_test(tests, a_table_is_told_which_field_is_wrong);
    tcase_add_test(tests, parameters_of_a_table_must_make_sense);
    tcase_add_test(tests, parameters_that_do_not_end_or_are_twins_are_refused);
    tcase_add_test(tests, kinds_have_names);
    suite_add_tcase(suite, tests);
    return suite;
}
