/*
 * advise.c - a table: which VMAs an advice can be given to, which flags it sets, what it does.
 *
 * Linux: mm/madvise.c. What lies behind a hole is advised all the same, and the answer is ENOMEM;
 * only the populating ones stop.
 */
#include "vm/advise.h"

#include "vm/huge.h"
#include "vm/mmap.h"
#include "vm/pageout.h"
#include "vm/populate.h"

/* Part of one VMA. */
struct part {
    struct mm_aspace *aspace;
    struct mm_vma *vma;
    mmsim_vaddr start, end;
};

/* One advice. */
struct rule {
    enum mmsim_advice advice;
    unsigned sets, clears;                          /* flags of the VMA */
    enum mmsim_errno (*judge)(const struct part *); /* whether this VMA takes it; NULL: all do */
    enum mmsim_errno (*act)(struct part *);         /* NULL: only flags change */
    bool discards;                                  /* refused on sealed memory */
};

/* ---- who takes it ---- */

static enum mmsim_errno refuse(const struct part *part, unsigned flags)
{
    return part->vma->flags & flags ? MMSIM_EINVAL : MMSIM_SUCCESS;
}

static enum mmsim_errno judge_discard(const struct part *part)
{
    return refuse(part, MMSIM_VMA_LOCKED | MMSIM_VMA_DEVICE);
}

static enum mmsim_errno judge_device(const struct part *part)
{
    return refuse(part, MMSIM_VMA_DEVICE);
}

static enum mmsim_errno judge_ram(const struct part *part)
{
    return refuse(part, MMSIM_VMA_LOCKED | MMSIM_VMA_DEVICE | MMSIM_VMA_HUGETLB);
}

static enum mmsim_errno judge_guard_removal(const struct part *part)
{
    return refuse(part, MMSIM_VMA_DEVICE | MMSIM_VMA_HUGETLB);
}

/* Private anonymous memory, the only kind that nobody else has. */
static enum mmsim_errno judge_free(const struct part *part)
{
    return part->vma->object ? MMSIM_EINVAL : judge_discard(part);
}

static enum mmsim_errno judge_wipe(const struct part *part)
{
    return part->vma->object ? MMSIM_EINVAL : refuse(part, MMSIM_VMA_SHARED);
}

static enum mmsim_errno judge_remove(const struct part *part)
{
    const struct mm_vma *vma = part->vma;
    if ((vma->flags & MMSIM_VMA_LOCKED) || !vma->object)
        return MMSIM_EINVAL;
    bool writable = mm_vma_is_shared(vma) && (vma->flags & MMSIM_VMA_MAY_WRITE);
    return writable ? MMSIM_SUCCESS : MMSIM_EACCES;
}

static enum mmsim_errno judge_large(const struct part *part)
{
    return mm_huge_bytes(part->aspace->vm) ? judge_device(part) : MMSIM_EINVAL;
}

/* ---- what is done ---- */

static enum mmsim_errno make_splits(const struct part *part)
{
    return mm_huge_split_range(part->aspace, part->start, part->end) ? MMSIM_SUCCESS : MMSIM_ENOMEM;
}

static enum mmsim_errno act_dontneed(struct part *part)
{
    enum mmsim_errno error = make_splits(part);
    bool keeps = (part->vma->flags & MMSIM_VMA_HUGETLB) && mm_vma_is_shared(part->vma);
    if (!error && !keeps) /* shared pages of the pool are known by their entries alone */
        mm_aspace_zap(part->aspace, part->start, part->end, MM_ZAP_PAGES);
    return error;
}

/* Clean and not accessed: whoever needs a frame may take it without writing it anywhere. */
static enum mmsim_errno act_free(struct part *part)
{
    enum mmsim_errno error = make_splits(part);
    if (!error)
        mm_pageout_free_lazily(part->aspace, part->start, part->end);
    return error;
}

static enum mmsim_errno act_cold(struct part *part)
{
    mm_aspace_age(part->aspace, part->start, part->end, MMSIM_ENTRY_ACCESSED);
    return MMSIM_SUCCESS;
}

static enum mmsim_errno act_pageout(struct part *part)
{
    enum mmsim_errno error = make_splits(part);
    if (!error)
        mm_pageout_range(part->aspace, part->start, part->end);
    return error;
}

static enum mmsim_errno act_remove(struct part *part)
{
    struct mm_object *object = part->vma->object;
    uint64_t offset = mm_vma_index(part->vma, part->start) << MMSIM_PAGE_SHIFT;
    switch (mm_object_punch(object, offset, part->end - part->start)) {
    case MM_OBJECT_OK:
        return MMSIM_SUCCESS;
    case MM_OBJECT_IO_ERROR:
        return MMSIM_EIO;
    default:
        return MMSIM_ENOMEM;
    }
}

static enum mmsim_errno act_willneed(struct part *part)
{
    const struct mm_vma *vma = part->vma;
    if (vma->object)
        mm_object_willneed(vma->object, mm_vma_index(vma, part->start),
                           mm_vma_index(vma, part->end) - 1);
    mm_pageout_willneed(part->aspace, part->start, part->end);
    return MMSIM_SUCCESS;
}

static enum mmsim_errno act_guard(struct part *part)
{
    if (make_splits(part) || !mm_aspace_guard(part->aspace, part->start, part->end))
        return MMSIM_ENOMEM;
    mm_vma_mark_anon(part->vma, &part->aspace->vm->n_anon_marks);
    return MMSIM_SUCCESS;
}

static enum mmsim_errno act_unguard(struct part *part)
{
    struct mm_pgtable *tables = part->aspace->tables;
    mmsim_vaddr page = part->start;
    while ((page = mm_pgtable_next(tables, page, part->end)) < part->end) {
        struct mmsim_entry entry = mm_pgtable_query(tables, page);
        if (entry.state == MMSIM_ENTRY_GUARD)
            mm_pgtable_unmap(tables, page);
        page += mm_aspace_entry_pages(part->aspace, &entry) * MMSIM_PAGE_SIZE;
    }
    return MMSIM_SUCCESS;
}

static enum mmsim_errno act_collapse(struct part *part)
{
    return mm_huge_collapse(part->aspace, part->vma, part->start, part->end);
}

enum { READ_FLAGS = MMSIM_VMA_RANDOM | MMSIM_VMA_SEQUENTIAL };

static const struct rule rules[] = {
    {.advice = MMSIM_MADV_NORMAL, .clears = READ_FLAGS},
    {.advice = MMSIM_MADV_RANDOM, .clears = READ_FLAGS, .sets = MMSIM_VMA_RANDOM},
    {.advice = MMSIM_MADV_SEQUENTIAL, .clears = READ_FLAGS, .sets = MMSIM_VMA_SEQUENTIAL},
    {.advice = MMSIM_MADV_WILLNEED, .act = act_willneed},
    {.advice = MMSIM_MADV_DONTNEED, .judge = judge_discard, .act = act_dontneed, .discards = true},
    {.advice = MMSIM_MADV_DONTNEED_LOCKED,
     .judge = judge_device,
     .act = act_dontneed,
     .discards = true},
    {.advice = MMSIM_MADV_FREE, .judge = judge_free, .act = act_free, .discards = true},
    {.advice = MMSIM_MADV_REMOVE, .judge = judge_remove, .act = act_remove, .discards = true},
    {.advice = MMSIM_MADV_DONTFORK, .sets = MMSIM_VMA_DONTFORK, .discards = true},
    {.advice = MMSIM_MADV_DOFORK, .judge = judge_device, .clears = MMSIM_VMA_DONTFORK},
    {.advice = MMSIM_MADV_WIPEONFORK,
     .judge = judge_wipe,
     .sets = MMSIM_VMA_WIPEONFORK,
     .discards = true},
    {.advice = MMSIM_MADV_KEEPONFORK, .clears = MMSIM_VMA_WIPEONFORK},
    {.advice = MMSIM_MADV_DONTDUMP, .sets = MMSIM_VMA_DONTDUMP},
    {.advice = MMSIM_MADV_MERGEABLE, .sets = MMSIM_VMA_MERGEABLE},
    {.advice = MMSIM_MADV_UNMERGEABLE, .clears = MMSIM_VMA_MERGEABLE},
    {.advice = MMSIM_MADV_DODUMP, .judge = judge_device, .clears = MMSIM_VMA_DONTDUMP},
    {.advice = MMSIM_MADV_HUGEPAGE,
     .judge = judge_large,
     .sets = MMSIM_VMA_HUGEPAGE,
     .clears = MMSIM_VMA_NOHUGEPAGE},
    {.advice = MMSIM_MADV_NOHUGEPAGE,
     .judge = judge_large,
     .sets = MMSIM_VMA_NOHUGEPAGE,
     .clears = MMSIM_VMA_HUGEPAGE},
    {.advice = MMSIM_MADV_COLLAPSE, .judge = judge_large, .act = act_collapse},
    {.advice = MMSIM_MADV_COLD, .judge = judge_ram, .act = act_cold},
    {.advice = MMSIM_MADV_PAGEOUT, .judge = judge_ram, .act = act_pageout},
    {.advice = MMSIM_MADV_GUARD_INSTALL, .judge = judge_ram, .act = act_guard, .discards = true},
    {.advice = MMSIM_MADV_GUARD_REMOVE, .judge = judge_guard_removal, .act = act_unguard},
    {.advice = MMSIM_MADV_POPULATE_READ},
    {.advice = MMSIM_MADV_POPULATE_WRITE},
};

static const struct rule *find_rule(enum mmsim_advice advice)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].advice == advice)
            return &rules[i];
    return NULL;
}

/* ---- one VMA ---- */

/* Sealed memory may be discarded by who could overwrite it anyway. */
static bool is_sealed_against(const struct part *part, const struct rule *rule)
{
    const struct mm_vma *vma = part->vma;
    if (!rule->discards || !(vma->flags & MMSIM_VMA_SEALED) || mm_vma_is_shared(vma))
        return false;
    bool could_overwrite =
        (vma->prot & MMSIM_PROT_WRITE) && mm_key_allows(part->aspace, vma, MMSIM_ACCESS_WRITE);
    return !could_overwrite;
}

static enum mmsim_errno change_flags(struct part *part, const struct rule *rule)
{
    unsigned flags = (part->vma->flags & ~rule->clears) | rule->sets;
    if (flags == part->vma->flags)
        return MMSIM_SUCCESS;
    struct mm_vma *vma = mm_mmap_isolate(part->aspace, part->vma, part->start, part->end);
    if (!vma)
        return MMSIM_ENOMEM;
    mm_vma_set_flags(&part->aspace->vmas, vma, flags);
    mm_vma_merge(&part->aspace->vmas, vma);
    mm_clock_work(part->aspace->vm->clock, MM_WORK_CHANGE_VMA);
    return MMSIM_SUCCESS;
}

static enum mmsim_errno advise_part(struct part *part, const struct rule *rule)
{
    if (is_sealed_against(part, rule))
        return MMSIM_EPERM;
    enum mmsim_errno error = rule->judge ? rule->judge(part) : MMSIM_SUCCESS;
    if (!error && rule->act)
        return rule->act(part);
    return error ? error : change_flags(part, rule);
}

/* ---- all of them ---- */

static enum mmsim_errno advise_range(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end,
                                     const struct rule *rule)
{
    bool holes = false;
    while (start < end) {
        struct mm_vma *vma = mm_vma_find(&aspace->vmas, start);
        mm_clock_work(aspace->vm->clock, MM_WORK_FIND_VMA);
        if (!vma || vma->start >= end)
            return MMSIM_ENOMEM;
        holes |= vma->start > start;
        struct part part = {.aspace = aspace, .vma = vma};
        part.start = vma->start > start ? vma->start : start;
        part.end = vma->end < end ? vma->end : end;
        enum mmsim_errno error = advise_part(&part, rule);
        if (error)
            return error;
        start = part.end;
    }
    return holes ? MMSIM_ENOMEM : MMSIM_SUCCESS;
}

enum mmsim_errno mm_advise(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                           enum mmsim_advice advice)
{
    const struct rule *rule = find_rule(advice);
    uint64_t whole = mm_mmap_round_up(length);
    mmsim_vaddr end = address + whole;
    if (!rule || (address & MMSIM_PAGE_MASK) || (length != 0 && whole == 0) || end < address)
        return MMSIM_EINVAL;
    if (end == address)
        return MMSIM_SUCCESS;
    if (advice == MMSIM_MADV_POPULATE_READ)
        return mm_populate_as(aspace, address, end, MMSIM_ACCESS_READ);
    if (advice == MMSIM_MADV_POPULATE_WRITE)
        return mm_populate_as(aspace, address, end, MMSIM_ACCESS_WRITE);
    return advise_range(aspace, address, end, rule);
}
