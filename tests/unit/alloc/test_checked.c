/* Checked objects: every damage is found where it is, named exactly and put right; and nothing is
 * reported that did not happen. */
#include "checked_kit.h"

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

/* Objects of a size until one lies at that place of its slab; the others are freed again, but for
 * one that keeps the slab from being given back. */
static uint8_t *alloc_in_place(size_t n_bytes, unsigned place, uint8_t **keeper)
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
    *keeper = place == LAST ? others[--n] : alloc_at(n_bytes, "keeper.c:1", 10);
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
            uint8_t *keeper, *object = alloc_in_place(sizes[i], place, &keeper);
            object[sizes[i]] = 'x';
            free_at(object, "free.c:2", 20);
            expect_damage(MMSIM_HEAP_RIGHT_RED_ZONE, object, sizes[i], object + sizes[i], 1, 'x',
                          0xcc);
            expect_moment(&kit.last.now, "free.c:2", 20);
            expect_moment(&kit.last.allocated, which & U ? "alloc.c:1" : NULL, 10);
            expect_moment(&kit.last.freed, NULL, 0);
            expect_no_more();
            free_at(keeper, "keeper.c:2", 30);
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
            uint8_t *keeper, *object = alloc_in_place(sizes[i], place, &keeper);
            object[-1] = 'y';
            free_at(object, "free.c:3", 30);
            expect_damage(MMSIM_HEAP_LEFT_RED_ZONE, object, sizes[i], object - 1, 1, 'y', 0xcc);
            expect_moment(&kit.last.allocated, which & U ? "alloc.c:1" : NULL, 10);
            expect_no_more();
            free_at(keeper, "keeper.c:2", 30);
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
    uint8_t *keeper, *object = alloc_in_place(64, FIRST, &keeper);
    memset(object - 16, 'a', 5);
    ck_assert_uint_eq(mm_heap_verify(&kit.heap), 1);
    expect_damage(MMSIM_HEAP_LEFT_RED_ZONE, object, 64, object - 16, 5, 'a', 0xcc);
    expect_no_more();
    free_at(object, "free.c:1", 1);
    free_at(keeper, "free.c:1", 1);
    ck_assert_uint_eq(kit.n_reports, 1);
}
END_TEST

START_TEST(an_overrun_that_destroys_the_record_still_names_the_object)
{
    checks(Z | P | U);
    uint8_t *keeper, *object = alloc_in_place(64, LAST, &keeper);
    memset(object + 64, 0, 15); /* red zone, bytes asked for, steps, sites */
    free_at(object, "free.c:1", 20);
    ck_assert_uint_eq(kit.n_reports, 1);
    ck_assert_int_eq(kit.last.mistake, MMSIM_HEAP_RIGHT_RED_ZONE);
    ck_assert_uint_eq(kit.last.object, offset_of(object));
    ck_assert_uint_eq(kit.last.object_bytes, 64);
    ck_assert_uint_eq(kit.last.n_found, 4);
    expect_no_more();
    free_at(keeper, "free.c:1", 1);
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
        uint8_t *keeper = alloc_at(sizes[i], "keeper.c:1", 1);
        for (uint32_t at = 0; at<class_bytes; at += class_bytes> 64 ? 13 : 1) {
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
        free_at(keeper, "keeper.c:1", 50);
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

static void construct(void *object)
{
    memset(object, 0x11, 40);
}

static void use_constructed(unsigned which)
{
    struct mm_cache cache;
    struct mm_cache_setup cache_setup = {
        .name = "constructed", .object_bytes = 40, .checks = which, .construct = construct};
    ck_assert(mm_cache_init(&cache, &kit.heap, &cache_setup));
    for (unsigned round = 0; round < 3; round++) {
        uint8_t *objects[150];
        for (unsigned i = 0; i < 150; i++) {
            objects[i] = mm_cache_alloc(&cache);
            ck_assert_ptr_nonnull(objects[i]);
            for (unsigned j = 0; j < 40; j++)
                ck_assert_uint_eq(objects[i][j], 0x11);
        }
        for (unsigned i = 0; i < 150; i++)
            ck_assert(mm_cache_free(&cache, objects[i]));
    }
    ck_assert(mm_cache_fini(&cache));
}

START_TEST(constructed_objects_stay_constructed_under_every_check)
{
    for (unsigned which = 0; which < N_COMBINATIONS; which++)
        use_constructed(which);
    expect_no_more();
    ck_assert_uint_eq(kit.n_reports, 0);
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
        uint8_t *keeper = alloc_at(100, "keeper.c:1", 1), *object = alloc_at(100, "alloc.c:1", 1);
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
        free_at(keeper, "keeper.c:1", 4);
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

Suite *test_checked_suite(void);
Suite *test_checked_suite(void)
{
    Suite *suite = suite_create("checked");
    TCase *tests = tcase_create("checked");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, checks_cost_at_most_sixteen_bytes_an_object);
    tcase_add_test(tests, slabs_hold_as_many_checked_objects_as_fit);
    static const unsigned zoned[] = {Z, Z | P, Z | U, Z | P | U, Z | P | U | H, Z | P | U | R};
    for (unsigned i = 0; i < sizeof zoned / sizeof *zoned; i++) {
        int which = (int)zoned[i];
        tcase_add_loop_test(tests, a_write_behind_an_object_is_found_when_it_is_freed, which,
                            which + 1);
        tcase_add_loop_test(tests, a_write_before_an_object_is_found_when_it_is_freed, which,
                            which + 1);
    }
    tcase_add_test(tests,
                   a_long_write_behind_an_object_is_reported_with_its_length_and_sixteen_bytes);
    tcase_add_test(tests, two_bytes_far_apart_are_one_damage_from_the_first_to_the_last);
    tcase_add_test(tests, a_slab_s_first_object_has_sixteen_bytes_of_left_red_zone);
    tcase_add_test(tests, an_overrun_that_destroys_the_record_still_names_the_object);
    tcase_add_test(tests, damage_is_found_by_verifying_and_only_once);
    tcase_add_test(tests,
                   a_write_into_the_red_zone_of_a_free_object_is_found_at_its_next_allocation);
    tcase_add_test(tests, poison_looks_as_linux_has_it);
    static const unsigned poisoned[] = {P, Z | P, P | U, Z | P | U, P | H};
    for (unsigned i = 0; i < sizeof poisoned / sizeof *poisoned; i++)
        tcase_add_loop_test(tests, every_byte_written_after_a_free_is_found_at_the_next_allocation,
                            (int)poisoned[i], (int)poisoned[i] + 1);
    tcase_add_test(tests, a_write_to_an_object_that_was_never_allocated_is_found);
    tcase_add_test(tests, constructed_objects_stay_constructed_under_every_check);
    tcase_add_test(tests, objects_of_all_shapes_are_guarded_to_the_byte);
    tcase_add_test(tests, the_bytes_that_were_asked_for_are_remembered);
    tcase_add_test(tests, sites_and_steps_of_an_object_are_remembered_until_it_is_allocated_again);
    tcase_add_test(tests, a_second_free_is_told_from_the_first_wherever_the_object_is);
    tcase_add_test(tests, live_objects_keep_the_checks_that_they_were_born_with);
    tcase_add_test(tests, checks_can_be_switched_any_number_of_times_without_losing_memory);
    suite_add_tcase(suite, tests);
    return suite;
}
