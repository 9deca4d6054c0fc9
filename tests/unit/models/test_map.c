/*
 * test_map.c - the page-table writer against an array of what it was told.
 *
 * Random verbs run on real tables in a small buffer and on the array, in 32-bit and PAE mode; after
 * each one every address is asked both ways, through query() and through the walker that shares no
 * code with the writer. Frames for tables come from a pool of few, so that prepare() fails now and
 * then.
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

#define FIRST_FRAME 1u
#define N_FRAMES 24u
#define MAX_TABLES 8u
#define RAM_BYTES ((size_t)(FIRST_FRAME + N_FRAMES) * 4096)

#define N_SLOTS 5u /* regions of one table each */
#define N_PAGES 6u /* pages looked at in each */

/* By mode. The first three slots are neighbours, the last one is the last there is. */
static const struct shape {
    unsigned region_shift, physical_bits;
    uint32_t slot_numbers[N_SLOTS], page_numbers[N_PAGES];
} shapes[] = {
    [X86_MODE_32BIT] = {22, 32, {0x40, 0x41, 0x42, 0x1FF, 0x3FF}, {0, 1, 2, 511, 1022, 1023}},
    [X86_MODE_PAE] = {21, 36, {0x1FF, 0x200, 0x201, 0x3FE, 0x7FF}, {0, 1, 2, 255, 510, 511}},
};

#define ABILITIES_32BIT                                                                            \
    (MMSIM_CPU_INVALIDATE_PAGE | MMSIM_CPU_WRITE_PROTECT | MMSIM_CPU_LARGE_PAGES |                 \
     MMSIM_CPU_GLOBAL_PAGES | MMSIM_CPU_SMEP | MMSIM_CPU_SMAP | MMSIM_CPU_KEYS)
#define ABILITIES_PAE (ABILITIES_32BIT | MMSIM_CPU_PAE | MMSIM_CPU_NO_EXECUTE)

static const struct setting {
    unsigned mode;
    uint32_t abilities;
} settings[] = {
    {X86_MODE_32BIT, ABILITIES_32BIT},
    {X86_MODE_32BIT, ABILITIES_32BIT & ~(uint32_t)MMSIM_CPU_KEYS},
    {X86_MODE_32BIT, 0},
    {X86_MODE_PAE, ABILITIES_PAE},
    {X86_MODE_PAE, ABILITIES_PAE & ~(uint32_t)(MMSIM_CPU_KEYS | MMSIM_CPU_NO_EXECUTE)},
    {X86_MODE_PAE, MMSIM_CPU_PAE},
};
enum { N_SETTINGS = sizeof settings / sizeof settings[0] };
static const unsigned full_settings[] = {0, 3}; /* of each mode the one with everything */

/* What the writer was told about one slot. */
struct slot {
    bool large;                        /* `pages[0]` is a large page */
    bool prepared;                     /* room was made for small pages since it had none */
    struct mmsim_entry pages[N_PAGES]; /* the model */
    mmsim_paddr table;                 /* 0 = none was taken */
};

/* Frames for tables. */
struct pool {
    uint8_t *ram;
    bool taken[FIRST_FRAME + N_FRAMES];
    uint16_t used[FIRST_FRAME + N_FRAMES];
    unsigned n_taken;
};

struct world {
    struct mmsim_page_map map; /* first: the callbacks get it back */
    const struct mmsim_arch_ops *ops;
    const struct shape *shape;
    struct pool *pool, own_pool;
    struct mmsim_cpu_preset preset;
    struct mmsim_arch_cpu cpu;
    struct mmsim_port port;
    struct mm_rng rng;
    struct slot slots[N_SLOTS];
    bool whole_set;            /* open() or close() is at work: tables are not of a slot */
    unsigned n_tables, limit;  /* of slots */
    unsigned n_top, top_limit; /* that open() made */
    unsigned step;
};

/* ---- frames for tables ---- */

static struct slot *slot_of(struct world *world, mmsim_vaddr address)
{
    for (unsigned i = 0; i < N_SLOTS; i++)
        if (world->shape->slot_numbers[i] == address >> world->shape->region_shift)
            return &world->slots[i];
    ck_abort_msg("step %u: a table for %#llx, where nothing was asked for", world->step,
                 (unsigned long long)address);
    return NULL;
}

static mmsim_paddr take_frame(struct world *world)
{
    struct pool *pool = world->pool;
    MUST(pool->n_taken < N_FRAMES, "step %u: the pool is empty", world->step);
    unsigned frame = FIRST_FRAME + (unsigned)mm_rng_below(&world->rng, N_FRAMES);
    while (pool->taken[frame])
        frame = frame + 1 < FIRST_FRAME + N_FRAMES ? frame + 1 : FIRST_FRAME;
    pool->taken[frame] = true;
    pool->used[frame] = 0;
    pool->n_taken++;
    memset(pool->ram + frame * 4096u, 0, 4096);
    return (mmsim_paddr)frame * 4096;
}

static bool get_table(struct mmsim_page_map *map, mmsim_vaddr covers, mmsim_paddr *table)
{
    struct world *world = (struct world *)map;
    unsigned *n = world->whole_set ? &world->n_top : &world->n_tables;
    if (!world->whole_set)
        MUST(slot_of(world, covers)->table == 0, "step %u: a second table for one place",
             world->step);
    if (*n >= (world->whole_set ? world->top_limit : world->limit))
        return false;
    *table = take_frame(world);
    ++*n;
    if (!world->whole_set)
        slot_of(world, covers)->table = *table;
    return true;
}

static void put_table(struct mmsim_page_map *map, mmsim_vaddr covers, mmsim_paddr table)
{
    struct world *world = (struct world *)map;
    if (!world->whole_set) {
        struct slot *slot = slot_of(world, covers);
        MUST(slot->table == table, "step %u: a table given back to the wrong place", world->step);
        slot->table = 0;
    }
    MUST(table && table < RAM_BYTES && world->pool->taken[table / 4096],
         "step %u: a frame given back that was not taken", world->step);
    world->pool->taken[table / 4096] = false;
    world->pool->n_taken--;
    --*(world->whole_set ? &world->n_top : &world->n_tables);
    memset(world->pool->ram + table, 0xA5, 4096);
}

static uint16_t *used_of_table(struct mmsim_page_map *map, mmsim_paddr table)
{
    struct world *world = (struct world *)map;
    MUST(table < RAM_BYTES && table % 4096 == 0, "step %u: no such table", world->step);
    return &world->pool->used[table / 4096];
}

static const struct mmsim_table_ops table_ops = {
    .get = get_table, .put = put_table, .used = used_of_table, .keeps = NULL};

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

/* Without a paging-structure cache: the tables change under the walker. */
static struct mmsim_cpu_preset preset_with(uint32_t abilities)
{
    const struct mmsim_cpu_preset *preset = mm_x86_32_arch.presets;
    while (preset->name && (preset->abilities & abilities) != abilities)
        preset++;
    ck_assert_ptr_nonnull(preset->name);
    struct mmsim_cpu_preset copy = *preset;
    copy.walk_cache = 0;
    return copy;
}

static bool open_tables(struct world *world)
{
    world->whole_set = true;
    bool done = world->ops->open(&world->map);
    world->whole_set = false;
    return done;
}

static void close_tables(struct world *world)
{
    world->whole_set = true;
    world->ops->close(&world->map);
    world->whole_set = false;
}

/* Tables, but no entry in them, and no CPU. */
static void world_prepare(struct world *world, const struct setting *setting, struct pool *pool,
                          uint64_t seed)
{
    *world = (struct world){.ops = &mm_x86_32_arch,
                            .shape = &shapes[setting->mode],
                            .pool = pool,
                            .limit = MAX_TABLES,
                            .top_limit = N_FRAMES};
    mm_rng_seed(&world->rng, seed);
    world->port = (struct mmsim_port){
        .ram = pool->ram, .low_bytes = RAM_BYTES, .read = no_read, .write = no_write};
    world->map = (struct mmsim_page_map){.port = &world->port,
                                         .tables = &table_ops,
                                         .abilities = setting->abilities,
                                         .mode = setting->mode};
}

static void world_start(struct world *world, const struct setting *setting)
{
    ck_assert(open_tables(world));
    world->preset = preset_with(setting->abilities);
    world->ops->reset(&world->cpu, &world->preset);
    world->cpu.port = &world->port;
    uint32_t got =
        world->ops->start_paging(&world->cpu, setting->mode, world->map.root, setting->abilities);
    ck_assert_uint_eq(got & ~(setting->abilities | MMSIM_CPU_PAE), 0);
    ck_assert_uint_eq(world->ops->root(&world->cpu), world->map.root);
}

static void world_init(struct world *world, const struct setting *setting, uint64_t seed)
{
    world_prepare(world, setting, &world->own_pool, seed);
    world->own_pool.ram = calloc(1, RAM_BYTES);
    ck_assert_ptr_nonnull(world->own_pool.ram);
    world->port.ram = world->own_pool.ram;
    world_start(world, setting);
}

static void world_fini(struct world *world)
{
    free(world->own_pool.ram);
}

static mmsim_vaddr region_bytes(const struct world *world)
{
    return (mmsim_vaddr)1 << world->shape->region_shift;
}

static mmsim_vaddr address_of(const struct world *world, unsigned slot, unsigned page)
{
    return world->shape->slot_numbers[slot] * region_bytes(world) +
           world->shape->page_numbers[page] * MMSIM_PAGE_SIZE;
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
           a->base == b->base && a->key == b->key;
}

static void expect_entry(const struct world *world, const struct mmsim_entry *got,
                         const struct mmsim_entry *must, const char *verb)
{
    MUST(same_entry(got, must),
         "step %u: %s gave state %u class %u flags %#x key %u base %#llx, must be %u, %u, %#x, %u, "
         "%#llx",
         world->step, verb, got->state, got->size_class, got->flags, got->key,
         (unsigned long long)got->base, must->state, must->size_class, must->flags, must->key,
         (unsigned long long)must->base);
}

static struct oracle_cpu rules_of(const struct world *world)
{
    const uint64_t *registers = world->cpu.registers;
    return (struct oracle_cpu){.has_wp = world->cpu.preset->features & X86_HAS_WP,
                               .has_keys = world->cpu.preset->features & X86_HAS_KEYS,
                               .pae = registers[X86_CR4] & X86_CR4_PAE,
                               .wp = registers[X86_CR0] & X86_CR0_WP,
                               .smep = registers[X86_CR4] & X86_CR4_SMEP,
                               .smap = registers[X86_CR4] & X86_CR4_SMAP,
                               .pke = registers[X86_CR4] & X86_CR4_PKE,
                               .nxe = registers[X86_EFER] & X86_EFER_NXE,
                               .ac = registers[X86_EFLAGS] & X86_EFLAGS_AC,
                               .pkru = (uint32_t)registers[X86_PKRU]};
}

static struct oracle_page page_of(const struct mmsim_entry *entry)
{
    return (struct oracle_page){.user = entry->flags & MMSIM_ENTRY_USER,
                                .writable = entry->flags & MMSIM_ENTRY_WRITABLE,
                                .no_execute = entry->flags & MMSIM_ENTRY_NO_EXECUTE,
                                .key = entry->key};
}

static void expect_walk(const struct world *world, const struct mmsim_request *request,
                        const struct mmsim_entry *entry)
{
    struct mmsim_walk walk = {0};
    struct oracle_cpu rules = rules_of(world);
    struct oracle_page page = page_of(entry);
    struct oracle_access access = {.write = request->access == MMSIM_ACCESS_WRITE,
                                   .fetch = request->access == MMSIM_ACCESS_FETCH,
                                   .user = request->privilege == MMSIM_PRIVILEGE_USER};
    world->ops->explain(&world->cpu, &world->port, request, &walk);
    bool present = entry->state == MMSIM_ENTRY_PRESENT;
    MUST(walk.present == present, "step %u: %#llx is %spresent to the walker", world->step,
         (unsigned long long)request->address, walk.present ? "" : "not ");
    if (!present)
        return;
    mmsim_vaddr size = entry->size_class ? region_bytes(world) : MMSIM_PAGE_SIZE;
    MUST(walk.allowed == oracle_permits(&rules, &access, &page),
         "step %u: %#llx: access %u by %u to flags %#x key %u is %s", world->step,
         (unsigned long long)request->address, request->access, request->privilege, entry->flags,
         entry->key, walk.allowed ? "allowed" : "refused");
    MUST(walk.physical == entry->base + request->address % size, "step %u: physical %#llx",
         world->step, (unsigned long long)walk.physical);
    MUST((mmsim_vaddr)1 << walk.page_shift == size, "step %u: size", world->step);
    MUST(walk.accessed == ((entry->flags & MMSIM_ENTRY_ACCESSED) != 0) &&
             walk.dirty == ((entry->flags & MMSIM_ENTRY_DIRTY) != 0),
         "step %u: accessed or dirty", world->step);
}

/* What the walker must find at an address: the page of the model, reached by the rights table. */
static void expect_reachable(const struct world *world, unsigned slot, unsigned page)
{
    for (unsigned i = 0; i < 6; i++) {
        struct mmsim_request request = {.address = address_of(world, slot, page) + 0x123,
                                        .access = (enum mmsim_access_kind)(i % 3),
                                        .privilege = (enum mmsim_privilege)(i / 3)};
        expect_walk(world, &request, told(world, slot, page));
    }
}

static void expect_next(const struct world *world, mmsim_vaddr from, mmsim_vaddr to)
{
    mmsim_vaddr must = to;
    for (unsigned slot = N_SLOTS; slot-- > 0;)
        for (unsigned page = N_PAGES; page-- > 0;)
            if (world->slots[slot].pages[page].state != MMSIM_ENTRY_NONE &&
                address_of(world, slot, page) >= from && address_of(world, slot, page) < to)
                must = address_of(world, slot, page);
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
    mmsim_vaddr bound = address_of(world, slot, page);
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
        MUST(!s->table || world->pool->used[s->table / 4096] == n,
             "step %u: a table counts %u entries in use, must be %u", world->step,
             world->pool->used[s->table / 4096], n);
    }
}

static void expect_all(struct world *world)
{
    for (unsigned slot = 0; slot < N_SLOTS; slot++)
        for (unsigned page = 0; page < N_PAGES; page++) {
            struct mmsim_entry got = world->ops->query(&world->map, address_of(world, slot, page));
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

/* Any flags, also those that the CPU does not have. */
static unsigned some_flags(struct world *world)
{
    unsigned flags =
        (unsigned)mm_rng_next(&world->rng) &
        (MMSIM_ENTRY_WRITABLE | MMSIM_ENTRY_USER | MMSIM_ENTRY_GLOBAL | MMSIM_ENTRY_NO_EXECUTE);
    if (!(world->map.abilities & MMSIM_CPU_GLOBAL_PAGES))
        flags &= ~(unsigned)MMSIM_ENTRY_GLOBAL;
    return flags;
}

/* What becomes of flags: "no execute" is without effect on a CPU without it. */
static uint8_t effective(const struct world *world, unsigned flags)
{
    bool has = world->map.abilities & MMSIM_CPU_NO_EXECUTE && world->map.mode == X86_MODE_PAE;
    return (uint8_t)(has ? flags : flags & ~(unsigned)MMSIM_ENTRY_NO_EXECUTE);
}

static uint8_t some_key(struct world *world)
{
    if (!(world->map.abilities & MMSIM_CPU_KEYS))
        return 0;
    return (uint8_t)mm_rng_below(&world->rng, world->ops->modes[world->map.mode].n_keys);
}

/* A page's base anywhere that the mode reaches. */
static mmsim_paddr some_base(struct world *world, unsigned page_shift)
{
    uint64_t n = (uint64_t)1 << (world->shape->physical_bits - page_shift);
    return mm_rng_below(&world->rng, n) << page_shift;
}

static void do_map_large(struct world *world, unsigned slot)
{
    struct slot *s = &world->slots[slot];
    if (s->table || n_in_use(s) > 0)
        return;
    mmsim_vaddr address = address_of(world, slot, 0);
    MUST(world->ops->prepare(&world->map, address, 1), "step %u: a large page needs no table",
         world->step);
    struct mmsim_entry entry = {.state = MMSIM_ENTRY_PRESENT,
                                .size_class = 1,
                                .flags = (uint8_t)some_flags(world),
                                .key = some_key(world),
                                .base = some_base(world, world->shape->region_shift)};
    world->ops->map(&world->map, address, &entry);
    entry.flags = effective(world, entry.flags);
    s->large = true;
    s->pages[0] = entry;
}

static void do_map(struct world *world, unsigned slot, unsigned page)
{
    struct slot *s = &world->slots[slot];
    if (told(world, slot, page)->state != MMSIM_ENTRY_NONE)
        return;
    bool had_table = s->table != 0;
    if (!world->ops->prepare(&world->map, address_of(world, slot, page), 0)) {
        MUST(!had_table && world->n_tables >= world->limit, "step %u: prepare failed", world->step);
        return;
    }
    MUST(s->table, "step %u: prepare made no table", world->step);
    s->prepared = s->prepared || !had_table;
    if (mm_rng_below(&world->rng, 8) == 0)
        return; /* only room was made */
    struct mmsim_entry entry = {.state = MMSIM_ENTRY_PRESENT,
                                .flags = (uint8_t)some_flags(world),
                                .key = some_key(world),
                                .base = some_base(world, MMSIM_PAGE_SHIFT)};
    if (mm_rng_below(&world->rng, 4) == 0) {
        entry.state = MMSIM_ENTRY_HELD;
        entry.flags &= (uint8_t)~MMSIM_ENTRY_GLOBAL;
    }
    if (mm_rng_below(&world->rng, 4) == 0)
        entry.flags |= MMSIM_ENTRY_ACCESSED | MMSIM_ENTRY_DIRTY;
    world->ops->map(&world->map, address_of(world, slot, page), &entry);
    entry.flags = effective(world, entry.flags);
    s->pages[page] = entry;
}

static void do_unmap(struct world *world, unsigned slot, unsigned page)
{
    struct slot *s = &world->slots[slot];
    unsigned index = s->large ? 0 : page;
    if (s->pages[index].state == MMSIM_ENTRY_NONE && s->table && n_in_use(s) == 0)
        return;
    struct mmsim_entry got = world->ops->unmap(&world->map, address_of(world, slot, index));
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
    if (state != MMSIM_ENTRY_PRESENT) /* its bit says what kind of entry it is */
        flags &= ~(unsigned)MMSIM_ENTRY_UNCACHED;
    struct mmsim_entry rights = {
        .state = state, .flags = (uint8_t)flags, .key = s->pages[index].key};
    struct mmsim_entry got =
        world->ops->protect(&world->map, address_of(world, slot, index), &rights);
    expect_entry(world, &got, &s->pages[index], "protect");
    unsigned kept = s->pages[index].flags & (MMSIM_ENTRY_ACCESSED | MMSIM_ENTRY_DIRTY);
    s->pages[index].state = state;
    s->pages[index].flags = effective(world, flags | kept);
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
    unsigned got = world->ops->test_and_clear(&world->map, address_of(world, slot, index), flags);
    MUST(got == (s->pages[index].flags & flags), "step %u: test and clear %#x gave %#x",
         world->step, flags, got);
    s->pages[index].flags &= (uint8_t)~flags;
}

/* A real access by the MMU's face: it sets the accessed and dirty bits that the writer reports. */
static void do_walk(struct world *world, unsigned slot, unsigned page)
{
    struct mmsim_request request = {.address = address_of(world, slot, page) + 0xABC,
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
    mmsim_vaddr end = address_of(world, last, 0) + region_bytes(world);
    world->ops->trim(&world->map, address_of(world, first, 0), end);
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

/* Rights by key change while the entries stand. */
static void write_pkru(struct world *world)
{
    if (!(world->map.abilities & MMSIM_CPU_KEYS))
        return;
    uint64_t value = mm_rng_next(&world->rng) & mm_rng_next(&world->rng) & UINT32_MAX;
    unsigned effect = world->ops->write_register(&world->cpu, X86_PKRU, value);
    ck_assert_uint_eq(effect, MMSIM_EFFECT_NONE);
}

static void leave_nothing(struct world *world)
{
    for (unsigned slot = 0; slot < N_SLOTS; slot++)
        for (unsigned page = 0; page < N_PAGES; page++)
            if (told(world, slot, page)->state != MMSIM_ENTRY_NONE)
                do_unmap(world, slot, page);
    world->ops->trim(&world->map, 0, 4 * MMSIM_GIB);
    expect_all(world);
    ck_assert_uint_eq(world->n_tables, 0);
    for (unsigned i = 0; i < 4096 && world->map.mode == X86_MODE_32BIT; i++)
        MUST(world->port.ram[world->map.root + i] == 0, "the directory is not empty at byte %u", i);
    close_tables(world);
    ck_assert_uint_eq(world->n_top, 0);
    ck_assert_uint_eq(world->pool->n_taken, 0);
}

static void run_random_verbs(const struct setting *setting, uint64_t seed)
{
    struct world world;
    world_init(&world, setting, seed);
    for (world.step = 0; world.step < 2000; world.step++) {
        if (world.step % 100 == 0) {
            world.limit = 1 + (unsigned)mm_rng_below(&world.rng, MAX_TABLES);
            write_pkru(&world);
        }
        do_something(&world);
        expect_all(&world);
    }
    leave_nothing(&world);
    world_fini(&world);
}

START_TEST(random_verbs_leave_what_an_array_of_entries_says)
{
    for (uint64_t seed = 1; seed <= 4; seed++)
        run_random_verbs(&settings[_i], seed);
}
END_TEST

START_TEST(a_key_survives_the_time_in_which_its_page_is_held)
{
    const struct setting *setting = &settings[full_settings[_i]];
    struct world world;
    world_init(&world, setting, 3);
    mmsim_vaddr at = address_of(&world, 0, 1);
    struct mmsim_entry entry = {
        .state = MMSIM_ENTRY_PRESENT, .flags = MMSIM_ENTRY_USER, .key = 5, .base = 0x7000};
    ck_assert(world.ops->prepare(&world.map, at, 0));
    world.ops->map(&world.map, at, &entry);
    struct mmsim_entry rights = {.state = MMSIM_ENTRY_HELD, .flags = MMSIM_ENTRY_USER, .key = 5};
    world.ops->protect(&world.map, at, &rights);
    ck_assert_uint_eq(world.ops->query(&world.map, at).key, 5);
    rights.state = MMSIM_ENTRY_PRESENT;
    rights.key = 6;
    world.ops->protect(&world.map, at, &rights);
    ck_assert_uint_eq(world.ops->query(&world.map, at).key, 6);
    world_fini(&world);
}
END_TEST

/* ---- whole sets ---- */

START_TEST(open_takes_all_its_frames_or_none)
{
    const struct setting *setting = &settings[full_settings[_i]];
    struct pool pool = {.ram = calloc(1, RAM_BYTES)};
    ck_assert_ptr_nonnull(pool.ram);
    struct world world;
    unsigned n_needed = 0;
    for (bool done = false; !done; n_needed++) {
        world_prepare(&world, setting, &pool, n_needed);
        world.top_limit = n_needed;
        done = open_tables(&world);
        ck_assert_uint_eq(pool.n_taken, done ? n_needed : 0);
    }
    ck_assert_uint_eq(world.map.root % 32, 0);
    ck_assert(pool.taken[world.map.root / 4096]);
    ck_assert_uint_eq(world.ops->next(&world.map, 0, 4 * MMSIM_GIB), 4 * MMSIM_GIB);
    close_tables(&world);
    ck_assert_uint_eq(pool.n_taken, 0);
    free(pool.ram);
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

/* Two sets over the same frames. */
static void two_worlds(struct world *master, struct world *child, const struct setting *setting)
{
    world_init(master, setting, 7);
    world_prepare(child, setting, master->pool, 8);
    world_start(child, setting);
}

static void put_page(struct world *world, unsigned slot, unsigned page, mmsim_paddr base)
{
    struct mmsim_entry entry = {
        .state = MMSIM_ENTRY_PRESENT, .flags = MMSIM_ENTRY_WRITABLE, .base = base};
    ck_assert(world->ops->prepare(&world->map, address_of(world, slot, page), 0));
    world->ops->map(&world->map, address_of(world, slot, page), &entry);
}

static void put_large_page(struct world *world, unsigned slot, mmsim_paddr base)
{
    struct mmsim_entry entry = {.state = MMSIM_ENTRY_PRESENT, .size_class = 1, .base = base};
    ck_assert(world->ops->prepare(&world->map, address_of(world, slot, 0), 1));
    world->ops->map(&world->map, address_of(world, slot, 0), &entry);
}

START_TEST(shared_top_level_entries_show_later_changes_of_the_master)
{
    struct world master, child;
    two_worlds(&master, &child, &settings[full_settings[_i]]);
    put_page(&master, 0, 1, 0x7000);
    put_large_page(&master, 1, 12 * MMSIM_MIB);
    put_page(&master, 2, 0, 0x7000);

    child.ops->share(&child.map, &master.map, address_of(&master, 0, 0), address_of(&master, 2, 0));
    put_page(&master, 0, 5, 0x9000);

    mmsim_paddr physical;
    ck_assert(is_reachable(&child, address_of(&child, 0, 1) + 4, &physical));
    ck_assert_uint_eq(physical, 0x7004);
    ck_assert(is_reachable(&child, address_of(&child, 0, 5) + 8, &physical));
    ck_assert_uint_eq(physical, 0x9008);
    mmsim_vaddr inside = address_of(&child, 1, 3) + 8;
    ck_assert(is_reachable(&child, inside, &physical));
    ck_assert_uint_eq(physical, 12 * MMSIM_MIB + inside % region_bytes(&child));
    ck_assert_msg(!is_reachable(&child, address_of(&child, 2, 0), &physical),
                  "beyond the shared range");
    ck_assert_uint_eq(master.n_tables, 2);
    ck_assert_uint_eq(child.n_tables, 0);
    ck_assert_uint_eq(child.ops->query(&child.map, address_of(&child, 0, 5)).base, 0x9000);
    close_tables(&child);
    ck_assert_uint_eq(child.n_top, 0);
    ck_assert(is_reachable(&master, address_of(&master, 0, 1), &physical));
    world_fini(&master);
}
END_TEST

START_TEST(loading_another_root_shows_the_other_set)
{
    struct world master, child;
    two_worlds(&master, &child, &settings[full_settings[_i]]);
    put_page(&master, 3, 1, 0x7000);
    put_page(&child, 3, 1, 0x8000);
    mmsim_paddr physical;
    unsigned effect = master.ops->load_root(&master.cpu, child.map.root);
    ck_assert_uint_eq(effect & MMSIM_EFFECT_FLUSH, MMSIM_EFFECT_FLUSH);
    ck_assert(is_reachable(&master, address_of(&master, 3, 1), &physical));
    ck_assert_uint_eq(physical, 0x8000);
    ck_assert_uint_eq(master.ops->root(&master.cpu), child.map.root);
    world_fini(&master);
}
END_TEST

START_TEST(sharing_takes_away_what_the_master_does_not_have)
{
    struct world master, child;
    two_worlds(&master, &child, &settings[full_settings[_i]]);
    mmsim_vaddr at = address_of(&master, 4, 0), from = address_of(&master, 3, 0);
    put_large_page(&master, 4, 12 * MMSIM_MIB);
    child.ops->share(&child.map, &master.map, from, 4 * MMSIM_GIB);
    ck_assert_uint_eq(child.ops->query(&child.map, at).state, MMSIM_ENTRY_PRESENT);
    master.ops->unmap(&master.map, at);
    child.ops->share(&child.map, &master.map, from, 4 * MMSIM_GIB);
    ck_assert_uint_eq(child.ops->query(&child.map, at).state, MMSIM_ENTRY_NONE);
    world_fini(&master);
}
END_TEST

static bool keep_lower_places(const struct mmsim_page_map *map, mmsim_vaddr covers)
{
    return covers < address_of((const struct world *)map, 4, 0);
}

START_TEST(an_empty_table_that_is_kept_goes_by_trim_alone)
{
    static const struct mmsim_table_ops keeping = {
        .get = get_table, .put = put_table, .used = used_of_table, .keeps = keep_lower_places};
    struct world world;
    world_init(&world, &settings[full_settings[_i]], 1);
    world.map.tables = &keeping;
    put_page(&world, 3, 1, 0x7000);
    put_page(&world, 4, 1, 0x8000);
    mmsim_vaddr kept = address_of(&world, 3, 1), other = address_of(&world, 4, 1);
    world.ops->unmap(&world.map, other);
    ck_assert_uint_eq(world.n_tables, 1);
    ck_assert_uint_eq(world.ops->unmap(&world.map, kept).base, 0x7000);
    ck_assert_uint_eq(world.n_tables, 1);
    ck_assert_uint_eq(world.ops->query(&world.map, kept).state, MMSIM_ENTRY_NONE);
    ck_assert_uint_eq(world.ops->next(&world.map, 0, 4 * MMSIM_GIB), 4 * MMSIM_GIB);
    struct mmsim_entry entry = {.state = MMSIM_ENTRY_PRESENT, .base = 0x9000};
    world.ops->map(&world.map, kept, &entry); /* there is room without prepare() */
    mmsim_paddr physical;
    ck_assert(is_reachable(&world, kept, &physical));
    world.ops->trim(&world.map, 0, 4 * MMSIM_GIB);
    ck_assert_uint_eq(world.n_tables, 1);
    world.ops->unmap(&world.map, kept);
    world.ops->trim(&world.map, 0, 4 * MMSIM_GIB);
    ck_assert_uint_eq(world.n_tables, 0);
    ck_assert(!is_reachable(&world, kept, &physical));
    world_fini(&world);
}
END_TEST

/* A large entry becomes a table in which every entry grants what it did. */
START_TEST(a_split_large_page_grants_the_same)
{
    const struct setting *setting = &settings[full_settings[_i]];
    struct world world;
    world_init(&world, setting, 5);
    unsigned shift = world.shape->region_shift;
    mmsim_vaddr at = address_of(&world, 0, 0);
    struct mmsim_entry large = {.state = MMSIM_ENTRY_PRESENT,
                                .size_class = 1,
                                .flags = MMSIM_ENTRY_USER | MMSIM_ENTRY_DIRTY,
                                .base = (mmsim_paddr)3 << shift};
    ck_assert(world.ops->prepare(&world.map, at, 1));
    world.ops->map(&world.map, at, &large);
    ck_assert(world.ops->split(&world.map, at));
    mmsim_vaddr end = at + ((mmsim_vaddr)1 << shift);
    for (mmsim_vaddr page = at; page < end; page += MMSIM_PAGE_SIZE) {
        struct mmsim_entry got = world.ops->query(&world.map, page);
        ck_assert_uint_eq(got.size_class, 0);
        ck_assert_uint_eq(got.base, large.base + (page - at));
        ck_assert_uint_eq(got.flags, large.flags);
    }
    ck_assert(!world.ops->prepare(&world.map, at, 1)); /* entries are in the way */
    for (mmsim_vaddr page = at; page < end; page += MMSIM_PAGE_SIZE)
        world.ops->unmap(&world.map, page);
    ck_assert(world.ops->prepare(&world.map, at, 1));
    world_fini(&world);
}
END_TEST

START_TEST(guards_and_swap_entries_keep_their_kind_and_place)
{
    const struct setting *setting = &settings[full_settings[_i]];
    struct world world;
    world_init(&world, setting, 6);
    mmsim_vaddr at = address_of(&world, 0, 1);
    static const enum mmsim_entry_state states[] = {MMSIM_ENTRY_HELD, MMSIM_ENTRY_GUARD,
                                                    MMSIM_ENTRY_SWAP};
    ck_assert(world.ops->prepare(&world.map, at, 0));
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct mmsim_entry entry = {.state = states[i], .base = 0x12345000};
        world.ops->map(&world.map, at, &entry);
        struct mmsim_entry got = world.ops->query(&world.map, at);
        ck_assert_int_eq(got.state, states[i]);
        ck_assert_uint_eq(got.base, entry.base);
        ck_assert_uint_eq(world.ops->next(&world.map, at, at + MMSIM_PAGE_SIZE), at);
    }
    world.ops->unmap(&world.map, at);
    world_fini(&world);
}
END_TEST

Suite *test_map_suite(void);
Suite *test_map_suite(void)
{
    Suite *suite = suite_create("x86_32 page-table writer");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, random_verbs_leave_what_an_array_of_entries_says, 0, N_SETTINGS);
    tcase_add_loop_test(tests, a_key_survives_the_time_in_which_its_page_is_held, 0, 2);
    tcase_add_loop_test(tests, open_takes_all_its_frames_or_none, 0, 2);
    tcase_add_loop_test(tests, shared_top_level_entries_show_later_changes_of_the_master, 0, 2);
    tcase_add_loop_test(tests, loading_another_root_shows_the_other_set, 0, 2);
    tcase_add_loop_test(tests, sharing_takes_away_what_the_master_does_not_have, 0, 2);
    tcase_add_loop_test(tests, an_empty_table_that_is_kept_goes_by_trim_alone, 0, 2);
    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, a_split_large_page_grants_the_same, 0, 2);
    tcase_add_loop_test(tests, guards_and_swap_entries_keep_their_kind_and_place, 0, 2);
    return suite;
}
