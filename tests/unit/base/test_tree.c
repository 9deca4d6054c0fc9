/* The balanced tree against a sorted array, with a summary kept in each node. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/tree.h"

enum { N_ITEMS = 300 };

struct item {
    struct mm_tree_node node;
    unsigned key;
    unsigned weight;
    unsigned heaviest; /* of the subtree */
    bool linked;
};

static struct item *item_of(const struct mm_tree_node *node)
{
    return MM_CONTAINER_OF(node, struct item, node);
}

static void augment(struct mm_tree_node *node)
{
    struct item *item = item_of(node);
    item->heaviest = item->weight;
    if (node->left && item_of(node->left)->heaviest > item->heaviest)
        item->heaviest = item_of(node->left)->heaviest;
    if (node->right && item_of(node->right)->heaviest > item->heaviest)
        item->heaviest = item_of(node->right)->heaviest;
}

static void insert(struct mm_tree *tree, struct item *item)
{
    struct mm_tree_node *parent = NULL, **link = &tree->root;
    while (*link) {
        parent = *link;
        link = item->key < item_of(parent)->key ? &parent->left : &parent->right;
    }
    mm_tree_insert(tree, &item->node, parent, link);
    item->linked = true;
}

static void take_out(struct mm_tree *tree, struct item *item)
{
    mm_tree_remove(tree, &item->node);
    item->linked = false;
}

/* Looks at every node below, whatever the summaries say. */
static unsigned heaviest_below(const struct mm_tree_node *node)
{
    if (!node)
        return 0;
    unsigned left = heaviest_below(node->left), right = heaviest_below(node->right);
    unsigned most = left > right ? left : right;
    return item_of(node)->weight > most ? item_of(node)->weight : most;
}

/* The model: items[] is sorted by key, and `linked` says who is in. NULL, or what differs. */
static const char *difference(const struct mm_tree *tree, const struct item *items)
{
    const struct mm_tree_node *node = mm_tree_first(tree), *previous = NULL;
    for (unsigned i = 0; i < N_ITEMS; i++) {
        if (!items[i].linked)
            continue;
        if (node != &items[i].node)
            return "the tree's next node is not the array's";
        if (mm_tree_prev(node) != previous)
            return "the way back leads elsewhere";
        if (tree->augment && items[i].heaviest != heaviest_below(node))
            return "the summary of a subtree is wrong";
        previous = node;
        node = mm_tree_next(node);
    }
    return node ? "the tree has more nodes than the array" : mm_tree_check(tree);
}

static void setup(struct item *items)
{
    memset(items, 0, N_ITEMS * sizeof *items);
    for (unsigned i = 0; i < N_ITEMS; i++)
        items[i].key = i;
}

START_TEST(random_changes_agree_with_a_sorted_array)
{
    static struct item items[N_ITEMS];
    setup(items);
    struct mm_tree tree = {.augment = _i == 0 ? augment : NULL};
    struct mm_rng rng;
    mm_rng_seed(&rng, 3);
    uint64_t n_linked_wanted = N_ITEMS;
    for (int i = 0; i < 6000; i++) {
        if (i % 1000 == 0) /* phases: nearly full, nearly empty, and between */
            n_linked_wanted = mm_rng_below(&rng, N_ITEMS + 1);
        struct item *item = &items[mm_rng_below(&rng, N_ITEMS)];
        bool want = mm_rng_below(&rng, N_ITEMS) < n_linked_wanted;
        item->weight = item->linked ? item->weight : (unsigned)mm_rng_below(&rng, 1000);
        if (want && !item->linked)
            insert(&tree, item);
        else if (!want && item->linked)
            take_out(&tree, item);
        else if (item->linked) {
            item->weight = (unsigned)mm_rng_below(&rng, 1000);
            mm_tree_touch(&tree, &item->node);
        }
        ck_assert_ptr_null(difference(&tree, items));
    }
}
END_TEST

START_TEST(ascending_inserts_do_not_make_a_list)
{
    static struct item items[N_ITEMS];
    setup(items);
    struct mm_tree tree = {0};
    for (unsigned i = 0; i < N_ITEMS; i++)
        insert(&tree, &items[i]);
    ck_assert_int_le(tree.root->height, 11); /* 1.44 log2 300 */
    for (unsigned i = 0; i < N_ITEMS; i++) {
        take_out(&tree, &items[i]);
        ck_assert_ptr_null(difference(&tree, items));
    }
    ck_assert_ptr_null(tree.root);
}
END_TEST

/* Every tree of up to seven nodes that insertion in some order makes, and every removal from it. */
START_TEST(each_removal_from_each_small_tree_leaves_a_tree)
{
    static struct item items[N_ITEMS];
    enum { N = 7 };
    for (unsigned order = 0; order < 5040; order++) {
        for (unsigned victim = 0; victim < N; victim++) {
            setup(items);
            struct mm_tree tree = {.augment = augment};
            unsigned rest = order;
            for (unsigned n_left = N; n_left > 0; n_left--) {
                unsigned skip = rest % n_left, i = 0;
                rest /= n_left;
                while (items[i].linked || skip-- > 0)
                    i++;
                items[i].weight = (i * 5 + 3) % 8;
                insert(&tree, &items[i]);
            }
            take_out(&tree, &items[victim]);
            ck_assert_ptr_null(difference(&tree, items));
        }
    }
}
END_TEST

START_TEST(an_empty_tree_has_no_first_node)
{
    struct mm_tree tree = {0};
    ck_assert_ptr_null(mm_tree_first(&tree));
    ck_assert_ptr_null(mm_tree_check(&tree));
}
END_TEST

static void spoil_height(struct mm_tree *tree)
{
    tree->root->left->height++;
}

static void spoil_leaf_height(struct mm_tree *tree)
{
    mm_tree_first(tree)->height = 0;
}

static void spoil_parent(struct mm_tree *tree)
{
    tree->root->left->right->parent = tree->root;
}

static void spoil_root(struct mm_tree *tree)
{
    tree->root->parent = tree->root->left;
}

static void spoil_balance(struct mm_tree *tree)
{
    tree->root->right = NULL;
}

static void spoil_by_a_circle(struct mm_tree *tree)
{
    mm_tree_first(tree)->left = tree->root;
}

static const struct {
    void (*spoil)(struct mm_tree *tree);
    const char *says;
} defects[] = {
    {spoil_height, "height"}, {spoil_leaf_height, "height"},          {spoil_parent, "parent"},
    {spoil_root, "the root"}, {spoil_balance, "more than one level"}, {spoil_by_a_circle, "height"},
};

START_TEST(check_finds_each_defect)
{
    static struct item items[N_ITEMS];
    setup(items);
    struct mm_tree tree = {0};
    for (unsigned i = 0; i < 15; i++)
        insert(&tree, &items[i]);
    ck_assert_ptr_null(mm_tree_check(&tree));
    if (defects[_i].spoil == spoil_balance) /* a balanced height, so that nothing else is wrong */
        tree.root->height = tree.root->left->height + 1;
    defects[_i].spoil(&tree);
    const char *sentence = mm_tree_check(&tree);
    ck_assert_ptr_nonnull(sentence);
    ck_assert_ptr_nonnull(strstr(sentence, defects[_i].says));
}
END_TEST

Suite *test_tree_suite(void);
Suite *test_tree_suite(void)
{
    Suite *suite = suite_create("tree");
    TCase *tests = tcase_create("tree");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, random_changes_agree_with_a_sorted_array, 0, 2);
    tcase_add_test(tests, ascending_inserts_do_not_make_a_list);
    tcase_add_test(tests, each_removal_from_each_small_tree_leaves_a_tree);
    tcase_add_test(tests, an_empty_tree_has_no_first_node);
    tcase_add_loop_test(tests, check_finds_each_defect, 0, sizeof defects / sizeof *defects);
    suite_add_tcase(suite, tests);
    return suite;
}
