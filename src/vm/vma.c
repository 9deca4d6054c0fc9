/* vma.c - finding, cutting and joining VMAs. */
#include "vm/vma.h"

static struct mm_vma *vma_of(struct mm_tree_node *node)
{
    return node ? MM_CONTAINER_OF(node, struct mm_vma, node) : NULL;
}

static uint64_t max_gap_of(struct mm_tree_node *node)
{
    return node ? vma_of(node)->max_gap : 0;
}

static uint64_t summarise_gaps(const struct mm_vma *vma)
{
    uint64_t left = max_gap_of(vma->node.left);
    uint64_t right = max_gap_of(vma->node.right);
    uint64_t below = left > right ? left : right;
    return vma->gap > below ? vma->gap : below;
}

static void augment(struct mm_tree_node *node)
{
    vma_of(node)->max_gap = summarise_gaps(vma_of(node));
}

void mm_vmas_init(struct mm_vmas *vmas, struct mm_cache *cache)
{
    *vmas = (struct mm_vmas){.tree = {.augment = augment}, .cache = cache};
}

struct mm_vma *mm_vma_first(const struct mm_vmas *vmas)
{
    return vma_of(mm_tree_first(&vmas->tree));
}

struct mm_vma *mm_vma_next(const struct mm_vma *vma)
{
    return vma_of(mm_tree_next(&vma->node));
}

struct mm_vma *mm_vma_prev(const struct mm_vma *vma)
{
    return vma_of(mm_tree_prev(&vma->node));
}

struct mm_vma *mm_vma_find(const struct mm_vmas *vmas, mmsim_vaddr address)
{
    struct mm_vma *found = NULL;
    struct mm_tree_node *node = vmas->tree.root;
    while (node) {
        struct mm_vma *vma = vma_of(node);
        if (vma->end > address) {
            found = vma;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return found;
}

struct mm_vma *mm_vma_at(const struct mm_vmas *vmas, mmsim_vaddr address)
{
    struct mm_vma *vma = mm_vma_find(vmas, address);
    return vma && vma->start <= address ? vma : NULL;
}

bool mm_vma_is_free(const struct mm_vmas *vmas, mmsim_vaddr start, mmsim_vaddr end)
{
    struct mm_vma *vma = mm_vma_find(vmas, start);
    return !vma || vma->start >= end;
}

/* ---- gaps ---- */

/* Where the room below a VMA ends: a stack keeps its guard gap. */
static mmsim_vaddr room_end(const struct mm_vma *vma)
{
    mmsim_vaddr kept = vma->flags & MMSIM_MAP_GROWSDOWN ? MM_VMA_STACK_GAP : 0;
    return vma->start > MM_LAYOUT_USER_START + kept ? vma->start - kept : MM_LAYOUT_USER_START;
}

bool mm_vma_has_room(const struct mm_vmas *vmas, mmsim_vaddr start, mmsim_vaddr end)
{
    const struct mm_vma *vma = mm_vma_find(vmas, start);
    return !vma || (vma->start >= end && room_end(vma) >= end);
}

static mmsim_vaddr room_start(const struct mm_vma *vma)
{
    struct mm_vma *below = mm_vma_prev(vma);
    return below ? below->end : MM_LAYOUT_USER_START;
}

static uint64_t gap_below(const struct mm_vma *vma)
{
    mmsim_vaddr start = room_start(vma);
    mmsim_vaddr end = room_end(vma);
    return end > start ? end - start : 0;
}

static void refresh_gap(struct mm_vmas *vmas, struct mm_vma *vma)
{
    if (!vma)
        return;
    vma->gap = gap_below(vma);
    mm_tree_touch(&vmas->tree, &vma->node);
}

static bool fits_below(const struct mm_vma *vma, mmsim_vaddr floor, uint64_t length,
                       mmsim_vaddr *address)
{
    mmsim_vaddr start = room_start(vma) > floor ? room_start(vma) : floor;
    mmsim_vaddr end = room_end(vma);
    if (end < start || end - start < length)
        return false;
    *address = start;
    return true;
}

/* In order, but never into a subtree without a gap that is large enough, nor below the floor. */
static bool search_gap(struct mm_tree_node *node, mmsim_vaddr floor, uint64_t length,
                       mmsim_vaddr *address)
{
    if (max_gap_of(node) < length || !node)
        return false;
    struct mm_vma *vma = vma_of(node);
    if (vma->start > floor &&
        (search_gap(node->left, floor, length, address) || fits_below(vma, floor, length, address)))
        return true;
    return search_gap(node->right, floor, length, address);
}

static struct mm_vma *last_of(const struct mm_vmas *vmas)
{
    struct mm_tree_node *node = vmas->tree.root;
    while (node && node->right)
        node = node->right;
    return vma_of(node);
}

bool mm_vma_find_gap(const struct mm_vmas *vmas, mmsim_vaddr floor, uint64_t length,
                     mmsim_vaddr *address)
{
    if (search_gap(vmas->tree.root, floor, length, address))
        return true;
    const struct mm_vma *last = last_of(vmas);
    mmsim_vaddr start = last && last->end > floor ? last->end : floor;
    if (start > MM_LAYOUT_USER_END || MM_LAYOUT_USER_END - start < length)
        return false;
    *address = start;
    return true;
}

/* ---- changes ---- */

static void link_in_order(struct mm_vmas *vmas, struct mm_vma *vma)
{
    struct mm_tree_node *parent = NULL;
    struct mm_tree_node **link = &vmas->tree.root;
    while (*link) {
        parent = *link;
        link = vma->start < vma_of(parent)->start ? &parent->left : &parent->right;
    }
    mm_tree_insert(&vmas->tree, &vma->node, parent, link);
    vmas->n_vmas++;
    refresh_gap(vmas, vma);
    refresh_gap(vmas, mm_vma_next(vma));
}

struct mm_vma *mm_vma_insert(struct mm_vmas *vmas, mmsim_vaddr start, mmsim_vaddr end,
                             unsigned prot, unsigned flags)
{
    struct mm_vma *vma = mm_cache_zalloc(vmas->cache);
    if (!vma)
        return NULL;
    *vma = (struct mm_vma){.start = start, .end = end, .prot = prot, .flags = flags};
    link_in_order(vmas, vma);
    return vma;
}

void mm_vma_remove(struct mm_vmas *vmas, struct mm_vma *vma)
{
    struct mm_vma *above = mm_vma_next(vma);
    mm_tree_remove(&vmas->tree, &vma->node);
    vmas->n_vmas--;
    mm_cache_free(vmas->cache, vma);
    refresh_gap(vmas, above);
}

void mm_vma_resize(struct mm_vmas *vmas, struct mm_vma *vma, mmsim_vaddr start, mmsim_vaddr end)
{
    vma->start = start;
    vma->end = end;
    refresh_gap(vmas, vma);
    refresh_gap(vmas, mm_vma_next(vma));
}

struct mm_vma *mm_vma_split(struct mm_vmas *vmas, struct mm_vma *vma, mmsim_vaddr at)
{
    struct mm_vma *upper = mm_cache_zalloc(vmas->cache);
    if (!upper)
        return NULL;
    *upper = (struct mm_vma){.start = at, .end = vma->end, .prot = vma->prot, .flags = vma->flags};
    vma->end = at;
    link_in_order(vmas, upper);
    return upper;
}

static bool can_merge(const struct mm_vma *lower, const struct mm_vma *upper)
{
    return lower && upper && lower->end == upper->start && lower->prot == upper->prot &&
           lower->flags == upper->flags;
}

static struct mm_vma *join(struct mm_vmas *vmas, struct mm_vma *lower, struct mm_vma *upper)
{
    mmsim_vaddr end = upper->end;
    mm_vma_remove(vmas, upper);
    mm_vma_resize(vmas, lower, lower->start, end);
    return lower;
}

struct mm_vma *mm_vma_merge(struct mm_vmas *vmas, struct mm_vma *vma)
{
    struct mm_vma *below = mm_vma_prev(vma);
    if (can_merge(below, vma))
        vma = join(vmas, below, vma);
    struct mm_vma *above = mm_vma_next(vma);
    return can_merge(vma, above) ? join(vmas, vma, above) : vma;
}

/* ---- invariants ---- */

static const char *check_one(const struct mm_vma *vma)
{
    const struct mm_vma *above = mm_vma_next(vma);
    if (vma->start >= vma->end || ((vma->start | vma->end) & MMSIM_PAGE_MASK))
        return "a VMA is empty or not page-aligned (vma invariant 1)";
    if (vma->start < MM_LAYOUT_USER_START || vma->end > MM_LAYOUT_USER_END)
        return "a VMA reaches out of the user region (vma invariant 1)";
    if (above && above->start < vma->end)
        return "two VMAs overlap (vma invariant 1)";
    if (can_merge(vma, above))
        return "two neighbouring VMAs could be one (vma invariant 2)";
    if (vma->gap != gap_below(vma) || vma->max_gap != summarise_gaps(vma))
        return "a VMA's gap is not what the tree says (vma invariant 3)";
    return NULL;
}

const char *mm_vma_check(const struct mm_vmas *vmas)
{
    const char *broken = mm_tree_check(&vmas->tree);
    uint32_t n = 0;
    for (struct mm_vma *vma = mm_vma_first(vmas); vma && !broken; vma = mm_vma_next(vma), n++)
        broken = check_one(vma);
    if (!broken && n != vmas->n_vmas)
        broken = "an address space counts its VMAs wrongly (vma invariant 5)";
    return broken;
}
