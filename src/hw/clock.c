/* clock.c - the price list of kernel work. */
#include "hw/clock.h"

const uint32_t mm_work_cycles[MM_N_WORKS] = {
#define X(NAME, cycles, meaning) [MM_WORK_##NAME] = cycles,
    MM_WORK_LIST(X)
#undef X
};
