/*
 * header.h - the parts of a scenario's header: header.c reads the whole, and calls one file for the
 * machine and one for the kernel.
 *
 * What later parts will offer is accepted where a file spells out today's only value, and refused
 * as "not in this version" otherwise. What a key may say can depend on the CPU; such keys are
 * judged when the CPU is known, wherever in the file they stand.
 */
#ifndef MM_SCENARIO_HEADER_H
#define MM_SCENARIO_HEADER_H

#include <mmsim/machine.h>

#include "scenario/schema.h"

struct mmsim_scenario;

/* header_machine.c, header_kernel.c: fill in their part; the machine comes first. */
void mm_header_read_machine(struct mm_decoder *decoder, const struct mm_node *node,
                            struct mmsim_config *config);
void mm_header_read_kernel(struct mm_decoder *decoder, const struct mm_node *node,
                           struct mmsim_scenario *scenario);

/* header_mmio.c: fills in the devices; the rest of the machine is known. */
void mm_header_read_devices(struct mm_decoder *decoder, const struct mm_node *list,
                            struct mmsim_config *config);

/* header_disk.c: the disk, and what the page cache does; the CPU's clock rate is known. */
void mm_header_read_disk(struct mm_decoder *decoder, const struct mm_node *node,
                         struct mmsim_config *config);
void mm_header_read_page_cache(struct mm_decoder *decoder, const struct mm_node *node,
                               struct mmsim_config *config);

/* header_pager.c: where pages go, and which. */
void mm_header_read_swap(struct mm_decoder *decoder, const struct mm_node *node,
                         struct mmsim_config *config);
void mm_header_read_policy(struct mm_decoder *decoder, const struct mm_node *node,
                           struct mmsim_config *config);
void mm_header_read_scope(struct mm_decoder *decoder, const struct mm_node *node,
                          struct mmsim_config *config);
void mm_header_read_swap_readahead(struct mm_decoder *decoder, const struct mm_key *key,
                                   const struct mm_node *value, void *field);
void mm_header_read_view(struct mm_decoder *decoder, const struct mm_node *node,
                         struct mmsim_config *config);

/* header_files.c: the list `files`. */
void mm_header_read_files(struct mm_decoder *decoder, const struct mm_node *list,
                          struct mmsim_scenario *scenario);

struct mm_header_need {
    const char *what, *needs; /* "flush: single", "INVLPG" */
    uint32_t ability;         /* MMSIM_CPU_... */
};

/* A mistake if the file asks at `node` for what the CPU cannot do; NULL: it does not ask. */
void mm_header_require(struct mm_decoder *decoder, const struct mmsim_config *config,
                       const struct mm_node *node, const struct mm_header_need *need);

#endif
