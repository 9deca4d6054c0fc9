/* The string buffer, JSON strings, cut texts, and misspelled words. */
#include <check.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/text.h"
#include "fail_nth.h"

static void setup(struct mm_host *host, struct mm_text *text)
{
    mm_host_init(host, NULL);
    mm_text_init(text, host);
}

START_TEST(text_is_never_null)
{
    struct mm_host host;
    struct mm_text text;
    setup(&host, &text);
    ck_assert_str_eq(mm_text_string(&text), "");
    mm_text_append(&text, NULL, 0);
    ck_assert_str_eq(mm_text_string(&text), "");
    mm_text_puts(&text, "x");
    mm_text_clear(&text);
    ck_assert_str_eq(mm_text_string(&text), "");
    mm_text_fini(&text);
    ck_assert_str_eq(mm_text_string(&text), "");
    ck_assert_uint_eq(host.n_blocks, 0);
}
END_TEST

START_TEST(text_grows_by_whatever_is_appended)
{
    struct mm_host host;
    struct mm_text text;
    setup(&host, &text);
    char expected[20001] = "";
    size_t n_bytes = 0;
    struct mm_rng rng;
    mm_rng_seed(&rng, 5);
    while (n_bytes < 19000) {
        char piece[600];
        size_t n_piece = mm_rng_below(&rng, sizeof piece);
        memset(piece, 'a' + (int)mm_rng_below(&rng, 26), n_piece);
        memcpy(expected + n_bytes, piece, n_piece);
        n_bytes += n_piece;
        if (mm_rng_below(&rng, 2))
            mm_text_append(&text, piece, n_piece);
        else
            mm_text_printf(&text, "%.*s", (int)n_piece, piece);
    }
    ck_assert_uint_eq(text.n_bytes, n_bytes);
    ck_assert_str_eq(mm_text_string(&text), expected);
    ck_assert(!text.failed);
    mm_text_fini(&text);
    ck_assert_uint_eq(host.n_blocks, 0);
}
END_TEST

START_TEST(printf_fills_the_buffer_to_the_last_byte)
{
    for (int width = 1; width < 300; width++) {
        struct mm_host host;
        struct mm_text text;
        setup(&host, &text);
        mm_text_printf(&text, "%*d", width, 7);
        ck_assert_uint_eq(strlen(mm_text_string(&text)), (size_t)width);
        mm_text_fini(&text);
    }
}
END_TEST

static void write_a_bit_of_everything(struct mm_text *text)
{
    for (int i = 0; i < 40; i++) {
        mm_text_puts(text, "plain ");
        mm_text_printf(text, "%d %s ", i, "formatted");
        mm_text_json(text, "quoted \"\n\x01\xff");
        mm_text_append(text, "\n", 1);
    }
}

START_TEST(without_memory_text_keeps_what_it_has_and_says_so)
{
    struct mm_host whole_host;
    struct mm_text whole;
    setup(&whole_host, &whole);
    write_a_bit_of_everything(&whole);
    for (uint64_t n = 1;; n++) {
        struct fail_nth fail;
        fail_nth_init(&fail, n, 1);
        struct mm_host host;
        mm_host_init(&host, &fail.allocator);
        struct mm_text text;
        mm_text_init(&text, &host);
        write_a_bit_of_everything(&text);
        bool asked = fail.n_requests >= n;
        ck_assert(text.failed == asked);
        size_t n_kept = strlen(mm_text_string(&text));
        ck_assert_uint_eq(n_kept, text.n_bytes);
        ck_assert(memcmp(mm_text_string(&text), mm_text_string(&whole), n_kept) == 0);
        ck_assert(asked || n_kept == whole.n_bytes);
        mm_text_clear(&text);
        mm_text_puts(&text, "again");
        ck_assert_str_eq(mm_text_string(&text), "again");
        mm_text_fini(&text);
        ck_assert_ptr_null(fail_nth_check(&fail));
        if (!asked)
            break;
    }
    mm_text_fini(&whole);
}
END_TEST

START_TEST(a_size_that_no_memory_has_is_a_failure_and_no_overflow)
{
    struct mm_host host;
    struct mm_text text;
    setup(&host, &text);
    mm_text_puts(&text, "kept");
    mm_text_append(&text, "x", SIZE_MAX);
    ck_assert(text.failed);
    ck_assert_str_eq(mm_text_string(&text), "kept");
    mm_text_fini(&text);
}
END_TEST

/* Hosts have different locales; where none with a decimal comma is installed, "C" must do. */
START_TEST(numbers_print_the_same_in_every_locale)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_ALL, names[i]))
            break;
    struct mm_host host;
    struct mm_text text;
    setup(&host, &text);
    mm_text_printf(&text, "%.2f %'d %g", 1234.5, 1234567, 0.25);
    ck_assert_str_eq(mm_text_string(&text), "1234.50 1234567 0.25");
    mm_text_fini(&text);
}
END_TEST

static const struct {
    const char *text, *json;
} json_strings[] = {
    {"", "\"\""},
    {"plain", "\"plain\""},
    {"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
    {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
    {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
    {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
    {"\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80", "\"\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80\""},
    {"a\xff"
     "b",
     "\"a\xef\xbf\xbd"
     "b\""},
    {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* ends too soon */
    {"\xe2\x82\"", "\"\xef\xbf\xbd\xef\xbf\xbd\\\"\""},           /* the quote is not swallowed */
    {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* too long for what it says */
    {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* half of a surrogate pair */
    {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* U+110000 */
    {"\x80", "\"\xef\xbf\xbd\""},
};

START_TEST(reals_have_the_digits_that_give_them_back)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {{0, "0"},
                {1, "1"},
                {0.1, "0.1"},
                {1.0 / 3, "0.3333333333333333"},
                {2.0 / 3, "0.6666666666666666"},
                {1e22, "1e+22"},
                {0.1 + 0.2, "0.30000000000000004"},
                {-2.5, "-2.5"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mm_host host;
        struct mm_text text;
        mm_host_init(&host, NULL);
        mm_text_init(&text, &host);
        struct mmsim_sink sink = mm_text_sink(&text);
        mm_sink_real(&sink, rows[i].value);
        ck_assert_str_eq(mm_text_string(&text), rows[i].text);
        mm_text_fini(&text);
    }
}
END_TEST

START_TEST(json_strings_are_escaped_and_always_valid_utf8)
{
    struct mm_host host;
    struct mm_text text;
    setup(&host, &text);
    mm_text_json(&text, json_strings[_i].text);
    ck_assert_str_eq(mm_text_string(&text), json_strings[_i].json);
    mm_text_fini(&text);
}
END_TEST

struct capture {
    char text[4096];
    size_t n_bytes, n_writes;
};

static void capture_write(void *user, const char *text, size_t n_bytes)
{
    struct capture *capture = user;
    memcpy(capture->text + capture->n_bytes, text, n_bytes);
    capture->n_bytes += n_bytes;
    capture->n_writes++;
}

START_TEST(sinks_get_what_was_formatted)
{
    struct capture capture = {0};
    struct mmsim_sink sink = {capture_write, &capture};
    mm_sink_puts(&sink, "a ");
    mm_sink_printf(&sink, "%s %d", "b", 7);
    mm_sink_puts(&sink, "");
    mm_sink_printf(&sink, "%s", "");
    ck_assert_str_eq(capture.text, "a b 7");
    ck_assert_uint_eq(capture.n_writes, 2);
}
END_TEST

/* Whatever character the cut falls into, what is left is whole. */
START_TEST(long_output_is_cut_between_characters)
{
    static const char *const characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    const char *character = characters[_i];
    for (int n_before = 0; n_before < 8; n_before++) {
        struct capture capture = {0};
        char string[2000] = "";
        memset(string, '-', (size_t)n_before);
        for (int i = 0; i < 400; i++)
            strcat(string, character);
        memmove(string + 700, string, strlen(string) + 1 < 1300 ? strlen(string) + 1 : 1300);
        memset(string, '-', 700);
        string[1999] = '\0';
        mm_sink_printf(&(struct mmsim_sink){capture_write, &capture}, "%s", string);
        size_t n_bytes = 700 + (size_t)n_before;
        size_t n_wanted = strlen(string);
        while (n_bytes < n_wanted && n_bytes + strlen(character) <= 1023)
            n_bytes += strlen(character);
        ck_assert_uint_eq(capture.n_bytes, n_bytes);
        ck_assert(memcmp(capture.text, string, n_bytes) == 0);
    }
}
END_TEST

START_TEST(errors_carry_status_place_and_text)
{
    struct mmsim_error error;
    memset(&error, 0xff, sizeof error);
    enum mmsim_status status = mm_error_set(&error, MMSIM_BAD_CONFIG, "ram", "%d is odd", 3);
    ck_assert_int_eq(status, MMSIM_BAD_CONFIG);
    ck_assert_int_eq(error.status, MMSIM_BAD_CONFIG);
    ck_assert_str_eq(error.where, "ram");
    ck_assert_str_eq(error.text, "3 is odd");
    ck_assert_int_eq(mm_error_set(NULL, MMSIM_HOST_IO, "", "%s", ""), MMSIM_HOST_IO);
}
END_TEST

START_TEST(errors_too_long_for_their_fields_are_cut)
{
    struct mmsim_error error;
    char text[1000];
    memset(text, 'w', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    mm_error_set(&error, MMSIM_BAD_INPUT, text, "%s", text);
    ck_assert_uint_eq(strlen(error.where), sizeof error.where - 1);
    ck_assert_uint_eq(strlen(error.text), sizeof error.text - 1);
    memcpy(text + sizeof error.where - 2, "\xc3\xa9", 2);
    mm_error_set(&error, MMSIM_BAD_INPUT, text, "%s", "");
    ck_assert_uint_eq(strlen(error.where), sizeof error.where - 2);
}
END_TEST

static const struct {
    const char *a, *b;
    unsigned distance;
} distances[] = {
    {"", "", 0},
    {"", "abc", 3},
    {"access", "access", 0},
    {"acess", "access", 1},
    {"access", "accses", 1}, /* neighbours swapped */
    {"mmap", "unmap", 2},
    {"kitten", "sitting", 3},
    {"ca", "abc", 3}, /* no character is edited twice */
    {"na\xc3\xafve", "naive", 1},
    {"\xff", "\xfe", 1},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", 0}, /* beyond 32 */
};

START_TEST(distance_counts_edits)
{
    ck_assert_uint_eq(mm_text_distance(distances[_i].a, distances[_i].b), distances[_i].distance);
    ck_assert_uint_eq(mm_text_distance(distances[_i].b, distances[_i].a), distances[_i].distance);
}
END_TEST

/* The definition, without a table. */
static unsigned distance_by_definition(const char *a, size_t n, const char *b, size_t m)
{
    if (n == 0 || m == 0)
        return (unsigned)(n + m);
    unsigned best = distance_by_definition(a, n - 1, b, m - 1) + (a[n - 1] != b[m - 1]);
    unsigned other = distance_by_definition(a, n - 1, b, m) + 1;
    best = other < best ? other : best;
    other = distance_by_definition(a, n, b, m - 1) + 1;
    best = other < best ? other : best;
    if (n > 1 && m > 1 && a[n - 1] == b[m - 2] && a[n - 2] == b[m - 1]) {
        other = distance_by_definition(a, n - 2, b, m - 2) + 1;
        best = other < best ? other : best;
    }
    return best;
}

START_TEST(distance_agrees_with_its_definition)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, 11);
    for (int i = 0; i < 2000; i++) {
        char words[2][7] = {"", ""};
        for (int w = 0; w < 2; w++) {
            size_t length = mm_rng_below(&rng, 7);
            for (size_t k = 0; k < length; k++)
                words[w][k] = (char)('a' + mm_rng_below(&rng, 3));
        }
        ck_assert_uint_eq(
            mm_text_distance(words[0], words[1]),
            distance_by_definition(words[0], strlen(words[0]), words[1], strlen(words[1])));
    }
}
END_TEST

static const char *const verbs[] = {"mmap", "munmap", "mprotect", "fork", "exit", "access", "cpu"};

static const struct {
    const char *word, *nearest;
} spellings[] = {
    {"acess", "access"},       {"Access", "access"}, {"mprotekt", "mprotect"},
    {"mproetctx", "mprotect"}, {"fork", "fork"},     {"cup", "cpu"},
    {"mnmap", "mmap"},         {"xyz", NULL},        {"c", NULL},
    {"something-else", NULL},  {"fxyk", "fork"},     {"fxyz", NULL},
};

START_TEST(nearest_finds_misspellings_and_nothing_far)
{
    const char *nearest = mm_text_nearest(spellings[_i].word, verbs, sizeof verbs / sizeof *verbs);
    if (spellings[_i].nearest)
        ck_assert_str_eq(nearest, spellings[_i].nearest);
    else
        ck_assert_ptr_null(nearest);
}
END_TEST

START_TEST(nearest_prefers_the_closer_then_the_earlier_one)
{
    static const char *const words[] = {"abcx", "abcd", "abce"};
    ck_assert_str_eq(mm_text_nearest("abcd", words, 3), "abcd");
    ck_assert_str_eq(mm_text_nearest("abcf", words, 3), "abcx");
    ck_assert_ptr_null(mm_text_nearest("abcd", words, 0));
}
END_TEST

Suite *test_text_suite(void);
Suite *test_text_suite(void)
{
    Suite *suite = suite_create("text");
    TCase *tests = tcase_create("text");
    tcase_add_test(tests, text_is_never_null);
    tcase_add_test(tests, text_grows_by_whatever_is_appended);
    tcase_add_test(tests, printf_fills_the_buffer_to_the_last_byte);
    tcase_add_test(tests, without_memory_text_keeps_what_it_has_and_says_so);
    tcase_add_test(tests, a_size_that_no_memory_has_is_a_failure_and_no_overflow);
    tcase_add_test(tests, numbers_print_the_same_in_every_locale);
    tcase_add_test(tests, reals_have_the_digits_that_give_them_back);
    tcase_add_loop_test(tests, json_strings_are_escaped_and_always_valid_utf8, 0,
                        sizeof json_strings / sizeof *json_strings);
    tcase_add_test(tests, sinks_get_what_was_formatted);
    tcase_add_loop_test(tests, long_output_is_cut_between_characters, 0, 4);
    tcase_add_test(tests, errors_carry_status_place_and_text);
    tcase_add_test(tests, errors_too_long_for_their_fields_are_cut);
    tcase_add_loop_test(tests, distance_counts_edits, 0, sizeof distances / sizeof *distances);
    tcase_add_test(tests, distance_agrees_with_its_definition);
    tcase_add_loop_test(tests, nearest_finds_misspellings_and_nothing_far, 0,
                        sizeof spellings / sizeof *spellings);
    tcase_add_test(tests, nearest_prefers_the_closer_then_the_earlier_one);
    suite_add_tcase(suite, tests);
    return suite;
}
