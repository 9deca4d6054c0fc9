/* test_heap_words.c - letters of checks, names of mistakes and tables. */
#include <string.h>

#include "kit.h"

enum { N_CHECKS = 7, ALL_CHECKS = (1 << N_CHECKS) - 1 };

START_TEST(every_set_of_checks_survives_its_letters)
{
    for (unsigned checks = 0; checks <= ALL_CHECKS; checks++) {
        char text[8];
        unsigned again = ~checks;
        mmsim_heap_checks_format(checks, text);
        ck_assert(mmsim_heap_checks_parse(text, &again, NULL));
        ck_assert_uint_eq(again, checks);
        ck_assert_uint_eq(strlen(text), checks == 0 ? 1 : (unsigned)__builtin_popcount(checks));
    }
}
END_TEST

START_TEST(letters_mean_what_they_mean_to_linux)
{
    static const struct {
        const char *letters;
        unsigned checks;
    } rows[] = {
        {"", 0},
        {"-", 0},
        {"F", 0},
        {"Z", MMSIM_HEAP_RED_ZONES},
        {"P", MMSIM_HEAP_POISON},
        {"U", MMSIM_HEAP_TRACK},
        {"FZPU", MMSIM_HEAP_RED_ZONES | MMSIM_HEAP_POISON | MMSIM_HEAP_TRACK},
        {"upz", MMSIM_HEAP_RED_ZONES | MMSIM_HEAP_POISON | MMSIM_HEAP_TRACK},
        {"ZZ", MMSIM_HEAP_RED_ZONES},
        {"QGHR", MMSIM_HEAP_QUARANTINE | MMSIM_HEAP_GUARD | MMSIM_HEAP_HARDEN | MMSIM_HEAP_SHUFFLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned checks = ~0u;
        ck_assert(mmsim_heap_checks_parse(rows[i].letters, &checks, NULL));
        ck_assert_uint_eq(checks, rows[i].checks);
    }
}
END_TEST

START_TEST(a_letter_that_is_none_is_pointed_at)
{
    static const struct {
        const char *letters;
        size_t wrong;
    } rows[] = {{"X", 0}, {"ZPX", 2}, {"Z-", 1}, {"-Z", 0}, {"Z,P", 1}, {"Z\n", 1}, {" Z", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned checks = 77;
        size_t wrong = 99;
        ck_assert(!mmsim_heap_checks_parse(rows[i].letters, &checks, &wrong));
        ck_assert_uint_eq(wrong, rows[i].wrong);
        ck_assert_uint_eq(checks, 77);
        ck_assert(!mmsim_heap_checks_parse(rows[i].letters, &checks, NULL));
    }
    unsigned checks = 77;
    size_t wrong = 99;
    ck_assert(!mmsim_heap_checks_parse(NULL, &checks, &wrong));
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(checks, 77);
}
END_TEST

static void assert_words(const char *(*name)(unsigned), const char *(*meaning)(unsigned),
                         unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        ck_assert(name(i) != NULL && strlen(name(i)) > 2);
        ck_assert_uint_eq(strspn(name(i), "abcdefghijklmnopqrstuvwxyz-"), strlen(name(i)));
        ck_assert(meaning(i) != NULL && strchr(meaning(i), ' ') != NULL);
        for (unsigned k = 0; k < i; k++)
            ck_assert_str_ne(name(i), name(k));
    }
    ck_assert_str_eq(name(n), "?");
    ck_assert_str_eq(meaning(n), "?");
}

static const char *mistake_name(unsigned i)
{
    return mmsim_heap_mistake_name((enum mmsim_heap_mistake)i);
}

static const char *mistake_meaning(unsigned i)
{
    return mmsim_heap_mistake_meaning((enum mmsim_heap_mistake)i);
}

static const char *table_name(unsigned i)
{
    return mmsim_table_name((enum mmsim_table)i);
}

static const char *table_meaning(unsigned i)
{
    return mmsim_table_meaning((enum mmsim_table)i);
}

START_TEST(every_mistake_and_table_has_a_name_of_its_own_and_a_meaning)
{
    assert_words(mistake_name, mistake_meaning, MMSIM_N_HEAP_MISTAKES);
    assert_words(table_name, table_meaning, MMSIM_N_TABLES);
    ck_assert_str_eq(mmsim_heap_mistake_name(MMSIM_HEAP_DOUBLE_FREE), "double-free");
    ck_assert_str_eq(mmsim_table_name(MMSIM_TABLE_KMEMLEAK), "kmemleak");
}
END_TEST

Suite *test_heap_words_suite(void);
Suite *test_heap_words_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("heap_words", &tests);
    tcase_add_test(tests, every_set_of_checks_survives_its_letters);
    tcase_add_test(tests, letters_mean_what_they_mean_to_linux);
    tcase_add_test(tests, a_letter_that_is_none_is_pointed_at);
    tcase_add_test(tests, every_mistake_and_table_has_a_name_of_its_own_and_a_meaning);
    return suite;
}
