/* reclaim.c - when pages have to go, and the batches in which anonymous ones do. */
#include "paging/reclaim.h"

#include "base/assert.h"
#include "paging/allot.h"
#include "paging/flush.h"
#include "paging/out.h"

enum {
    DIRECT_PAGES = 32 /* taken out at once for a request that found nothing: SWAP_CLUSTER_MAX */
};

/* ---- life ---- */

static enum mmsim_look look_at(void *user, mmsim_pfn pfn)
{
    return mm_out_look(user, pfn);
}

bool mm_reclaim_init(struct mm_reclaim *reclaim, const struct mm_reclaim_setup *setup)
{
    *reclaim = (struct mm_reclaim){.setup = *setup,
                                   .paging = setup->paging,
                                   .zones = setup->paging->zones,
                                   .pager = setup->pager,
                                   .swap = setup->swap};
    reclaim->pager->look = look_at;
    reclaim->pager->look_user = reclaim;
    size_t n_bytes = setup->swap->n_numbers * sizeof *reclaim->cached;
    if (n_bytes > 0 && !(reclaim->cached = mm_host_alloc(setup->host, n_bytes)))
        return false;
    reclaim->refused = mm_host_reserve(setup->pager->capacity * sizeof *reclaim->refused);
    if (!reclaim->refused)
        return false;
    return mm_rmap_init(&reclaim->rmap, setup->paging->heap);
}

void mm_reclaim_fini(struct mm_reclaim *reclaim)
{
    if (!reclaim->paging)
        return;
    mm_rmap_fini(&reclaim->rmap);
    if (reclaim->refused)
        mm_host_release(reclaim->refused, reclaim->pager->capacity * sizeof *reclaim->refused);
    if (reclaim->cached)
        mm_host_free(reclaim->setup.host, reclaim->cached,
                     reclaim->swap->n_numbers * sizeof *reclaim->cached);
    *reclaim = (struct mm_reclaim){0};
}

/* ---- one run ---- */

/* It does not begin itself again; and tables that it empties may be wanted by whoever waits for it.
 */
static void begin(struct mm_reclaim *reclaim)
{
    reclaim->busy = true;
    reclaim->paging->keeps_tables = true;
}

static void end(struct mm_reclaim *reclaim)
{
    reclaim->busy = false;
    reclaim->paging->keeps_tables = false;
}

static void put_back(struct mm_reclaim *reclaim)
{
    for (mmsim_page i = 0; i < reclaim->n_refused; i++)
        mm_pager_put_back(reclaim->pager, reclaim->refused[i]);
    reclaim->n_refused = 0;
}

static void refuse(struct mm_reclaim *reclaim, mmsim_page page)
{
    MM_ASSERT(reclaim->n_refused < reclaim->pager->capacity, "more pages refused than there are");
    reclaim->refused[reclaim->n_refused++] = page;
}

static const char *const REASONS[] = {
    [MM_OUT_PINNED] = "every page that could go is in use by the kernel",
    [MM_OUT_LOCKED] = "every page that could go is locked",
    [MM_OUT_NO_SWAP] = "swap is full",
    [MM_OUT_IO_ERROR] = "pages could not be written",
};

static enum mm_out send_out(struct mm_reclaim *reclaim, struct mm_out_batch *batch, mmsim_page page)
{
    mmsim_pfn pfn = reclaim->pager->pages[page].pfn;
    bool would_come_back = mm_pager_keeps(reclaim->pager, page);
    if (would_come_back || (reclaim->only_low && mm_pfn_zone(pfn) != MM_ZONE_LOW))
        return MM_OUT_PINNED;
    struct mm_frame *frame = &reclaim->zones->table[pfn];
    return frame->use == MM_FRAME_ANON ? mm_out_begin(reclaim, batch, frame)
                                       : mm_reclaim_object_page(reclaim, frame);
}

/* What is to be written for a dirty victim that may stay: clean pages are preferred. */
static bool spare(struct mm_reclaim *reclaim, mmsim_page page, unsigned *n_spared)
{
    struct mm_frame *frame = &reclaim->zones->table[reclaim->pager->pages[page].pfn];
    if (*n_spared >= reclaim->setup.clean_first || mm_pager_keeps(reclaim->pager, page) ||
        !mm_out_clean(reclaim, frame))
        return false;
    ++*n_spared;
    return true;
}

struct run {
    struct mm_reclaim *reclaim;
    struct mm_out_batch batch;
    unsigned n_spared;
    uint64_t n_freed;
};

static void handle(struct run *run, mmsim_page page)
{
    struct mm_reclaim *reclaim = run->reclaim;
    if (spare(reclaim, page, &run->n_spared)) {
        refuse(reclaim, page);
        return;
    }
    enum mm_out out = send_out(reclaim, &run->batch, page);
    switch (out) {
    case MM_OUT_GONE:
        run->n_freed++;
        break;
    case MM_OUT_UNDER_WAY:
        break;
    case MM_OUT_LOCKED:
        mm_pager_set_aside(reclaim->pager, page);
        reclaim->refusal = REASONS[out];
        break;
    default:
        refuse(reclaim, page);
        reclaim->refusal = REASONS[out];
    }
}

static uint64_t take_out(struct mm_reclaim *reclaim, struct mm_domain *domain, uint64_t n)
{
    struct run run = {.reclaim = reclaim};
    bool is_last_round = reclaim->setup.clean_first == 0;
    uint64_t most = 2 * (domain->n_resident + n); /* a policy that is broken may go on for ever */
    for (uint64_t tries = 0; tries < most && run.n_freed < n; tries++) {
        mmsim_page page = mm_pager_choose(domain, reclaim->pager->incoming);
        if (page != MMSIM_NO_PAGE)
            handle(&run, page);
        bool enough = run.n_freed + run.batch.n >= n;
        if (run.batch.n == MM_OUT_BATCH || enough || page == MMSIM_NO_PAGE)
            run.n_freed += mm_out_finish(reclaim, &run.batch);
        if (page != MMSIM_NO_PAGE)
            continue;
        if (reclaim->n_refused == 0)
            break;
        put_back(reclaim); /* some may be clean by now */
        if (is_last_round)
            break;
        is_last_round = true;
        run.n_spared = reclaim->setup.clean_first;
    }
    run.n_freed += mm_out_finish(reclaim, &run.batch);
    put_back(reclaim);
    return run.n_freed;
}

/* The domain that is the farthest beyond its allotment, or has the most; not those that were asked
 * in this round. */
static struct mm_domain *richest(const struct mm_pager *pager, uint64_t round)
{
    struct mm_domain *found = NULL;
    int64_t most = 0;
    for (const struct mm_list *at = pager->domains.next; at != &pager->domains; at = at->next) {
        struct mm_domain *domain = MM_CONTAINER_OF(at, struct mm_domain, link);
        uint64_t allotted = domain->allotment == UINT64_MAX ? 0 : domain->allotment;
        int64_t surplus = (int64_t)domain->n_resident - (int64_t)allotted;
        bool has_pages = domain->n_resident > 0 && domain->asked != round;
        if (has_pages && (!found || surplus > most)) {
            found = domain;
            most = surplus;
        }
    }
    return found;
}

static uint64_t take_from_all(struct mm_reclaim *reclaim, uint64_t n)
{
    uint64_t round = ++reclaim->n_rounds;
    uint64_t n_freed = 0;
    struct mm_domain *domain;
    while (n_freed < n && (domain = richest(reclaim->pager, round))) {
        domain->asked = round;
        n_freed += take_out(reclaim, domain, n - n_freed);
    }
    return n_freed;
}

uint64_t mm_reclaim_run(struct mm_reclaim *reclaim, struct mm_domain *domain, uint64_t n)
{
    if (reclaim->busy)
        return 0;
    begin(reclaim);
    reclaim->refusal = NULL;
    uint64_t n_freed = domain ? take_out(reclaim, domain, n) : take_from_all(reclaim, n);
    end(reclaim);
    return n_freed;
}

/* ---- when ---- */

static void tell(struct mm_reclaim *reclaim, const char *why, uint64_t n)
{
    struct mm_obs *obs = reclaim->paging->board->obs;
    if (!mm_obs_wants(obs, MMSIM_EVENT_RECLAIM))
        return;
    struct mmsim_event event =
        mm_cpu_event(&reclaim->paging->cpus[reclaim->paging->current_cpu], MMSIM_EVENT_RECLAIM);
    event.site = why;
    event.value = n;
    mm_obs_emit(obs, &event);
}

static bool at_user_limit(const struct mm_reclaim *reclaim)
{
    return mm_zones_n_user(reclaim->zones) >= reclaim->zones->user_limit;
}

/* Whose pages go when frames run out; NULL: of all. */
static struct mm_domain *asked_first(const struct mm_pager *pager)
{
    return pager->setup.local ? mm_pager_payer(pager) : NULL;
}

void mm_reclaim_make_room(struct mm_reclaim *reclaim, mmsim_page incoming)
{
    struct mm_pager *pager = reclaim->pager;
    struct mm_domain *domain = mm_pager_payer(pager);
    pager->incoming = incoming;
    if (reclaim->busy)
        return;
    if (domain->aspace && reclaim->hooks.allot)
        reclaim->hooks.allot(domain);
    while (domain->n_resident >= domain->allotment && mm_reclaim_run(reclaim, domain, 1) > 0)
        ;
    mm_allot_settle(domain);
    while (at_user_limit(reclaim) && mm_reclaim_run(reclaim, asked_first(pager), 1) > 0)
        ;
}

bool mm_reclaim_relieve(struct mm_reclaim *reclaim, enum mm_zone_reason reason)
{
    struct mm_pager *pager = reclaim->pager;
    if (reclaim->busy)
        return false;
    uint64_t n = reason == MM_ZONE_USER_LIMIT ? 1 : DIRECT_PAGES;
    uint64_t n_freed = mm_reclaim_run(reclaim, asked_first(pager), n);
    if (n_freed == 0 && pager->setup.local)
        n_freed = mm_reclaim_run(reclaim, NULL, n);
    pager->stats.direct++;
    tell(reclaim, "direct", n_freed);
    return n_freed > 0;
}

static bool is_short(const struct mm_reclaim *reclaim, enum mm_zone_kind zone)
{
    return reclaim->zones->n_managed[zone] > 0 &&
           mm_zones_pressure(reclaim->zones, zone) != MM_PRESSURE_NONE;
}

/*
 * Until low memory is at its high mark, or as far as it goes. What high memory lacks, low memory
 * can serve, not the reverse (Linux: pgdat_balanced): so while there is enough of high memory, only
 * pages in low memory go.
 */
static void run_in_background(struct mm_reclaim *reclaim)
{
    uint64_t n_freed = 0;
    uint64_t n;
    reclaim->woken = false;
    reclaim->pager->incoming = MMSIM_NO_PAGE;
    mm_zones_drain(reclaim->zones); /* frames on lists of CPUs are free, and not counted so */
    reclaim->only_low = !is_short(reclaim, MM_ZONE_HIGH);
    while (is_short(reclaim, MM_ZONE_LOW) &&
           (n = mm_reclaim_run(reclaim, NULL, DIRECT_PAGES)) > 0) {
        mm_zones_drain(reclaim->zones);
        n_freed += n;
    }
    reclaim->only_low = false;
    reclaim->pager->stats.background++;
    tell(reclaim, "background", n_freed);
}

static void give_up(struct mm_reclaim *reclaim, struct mm_domain *domain)
{
    mmsim_page leaving[MM_OUT_BATCH];
    uint64_t most = domain->n_resident; /* what cannot go is given up again and again */
    size_t n;
    do {
        struct run run = {.reclaim = reclaim};
        n = mm_pager_tick(domain, leaving, MM_OUT_BATCH);
        for (size_t i = 0; i < n; i++)
            handle(&run, leaving[i]);
        mm_out_finish(reclaim, &run.batch);
        put_back(reclaim);
        most -= n < most ? n : most;
    } while (n == MM_OUT_BATCH && most > 0);
}

static void let_time_pass(struct mm_reclaim *reclaim)
{
    struct mm_pager *pager = reclaim->pager;
    bool looks = pager->policy.ops->flags & MMSIM_POLICY_LOOKS;
    begin(reclaim);
    if (!looks && pager->setup.interval == 0) /* who goes must not have been used just now */
        mm_pager_harvest(pager);
    for (struct mm_list *at = pager->domains.next; at != &pager->domains; at = at->next)
        give_up(reclaim, MM_CONTAINER_OF(at, struct mm_domain, link));
    end(reclaim);
}

void mm_reclaim_tick(struct mm_reclaim *reclaim)
{
    if (reclaim->busy)
        return;
    mm_pager_poll(reclaim->pager);
    if (mm_pager_ticks(reclaim->pager))
        let_time_pass(reclaim);
}

void mm_reclaim_work(struct mm_reclaim *reclaim)
{
    mm_reclaim_tick(reclaim);
    if (reclaim->woken && !reclaim->busy)
        run_in_background(reclaim);
}

bool mm_reclaim_page(struct mm_reclaim *reclaim, struct mm_frame *frame)
{
    mmsim_page page = mm_frame_page(frame);
    if (reclaim->busy || page == MMSIM_NO_PAGE || !mm_pager_take(reclaim->pager, page))
        return false;
    struct run run = {.reclaim = reclaim, .n_spared = UINT32_MAX};
    begin(reclaim);
    handle(&run, page);
    run.n_freed += mm_out_finish(reclaim, &run.batch);
    put_back(reclaim);
    end(reclaim);
    return run.n_freed > 0;
}

/* ---- slots ---- */

/* A page in memory gives the slot up that it does not need: the next from where the last was. */
static bool free_a_slot(struct mm_reclaim *reclaim)
{
    const struct mm_swap *swap = reclaim->swap;
    for (uint32_t i = 0; i < swap->n_numbers && reclaim->n_cached > 0; i++) {
        uint32_t slot = reclaim->cached_hand;
        reclaim->cached_hand = slot + 1 < swap->n_numbers ? slot + 1 : 0;
        mmsim_pfn pfn = reclaim->cached[slot];
        if (pfn != 0 && mm_swap_count(swap, slot) == 1 && !mm_swap_is_bad(swap, slot)) {
            mm_out_uncache(reclaim, &reclaim->zones->table[pfn - 1]);
            return true;
        }
    }
    return false;
}

uint32_t mm_reclaim_take_slot(struct mm_reclaim *reclaim)
{
    uint32_t slot = mm_swap_alloc(reclaim->swap);
    if (slot == MM_NO_SLOT && free_a_slot(reclaim))
        slot = mm_swap_alloc(reclaim->swap);
    return slot;
}

/* ---- invariants ---- */

const char *mm_reclaim_check(const struct mm_reclaim *reclaim)
{
    const struct mm_swap *swap = reclaim->swap;
    uint64_t n_cached = 0;
    for (uint32_t slot = 0; slot < swap->n_numbers; slot++) {
        mmsim_pfn pfn = reclaim->cached[slot];
        if (pfn == 0)
            continue;
        n_cached++;
        const struct mm_frame *frame = &reclaim->zones->table[pfn - 1];
        if (frame->use != MM_FRAME_ANON || mm_frame_slot(frame) != slot)
            return "a slot says that a frame has its page, which denies it (reclaim invariant 2)";
        if (mm_swap_shadow(swap, slot) == MM_SLOT_OF_OBJECT)
            return "an anonymous frame has a page of shared memory (reclaim invariant 2)";
        if (mm_swap_count(swap, slot) == 0)
            return "a frame has the page of a slot that is free (reclaim invariant 1)";
    }
    if (n_cached != reclaim->n_cached)
        return "the number of pages in memory and on swap is wrong (reclaim invariant 2)";
    const char *broken = mm_swap_check(swap);
    return broken ? broken : mm_pager_check(reclaim->pager);
}
