/*
 * checked_zones.h - the bytes around and in a checked object, 16 at a time.
 *
 * What checked.c does on every call, and checked_look.c again when something is not as it should
 * be. The places of things in an object's slot are those drawn in checked.h. All lengths below are
 * multiples of 16 but those of users' requests.
 */
#ifndef MM_ALLOC_CHECKED_ZONES_H
#define MM_ALLOC_CHECKED_ZONES_H

#include <string.h>

#include "alloc/checked.h"

#define MM_INLINE inline __attribute__((always_inline))

typedef uint64_t mm_granule __attribute__((vector_size(16)));

#define MM_EIGHT_TIMES(byte) ((uint64_t)(byte)*0x0101010101010101u)
#define MM_ASKED_MARK 0x5aa50000u /* above the bytes asked for */
#define MM_FOUR_TIMES(byte) ((uint32_t)(byte)*0x01010101u)

/* A free object's last 16 bytes of poison: read from 16 - n on for n bytes of the object. */
static const uint8_t mm_poison_end[32] = {
    0x6b, 0x6b, 0x6b, 0x6b, 0x6b, 0x6b, 0x6b, 0x6b, 0x6b, 0x6b, 0x6b, 0x6b, 0x6b, 0x6b, 0x6b, 0xa5,
    0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb};

static inline mm_granule mm_granule_load(const uint8_t *at)
{
    mm_granule granule;
    memcpy(&granule, at, sizeof granule);
    return granule;
}

static inline void mm_granule_store(uint8_t *at, mm_granule granule)
{
    memcpy(at, &granule, sizeof granule);
}

static inline mm_granule mm_granule_of(uint8_t byte)
{
    return (mm_granule){MM_EIGHT_TIMES(byte), MM_EIGHT_TIMES(byte)};
}

static inline uint32_t mm_word_load(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline void mm_word_store(uint8_t *at, uint32_t word)
{
    memcpy(at, &word, sizeof word);
}

/* ---- runs of one byte ---- */

static inline void mm_zone_fill(uint8_t *at, uint32_t n_bytes, uint8_t byte)
{
    const mm_granule granule = mm_granule_of(byte);
    uint8_t *end = at + n_bytes;
    for (; end - at >= 64; at += 64) {
        mm_granule_store(at, granule);
        mm_granule_store(at + 16, granule);
        mm_granule_store(at + 32, granule);
        mm_granule_store(at + 48, granule);
    }
    if (n_bytes & 32) { /* no loop: the compiler would make a call of it */
        mm_granule_store(at, granule);
        mm_granule_store(at + 16, granule);
        at += 32;
    }
    if (n_bytes & 16)
        mm_granule_store(at, granule);
}

/* Not zero if a byte is another one. */
static inline mm_granule mm_zone_differs(const uint8_t *at, uint32_t n_bytes, uint8_t byte)
{
    const mm_granule granule = mm_granule_of(byte);
    const uint8_t *end = at + n_bytes;
    mm_granule differs = {0, 0}, others = {0, 0};
    for (; end - at >= 64; at += 64) {
        differs |= mm_granule_load(at) ^ granule;
        others |= mm_granule_load(at + 16) ^ granule;
        differs |= mm_granule_load(at + 32) ^ granule;
        others |= mm_granule_load(at + 48) ^ granule;
    }
    if (n_bytes & 32) {
        differs |= mm_granule_load(at) ^ granule;
        others |= mm_granule_load(at + 16) ^ granule;
        at += 32;
    }
    if (n_bytes & 16)
        differs |= mm_granule_load(at) ^ granule;
    return differs | others;
}

/* The same for bytes `from` to `to`, of which `to` is a multiple of 8, by words of 8. */
static inline void mm_slack_fill(uint8_t *at, uint32_t from, uint32_t to, uint8_t byte)
{
    uint32_t i = from & ~7u;
    uint64_t word, keep = ~(~(uint64_t)0 << (from % 8 * 8));
    for (; i < to; i += 8, keep = 0) {
        memcpy(&word, at + i, sizeof word);
        word = (word & keep) | (MM_EIGHT_TIMES(byte) & ~keep);
        memcpy(at + i, &word, sizeof word);
    }
}

static inline uint64_t mm_slack_differs(const uint8_t *at, uint32_t from, uint32_t to, uint8_t byte)
{
    uint32_t i = from & ~7u;
    uint64_t word, differs = 0, look = ~(uint64_t)0 << (from % 8 * 8);
    for (; i < to; i += 8, look = ~(uint64_t)0) {
        memcpy(&word, at + i, sizeof word);
        differs |= (word ^ MM_EIGHT_TIMES(byte)) & look;
    }
    return differs;
}

/* ---- places ---- */

/* Bytes behind the object's own in a slot. */
static inline uint32_t mm_behind_bytes(unsigned checks)
{
    return checks & MM_CHECKS_TRAILER ? (uint32_t)MM_TRAILER_BYTES : 0;
}

static inline uint32_t mm_body_bytes(const struct mm_slab_set *set)
{
    return set->body_bytes;
}

static inline uint32_t mm_user_bytes(const struct mm_slab_set *set)
{
    return set->user_bytes;
}

/* Of a set; poison only where objects need not stay constructed. */
static inline unsigned mm_checks_of(const struct mm_slab_set *set)
{
    return set->construct ? set->checks & ~(unsigned)MM_CHECK_POISON : set->checks;
}

static inline uint8_t *mm_word_0(const struct mm_slab_set *set, uint8_t *at)
{
    return at + mm_body_bytes(set) + 4;
}

static inline uint8_t *mm_word_1(const struct mm_slab_set *set, uint8_t *at)
{
    return at + set->layout.slot_bytes - 8;
}

static inline uint8_t *mm_word_2(const struct mm_slab_set *set, uint8_t *at)
{
    return at + set->layout.slot_bytes - 4;
}

/* Sites in word 2, of which one byte is the next object's. */
static inline uint32_t mm_sites_load(const struct mm_slab_set *set, const uint8_t *at)
{
    return mm_word_load(at + set->layout.slot_bytes - 4) & 0xffffff;
}

static inline void mm_sites_store(const struct mm_slab_set *set, uint8_t *at, uint32_t sites)
{
    uint8_t *word = mm_word_2(set, at);
    mm_word_store(word, (mm_word_load(word) & 0xff000000u) | sites);
}

/* Bytes that were asked for, as word 0 of a live object has them; the object's size if word 0 has
 * been written over. */
static inline uint32_t mm_asked_encode(uint32_t n_bytes)
{
    return n_bytes | MM_ASKED_MARK;
}

static inline uint32_t mm_asked_bytes(const struct mm_slab_set *set, unsigned checks,
                                      const uint8_t *at)
{
    if (!(checks & MM_CHECKS_TRAILER))
        return mm_user_bytes(set);
    uint32_t n_bytes = mm_word_load(at + mm_body_bytes(set) + 4) ^ MM_ASKED_MARK;
    bool is_valid = n_bytes <= mm_user_bytes(set); /* too much without the mark */
    return __builtin_expect(is_valid, 1) ? n_bytes : mm_user_bytes(set);
}

/* ---- red zones: of a live object from n_bytes on, of a free one from its end on ---- */

static inline void mm_zones_fill(uint8_t *at, uint32_t n_bytes, uint32_t body, uint8_t byte)
{
    at[-1] = byte;
    mm_word_store(at + body, MM_FOUR_TIMES(byte));
    if (n_bytes < body)
        mm_slack_fill(at, n_bytes, body, byte);
}

static inline bool mm_zones_are(const uint8_t *at, uint32_t n_bytes, uint32_t body, uint8_t byte)
{
    if (at[-1] != byte || mm_word_load(at + body) != MM_FOUR_TIMES(byte))
        return false;
    return n_bytes >= body || mm_slack_differs(at, n_bytes, body, byte) == 0;
}

/* ---- poison of a free object ---- */

static inline mm_granule mm_poison_last(uint32_t user_bytes)
{
    return mm_granule_load(mm_poison_end + 15 - (user_bytes - 1) % 16);
}

static MM_INLINE void mm_poison_fill(uint8_t *at, uint32_t user, uint32_t body)
{
    uint32_t last = (user - 1) & ~15u;
    mm_zone_fill(at, last, MM_POISON_FREE_BYTE);
    mm_granule_store(at + last, mm_poison_last(user));
    if (last + 16 < body)
        mm_slack_fill(at, last + 16, body, MM_ZONE_FREE_BYTE);
}

static MM_INLINE bool mm_is_poison(const uint8_t *at, uint32_t user, uint32_t body)
{
    uint32_t last = (user - 1) & ~15u;
    mm_granule differs = mm_zone_differs(at, last, MM_POISON_FREE_BYTE);
    differs |= mm_granule_load(at + last) ^ mm_poison_last(user);
    if (last + 16 < body)
        differs[0] |= mm_slack_differs(at, last + 16, body, MM_ZONE_FREE_BYTE);
    return (differs[0] | differs[1]) == 0;
}

/* The same where the object's end is that of its last granule. */
static MM_INLINE void mm_poison_fill_whole(uint8_t *at, uint32_t body)
{
    mm_zone_fill(at, body - 16, MM_POISON_FREE_BYTE);
    mm_granule_store(at + body - 16, mm_granule_load(mm_poison_end));
}

static MM_INLINE bool mm_is_poison_whole(const uint8_t *at, uint32_t body)
{
    mm_granule differs = mm_zone_differs(at, body - 16, MM_POISON_FREE_BYTE);
    differs |= mm_granule_load(at + body - 16) ^ mm_granule_load(mm_poison_end);
    return (differs[0] | differs[1]) == 0;
}

/* ---- objects; `checks` are mm_checks_of() the set ---- */

/* Among them: poison, and objects that are multiples of 16 bytes with the record right behind. */
enum { MM_WHOLE_GRANULES = 1 << 8 };

static MM_INLINE void mm_free_fill(const struct mm_slab_set *set, unsigned checks, uint8_t *at)
{
    uint32_t body = mm_body_bytes(set), user = mm_user_bytes(set);
    if (checks & MM_WHOLE_GRANULES)
        mm_poison_fill_whole(at, body);
    else if (checks & MM_CHECK_POISON)
        mm_poison_fill(at, user, body);
    if (checks & MM_CHECK_RED_ZONES)
        mm_zones_fill(at, checks & MM_CHECK_POISON ? body : user, body, MM_ZONE_FREE_BYTE);
}

static MM_INLINE bool mm_free_is_intact(const struct mm_slab_set *set, unsigned checks,
                                        const uint8_t *at)
{
    uint32_t body = mm_body_bytes(set), user = mm_user_bytes(set);
    if ((checks & MM_WHOLE_GRANULES) && !mm_is_poison_whole(at, body))
        return false;
    if ((checks & MM_CHECK_POISON) && !(checks & MM_WHOLE_GRANULES) &&
        !mm_is_poison(at, user, body))
        return false;
    return !(checks & MM_CHECK_RED_ZONES) ||
           mm_zones_are(at, checks & MM_CHECK_POISON ? body : user, body, MM_ZONE_FREE_BYTE);
}

static MM_INLINE void mm_live_fill(const struct mm_slab_set *set, unsigned checks, uint8_t *at,
                                   uint32_t n_bytes)
{
    uint32_t body = mm_body_bytes(set);
    if (checks & MM_CHECK_POISON)
        mm_zone_fill(at, body, MM_POISON_FRESH_BYTE);
    if (checks & MM_CHECK_RED_ZONES)
        mm_zones_fill(at, n_bytes, body, MM_ZONE_LIVE_BYTE);
}

static MM_INLINE bool mm_live_is_intact(const struct mm_slab_set *set, unsigned checks,
                                        const uint8_t *at, uint32_t n_bytes)
{
    return !(checks & MM_CHECK_RED_ZONES) ||
           mm_zones_are(at, n_bytes, mm_body_bytes(set), MM_ZONE_LIVE_BYTE);
}

/* ---- found damage: checked_look.c ---- */

/* Reports and restores what is not as it must be in and around an object, by its live bit; returns
 * the number of damages. */
unsigned mm_checked_mend(struct mm_heap *heap, const struct mm_slab_set *set, uint32_t object);

/* The quarantine of a set held what is no free object of it: reports that, and finds those that
 * it lost. */
void mm_checked_repair(struct mm_heap *heap, struct mm_slab_set *set, uint32_t wrong);

/* A free object of this set, and not in a slab. */
bool mm_checked_is_spare(const struct mm_heap *heap, const struct mm_slab_set *set,
                         uint32_t object);

#endif
