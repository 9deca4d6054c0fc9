/* mmap.c - decode the request, reserve what it takes, then perform. */
#include "vm/mmap.h"

#include "vm/exec.h"
#include "vm/huge.h"
#include "vm/populate.h"

enum {
    PROT_ALL = MMSIM_PROT_READ | MMSIM_PROT_WRITE | MMSIM_PROT_EXEC,
    FLAGS_FIXED = MMSIM_MAP_FIXED | MMSIM_MAP_FIXED_NOREPLACE,
    /* Flags that MMSIM_MAP_SHARED_VALIDATE lets pass (Linux: LEGACY_MAP_MASK): these, which are
     * DENYWRITE, EXECUTABLE, 32BIT, ABOVE4G and the sizes of large pages, and those that mean
     * something here. */
    FLAGS_WITHOUT_EFFECT = 0x800 | 0x1000 | 0x40 | 0x80 | 0x7c000000,
    FLAGS_LEGACY = FLAGS_WITHOUT_EFFECT | MMSIM_MAP_SHARED | MMSIM_MAP_PRIVATE | MMSIM_MAP_FIXED |
                   MMSIM_MAP_ANONYMOUS | MMSIM_MAP_GROWSDOWN | MMSIM_MAP_LOCKED |
                   MMSIM_MAP_NORESERVE | MMSIM_MAP_POPULATE | MMSIM_MAP_NONBLOCK | MMSIM_MAP_STACK |
                   MMSIM_MAP_HUGETLB | MMSIM_MAP_OWN_PAGES,
    MAY_ALL = MMSIM_VMA_MAY_READ | MMSIM_VMA_MAY_WRITE | MMSIM_VMA_MAY_EXEC
};

/* ---- cutting mappings ---- */

bool mm_mmap_reserve_vmas(struct mm_aspace *aspace, uint32_t n_more)
{
    if (aspace->vmas.n_vmas + n_more > MM_VMA_MAX)
        return false;
    if (mm_cache_reserve(aspace->vmas.cache, n_more))
        return true;
    mm_cache_shrink(aspace->vmas.cache);
    return false;
}

uint32_t mm_mmap_cut_adds(const struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    const struct mm_vma *vma = mm_vma_find(&aspace->vmas, start);
    return vma && vma->start < start && vma->end > end;
}

static enum mmsim_errno check_cut_of(const struct mm_aspace *aspace, const struct mm_vma *vma,
                                     mmsim_vaddr start, mmsim_vaddr end)
{
    if (vma->flags & MMSIM_VMA_SEALED)
        return MMSIM_EPERM;
    if (!(vma->flags & MMSIM_VMA_HUGETLB))
        return MMSIM_SUCCESS;
    uint64_t mask = mm_huge_bytes(aspace->vm) - 1;
    bool cuts = (vma->start < start && (start & mask)) || (vma->end > end && (end & mask));
    return cuts ? MMSIM_EINVAL : MMSIM_SUCCESS;
}

enum mmsim_errno mm_mmap_check_cut(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    const struct mm_vma *vma = mm_vma_find(&aspace->vmas, start);
    for (; vma && vma->start < end; vma = mm_vma_next(vma)) {
        enum mmsim_errno error = check_cut_of(aspace, vma, start, end);
        if (error)
            return error;
    }
    return mm_huge_split_range(aspace, start, end) ? MMSIM_SUCCESS : MMSIM_ENOMEM;
}

void mm_mmap_remove_vma(struct mm_aspace *aspace, struct mm_vma *vma)
{
    mm_huge_unreserve(aspace->vm, vma, vma->start, vma->end);
    mm_vma_remove(&aspace->vmas, vma);
}

void mm_mmap_cut_out(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    struct mm_vmas *vmas = &aspace->vmas;
    mm_aspace_zap(aspace, start, end, MM_ZAP_ALL);
    struct mm_vma *vma = mm_vma_find(vmas, start);
    if (vma && vma->start < start && vma->end > end)
        mm_vma_split(vmas, vma, end);
    bool changed = false;
    while (vma && vma->start < end) {
        struct mm_vma *above = mm_vma_next(vma);
        if (vma->start < start) {
            mm_huge_unreserve(aspace->vm, vma, start, vma->end);
            mm_vma_resize(vmas, vma, vma->start, start);
        } else if (vma->end > end) {
            mm_huge_unreserve(aspace->vm, vma, vma->start, end);
            mm_vma_resize(vmas, vma, end, vma->end);
        } else {
            mm_mmap_remove_vma(aspace, vma);
        }
        mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
        vma = above;
        changed = true;
    }
    if (changed)
        mm_exec_changed(aspace);
}

struct mm_vma *mm_mmap_isolate(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr start,
                               mmsim_vaddr end)
{
    uint32_t n_more = (uint32_t)(vma->start < start) + (uint32_t)(vma->end > end);
    if (n_more == 0)
        return vma;
    if (!mm_huge_split_range(aspace, start, end) || !mm_mmap_reserve_vmas(aspace, n_more))
        return NULL;
    if (vma->start < start)
        vma = mm_vma_split(&aspace->vmas, vma, start);
    if (vma->end > end)
        mm_vma_split(&aspace->vmas, vma, end);
    return vma;
}

/* ---- mmap: where ---- */

enum mmsim_errno mm_mmap_choose_place(const struct mm_aspace *aspace, mmsim_vaddr hint,
                                      uint64_t length, mmsim_vaddr floor, mmsim_vaddr *place)
{
    *place = hint & ~MMSIM_PAGE_MASK;
    bool usable = hint != 0 && mm_mmap_in_user_region(*place, length);
    if (usable && mm_vma_has_room(&aspace->vmas, *place, *place + length))
        return MMSIM_SUCCESS;
    bool found = mm_vma_find_gap(&aspace->vmas, floor, length, place);
    return found ? MMSIM_SUCCESS : MMSIM_ENOMEM;
}

static enum mmsim_errno check_place(const struct mm_aspace *aspace,
                                    const struct mm_mmap_request *want, uint64_t length)
{
    if (!mm_mmap_in_user_region(want->address, length))
        return MMSIM_ENOMEM;
    if (want->address & MMSIM_PAGE_MASK)
        return MMSIM_EINVAL;
    bool free = mm_vma_is_free(&aspace->vmas, want->address, want->address + length);
    return (want->flags & MMSIM_MAP_FIXED_NOREPLACE) && !free ? MMSIM_EEXIST : MMSIM_SUCCESS;
}

static enum mmsim_errno find_place(const struct mm_aspace *aspace,
                                   const struct mm_mmap_request *want, uint64_t length,
                                   mmsim_vaddr *place)
{
    *place = want->address;
    if (want->flags & FLAGS_FIXED)
        return check_place(aspace, want, length);
    mmsim_vaddr floor = mm_exec_floor(aspace, want->prot, want->flags);
    if (want->flags & MMSIM_MAP_HUGETLB)
        return mm_huge_choose_place(aspace, want->address, length, floor, place);
    return mm_mmap_choose_place(aspace, want->address, length, floor, place);
}

/* ---- mmap: what ---- */

static enum mmsim_errno judge_file(const struct mm_mmap_request *want, unsigned *flags)
{
    unsigned known = FLAGS_LEGACY | MMSIM_MAP_FIXED_NOREPLACE;
    bool shared = (want->flags & MMSIM_MAP_TYPE) != MMSIM_MAP_PRIVATE;
    switch (want->flags & MMSIM_MAP_TYPE) {
    case MMSIM_MAP_SHARED_VALIDATE:
        if (want->flags & ~known)
            return MMSIM_EOPNOTSUPP;
        break;
    case MMSIM_MAP_SHARED:
    case MMSIM_MAP_PRIVATE:
        break;
    default:
        return MMSIM_EINVAL;
    }
    if (shared && (want->prot & MMSIM_PROT_WRITE) && want->access == MMSIM_FILE_READ_ONLY)
        return MMSIM_EACCES;
    if (want->access == MMSIM_FILE_WRITE_ONLY)
        return MMSIM_EACCES;
    if (*flags & MMSIM_VMA_GROWSDOWN)
        return MMSIM_EINVAL;
    if (shared)
        *flags |= MMSIM_VMA_SHARED;
    if (shared && want->access == MMSIM_FILE_READ_ONLY)
        *flags &= ~(unsigned)MMSIM_VMA_MAY_WRITE;
    return MMSIM_SUCCESS;
}

static enum mmsim_errno judge_anonymous(const struct mm_mmap_request *want, unsigned *flags)
{
    switch (want->flags & MMSIM_MAP_TYPE) {
    case MMSIM_MAP_SHARED:
        *flags |= MMSIM_VMA_SHARED;
        return *flags & MMSIM_VMA_GROWSDOWN ? MMSIM_EINVAL : MMSIM_SUCCESS;
    case MMSIM_MAP_PRIVATE:
        return MMSIM_SUCCESS;
    default:
        return MMSIM_EINVAL;
    }
}

static unsigned first_flags(const struct mm_aspace *aspace, unsigned map_flags)
{
    unsigned flags = MAY_ALL | aspace->lock_future;
    flags |= map_flags & MMSIM_MAP_GROWSDOWN ? MMSIM_VMA_GROWSDOWN : 0u;
    flags |= map_flags & MMSIM_MAP_LOCKED ? MMSIM_VMA_LOCKED : 0u;
    flags |= map_flags & MMSIM_MAP_STACK ? MMSIM_VMA_NOHUGEPAGE : 0u;
    flags |= map_flags & MMSIM_MAP_HUGETLB ? MMSIM_VMA_HUGETLB : 0u;
    flags |= map_flags & MMSIM_MAP_OWN_PAGES ? MMSIM_VMA_OWN_PAGES : 0u;
    return flags;
}

static enum mmsim_errno judge_lock(const struct mm_aspace *aspace,
                                   const struct mm_mmap_request *want, unsigned flags,
                                   uint64_t n_pages)
{
    if ((want->flags & MMSIM_MAP_LOCKED) && aspace->limits.bytes[MMSIM_LIMIT_MEMORY_LOCKED] == 0)
        return MMSIM_EPERM;
    bool allowed = !(flags & MMSIM_VMA_LOCKED) || mm_limit_allows_locked(aspace, n_pages);
    return allowed ? MMSIM_SUCCESS : MMSIM_EAGAIN;
}

static enum mmsim_errno judge_kind(const struct mm_aspace *aspace,
                                   const struct mm_mmap_request *want, unsigned *flags)
{
    enum mmsim_errno error = want->object ? judge_file(want, flags) : judge_anonymous(want, flags);
    bool reserved = want->flags & MMSIM_MAP_NORESERVE;
    if (!error && reserved && aspace->vm->overcommit != MMSIM_OVERCOMMIT_NEVER)
        *flags |= MMSIM_VMA_NORESERVE;
    return error;
}

/* The order of the checks is Linux's (ksys_mmap_pgoff, do_mmap). Fills all of *like but marks. */
static enum mmsim_errno decode(struct mm_aspace *aspace, const struct mm_mmap_request *want,
                               struct mm_vma *like)
{
    if (want->offset & MMSIM_PAGE_MASK)
        return MMSIM_EINVAL;
    if (!(want->flags & MMSIM_MAP_ANONYMOUS) && !want->object)
        return MMSIM_EBADF;
    if (want->length == 0)
        return MMSIM_EINVAL;
    uint64_t length = mm_mmap_round_up(want->length);
    if (want->flags & MMSIM_MAP_HUGETLB) {
        enum mmsim_errno error = mm_huge_round_up(aspace->vm, &length);
        if (error)
            return error;
    }
    if (length == 0 || length > MM_LAYOUT_USER_END - MM_LAYOUT_USER_START)
        return MMSIM_ENOMEM;
    if (want->object && want->offset + length < want->offset)
        return MMSIM_EOVERFLOW;
    if (aspace->vmas.n_vmas >= MM_VMA_MAX)
        return MMSIM_ENOMEM;
    bool unprotected = aspace->vm->options & MM_OPTION_NO_PROTECTION;
    unsigned prot = unprotected ? (unsigned)PROT_ALL : want->prot & (unsigned)PROT_ALL;
    *like = (struct mm_vma){.prot = prot, .flags = first_flags(aspace, want->flags)};
    like->key = mm_key_for_mapping(aspace, prot);
    enum mmsim_errno error = find_place(aspace, want, length, &like->start);
    like->end = like->start + length;
    if (!error)
        error = judge_lock(aspace, want, like->flags, length >> MMSIM_PAGE_SHIFT);
    if (!error && want->object && want->offset + length > MMSIM_FILE_MAX_BYTES)
        error = MMSIM_EOVERFLOW;
    if (!error)
        error = judge_kind(aspace, want, &like->flags);
    like->offset = (want->object ? want->offset : like->start) >> MMSIM_PAGE_SHIFT;
    return error;
}

/* ---- mmap: room ---- */

/* Pages of [start, end) that VMAs there count already, and those that are accounted. */
static void count_replaced(const struct mm_aspace *aspace, const struct mm_vma *like,
                           uint64_t *n_pages, uint64_t *n_accounted)
{
    *n_pages = *n_accounted = 0;
    const struct mm_vma *vma = mm_vma_find(&aspace->vmas, like->start);
    for (; vma && vma->start < like->end; vma = mm_vma_next(vma)) {
        mmsim_vaddr from = vma->start > like->start ? vma->start : like->start;
        mmsim_vaddr to = vma->end < like->end ? vma->end : like->end;
        uint64_t n = (to - from) >> MMSIM_PAGE_SHIFT;
        *n_pages += n;
        *n_accounted += vma->flags & MMSIM_VMA_ACCOUNTED ? n : 0;
    }
}

static bool may_promise(const struct mm_vm *vm, uint64_t n_pages, uint64_t n_returned)
{
    return n_pages <= n_returned || mm_commit_allows(vm, n_pages - n_returned);
}

static bool have_room(struct mm_aspace *aspace, struct mm_vma *like)
{
    uint64_t n_pages = mm_vma_pages(like);
    uint64_t n_replaced;
    uint64_t n_accounted;
    count_replaced(aspace, like, &n_replaced, &n_accounted);
    uint64_t n_more = n_pages > n_replaced ? n_pages - n_replaced : 0;
    if (!mm_limit_allows_pages(aspace, like->prot, like->flags, n_more))
        return false;
    if (mm_limit_is_accountable(like->prot, like->flags)) {
        if (!may_promise(aspace->vm, n_pages, n_accounted))
            return false;
        like->flags |= MMSIM_VMA_ACCOUNTED;
    }
    bool promises = mm_vma_is_shared(like) && !like->object &&
                    !(like->flags & (MMSIM_VMA_NORESERVE | MMSIM_VMA_HUGETLB));
    return !promises || may_promise(aspace->vm, n_pages, 0);
}

/* ---- mmap: done ---- */

/* Anonymous shared memory: an object that only mappings know. */
static bool make_object(struct mm_aspace *aspace, struct mm_vma *like)
{
    like->object = mm_object_create_shared(aspace->vm->pages, like->end - like->start);
    like->offset = 0;
    return like->object != NULL;
}

static void populate_new(struct mm_aspace *aspace, const struct mm_mmap_request *want,
                         const struct mm_vma *like)
{
    bool asked = (want->flags & (MMSIM_MAP_POPULATE | MMSIM_MAP_NONBLOCK)) == MMSIM_MAP_POPULATE;
    bool always = aspace->vm->options & MM_OPTION_NO_DEMAND;
    bool shared_large = (like->flags & MMSIM_VMA_HUGETLB) && mm_vma_is_shared(like);
    if (asked || always || shared_large || (like->flags & MMSIM_VMA_LOCKED))
        mm_populate_quietly(aspace, like->start, like->end);
}

/* Everything is there: [like->start, like->end) becomes a VMA like it. */
static void put_in_place(struct mm_aspace *aspace, const struct mm_vma *like)
{
    mm_mmap_cut_out(aspace, like->start, like->end);
    mm_vma_merge(&aspace->vmas, mm_vma_insert(&aspace->vmas, like));
    mm_exec_changed(aspace);
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
}

static enum mmsim_errno install(struct mm_aspace *aspace, struct mm_vma *like)
{
    enum mmsim_errno error = mm_mmap_check_cut(aspace, like->start, like->end);
    if (error)
        return error;
    if (!have_room(aspace, like))
        return MMSIM_ENOMEM;
    bool shares = mm_vma_is_shared(like) && !like->object && !(like->flags & MMSIM_VMA_HUGETLB);
    if (shares && !make_object(aspace, like))
        return MMSIM_ENOMEM;
    uint32_t n_more = 1 + mm_mmap_cut_adds(aspace, like->start, like->end);
    bool made = mm_mmap_reserve_vmas(aspace, n_more) && mm_huge_reserve(aspace->vm, like);
    if (made)
        put_in_place(aspace, like);
    if (shares)
        mm_object_put(like->object); /* the VMA has its own reference */
    return made ? MMSIM_SUCCESS : MMSIM_ENOMEM;
}

enum mmsim_errno mm_mmap_map(struct mm_aspace *aspace, const struct mm_mmap_request *want,
                             mmsim_vaddr *address)
{
    struct mm_mmap_request request = *want;
    if (request.flags & MMSIM_MAP_ANONYMOUS)
        request.object = NULL;
    struct mm_vma like;
    enum mmsim_errno error = decode(aspace, &request, &like);
    if (error)
        return error;
    like.object = request.object;
    error = install(aspace, &like);
    if (error)
        return error;
    populate_new(aspace, &request, &like);
    *address = like.start;
    return MMSIM_SUCCESS;
}

/* ---- munmap ---- */

enum mmsim_errno mm_mmap_unmap(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length)
{
    if ((address & MMSIM_PAGE_MASK) || address > MM_LAYOUT_USER_END ||
        length > MM_LAYOUT_USER_END - address || length == 0)
        return MMSIM_EINVAL;
    mmsim_vaddr end = address + mm_mmap_round_up(length);
    if (end <= MM_LAYOUT_USER_START)
        return MMSIM_SUCCESS;
    mmsim_vaddr start = address > MM_LAYOUT_USER_START ? address : MM_LAYOUT_USER_START;
    enum mmsim_errno error = mm_mmap_check_cut(aspace, start, end);
    if (error)
        return error;
    if (!mm_mmap_reserve_vmas(aspace, mm_mmap_cut_adds(aspace, start, end)))
        return MMSIM_ENOMEM;
    mm_clock_work(aspace->vm->clock, MM_WORK_FIND_VMA);
    mm_mmap_cut_out(aspace, start, end);
    return MMSIM_SUCCESS;
}
