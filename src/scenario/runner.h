/*
 * runner.h - the parts of a step while it runs, for those who put something between them.
 *
 *   start -> enter -> (arm -> some of its doings -> disarm -> account) once or more -> finish
 *
 * A step that is done in one go is mm_step_run(). parallel.c does others in several goes, and other
 * steps in between; it exchanges what run.h keeps of the current step.
 */
#ifndef MM_SCENARIO_RUNNER_H
#define MM_SCENARIO_RUNNER_H

#include "scenario/run.h"

/* Gives the step its index and an outcome in which nothing has happened. */
void mm_step_start(struct mm_run *run, const struct mm_step *step);

/* Its process is put on its CPU. False: the step is over, the outcome says why. */
bool mm_step_enter(struct mm_run *run, const struct mm_step *step);

/* Around all that it does: who survives signals, and what reports of the kernel name. */
void mm_step_arm(struct mm_run *run, const struct mm_step *step);
void mm_step_disarm(struct mm_run *run, const struct mm_step *step);

/* What happened since the machine had so many cycles belongs to the current step. */
void mm_step_account(struct mm_run *run, uint64_t cycles_before);

/* Judges, tells and keeps it. */
enum mmsim_status mm_step_finish(struct mm_run *run, const struct mm_step *step,
                                 struct mmsim_error *error);

/* All of it. */
enum mmsim_status mm_step_run(struct mm_run *run, const struct mm_step *step,
                              struct mmsim_error *error);

/* As many steps as the caller asked for have begun: no other one begins. */
bool mm_run_is_stopped(struct mm_run *run);

/* The host gave no memory: says so in *error. */
enum mmsim_status mm_run_no_memory(const struct mm_run *run, struct mmsim_error *error);

/* parallel.c: the steps of a `parallel`, by turns. */
enum mmsim_status mm_run_parallel(struct mm_run *run, const struct mm_step *parallel,
                                  struct mmsim_error *error);

#endif
