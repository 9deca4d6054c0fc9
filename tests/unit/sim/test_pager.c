/*
 * test_pager.c - frames run out: who goes, when, what it costs, what is counted.
 */
#include "pager_kit.h"

/* ---- swap and its cache ---- */

START_TEST(pages_come_back_from_swap_as_they_were)
{
    struct mmsim_machine *machine = pager_machine(4, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 20);
    pager_fill(process, at, 20, 1);
    pager_expect(process, at, 20, 1);
    pager_fill(process, at, 20, 2);
    pager_expect(process, at, 20, 2);
    ck_assert_uint_le(kit_rss(process), 4);
    ck_assert_uint_eq(pager_n_of_kind(process, at, 20, MMSIM_PAGE_SWAP), 16);
    kit_end(machine);
}
END_TEST

START_TEST(a_page_that_is_only_read_after_it_came_back_goes_without_a_write)
{
    struct mmsim_machine *machine = pager_machine(4, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 12);
    pager_fill(process, at, 12, 1);   /* 8 are out */
    pager_expect(process, at, 12, 1); /* the 4 others have gone, and all come back */
    ck_assert_uint_eq(pager_swap(machine).out, 12);
    for (int round = 0; round < 3; round++)
        pager_expect(process, at, 12, 1);
    ck_assert_uint_eq(pager_swap(machine).out, 12);
    ck_assert_uint_eq(pager_swap(machine).in, 4 * 12);
    ck_assert_uint_eq(pager_swap(machine).cached, 4);
    kit_end(machine);
}
END_TEST

START_TEST(a_store_gives_the_slot_up_that_the_page_has_too)
{
    struct mmsim_machine *machine = pager_machine(4, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 8);
    pager_fill(process, at, 8, 1);
    pager_expect(process, at, 8, 1); /* the last 4 are in frames and on swap */
    ck_assert_uint_eq(pager_swap(machine).used, 8);
    pager_store(process, at, 7, 5);
    ck_assert_uint_eq(pager_swap(machine).used, 7);
    ck_assert_uint_eq(pager_swap(machine).cached, 3);
    uint64_t out = pager_swap(machine).out;
    pager_expect(process, at, 7, 1); /* 7 goes, and must be written */
    ck_assert_uint_eq(pager_swap(machine).out, out + 1);
    pager_expect_page(process, at, 7, 5);
    kit_end(machine);
}
END_TEST

START_TEST(pages_of_zeros_need_no_device)
{
    struct pager_config given;
    pager_config_init(&given, 4, 64);
    given.areas[0].read_cycles = given.areas[0].write_cycles = 1000000;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 12);
    for (unsigned i = 0; i < 12; i++)
        kit_write(process, at + i * KIT_PAGE, 0);
    for (unsigned i = 0; i < 12; i++)
        ck_assert_uint_eq(kit_read(process, at + i * KIT_PAGE), 0);
    struct mmsim_swap_stats swap = pager_swap(machine);
    ck_assert_uint_eq(swap.in + swap.out, 0);
    ck_assert_uint_eq(swap.zero_out, 12);
    ck_assert_uint_eq(swap.zero_in, 12);
    ck_assert_uint_lt(mmsim_machine_cycles(machine), 1000000);
    struct mmsim_process_stats stats;
    mmsim_process_get_stats(process, &stats);
    ck_assert_uint_eq(stats.major, 0);
    kit_end(machine);
}
END_TEST

START_TEST(a_page_from_a_device_is_a_major_fault_and_costs_its_request)
{
    struct pager_config given;
    pager_config_init(&given, 2, 64);
    given.areas[0].read_cycles = 700000;
    given.areas[0].page_cycles = 3000;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 3);
    pager_fill(process, at, 3, 1);
    uint64_t before = mmsim_machine_cycles(machine);
    uint32_t word;
    struct mmsim_access access = mmsim_read(process, at, &word, 4);
    ck_assert_int_eq(access.fault, MMSIM_FAULT_MAJOR);
    uint64_t cost = mmsim_machine_cycles(machine) - before;
    ck_assert_uint_ge(cost, 700000 + 3000);
    ck_assert_uint_lt(cost, 700000 + 2 * 3000 + 100000);
    kit_end(machine);
}
END_TEST

START_TEST(neighbours_come_along_with_a_page_and_need_no_request_of_their_own)
{
    struct pager_config given;
    pager_config_init(&given, 16, 64);
    given.config.pager.swap_readahead = 8;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 32);
    pager_fill(process, at, 32, 1);
    ck_assert_uint_ge(mmsim_reclaim(machine, 16), 16);
    struct pager_events events;
    pager_listen(machine, &events);
    pager_expect(process, at, 8, 1);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_SWAP_IN], 1);
    ck_assert_uint_eq(events.last[MMSIM_EVENT_SWAP_IN].length, 8 * KIT_PAGE);
    ck_assert_uint_eq(pager_swap(machine).in, 8);
    struct mmsim_process_stats stats;
    mmsim_process_get_stats(process, &stats);
    ck_assert_uint_eq(stats.major, 1);
    kit_end(machine);
}
END_TEST

/* An access over two pages must find both in frames at last, whatever comes along with them. */
START_TEST(what_comes_along_does_not_take_the_place_of_what_an_access_needs)
{
    struct pager_config given;
    pager_config_init(&given, 3, 128);
    given.config.pager.swap_readahead = 32;
    for (int policy = 0; policy < 3; policy++) {
        given.config.pager.policy = (const char *[]){"fifo", "mru", "lru"}[policy];
        struct mmsim_machine *machine = kit_build(&given.config);
        struct mmsim_process *process = kit_spawn(machine, "p");
        mmsim_vaddr at = kit_map(process, 40);
        pager_fill(process, at, 40, 1);
        for (unsigned i = 0; i < 39; i++) {
            uint64_t both;
            mmsim_vaddr end = at + ((i * 7) % 39 + 1) * KIT_PAGE - 4;
            ck_assert_int_eq(mmsim_read(process, end, &both, 8).outcome, MMSIM_DONE);
            ck_assert_int_eq(mmsim_write(process, end, &both, 8).outcome, MMSIM_DONE);
        }
        pager_expect(process, at, 40, 1);
        kit_end(machine);
    }
}
END_TEST

/* ---- areas ---- */

START_TEST(areas_of_a_higher_priority_fill_first_and_equal_ones_take_turns)
{
    struct pager_config given;
    pager_config_init(&given, 4, 16);
    given.areas[0].priority = 1;
    given.areas[1] = (struct mmsim_swap_area){.bytes = 256 * KIT_PAGE, .priority = 7};
    given.areas[2] = (struct mmsim_swap_area){.bytes = 256 * KIT_PAGE, .priority = 7};
    given.config.pager.n_swap = 3;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 104);
    pager_fill(process, at, 104, 1); /* 100 out */
    ck_assert_uint_eq(pager_swap(machine).used, 100);
    ck_assert_int_eq(mmsim_swapoff(machine, 0), MMSIM_SUCCESS); /* nothing is there */
    ck_assert_uint_eq(pager_swap(machine).in, 0);
    ck_assert_int_eq(mmsim_swapoff(machine, 2), MMSIM_SUCCESS); /* its share goes to area 1 */
    ck_assert_uint_ge(pager_swap(machine).in, 36);
    ck_assert_uint_le(pager_swap(machine).in, 64);
    pager_expect(process, at, 104, 1);
    kit_end(machine);
}
END_TEST

START_TEST(swapoff_brings_everything_back_or_fails_and_leaves_the_area_on)
{
    struct pager_config given;
    pager_config_init(&given, 8, 64);
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 20);
    pager_fill(process, at, 20, 1);
    ck_assert_int_eq(mmsim_swapoff(machine, 1), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_swapoff(machine, 0), MMSIM_ENOMEM);
    kit_check(machine);
    pager_expect(process, at, 20, 1);
    ck_assert_uint_eq(pager_swap(machine).size, 64);
    ck_assert_int_eq(mmsim_munmap(process, at + 6 * KIT_PAGE, 14 * KIT_PAGE), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_swapoff(machine, 0), MMSIM_SUCCESS);
    ck_assert_uint_eq(pager_swap(machine).size, 0);
    ck_assert_uint_eq(pager_swap(machine).used, 0);
    ck_assert_uint_eq(pager_n_of_kind(process, at, 6, MMSIM_PAGE_ANON), 6);
    ck_assert_int_eq(mmsim_swapoff(machine, 0), MMSIM_EINVAL);
    pager_expect(process, at, 6, 1);
    ck_assert_int_eq(mmsim_swapon(machine, 0), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_swapon(machine, 0), MMSIM_EBUSY);
    ck_assert_int_eq(mmsim_swapon(machine, 1), MMSIM_EINVAL);
    at = kit_map(process, 10);
    pager_fill(process, at, 10, 3);
    pager_expect(process, at, 10, 3);
    kit_end(machine);
}
END_TEST

/* All that is in frames is clean because the area has it, too: it can go to the other one. */
START_TEST(swapoff_finds_room_in_another_area_for_pages_that_both_have)
{
    struct pager_config given;
    pager_config_init(&given, 4, 64);
    given.areas[0].priority = 1;
    given.areas[1] = (struct mmsim_swap_area){.bytes = 64 * KIT_PAGE};
    given.config.pager.n_swap = 2;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 20);
    pager_fill(process, at, 20, 1);
    pager_expect(process, at, 20, 1);
    ck_assert_uint_eq(pager_swap(machine).cached, 4);
    ck_assert_int_eq(mmsim_swapoff(machine, 0), MMSIM_SUCCESS);
    ck_assert_uint_eq(pager_swap(machine).size, 64);
    pager_expect(process, at, 20, 1);
    kit_end(machine);
}
END_TEST

/* ---- watermarks ---- */

static struct mmsim_zone_info low_zone(const struct mmsim_machine *machine)
{
    struct mmsim_zone_info info;
    for (size_t i = 0; mmsim_zone_info_at(machine, i, &info); i++)
        if (strcmp(info.name, "Normal") == 0)
            return info;
    ck_abort_msg("there is no low memory");
    return info;
}

START_TEST(background_reclaim_keeps_low_memory_between_its_marks)
{
    struct pager_config given;
    pager_config_init(&given, 0, 4096);
    given.config.ram_bytes = 8 * MMSIM_MIB;
    given.config.check = MMSIM_CHECK_END;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct pager_events events;
    mmsim_vaddr at = kit_map(process, 4096);
    pager_listen(machine, &events);
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < 4096; i++) {
        pager_store(process, at, i, 1);
        struct mmsim_zone_info zone = low_zone(machine);
        if (pager_reclaim(machine).background > 0)
            least = zone.n_free < least ? zone.n_free : least;
    }
    struct mmsim_zone_info zone = low_zone(machine);
    struct mmsim_reclaim_stats stats = pager_reclaim(machine);
    ck_assert_uint_gt(stats.background, 10);
    ck_assert_uint_eq(stats.direct, 0);
    ck_assert_uint_ge(least, zone.min);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_RECLAIM], stats.background);
    ck_assert_uint_eq(stats.reclaimed, events.n[MMSIM_EVENT_EVICT]);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_OOM], 0);
    kit_check(machine);
    mmsim_machine_destroy(machine);
}
END_TEST

START_TEST(nothing_goes_while_low_memory_has_room)
{
    struct pager_config given;
    pager_config_init(&given, 0, 4096);
    given.config.ram_bytes = 16 * MMSIM_MIB;
    given.config.check = MMSIM_CHECK_END;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 2000); /* more than the frames below 1 MiB */
    pager_fill(process, at, 2000, 1);
    ck_assert_uint_eq(pager_reclaim(machine).scanned, 0);
    ck_assert_uint_eq(pager_reclaim(machine).background, 0);
    ck_assert_uint_eq(pager_swap(machine).used, 0);
    kit_end(machine);
}
END_TEST

/* A call that wants many frames at once outruns the background. */
START_TEST(direct_reclaim_is_counted_and_paid_by_whoever_asks)
{
    struct pager_config given;
    pager_config_init(&given, 0, 4096);
    given.config.ram_bytes = 4 * MMSIM_MIB;
    given.config.check = MMSIM_CHECK_END;
    given.areas[0].write_cycles = 50000;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 700);
    pager_fill(process, at, 700, 1);
    uint64_t before = mmsim_machine_cycles(machine);
    mmsim_vaddr populated;
    ck_assert_int_eq(
        kit_try_map(process, 0, 600 * KIT_PAGE, KIT_RW, MMSIM_MAP_POPULATE, &populated),
        MMSIM_SUCCESS);
    struct mmsim_reclaim_stats stats = pager_reclaim(machine);
    ck_assert_uint_gt(stats.direct, 0);
    ck_assert_uint_ge(mmsim_machine_cycles(machine) - before, stats.direct * 50000);
    struct mmsim_stats all = kit_stats(machine);
    ck_assert_uint_eq(all.reclaim.direct, stats.direct);
    pager_expect(process, at, 700, 1);
    kit_end(machine);
}
END_TEST

/* ---- who stays ---- */

START_TEST(locked_pages_stay_until_they_are_unlocked)
{
    struct mmsim_machine *machine = pager_machine(8, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr locked = kit_map(process, 4);
    pager_fill(process, locked, 4, 9);
    ck_assert_int_eq(mmsim_mlock(process, locked, 4 * KIT_PAGE, 0), MMSIM_SUCCESS);
    mmsim_vaddr at = kit_map(process, 40);
    pager_fill(process, at, 40, 1);
    pager_expect(process, at, 40, 1);
    ck_assert_uint_eq(pager_n_of_kind(process, locked, 4, MMSIM_PAGE_ANON), 4);
    ck_assert_uint_eq(mmsim_reclaim(machine, 100), 4);
    ck_assert_int_eq(mmsim_munlock(process, locked, 4 * KIT_PAGE), MMSIM_SUCCESS);
    ck_assert_uint_eq(mmsim_reclaim(machine, 100), 4);
    ck_assert_uint_eq(pager_n_of_kind(process, locked, 4, MMSIM_PAGE_SWAP), 4);
    pager_expect(process, locked, 4, 9);
    kit_end(machine);
}
END_TEST

START_TEST(a_page_that_one_of_two_has_locked_goes_when_that_one_exits)
{
    struct mmsim_machine *machine = pager_machine(8, 64);
    struct mmsim_process *parent = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(parent, 3);
    pager_fill(parent, at, 3, 1);
    struct mmsim_process *child = kit_fork(parent, "c");
    ck_assert_int_eq(mmsim_mlock(child, at, KIT_PAGE, MMSIM_MLOCK_ONFAULT), MMSIM_SUCCESS);
    mmsim_reclaim(machine, 100);
    ck_assert_int_eq(pager_kind(parent, at, 0), MMSIM_PAGE_ANON);
    ck_assert_int_eq(pager_kind(parent, at, 1), MMSIM_PAGE_SWAP);
    mmsim_exit(child, 0);
    ck_assert_uint_eq(mmsim_reclaim(machine, 100), 1);
    pager_expect(parent, at, 3, 1);
    kit_end(machine);
}
END_TEST

START_TEST(clean_pages_go_first_if_that_is_wanted)
{
    for (unsigned clean_first = 0; clean_first <= 8; clean_first += 8) {
        struct pager_config given;
        pager_config_init(&given, 8, 64);
        given.config.pager.clean_first = clean_first;
        struct mmsim_machine *machine = kit_build(&given.config);
        struct mmsim_process *process = kit_spawn(machine, "p");
        mmsim_vaddr at = kit_map(process, 16);
        pager_fill(process, at, 8, 1);
        mmsim_reclaim(machine, 8);
        pager_fill(process, at + 8 * KIT_PAGE, 4, 1); /* older, dirty */
        pager_expect(process, at, 4, 1);              /* younger, clean */
        uint64_t spared = pager_reclaim(machine).put_backs;
        pager_store(process, at, 13, 1);
        bool dirty_stays = pager_kind(process, at, 8) == MMSIM_PAGE_ANON;
        ck_assert_int_eq(dirty_stays, clean_first > 0);
        ck_assert_int_eq(pager_kind(process, at, 0),
                         clean_first > 0 ? MMSIM_PAGE_SWAP : MMSIM_PAGE_ANON);
        ck_assert_uint_eq(pager_reclaim(machine).put_backs - spared, clean_first > 0 ? 4 : 0);
        kit_end(machine);
    }
}
END_TEST

/* ---- what is counted ---- */

START_TEST(refaults_are_counted_by_the_evictions_in_between)
{
    struct mmsim_machine *machine = pager_machine(4, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 9);
    pager_fill(process, at, 9, 1);        /* 0 to 4 went, in this order; 5 to 8 are there */
    pager_expect_page(process, at, 4, 1); /* 1 page has gone since, 5 for its sake */
    pager_expect_page(process, at, 0, 1); /* 1 to 4, 5, and 6 for its sake: 6 */
    struct mmsim_reclaim_stats stats = pager_reclaim(machine);
    ck_assert_uint_eq(stats.refaults, 2);
    ck_assert_uint_eq(stats.distances[0], 1);
    ck_assert_uint_eq(stats.distances[2], 1);
    ck_assert_uint_eq(stats.activations, 1);
    ck_assert_uint_eq(stats.loads, 9 + 2);
    ck_assert_uint_eq(stats.reclaimed, 7);
    ck_assert_uint_eq(mmsim_machine_loads(machine), 11);
    kit_end(machine);
}
END_TEST

START_TEST(thrashing_is_told_once_when_it_begins)
{
    struct mmsim_machine *machine = pager_machine(16, 128);
    struct pager_events events;
    pager_listen(machine, &events);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 24);
    pager_fill(process, at, 16, 1);
    for (int round = 0; round < 20; round++)
        pager_expect(process, at, 16, 1);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_THRASHING], 0);
    pager_fill(process, at, 24, 1); /* a loop over more pages than frames */
    for (int round = 0; round < 20; round++)
        pager_expect(process, at, 24, 1);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_THRASHING], 1);
    ck_assert_uint_eq(pager_reclaim(machine).thrashing, 1);
    kit_end(machine);
}
END_TEST

/* ---- the end of memory ---- */

START_TEST(when_swap_is_full_the_largest_process_goes_and_the_reason_is_told)
{
    struct mmsim_machine *machine = pager_machine(8, 16);
    struct pager_events events;
    pager_listen(machine, &events);
    struct mmsim_process *large = kit_spawn(machine, "large");
    struct mmsim_process *small = kit_spawn(machine, "small");
    mmsim_vaddr l = kit_map(large, 18), s = kit_map(small, 40);
    pager_fill(large, l, 18, 1);
    for (unsigned i = 0; i < 12; i++)
        kit_write(small, s + i * KIT_PAGE, pager_word(i, 2));
    ck_assert(!mmsim_process_alive(large));
    ck_assert(mmsim_process_alive(small));
    ck_assert_uint_eq(events.n[MMSIM_EVENT_OOM], 1);
    ck_assert_str_eq(events.last[MMSIM_EVENT_OOM].name, "large");
    ck_assert_str_eq(events.last[MMSIM_EVENT_OOM].site, "swap is full");
    for (unsigned i = 0; i < 12; i++)
        ck_assert_uint_eq(kit_read(small, s + i * KIT_PAGE), pager_word(i, 2));
    kit_end(machine);
}
END_TEST

START_TEST(without_swap_the_reason_is_that_there_is_none)
{
    struct mmsim_machine *machine = pager_machine(8, 0);
    struct pager_events events;
    pager_listen(machine, &events);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 9);
    pager_fill(process, at, 8, 1);
    struct mmsim_access access = kit_write(process, at + 8 * KIT_PAGE, 1);
    ck_assert_int_eq(access.signal, MMSIM_SIGKILL);
    ck_assert_str_eq(events.last[MMSIM_EVENT_OOM].site, "there is no swap");
    kit_end(machine);
}
END_TEST

START_TEST(pages_that_also_are_in_memory_give_their_slots_up_when_swap_is_full)
{
    struct mmsim_machine *machine = pager_machine(8, 8);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 14);
    pager_fill(process, at, 14, 1);
    for (int round = 0; round < 5; round++)
        pager_expect(process, at, 14, 1);
    pager_fill(process, at, 14, 2);
    pager_expect(process, at, 14, 2);
    ck_assert_uint_le(pager_swap(machine).used, 8);
    kit_end(machine);
}
END_TEST

START_TEST(a_policy_that_picks_the_newest_finds_what_can_go_behind_many_that_cannot)
{
    struct pager_config given;
    pager_config_init(&given, 200, 1);
    given.config.pager.policy = "mru";
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mmsim_file *file;
    uint8_t bytes[64] = {1};
    uint64_t done;
    ck_assert_int_eq(mmsim_file_create(machine, "f", 0, &file), MMSIM_SUCCESS);
    for (unsigned i = 0; i < 20; i++)
        ck_assert_int_eq(mmsim_file_write(file, i * KIT_PAGE, bytes, 64, &done), MMSIM_SUCCESS);
    mmsim_vaddr at = kit_map(process, 190);
    pager_fill(process, at, 190, 1); /* newer, and there is no room on swap but for one */
    pager_expect(process, at, 190, 1);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

/* ---- twice the same ---- */

static uint64_t play_once(unsigned n_cpus)
{
    struct pager_config given;
    pager_config_init(&given, 11, 128);
    given.config.pager.policy = "clock";
    given.config.n_cpus = n_cpus;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *one = kit_spawn(machine, "one"), *two = kit_spawn(machine, "two");
    mmsim_vaddr a = kit_map(one, 30), b = kit_map(two, 30);
    for (unsigned i = 0; i < 200; i++) {
        pager_store(one, a, i * 7 % 30, 1);
        pager_store(two, b, i * 11 % 30, 2);
    }
    uint64_t cycles = mmsim_machine_cycles(machine) * 1000 + pager_reclaim(machine).reclaimed;
    kit_end(machine);
    return cycles;
}

START_TEST(the_same_calls_have_the_same_effects)
{
    ck_assert_uint_eq(play_once(1), play_once(1));
    ck_assert_uint_eq(play_once(3), play_once(3));
}
END_TEST

static void add_all(TCase *tests)
{
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, pages_come_back_from_swap_as_they_were);
    tcase_add_test(tests, a_page_that_is_only_read_after_it_came_back_goes_without_a_write);
    tcase_add_test(tests, a_store_gives_the_slot_up_that_the_page_has_too);
    tcase_add_test(tests, pages_of_zeros_need_no_device);
    tcase_add_test(tests, a_page_from_a_device_is_a_major_fault_and_costs_its_request);
    tcase_add_test(tests, neighbours_come_along_with_a_page_and_need_no_request_of_their_own);
    tcase_add_test(tests, what_comes_along_does_not_take_the_place_of_what_an_access_needs);
    tcase_add_test(tests, areas_of_a_higher_priority_fill_first_and_equal_ones_take_turns);
    tcase_add_test(tests, swapoff_brings_everything_back_or_fails_and_leaves_the_area_on);
    tcase_add_test(tests, swapoff_finds_room_in_another_area_for_pages_that_both_have);
    tcase_add_test(tests, background_reclaim_keeps_low_memory_between_its_marks);
    tcase_add_test(tests, nothing_goes_while_low_memory_has_room);
    tcase_add_test(tests, direct_reclaim_is_counted_and_paid_by_whoever_asks);
    tcase_add_test(tests, locked_pages_stay_until_they_are_unlocked);
    tcase_add_test(tests, a_page_that_one_of_two_has_locked_goes_when_that_one_exits);
    tcase_add_test(tests, clean_pages_go_first_if_that_is_wanted);
    tcase_add_test(tests, refaults_are_counted_by_the_evictions_in_between);
    tcase_add_test(tests, thrashing_is_told_once_when_it_begins);
    tcase_add_test(tests, when_swap_is_full_the_largest_process_goes_and_the_reason_is_told);
    tcase_add_test(tests, without_swap_the_reason_is_that_there_is_none);
    tcase_add_test(tests, pages_that_also_are_in_memory_give_their_slots_up_when_swap_is_full);
    tcase_add_test(tests, a_policy_that_picks_the_newest_finds_what_can_go_behind_many_that_cannot);
    tcase_add_test(tests, the_same_calls_have_the_same_effects);
}

Suite *test_pager_suite(void);
Suite *test_pager_suite(void)
{
    Suite *suite = suite_create("pager");
    kit_add_modes(suite, add_all);
    return suite;
}
