/*
 * starved.h - running a scenario while the host fails its N-th request for memory, for every N.
 */
#ifndef TESTS_STARVED_H
#define TESTS_STARVED_H

#include "fail_nth.h"
#include "loaded.h"

static inline void starved_ignore(void *user, const struct mmsim_step_report *report)
{
    (void)user, (void)report;
}

/* The run's N-th request fails; true: it made that many. Whatever comes of it, nothing is left. */
static inline bool starved_once(const char *text, uint64_t n)
{
    static struct collected collected;
    struct fail_nth fail;
    struct mmsim_scenario *scenario = NULL;
    struct mmsim_result *result = NULL;
    fail_nth_init(&fail, 0, 0);
    ck_assert_int_eq(parse_text(text, NULL, &fail.allocator, &scenario, &collected), MMSIM_OK);
    fail.first = fail.n_requests + n;
    fail.n_failing = n % 2 ? 1 : FAIL_FROM_THERE_ON;
    struct mmsim_run_options options;
    mmsim_run_options_init(&options);
    options.on_step = starved_ignore; /* so that steps are told */
    options.check = MMSIM_CHECK_OFF;
    enum mmsim_status status = mmsim_scenario_run(scenario, &options, &result, NULL);
    bool failed = fail.n_requests >= fail.first;
    ck_assert_msg(status == MMSIM_OK || (status == MMSIM_HOST_MEMORY && failed), "request %d: %s",
                  (int)n, mmsim_status_name(status));
    ck_assert_int_eq(status == MMSIM_OK, result != NULL);
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
    ck_assert_ptr_null(fail_nth_check(&fail));
    return failed;
}

static inline void starved_run(const char *text)
{
    uint64_t n = 1;
    while (starved_once(text, n))
        n++;
    ck_assert_uint_gt(n, 1);
}

#endif
