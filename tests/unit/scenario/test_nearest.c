/* The word that was meant: case and punctuation, misspellings, common beginnings and ends. */
#include "loaded.h"

#include "scenario/nearest.h"

static const char *const words[] = {"private", "anonymous", "fixed",       "fixed-noreplace",
                                    "SIGSEGV", "SIGKILL",   "SEGV_MAPERR", "SEGV_ACCERR",
                                    "ENOMEM",  "pentium",   "pentium-3",   "sequential",
                                    "p",       "do"};

static const struct {
    const char *word, *nearest;
} cases[] = {
    {"privat", "private"},
    {"MAP_PRIVATE", "private"},
    {"MAP_ANON", "anonymous"},
    {"anon", "anonymous"},
    {"MAP_FIXED", "fixed"},
    {"FIXED_NOREPLACE", "fixed-noreplace"},
    {"SEGV", "SIGSEGV"},
    {"KILL", "SIGKILL"},
    {"MAPERR", "SEGV_MAPERR"},
    {"enomem", "ENOMEM"},
    {"pentium3", "pentium-3"},
    {"pentiun", "pentium"},
    {"seq", "sequential"},
    {"P", "p"},
    {"Do", "do"},
    {"q", NULL},
    {"", NULL},
    {"xyzzy", NULL},
    {"MAP_", NULL},
    {"e", NULL},
};

START_TEST(words_are_found_by_what_people_write)
{
    const char *nearest = mm_nearest(cases[_i].word, words, sizeof words / sizeof *words);
    if (cases[_i].nearest)
        ck_assert_msg(nearest && strcmp(nearest, cases[_i].nearest) == 0, "%s -> %s",
                      cases[_i].word, nearest ? nearest : "nothing");
    else
        ck_assert_msg(nearest == NULL, "%s -> %s", cases[_i].word, nearest);
}
END_TEST

START_TEST(long_words_are_compared_by_their_beginning)
{
    char text[300];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const char *candidate = text;
    ck_assert_ptr_eq(mm_nearest(text, &candidate, 1), candidate);
    ck_assert_ptr_null(mm_nearest(text, words, sizeof words / sizeof *words));
}
END_TEST

Suite *test_nearest_suite(void);

Suite *test_nearest_suite(void)
{
    Suite *suite = suite_create("nearest");
    TCase *tests = tcase_create("nearest");
    tcase_add_loop_test(tests, words_are_found_by_what_people_write, 0,
                        sizeof cases / sizeof *cases);
    tcase_add_test(tests, long_words_are_compared_by_their_beginning);
    suite_add_tcase(suite, tests);
    return suite;
}
