/*
 * rng.h - random numbers that are the same everywhere.
 *
 * splitmix64 turns a seed into a state; xoshiro256** makes the stream (Blackman & Vigna, "Scrambled
 * linear pseudorandom number generators", ACM TOMS 2021). Bounded numbers use Lemire's method
 * ("Fast random integer generation in an interval", ACM TOMACS 2019), which is exactly uniform.
 */
#ifndef MM_BASE_RNG_H
#define MM_BASE_RNG_H

#include <stdint.h>

struct mm_rng {
    uint64_t state[4];
};

/* One step of splitmix64: a good hash of a 64-bit number. */
uint64_t mm_rng_mix(uint64_t x);

void mm_rng_seed(struct mm_rng *rng, uint64_t seed);
uint64_t mm_rng_next(struct mm_rng *rng);

/* Uniform in [0, bound); bound must not be 0. */
uint64_t mm_rng_below(struct mm_rng *rng, uint64_t bound);

#endif
