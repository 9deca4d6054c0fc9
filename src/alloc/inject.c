/* inject.c - which request fails. */
#include "alloc/inject.h"

#include <string.h>

void mm_inject_arm(struct mm_inject *inject, const struct mm_inject_rule *rule)
{
    *inject = (struct mm_inject){.armed = rule->nth || rule->every || rule->share, .rule = *rule};
    mm_rng_seed(&inject->rng, rule->seed);
}

void mm_inject_disarm(struct mm_inject *inject)
{
    inject->armed = false;
}

static bool counts(const struct mm_inject_rule *rule, size_t n_bytes, const char *site)
{
    if (n_bytes < rule->min_bytes)
        return false;
    return !rule->site || (site && strcmp(rule->site, site) == 0);
}

/* Draws one number for each request that counts, so that the conditions do not shift the draws. */
static bool is_drawn(struct mm_inject *inject)
{
    return inject->rule.share == 0 || mm_rng_next(&inject->rng) >> 32 < inject->rule.share;
}

bool mm_inject_decide(struct mm_inject *inject, size_t n_bytes, const char *site)
{
    const struct mm_inject_rule *rule = &inject->rule;
    inject->n_calls++;
    if (!counts(rule, n_bytes, site))
        return false;
    inject->n_counted++;
    bool fails = is_drawn(inject);
    fails = fails && (rule->nth == 0 || inject->n_counted == rule->nth);
    fails = fails && (rule->every == 0 || inject->n_counted % rule->every == 0);
    inject->n_failures += fails;
    if (rule->max_failures > 0 && inject->n_failures == rule->max_failures)
        inject->armed = false;
    return fails;
}
