/*
 * ref.h - reference counts that saturate instead of overflowing, and an account of who holds what.
 *
 *   0 = nobody   1 .. MM_REF_MAX = that many   MM_REF_SATURATED = not to be trusted any more
 *
 * A count that would go past its maximum, or below nobody, or come back from nobody, is saturated
 * and stays so: its object is never freed. A leak is a mistake; memory that is freed while somebody
 * uses it is a disaster (Linux's refcount_t, include/linux/refcount.h, decides so too). The mistake
 * is reported through the heap.
 *
 * An account, which is optional, keeps the references that each site has taken and given back on
 * each count: get and put must balance for each of them, so that of many holders one knows which
 * one forgot (Linux: lib/ref_tracker.c).
 *
 * Invariants: (1) a saturated count never changes; (2) a row of an account exists exactly where
 * gets and puts differ; (3) rows ascend by count, then site, none twice.
 */
#ifndef MM_ALLOC_REF_H
#define MM_ALLOC_REF_H

#include "alloc/heap.h"
#include "base/host.h"

#define MM_REF_MAX UINT32_C(0x7fffffff)
#define MM_REF_SATURATED UINT32_C(0xc0000000)

struct mm_ref {
    uint32_t count;
};

/* What a site holds of a count: more gets than puts, or (a mistake) fewer. */
struct mm_ref_row {
    const struct mm_ref *ref;
    const char *site; /* NULL: unknown */
    int64_t balance;
};

struct mm_ref_account {
    struct mm_host *host;
    struct mm_ref_row *rows;
    size_t n_rows, capacity;
    uint64_t n_missed; /* gets and puts that no host memory was there for */
};

static inline bool mm_ref_is_saturated(const struct mm_ref *ref)
{
    return ref->count > MM_REF_MAX;
}

/* One more reference, of somebody who has one or was given one. The site is heap->site. */
void mm_ref_get(struct mm_heap *heap, struct mm_ref *ref, struct mm_ref_account *account);

/* The same for who has none: false if nobody has, and nothing changed. */
bool mm_ref_try_get(struct mm_heap *heap, struct mm_ref *ref, struct mm_ref_account *account);

/* One fewer. True: it was the last one, the object may be freed. */
bool mm_ref_put(struct mm_heap *heap, struct mm_ref *ref, struct mm_ref_account *account);

/* account NULL above: none is kept. Rows of the account are what is out of balance now. */
void mm_ref_account_init(struct mm_ref_account *account, struct mm_host *host);
void mm_ref_account_fini(struct mm_ref_account *account);

/* The object of this count is gone: its rows go with it. Returns how many there were: each one a
 * site that took more than it gave back, or the reverse. */
size_t mm_ref_account_close(struct mm_ref_account *account, const struct mm_ref *ref);

#endif
