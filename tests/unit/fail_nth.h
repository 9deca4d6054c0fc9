/*
 * fail_nth.h - a host allocator for tests that fails on purpose and keeps account.
 *
 * It fails the N-th request for memory (new blocks and growth; freeing and shrinking never fail),
 * either that one alone or all from there on. A test of what happens without memory runs its code
 * with N = 1, 2, 3, ... until the code asks for less than N:
 *
 *     for (uint64_t n = 1;; n++) {
 *         struct fail_nth fail;
 *         fail_nth_init(&fail, n, 1);
 *         ... run with &fail.allocator; when something failed, look that nothing has changed ...
 *         ck_assert_ptr_null(fail_nth_check(&fail));
 *         if (fail.n_requests < n)
 *             break;
 *     }
 */
#ifndef TESTS_FAIL_NTH_H
#define TESTS_FAIL_NTH_H

#include <stdint.h>
#include <stdlib.h>

#include <mmsim/machine.h>

#define FAIL_FROM_THERE_ON UINT64_MAX

struct fail_nth {
    struct mmsim_allocator allocator;
    uint64_t n_requests; /* so far */
    uint64_t first;      /* that fails, counted from 1; 0 = none */
    uint64_t n_failing;  /* from the first on */
    uint64_t n_blocks;   /* live */
    uint64_t n_bytes;    /* live */
    bool wrong_size;     /* a block came back with another size than it was taken with */
};

/* Before each block stands its size; 16 bytes keep the block aligned as malloc does. */
#define FAIL_NTH_PREFIX 16

static inline bool fail_nth_fails(struct fail_nth *fail)
{
    fail->n_requests++;
    return fail->first > 0 && fail->n_requests >= fail->first &&
           fail->n_requests - fail->first < fail->n_failing;
}

static inline void *fail_nth_resize(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    struct fail_nth *fail = user;
    uint64_t *prefix = block ? (uint64_t *)(void *)((char *)block - FAIL_NTH_PREFIX) : NULL;
    if (old_bytes != (prefix ? *prefix : 0))
        fail->wrong_size = true;
    if (new_bytes > old_bytes && fail_nth_fails(fail))
        return NULL;
    fail->n_blocks += (uint64_t)(new_bytes > 0) - (uint64_t)(prefix != NULL);
    fail->n_bytes += new_bytes - (prefix ? *prefix : 0);
    if (new_bytes == 0) {
        free(prefix);
        return NULL;
    }
    prefix = realloc(prefix, FAIL_NTH_PREFIX + new_bytes);
    if (!prefix)
        abort(); /* the real host has no memory: no test can go on */
    *prefix = new_bytes;
    return (char *)prefix + FAIL_NTH_PREFIX;
}

/* Fails `n_failing` requests from the `first` on; first 0 = none. It must not move afterwards. */
static inline void fail_nth_init(struct fail_nth *fail, uint64_t first, uint64_t n_failing)
{
    *fail = (struct fail_nth){
        .allocator = {.resize = fail_nth_resize, .user = fail},
        .first = first,
        .n_failing = n_failing,
    };
}

/* To be called when everything should have been returned. NULL, or what is wrong. */
static inline const char *fail_nth_check(const struct fail_nth *fail)
{
    if (fail->wrong_size)
        return "a block came back with another size than it was taken with";
    return fail->n_blocks == 0 && fail->n_bytes == 0 ? NULL : "memory was not returned";
}

#endif
