/* pager.c - pages and their numbers, domains and their policies. */
#include "paging/pager.h"

#include "base/assert.h"

/* ---- the map of resident pages ---- */

static void set_resident(struct mm_pager *pager, mmsim_page page)
{
    pager->resident[page / 64] |= (uint64_t)1 << (page & 63);
}

static void clear_resident(struct mm_pager *pager, mmsim_page page)
{
    pager->resident[page / 64] &= ~((uint64_t)1 << (page & 63));
}

/* The first resident page from `page` on; MMSIM_NO_PAGE. */
static mmsim_page next_resident(const struct mm_pager *pager, mmsim_page page)
{
    while (page < pager->n_ever) {
        uint64_t word = pager->resident[page / 64] >> (page & 63);
        if (word)
            return page + (mmsim_page)__builtin_ctzll(word);
        page = (page | 63) + 1;
    }
    return MMSIM_NO_PAGE;
}

/* ---- what a policy sees ---- */

static enum mmsim_look look(void *user, mmsim_page page)
{
    struct mm_domain *domain = user;
    struct mm_pager *pager = domain->pager;
    struct mm_pager_page *info = &pager->pages[page];
    if (page >= pager->universe || info->place != MM_PLACE_RESIDENT)
        return MMSIM_LOOK_NOTHING;
    enum mmsim_look found = pager->look(pager->look_user, info->pfn);
    if (found != MMSIM_LOOK_NOTHING)
        info->used_at = mm_pager_now(pager);
    return found;
}

/* Tells a domain's policy, or all domains' (NULL), of accessed bits: pages in ascending order. */
static void harvest(struct mm_pager *pager, const struct mm_domain *only)
{
    for (mmsim_page page = 0; (page = next_resident(pager, page)) != MMSIM_NO_PAGE; page++) {
        struct mm_domain *domain = pager->pages[page].domain;
        if (only && domain != only)
            continue;
        enum mmsim_look found = look(domain, page);
        if (found != MMSIM_LOOK_NOTHING)
            pager->policy.ops->reference(domain->state, page,
                                         found == MMSIM_LOOK_WRITTEN ? MMSIM_KIND_STORE
                                                                     : MMSIM_KIND_LOAD);
    }
}

void mm_pager_harvest(struct mm_pager *pager)
{
    if (!pager->setup.exact)
        harvest(pager, NULL);
}

static bool polls(const struct mm_pager *pager)
{
    bool looks = pager->policy.ops->flags & MMSIM_POLICY_LOOKS;
    return pager->setup.interval > 0 && !pager->setup.exact && !looks;
}

void mm_pager_poll(struct mm_pager *pager)
{
    uint64_t now = mm_pager_now(pager);
    if (!polls(pager) || now < pager->next_look)
        return;
    pager->next_look = (now / pager->setup.interval + 1) * pager->setup.interval;
    mm_pager_harvest(pager);
}

uint64_t mm_pager_until_poll(const struct mm_pager *pager)
{
    if (!polls(pager))
        return UINT64_MAX;
    uint64_t now = mm_pager_now(pager);
    return now < pager->next_look ? pager->next_look - now : 0;
}

/* ---- domains ---- */

static bool begin_policy(struct mm_domain *domain)
{
    struct mm_pager *pager = domain->pager;
    const struct mmsim_policy_ops *ops = pager->policy.ops;
    domain->setup = (struct mmsim_policy_setup){.frames = pager->capacity,
                                                .universe = pager->universe,
                                                .seed = pager->setup.seed,
                                                .params = ops->params ? pager->policy.params : NULL,
                                                .look = pager->setup.exact ? NULL : look,
                                                .user = domain};
    domain->n_state_bytes = ops->state_bytes(&domain->setup);
    domain->state = mm_host_reserve(domain->n_state_bytes);
    if (!domain->state)
        return false;
    ops->init(domain->state, &domain->setup);
    domain->policy_frames = domain->setup.frames;
    return true;
}

static struct mm_domain *make_domain(struct mm_pager *pager, const struct mm_aspace *aspace)
{
    struct mm_domain *domain = mm_host_alloc(pager->setup.host, sizeof *domain);
    if (!domain)
        return NULL;
    *domain = (struct mm_domain){.pager = pager, .allotment = UINT64_MAX, .aspace = aspace};
    if (!begin_policy(domain)) {
        mm_host_free(pager->setup.host, domain, sizeof *domain);
        return NULL;
    }
    mm_list_append(&pager->domains, &domain->link);
    return domain;
}

static void end_domain(struct mm_domain *domain)
{
    struct mm_pager *pager = domain->pager;
    mm_list_remove(&domain->link);
    mm_host_release(domain->state, domain->n_state_bytes);
    mm_host_free(pager->setup.host, domain, sizeof *domain);
}

struct mm_domain *mm_pager_found(struct mm_pager *pager, const struct mm_aspace *aspace)
{
    return make_domain(pager, aspace);
}

struct mm_domain *mm_pager_join(struct mm_pager *pager, const struct mm_aspace *aspace)
{
    return pager->setup.local ? make_domain(pager, aspace) : pager->root;
}

void mm_pager_resize(struct mm_domain *domain, mmsim_page frames)
{
    const struct mmsim_policy_ops *ops = domain->pager->policy.ops;
    if (!ops->resize || frames == domain->policy_frames)
        return;
    domain->policy_frames = frames;
    ops->resize(domain->state, frames);
}

static void enter(struct mm_pager *pager, struct mm_domain *domain, mmsim_page page,
                  enum mmsim_kind kind)
{
    MM_ASSERT(domain->n_resident < domain->setup.frames, "a policy gets more pages than frames");
    if (domain->n_resident >= domain->policy_frames)
        mm_pager_resize(domain, (mmsim_page)domain->n_resident + 1);
    pager->pages[page].domain = domain;
    pager->pages[page].place = MM_PLACE_RESIDENT;
    set_resident(pager, page);
    domain->n_resident++;
    pager->policy.ops->load(domain->state, page, kind);
}

void mm_pager_adopt(struct mm_domain *domain, mmsim_page page)
{
    struct mm_pager *pager = domain->pager;
    struct mm_pager_page *info = &pager->pages[page];
    if (page == MMSIM_NO_PAGE || info->place != MM_PLACE_RESIDENT || info->domain == domain)
        return;
    pager->policy.ops->forget(info->domain->state, page);
    clear_resident(pager, page);
    info->domain->n_resident--;
    enter(pager, domain, page, MMSIM_KIND_LOAD);
}

void mm_pager_leave(struct mm_domain *domain)
{
    struct mm_pager *pager = domain->pager;
    if (domain == pager->root)
        return;
    for (mmsim_page page = 0; page < pager->n_ever; page++) {
        struct mm_pager_page *info = &pager->pages[page];
        if (info->domain != domain)
            continue;
        info->domain = NULL;
        if (info->place == MM_PLACE_RESIDENT)
            enter(pager, pager->root, page, MMSIM_KIND_LOAD);
    }
    if (pager->current == domain)
        pager->current = NULL;
    end_domain(domain);
}

/* ---- life ---- */

enum { SPARE_PAGES = 64 }; /* numbers of pages that are just coming, or going */

bool mm_pager_init(struct mm_pager *pager, const struct mm_pager_setup *setup)
{
    const struct mm_zones *zones = setup->zones;
    *pager = (struct mm_pager){.setup = *setup, .policy = *setup->policy};
    pager->setup.policy = &pager->policy;
    pager->incoming = pager->unused = MMSIM_NO_PAGE;
    mm_pager_next_access(pager);
    pager->next_look = setup->interval;
    uint64_t capacity =
        zones->user_limit < zones->n_ram_frames ? zones->user_limit : zones->n_ram_frames;
    pager->capacity = (mmsim_page)capacity;
    /* in frames, on swap, and remembered by their objects */
    pager->universe = (mmsim_page)(zones->n_ram_frames + setup->n_slots + capacity + SPARE_PAGES);
    mm_list_init(&pager->domains);
    pager->pages = mm_host_reserve(pager->universe * sizeof *pager->pages);
    pager->resident = mm_host_reserve((pager->universe / 64 + 1) * sizeof *pager->resident);
    pager->root = pager->pages && pager->resident ? make_domain(pager, NULL) : NULL;
    return pager->root != NULL;
}

void mm_pager_fini(struct mm_pager *pager)
{
    if (!pager->setup.host)
        return;
    while (!mm_list_empty(&pager->domains))
        end_domain(MM_CONTAINER_OF(pager->domains.next, struct mm_domain, link));
    if (pager->pages)
        mm_host_release(pager->pages, pager->universe * sizeof *pager->pages);
    if (pager->resident)
        mm_host_release(pager->resident, (pager->universe / 64 + 1) * sizeof *pager->resident);
    *pager = (struct mm_pager){0};
}

/* ---- the life of a page ---- */

mmsim_page mm_pager_new(struct mm_pager *pager)
{
    mmsim_page page = pager->unused;
    if (page != MMSIM_NO_PAGE)
        pager->unused = pager->pages[page].pfn;
    else if (pager->n_ever < pager->universe)
        page = pager->n_ever++;
    else
        return MMSIM_NO_PAGE;
    pager->pages[page] = (struct mm_pager_page){.pfn = MM_NO_PFN, .place = MM_PLACE_ABSENT};
    return page;
}

void mm_pager_forget(struct mm_pager *pager, mmsim_page page)
{
    if (page == MMSIM_NO_PAGE)
        return;
    struct mm_pager_page *info = &pager->pages[page];
    MM_ASSERT(info->place != MM_PLACE_UNUSED, "a page ceases to exist twice");
    if (info->place == MM_PLACE_RESIDENT) {
        clear_resident(pager, page);
        info->domain->n_resident--;
    }
    if (info->domain)
        pager->policy.ops->forget(info->domain->state, page);
    for (unsigned i = 0; i < 2; i++)
        if (pager->kept[i] == page)
            pager->kept[i] = MMSIM_NO_PAGE;
    if (pager->incoming == page)
        pager->incoming = MMSIM_NO_PAGE;
    *info = (struct mm_pager_page){.pfn = pager->unused};
    pager->unused = page;
}

enum { WINDOW_LOADS = 16, THRASHING_REFERENCES = 1000 };

static void tell_thrashing(struct mm_domain *domain)
{
    struct mm_obs *obs = domain->pager->setup.obs;
    domain->pager->stats.thrashing++;
    if (!mm_obs_wants(obs, MMSIM_EVENT_THRASHING))
        return;
    struct mmsim_event event = {.type = MMSIM_EVENT_THRASHING, .value = domain->n_resident};
    mm_obs_emit(obs, &event);
}

/*
 * A domain thrashes while most of what it loads are pages that it used in the last `window`
 * references, and a load comes at least every thousand: it waits more than it works.
 */
static void judge_window(struct mm_domain *domain, bool hot, uint64_t now)
{
    domain->n_window_hot += hot;
    if (domain->n_window++ == 0)
        domain->window_began = now;
    uint64_t size = domain->n_resident > WINDOW_LOADS ? domain->n_resident : WINDOW_LOADS;
    if (domain->n_window < size)
        return;
    bool often = now - domain->window_began < domain->n_window * THRASHING_REFERENCES;
    bool thrashes = often && 2 * domain->n_window_hot > domain->n_window;
    if (thrashes && !domain->thrashes)
        tell_thrashing(domain);
    domain->thrashes = thrashes;
    domain->n_window = domain->n_window_hot = 0;
}

static unsigned log2_of(uint32_t n)
{
    return n == 0 ? 0 : 31 - (unsigned)__builtin_clz(n);
}

/* Whether a page of the working set has been evicted. */
static bool count_refault(struct mm_domain *domain, const struct mm_pager_page *info, uint64_t now)
{
    struct mm_pager *pager = domain->pager;
    if (info->evicted_at == 0)
        return false;
    uint32_t distance = pager->evictions - info->evicted_at;
    pager->stats.refaults++;
    domain->n_refaults++;
    pager->stats.distances[log2_of(distance)]++;
    pager->stats.activations += distance <= domain->n_resident;
    return now - info->used_at <= pager->setup.window;
}

void mm_pager_load(struct mm_pager *pager, mmsim_page page, mmsim_pfn pfn, enum mmsim_kind kind)
{
    struct mm_pager_page *info = &pager->pages[page];
    struct mm_domain *domain = mm_pager_payer(pager);
    MM_ASSERT(info->place == MM_PLACE_ABSENT, "a page is loaded that is not absent");
    if (info->domain && info->domain != domain)
        pager->policy.ops->forget(info->domain->state, page);
    uint64_t now = mm_pager_now(pager);
    pager->stats.loads++;
    domain->n_loads++;
    domain->last_fault = now;
    judge_window(domain, count_refault(domain, info, now), now);
    info->pfn = pfn;
    info->owner = pager->owner;
    info->used_at = now + 1; /* by the reference that is under way */
    enter(pager, domain, page, kind);
    pager->incoming = MMSIM_NO_PAGE;
    if (pager->ahead)
        return;
    pager->kept[1] = pager->kept[0];
    pager->kept[0] = page;
}

void mm_pager_reference(struct mm_pager *pager, mmsim_page page, enum mmsim_kind kind)
{
    struct mm_pager_page *info = &pager->pages[page];
    info->used_at = mm_pager_now(pager);
    if (!mm_pager_keeps(pager, page) && info->place == MM_PLACE_RESIDENT)
        pager->policy.ops->reference(info->domain->state, page, kind);
}

void mm_pager_moved(struct mm_pager *pager, mmsim_page page, mmsim_pfn pfn)
{
    if (page != MMSIM_NO_PAGE)
        pager->pages[page].pfn = pfn;
}

/* ---- leaving ---- */

static void begin_leaving(struct mm_pager *pager, mmsim_page page)
{
    struct mm_pager_page *info = &pager->pages[page];
    clear_resident(pager, page);
    info->domain->n_resident--;
    info->place = MM_PLACE_LEAVING;
}

/* A policy that is somebody's own may answer anything. */
static bool is_his(const struct mm_domain *domain, mmsim_page page)
{
    const struct mm_pager *pager = domain->pager;
    return page < pager->n_ever && pager->pages[page].place == MM_PLACE_RESIDENT &&
           pager->pages[page].domain == domain;
}

mmsim_page mm_pager_choose(struct mm_domain *domain, mmsim_page incoming)
{
    struct mm_pager *pager = domain->pager;
    const struct mmsim_policy_ops *ops = pager->policy.ops;
    if (domain->n_resident == 0)
        return MMSIM_NO_PAGE;
    if (!pager->setup.exact && !(ops->flags & MMSIM_POLICY_LOOKS))
        harvest(pager, domain);
    mmsim_page page = ops->evict(domain->state, incoming);
    if (!is_his(domain, page)) {
        pager->broken = "the policy evicts a page that is not resident";
        return MMSIM_NO_PAGE;
    }
    pager->stats.scanned++;
    begin_leaving(pager, page);
    return page;
}

bool mm_pager_take(struct mm_pager *pager, mmsim_page page)
{
    struct mm_pager_page *info = &pager->pages[page];
    if (info->place != MM_PLACE_RESIDENT)
        return false;
    pager->policy.ops->forget(info->domain->state, page);
    begin_leaving(pager, page);
    return true;
}

void mm_pager_left(struct mm_pager *pager, mmsim_page page)
{
    struct mm_pager_page *info = &pager->pages[page];
    info->place = MM_PLACE_ABSENT;
    info->pfn = MM_NO_PFN;
    info->evicted_at = ++pager->evictions;
    pager->stats.reclaimed++;
}

void mm_pager_put_back(struct mm_pager *pager, mmsim_page page)
{
    pager->stats.put_backs++;
    enter(pager, pager->pages[page].domain, page, MMSIM_KIND_LOAD);
}

void mm_pager_set_aside(struct mm_pager *pager, mmsim_page page)
{
    struct mm_pager_page *info = &pager->pages[page];
    info->place = MM_PLACE_ASIDE;
}

void mm_pager_release(struct mm_pager *pager, mmsim_page page)
{
    struct mm_pager_page *info = &pager->pages[page];
    if (info->place == MM_PLACE_ASIDE)
        enter(pager, info->domain ? info->domain : pager->root, page, MMSIM_KIND_LOAD);
}

size_t mm_pager_tick(struct mm_domain *domain, mmsim_page *leaving, size_t max)
{
    struct mm_pager *pager = domain->pager;
    const struct mmsim_policy_ops *ops = pager->policy.ops;
    size_t n = ops->tick ? ops->tick(domain->state, mm_pager_now(pager), leaving, max) : 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_his(domain, leaving[i])) {
            pager->broken = "the policy gives up a page that is not resident";
            return i;
        }
        begin_leaving(pager, leaving[i]);
    }
    return n;
}

/* ---- invariants ---- */

static const char *check_page(const struct mm_pager *pager, mmsim_page page)
{
    const struct mm_pager_page *info = &pager->pages[page];
    bool has_bit = (pager->resident[page / 64] >> (page & 63)) & 1;
    if (has_bit != (info->place == MM_PLACE_RESIDENT))
        return "the map of resident pages is wrong (pager invariant 3)";
    if (info->place == MM_PLACE_LEAVING)
        return "a page is for ever leaving its frame";
    if (info->place != MM_PLACE_RESIDENT && info->place != MM_PLACE_ASIDE)
        return NULL;
    const struct mm_frame *frame = &pager->setup.zones->table[info->pfn];
    bool holds = frame->use == MM_FRAME_ANON || frame->use == MM_FRAME_FILE;
    return holds && mm_frame_page(frame) == page
               ? NULL
               : "a page's frame does not name it (pager invariant 2)";
}

static const char *check_domain(const struct mm_pager *pager, const struct mm_domain *domain)
{
    const struct mmsim_policy_ops *ops = pager->policy.ops;
    uint64_t n = 0;
    for (mmsim_page page = 0; (page = next_resident(pager, page)) != MMSIM_NO_PAGE; page++)
        n += pager->pages[page].domain == domain;
    if (n != domain->n_resident)
        return "a domain does not count its resident pages (pager invariant 1)";
    return ops->check ? ops->check(domain->state) : NULL;
}

const char *mm_pager_check(const struct mm_pager *pager)
{
    const char *broken = pager->broken;
    for (mmsim_page page = 0; page < pager->n_ever && !broken; page++)
        broken = check_page(pager, page);
    const struct mm_list *at = pager->domains.next;
    for (; at != &pager->domains && !broken; at = at->next)
        broken = check_domain(pager, MM_CONTAINER_OF(at, struct mm_domain, link));
    return broken;
}
