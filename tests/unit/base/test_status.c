/* Names of statuses, and what a failed assertion says. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmsim/status.h>

#include "base/assert.h"

START_TEST(each_status_has_a_name_and_a_meaning)
{
    for (unsigned i = 0; i < MMSIM_N_STATUSES; i++) {
        enum mmsim_status status = (enum mmsim_status)i;
        ck_assert_str_ne(mmsim_status_name(status), "?");
        ck_assert_str_ne(mmsim_status_meaning(status), "?");
    }
    ck_assert_str_eq(mmsim_status_name(MMSIM_OK), "OK");
    ck_assert_str_eq(mmsim_status_name(MMSIM_BAD_CONFIG), "BAD_CONFIG");
    ck_assert_str_eq(mmsim_status_meaning(MMSIM_HOST_MEMORY), "the host gave no memory");
}
END_TEST

START_TEST(a_number_that_is_no_status_has_no_name)
{
    ck_assert_str_eq(mmsim_status_name((enum mmsim_status)MMSIM_N_STATUSES), "?");
    ck_assert_str_eq(mmsim_status_meaning((enum mmsim_status)1000000), "?");
}
END_TEST

START_TEST(a_failed_assertion_says_where_and_why_and_aborts)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        mm_assert_failed("file.c", 12, "x > 0", "x is small");
    }
    close(ends[1]);
    char said[200] = "";
    ssize_t n_bytes = read(ends[0], said, sizeof said - 1);
    ck_assert_int_gt(n_bytes, 0);
    int result;
    waitpid(child, &result, 0);
    ck_assert(WIFSIGNALED(result) && WTERMSIG(result) == SIGABRT);
    ck_assert_str_eq(said, "file.c:12: x is small (x > 0)\n");
}
END_TEST

Suite *test_status_suite(void);
Suite *test_status_suite(void)
{
    Suite *suite = suite_create("status");
    TCase *tests = tcase_create("status");
    tcase_add_test(tests, each_status_has_a_name_and_a_meaning);
    tcase_add_test(tests, a_number_that_is_no_status_has_no_name);
    tcase_add_test(tests, a_failed_assertion_says_where_and_why_and_aborts);
    suite_add_tcase(suite, tests);
    return suite;
}
