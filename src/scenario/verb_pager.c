/*
 * verb_pager.c - the verbs of replacement and swap: reclaim, age, swapoff, swapon, limit-frames.
 */
#include <mmsim/pager.h>
#include <string.h>

#include "scenario/field.h"
#include "scenario/load.h"
#include "scenario/verb.h"

#define STEP(field) offsetof(struct mm_step, field)

static const struct mm_key reclaim_keys[] = {
    {.name = "frames",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_count,
     .offset = STEP(count),
     .low = 1,
     .high = UINT32_MAX,
     .meaning = "how many to take back, at most"},
    MM_KEYS_END,
};

static const struct mm_key area_keys[] = {
    {.name = "area",
     .read = mm_read_number,
     .offset = STEP(count),
     .high = MMSIM_MAX_SWAP_AREAS - 1,
     .meaning = "of machine.swap, from 0"},
    MM_KEYS_END,
};

static const struct mm_key limit_keys[] = {
    {.name = "by",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_process,
     .offset = STEP(by),
     .meaning = "whose frames"},
    {.name = "frames",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_count,
     .offset = STEP(count),
     .high = UINT32_MAX,
     .meaning = "at most so many; 0: no limit of its own"},
    MM_KEYS_END,
};

static const struct mm_key no_keys[] = {MM_KEYS_END};

static bool is(const struct mm_step *step, const char *name)
{
    return strcmp(step->verb->info.name, name) == 0;
}

static void verify_limit(struct mm_decoder *decoder, const struct mm_node *node,
                         struct mm_step *step)
{
    if (step->by == MM_NAME_KERNEL)
        mm_mistake_add(decoder->mistakes, mm_node_get(node, "by"),
                       "by: the kernel's frames have no limit: expected a process");
}

/* ---- doing ---- */

static void perform_reclaim(struct mm_run *run, const struct mm_step *step)
{
    run->outcome.value = mmsim_reclaim(run->machine, step->count);
    run->outcome.parts |= MM_HAS_VALUE;
    mm_run_errno(run, MMSIM_SUCCESS);
}

static void perform_age(struct mm_run *run, const struct mm_step *step)
{
    (void)step;
    mmsim_age(run->machine);
    mm_run_errno(run, MMSIM_SUCCESS);
}

static void perform_area(struct mm_run *run, const struct mm_step *step)
{
    mm_run_errno(run, is(step, "swapoff") ? mmsim_swapoff(run->machine, step->count)
                                          : mmsim_swapon(run->machine, step->count));
}

static void perform_limit(struct mm_run *run, const struct mm_step *step)
{
    mmsim_process_limit_frames(mm_run_actor(run, step), step->count);
    mm_run_errno(run, MMSIM_SUCCESS);
}

/* ---- telling ---- */

static void tell(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    (void)run;
    mm_text_puts(line, step->verb->info.name);
    if (is(step, "swapoff") || is(step, "swapon"))
        mm_text_printf(line, " area %llu", (unsigned long long)step->count);
    else if (!is(step, "age"))
        mm_text_printf(line, " %llu frame%s", (unsigned long long)step->count,
                       step->count == 1 ? "" : "s");
}

/* ---- the rows ---- */

#define CALL (MM_EXPECT_ERROR | MM_EXPECT_FAULT)

static const struct mm_verb verbs[] = {
    {.info = {"reclaim", "take frames back now, in the order of the policy", "frames"},
     .keys = reclaim_keys,
     .traits = MM_VERB_TELLS,
     .expects = CALL | MM_EXPECT_VALUE,
     .perform = perform_reclaim,
     .tell = tell},
    {.info = {"age", "look at all accessed bits now, and tell the policy", ""},
     .keys = no_keys,
     .traits = MM_VERB_TELLS,
     .expects = CALL,
     .perform = perform_age,
     .tell = tell},
    {.info = {"swapoff", "empty a swap area into memory, and turn it off", "area?"},
     .keys = area_keys,
     .traits = MM_VERB_TELLS,
     .expects = CALL,
     .perform = perform_area,
     .tell = tell},
    {.info = {"swapon", "turn a swap area on again", "area?"},
     .keys = area_keys,
     .traits = MM_VERB_TELLS,
     .expects = CALL,
     .perform = perform_area,
     .tell = tell},
    {.info = {"limit-frames", "limit the frames of a process, whatever the scope", "by, frames"},
     .keys = limit_keys,
     .traits = MM_VERB_ACTS | MM_VERB_TELLS,
     .expects = CALL,
     .verify = verify_limit,
     .perform = perform_limit,
     .tell = tell},
};

const struct mm_verb *mm_pager_verb_at(size_t index)
{
    return index < sizeof verbs / sizeof verbs[0] ? &verbs[index] : NULL;
}
