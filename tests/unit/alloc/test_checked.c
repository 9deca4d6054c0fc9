/* Checked objects: every damage is found where it is, named exactly and put right; and nothing is
 * reported that did not happen. */
#include "heap_kit.h"

#include "alloc/checked.h"
#include "alloc/quarantine.h"
#include "alloc/site.h"

enum {
    Z = MM_CHECK_RED_ZONES,
    P = MM_CHECK_POISON,
    U = MM_CHECK_TRACK,
    Q = MM_CHECK_QUARANTINE,
    G = MM_CHECK_GUARD,
    H = MM_CHECK_HARDEN,
    R = MM_CHECK_SHUFFLE,
    N_COMBINATIONS = 128
};

static struct kit kit;
static uint64_t step;

static bool map_guarded(void *user, mmsim_pfn first, uint64_t n_frames, mmsim_vaddr *address)
{
    uint64_t *next = user;
    (void)first;
    *address = *next;
    *next += (n_frames + 1) << MMSIM_PAGE_SHIFT;
    return true;
}

static void unmap_guarded(void *user, mmsim_vaddr address)
{
    (void)user;
    (void)address;
}

static uint64_t next_guarded;

static void setup(void)
{
    kit_setup(&kit, 32 * MMSIM_MIB, 2);
    step = 0;
    next_guarded = 0xc0000000;
    kit.heap.step = &step;
    kit.heap.map_guarded = map_guarded;
    kit.heap.unmap_guarded = unmap_guarded;
    kit.heap.release_guarded = unmap_guarded;
    kit.heap.map_user = &next_guarded;
}

static void teardown(void)
{
    kit_check(&kit);
    kit_teardown(&kit);
}

static uint8_t *alloc_at(size_t n_bytes, const char *site, uint64_t now)
{
    kit.heap.site = site;
    step = now;
    uint8_t *object = mm_kmalloc(&kit.heap, n_bytes);
    ck_assert_ptr_nonnull(object);
    return object;
}

static void free_at(void *object, const char *site, uint64_t now)
{
    kit.heap.site = site;
    step = now;
    ck_assert(mm_kfree(&kit.heap, object));
}

static uint64_t offset_of(const void *object)
{
    return mm_heap_offset(&kit.heap, object);
}

static void checks(unsigned which)
{
    ck_assert(mm_kmalloc_set_checks(&kit.heap, which));
}

static const struct mm_slab_set *set_of(const void *object)
{
    return kit.heap.sets[kit.heap.page_map[offset_of(object) >> MMSIM_PAGE_SHIFT]];
}

/* The last report, of damage: `where` is the first damaged byte. */
static void expect_damage(enum mmsim_heap_mistake mistake, const uint8_t *object,
                          size_t object_bytes, const uint8_t *where, uint32_t n_bytes,
                          uint8_t found, uint8_t expected)
{
    ck_assert_uint_eq(kit.n_reports, 1);
    ck_assert_int_eq(kit.last.mistake, mistake);
    ck_assert_uint_eq(kit.last.object, offset_of(object));
    ck_assert_uint_eq(kit.last.object_bytes, object_bytes);
    ck_assert_uint_eq(kit.last.address, offset_of(where));
    ck_assert_int_eq(kit.last.offset, where - object);
    ck_assert_uint_eq(kit.last.n_found, n_bytes);
    ck_assert_uint_eq(kit.last.expected, expected);
    for (uint32_t i = 0; i < 16; i++)
        ck_assert_uint_eq(kit.last.found[i], i < n_bytes ? found : 0);
    const struct mm_cache *cache = set_of(object)->owner;
    ck_assert_str_eq(kit.last.cache, cache->name);
}

static void expect_moment(const struct mmsim_heap_moment *moment, const char *site, uint64_t when)
{
    if (!site) {
        ck_assert_ptr_null(moment->site);
        return;
    }
    ck_assert_ptr_nonnull(moment->site);
    ck_assert_str_eq(moment->site, site);
    ck_assert_uint_eq(moment->step, when);
}

/* Nothing else is wrong: what was reported has been put right. */
static void expect_no_more(void)
{
    uint64_t n = kit.n_reports;
    ck_assert_uint_eq(mm_heap_verify(&kit.heap), 0);
    ck_assert_uint_eq(kit.n_reports, n);
    ck_assert_uint_eq(kit.heap.n_reports, n);
}

static void begin_again(void)
{
    kit.n_reports = kit.heap.n_reports = 0;
}

/* ---- what checks cost ---- */

START_TEST(checks_cost_at_most_sixteen_bytes_an_object)
{
    for (unsigned which = 0; which < N_COMBINATIONS; which++) {
        if (which & G)
            continue; /* whole pages */
        for (unsigned i = 0; i < kit.heap.n_classes; i++) {
            const struct mm_cache *class = &kit.heap.classes[i];
            uint32_t slot = mm_checked_plan(class, which).slot_bytes;
            ck_assert_uint_eq(slot, class->object_bytes + (which & (Z | U) ? 16u : 0u));
        }
    }
}
END_TEST

START_TEST(slabs_hold_as_many_checked_objects_as_fit)
{
    for (unsigned which = 0; which < N_COMBINATIONS; which++) {
        if (which & G)
            continue;
        for (unsigned i = 0; i < kit.heap.n_classes; i++) {
            struct mm_slab_layout layout = mm_checked_plan(&kit.heap.classes[i], which);
            uint32_t room = (4096u << layout.order) - layout.first;
            ck_assert_uint_eq(layout.first, which & Z ? 16 : 0);
            ck_assert_uint_eq(layout.per_slab, room / layout.slot_bytes);
            ck_assert_uint_le(room % layout.slot_bytes * 8, 4096u << layout.order);
        }
    }
}
END_TEST

/* ---- red zones ---- */

static const size_t sizes[] = {1, 7, 15, 16, 17, 32, 60, 64, 100, 500, 1000, 2000, 4096, 6544};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

enum { MAX_PER_SLAB = 256, FIRST = 0, MIDDLE, LAST, N_PLACES };

/* Objects of a size until one lies at that place of its slab; the others are freed again. */
static uint8_t *alloc_in_place(size_t n_bytes, unsigned place)
{
    uint8_t *others[2 * MAX_PER_SLAB], *found = NULL;
    unsigned n = 0;
    while (!found) {
        uint8_t *object = alloc_at(n_bytes, "alloc.c:1", 10);
        const struct mm_slab_set *set = set_of(object);
        uint32_t offset = (uint32_t)offset_of(object);
        uint32_t first = mm_slab_first(set, mm_slab_of(set, offset));
        uint32_t number = (offset - first) / set->layout.slot_bytes;
        bool fits = place == FIRST  ? number == 0
                    : place == LAST ? number == set->layout.per_slab - 1u
                                    : number == set->layout.per_slab / 2u;
        if (fits)
            found = object;
        else
            others[n++] = object;
    }
    while (n > 0)
        free_at(others[--n], "other.c:1", 11);
    return found;
}

START_TEST(a_write_behind_an_object_is_found_when_it_is_freed)
{
    unsigned which = (unsigned)_i;
    checks(which);
    for (unsigned i = 0; i < N_SIZES; i++) {
        for (unsigned place = FIRST; place < N_PLACES; place++) {
            uint8_t *object = alloc_in_place(sizes[i], place);
            object[sizes[i]] = 'x';
            free_at(object, "free.c:2", 20);
            expect_damage(MMSIM_HEAP_RIGHT_RED_ZONE, object, sizes[i], object + sizes[i], 1, 'x',
                          0xcc);
            expect_moment(&kit.last.now, "free.c:2", 20);
            expect_moment(&kit.last.allocated, which & U ? "alloc.c:1" : NULL, 10);
            expect_moment(&kit.last.freed, NULL, 0);
            expect_no_more();
            begin_again();
        }
    }
}
END_TEST

START_TEST(a_write_before_an_object_is_found_when_it_is_freed)
{
    unsigned which = (unsigned)_i;
    checks(which);
    for (unsigned i = 0; i < N_SIZES; i++) {
        for (unsigned place = FIRST; place < N_PLACES; place++) {
            uint8_t *object = alloc_in_place(sizes[i], place);
            object[-1] = 'y';
            free_at(object, "free.c:3", 30);
            expect_damage(MMSIM_HEAP_LEFT_RED_ZONE, object, sizes[i], object - 1, 1, 'y', 0xcc);
            expect_moment(&kit.last.allocated, which & U ? "alloc.c:1" : NULL, 10);
            expect_no_more();
            begin_again();
        }
    }
}
END_TEST

START_TEST(a_long_write_behind_an_object_is_reported_with_its_length_and_sixteen_bytes)
{
    checks(Z);
    uint8_t *object = alloc_at(450, "alloc.c:1", 1); /* of 512: the red zone has 66 bytes */
    memset(object + 450, 'z', 40);
    free_at(object, "free.c:1", 2);
    ck_assert_uint_eq(kit.n_reports, 1);
    ck_assert_uint_eq(kit.last.n_found, 40);
    ck_assert_uint_eq(kit.last.address, offset_of(object) + 450);
    for (unsigned i = 0; i < 16; i++)
        ck_assert_uint_eq(kit.last.found[i], 'z');
    expect_no_more();
}
END_TEST

START_TEST(two_bytes_far_apart_are_one_damage_from_the_first_to_the_last)
{
    checks(Z);
    uint8_t *object = alloc_at(450, "alloc.c:1", 1);
    object[452] = 1;
    object[461] = 2;
    free_at(object, "free.c:1", 2);
    ck_assert_uint_eq(kit.n_reports, 1);
    ck_assert_int_eq(kit.last.offset, 452);
    ck_assert_uint_eq(kit.last.n_found, 10);
    ck_assert_uint_eq(kit.last.found[0], 1);
    ck_assert_uint_eq(kit.last.found[1], 0xcc);
    ck_assert_uint_eq(kit.last.found[9], 2);
    expect_no_more();
}
END_TEST

START_TEST(a_slab_s_first_object_has_sixteen_bytes_of_left_red_zone)
{
    checks(Z | P);
    uint8_t *object = alloc_in_place(64, FIRST);
    memset(object - 16, 'a', 5);
    ck_assert_uint_eq(mm_heap_verify(&kit.heap), 1);
    expect_damage(MMSIM_HEAP_LEFT_RED_ZONE, object, 64, object - 16, 5, 'a', 0xcc);
    expect_no_more();
    free_at(object, "free.c:1", 1);
    ck_assert_uint_eq(kit.n_reports, 1);
}
END_TEST

START_TEST(an_overrun_that_destroys_the_record_still_names_the_object)
{
    checks(Z | P | U);
    uint8_t *object = alloc_in_place(64, LAST);
    memset(object + 64, 0, 15); /* red zone, bytes asked for, steps, sites */
    free_at(object, "free.c:1", 20);
    ck_assert_uint_eq(kit.n_reports, 1);
    ck_assert_int_eq(kit.last.mistake, MMSIM_HEAP_RIGHT_RED_ZONE);
    ck_assert_uint_eq(kit.last.object, offset_of(object));
    ck_assert_uint_eq(kit.last.object_bytes, 64);
    ck_assert_uint_eq(kit.last.n_found, 4);
    expect_no_more();
}
END_TEST

START_TEST(damage_is_found_by_verifying_and_only_once)
{
    checks(Z | P | U);
    uint8_t *object = alloc_at(60, "alloc.c:1", 1);
    object[60] = 7;
    ck_assert_uint_eq(mm_heap_verify(&kit.heap), 1);
    expect_damage(MMSIM_HEAP_RIGHT_RED_ZONE, object, 60, object + 60, 1, 7, 0xcc);
    ck_assert_uint_eq(object[60], 0xcc);
    expect_no_more();
    free_at(object, "free.c:1", 2);
    ck_assert_uint_eq(kit.n_reports, 1);
}
END_TEST

START_TEST(a_write_into_the_red_zone_of_a_free_object_is_found_at_its_next_allocation)
{
    checks(Z);
    uint8_t *object = alloc_at(64, "alloc.c:1", 1);
    free_at(object, "free.c:1", 2);
    object[64] = 9;
    ck_assert_ptr_eq(alloc_at(64, "alloc.c:2", 3), object);
    expect_damage(MMSIM_HEAP_RIGHT_RED_ZONE, object, 64, object + 64, 1, 9, 0xbb);
    expect_no_more();
    free_at(object, "free.c:2", 4);
}
END_TEST

/* ---- poison ---- */

START_TEST(poison_looks_as_linux_has_it)
{
    checks(P);
    uint8_t *object = alloc_at(64, "alloc.c:1", 1);
    for (unsigned i = 0; i < 64; i++)
        ck_assert_uint_eq(object[i], 0x5a);
    free_at(object, "free.c:1", 2);
    for (unsigned i = 0; i < 63; i++)
        ck_assert_uint_eq(object[i], 0x6b);
    ck_assert_uint_eq(object[63], 0xa5);
}
END_TEST

START_TEST(every_byte_written_after_a_free_is_found_at_the_next_allocation)
{
    unsigned which = (unsigned)_i;
    checks(which);
    for (unsigned i = 0; i < N_SIZES; i++) {
        const struct mm_cache *cache = NULL;
        for (unsigned j = 0; j < kit.heap.n_classes && !cache; j++)
            if (kit.heap.classes[j].object_bytes >= sizes[i])
                cache = &kit.heap.classes[j];
        uint32_t class_bytes = cache->object_bytes;
        for (uint32_t at = 0; at < class_bytes; at += class_bytes > 64 ? 13 : 1) {
            uint8_t *object = alloc_at(sizes[i], "alloc.c:1", 10);
            free_at(object, "free.c:1", 20);
            uint8_t expected = at == class_bytes - 1 ? 0xa5 : 0x6b;
            object[at] ^= 0x10;
            ck_assert_ptr_eq(alloc_at(sizes[i], "alloc.c:2", 30), object);
            expect_damage(MMSIM_HEAP_USE_AFTER_FREE, object, class_bytes, object + at, 1,
                          expected ^ 0x10, expected);
            expect_moment(&kit.last.now, "alloc.c:2", 30);
            expect_moment(&kit.last.allocated, which & U ? "alloc.c:1" : NULL, 10);
            expect_moment(&kit.last.freed, which & U ? "free.c:1" : NULL, 20);
            free_at(object, "free.c:2", 40);
            begin_again();
        }
    }
    expect_no_more();
}
END_TEST

START_TEST(a_write_to_an_object_that_was_never_allocated_is_found)
{
    checks(P | U);
    uint8_t *object = alloc_at(64, "alloc.c:1", 1), *neighbour = object + 80;
    ck_assert(!mm_heap_is_live(&kit.heap, offset_of(neighbour)));
    neighbour[3] = 0;
    ck_assert_uint_eq(mm_heap_verify(&kit.heap), 1);
    expect_damage(MMSIM_HEAP_USE_AFTER_FREE, neighbour, 64, neighbour + 3, 1, 0, 0x6b);
    expect_moment(&kit.last.allocated, NULL, 0);
    expect_no_more();
    free_at(object, "free.c:1", 1);
}
END_TEST

static unsigned n_constructed;

static void construct(void *object)
{
    memset(object, 0x11, 40);
    n_constructed++;
}

START_TEST(constructed_objects_stay_constructed_under_every_check)
{
    unsigned which = (unsigned)_i;
    struct mm_cache cache;
    struct mm_cache_setup cache_setup = {
        .name = "constructed", .object_bytes = 40, .checks = which, .construct = construct};
    ck_assert(mm_cache_init(&cache, &kit.heap, &cache_setup));
    for (unsigned round = 0; round < 3; round++) {
        uint8_t *objects[300];
        for (unsigned i = 0; i < 300; i++) {
            objects[i] = mm_cache_alloc(&cache);
            ck_assert_ptr_nonnull(objects[i]);
            for (unsigned j = 0; j < 40; j++)
                ck_assert_uint_eq(objects[i][j], 0x11);
        }
        for (unsigned i = 0; i < 300; i++)
            ck_assert(mm_cache_free(&cache, objects[i]));
    }
    expect_no_more();
    ck_assert_uint_eq(kit.n_reports, 0);
    ck_assert(mm_cache_fini(&cache));
}
END_TEST

/* ---- caches of odd sizes and alignments ---- */

START_TEST(objects_of_all_shapes_are_guarded_to_the_byte)
{
    static const uint32_t bytes[] = {1, 3, 8, 20, 31, 33, 100, 136, 1000, 5000, 16384};
    static const uint32_t alignments[] = {16, 64, 256, 4096};
    for (unsigned i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        for (unsigned j = 0; j < sizeof alignments / sizeof *alignments; j++) {
            struct mm_cache cache;
            struct mm_cache_setup cache_setup = {.name = "shape",
                                                 .object_bytes = bytes[i],
                                                 .alignment = alignments[j],
                                                 .checks = Z | P | U};
            ck_assert(mm_cache_init(&cache, &kit.heap, &cache_setup));
            uint8_t *object = mm_cache_alloc(&cache), *other = mm_cache_alloc(&cache);
            ck_assert_uint_eq(offset_of(object) % alignments[j], 0);
            ck_assert_uint_eq(offset_of(other) % alignments[j], 0);
            memset(object, 1, bytes[i]);
            memset(other, 2, bytes[i]);
            ck_assert_uint_eq(mm_heap_verify(&kit.heap), 0);
            object[bytes[i]] = 3;
            ck_assert_uint_eq(mm_heap_verify(&kit.heap), 1);
            expect_damage(MMSIM_HEAP_RIGHT_RED_ZONE, object, bytes[i], object + bytes[i], 1, 3,
                          0xcc);
            begin_again();
            ck_assert(mm_cache_free(&cache, object));
            object[bytes[i] - 1] = 4;
            ck_assert_uint_eq(mm_heap_verify(&kit.heap), 1);
            expect_damage(MMSIM_HEAP_USE_AFTER_FREE, object, bytes[i], object + bytes[i] - 1, 1, 4,
                          0xa5);
            begin_again();
            ck_assert(mm_cache_free(&cache, other));
            ck_assert(mm_cache_fini(&cache));
        }
    }
}
END_TEST

/* ---- sizes, sites, steps ---- */

START_TEST(the_bytes_that_were_asked_for_are_remembered)
{
    for (unsigned which = 1; which < N_COMBINATIONS; which++) {
        if (!(which & (Z | U)) || (which & G))
            continue;
        checks(which);
        for (unsigned i = 0; i < N_SIZES; i++) {
            uint8_t *object = alloc_at(sizes[i], "alloc.c:1", 1);
            ck_assert_uint_eq(mm_ksize(&kit.heap, object), sizes[i]);
            ck_assert(!mm_kfree_sized(&kit.heap, object, sizes[i] + 1));
            ck_assert_int_eq(kit.last.mistake, MMSIM_HEAP_WRONG_SIZE);
            ck_assert_uint_eq(kit.last.given_bytes, sizes[i] + 1);
            ck_assert_uint_eq(kit.last.object_bytes, sizes[i]);
            ck_assert(mm_kfree_sized(&kit.heap, object, sizes[i]));
        }
        uint8_t *object = alloc_at(0, "alloc.c:1", 1);
        ck_assert_uint_eq(mm_ksize(&kit.heap, object), 1);
        ck_assert(mm_kfree_sized(&kit.heap, object, 0));
    }
}
END_TEST

START_TEST(sites_and_steps_of_an_object_are_remembered_until_it_is_allocated_again)
{
    checks(U);
    uint8_t *object = alloc_at(100, "first.c:1", 11);
    struct mm_heap_track track = mm_checked_track(&kit.heap, (uint32_t)offset_of(object));
    ck_assert_str_eq(mm_site_text(&kit.heap, track.alloc_site), "first.c:1");
    ck_assert_uint_eq(track.alloc_step, 11);
    ck_assert_uint_eq(track.free_site, 0);
    free_at(object, "second.c:2", 12);
    track = mm_checked_track(&kit.heap, (uint32_t)offset_of(object));
    ck_assert_str_eq(mm_site_text(&kit.heap, track.alloc_site), "first.c:1");
    ck_assert_uint_eq(track.alloc_step, 11);
    ck_assert_str_eq(mm_site_text(&kit.heap, track.free_site), "second.c:2");
    ck_assert_uint_eq(track.free_step, 12);
    ck_assert_ptr_eq(alloc_at(100, "third.c:3", 13), object);
    track = mm_checked_track(&kit.heap, (uint32_t)offset_of(object));
    ck_assert_str_eq(mm_site_text(&kit.heap, track.alloc_site), "third.c:3");
    ck_assert_uint_eq(track.free_site, 0);
    free_at(object, "second.c:2", 14);
}
END_TEST

START_TEST(a_second_free_is_told_from_the_first_wherever_the_object_is)
{
    static const unsigned combinations[] = {U, U | Q, U | H, U | Q | H, Z | P | U, Z | P | U | Q};
    for (unsigned i = 0; i < sizeof combinations / sizeof *combinations; i++) {
        checks(combinations[i]);
        uint8_t *object = alloc_at(100, "alloc.c:1", 1);
        free_at(object, "free.c:1", 2);
        kit.heap.site = "again.c:1";
        step = 3;
        ck_assert(!mm_kfree(&kit.heap, object));
        ck_assert_uint_eq(kit.n_reports, 1);
        ck_assert_int_eq(kit.last.mistake, MMSIM_HEAP_DOUBLE_FREE);
        ck_assert_uint_eq(kit.last.address, offset_of(object));
        expect_moment(&kit.last.now, "again.c:1", 3);
        expect_moment(&kit.last.allocated, "alloc.c:1", 1);
        expect_moment(&kit.last.freed, "free.c:1", 2);
        expect_no_more();
        begin_again();
        checks(0);
    }
}
END_TEST

/* ---- switching ---- */

START_TEST(live_objects_keep_the_checks_that_they_were_born_with)
{
    uint8_t *plain = alloc_at(64, "alloc.c:1", 1);
    checks(Z | P | U);
    uint8_t *checked = alloc_at(64, "alloc.c:2", 2);
    checks(U);
    uint8_t *tracked = alloc_at(60, "alloc.c:3", 3);
    checks(0);
    uint8_t *late = alloc_at(64, "alloc.c:4", 4);
    kit_fill(plain, 64, 1);
    kit_fill(checked, 64, 2);
    kit_fill(tracked, 60, 3);
    kit_fill(late, 64, 4);
    checked[64] = 1;
    ck_assert(kit_holds(plain, 64, 1) && kit_holds(late, 64, 4) && kit_holds(tracked, 60, 3));
    free_at(plain, "free.c:1", 5);
    free_at(tracked, "free.c:1", 5);
    free_at(late, "free.c:1", 5);
    ck_assert_uint_eq(kit.n_reports, 0);
    free_at(checked, "free.c:1", 6);
    expect_damage(MMSIM_HEAP_RIGHT_RED_ZONE, checked, 64, checked + 64, 1, 1, 0xcc);
    checks(Z);
    checks(0);
    ck_assert_uint_eq(kit.heap.classes[3].n_sets, 1);
}
END_TEST

START_TEST(checks_can_be_switched_any_number_of_times_without_losing_memory)
{
    for (unsigned i = 0; i < 50; i++) {
        checks((i * 37 + 1) % N_COMBINATIONS & ~(unsigned)G);
        void *objects[N_SIZES];
        for (unsigned j = 0; j < N_SIZES; j++)
            objects[j] = alloc_at(sizes[j], "alloc.c:1", i);
        for (unsigned j = 0; j < N_SIZES; j++)
            free_at(objects[j], "free.c:1", i);
    }
    checks(0);
    uint64_t n_frames = kit.heap.n_frames;
    for (unsigned i = 0; i < 500; i++) {
        checks((i * 37 + 1) % N_COMBINATIONS & ~(unsigned)G);
        free_at(alloc_at(64, "alloc.c:1", i), "free.c:1", i);
    }
    checks(0);
    ck_assert_uint_le(kit.heap.n_frames, n_frames + 2);
    expect_no_more();
}
END_TEST

/* ---- quarantine ---- */

START_TEST(a_write_to_a_resting_object_is_found_when_its_rest_ends)
{
    checks(P | Q | U);
    uint8_t *object = alloc_at(64, "alloc.c:1", 1);
    free_at(object, "free.c:1", 2);
    object[5] = 0;
    for (unsigned i = 0; i < MM_QUARANTINE_OBJECTS - 1; i++) {
        uint8_t *other = alloc_at(64, "alloc.c:2", 3);
        ck_assert_ptr_ne(other, object);
        free_at(other, "free.c:2", 4);
    }
    ck_assert_uint_eq(kit.n_reports, 0);
    uint8_t *last = alloc_at(64, "alloc.c:2", 5);
    free_at(last, "free.c:3", 6);
    expect_damage(MMSIM_HEAP_USE_AFTER_FREE, object, 64, object + 5, 1, 0, 0x6b);
    expect_moment(&kit.last.freed, "free.c:1", 2);
    expect_no_more();
}
END_TEST

START_TEST(a_flush_ends_the_rest_of_all_and_looks_at_them)
{
    checks(P | Q);
    uint8_t *objects[10];
    for (unsigned i = 0; i < 10; i++)
        objects[i] = alloc_at(64, "alloc.c:1", 1);
    for (unsigned i = 0; i < 10; i++)
        free_at(objects[i], "free.c:1", 2);
    struct mm_slab_set *set = kit.heap.sets[kit.heap.page_map[offset_of(objects[0]) >> 12]];
    ck_assert_uint_eq(set->n_resting, 10);
    objects[7][0] = 1;
    mm_quarantine_flush(&kit.heap, set);
    ck_assert_uint_eq(set->n_resting, 0);
    ck_assert_uint_eq(kit.n_reports, 1);
    ck_assert_uint_eq(kit.last.object, offset_of(objects[7]));
    expect_no_more();
}
END_TEST

START_TEST(memory_shortage_ends_the_rest_of_all)
{
    checks(Q);
    static void *objects[20000];
    unsigned n = 0;
    while (n < 20000 && (objects[n] = mm_kmalloc(&kit.heap, 2048)))
        n++;
    ck_assert_uint_lt(n, 20000); /* memory is gone */
    for (unsigned i = 0; i < 20; i++)
        ck_assert(mm_kfree(&kit.heap, objects[i]));
    for (unsigned i = 0; i < 20; i++) {
        objects[i] = mm_kmalloc(&kit.heap, 2048);
        ck_assert_ptr_nonnull(objects[i]);
    }
    /* what rests of one size is there for others, too, as far as whole slabs rest */
    for (unsigned i = 0; i < n; i++)
        ck_assert(mm_kfree(&kit.heap, objects[i]));
    ck_assert_ptr_nonnull(objects[0] = mm_kmalloc(&kit.heap, 5 * MMSIM_MIB));
    ck_assert(mm_kfree(&kit.heap, objects[0]));
}
END_TEST

/* ---- proof ---- */

START_TEST(a_quarantine_that_was_overwritten_loses_nothing)
{
    checks(P | U | Q | H);
    uint8_t *objects[8];
    for (unsigned i = 0; i < 8; i++)
        objects[i] = alloc_at(64, "alloc.c:1", 1);
    uint8_t *in_use = alloc_at(64, "alloc.c:2", 1);
    for (unsigned i = 0; i < 8; i++)
        free_at(objects[i], "free.c:1", 2);
    struct mm_slab_set *set = kit.heap.sets[kit.heap.page_map[offset_of(in_use) >> 12]];
    const uint32_t wrong[] = {0x12345678, (uint32_t)offset_of(in_use), 8,
                              (uint32_t)offset_of(objects[5]) + 16,
                              (uint32_t)offset_of(objects[6])}; /* which rests already */
    for (unsigned i = 0; i < 5; i++)
        set->quarantine->objects[i] = wrong[i];
    mm_quarantine_flush(&kit.heap, set);
    ck_assert_uint_eq(kit.n_reports, 5);
    ck_assert_int_eq(kit.last.mistake, MMSIM_HEAP_BAD_LINK);
    ck_assert_str_eq(kit.last.cache, "kmalloc-64");
    kit_check(&kit);
    ck_assert_uint_eq(set->n_taken, 1);
    free_at(in_use, "free.c:2", 3);
}
END_TEST

/* ---- the model: a naive allocator that remembers everything ---- */

enum { N_MODEL = 200 };

struct model {
    struct mm_rng rng;
    struct {
        uint8_t *object;
        size_t n_bytes;
        unsigned seed;
    } objects[N_MODEL];
    unsigned n_made;
};

static size_t random_size(struct mm_rng *rng)
{
    static const uint64_t limits[] = {16, 64, 256, 1024, 7000, 20000};
    static const uint64_t weights[] = {0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5};
    return mm_rng_below(rng, limits[weights[mm_rng_below(rng, 15)]] + 1);
}

static void model_alloc(struct model *model, unsigned i)
{
    size_t n_bytes = random_size(&model->rng);
    bool zeros = mm_rng_below(&model->rng, 4) == 0;
    uint8_t *object = zeros ? mm_kzalloc(&kit.heap, n_bytes) : mm_kmalloc(&kit.heap, n_bytes);
    ck_assert_ptr_nonnull(object);
    for (size_t j = 0; zeros && j < n_bytes; j++)
        ck_assert_uint_eq(object[j], 0);
    model->objects[i].object = object;
    model->objects[i].n_bytes = n_bytes;
    model->objects[i].seed = model->n_made++;
    kit_fill(object, n_bytes, model->objects[i].seed);
}

static void model_free(struct model *model, unsigned i)
{
    uint8_t *object = model->objects[i].object;
    ck_assert(kit_holds(object, model->objects[i].n_bytes, model->objects[i].seed));
    ck_assert(mm_rng_below(&model->rng, 2)
                  ? mm_kfree(&kit.heap, object)
                  : mm_kfree_sized(&kit.heap, object, model->objects[i].n_bytes));
    model->objects[i].object = NULL;
}

static void model_resize(struct model *model, unsigned i)
{
    size_t n_bytes = random_size(&model->rng) + 1, n_before = model->objects[i].n_bytes;
    uint8_t *moved = mm_krealloc(&kit.heap, model->objects[i].object, n_bytes);
    ck_assert_ptr_nonnull(moved);
    ck_assert(kit_holds(moved, n_bytes < n_before ? n_bytes : n_before, model->objects[i].seed));
    model->objects[i].object = moved;
    model->objects[i].n_bytes = n_bytes;
    kit_fill(moved, n_bytes, model->objects[i].seed);
}

static void model_step(struct model *model)
{
    static const char *const places[] = {"a.c:1", "b.c:2", "c.c:3", "d.c:4", "e.c:5", NULL};
    unsigned i = (unsigned)mm_rng_below(&model->rng, N_MODEL);
    kit.heap.site = places[mm_rng_below(&model->rng, 6)];
    step++;
    if (!model->objects[i].object)
        model_alloc(model, i);
    else if (mm_rng_below(&model->rng, 8) == 0)
        model_resize(model, i);
    else
        model_free(model, i);
}

static void model_end(struct model *model)
{
    for (unsigned i = 0; i < N_MODEL; i++)
        if (model->objects[i].object)
            model_free(model, i);
    expect_no_more();
    ck_assert_uint_eq(kit.n_reports, 0);
    for (unsigned i = 1; i < mm_site_count(&kit.heap); i++)
        ck_assert_uint_eq(mm_site_at(&kit.heap, i)->n_live + mm_site_at(&kit.heap, i)->live_bytes,
                          0);
}

START_TEST(all_combinations_of_checks_behave_as_a_naive_allocator)
{
    unsigned which = (unsigned)_i;
    struct model model = {.n_made = which};
    mm_rng_seed(&model.rng, which);
    checks(which);
    for (unsigned i = 0; i < 6000; i++) {
        model_step(&model);
        if (i % 1000 == 0) {
            kit_check(&kit);
            ck_assert_uint_eq(mm_heap_verify(&kit.heap), 0);
        }
    }
    model_end(&model);
}
END_TEST

START_TEST(switching_all_the_time_behaves_as_a_naive_allocator)
{
    struct model model = {.n_made = 1};
    mm_rng_seed(&model.rng, (uint64_t)_i);
    for (unsigned i = 0; i < 100000; i++) {
        if (i % 97 == 0) {
            unsigned which = (unsigned)mm_rng_below(&model.rng, N_COMBINATIONS);
            uint64_t n = mm_rng_below(&model.rng, kit.heap.n_classes);
            mm_cache_set_checks(&kit.heap.classes[n], which); /* may refuse: too many sets */
        }
        if (i % 5000 == 0) {
            kit_check(&kit);
            ck_assert_uint_eq(mm_heap_verify(&kit.heap), 0);
        }
        if (i % 20011 == 0)
            mm_heap_reap(&kit.heap);
        model_step(&model);
    }
    model_end(&model);
}
END_TEST

/* Every damage that is done on purpose is found, and none else. */
START_TEST(damage_done_at_random_is_found_exactly)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, (uint64_t)_i);
    checks(Z | P | U | (_i & 1 ? R : 0));
    uint8_t *objects[200] = {0};
    for (unsigned i = 0; i < 20000; i++) {
        unsigned at = (unsigned)mm_rng_below(&rng, 200);
        if (objects[at]) {
            free_at(objects[at], "free.c:1", i);
            objects[at] = NULL;
        } else {
            objects[at] = alloc_at(1 + mm_rng_below(&rng, 300), "alloc.c:1", i);
        }
        if (i % 100 != 99)
            continue;
        begin_again();
        uint32_t victim = 0;
        while (!objects[victim])
            victim = (uint32_t)mm_rng_below(&rng, 200);
        uint8_t *object = objects[victim];
        size_t n_bytes = mm_ksize(&kit.heap, object);
        switch (mm_rng_below(&rng, 3)) {
        case 0:
            object[n_bytes] = 1;
            ck_assert_uint_eq(mm_heap_verify(&kit.heap), 1);
            expect_damage(MMSIM_HEAP_RIGHT_RED_ZONE, object, n_bytes, object + n_bytes, 1, 1,
                          0xcc);
            break;
        case 1:
            object[-1] = 2;
            ck_assert_uint_eq(mm_heap_verify(&kit.heap), 1);
            expect_damage(MMSIM_HEAP_LEFT_RED_ZONE, object, n_bytes, object - 1, 1, 2, 0xcc);
            break;
        default:
            free_at(object, "free.c:1", i);
            objects[victim] = NULL;
            object[0] = 3;
            ck_assert_uint_eq(mm_heap_verify(&kit.heap), 1);
            ck_assert_int_eq(kit.last.mistake, MMSIM_HEAP_USE_AFTER_FREE);
            ck_assert_uint_eq(kit.last.address, offset_of(object));
        }
    }
    begin_again();
    expect_no_more();
}
END_TEST

Suite *test_checked_suite(void);
Suite *test_checked_suite(void)
{
    Suite *suite = suite_create("alloc/checked");
    TCase *checks_case = tcase_create("checked");
    tcase_set_timeout(checks_case, 120);
    tcase_add_checked_fixture(checks_case, setup, teardown);
    tcase_add_test(checks_case, checks_cost_at_most_sixteen_bytes_an_object);
    tcase_add_test(checks_case, slabs_hold_as_many_checked_objects_as_fit);
    static const unsigned zoned[] = {Z, Z | P, Z | U, Z | P | U, Z | P | U | H, Z | P | U | R};
    for (unsigned i = 0; i < sizeof zoned / sizeof *zoned; i++) {
        int which = (int)zoned[i];
        tcase_add_loop_test(checks_case, a_write_behind_an_object_is_found_when_it_is_freed, which,
                            which + 1);
        tcase_add_loop_test(checks_case, a_write_before_an_object_is_found_when_it_is_freed, which,
                            which + 1);
    }
    tcase_add_test(checks_case,
                   a_long_write_behind_an_object_is_reported_with_its_length_and_sixteen_bytes);
    tcase_add_test(checks_case, two_bytes_far_apart_are_one_damage_from_the_first_to_the_last);
    tcase_add_test(checks_case, a_slab_s_first_object_has_sixteen_bytes_of_left_red_zone);
    tcase_add_test(checks_case, an_overrun_that_destroys_the_record_still_names_the_object);
    tcase_add_test(checks_case, damage_is_found_by_verifying_and_only_once);
    tcase_add_test(checks_case,
                   a_write_into_the_red_zone_of_a_free_object_is_found_at_its_next_allocation);
    tcase_add_test(checks_case, poison_looks_as_linux_has_it);
    static const unsigned poisoned[] = {P, Z | P, P | U, Z | P | U, P | H};
    for (unsigned i = 0; i < sizeof poisoned / sizeof *poisoned; i++)
        tcase_add_loop_test(checks_case,
                            every_byte_written_after_a_free_is_found_at_the_next_allocation,
                            (int)poisoned[i], (int)poisoned[i] + 1);
    tcase_add_test(checks_case, a_write_to_an_object_that_was_never_allocated_is_found);
    tcase_add_loop_test(checks_case, constructed_objects_stay_constructed_under_every_check, 0,
                        N_COMBINATIONS);
    tcase_add_test(checks_case, objects_of_all_shapes_are_guarded_to_the_byte);
    tcase_add_test(checks_case, the_bytes_that_were_asked_for_are_remembered);
    tcase_add_test(checks_case,
                   sites_and_steps_of_an_object_are_remembered_until_it_is_allocated_again);
    tcase_add_test(checks_case, a_second_free_is_told_from_the_first_wherever_the_object_is);
    tcase_add_test(checks_case, live_objects_keep_the_checks_that_they_were_born_with);
    tcase_add_test(checks_case,
                   checks_can_be_switched_any_number_of_times_without_losing_memory);
    tcase_add_test(checks_case, a_write_to_a_resting_object_is_found_when_its_rest_ends);
    tcase_add_test(checks_case, a_flush_ends_the_rest_of_all_and_looks_at_them);
    tcase_add_test(checks_case, memory_shortage_ends_the_rest_of_all);
    tcase_add_test(checks_case, a_quarantine_that_was_overwritten_loses_nothing);
    tcase_add_loop_test(checks_case, all_combinations_of_checks_behave_as_a_naive_allocator, 0,
                        N_COMBINATIONS);
    tcase_add_loop_test(checks_case, switching_all_the_time_behaves_as_a_naive_allocator, 0, 4);
    tcase_add_loop_test(checks_case, damage_done_at_random_is_found_exactly, 0, 4);
    suite_add_tcase(suite, checks_case);
    return suite;
}
