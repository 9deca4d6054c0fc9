/*
 * tree.c - AVL trees: link, unlink, rotate on the way up, visit in order.
 *
 * After a change the path to the root is climbed once. Each node on it gets its height and its
 * summary anew and, where one side has grown two levels taller than the other, is rotated:
 *
 *          x                 y
 *         / \    rotate     / \
 *        a   y   ------>   x   c      (and its mirror image)
 *           / \           / \
 *          b   c         a   b
 *
 * The climb does not stop at the first height that has not changed, since summaries may have.
 */
#include "base/tree.h"

#include "base/assert.h"

static int height_of(const struct mm_tree_node *node)
{
    return node ? node->height : 0;
}

static int balance_of(const struct mm_tree_node *node)
{
    return height_of(node->right) - height_of(node->left);
}

static void update(const struct mm_tree *tree, struct mm_tree_node *node)
{
    int left = height_of(node->left), right = height_of(node->right);
    node->height = 1 + (left > right ? left : right);
    if (tree->augment)
        tree->augment(node);
}

/* Puts `node` (or nothing) where `old` hangs. The links of `old` stay as they are. */
static void replace(struct mm_tree *tree, const struct mm_tree_node *old, struct mm_tree_node *node)
{
    struct mm_tree_node *parent = old->parent;
    if (!parent)
        tree->root = node;
    else if (parent->left == old)
        parent->left = node;
    else
        parent->right = node;
    if (node)
        node->parent = parent;
}

/* Lifts the right child over x; returns it. */
static struct mm_tree_node *rotate_left(struct mm_tree *tree, struct mm_tree_node *x)
{
    struct mm_tree_node *y = x->right;
    replace(tree, x, y);
    x->right = y->left;
    if (x->right)
        x->right->parent = x;
    y->left = x;
    x->parent = y;
    update(tree, x);
    update(tree, y);
    return y;
}

/* Lifts the left child over x; returns it. */
static struct mm_tree_node *rotate_right(struct mm_tree *tree, struct mm_tree_node *x)
{
    struct mm_tree_node *y = x->left;
    replace(tree, x, y);
    x->left = y->right;
    if (x->left)
        x->left->parent = x;
    y->right = x;
    x->parent = y;
    update(tree, x);
    update(tree, y);
    return y;
}

/* Restores invariant (2) at a node whose subtrees obey it; returns the subtree's root. */
static struct mm_tree_node *rebalance(struct mm_tree *tree, struct mm_tree_node *node)
{
    int balance = balance_of(node);
    if (balance > 1) {
        if (balance_of(node->right) < 0)
            rotate_right(tree, node->right);
        return rotate_left(tree, node);
    }
    if (balance < -1) {
        if (balance_of(node->left) > 0)
            rotate_left(tree, node->left);
        return rotate_right(tree, node);
    }
    return node;
}

static void climb(struct mm_tree *tree, struct mm_tree_node *node)
{
    while (node) {
        update(tree, node);
        node = rebalance(tree, node)->parent;
    }
}

void mm_tree_insert(struct mm_tree *tree, struct mm_tree_node *node, struct mm_tree_node *parent,
                    struct mm_tree_node **link)
{
    MM_ASSERT(!*link, "a tree node is inserted where another one hangs");
    *node = (struct mm_tree_node){.parent = parent};
    *link = node;
    climb(tree, node);
}

static struct mm_tree_node *leftmost(struct mm_tree_node *node)
{
    while (node && node->left)
        node = node->left;
    return node;
}

static struct mm_tree_node *rightmost(struct mm_tree_node *node)
{
    while (node && node->right)
        node = node->right;
    return node;
}

/* Puts the next node in order, which has no left child, in the place of a node with two children.
 * Returns the lowest node whose subtree changed. */
static struct mm_tree_node *replace_by_successor(struct mm_tree *tree, struct mm_tree_node *node)
{
    struct mm_tree_node *successor = leftmost(node->right);
    struct mm_tree_node *lowest = successor;
    if (successor != node->right) {
        lowest = successor->parent;
        replace(tree, successor, successor->right);
        successor->right = node->right;
        successor->right->parent = successor;
    }
    replace(tree, node, successor);
    successor->left = node->left;
    successor->left->parent = successor;
    return lowest;
}

void mm_tree_remove(struct mm_tree *tree, struct mm_tree_node *node)
{
    struct mm_tree_node *lowest = node->parent;
    if (node->left && node->right)
        lowest = replace_by_successor(tree, node);
    else
        replace(tree, node, node->left ? node->left : node->right);
    climb(tree, lowest);
    *node = (struct mm_tree_node){0};
}

void mm_tree_touch(struct mm_tree *tree, struct mm_tree_node *node)
{
    if (tree->augment)
        for (; node; node = node->parent)
            tree->augment(node);
}

struct mm_tree_node *mm_tree_first(const struct mm_tree *tree)
{
    return leftmost(tree->root);
}

struct mm_tree_node *mm_tree_next(const struct mm_tree_node *node)
{
    if (node->right)
        return leftmost(node->right);
    while (node->parent && node == node->parent->right)
        node = node->parent;
    return node->parent;
}

struct mm_tree_node *mm_tree_prev(const struct mm_tree_node *node)
{
    if (node->left)
        return rightmost(node->left);
    while (node->parent && node == node->parent->left)
        node = node->parent;
    return node->parent;
}

/* Ends even if the links form a circle: heights fall from node to child, or it returns. */
static const char *check_subtree(const struct mm_tree_node *node)
{
    const struct mm_tree_node *children[] = {node->left, node->right};
    int left = height_of(node->left), right = height_of(node->right);
    if (left < 0 || right < 0 || node->height != 1 + (left > right ? left : right))
        return "a tree node's height is not one more than its taller child's";
    if (left - right > 1 || right - left > 1)
        return "a tree node's subtrees differ by more than one level";
    for (unsigned i = 0; i < 2; i++) {
        if (!children[i])
            continue;
        if (children[i]->parent != node)
            return "a tree node's child names another parent";
        const char *broken = check_subtree(children[i]);
        if (broken)
            return broken;
    }
    return NULL;
}

const char *mm_tree_check(const struct mm_tree *tree)
{
    if (!tree->root)
        return NULL;
    if (tree->root->parent)
        return "the root of a tree has a parent";
    return check_subtree(tree->root);
}
