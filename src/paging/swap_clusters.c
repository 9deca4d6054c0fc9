/* swap_clusters.c - taking slots in a row, and where to go on when a row ends. */
#include "paging/swap_clusters.h"

#include "base/assert.h"
#include "base/tree.h"

enum { SLOT_MASK = MM_CLUSTER_SLOTS - 1, WORD_BITS = 64 };

static uint32_t capacity(const struct mm_clusters *clusters, uint32_t number)
{
    uint32_t rest = clusters->n_slots - (number << MM_CLUSTER_SHIFT);
    return rest < MM_CLUSTER_SLOTS ? rest : MM_CLUSTER_SLOTS;
}

static uint32_t number_of(const struct mm_clusters *clusters, const struct mm_list *link)
{
    return (uint32_t)(MM_CONTAINER_OF(link, const struct mm_cluster, link) - clusters->all);
}

static void close_end(struct mm_cluster *last, uint32_t n_slots)
{
    for (uint32_t slot = n_slots; slot < MM_CLUSTER_SLOTS; slot++)
        last->used[slot / WORD_BITS] |= (uint64_t)1 << slot % WORD_BITS;
}

void mm_clusters_init(struct mm_clusters *clusters, struct mm_cluster *memory, uint32_t n_slots)
{
    uint32_t n_clusters = mm_clusters_count(n_slots);
    *clusters = (struct mm_clusters){.all = memory,
                                     .n_slots = n_slots,
                                     .n_clusters = n_clusters,
                                     .n_free = n_slots,
                                     .at_hand = n_clusters};
    mm_list_init(&clusters->free);
    mm_list_init(&clusters->partial);
    for (uint32_t i = 0; i < n_clusters; i++)
        mm_list_append(&clusters->free, &memory[i].link);
    if (n_clusters > 0)
        close_end(&memory[n_clusters - 1], capacity(clusters, n_clusters - 1));
}

/* ---- the cluster at hand ---- */

/* Its first free slot from the cursor on; MM_CLUSTER_SLOTS: none. */
static uint32_t find_free(const struct mm_cluster *cluster, uint32_t cursor)
{
    while (cursor < MM_CLUSTER_SLOTS) {
        uint64_t rest = ~cluster->used[cursor / WORD_BITS] >> cursor % WORD_BITS;
        if (rest)
            return cursor + (uint32_t)__builtin_ctzll(rest);
        cursor = (cursor | (WORD_BITS - 1)) + 1;
    }
    return MM_CLUSTER_SLOTS;
}

/* Puts a cluster that is not at hand on the list where it belongs. */
static void file(struct mm_clusters *clusters, uint32_t number)
{
    struct mm_cluster *cluster = &clusters->all[number];
    if (cluster->n_used == 0)
        mm_list_append(&clusters->free, &cluster->link);
    else if (cluster->n_used < capacity(clusters, number))
        mm_list_append(&clusters->partial, &cluster->link);
}

/* Goes on with another cluster. There is a free slot. */
static void change(struct mm_clusters *clusters)
{
    uint32_t left = clusters->at_hand;
    if (left < clusters->n_clusters)
        file(clusters, left);
    struct mm_list *list = mm_list_empty(&clusters->free) ? &clusters->partial : &clusters->free;
    MM_ASSERT(!mm_list_empty(list), "free slots in no cluster");
    struct mm_list *link = list->next;
    mm_list_remove(link);
    clusters->at_hand = number_of(clusters, link);
    clusters->cursor = 0;
}

uint32_t mm_clusters_take(struct mm_clusters *clusters)
{
    if (clusters->n_free == 0)
        return MM_NO_SLOT;
    uint32_t slot = MM_CLUSTER_SLOTS;
    if (clusters->at_hand < clusters->n_clusters)
        slot = find_free(&clusters->all[clusters->at_hand], clusters->cursor);
    if (slot == MM_CLUSTER_SLOTS) {
        change(clusters);
        slot = find_free(&clusters->all[clusters->at_hand], clusters->cursor);
    }
    struct mm_cluster *cluster = &clusters->all[clusters->at_hand];
    cluster->used[slot / WORD_BITS] |= (uint64_t)1 << slot % WORD_BITS;
    cluster->n_used++;
    clusters->n_free--;
    clusters->cursor = slot + 1;
    return (clusters->at_hand << MM_CLUSTER_SHIFT) + slot;
}

/* ---- giving back ---- */

void mm_clusters_give(struct mm_clusters *clusters, uint32_t slot)
{
    MM_ASSERT(slot < clusters->n_slots && mm_clusters_uses(clusters, slot),
              "a slot of swap is freed that is not in use");
    uint32_t number = slot >> MM_CLUSTER_SHIFT;
    struct mm_cluster *cluster = &clusters->all[number];
    slot &= SLOT_MASK;
    cluster->used[slot / WORD_BITS] &= ~((uint64_t)1 << slot % WORD_BITS);
    bool was_full = cluster->n_used-- == capacity(clusters, number);
    clusters->n_free++;
    if (number == clusters->at_hand || (cluster->n_used > 0 && !was_full))
        return;
    if (!was_full)
        mm_list_remove(&cluster->link);
    file(clusters, number);
}

/* ---- checking ---- */

static uint32_t count_used(const struct mm_cluster *cluster, uint32_t n_slots)
{
    uint32_t n = 0;
    for (uint32_t slot = 0; slot < n_slots; slot++)
        n += (uint32_t)(cluster->used[slot / WORD_BITS] >> slot % WORD_BITS) & 1;
    return n;
}

static const char *check_counts(const struct mm_clusters *clusters)
{
    uint32_t n_free = 0;
    for (uint32_t i = 0; i < clusters->n_clusters; i++) {
        const struct mm_cluster *cluster = &clusters->all[i];
        uint32_t n_slots = capacity(clusters, i);
        if (count_used(cluster, n_slots) != cluster->n_used)
            return "a cluster of swap counts its used slots wrong (swap_clusters invariant 1)";
        if (count_used(cluster, MM_CLUSTER_SLOTS) != cluster->n_used + MM_CLUSTER_SLOTS - n_slots)
            return "a slot of swap beyond the end of its area is free (swap_clusters invariant 3)";
        n_free += n_slots - cluster->n_used;
    }
    return n_free == clusters->n_free
               ? NULL
               : "free slots of swap are counted wrong (swap_clusters invariant 1)";
}

/* How many clusters are on a list; more than there are: it is broken, or holds one that is full, at
 * hand, or on the other list. */
static uint32_t count_listed(const struct mm_clusters *clusters, const struct mm_list *list)
{
    uint32_t n = 0;
    for (const struct mm_list *at = list->next; at != list; at = at->next) {
        uint32_t number = number_of(clusters, at);
        uint32_t n_used = clusters->all[number].n_used;
        bool belongs = list == &clusters->free ? n_used == 0
                                               : n_used > 0 && n_used < capacity(clusters, number);
        if (!belongs || number == clusters->at_hand || n == clusters->n_clusters)
            return clusters->n_clusters + 1;
        n++;
    }
    return n;
}

static const char *check_lists(const struct mm_clusters *clusters)
{
    uint32_t n_free = 0, n_partial = 0;
    for (uint32_t i = 0; i < clusters->n_clusters; i++) {
        if (i == clusters->at_hand)
            continue;
        uint32_t n_used = clusters->all[i].n_used;
        n_free += n_used == 0;
        n_partial += n_used > 0 && n_used < capacity(clusters, i);
    }
    if (count_listed(clusters, &clusters->free) != n_free)
        return "the list of free clusters is not that of all (swap_clusters invariant 2)";
    if (count_listed(clusters, &clusters->partial) != n_partial)
        return "the list of partial clusters is not that of all (swap_clusters invariant 2)";
    return NULL;
}

const char *mm_clusters_check(const struct mm_clusters *clusters)
{
    if (clusters->at_hand > clusters->n_clusters || clusters->cursor > MM_CLUSTER_SLOTS)
        return "the cluster of swap at hand is none of the area's (swap_clusters.h)";
    const char *broken = check_counts(clusters);
    return broken ? broken : check_lists(clusters);
}
