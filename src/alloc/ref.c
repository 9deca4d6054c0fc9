/* ref.c - counts that saturate, and the account of their holders; see ref.h. */
#include "alloc/ref.h"

#include <string.h>

#include "alloc/report.h"

/* ---- the account: a sorted array, as holders of a count are few ---- */

/* By the text of the site; counts by where they are, which only groups them. */
static int compare(const struct mm_ref_row *row, const struct mm_ref *ref, const char *site)
{
    if (row->ref != ref)
        return row->ref < ref ? -1 : 1;
    if (!row->site || !site)
        return (row->site != NULL) - (site != NULL);
    return row->site == site ? 0 : strcmp(row->site, site);
}

/* The first row that does not come before. */
static size_t place_of(const struct mm_ref_account *account, const struct mm_ref *ref,
                       const char *site)
{
    size_t low = 0, high = account->n_rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&account->rows[middle], ref, site) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool make_room(struct mm_ref_account *account)
{
    if (account->n_rows < account->capacity)
        return true;
    size_t capacity = account->capacity ? 2 * account->capacity : 16;
    size_t item = sizeof *account->rows;
    struct mm_ref_row *grown =
        mm_host_resize(account->host, account->rows, account->capacity * item, capacity * item);
    if (!grown)
        return false;
    account->rows = grown;
    account->capacity = capacity;
    return true;
}

static void remove_rows(struct mm_ref_account *account, size_t at, size_t n)
{
    memmove(account->rows + at, account->rows + at + n,
            (account->n_rows - at - n) * sizeof *account->rows);
    account->n_rows -= n;
}

static void enter(struct mm_ref_account *account, const struct mm_ref *ref, const char *site,
                  int change)
{
    if (!account)
        return;
    size_t at = place_of(account, ref, site);
    if (at < account->n_rows && compare(&account->rows[at], ref, site) == 0) {
        account->rows[at].balance += change;
        if (account->rows[at].balance == 0)
            remove_rows(account, at, 1);
        return;
    }
    if (!make_room(account)) {
        account->n_missed++;
        return;
    }
    memmove(account->rows + at + 1, account->rows + at,
            (account->n_rows - at) * sizeof *account->rows);
    account->rows[at] = (struct mm_ref_row){ref, site, change};
    account->n_rows++;
}

void mm_ref_account_init(struct mm_ref_account *account, struct mm_host *host)
{
    *account = (struct mm_ref_account){.host = host};
}

void mm_ref_account_fini(struct mm_ref_account *account)
{
    mm_host_free(account->host, account->rows, account->capacity * sizeof *account->rows);
    *account = (struct mm_ref_account){0};
}

size_t mm_ref_account_close(struct mm_ref_account *account, const struct mm_ref *ref)
{
    size_t first = place_of(account, ref, NULL), end = first;
    while (end < account->n_rows && account->rows[end].ref == ref)
        end++;
    remove_rows(account, first, end - first);
    return end - first;
}

/* ---- counts ---- */

static void saturate(struct mm_heap *heap, struct mm_ref *ref, enum mmsim_heap_mistake mistake)
{
    struct mmsim_heap_report report = {.mistake = mistake};
    uint64_t offset = mm_heap_offset(heap, ref);
    report.n_found = sizeof ref->count;
    memcpy(report.found, &ref->count, sizeof ref->count);
    ref->count = MM_REF_SATURATED;
    if (offset < heap->low_bytes) {
        report.address = offset;
        if (mm_report_describe(heap, offset, &report))
            report.address = report.object + (uint64_t)report.offset;
    }
    mm_report(heap, &report);
}

void mm_ref_get(struct mm_heap *heap, struct mm_ref *ref, struct mm_ref_account *account)
{
    enter(account, ref, heap->site, 1);
    if (ref->count - 1 < MM_REF_MAX - 1)
        ref->count++;
    else if (!mm_ref_is_saturated(ref))
        saturate(heap, ref, MMSIM_HEAP_REF_SATURATED);
}

bool mm_ref_try_get(struct mm_heap *heap, struct mm_ref *ref, struct mm_ref_account *account)
{
    if (ref->count == 0)
        return false;
    mm_ref_get(heap, ref, account);
    return true;
}

bool mm_ref_put(struct mm_heap *heap, struct mm_ref *ref, struct mm_ref_account *account)
{
    enter(account, ref, heap->site, -1);
    if (mm_ref_is_saturated(ref))
        return false;
    if (ref->count == 0) {
        saturate(heap, ref, MMSIM_HEAP_REF_UNDERFLOW);
        return false;
    }
    return --ref->count == 0;
}
