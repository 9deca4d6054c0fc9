/* vm-ops-show.c - mappings, pages and sums of processes, in the oracle's words. */
#include <inttypes.h>
#include <string.h>

#include "vm-ops-perform.h"

/* Calls `visit` for each mapping in the arena, in order; returns how many there are. */
typedef void (*visitor)(struct vm_ops_run *run, const struct mmsim_vma_info *info, void *user);

static unsigned visit_vmas(struct vm_ops_run *run, unsigned subject, visitor visit, void *user)
{
    struct mmsim_vma_info info;
    unsigned n = 0;
    mmsim_vaddr at = VM_OPS_ARENA;
    for (; mmsim_vma_find(run->processes[subject], at, &info) && info.start < VM_OPS_ARENA_END;
         at = info.end, n++)
        visit(run, &info, user);
    return n;
}

static uint64_t page_number(mmsim_vaddr address)
{
    return (address - VM_OPS_ARENA) / MMSIM_PAGE_SIZE;
}

/* ---- maps, vmas ---- */

static const char *object_name(const struct vm_ops_run *run, const struct mmsim_file *file)
{
    for (unsigned i = 0; i < run->n_objects; i++)
        if (run->objects[i] == file)
            return run->names[i];
    return NULL;
}

static void put_backing(const struct vm_ops_run *run, const struct mmsim_vma_info *info)
{
    const char *name = info->file ? object_name(run, info->file) : NULL;
    uint64_t page = info->offset / MMSIM_PAGE_SIZE;
    if (name)
        printf("%s@%" PRIu64, name, page);
    else if (strcmp(info->name, "shared") == 0)
        printf("sanon@%" PRIu64, page);
    else
        fputs("anon", stdout);
}

static void put_flags(const struct mmsim_vma_info *info)
{
    static const struct {
        unsigned flag;
        const char *name;
    } names[] = {{MMSIM_VMA_GROWSDOWN, "gd"},      {MMSIM_VMA_LOCKED, "lo"},
                 {MMSIM_VMA_LOCKED_ONFAULT, "lf"}, {MMSIM_VMA_DONTFORK, "dc"},
                 {MMSIM_VMA_WIPEONFORK, "wf"},     {MMSIM_VMA_SEALED, "sl"},
                 {MMSIM_VMA_SEQUENTIAL, "sr"},     {MMSIM_VMA_RANDOM, "rr"}};
    if (info->key)
        printf(" key=%u", info->key);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (info->flags & names[i].flag)
            printf(" %s", names[i].name);
}

struct listing {
    unsigned n;
    bool flags;
};

static void put_vma(struct vm_ops_run *run, const struct mmsim_vma_info *info, void *user)
{
    struct listing *listing = user;
    fputs(listing->n++ ? "; " : "ok ", stdout);
    printf("%" PRIu64 "-%" PRIu64 " %c%c%c%c ", page_number(info->start), page_number(info->end),
           info->prot & MMSIM_PROT_READ ? 'r' : '-', info->prot & MMSIM_PROT_WRITE ? 'w' : '-',
           info->prot & MMSIM_PROT_EXEC ? 'x' : '-', info->flags & MMSIM_VMA_SHARED ? 's' : 'p');
    put_backing(run, info);
    if (listing->flags)
        put_flags(info);
}

static void list(struct vm_ops_run *run, const struct vm_ops_line *line, bool flags)
{
    struct listing listing = {.flags = flags};
    if (visit_vmas(run, line->subject, put_vma, &listing) == 0)
        fputs("ok -", stdout);
}

void vm_ops_show_maps(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    list(run, line, false);
}

void vm_ops_show_vmas(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    list(run, line, true);
}

void vm_ops_show_smaps(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    struct mmsim_smaps smaps;
    mmsim_smaps_read(vm_ops_actor(run, line), VM_OPS_ARENA, VM_OPS_ARENA_END, &smaps);
    printf("ok rss=%" PRIu64 " psskb=%" PRIu64 " sc=%" PRIu64 " sd=%" PRIu64 " pc=%" PRIu64
           " pd=%" PRIu64 " ref=%" PRIu64 " anon=%" PRIu64 " swap=%" PRIu64 " lock=%" PRIu64,
           smaps.rss, smaps.pss_bytes / MMSIM_KIB, smaps.shared_clean, smaps.shared_dirty,
           smaps.private_clean, smaps.private_dirty, smaps.referenced, smaps.anonymous, smaps.swap,
           smaps.locked);
}

/* ---- pages ---- */

static char letter_of(enum mmsim_page_kind kind)
{
    static const char letters[MMSIM_N_PAGE_KINDS] = {
        [MMSIM_PAGE_ABSENT] = '-', [MMSIM_PAGE_ZERO] = 'Z',  [MMSIM_PAGE_ANON] = 'A',
        [MMSIM_PAGE_FILE] = 'F',   [MMSIM_PAGE_GUARD] = 'G', [MMSIM_PAGE_SWAP] = 'S',
        [MMSIM_PAGE_DEVICE] = 'D'};
    return letters[kind];
}

void vm_ops_show_pages(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    uint64_t n = line->values[1] ? line->values[1] : 16;
    fputs("ok ", stdout);
    for (uint64_t page = line->values[0]; n > 0 && page < VM_OPS_ARENA_PAGES; page++, n--) {
        struct mmsim_page_info info;
        mmsim_page_find(vm_ops_actor(run, line), VM_OPS_ARENA + page * MMSIM_PAGE_SIZE, &info);
        putchar(letter_of(info.kind));
    }
}

/* ---- sum ---- */

static void sum_page(struct vm_ops_run *run, struct mmsim_process *process, mmsim_vaddr page)
{
    uint8_t bytes[MMSIM_PAGE_SIZE];
    struct mmsim_access access = mmsim_read(process, page, bytes, sizeof bytes);
    if (access.outcome == MMSIM_DONE) {
        uint64_t hash = vm_ops_hash(VM_OPS_HASH_START, bytes, sizeof bytes);
        printf(" %" PRIu64 ":%08" PRIx32, page_number(page), vm_ops_fold(hash));
        return;
    }
    if (access.outcome == MMSIM_ERROR) { /* it was ended to make room */
        printf(" %" PRIu64 ":%s", page_number(page), mmsim_errno_name(access.error));
        return;
    }
    if (run->options->keys)
        mmsim_wrpkru(process, 0); /* a handler's way out */
    const char *code = strchr(mmsim_sigcode_name(access.code), '_') + 1;
    printf(" %" PRIu64 ":%s", page_number(page), access.signal == MMSIM_SIGBUS ? "BUS" : code);
}

static void sum_vma(struct vm_ops_run *run, const struct mmsim_vma_info *info, void *user)
{
    for (mmsim_vaddr page = info->start; page < info->end; page += MMSIM_PAGE_SIZE)
        sum_page(run, user, page);
}

void vm_ops_show_sum(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    fputs("ok", stdout);
    visit_vmas(run, line->subject, sum_vma, vm_ops_actor(run, line));
}

/* ---- frames ---- */

enum { MAX_LABELS = 4096 };

/* Frames seen so far: equal frames have equal labels, numbered for each kind. */
struct labels {
    unsigned n, n_by_kind[MMSIM_N_PAGE_KINDS];
    mmsim_pfn frames[MAX_LABELS];
    unsigned labels[MAX_LABELS];
    struct mmsim_process *process;
    unsigned n_pages; /* of this process */
};

static unsigned label_of(struct labels *labels, const struct mmsim_page_info *info)
{
    for (unsigned i = 0; i < labels->n; i++)
        if (labels->frames[i] == info->frame)
            return labels->labels[i];
    unsigned label = ++labels->n_by_kind[info->kind];
    if (labels->n < MAX_LABELS) {
        labels->frames[labels->n] = info->frame;
        labels->labels[labels->n++] = label;
    }
    return label;
}

static void label_page(struct labels *labels, mmsim_vaddr page)
{
    struct mmsim_page_info info;
    mmsim_page_find(labels->process, page, &info);
    if (info.kind == MMSIM_PAGE_ABSENT)
        return;
    printf("%s%" PRIu64 "=%c", labels->n_pages++ ? "," : "", page_number(page),
           letter_of(info.kind));
    if (info.kind == MMSIM_PAGE_ANON || info.kind == MMSIM_PAGE_FILE)
        printf("%u", label_of(labels, &info));
}

static void label_vma(struct vm_ops_run *run, const struct mmsim_vma_info *info, void *user)
{
    (void)run;
    mmsim_vaddr end = info->end < VM_OPS_ARENA_END ? info->end : VM_OPS_ARENA_END;
    for (mmsim_vaddr page = info->start; page < end; page += MMSIM_PAGE_SIZE)
        label_page(user, page);
}

void vm_ops_show_frames(struct vm_ops_run *run, const struct vm_ops_line *line)
{
    (void)line;
    struct labels labels = {.n = 0};
    fputs("ok", stdout);
    for (unsigned i = 0; i < VM_OPS_PROCESSES; i++) {
        if (!run->alive[i])
            continue;
        printf(" p%u:", i);
        labels.process = run->processes[i];
        labels.n_pages = 0;
        visit_vmas(run, i, label_vma, &labels);
        if (labels.n_pages == 0)
            putchar('-');
    }
}
