/*
 * rng.c - splitmix64, xoshiro256**, and exactly uniform numbers below a bound.
 *
 * Sources: Blackman & Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 2021;
 * Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (splitmix64);
 * Lemire, "Fast random integer generation in an interval", ACM TOMACS 2019, algorithm 5.
 */
#include "base/rng.h"

#include "base/assert.h"

#define GOLDEN_GAMMA 0x9e3779b97f4a7c15u /* 2^64 / golden ratio, odd: what splitmix64 steps by */

static uint64_t rotate_left(uint64_t x, unsigned n_bits)
{
    return x << n_bits | x >> (64 - n_bits);
}

uint64_t mm_rng_mix(uint64_t x)
{
    x += GOLDEN_GAMMA;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

void mm_rng_seed(struct mm_rng *rng, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++)
        rng->state[i] = mm_rng_mix(seed + i * GOLDEN_GAMMA);
}

uint64_t mm_rng_next(struct mm_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t mm_rng_below(struct mm_rng *rng, uint64_t bound)
{
    MM_ASSERT(bound > 0, "a random number below 0 was asked for");
    unsigned __int128 product = (unsigned __int128)mm_rng_next(rng) * bound;
    if ((uint64_t)product < bound) {
        uint64_t n_surplus = -bound % bound; /* 2^64 mod bound */
        while ((uint64_t)product < n_surplus)
            product = (unsigned __int128)mm_rng_next(rng) * bound;
    }
    return (uint64_t)(product >> 64);
}
