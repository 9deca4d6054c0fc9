/*
 * pager.h - how swap, pager and reclaim are built into a machine; see pager.c.
 */
#ifndef MM_SIM_PAGER_H
#define MM_SIM_PAGER_H

#include <mmsim/machine.h>

/* The policy of a configuration, with the values of its parameters. */
enum mmsim_status mm_config_policy(const struct mmsim_pager_config *config,
                                   struct mmsim_policy_choice *choice, struct mmsim_error *error);

enum mmsim_status mm_config_check_pager(const struct mmsim_config *config,
                                        struct mmsim_error *error);

/* After page tables, before address spaces. False: no memory. */
bool mm_machine_build_pager(struct mmsim_machine *machine);
void mm_machine_take_down_pager(struct mmsim_machine *machine);

#endif
