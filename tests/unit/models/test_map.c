/*
 * test_map.c - the page-table writer against an array of what it was told.
 *
 * Random verbs run on real tables in a small buffer and on the array; after each one every address
 * is asked both ways, through query() and through the walker that shares no code with the writer.
 * Frames for tables come from a pool of few, so that prepare() fails now and then.
 */
#include <check.h>
#include <mmsim/arch.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "oracle.h"
#include "x86_32/model.h"

/* ck_assert_msg() reports each success to the runner, by a write; millions of them take minutes. */
#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

#define ROOT UINT32_C(0x1000)
#define OTHER_ROOT UINT32_C(0x2000)
#define FIRST_FRAME 3u
#define N_FRAMES 8u
#define RAM_BYTES ((size_t)(FIRST_FRAME + N_FRAMES) * 4096)

#define N_SLOTS 5u /* 4 MiB regions */
#define N_PAGES 6u /* pages looked at in each */
#define N_ENTRIES (N_SLOTS * N_PAGES)

static const uint32_t slot_numbers[N_SLOTS] = {0x40, 0x41, 0x42, 0x1FF, 0x3FF};
static const uint32_t page_numbers[N_PAGES] = {0, 1, 2, 511, 1022, 1023};

/* What the writer was told about one slot. */
struct slot {
    bool large;                        /* `pages[0]` is a 4 MiB page */
    bool prepared;                     /* room was made for small pages since it had none */
    struct mmsim_entry pages[N_PAGES]; /* the model */
    mmsim_paddr table;                 /* 0 = none was taken */
};

struct world {
    struct mmsim_page_map map; /* first: the callbacks get it back */
    const struct mmsim_arch_ops *ops;
    struct mmsim_arch_cpu cpu;
    struct mmsim_port port;
    struct mm_rng rng;
    struct slot slots[N_SLOTS];
    bool taken[FIRST_FRAME + N_FRAMES];
    uint16_t used[FIRST_FRAME + N_FRAMES];
    unsigned n_taken, limit;
    unsigned step;
};

/* ---- frames for tables ---- */

static struct slot *slot_of(struct world *world, mmsim_vaddr address)
{
    for (unsigned i = 0; i < N_SLOTS; i++)
        if (slot_numbers[i] == address >> 22)
            return &world->slots[i];
    ck_abort_msg("step %u: a table for %#llx, where nothing was asked for", world->step,
                 (unsigned long long)address);
    return NULL;
}

static bool get_table(struct mmsim_page_map *map, mmsim_vaddr covers, mmsim_paddr *table)
{
    struct world *world = (struct world *)map;
    struct slot *slot = slot_of(world, covers);
    MUST(slot->table == 0, "step %u: a second table for one place", world->step);
    if (world->n_taken >= world->limit)
        return false;
    unsigned frame = FIRST_FRAME + (unsigned)mm_rng_below(&world->rng, N_FRAMES);
    while (world->taken[frame])
        frame = frame + 1 < FIRST_FRAME + N_FRAMES ? frame + 1 : FIRST_FRAME;
    world->taken[frame] = true;
    world->used[frame] = 0;
    world->n_taken++;
    slot->table = *table = (mmsim_paddr)frame * 4096;
    memset(world->port.ram + *table, 0, 4096);
    return true;
}

static void put_table(struct mmsim_page_map *map, mmsim_vaddr covers, mmsim_paddr table)
{
    struct world *world = (struct world *)map;
    struct slot *slot = slot_of(world, covers);
    MUST(slot->table == table && table != 0, "step %u: a table given back to the wrong place",
         world->step);
    world->taken[table / 4096] = false;
    world->n_taken--;
    slot->table = 0;
    memset(world->port.ram + table, 0xA5, 4096);
}

static uint16_t *used_of_table(struct mmsim_page_map *map, mmsim_paddr table)
{
    struct world *world = (struct world *)map;
    MUST(table < RAM_BYTES && table % 4096 == 0, "step %u: no such table", world->step);
    return &world->used[table / 4096];
}

static const struct mmsim_table_ops table_ops = {get_table, put_table, used_of_table};

/* ---- the bench ---- */

static void no_read(void *bus, mmsim_paddr address, void *data, size_t n_bytes)
{
    (void)bus;
    (void)data;
    ck_abort_msg("%zu bytes read at %#llx", n_bytes, (unsigned long long)address);
}

static void no_write(void *bus, mmsim_paddr address, const void *data, size_t n_bytes)
{
    (void)bus;
    (void)data;
    ck_abort_msg("%zu bytes written at %#llx", n_bytes, (unsigned long long)address);
}

static const struct mmsim_cpu_preset *preset_with(uint32_t abilities)
{
    const struct mmsim_cpu_preset *preset = mm_x86_32_arch.presets;
    while (preset->name && (preset->abilities & abilities) != abilities)
        preset++;
    ck_assert_ptr_nonnull(preset->name);
    return preset;
}

static void world_init(struct world *world, uint32_t abilities, uint64_t seed)
{
    *world = (struct world){.ops = &mm_x86_32_arch, .limit = N_FRAMES};
    mm_rng_seed(&world->rng, seed);
    world->port = (struct mmsim_port){
        .ram = calloc(1, RAM_BYTES), .low_bytes = RAM_BYTES, .read = no_read, .write = no_write};
    ck_assert_ptr_nonnull(world->port.ram);
    world->ops->reset(&world->cpu, preset_with(abilities));
    world->map = (struct mmsim_page_map){.port = &world->port, .tables = &table_ops, .root = ROOT};
    world->map.abilities = world->ops->start_paging(&world->cpu, X86_MODE_32BIT, ROOT, abilities);
    ck_assert_uint_eq(world->map.abilities, abilities);
    ck_assert_uint_eq(world->ops->root(&world->cpu), ROOT);
}

static void world_fini(struct world *world)
{
    free(world->port.ram);
}

static mmsim_vaddr address_of(unsigned slot, unsigned page)
{
    return (mmsim_vaddr)slot_numbers[slot] << 22 | (mmsim_vaddr)page_numbers[page] << 12;
}

/* What the model says stands at an address: a large page stands at all of its pages. */
static const struct mmsim_entry *told(const struct world *world, unsigned slot, unsigned page)
{
    const struct slot *s = &world->slots[slot];
    return &s->pages[s->large ? 0 : page];
}

static unsigned n_in_use(const struct slot *slot)
{
    unsigned n = 0;
    for (unsigned page = 0; page < N_PAGES; page++)
        n += slot->pages[page].state != MMSIM_ENTRY_NONE;
    return n;
}

/* ---- comparisons ---- */

static bool same_entry(const struct mmsim_entry *a, const struct mmsim_entry *b)
{
    if (a->state == MMSIM_ENTRY_NONE || b->state == MMSIM_ENTRY_NONE)
        return a->state == b->state;
    return a->state == b->state && a->size_class == b->size_class && a->flags == b->flags &&
           a->base == b->base;
}

static void expect_entry(const struct world *world, const struct mmsim_entry *got,
                         const struct mmsim_entry *must, const char *verb)
{
    MUST(same_entry(got, must),
         "step %u: %s gave state %u class %u flags %#x base %#llx, must be %u, %u, %#x, %#llx",
         world->step, verb, got->state, got->size_class, got->flags, (unsigned long long)got->base,
         must->state, must->size_class, must->flags, (unsigned long long)must->base);
}

static struct oracle_cpu rules_of(const struct world *world)
{
    return (struct oracle_cpu){.has_wp = world->cpu.preset->features & X86_HAS_WP,
                               .wp = world->cpu.registers[X86_CR0] & X86_CR0_WP};
}

/* What the walker must find at an address: the page of the model, reached by the rights table. */
static void expect_reachable(const struct world *world, unsigned slot, unsigned page)
{
    const struct mmsim_entry *entry = told(world, slot, page);
    struct oracle_cpu rules = rules_of(world);
    for (unsigned i = 0; i < 4; i++) {
        struct oracle_access access = {.write = i & 1, .user = i & 2};
        struct mmsim_request request = {
            .address = address_of(slot, page) + 0x123,
            .access = access.write ? MMSIM_ACCESS_WRITE : MMSIM_ACCESS_READ,
            .privilege = access.user ? MMSIM_PRIVILEGE_USER : MMSIM_PRIVILEGE_SUPERVISOR};
        struct mmsim_walk walk = {0};
        world->ops->explain(&world->cpu, &world->port, &request, &walk);
        bool present = entry->state == MMSIM_ENTRY_PRESENT;
        MUST(walk.present == present, "step %u: %#llx is %spresent to the walker", world->step,
             (unsigned long long)request.address, walk.present ? "" : "not ");
        if (!present)
            continue;
        bool may = oracle_permits(&rules, &access, entry->flags & MMSIM_ENTRY_USER,
                                  entry->flags & MMSIM_ENTRY_WRITABLE);
        mmsim_vaddr size = entry->size_class ? 4 * MMSIM_MIB : MMSIM_PAGE_SIZE;
        MUST(walk.allowed == may, "step %u: %#llx: access %u", world->step,
             (unsigned long long)request.address, i);
        MUST(walk.physical == entry->base + request.address % size, "step %u: physical %#llx",
             world->step, (unsigned long long)walk.physical);
        MUST(walk.page_shift == (entry->size_class ? 22 : 12), "step %u: size", world->step);
        MUST(walk.accessed == ((entry->flags & MMSIM_ENTRY_ACCESSED) != 0) &&
                 walk.dirty == ((entry->flags & MMSIM_ENTRY_DIRTY) != 0),
             "step %u: accessed or dirty", world->step);
    }
}

static void expect_next(const struct world *world, mmsim_vaddr from, mmsim_vaddr to)
{
    mmsim_vaddr must = to;
    for (unsigned slot = N_SLOTS; slot-- > 0;)
        for (unsigned page = N_PAGES; page-- > 0;)
            if (world->slots[slot].pages[page].state != MMSIM_ENTRY_NONE &&
                address_of(slot, page) >= from && address_of(slot, page) < to)
                must = address_of(slot, page);
    mmsim_vaddr got = world->ops->next(&world->map, from, to);
    MUST(got == must, "step %u: next in %#llx-%#llx is %#llx, must be %#llx", world->step,
         (unsigned long long)from, (unsigned long long)to, (unsigned long long)got,
         (unsigned long long)must);
}

/* An address to search from: the start of a slot or a page, but not inside of a large page. */
static mmsim_vaddr search_bound(struct world *world)
{
    unsigned slot = (unsigned)mm_rng_below(&world->rng, N_SLOTS);
    unsigned page = (unsigned)mm_rng_below(&world->rng, N_PAGES);
    if (world->slots[slot].large)
        page = 0;
    mmsim_vaddr bound = address_of(slot, page);
    switch (mm_rng_below(&world->rng, 4)) {
    case 0:
        return 0;
    case 1:
        return world->slots[slot].large ? bound : bound + MMSIM_PAGE_SIZE;
    default:
        return bound;
    }
}

static void expect_tables(const struct world *world)
{
    for (unsigned slot = 0; slot < N_SLOTS; slot++) {
        const struct slot *s = &world->slots[slot];
        unsigned n = s->large ? 0 : n_in_use(s);
        MUST(n == 0 || s->table, "step %u: entries without a table", world->step);
        MUST(n > 0 || !s->table || s->prepared, "step %u: an empty table was kept", world->step);
        MUST(!s->table || world->used[s->table / 4096] == n,
             "step %u: a table counts %u entries in use, must be %u", world->step,
             world->used[s->table / 4096], n);
    }
}

static void expect_all(struct world *world)
{
    for (unsigned slot = 0; slot < N_SLOTS; slot++)
        for (unsigned page = 0; page < N_PAGES; page++) {
            struct mmsim_entry got = world->ops->query(&world->map, address_of(slot, page));
            expect_entry(world, &got, told(world, slot, page), "query");
            expect_reachable(world, slot, page);
        }
    expect_next(world, 0, MMSIM_GIB * 4);
    mmsim_vaddr from = search_bound(world), to = search_bound(world);
    if (from <= to)
        expect_next(world, from, to);
    expect_tables(world);
}

/* ---- random verbs ---- */

static unsigned some_flags(struct world *world)
{
    unsigned flags = (unsigned)mm_rng_next(&world->rng) &
                     (MMSIM_ENTRY_WRITABLE | MMSIM_ENTRY_USER | MMSIM_ENTRY_GLOBAL);
    if (!(world->map.abilities & MMSIM_CPU_GLOBAL_PAGES))
        flags &= ~(unsigned)MMSIM_ENTRY_GLOBAL;
    return flags;
}

static void do_map_large(struct world *world, unsigned slot)
{
    struct slot *s = &world->slots[slot];
    if (s->table || n_in_use(s) > 0)
        return;
    mmsim_vaddr address = address_of(slot, 0);
    MUST(world->ops->prepare(&world->map, address, 1), "step %u: a large page needs no table",
         world->step);
    struct mmsim_entry entry = {.state = MMSIM_ENTRY_PRESENT,
                                .size_class = 1,
                                .flags = (uint8_t)some_flags(world),
                                .base = mm_rng_below(&world->rng, 512) << 22};
    world->ops->map(&world->map, address, &entry);
    s->large = true;
    s->pages[0] = entry;
}

static void do_map(struct world *world, unsigned slot, unsigned page)
{
    struct slot *s = &world->slots[slot];
    if (told(world, slot, page)->state != MMSIM_ENTRY_NONE)
        return;
    bool had_table = s->table != 0;
    if (!world->ops->prepare(&world->map, address_of(slot, page), 0)) {
        MUST(!had_table && world->n_taken >= world->limit, "step %u: prepare failed", world->step);
        return;
    }
    MUST(s->table, "step %u: prepare made no table", world->step);
    s->prepared = s->prepared || !had_table;
    if (mm_rng_below(&world->rng, 8) == 0)
        return; /* only room was made */
    struct mmsim_entry entry = {.state = MMSIM_ENTRY_PRESENT,
                                .flags = (uint8_t)some_flags(world),
                                .base = mm_rng_below(&world->rng, 1 << 20) << 12};
    if (mm_rng_below(&world->rng, 4) == 0) {
        entry.state = MMSIM_ENTRY_HELD;
        entry.flags &= (uint8_t)~MMSIM_ENTRY_GLOBAL;
    }
    if (mm_rng_below(&world->rng, 4) == 0)
        entry.flags |= MMSIM_ENTRY_ACCESSED | MMSIM_ENTRY_DIRTY;
    world->ops->map(&world->map, address_of(slot, page), &entry);
    s->pages[page] = entry;
}

static void do_unmap(struct world *world, unsigned slot, unsigned page)
{
    struct slot *s = &world->slots[slot];
    unsigned index = s->large ? 0 : page;
    if (s->pages[index].state == MMSIM_ENTRY_NONE && s->table && n_in_use(s) == 0)
        return;
    struct mmsim_entry got = world->ops->unmap(&world->map, address_of(slot, index));
    expect_entry(world, &got, &s->pages[index], "unmap");
    s->pages[index] = (struct mmsim_entry){0};
    s->large = false;
    if (n_in_use(s) == 0)
        s->prepared = false;
}

static void do_protect(struct world *world, unsigned slot, unsigned page)
{
    struct slot *s = &world->slots[slot];
    unsigned index = s->large ? 0 : page;
    if (s->pages[index].state == MMSIM_ENTRY_NONE)
        return;
    enum mmsim_entry_state state = MMSIM_ENTRY_PRESENT;
    unsigned flags = some_flags(world);
    if (!s->large && mm_rng_below(&world->rng, 3) == 0) {
        state = MMSIM_ENTRY_HELD;
        flags &= ~(unsigned)MMSIM_ENTRY_GLOBAL;
    }
    struct mmsim_entry got =
        world->ops->protect(&world->map, address_of(slot, index), state, flags);
    expect_entry(world, &got, &s->pages[index], "protect");
    unsigned kept = s->pages[index].flags & (MMSIM_ENTRY_ACCESSED | MMSIM_ENTRY_DIRTY);
    s->pages[index].state = state;
    s->pages[index].flags = (uint8_t)(flags | kept);
}

static void do_test_and_clear(struct world *world, unsigned slot, unsigned page)
{
    struct slot *s = &world->slots[slot];
    unsigned index = s->large ? 0 : page;
    if (s->pages[index].state == MMSIM_ENTRY_NONE)
        return;
    static const unsigned choices[3] = {MMSIM_ENTRY_ACCESSED, MMSIM_ENTRY_DIRTY,
                                        MMSIM_ENTRY_ACCESSED | MMSIM_ENTRY_DIRTY};
    unsigned flags = choices[mm_rng_below(&world->rng, 3)];
    unsigned got = world->ops->test_and_clear(&world->map, address_of(slot, index), flags);
    MUST(got == (s->pages[index].flags & flags), "step %u: test and clear %#x gave %#x",
         world->step, flags, got);
    s->pages[index].flags &= (uint8_t)~flags;
}

/* A real access by the MMU's face: it sets the accessed and dirty bits that the writer reports. */
static void do_walk(struct world *world, unsigned slot, unsigned page)
{
    struct mmsim_request request = {.address = address_of(slot, page) + 0xABC,
                                    .access = (enum mmsim_access_kind)mm_rng_below(&world->rng, 3),
                                    .privilege =
                                        (enum mmsim_privilege)mm_rng_below(&world->rng, 2)};
    struct mmsim_translation translation;
    struct mmsim_fault fault;
    struct mmsim_entry *entry = (struct mmsim_entry *)told(world, slot, page);
    if (!world->ops->walk(&world->cpu, &world->port, &request, &translation, &fault))
        return;
    MUST(entry->state == MMSIM_ENTRY_PRESENT, "step %u: walked to nothing", world->step);
    MUST(translation.base == entry->base, "step %u: walked elsewhere", world->step);
    MUST(translation.global == ((entry->flags & MMSIM_ENTRY_GLOBAL) != 0), "step %u: global",
         world->step);
    entry->flags |= MMSIM_ENTRY_ACCESSED;
    if (request.access == MMSIM_ACCESS_WRITE)
        entry->flags |= MMSIM_ENTRY_DIRTY;
}

static void do_trim(struct world *world)
{
    unsigned first = (unsigned)mm_rng_below(&world->rng, N_SLOTS);
    unsigned last = first + (unsigned)mm_rng_below(&world->rng, N_SLOTS - first);
    mmsim_vaddr end = address_of(last, 0) + 4 * MMSIM_MIB;
    world->ops->trim(&world->map, address_of(first, 0), end);
    for (unsigned slot = first; slot <= last; slot++) {
        struct slot *s = &world->slots[slot];
        MUST(!s->table || n_in_use(s) > 0, "step %u: trim left an empty table", world->step);
        s->prepared = s->prepared && s->table;
    }
}

static void do_something(struct world *world)
{
    unsigned slot = (unsigned)mm_rng_below(&world->rng, N_SLOTS);
    unsigned page = (unsigned)mm_rng_below(&world->rng, N_PAGES);
    switch (mm_rng_below(&world->rng, 12)) {
    case 0:
        if (world->map.abilities & MMSIM_CPU_LARGE_PAGES)
            do_map_large(world, slot);
        break;
    case 1:
        do_trim(world);
        break;
    case 2:
    case 3:
        do_unmap(world, slot, page);
        break;
    case 4:
    case 5:
        do_protect(world, slot, page);
        break;
    case 6:
        do_test_and_clear(world, slot, page);
        break;
    case 7:
    case 8:
        do_walk(world, slot, page);
        break;
    default:
        do_map(world, slot, page);
    }
}

static void run_random_verbs(uint32_t abilities, uint64_t seed)
{
    struct world world;
    world_init(&world, abilities, seed);
    for (world.step = 0; world.step < 4000; world.step++) {
        if (world.step % 100 == 0)
            world.limit = 1 + (unsigned)mm_rng_below(&world.rng, N_FRAMES);
        do_something(&world);
        expect_all(&world);
    }
    for (unsigned slot = 0; slot < N_SLOTS; slot++)
        for (unsigned page = 0; page < N_PAGES; page++)
            if (told(&world, slot, page)->state != MMSIM_ENTRY_NONE)
                do_unmap(&world, slot, page);
    world.ops->trim(&world.map, 0, 4 * MMSIM_GIB);
    expect_all(&world);
    ck_assert_uint_eq(world.n_taken, 0);
    for (unsigned i = 0; i < 4096; i++)
        MUST(world.port.ram[ROOT + i] == 0, "the directory is not empty at byte %u", i);
    world_fini(&world);
}

#define ALL_ABILITIES                                                                              \
    (MMSIM_CPU_INVALIDATE_PAGE | MMSIM_CPU_WRITE_PROTECT | MMSIM_CPU_LARGE_PAGES |                 \
     MMSIM_CPU_GLOBAL_PAGES)

START_TEST(random_verbs_leave_what_an_array_of_entries_says)
{
    for (uint64_t seed = 1; seed <= 8; seed++)
        run_random_verbs(ALL_ABILITIES, seed);
}
END_TEST

START_TEST(random_verbs_work_without_any_ability_of_the_cpu)
{
    for (uint64_t seed = 101; seed <= 104; seed++)
        run_random_verbs(0, seed);
}
END_TEST

/* ---- sharing ---- */

static bool is_reachable(struct world *world, mmsim_vaddr address, mmsim_paddr *physical)
{
    struct mmsim_request request = {address, MMSIM_ACCESS_READ, MMSIM_PRIVILEGE_SUPERVISOR};
    struct mmsim_walk walk = {0};
    world->ops->explain(&world->cpu, &world->port, &request, &walk);
    *physical = walk.physical;
    return walk.allowed;
}

START_TEST(shared_top_level_entries_show_later_changes_of_the_master)
{
    struct world world;
    world_init(&world, ALL_ABILITIES, 7);
    struct mmsim_page_map child = world.map;
    child.root = OTHER_ROOT;
    struct mmsim_entry entry = {
        .state = MMSIM_ENTRY_PRESENT, .flags = MMSIM_ENTRY_WRITABLE, .base = 0x7000};
    ck_assert(world.ops->prepare(&world.map, address_of(0, 1), 0));
    world.ops->map(&world.map, address_of(0, 1), &entry);
    struct mmsim_entry large = {
        .state = MMSIM_ENTRY_PRESENT, .size_class = 1, .base = 12 * MMSIM_MIB};
    ck_assert(world.ops->prepare(&world.map, address_of(1, 0), 1));
    world.ops->map(&world.map, address_of(1, 0), &large);
    ck_assert(world.ops->prepare(&world.map, address_of(2, 0), 0));
    world.ops->map(&world.map, address_of(2, 0), &entry);

    world.ops->share(&child, &world.map, address_of(0, 0), address_of(2, 0));
    entry.base = 0x9000;
    world.ops->map(&world.map, address_of(0, 5), &entry);

    ck_assert_uint_eq(world.ops->load_root(&world.cpu, OTHER_ROOT) & MMSIM_EFFECT_FLUSH,
                      MMSIM_EFFECT_FLUSH);
    mmsim_paddr physical;
    ck_assert(is_reachable(&world, address_of(0, 1) + 4, &physical));
    ck_assert_uint_eq(physical, 0x7004);
    ck_assert(is_reachable(&world, address_of(0, 5) + 8, &physical));
    ck_assert_uint_eq(physical, 0x9008);
    ck_assert(is_reachable(&world, address_of(1, 3) + 8, &physical));
    ck_assert_uint_eq(physical, 12 * MMSIM_MIB + address_of(0, 3) % (4 * MMSIM_MIB) + 8);
    ck_assert_msg(!is_reachable(&world, address_of(2, 0), &physical), "beyond the shared range");
    ck_assert_uint_eq(world.n_taken, 2);
    ck_assert_uint_eq(world.ops->query(&child, address_of(0, 5)).base, 0x9000);
    world_fini(&world);
}
END_TEST

START_TEST(sharing_takes_away_what_the_master_does_not_have)
{
    struct world world;
    world_init(&world, ALL_ABILITIES, 8);
    struct mmsim_page_map child = world.map;
    child.root = OTHER_ROOT;
    struct mmsim_entry large = {
        .state = MMSIM_ENTRY_PRESENT, .size_class = 1, .base = 12 * MMSIM_MIB};
    ck_assert(world.ops->prepare(&world.map, address_of(4, 0), 1));
    world.ops->map(&world.map, address_of(4, 0), &large);
    world.ops->share(&child, &world.map, address_of(3, 0), 4 * MMSIM_GIB);
    ck_assert_uint_eq(world.ops->query(&child, address_of(4, 0)).state, MMSIM_ENTRY_PRESENT);
    world.ops->unmap(&world.map, address_of(4, 0));
    world.ops->share(&child, &world.map, address_of(3, 0), 4 * MMSIM_GIB);
    ck_assert_uint_eq(world.ops->query(&child, address_of(4, 0)).state, MMSIM_ENTRY_NONE);
    world_fini(&world);
}
END_TEST

Suite *test_map_suite(void);
Suite *test_map_suite(void)
{
    Suite *suite = suite_create("x86_32 page-table writer");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, random_verbs_leave_what_an_array_of_entries_says);
    tcase_add_test(tests, random_verbs_work_without_any_ability_of_the_cpu);
    tcase_add_test(tests, shared_top_level_entries_show_later_changes_of_the_master);
    tcase_add_test(tests, sharing_takes_away_what_the_master_does_not_have);
    suite_add_tcase(suite, tests);
    return suite;
}
