/*
 * verb.h - the table of verbs: what a step can do, one row each.
 *
 * A row has the keys that the step may carry, what it may expect, how it is checked beyond its
 * keys, how it is performed and how it is told to people. Adding a verb is adding a row and its
 * functions; `mmsim list verbs` and the loader read the same table.
 *
 * Loading decodes and checks everything; `perform` cannot meet a malformed step.
 */
#ifndef MM_SCENARIO_VERB_H
#define MM_SCENARIO_VERB_H

#include <mmsim/scenario.h>

#include "scenario/run.h"
#include "scenario/step.h"

enum mm_verb_trait {
    MM_VERB_ACTS = 1 << 0,     /* has `by`: needs a live process */
    MM_VERB_ACCESSES = 1 << 1, /* goes through the MMU: can be refused, by a signal or EFAULT */
    MM_VERB_TELLS = 1 << 2,    /* worth a line for people even when nothing special happened */
    MM_VERB_ORDERS = 1 << 3    /* repeat: no step itself, only an order for others */
};

struct mm_verb {
    struct mmsim_verb_info info;
    const struct mm_key *keys;
    unsigned traits;
    unsigned expects; /* MM_EXPECT_... */
    /* Mistakes that no single key shows; declares names. May be NULL. */
    void (*verify)(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step);
    /* Does it and says in run->outcome what happened. NULL: ORDERS. */
    void (*perform)(struct mm_run *run, const struct mm_step *step);
    /* What was asked, for people: "write 7 at buf (0x40000000)". */
    void (*tell)(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
};

/* NULL past the end. */
const struct mm_verb *mm_verb_at(size_t index);
const struct mm_verb *mm_verb_find(const char *name);

/* True for verbs of parts that are not built. */
bool mm_verb_is_later(const char *name);

/* verify.c: the checks of single verbs. */
void mm_verify_names_process(struct mm_decoder *decoder, const struct mm_node *node,
                             struct mm_step *step);
void mm_verify_kill(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step);
void mm_verify_mmap(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step);
void mm_verify_read(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step);
void mm_verify_write(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step);
void mm_verify_mmio_write(struct mm_decoder *decoder, const struct mm_node *node,
                          struct mm_step *step);
void mm_verify_access(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step);

/* perform.c and perform_access.c */
void mm_perform_spawn(struct mm_run *run, const struct mm_step *step);
void mm_perform_fork(struct mm_run *run, const struct mm_step *step);
void mm_perform_exit(struct mm_run *run, const struct mm_step *step);
void mm_perform_switch(struct mm_run *run, const struct mm_step *step);
void mm_perform_mmap(struct mm_run *run, const struct mm_step *step);
void mm_perform_munmap(struct mm_run *run, const struct mm_step *step);
void mm_perform_mprotect(struct mm_run *run, const struct mm_step *step);
void mm_perform_check(struct mm_run *run, const struct mm_step *step);
void mm_perform_walk(struct mm_run *run, const struct mm_step *step);
void mm_perform_note(struct mm_run *run, const struct mm_step *step);
void mm_perform_read(struct mm_run *run, const struct mm_step *step);
void mm_perform_write(struct mm_run *run, const struct mm_step *step);
void mm_perform_fill(struct mm_run *run, const struct mm_step *step);
void mm_perform_compare(struct mm_run *run, const struct mm_step *step);
void mm_perform_exec(struct mm_run *run, const struct mm_step *step);
void mm_perform_access(struct mm_run *run, const struct mm_step *step);

/* tell.c */
void mm_tell_spawn(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_fork(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_exit(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_switch(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_mmap(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_munmap(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_mprotect(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_check(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_walk(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_note(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_read(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_write(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_fill(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_compare(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_exec(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_access(struct mm_run *run, const struct mm_step *step, struct mm_text *line);

#endif
