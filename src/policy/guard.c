/*
 * guard.c - a caller that believes a policy nothing: it drives any table by the protocol of
 * <mmsim/policy.h>, and turns what the policy does wrong into a sentence.
 *
 * Residency is the guard's own, and so are the accessed and dirty bits of the view of bits: both
 * are set by every reference, the one that loaded the page included, and cleared by whoever looks.
 *
 * Invariants: (1) n_resident counts the pages with RESIDENT and is at most `frames`; (2) only
 * resident pages have other flags; (3) once `mistake` is set, no page moves any more.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <mmsim/policy_kit.h>

#include "base/host.h"
#include "base/rng.h"
#include "base/text.h"

enum { RESIDENT = 1, DIRTY = 2, ACCESSED = 4, WRITTEN = 8 };
enum { MAX_LEAVING = 8, CANARY_BYTES = 64, CANARY = 0xA5 };

struct mmsim_guard {
    struct mm_host host;
    struct mmsim_policy_choice choice;
    const struct mmsim_policy_ops *ops; /* of the choice */
    struct mmsim_policy_setup setup;
    uint8_t *state; /* n_state_bytes of the policy, then the canary */
    size_t n_state_bytes;
    uint8_t *flags;    /* by page */
    mmsim_page frames; /* as they are now */
    mmsim_page n_resident;
    uint32_t harvest_every, pin_every, until_pin;
    enum mmsim_guard_role role;
    bool may_look; /* the policy is in evict() or tick() */
    uint8_t gone;  /* the flags of the page that left last */
    uint64_t digest;
    struct mmsim_counts counts;
    struct mmsim_error mistake; /* status OK: none yet */
};

/* ---- mistakes ---- */

/* The first one stays. */
static void blame(struct mmsim_guard *guard, const char *format, ...) MM_PRINTF(2, 3);

static void blame(struct mmsim_guard *guard, const char *format, ...)
{
    struct mmsim_error *mistake = &guard->mistake;
    if (mistake->status != MMSIM_OK)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(mistake->text, sizeof mistake->text, format, arguments);
    va_end(arguments);
    mistake->status = MMSIM_INVARIANT;
    snprintf(mistake->where, sizeof mistake->where, "%.60s, reference %llu", guard->ops->name,
             (unsigned long long)guard->counts.references);
}

static bool is_fine(const struct mmsim_guard *guard)
{
    return guard->mistake.status == MMSIM_OK;
}

/* Looks at what can be wrong after any call. */
static void inspect(struct mmsim_guard *guard, const char *verb)
{
    const uint8_t *canary = guard->state + guard->n_state_bytes;
    for (int i = 0; i < CANARY_BYTES; i++)
        if (canary[i] != CANARY) {
            blame(guard,
                  "%s wrote behind its state: byte %zu of the %zu that state_bytes() asked for",
                  verb, guard->n_state_bytes + (size_t)i, guard->n_state_bytes);
            break;
        }
    const char *wrong = guard->ops->check ? guard->ops->check(guard->state) : NULL;
    if (wrong)
        blame(guard, "after %s check() says: %s", verb, wrong);
}

static enum mmsim_status verdict(struct mmsim_guard *guard, struct mmsim_error *error)
{
    if (!is_fine(guard) && error)
        *error = guard->mistake;
    return guard->mistake.status;
}

/* ---- what a policy sees ---- */

static enum mmsim_look look(void *user, mmsim_page page)
{
    struct mmsim_guard *guard = (struct mmsim_guard *)user;
    if (!guard->may_look)
        blame(guard, "look() was called outside evict() and tick()");
    if (page >= guard->setup.universe || !(guard->flags[page] & RESIDENT)) {
        blame(guard, "look() was called for page %u, which is not resident", page);
        return MMSIM_LOOK_NOTHING;
    }
    unsigned flags = guard->flags[page];
    guard->flags[page] = (uint8_t)(flags & ~(unsigned)(ACCESSED | WRITTEN));
    if (!(flags & ACCESSED))
        return MMSIM_LOOK_NOTHING;
    return flags & WRITTEN ? MMSIM_LOOK_WRITTEN : MMSIM_LOOK_ACCESSED;
}

/* Tells all bits that are set, and clears them. */
static void harvest(struct mmsim_guard *guard)
{
    if (guard->harvest_every == 0 || guard->setup.look)
        return;
    guard->may_look = true; /* it is the guard that looks */
    for (mmsim_page page = 0; page < guard->setup.universe; page++) {
        enum mmsim_look found =
            guard->flags[page] & ACCESSED ? look(guard, page) : MMSIM_LOOK_NOTHING;
        if (found != MMSIM_LOOK_NOTHING)
            guard->ops->reference(guard->state, page,
                                  found == MMSIM_LOOK_WRITTEN ? MMSIM_KIND_STORE : MMSIM_KIND_LOAD);
    }
    guard->may_look = false;
}

static void mark(struct mmsim_guard *guard, mmsim_page page, enum mmsim_kind kind)
{
    unsigned flags = guard->flags[page];
    if (kind == MMSIM_KIND_STORE)
        flags |= DIRTY | WRITTEN;
    guard->flags[page] = (uint8_t)(flags | ACCESSED);
}

/* ---- moves ---- */

static void note(struct mmsim_guard *guard, uint64_t what)
{
    guard->digest = mm_rng_mix(guard->digest ^ what);
}

static void let_in(struct mmsim_guard *guard, mmsim_page page, enum mmsim_kind kind)
{
    guard->ops->load(guard->state, page, kind);
    guard->flags[page] |= RESIDENT;
    guard->n_resident++;
    mark(guard, page, kind);
    inspect(guard, "load()");
}

static void count_out(struct mmsim_guard *guard, mmsim_page page)
{
    guard->counts.evictions++;
    guard->counts.dirty_evictions += (guard->flags[page] & DIRTY) != 0;
    guard->gone = guard->flags[page];
    guard->flags[page] = 0;
    guard->n_resident--;
    note(guard, page);
}

/* Whether a page may be named by a policy that lets it go. */
static bool can_go(struct mmsim_guard *guard, const char *verb, mmsim_page page)
{
    if (page == MMSIM_NO_PAGE)
        blame(guard, "%s gave MMSIM_NO_PAGE, though pages are resident (%u of them)", verb,
              guard->n_resident);
    else if (page >= guard->setup.universe)
        blame(guard, "%s gave page %u, but pages are below %u", verb, page, guard->setup.universe);
    else if (!(guard->flags[page] & RESIDENT))
        blame(guard, "%s gave page %u, which is not resident", verb, page);
    return is_fine(guard);
}

static mmsim_page let_one_go(struct mmsim_guard *guard, mmsim_page incoming)
{
    harvest(guard);
    guard->may_look = true;
    mmsim_page victim = guard->ops->evict(guard->state, incoming);
    guard->may_look = false;
    if (can_go(guard, "evict()", victim))
        count_out(guard, victim);
    inspect(guard, "evict()");
    return victim;
}

static bool is_pinned(struct mmsim_guard *guard)
{
    if (guard->pin_every == 0 || --guard->until_pin > 0)
        return false;
    guard->until_pin = guard->pin_every;
    return true;
}

/* Undoes that a page went: the one that left last. */
static void put_back(struct mmsim_guard *guard, mmsim_page page)
{
    uint8_t flags = guard->gone;
    let_in(guard, page, flags & DIRTY ? MMSIM_KIND_STORE : MMSIM_KIND_LOAD);
    guard->flags[page] = flags;
    guard->counts.evictions--;
    guard->counts.dirty_evictions -= (flags & DIRTY) != 0;
}

static void make_room(struct mmsim_guard *guard, mmsim_page incoming)
{
    while (is_fine(guard) && guard->n_resident >= guard->frames) {
        mmsim_page victim = let_one_go(guard, incoming);
        if (is_fine(guard) && is_pinned(guard))
            put_back(guard, victim);
    }
}

static void tick(struct mmsim_guard *guard)
{
    mmsim_page leaving[MAX_LEAVING];
    size_t n = MAX_LEAVING;
    while (is_fine(guard) && guard->ops->tick && n == MAX_LEAVING) {
        guard->may_look = true;
        n = guard->ops->tick(guard->state, guard->counts.references, leaving, MAX_LEAVING);
        guard->may_look = false;
        if (n > MAX_LEAVING)
            blame(guard, "tick() returned %zu, but `leaving` has room for %d", n, MAX_LEAVING);
        else if (n > 0 && !(guard->ops->flags & MMSIM_POLICY_VARIABLE))
            blame(guard, "tick() let pages leave, but MMSIM_POLICY_VARIABLE is not set");
        for (size_t i = 0; is_fine(guard) && i < n; i++)
            if (can_go(guard, "tick()", leaving[i]))
                count_out(guard, leaving[i]);
        inspect(guard, "tick()");
    }
}

static void hit(struct mmsim_guard *guard, mmsim_page page, enum mmsim_kind kind)
{
    mark(guard, page, kind);
    if (guard->harvest_every > 0)
        return;
    guard->ops->reference(guard->state, page, kind);
    inspect(guard, "reference()");
}

static void miss(struct mmsim_guard *guard, mmsim_page page, enum mmsim_kind kind)
{
    guard->counts.misses++;
    bool asks = guard->role == MMSIM_GUARD_STUDY && guard->ops->admit;
    bool wanted = !asks || guard->ops->admit(guard->state, page);
    note(guard, wanted ? UINT64_MAX : UINT64_MAX - 1);
    if (wanted)
        make_room(guard, page);
    if (wanted && is_fine(guard))
        let_in(guard, page, kind);
}

/* ---- the doors ---- */

static enum mmsim_status judge(const struct mmsim_guard_setup *setup, struct mmsim_error *error)
{
    enum mmsim_status status = mmsim_policy_validate(setup->choice.ops, error);
    if (status != MMSIM_OK)
        return status;
    if (setup->frames == 0)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "frames", "0 is not in 1..");
    if (setup->universe == 0 || setup->universe > MMSIM_MAX_PAGES)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "universe", "%u is not in 1..2^30",
                            setup->universe);
    if (setup->pin_every == 1)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "pin_every",
                            "1 would pin every victim: expected 0, or 2 and more");
    return MMSIM_OK;
}

static bool sees_by_itself(const struct mmsim_guard_setup *setup)
{
    return setup->harvest_every > 0 && setup->choice.ops->flags & MMSIM_POLICY_LOOKS;
}

static void describe(struct mmsim_guard *guard, const struct mmsim_guard_setup *from)
{
    guard->choice = from->choice;
    guard->ops = from->choice.ops;
    guard->setup = (struct mmsim_policy_setup){
        .frames = from->frames,
        .universe = from->universe,
        .seed = from->seed,
        .params = guard->ops->params ? guard->choice.params : NULL,
        .future = from->future,
        .n_future = from->n_future,
        .look = sees_by_itself(from) ? look : NULL,
        .user = guard,
    };
    guard->frames = from->frames;
    guard->role = from->role;
    guard->harvest_every = from->harvest_every;
    guard->pin_every = guard->until_pin = from->pin_every;
}

enum mmsim_status mmsim_guard_create(const struct mmsim_guard_setup *setup,
                                     struct mmsim_guard **out, struct mmsim_error *error)
{
    struct mm_host host;
    enum mmsim_status status = judge(setup, error);
    if (status != MMSIM_OK)
        return status;
    mm_host_init(&host, NULL);
    struct mmsim_guard *guard = (struct mmsim_guard *)mm_host_alloc(&host, sizeof *guard);
    if (guard) {
        guard->host = host;
        describe(guard, setup);
        guard->n_state_bytes = guard->ops->state_bytes(&guard->setup);
        guard->state = (uint8_t *)mm_host_alloc(&guard->host, guard->n_state_bytes + CANARY_BYTES);
        guard->flags = (uint8_t *)mm_host_alloc(&guard->host, setup->universe);
    }
    if (!guard || !guard->state || !guard->flags) {
        mmsim_guard_destroy(guard);
        return mm_error_set(error, MMSIM_HOST_MEMORY, setup->choice.ops->name,
                            "no memory for the state of the policy");
    }
    memset(guard->state + guard->n_state_bytes, CANARY, CANARY_BYTES);
    guard->ops->init(guard->state, &guard->setup);
    inspect(guard, "init()");
    *out = guard;
    return MMSIM_OK;
}

void mmsim_guard_destroy(struct mmsim_guard *guard)
{
    if (!guard)
        return;
    struct mm_host host = guard->host;
    mm_host_free(&host, guard->flags, guard->setup.universe);
    mm_host_free(&host, guard->state, guard->n_state_bytes + CANARY_BYTES);
    mm_host_free(&host, guard, sizeof *guard);
}

enum mmsim_status mmsim_guard_reference(struct mmsim_guard *guard, mmsim_ref ref,
                                        struct mmsim_error *error)
{
    mmsim_page page = mmsim_ref_page(ref);
    enum mmsim_kind kind = mmsim_ref_kind(ref);
    if (page >= guard->setup.universe || kind >= MMSIM_N_KINDS)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "ref", "there is no such page or kind");
    if (!is_fine(guard))
        return verdict(guard, error);
    if (guard->flags[page] & RESIDENT)
        hit(guard, page, kind);
    else
        miss(guard, page, kind);
    guard->counts.references++;
    if (guard->harvest_every > 0 && guard->counts.references % guard->harvest_every == 0)
        harvest(guard);
    tick(guard);
    return verdict(guard, error);
}

enum mmsim_status mmsim_guard_evict(struct mmsim_guard *guard, mmsim_page *victim,
                                    struct mmsim_error *error)
{
    if (!is_fine(guard))
        return verdict(guard, error);
    if (guard->n_resident == 0)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "", "no page is resident");
    *victim = let_one_go(guard, MMSIM_NO_PAGE);
    return verdict(guard, error);
}

enum mmsim_status mmsim_guard_put_back(struct mmsim_guard *guard, mmsim_page page,
                                       struct mmsim_error *error)
{
    if (!is_fine(guard))
        return verdict(guard, error);
    if (page >= guard->setup.universe || guard->flags[page] & RESIDENT ||
        guard->n_resident >= guard->frames)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "page", "it is resident, or has no room");
    put_back(guard, page);
    return verdict(guard, error);
}

enum mmsim_status mmsim_guard_forget(struct mmsim_guard *guard, mmsim_page page,
                                     struct mmsim_error *error)
{
    if (!is_fine(guard))
        return verdict(guard, error);
    if (page >= guard->setup.universe)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "page", "%u is not below %u", page,
                            guard->setup.universe);
    guard->ops->forget(guard->state, page);
    guard->n_resident -= (guard->flags[page] & RESIDENT) != 0;
    guard->flags[page] = 0;
    inspect(guard, "forget()");
    return verdict(guard, error);
}

enum mmsim_status mmsim_guard_resize(struct mmsim_guard *guard, mmsim_page frames,
                                     struct mmsim_error *error)
{
    if (!is_fine(guard))
        return verdict(guard, error);
    if (!guard->ops->resize || frames == 0 || frames > guard->setup.frames)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "frames",
                            "the policy has no resize(), or %u is not in 1..%u", frames,
                            guard->setup.frames);
    while (is_fine(guard) && guard->n_resident > frames)
        let_one_go(guard, MMSIM_NO_PAGE);
    if (is_fine(guard)) {
        guard->ops->resize(guard->state, frames);
        guard->frames = frames;
        inspect(guard, "resize()");
    }
    return verdict(guard, error);
}

bool mmsim_guard_is_resident(const struct mmsim_guard *guard, mmsim_page page)
{
    return page < guard->setup.universe && guard->flags[page] & RESIDENT;
}

mmsim_page mmsim_guard_n_resident(const struct mmsim_guard *guard)
{
    return guard->n_resident;
}

const struct mmsim_counts *mmsim_guard_counts(const struct mmsim_guard *guard)
{
    return &guard->counts;
}

uint64_t mmsim_guard_digest(const struct mmsim_guard *guard)
{
    return guard->digest;
}
