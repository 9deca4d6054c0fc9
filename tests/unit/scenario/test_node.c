/* YAML as a tree: positions, what the format leaves out, hostile input, overrides. */
#include "loaded.h"

#include "scenario/node.h"

struct fixture {
    struct mm_host host;
    struct mm_arena arena;
    struct mm_mistakes mistakes;
};

static struct mm_node *parse(struct fixture *fixture, const char *text, size_t n_bytes)
{
    mm_host_init(&fixture->host, NULL);
    mm_arena_init(&fixture->arena, &fixture->host);
    mm_mistakes_init(&fixture->mistakes, &fixture->arena);
    return mm_node_parse(text, n_bytes, &fixture->arena, &fixture->mistakes);
}

static void done(struct fixture *fixture)
{
    mm_arena_fini(&fixture->arena);
    ck_assert_uint_eq(fixture->host.n_blocks, 0);
}

static void assert_mistake(const char *text, size_t n_bytes, unsigned line, unsigned column,
                           const char *part)
{
    struct fixture fixture;
    parse(&fixture, text, n_bytes);
    const struct mm_mistake *first = fixture.mistakes.first;
    ck_assert_ptr_nonnull(first);
    ck_assert_msg(first->line == line && first->column == column && strstr(first->text, part),
                  "%u:%u: %s", first->line, first->column, first->text);
    done(&fixture);
}

START_TEST(nodes_know_where_they_stand)
{
    static const char text[] = "a: 1\n"
                               "b:\n"
                               "  - 'x y'\n"
                               "  - {c: d}\n"
                               "\xc3\xa4: [e]\n";
    struct fixture fixture;
    struct mm_node *root = parse(&fixture, text, strlen(text));
    ck_assert_ptr_nonnull(root);
    ck_assert_uint_eq(root->n_children, 3);
    const struct mm_node *list = mm_node_get(root, "b");
    ck_assert_uint_eq(list->line, 3);
    ck_assert_uint_eq(list->column, 3);
    ck_assert_uint_eq(list->key->line, 2);
    const struct mm_node *quoted = list->first;
    ck_assert_str_eq(quoted->text, "x y");
    ck_assert_uint_eq(quoted->column, 5);
    ck_assert_uint_eq(quoted->content_column, 6);
    ck_assert(!quoted->plain);
    const struct mm_node *inner = mm_node_get(quoted->next, "c");
    ck_assert_uint_eq(inner->line, 4);
    ck_assert_uint_eq(inner->column, 9);
    ck_assert_uint_eq(inner->key->column, 6);
    ck_assert_uint_eq(mm_node_get(root, "\xc3\xa4")->first->column, 5);
    ck_assert_ptr_null(mm_node_get(root, "z"));
    done(&fixture);
}
END_TEST

START_TEST(escapes_make_inner_positions_unknown)
{
    static const char text[] = "a: \"x\\ty\"\nb: |\n  x\nc: \"x\n  y\"\n";
    struct fixture fixture;
    struct mm_node *root = parse(&fixture, text, strlen(text));
    ck_assert_uint_eq(mm_node_get(root, "a")->content_column, 0);
    ck_assert_uint_eq(mm_node_get(root, "b")->content_column, 0);
    ck_assert_uint_eq(mm_node_get(root, "c")->content_column, 0);
    done(&fixture);
}
END_TEST

#define ASSERT_MISTAKE(text, line, column, part)                                                   \
    assert_mistake(text, sizeof text - 1, line, column, part)

START_TEST(what_the_format_leaves_out_is_a_mistake)
{
    ASSERT_MISTAKE("a: &x 1\n", 1, 4, "anchors (&x)");
    ASSERT_MISTAKE("a: *x\n", 1, 4, "aliases (*x)");
    ASSERT_MISTAKE("a: !!int 1\n", 1, 4, "tags");
    ASSERT_MISTAKE("a: 1\n--- \nb: 2\n", 2, 1, "second document");
    ASSERT_MISTAKE("a: 1\nb: 2\na: 3\n", 3, 1, "duplicate key 'a': given in line 1");
    ASSERT_MISTAKE("? [a]\n: 1\n", 1, 3, "a key must be a word");
    ASSERT_MISTAKE("a: \"x\\0y\"\n", 1, 4, "zero byte");
}
END_TEST

START_TEST(what_is_no_text_is_a_mistake_with_a_place)
{
    ASSERT_MISTAKE("a: 1\nb: \xff\n", 2, 4, "UTF-8");
    ASSERT_MISTAKE("a: 1\nb: \xc3\n", 2, 5, "UTF-8"); /* the byte that should continue it */
    ASSERT_MISTAKE("a\0b", 1, 2, "binary file");
    ASSERT_MISTAKE("a: \x01\n", 1, 4, "UTF-8");
    ASSERT_MISTAKE("\xff\xfe"
                   "a\0:\0",
                   1, 4, "binary file");
}
END_TEST

START_TEST(syntax_errors_have_a_place)
{
    ASSERT_MISTAKE("a: [1\nb: 2\n", 2, 2, "not valid YAML");
    ASSERT_MISTAKE("a:\n\t- 1\n", 2, 1, "a tab");
    ASSERT_MISTAKE("a: 'x\n", 2, 1, "not valid YAML");
    ASSERT_MISTAKE("a: b: c\n", 1, 5, "not valid YAML");
}
END_TEST

START_TEST(an_empty_document_has_no_root)
{
    static const char *const texts[] = {"", "\n", "# comment\n", "---\n..."};
    struct fixture fixture;
    struct mm_node *root = parse(&fixture, texts[_i], strlen(texts[_i]));
    ck_assert(!root || mm_node_is_null(root));
    ck_assert_uint_eq(fixture.mistakes.n, 0);
    done(&fixture);
}
END_TEST

START_TEST(depth_is_limited)
{
    enum { DEPTHS = 100000 };
    char *text = malloc(2 * DEPTHS);
    memset(text, '[', DEPTHS);
    memset(text + DEPTHS, ']', DEPTHS);
    assert_mistake(text, 2 * DEPTHS, 1, MM_NODE_MAX_DEPTH + 1, "nested too deeply");
    struct fixture fixture;
    ck_assert_ptr_nonnull(
        parse(&fixture, text + DEPTHS - MM_NODE_MAX_DEPTH, 2 * MM_NODE_MAX_DEPTH));
    ck_assert_uint_eq(fixture.mistakes.n, 0);
    done(&fixture);
    free(text);
}
END_TEST

START_TEST(keys_of_one_mapping_are_limited)
{
    char text[16 * (MM_NODE_MAX_KEYS + 1)];
    size_t n = 0;
    for (unsigned i = 0; i <= MM_NODE_MAX_KEYS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "k%u: 1\n", i);
    assert_mistake(text, n, MM_NODE_MAX_KEYS + 1, 6 + 1, "more than 256 keys");
}
END_TEST

/* ---- overrides ---- */

static void override_of(struct fixture *fixture, struct mm_node **root, const char *override)
{
    static const char text[] = "a: 1\nm: {x: 1, y: 2}\nl: [p, q, {z: 3}]\n";
    *root = parse(fixture, text, strlen(text));
    mm_node_override(*root, override, &fixture->arena, &fixture->mistakes);
}

START_TEST(overrides_replace_and_add)
{
    static const struct {
        const char *override, *value;
        const char *path[3];
    } cases[] = {
        {"a=7", "7", {"a"}},
        {"m.y=8 MiB", "8 MiB", {"m", "y"}},
        {"new=x", "x", {"new"}},
        {"m.new=x=y", "x=y", {"m", "new"}},
        {"some.where.deep=1", "1", {"some", "where", "deep"}},
        {"a=", "", {"a"}},
    };
    struct fixture fixture;
    struct mm_node *root;
    override_of(&fixture, &root, cases[_i].override);
    ck_assert_uint_eq(fixture.mistakes.n, 0);
    const struct mm_node *node = root;
    for (size_t i = 0; i < 3 && cases[_i].path[i]; i++)
        ck_assert_ptr_nonnull(node = mm_node_get(node, cases[_i].path[i]));
    ck_assert_str_eq(node->text, cases[_i].value);
    ck_assert_str_eq(node->override, cases[_i].override);
    ck_assert_str_eq(mm_node_get(mm_node_get(root, "m"), "x")->text, "1");
    done(&fixture);
}
END_TEST

START_TEST(overrides_reach_into_lists)
{
    struct fixture fixture;
    struct mm_node *root;
    override_of(&fixture, &root, "l.2.z=9");
    ck_assert_uint_eq(fixture.mistakes.n, 0);
    const struct mm_node *list = mm_node_get(root, "l");
    ck_assert_uint_eq(list->n_children, 3);
    ck_assert_str_eq(mm_node_get(list->first->next->next, "z")->text, "9");
    done(&fixture);
}
END_TEST

START_TEST(overrides_that_lead_nowhere_are_mistakes_without_a_line)
{
    static const char *const bad[] = {"",
                                      "a",
                                      "=1",
                                      "a.b=1",
                                      "l.3=1",
                                      "l.x=1",
                                      "m..x=1",
                                      ".a=1",
                                      "a=[",
                                      "a=&x 1",
                                      "l.999999999999999999999=1"};
    struct fixture fixture;
    struct mm_node *root;
    override_of(&fixture, &root, bad[_i]);
    ck_assert_uint_eq(fixture.mistakes.n, 1);
    ck_assert_uint_eq(fixture.mistakes.first->line, 0);
    ck_assert_ptr_nonnull(strstr(fixture.mistakes.first->text, "--set '"));
    done(&fixture);
}
END_TEST

Suite *test_node_suite(void);

Suite *test_node_suite(void)
{
    Suite *suite = suite_create("node");
    TCase *tests = tcase_create("node");
    tcase_add_test(tests, nodes_know_where_they_stand);
    tcase_add_test(tests, escapes_make_inner_positions_unknown);
    tcase_add_test(tests, what_the_format_leaves_out_is_a_mistake);
    tcase_add_test(tests, what_is_no_text_is_a_mistake_with_a_place);
    tcase_add_test(tests, syntax_errors_have_a_place);
    tcase_add_loop_test(tests, an_empty_document_has_no_root, 0, 4);
    tcase_add_test(tests, depth_is_limited);
    tcase_add_test(tests, keys_of_one_mapping_are_limited);
    tcase_add_loop_test(tests, overrides_replace_and_add, 0, 6);
    tcase_add_test(tests, overrides_reach_into_lists);
    tcase_add_loop_test(tests, overrides_that_lead_nowhere_are_mistakes_without_a_line, 0, 11);
    suite_add_tcase(suite, tests);
    return suite;
}
