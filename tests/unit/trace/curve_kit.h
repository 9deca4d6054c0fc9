/* curve_kit.h - strings of references for the tests of curves, and what is slow but plainly right.
 */
#ifndef TESTS_CURVE_KIT_H
#define TESTS_CURVE_KIT_H

#include <check.h>
#include <stdlib.h>

#include "base/rng.h"
#include "trace/curve.h"

enum { KIT_MAX_REFS = 30000, KIT_MAX_PAGES = 64 };

struct kit_string {
    mmsim_ref refs[KIT_MAX_REFS];
    size_t n;
    mmsim_page universe;
};

/*
 * Uniform, or mostly pages that were used a short while ago; sometimes the same page again. Not
 * every page below the universe need occur.
 */
static inline struct kit_string *kit_random(uint64_t seed, size_t n, mmsim_page universe)
{
    struct kit_string *string = calloc(1, sizeof *string);
    struct mm_rng rng;
    mm_rng_seed(&rng, seed);
    bool local = mm_rng_below(&rng, 2);
    string->universe = universe;
    for (; string->n < n; string->n++) {
        mmsim_page page = (mmsim_page)mm_rng_below(&rng, universe);
        if (local && string->n > 5 && mm_rng_below(&rng, 4) > 0)
            page = mmsim_ref_page(string->refs[string->n - 1 - mm_rng_below(&rng, 5)]);
        string->refs[string->n] = page << 2 | (mmsim_ref)mm_rng_below(&rng, 3);
    }
    return string;
}

/* Misses of LRU with so many frames: a list, the last used first. */
static inline uint64_t kit_lru(const struct kit_string *string, mmsim_page frames)
{
    mmsim_page list[KIT_MAX_PAGES];
    size_t n = 0;
    uint64_t misses = 0;
    for (size_t i = 0; i < string->n; i++) {
        mmsim_page page = mmsim_ref_page(string->refs[i]);
        size_t at = 0;
        while (at < n && list[at] != page)
            at++;
        misses += at == n;
        if (at == n && n < frames)
            n++;
        if (at == n)
            at--;
        for (; at > 0; at--)
            list[at] = list[at - 1];
        list[0] = page;
    }
    return misses;
}

/* Misses of MIN: the page goes whose next use is farthest; every page is loaded. */
static inline uint64_t kit_opt(const struct kit_string *string, mmsim_page frames)
{
    static size_t next[KIT_MAX_REFS]; /* SIZE_MAX: never */
    size_t when[KIT_MAX_PAGES], next_of[KIT_MAX_PAGES];
    bool resident[KIT_MAX_PAGES] = {false};
    mmsim_page n = 0;
    uint64_t misses = 0;
    for (mmsim_page page = 0; page < string->universe; page++)
        when[page] = SIZE_MAX;
    for (size_t i = string->n; i-- > 0;) {
        next[i] = when[mmsim_ref_page(string->refs[i])];
        when[mmsim_ref_page(string->refs[i])] = i;
    }
    for (size_t i = 0; i < string->n; i++) {
        mmsim_page page = mmsim_ref_page(string->refs[i]), victim = MMSIM_NO_PAGE;
        misses += !resident[page];
        if (!resident[page] && n++ == frames) {
            for (mmsim_page p = 0; p < string->universe; p++)
                if (resident[p] && (victim == MMSIM_NO_PAGE || next_of[p] > next_of[victim]))
                    victim = p;
            resident[victim] = false;
            n--;
        }
        resident[page] = true;
        next_of[page] = next[i];
    }
    return misses;
}

/* The curve, fed in batches of so many. */
static inline struct mmsim_curve kit_curve(const struct kit_string *string,
                                           enum mmsim_curve_kind kind, size_t batch)
{
    struct mmsim_curve_setup setup = {kind, string->universe, 1, 0};
    struct mmsim_curve_pass *pass;
    struct mmsim_error error;
    struct mmsim_curve curve;
    ck_assert_int_eq(mmsim_curve_begin(&setup, &pass, &error), MMSIM_OK);
    for (size_t at = 0; at < string->n; at += batch)
        mmsim_curve_feed(pass, string->refs + at, string->n - at < batch ? string->n - at : batch);
    ck_assert_int_eq(mmsim_curve_read(pass, &curve, &error), MMSIM_OK);
    mmsim_curve_end(pass);
    return curve;
}

/* Strings of 1 to n_refs references to 1 to n_pages pages, at all sizes and two beyond. */
static inline void kit_compare(enum mmsim_curve_kind kind,
                               uint64_t (*naive)(const struct kit_string *, mmsim_page),
                               uint64_t n_strings, size_t n_refs, mmsim_page n_pages)
{
    for (uint64_t seed = 0; seed < n_strings; seed++) {
        size_t n = 1 + mm_rng_mix(seed) % n_refs;
        mmsim_page universe = 1 + (mmsim_page)(mm_rng_mix(~seed) % n_pages);
        struct kit_string *string = kit_random(seed, n, universe);
        struct mmsim_curve curve = kit_curve(string, kind, 1 + seed % 1000);
        ck_assert_uint_eq(curve.references, n);
        ck_assert_uint_eq(curve.misses[0], n);
        for (mmsim_page frames = 1; frames <= universe + 2; frames++) {
            uint64_t found = mmsim_curve_misses(&curve, frames), expected = naive(string, frames);
            if (found != expected) /* an assertion for each would take long */
                ck_abort_msg("seed %llu, %u frames: %llu misses, not %llu",
                             (unsigned long long)seed, frames, (unsigned long long)found,
                             (unsigned long long)expected);
        }
        mmsim_curve_free(&curve);
        free(string);
    }
}

/* The pages 0 to n - 1 in turn, so many times. */
static inline struct mmsim_curve kit_loop(enum mmsim_curve_kind kind, mmsim_page n, unsigned times)
{
    struct mmsim_curve_setup setup = {kind, n, 1, 0};
    struct mmsim_curve_pass *pass;
    struct mmsim_error error;
    struct mmsim_curve curve;
    mmsim_ref *refs = calloc(n, sizeof *refs);
    for (mmsim_page page = 0; page < n; page++)
        refs[page] = page << 2;
    ck_assert_int_eq(mmsim_curve_begin(&setup, &pass, &error), MMSIM_OK);
    for (unsigned i = 0; i < times; i++)
        mmsim_curve_feed(pass, refs, n);
    ck_assert_int_eq(mmsim_curve_read(pass, &curve, &error), MMSIM_OK);
    mmsim_curve_end(pass);
    free(refs);
    return curve;
}

#endif
