/* test_walk_text.c - a printed walk says what the record says. */
#include <stdio.h>
#include <string.h>

#include "kit.h"

static char text[16384];

static void append(void *user, const char *more, size_t n_bytes)
{
    (void)user;
    size_t used = strlen(text);
    ck_assert_uint_lt(used + n_bytes, sizeof text);
    memcpy(text + used, more, n_bytes);
    text[used + n_bytes] = '\0';
}

static void print(const struct mmsim_process *process, mmsim_vaddr at, enum mmsim_access_kind kind,
                  struct mmsim_walk *walk)
{
    struct mmsim_sink sink = {append, NULL};
    text[0] = '\0';
    mmsim_explain(process, at, kind, walk);
    mmsim_walk_print(walk, &sink);
}

static void assert_says(const char *words)
{
    ck_assert_msg(strstr(text, words), "'%s' is missing in:\n%s", words, text);
}

START_TEST(a_present_page_is_explained_down_to_its_frame)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_process *p = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(p, 1);
    kit_write(p, at, 1);
    struct mmsim_walk walk;
    print(p, at + 0x123, MMSIM_ACCESS_WRITE, &walk);
    assert_says("write of 0x40000123 by p, user mode (CPL 3)");
    assert_says("directory");
    assert_says("PDE 256");
    assert_says("PTE 0");
    assert_says("R/W=1 writable");
    assert_says("D=1 dirty");
    assert_says("holds this page");
    char physical[40];
    snprintf(physical, sizeof physical, "physical 0x%08llx", (unsigned long long)walk.physical);
    assert_says(physical);
    kit_end(machine);
}
END_TEST

START_TEST(refusals_are_explained_with_the_check_that_failed)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_process *p = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(p, 2);
    kit_read(p, at);
    struct mmsim_walk walk;
    print(p, at, MMSIM_ACCESS_WRITE, &walk);
    assert_says("DENY R/W");
    assert_says("error code 0x7");
    print(p, at + KIT_PAGE, MMSIM_ACCESS_READ, &walk);
    assert_says("not present: page fault with P = 0");
    assert_says("error code 0x4");
    print(p, 0x00400000, MMSIM_ACCESS_READ, &walk);
    assert_says("DENY U/S");
    kit_end(machine);
}
END_TEST

START_TEST(the_kernel_sees_a_large_global_page)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_walk walk;
    print(mmsim_kernel(machine), 0x00812345, MMSIM_ACCESS_READ, &walk);
    assert_says("4 MiB page");
    assert_says("G=1 global");
    assert_says("page of 4 MiB");
    kit_end(machine);
}
END_TEST

START_TEST(explaining_changes_nothing)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_process *p = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(p, 2);
    kit_write(p, at, 1);
    struct mmsim_stats before = kit_stats(machine);
    struct mmsim_walk first, second;
    mmsim_explain(p, at + KIT_PAGE, MMSIM_ACCESS_WRITE, &first);
    mmsim_explain(p, at + KIT_PAGE, MMSIM_ACCESS_WRITE, &second);
    struct mmsim_stats after = kit_stats(machine);
    ck_assert_mem_eq(&before, &after, sizeof before);
    ck_assert_uint_eq(first.steps[1].value, second.steps[1].value);
    kit_end(machine);
}
END_TEST

START_TEST(a_dead_process_has_no_tables_to_explain)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_process *p = kit_spawn(machine, "p");
    mmsim_exit(p, 0);
    struct mmsim_walk walk;
    print(p, 0x40000000, MMSIM_ACCESS_READ, &walk);
    ck_assert(!walk.present);
    assert_says("dead");
    kit_end(machine);
}
END_TEST

Suite *test_walk_text_suite(void);
Suite *test_walk_text_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("walk_text", &tests);
    tcase_add_test(tests, a_present_page_is_explained_down_to_its_frame);
    tcase_add_test(tests, refusals_are_explained_with_the_check_that_failed);
    tcase_add_test(tests, the_kernel_sees_a_large_global_page);
    tcase_add_test(tests, explaining_changes_nothing);
    tcase_add_test(tests, a_dead_process_has_no_tables_to_explain);
    return suite;
}
