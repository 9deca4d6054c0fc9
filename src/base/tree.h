/*
 * tree.h - a balanced search tree whose nodes live inside the caller's objects.
 *
 * An AVL tree (Adelson-Velsky & Landis 1962): the heights of a node's two subtrees differ by at
 * most one, so a tree of n nodes is at most 1.44 log2 n high. The tree allocates nothing; the
 * caller finds the place of a new node and links it there, in the manner of Linux's rbtree.
 *
 * `augment`, if set, is called for each node whose subtree changed, children before parents, so
 * that a caller can keep a summary of each subtree in its node (the largest gap, say).
 *
 * Invariants: (1) in-order traversal visits nodes in the caller's order; (2) |balance| <= 1;
 * (3) each child's parent link names its parent.
 */
#ifndef MM_BASE_TREE_H
#define MM_BASE_TREE_H

#include <stddef.h>

struct mm_tree_node {
    struct mm_tree_node *parent, *left, *right;
    int height; /* 1 for a leaf */
};

struct mm_tree {
    struct mm_tree_node *root;
    void (*augment)(struct mm_tree_node *node);
};

/* The object of type `type` that embeds `node` as its member `member`. */
#define MM_CONTAINER_OF(node, type, member)                                                        \
    ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Links `node` as the child of `parent` at *link (a child pointer of parent, or &tree->root). */
void mm_tree_insert(struct mm_tree *tree, struct mm_tree_node *node, struct mm_tree_node *parent,
                    struct mm_tree_node **link);
void mm_tree_remove(struct mm_tree *tree, struct mm_tree_node *node);

/* The caller changed what `augment` summarises of this node. */
void mm_tree_touch(struct mm_tree *tree, struct mm_tree_node *node);

struct mm_tree_node *mm_tree_first(const struct mm_tree *tree);
struct mm_tree_node *mm_tree_next(const struct mm_tree_node *node);
struct mm_tree_node *mm_tree_prev(const struct mm_tree_node *node);

/* NULL, or a sentence: which invariant is broken. */
const char *mm_tree_check(const struct mm_tree *tree);

#endif
