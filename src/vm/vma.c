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

static mmsim_vaddr exec_end_of(struct mm_tree_node *node)
{
    return node ? vma_of(node)->exec_end : 0;
}

/* The right subtree is above the VMA, which is above the left one. */
static mmsim_vaddr summarise_exec(const struct mm_vma *vma)
{
    if (exec_end_of(vma->node.right))
        return exec_end_of(vma->node.right);
    return vma->prot & MMSIM_PROT_EXEC ? vma->end : exec_end_of(vma->node.left);
}

static void augment(struct mm_tree_node *node)
{
    vma_of(node)->max_gap = summarise_gaps(vma_of(node));
    vma_of(node)->exec_end = summarise_exec(vma_of(node));
}

void mm_vmas_init(struct mm_vmas *vmas, struct mm_cache *cache, struct mm_aspace *aspace)
{
    *vmas = (struct mm_vmas){.tree = {.augment = augment}, .cache = cache, .aspace = aspace};
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
    mmsim_vaddr kept = vma->flags & MMSIM_VMA_GROWSDOWN ? MM_VMA_STACK_GAP : 0;
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

static uint64_t accounted_pages(const struct mm_vma *vma)
{
    return vma->flags & MMSIM_VMA_ACCOUNTED ? mm_vma_pages(vma) : 0;
}

/* A copy of `like` that is in no tree yet, on its object's list. NULL: no memory. */
static struct mm_vma *make(struct mm_vmas *vmas, const struct mm_vma *like)
{
    struct mm_vma *vma = mm_cache_zalloc(vmas->cache);
    if (!vma)
        return NULL;
    *vma = *like;
    vma->node = (struct mm_tree_node){0};
    vma->aspace = vmas->aspace;
    if (vma->object) {
        mm_object_get(vma->object);
        mm_list_append(&vma->object->mappings, &vma->object_link);
        vma->object->n_mappings++;
    }
    vmas->n_accounted += accounted_pages(vma);
    return vma;
}

struct mm_vma *mm_vma_insert(struct mm_vmas *vmas, const struct mm_vma *like)
{
    struct mm_vma *vma = make(vmas, like);
    if (vma)
        link_in_order(vmas, vma);
    return vma;
}

static void let_go_of_object(struct mm_vma *vma)
{
    if (!vma->object)
        return;
    mm_list_remove(&vma->object_link);
    vma->object->n_mappings--;
    mm_object_put(vma->object);
}

void mm_vma_remove(struct mm_vmas *vmas, struct mm_vma *vma)
{
    struct mm_vma *above = mm_vma_next(vma);
    mm_tree_remove(&vmas->tree, &vma->node);
    vmas->n_vmas--;
    vmas->n_accounted -= accounted_pages(vma);
    let_go_of_object(vma);
    mm_cache_free(vmas->cache, vma);
    refresh_gap(vmas, above);
}

void mm_vma_resize(struct mm_vmas *vmas, struct mm_vma *vma, mmsim_vaddr start, mmsim_vaddr end)
{
    vmas->n_accounted -= accounted_pages(vma);
    if (start >= vma->start)
        vma->offset += (start - vma->start) >> MMSIM_PAGE_SHIFT;
    else
        vma->offset -= (vma->start - start) >> MMSIM_PAGE_SHIFT;
    vma->start = start;
    vma->end = end;
    vmas->n_accounted += accounted_pages(vma);
    refresh_gap(vmas, vma);
    refresh_gap(vmas, mm_vma_next(vma));
}

struct mm_vma *mm_vma_split(struct mm_vmas *vmas, struct mm_vma *vma, mmsim_vaddr at)
{
    struct mm_vma like = *vma;
    like.start = at;
    like.offset = mm_vma_index(vma, at);
    struct mm_vma *upper = make(vmas, &like);
    if (!upper)
        return NULL;
    vmas->n_accounted -= accounted_pages(upper); /* the lower part still counts it */
    vma->end = at;
    mm_tree_touch(&vmas->tree, &vma->node);
    link_in_order(vmas, upper);
    return upper;
}

void mm_vma_set_prot(struct mm_vmas *vmas, struct mm_vma *vma, unsigned prot)
{
    vma->prot = prot;
    mm_tree_touch(&vmas->tree, &vma->node);
}

void mm_vma_set_flags(struct mm_vmas *vmas, struct mm_vma *vma, unsigned flags)
{
    vmas->n_accounted -= accounted_pages(vma);
    vma->flags = flags;
    vmas->n_accounted += accounted_pages(vma);
}

/* ---- alike ---- */

/* One mark, or one VMA without a mark and the other with one of its own making. */
static bool marks_go_together(const struct mm_vma *a, const struct mm_vma *b)
{
    if (a->anon == b->anon)
        return true;
    return (a->anon == 0 && !b->forked) || (b->anon == 0 && !a->forked);
}

static bool continues(const struct mm_vma *lower, const struct mm_vma *upper)
{
    return lower->end == upper->start && lower->object == upper->object &&
           mm_vma_index(lower, lower->end) == upper->offset && lower->key == upper->key;
}

static bool can_merge(const struct mm_vma *lower, const struct mm_vma *upper)
{
    return lower && upper && continues(lower, upper) && lower->prot == upper->prot &&
           lower->flags == upper->flags && !(lower->flags & MMSIM_VMA_DEVICE) &&
           marks_go_together(lower, upper);
}

static struct mm_vma *join(struct mm_vmas *vmas, struct mm_vma *lower, struct mm_vma *upper)
{
    mmsim_vaddr end = upper->end;
    if (lower->anon == 0) {
        lower->anon = upper->anon;
        lower->forked = upper->forked;
    }
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

/* The neighbour's mark may be shared: but for rights, the two could be one. */
static bool may_share_mark(const struct mm_vma *lower, const struct mm_vma *upper,
                           const struct mm_vma *donor)
{
    return lower && upper && donor->anon != 0 && !donor->forked && continues(lower, upper) &&
           lower->flags == upper->flags;
}

void mm_vma_mark_anon(struct mm_vma *vma, uint32_t *next)
{
    if (vma->anon != 0)
        return;
    const struct mm_vma *above = mm_vma_next(vma);
    const struct mm_vma *below = mm_vma_prev(vma);
    if (above && may_share_mark(vma, above, above))
        vma->anon = above->anon;
    else if (below && may_share_mark(below, vma, below))
        vma->anon = below->anon;
    else
        vma->anon = ++*next;
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
    if (vma->object && mm_list_empty(&vma->object_link))
        return "a VMA is not on its object's list (vma invariant 2)";
    if (vma->gap != gap_below(vma) || vma->max_gap != summarise_gaps(vma) ||
        vma->exec_end != summarise_exec(vma))
        return "a VMA's gap is not what the tree says (vma invariant 3)";
    return NULL;
}

const char *mm_vma_check(const struct mm_vmas *vmas)
{
    const char *broken = mm_tree_check(&vmas->tree);
    uint32_t n = 0;
    uint64_t n_accounted = 0;
    for (struct mm_vma *vma = mm_vma_first(vmas); vma && !broken; vma = mm_vma_next(vma), n++) {
        broken = check_one(vma);
        n_accounted += accounted_pages(vma);
    }
    if (!broken && n_accounted != vmas->n_accounted)
        broken = "an address space counts its promised pages wrongly (vma invariant 6)";
    if (!broken && n != vmas->n_vmas)
        broken = "an address space counts its VMAs wrongly (vma invariant 5)";
    return broken;
}
