/*
 * wide.h - loops over vectors, compiled twice: for every host, and for hosts with 256-bit vectors.
 *
 * MM_WIDE in front of a function makes GCC emit both, and the loader choose (target_clones). Both
 * do the same arithmetic on integers, so results are the same. Elsewhere it is nothing: Clang would
 * make what chooses for a static function a symbol of the whole program.
 */
#ifndef MM_BASE_WIDE_H
#define MM_BASE_WIDE_H

#if defined __x86_64__ && defined __gnu_linux__ && !defined __clang__
#define MM_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define MM_WIDE
#endif

/* What such functions are made of. */
#define MM_WIDE_PART static inline __attribute__((always_inline))

#endif
