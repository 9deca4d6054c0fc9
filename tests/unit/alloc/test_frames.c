/*
 * The frame allocator as a whole against a map of uses: random requests of all orders, runs, CPUs,
 * injected failures, drains and moves. What may fail follows from the map alone, naively: a request
 * must be met if some place has nothing in it but free frames and pages that can move.
 */
#include <stdlib.h>

#include "alloc/compact.h"
#include "alloc/run.h"
#include "base/rng.h"
#include "zone_kit.h"

enum { MAX_LIVE = 8192, N_CPUS = 3 };

struct live {
    mmsim_pfn pfn;
    mmsim_pfn n_frames;
    bool is_run;
    uint32_t tag; /* written in its first frame, if that can move */
};

struct world {
    struct fixture fixture;
    struct mm_zones *zones;
    uint8_t *uses;     /* by pfn; RESERVED: no RAM */
    bool *can_move;    /* by pfn: a page of a process, alone */
    uint16_t *live_of; /* by pfn: which live one starts here */
    struct live live[MAX_LIVE];
    unsigned n_live;
    uint64_t n_free;
    uint64_t n_refused, n_met; /* requests */
    uint32_t last_tag;
    struct mm_rng rng;
    const char *wrong;
};

static struct world *world;

/* ---- what the model says ---- */

static void range_of_zone(enum mm_zone_kind zone, unsigned i, mmsim_pfn *start, mmsim_pfn *end)
{
    *start = world->zones->zones[zone].ranges[i].start;
    *end = world->zones->zones[zone].ranges[i].end;
}

/* What a request needs: n free frames in a row that start at a multiple of align; or the whole of
 * an aligned place that can be emptied (0: that does not help). */
struct need {
    mmsim_pfn n_frames, align, place;
};

static bool has_place(enum mm_zone_kind zone, const struct need *need)
{
    for (unsigned i = 0; i < world->zones->zones[zone].n_ranges; i++) {
        mmsim_pfn start, end;
        range_of_zone(zone, i, &start, &end);
        mmsim_pfn row = start, movable_row = start; /* where they began */
        for (mmsim_pfn pfn = start; pfn < end; pfn++) {
            bool is_free = world->uses[pfn] == MM_FRAME_FREE;
            row = is_free ? row : pfn + 1;
            movable_row = is_free || world->can_move[pfn] ? movable_row : pfn + 1;
            mmsim_pfn first = (row + need->align - 1) / need->align * need->align;
            if (first + need->n_frames <= pfn + 1)
                return true;
            if (need->place > 0 && (pfn + 1) % need->place == 0 &&
                pfn + 1 - movable_row >= need->place && world->n_free >= need->place)
                return true;
        }
    }
    return false;
}

static bool must_be_met(enum mm_frame_use use, const struct need *need)
{
    return has_place(MM_ZONE_LOW, need) || (use == MM_FRAME_ANON && has_place(MM_ZONE_HIGH, need));
}

/* ---- doing ---- */

static uint32_t *tag_at(mmsim_pfn pfn)
{
    return mm_frame_bytes(world->zones, &world->zones->table[pfn]);
}

/* Moves bytes, and the model with them. */
static void move(void *user, struct mm_frame_moves *moves)
{
    (void)user;
    for (mmsim_pfn i = 0; i < moves->n_frames; i++) {
        mmsim_pfn from = moves->first + i, to = moves->to[i];
        if (to == MM_NO_PFN)
            continue;
        if (!world->can_move[from] || world->uses[to] != MM_FRAME_FREE)
            world->wrong = "a frame is moved that cannot be, or to one that is not free";
        *tag_at(to) = *tag_at(from);
        world->uses[to] = MM_FRAME_ANON;
        world->uses[from] = MM_FRAME_FREE;
        world->can_move[to] = true;
        world->can_move[from] = false;
        world->live_of[to] = world->live_of[from];
        world->live[world->live_of[to]].pfn = to;
        moves->moved[i] = true;
    }
}

static void take(mmsim_pfn pfn, mmsim_pfn n_frames, enum mm_frame_use use, bool is_run)
{
    struct live *live = &world->live[world->n_live];
    *live = (struct live){pfn, n_frames, is_run, ++world->last_tag};
    for (mmsim_pfn i = 0; i < n_frames; i++) {
        if (world->uses[pfn + i] != MM_FRAME_FREE)
            world->wrong = "a frame was handed out that is not free";
        world->uses[pfn + i] = (uint8_t)use;
    }
    world->can_move[pfn] = use == MM_FRAME_ANON && n_frames == 1;
    if (world->can_move[pfn])
        *tag_at(pfn) = live->tag;
    world->live_of[pfn] = (uint16_t)world->n_live++;
    world->n_free -= n_frames;
    world->n_met++;
}

static void allocate(enum mm_frame_use use)
{
    bool is_run = use != MM_FRAME_ANON && mm_rng_below(&world->rng, 3) == 0;
    unsigned order = (unsigned)mm_rng_below(&world->rng, mm_rng_below(&world->rng, 11) + 1);
    if (use == MM_FRAME_ANON && mm_rng_below(&world->rng, 16) > 0)
        order = 0; /* larger blocks of processes do not move */
    mmsim_pfn n_frames = 1u << order;
    unsigned align = order;
    uint64_t n_injected = world->zones->inject.n_failures;
    struct mm_frame *frame;
    if (is_run) {
        n_frames = 1 + (mmsim_pfn)mm_rng_below(&world->rng, 3 * n_frames / 2 + 1);
        align = (unsigned)mm_rng_below(&world->rng, mm_rng_below(&world->rng, 5) + 1);
        frame = mm_run_alloc(world->zones, use, n_frames, align);
    } else
        frame = mm_zone_alloc(world->zones, use, order);
    if (frame) {
        if (mm_frame_pfn(world->zones, frame) % (1u << align) != 0)
            world->wrong = "a block is not aligned";
        take(mm_frame_pfn(world->zones, frame), n_frames, use, is_run);
        return;
    }
    world->n_refused++;
    if (world->zones->inject.n_failures > n_injected)
        return;
    mmsim_pfn place = 1u << align;
    while (place < n_frames)
        place *= 2;
    struct need need = {n_frames, 1u << align, place > 1 && place <= 1024 ? place : 0};
    if (must_be_met(use, &need))
        world->wrong = "a request failed that could have been met";
}

static void release(unsigned victim)
{
    struct live live = world->live[victim];
    struct mm_frame *frame = &world->zones->table[live.pfn];
    if (world->can_move[live.pfn] && *tag_at(live.pfn) != live.tag)
        world->wrong = "a page has other bytes than were written to it";
    if (live.is_run)
        mm_run_free(world->zones, frame, live.n_frames);
    else
        mm_zone_free(world->zones, frame, mm_frame_order(frame));
    memset(&world->uses[live.pfn], MM_FRAME_FREE, live.n_frames);
    world->can_move[live.pfn] = false;
    world->n_free += live.n_frames;
    world->live[victim] = world->live[--world->n_live];
    if (victim < world->n_live)
        world->live_of[world->live[victim].pfn] = (uint16_t)victim;
}

/* Shrinks or extends a run in place. */
static void resize(struct live *live)
{
    struct mm_frame *frame = &world->zones->table[live->pfn];
    mmsim_pfn n = 1 + (mmsim_pfn)mm_rng_below(&world->rng, 2 * live->n_frames);
    bool is_same = n == live->n_frames;
    if (!live->is_run || is_same)
        return;
    uint8_t use = world->uses[live->pfn];
    if (n < live->n_frames) {
        mm_run_shrink(world->zones, frame, live->n_frames, n);
        memset(&world->uses[live->pfn + n], MM_FRAME_FREE, live->n_frames - n);
        world->n_free += live->n_frames - n;
        live->n_frames = n;
        return;
    }
    uint64_t n_injected = world->zones->inject.n_failures;
    const struct mm_buddy *buddy = &world->zones->zones[mm_pfn_zone(live->pfn)];
    bool is_free = live->pfn + n <= mm_buddy_range_of(buddy, live->pfn)->end;
    for (mmsim_pfn i = live->n_frames; is_free && i < n; i++)
        is_free = world->uses[live->pfn + i] == MM_FRAME_FREE;
    bool extended = mm_run_extend(world->zones, frame, live->n_frames, n);
    if (extended != is_free && world->zones->inject.n_failures == n_injected)
        world->wrong = "a run grows where it cannot, or does not where it can";
    if (!extended)
        return;
    memset(&world->uses[live->pfn + live->n_frames], use, n - live->n_frames);
    world->n_free -= n - live->n_frames;
    live->n_frames = n;
}

/* ---- the run of it ---- */

static void compare(void)
{
    const struct mm_zones *zones = world->zones;
    uint64_t n_by_use[MM_N_FRAME_USES] = {0};
    for (mmsim_pfn pfn = 0; pfn < zones->n_frames; pfn++)
        n_by_use[world->uses[pfn]]++;
    for (unsigned use = MM_FRAME_FREE; use < MM_N_FRAME_USES; use++)
        if (n_by_use[use] != zones->n_by_use[use])
            world->wrong = "the account by use differs from the model";
    for (unsigned i = 0; i < world->n_live; i++)
        for (mmsim_pfn k = 0; k < world->live[i].n_frames; k += 1 + k) {
            mmsim_paddr address = mm_pfn_address(world->live[i].pfn + k);
            if (mm_zone_block(zones, address)->use != world->uses[world->live[i].pfn + k])
                world->wrong = "a frame is in another use than the model says";
        }
    const char *broken = mm_zones_check(zones);
    world->wrong = broken ? broken : world->wrong;
}

static enum mm_frame_use choose_use(void)
{
    uint64_t n_kernel =
        world->zones->n_ram_frames - world->n_free - world->zones->n_by_use[MM_FRAME_ANON];
    if (n_kernel > world->zones->n_ram_frames / 4 || mm_rng_below(&world->rng, 16) > 1)
        return MM_FRAME_ANON;
    return mm_rng_below(&world->rng, 2) ? MM_FRAME_SLAB : MM_FRAME_PAGE_TABLE;
}

/* One random thing; more is allocated than freed while more than 1/share of memory is free. */
static void step(unsigned share)
{
    uint64_t what = mm_rng_below(&world->rng, 1000);
    bool is_rich = world->n_free > world->zones->n_ram_frames / share;
    world->zones->cpu = (uint32_t)mm_rng_below(&world->rng, N_CPUS);
    if (what == 0)
        mm_zones_drain(world->zones);
    else if (what < 20 && world->n_live > 0)
        resize(&world->live[mm_rng_below(&world->rng, world->n_live)]);
    else if (world->n_live < MAX_LIVE - 1 && mm_rng_below(&world->rng, 100) < (is_rich ? 70 : 40))
        allocate(choose_use());
    else if (world->n_live > 0)
        release((unsigned)mm_rng_below(&world->rng, world->n_live));
}

static const struct {
    uint64_t low_bytes, high_bytes;
} layouts[] = {
    {9 * MMSIM_MIB + 5 * MMSIM_PAGE_SIZE, 0},
    {24 * MMSIM_MIB, 0},
    {9 * MMSIM_MIB, 13 * MMSIM_MIB + MMSIM_PAGE_SIZE}, /* high memory above 4 GiB */
};
enum { N_LAYOUTS = sizeof layouts / sizeof *layouts, N_STEPS = 300000 };

static void begin(int layout)
{
    world = calloc(1, sizeof *world);
    world->zones = &world->fixture.zones;
    ck_assert(mm_phys_init_ranges(&world->fixture.phys, layouts[layout].low_bytes,
                                  layouts[layout].high_bytes));
    ck_assert(mm_zones_init(world->zones, &world->fixture.phys, 0));
    struct mm_zones *zones = world->zones;
    zones->n_cpus = N_CPUS;
    zones->move_frames = move;
    world->uses = calloc(zones->n_frames, 1);
    world->can_move = calloc(zones->n_frames, 1);
    world->live_of = calloc(zones->n_frames, sizeof *world->live_of);
    for (unsigned zone = 0; zone < MM_N_ZONES; zone++)
        for (unsigned i = 0; i < zones->zones[zone].n_ranges; i++) {
            mmsim_pfn start, end;
            range_of_zone((enum mm_zone_kind)zone, i, &start, &end);
            memset(&world->uses[start], MM_FRAME_FREE, end - start);
            world->n_free += end - start;
        }
    mm_rng_seed(&world->rng, (uint64_t)layout);
}

static void end(void)
{
    free(world->uses);
    free(world->can_move);
    free(world->live_of);
    teardown(&world->fixture);
    free(world);
}

START_TEST(random_requests_agree_with_a_map_of_uses)
{
    begin(_i);
    struct mm_zones *zones = world->zones;
    for (unsigned i = 0; i < N_STEPS && !world->wrong; i++) {
        if (i % 4000 == 0) {
            struct mm_inject_rule rule = {.share = MM_INJECT_CERTAIN / 50, .seed = i};
            mm_inject_arm(&zones->inject, i % 8000 ? &rule : &(struct mm_inject_rule){0});
            mm_zones_set_switches(zones, i % 20000 == 8000 ? MM_ZONES_POISON : 0);
        }
        step(i / 8000 % 2 ? 30 : 6);
        if (i % 1000 == 0)
            compare();
    }
    ck_assert_msg(!world->wrong, "%s", world->wrong);
    ck_assert_uint_gt(world->n_met, N_STEPS / 5);
    ck_assert_uint_gt(world->n_refused, 1000);
    ck_assert_uint_gt(zones->n_compactions, 100);
    while (world->n_live > 0)
        release(world->n_live - 1);
    mm_zones_drain(zones);
    compare();
    ck_assert_msg(!world->wrong, "%s", world->wrong);
    end();
}
END_TEST

Suite *test_frames_suite(void);
Suite *test_frames_suite(void)
{
    Suite *suite = suite_create("frames");
    TCase *tests = tcase_create("frames");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, random_requests_agree_with_a_map_of_uses, 0, N_LAYOUTS);
    suite_add_tcase(suite, tests);
    return suite;
}
