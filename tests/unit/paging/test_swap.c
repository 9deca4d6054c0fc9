/*
 * test_swap.c - areas, priorities, counts, turning areas off, against a model that is an array of
 * counts and contents; and life without host memory.
 */
#include "paging/swap.h"

#include "base/rng.h"
#include "kit.h"
#include "paging/pgtable.h"
#include "sim/machine.h"
#include "swap_kit.h"

static struct swap_kit kit;

static void fill_up(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        ck_assert_uint_ne(mm_swap_alloc(&kit.swap), MM_NO_SLOT);
}

static unsigned alloc_area(void)
{
    return mm_swap_area_of(&kit.swap, mm_swap_alloc(&kit.swap));
}

/* ---- which area ---- */

START_TEST(without_areas_swap_is_full)
{
    kit_describe(&kit, (const uint32_t[]){0});
    kit_begin(&kit);
    ck_assert_uint_eq(mm_swap_alloc(&kit.swap), MM_NO_SLOT);
    ck_assert_uint_eq(mm_swap_size(&kit.swap) + mm_swap_free(&kit.swap), 0);
    kit_end_swap(&kit);
}
END_TEST

START_TEST(the_highest_priority_is_filled_first)
{
    kit_describe(&kit, (const uint32_t[]){100, 300, 7, 0});
    static const int priorities[] = {-1, 5, 2};
    for (unsigned i = 0; i < 3; i++)
        kit.areas[i].priority = priorities[i];
    kit_begin(&kit);
    static const unsigned n_slots[] = {300, 7, 100}, areas[] = {1, 2, 0};
    for (unsigned k = 0; k < 3; k++) {
        for (unsigned i = 0; i < n_slots[k]; i++)
            ck_assert_uint_eq(alloc_area(), areas[k]);
    }
    ck_assert_uint_eq(mm_swap_alloc(&kit.swap), MM_NO_SLOT);
    ck_assert_uint_eq(mm_swap_free(&kit.swap), 0);
    ck_assert_uint_eq(mm_swap_used(&kit.swap), 407);
    ck_assert_uint_eq(mm_swap_put(&kit.swap, 500), 0); /* area 1 has 256 to 555 */
    ck_assert_uint_eq(alloc_area(), 1); /* no matter that it comes in another's turn */
    kit_end_swap(&kit);
}
END_TEST

START_TEST(equal_areas_take_turns_of_a_request)
{
    kit_describe(&kit, (const uint32_t[]){96, 96, 96, 0});
    kit_begin(&kit);
    for (unsigned turn = 0; turn < 9; turn++) {
        for (unsigned i = 0; i < 32; i++)
            ck_assert_uint_eq(mm_swap_alloc(&kit.swap), turn % 3 * 256 + turn / 3 * 32 + i);
    }
    ck_assert_uint_eq(mm_swap_alloc(&kit.swap), MM_NO_SLOT);
    kit_end_swap(&kit);
}
END_TEST

START_TEST(as_many_areas_as_there_may_be)
{
    uint32_t n_slots[MM_SWAP_MAX_AREAS + 1] = {0};
    for (unsigned i = 0; i < MM_SWAP_MAX_AREAS; i++)
        n_slots[i] = 1 + i;
    kit_describe(&kit, n_slots);
    kit_begin(&kit);
    fill_up(32 * 33 / 2);
    ck_assert_uint_eq(mm_swap_alloc(&kit.swap), MM_NO_SLOT);
    for (unsigned i = 0; i < MM_SWAP_MAX_AREAS; i++)
        ck_assert_uint_eq(kit.swap.areas[i].n_used, 1 + i);
    kit_end_swap(&kit);
}
END_TEST

/* ---- words ---- */

START_TEST(a_slot_keeps_its_words_until_it_is_taken_again)
{
    kit_describe(&kit, (const uint32_t[]){1, 0});
    kit_begin(&kit);
    uint32_t slot = mm_swap_alloc(&kit.swap);
    ck_assert_uint_eq(mm_swap_page(&kit.swap, slot), MMSIM_NO_PAGE);
    ck_assert_uint_eq(mm_swap_shadow(&kit.swap, slot), 0);
    mm_swap_set_page(&kit.swap, slot, 12345);
    mm_swap_set_shadow(&kit.swap, slot, 0xfedcba98);
    kit_write_one(&kit, slot, 3);
    mm_swap_dup(&kit.swap, slot);
    ck_assert_uint_eq(mm_swap_put(&kit.swap, slot), 1);
    ck_assert_uint_eq(mm_swap_put(&kit.swap, slot), 0);
    ck_assert_uint_eq(mm_swap_page(&kit.swap, slot), 12345);
    ck_assert_uint_eq(mm_swap_shadow(&kit.swap, slot), 0xfedcba98);
    ck_assert(!mm_swap_is_filled(&kit.swap, slot));
    ck_assert_uint_eq(mm_swap_alloc(&kit.swap), slot);
    ck_assert_uint_eq(mm_swap_page(&kit.swap, slot), MMSIM_NO_PAGE);
    ck_assert_uint_eq(mm_swap_shadow(&kit.swap, slot), 0);
    kit_end_swap(&kit);
}
END_TEST

START_TEST(a_page_table_entry_holds_the_largest_slot_number)
{
    struct mmsim_machine *machine = kit_machine();
    struct mm_pgtable *tables = mm_pgtable_create(&machine->paging);
    ck_assert_ptr_nonnull(tables);
    mmsim_vaddr page = 0x40000000;
    ck_assert(mm_pgtable_prepare(tables, page));
    uint32_t most =
        kit_paging == MMSIM_PAGING_PAE ? MM_SWAP_MAX_SLOTS_PAE : MM_SWAP_MAX_SLOTS_32BIT;
    const uint32_t slots[] = {0, 1, most / 2, most - 1};
    for (unsigned i = 0; i < 4; i++) {
        struct mmsim_entry entry = {.state = MMSIM_ENTRY_SWAP, .base = mm_swap_base(slots[i])};
        mm_pgtable_map(tables, page, &entry);
        entry = mm_pgtable_query(tables, page);
        ck_assert_int_eq(entry.state, MMSIM_ENTRY_SWAP);
        ck_assert_uint_eq(mm_swap_slot_of(entry.base), slots[i]);
    }
    mm_pgtable_unmap(tables, page);
    mm_pgtable_destroy(tables);
    kit_end(machine);
}
END_TEST

/* ---- turning areas off ---- */

START_TEST(an_area_that_is_emptied_gives_nothing_and_is_off_when_empty)
{
    kit_describe(&kit, (const uint32_t[]){700, 700, 0});
    kit.areas[0].priority = 1;
    kit_begin(&kit);
    fill_up(600);
    for (uint32_t slot = 0; slot < 600; slot++) {
        if (slot % 100 != 50)
            mm_swap_put(&kit.swap, slot);
    }
    ck_assert_uint_eq(mm_swap_size(&kit.swap), 1400);
    mm_swap_off_begin(&kit.swap, 0);
    ck_assert_uint_eq(mm_swap_size(&kit.swap), 700);
    ck_assert_uint_eq(mm_swap_free(&kit.swap), 700);
    ck_assert_uint_eq(mm_swap_used(&kit.swap), 6);
    unsigned n = 0;
    for (uint32_t slot = 0; (slot = mm_swap_next_used(&kit.swap, 0, slot)) != MM_NO_SLOT; n++) {
        ck_assert_uint_eq(slot, n * 100 + 50);
        ck_assert(!mm_swap_off_finish(&kit.swap, 0));
        ck_assert_uint_eq(alloc_area(), 1);
        mm_swap_put(&kit.swap, slot);
        slot++;
    }
    ck_assert_uint_eq(n, 6);
    ck_assert_uint_eq(mm_swap_next_used(&kit.swap, 1, 0), 768);
    ck_assert_uint_eq(mm_swap_next_used(&kit.swap, 1, 770), 770);
    ck_assert_uint_eq(mm_swap_next_used(&kit.swap, 1, 774), MM_NO_SLOT);
    ck_assert(mm_swap_off_finish(&kit.swap, 0));
    ck_assert_ptr_null(mm_swap_check(&kit.swap));
    ck_assert_uint_eq(alloc_area(), 1);
    mm_swap_on(&kit.swap, 0);
    ck_assert_uint_eq(alloc_area(), 0);
    kit_end_swap(&kit);
}
END_TEST

START_TEST(a_slot_that_is_bad_and_held_is_still_to_be_emptied)
{
    kit_describe(&kit, (const uint32_t[]){9, 0});
    kit_begin(&kit);
    uint32_t slot = mm_swap_alloc(&kit.swap);
    mm_swap_inject(&kit.swap, MM_DISK_WRITE_FAILS, &(struct mm_disk_rule){.nth = 1});
    ck_assert_int_eq(kit_write_one(&kit, slot, 4), MM_SWAP_IO_ERROR);
    mm_swap_off_begin(&kit.swap, 0);
    ck_assert_uint_eq(mm_swap_next_used(&kit.swap, 0, 0), slot);
    ck_assert(!mm_swap_off_finish(&kit.swap, 0));
    mm_swap_put(&kit.swap, slot);
    ck_assert(mm_swap_off_finish(&kit.swap, 0));
    mm_swap_on(&kit.swap, 0);
    fill_up(8);
    ck_assert_uint_eq(mm_swap_alloc(&kit.swap), MM_NO_SLOT);
    kit_end_swap(&kit);
}
END_TEST

/* ---- the model ---- */

enum { N_AREAS = 4, N_NUMBERS = 1792, UNWRITTEN = UINT32_MAX };

/* Sizes that end within clusters; 0 and 2 are equals, and so are 1 and 3. */
static const uint32_t model_slots[] = {130, 300, 40, 513, 0};
static const int model_priorities[] = {3, -2, 3, -2};
static const uint32_t model_first[] = {0, 256, 768, 1024};

static struct {
    uint32_t counts[N_NUMBERS];
    uint32_t seeds[N_NUMBERS]; /* what was written */
    bool bad[N_NUMBERS];
    bool is_on[N_AREAS];
    uint64_t n_allocs[N_AREAS], turn_ended[N_AREAS], time;
    uint64_t in, out, zero_in, zero_out, cycles;
} model;

static unsigned model_area_of(uint32_t slot)
{
    unsigned area = N_AREAS - 1;
    while (slot < model_first[area])
        area--;
    return area;
}

static uint32_t model_n_free(unsigned area)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < model_slots[area]; i++) {
        uint32_t slot = model_first[area] + i;
        n += model.counts[slot] == 0 && !model.bad[slot];
    }
    return n;
}

/* The one that gives the next slot; N_AREAS: none. */
static unsigned model_choose(void)
{
    unsigned best = N_AREAS;
    for (unsigned i = 0; i < N_AREAS; i++) {
        if (!model.is_on[i] || model_n_free(i) == 0)
            continue;
        bool is_better = best == N_AREAS || model_priorities[i] > model_priorities[best] ||
                         (model_priorities[i] == model_priorities[best] &&
                          model.turn_ended[i] < model.turn_ended[best]);
        best = is_better ? i : best;
    }
    return best;
}

static void model_alloc(void)
{
    unsigned area = model_choose();
    uint32_t slot = mm_swap_alloc(&kit.swap);
    model.time++;
    if (area == N_AREAS) {
        ck_assert_uint_eq(slot, MM_NO_SLOT);
        return;
    }
    ck_assert_uint_lt(slot, N_NUMBERS);
    ck_assert_uint_eq(model_area_of(slot), area);
    ck_assert_uint_lt(slot - model_first[area], model_slots[area]);
    ck_assert_uint_eq(model.counts[slot], 0);
    ck_assert(!model.bad[slot]);
    model.counts[slot] = 1;
    model.seeds[slot] = UNWRITTEN;
    if (++model.n_allocs[area] % 32 == 0)
        model.turn_ended[area] = model.time;
}

static void model_put(uint32_t slot)
{
    ck_assert_uint_eq(mm_swap_put(&kit.swap, slot), --model.counts[slot]);
}

/* Slots from `slot` on that one request may name. */
static unsigned longest_run(struct mm_rng *rng, uint32_t slot)
{
    unsigned area = model_area_of(slot);
    uint64_t rest = model_first[area] + model_slots[area] - slot;
    uint64_t n = 1 + mm_rng_below(rng, 32);
    return (unsigned)(n < rest ? n : rest);
}

static uint8_t frames[32][MMSIM_PAGE_SIZE];

static void model_write(struct mm_rng *rng, uint32_t slot)
{
    const uint8_t *pages[32] = {NULL};
    uint32_t seeds[32];
    unsigned n = longest_run(rng, slot), n_moved = 0;
    for (unsigned i = 0; i < n; i++) {
        if (model.counts[slot + i] == 0 || model.bad[slot + i] || mm_rng_below(rng, 4) == 0)
            continue;
        seeds[i] = mm_rng_below(rng, 3) > 0 ? (uint32_t)mm_rng_below(rng, UNWRITTEN) : 0;
        kit_fill(frames[i], seeds[i]);
        pages[i] = frames[i];
        n_moved += seeds[i] > 0;
    }
    bool fails = n_moved > 0 && mm_rng_below(rng, 60) == 0;
    mm_swap_inject(&kit.swap, MM_DISK_WRITE_FAILS, &(struct mm_disk_rule){.nth = fails});
    ck_assert_int_eq(mm_swap_write(&kit.swap, slot, n, pages),
                     fails ? MM_SWAP_IO_ERROR : MM_SWAP_OK);
    for (unsigned i = 0; i < n; i++) {
        if (!pages[i])
            continue;
        bool spoiled = fails && seeds[i] > 0;
        model.bad[slot + i] = spoiled;
        model.seeds[slot + i] = spoiled ? UNWRITTEN : seeds[i];
        model.zero_out += seeds[i] == 0;
    }
    model.out += fails ? 0 : n_moved;
    model.cycles += n_moved > 0 ? KIT_WRITE + n_moved * KIT_MOVE : 0;
}

static void model_read(struct mm_rng *rng, uint32_t slot)
{
    uint8_t *pages[32] = {NULL};
    unsigned n = longest_run(rng, slot), n_moved = 0, n_zero = 0;
    for (unsigned i = 0; i < n; i++) {
        if (model.counts[slot + i] == 0 || model.seeds[slot + i] == UNWRITTEN ||
            mm_rng_below(rng, 4) == 0)
            continue;
        memset(frames[i], 0xee, MMSIM_PAGE_SIZE);
        pages[i] = frames[i];
        n_moved += model.seeds[slot + i] > 0;
        n_zero += model.seeds[slot + i] == 0;
    }
    bool fails = n_moved > 0 && mm_rng_below(rng, 20) == 0;
    mm_swap_inject(&kit.swap, MM_DISK_READ_FAILS, &(struct mm_disk_rule){.nth = fails});
    ck_assert_int_eq(mm_swap_read(&kit.swap, slot, n, pages),
                     fails ? MM_SWAP_IO_ERROR : MM_SWAP_OK);
    for (unsigned i = 0; i < n && !fails; i++) {
        if (pages[i])
            kit_expect(pages[i], model.seeds[slot + i]);
    }
    model.in += fails ? 0 : n_moved;
    model.zero_in += n_zero;
    model.cycles += n_zero * KIT_FILL + (n_moved > 0 ? KIT_READ + n_moved * KIT_MOVE : 0);
}

static void model_switch(unsigned area)
{
    if (!model.is_on[area]) {
        mm_swap_on(&kit.swap, area);
    } else {
        mm_swap_off_begin(&kit.swap, area);
        bool is_empty = mm_swap_next_used(&kit.swap, area, 0) == MM_NO_SLOT;
        ck_assert_int_eq(mm_swap_off_finish(&kit.swap, area), is_empty);
    }
    model.is_on[area] = !model.is_on[area];
}

static void compare(void)
{
    uint64_t n_used = 0, n_free = 0, size = 0;
    for (uint32_t slot = 0; slot < N_NUMBERS; slot++) {
        n_used += model.counts[slot] > 0;
        ck_assert_uint_eq(mm_swap_count(&kit.swap, slot), model.counts[slot]);
        ck_assert_int_eq(mm_swap_is_bad(&kit.swap, slot), model.bad[slot]);
        if (model.counts[slot] > 0)
            ck_assert_int_eq(mm_swap_is_filled(&kit.swap, slot), model.seeds[slot] != UNWRITTEN);
    }
    for (unsigned area = 0; area < N_AREAS; area++) {
        n_free += model.is_on[area] ? model_n_free(area) : 0;
        for (uint32_t i = 0; i < model_slots[area]; i++)
            size += model.is_on[area] && !model.bad[model_first[area] + i];
    }
    ck_assert_uint_eq(mm_swap_used(&kit.swap), n_used);
    ck_assert_uint_eq(mm_swap_free(&kit.swap), n_free);
    ck_assert_uint_eq(mm_swap_size(&kit.swap), size);
    struct mm_swap_stats stats = mm_swap_get_stats(&kit.swap);
    ck_assert_uint_eq(stats.in, model.in);
    ck_assert_uint_eq(stats.out, model.out);
    ck_assert_uint_eq(stats.zero_in, model.zero_in);
    ck_assert_uint_eq(stats.zero_out, model.zero_out);
    ck_assert_uint_eq(kit.clock.cycles, model.cycles);
    ck_assert_ptr_null(mm_swap_check(&kit.swap));
    ck_assert_ptr_null(mm_swap_check_counts(&kit.swap, model.counts));
}

static void look_at_all(void)
{
    for (uint32_t slot = 0; slot < N_NUMBERS; slot++) {
        if (model.counts[slot] == 0 || model.seeds[slot] == UNWRITTEN)
            continue;
        mm_swap_look(&kit.swap, slot, frames[0]);
        kit_expect(frames[0], model.seeds[slot]);
    }
}

static void begin_model(void)
{
    kit_describe(&kit, model_slots);
    memset(&model, 0, sizeof model);
    for (unsigned i = 0; i < N_AREAS; i++) {
        kit.areas[i].priority = model_priorities[i];
        model.is_on[i] = true;
        model.turn_ended[i] = i; /* equals begin in their order */
    }
    model.time = N_AREAS;
    kit_begin(&kit);
    ck_assert_uint_eq(kit.swap.n_numbers, N_NUMBERS);
}

static void step_on_slot(struct mm_rng *rng, uint32_t slot)
{
    uint64_t what = mm_rng_below(rng, 8);
    if (what == 0) {
        mm_swap_dup(&kit.swap, slot);
        model.counts[slot]++;
    } else if (what < 4) {
        model_put(slot);
    } else if (what < 6) {
        model_write(rng, slot);
    } else {
        model_read(rng, slot);
    }
}

START_TEST(swap_does_what_an_array_of_counts_and_contents_does)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, (uint64_t)_i);
    begin_model();
    for (unsigned round = 0; round < 40; round++) {
        unsigned taking = 20 + (unsigned)mm_rng_below(&rng, 60); /* per cent */
        for (unsigned step = 0; step < 300; step++) {
            uint32_t slot = (uint32_t)mm_rng_below(&rng, N_NUMBERS);
            if (mm_rng_below(&rng, 100) < taking)
                model_alloc();
            else if (model.counts[slot] > 0)
                step_on_slot(&rng, slot);
        }
        if (mm_rng_below(&rng, 4) == 0)
            model_switch((unsigned)mm_rng_below(&rng, N_AREAS));
        compare();
    }
    look_at_all();
    for (uint32_t slot = 0; slot < N_NUMBERS; slot++) {
        while (model.counts[slot] > 0)
            model_put(slot);
    }
    compare();
    kit_end_swap(&kit);
}
END_TEST

/* ---- life ---- */

START_TEST(without_host_memory_nothing_is_left)
{
    for (uint64_t n = 1;; n++) {
        struct fail_nth fail;
        fail_nth_init(&fail, n, 1);
        kit_describe(&kit, (const uint32_t[]){300, 20, 0});
        mm_host_init(&kit.host, &fail.allocator);
        enum mm_swap_refusal refusal = mm_swap_init(&kit.swap, &kit.setup);
        ck_assert_int_eq(refusal, fail.n_requests < n ? MM_SWAP_READY : MM_SWAP_NO_HOST_MEMORY);
        uint64_t n_requests = fail.n_requests;
        if (refusal == MM_SWAP_READY) {
            fill_up(320);
            kit_write_one(&kit, 3, 1);
            ck_assert_uint_eq(fail.n_requests, n_requests); /* all was taken at the beginning */
        }
        mm_swap_fini(&kit.swap);
        ck_assert_ptr_null(fail_nth_check(&fail));
        if (n_requests < n)
            break;
    }
}
END_TEST

START_TEST(areas_must_have_numbers_enough)
{
    for (uint32_t most = 500; most < 800; most++) {
        kit_describe(&kit, (const uint32_t[]){257, 200, 0}); /* 512 and 256 numbers */
        kit.setup.max_slots = most;
        enum mm_swap_refusal refusal = mm_swap_init(&kit.swap, &kit.setup);
        ck_assert_int_eq(refusal, most < 768 ? MM_SWAP_TOO_LARGE : MM_SWAP_READY);
        mm_swap_fini(&kit.swap);
        ck_assert_uint_eq(kit.host.n_blocks, 0);
    }
    kit_describe(&kit, (const uint32_t[]){1, 1, 0});
    kit.areas[1].device.bytes = UINT64_MAX << MMSIM_PAGE_SHIFT;
    ck_assert_int_eq(mm_swap_init(&kit.swap, &kit.setup), MM_SWAP_TOO_LARGE);
    ck_assert_uint_eq(kit.host.n_blocks, 0);
}
END_TEST

START_TEST(a_file_that_cannot_be_an_area_is_refused_by_its_number)
{
    kit_describe(&kit, (const uint32_t[]){5, 5, 5, 0});
    kit.areas[1].device.path = "no-such-folder/swap";
    ck_assert_int_eq(mm_swap_init(&kit.swap, &kit.setup), MM_SWAP_BAD_FILE);
    ck_assert_uint_eq(kit.swap.n_areas, 1);
    ck_assert_uint_eq(kit.host.n_blocks, 0);
    mm_swap_fini(&kit.swap);
}
END_TEST

/* ---- checking ---- */

#define ck_assert_finds(damage, repair)                                                            \
    do {                                                                                           \
        damage;                                                                                    \
        ck_assert_ptr_nonnull(mm_swap_check(&kit.swap));                                           \
        repair;                                                                                    \
        ck_assert_ptr_null(mm_swap_check(&kit.swap));                                              \
    } while (false)

START_TEST(the_check_finds_what_is_wrong)
{
    kit_describe(&kit, (const uint32_t[]){40, 20, 0});
    kit.areas[0].priority = 1;
    kit_begin(&kit);
    fill_up(10);
    kit_write_one(&kit, 2, 0);
    kit_write_one(&kit, 3, 5);
    struct mm_swap_slot *slots = kit.swap.slots;
    struct mm_swap_area *area = &kit.swap.areas[0];
    ck_assert_finds(slots[20].count = 1, slots[20].count = 0);
    ck_assert_finds(slots[4].count = 0, slots[4].count = 1);
    ck_assert_finds(slots[20].marks = MM_SWAP_ZERO, slots[20].marks = 0);
    ck_assert_finds(slots[2].marks |= MM_SWAP_STORED, slots[2].marks = MM_SWAP_ZERO);
    ck_assert_finds(slots[3].marks |= MM_SWAP_BAD, slots[3].marks = MM_SWAP_STORED);
    ck_assert_finds(slots[2].marks = 0, slots[2].marks = MM_SWAP_ZERO);
    ck_assert_finds(area->n_used++, area->n_used--);
    ck_assert_finds(area->n_bad++, area->n_bad--);
    ck_assert_finds(area->n_zero++, area->n_zero--);
    ck_assert_finds(area->state = MM_SWAP_OFF, area->state = MM_SWAP_ON);
    ck_assert_finds(area->clusters.n_free++, area->clusters.n_free--);
    ck_assert_finds(area->priority = -1, area->priority = 1);
    ck_assert_finds(kit.swap.order[1] = 0, kit.swap.order[1] = 1);
    kit_end_swap(&kit);
}
END_TEST

START_TEST(counts_are_compared_slot_by_slot)
{
    kit_describe(&kit, (const uint32_t[]){8, 0});
    kit_begin(&kit);
    uint32_t expected[256] = {1, 1, 1, 1, 1};
    fill_up(5);
    ck_assert_ptr_null(mm_swap_check_counts(&kit.swap, expected));
    mm_swap_dup(&kit.swap, 2);
    ck_assert_ptr_nonnull(mm_swap_check_counts(&kit.swap, expected));
    expected[2]++;
    ck_assert_ptr_null(mm_swap_check_counts(&kit.swap, expected));
    expected[255] = 1; /* a number that names no slot */
    ck_assert_ptr_nonnull(mm_swap_check_counts(&kit.swap, expected));
    kit_end_swap(&kit);
}
END_TEST

static void add_modes(TCase *tests)
{
    tcase_add_test(tests, a_page_table_entry_holds_the_largest_slot_number);
}

Suite *test_swap_suite(void);
Suite *test_swap_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("swap", &tests);
    kit_add_modes(suite, add_modes);
    tcase_add_test(tests, without_areas_swap_is_full);
    tcase_add_test(tests, the_highest_priority_is_filled_first);
    tcase_add_test(tests, equal_areas_take_turns_of_a_request);
    tcase_add_test(tests, as_many_areas_as_there_may_be);
    tcase_add_test(tests, a_slot_keeps_its_words_until_it_is_taken_again);
    tcase_add_test(tests, an_area_that_is_emptied_gives_nothing_and_is_off_when_empty);
    tcase_add_test(tests, a_slot_that_is_bad_and_held_is_still_to_be_emptied);
    tcase_add_loop_test(tests, swap_does_what_an_array_of_counts_and_contents_does, 0, 30);
    tcase_add_test(tests, without_host_memory_nothing_is_left);
    tcase_add_test(tests, areas_must_have_numbers_enough);
    tcase_add_test(tests, a_file_that_cannot_be_an_area_is_refused_by_its_number);
    tcase_add_test(tests, the_check_finds_what_is_wrong);
    tcase_add_test(tests, counts_are_compared_slot_by_slot);
    return suite;
}
