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
    MM_VERB_ACTS = 1 << 0,       /* has `by`: needs a live process */
    MM_VERB_ACCESSES = 1 << 1,   /* goes through the MMU: can be refused, by a signal or EFAULT */
    MM_VERB_TELLS = 1 << 2,      /* worth a line for people even when nothing special happened */
    MM_VERB_ORDERS = 1 << 3,     /* repeat, parallel: no step itself, only an order for others */
    MM_VERB_INTERLEAVES = 1 << 4 /* parallel: an order by turns */
};

struct mm_references;

struct mm_verb {
    struct mmsim_verb_info info;
    const struct mm_key *keys;
    unsigned traits;
    unsigned expects; /* MM_EXPECT_... */
    /* Mistakes that no single key shows; declares names. May be NULL. */
    void (*verify)(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step);
    /* Does it and says in run->outcome what happened. NULL: ORDERS. */
    void (*perform)(struct mm_run *run, const struct mm_step *step);
    /* Of a verb whose perform function is mm_perform_references(): its source of them. False: the
     * step is over, run->outcome says why. NULL: the verb is done in one go. */
    bool (*open)(struct mm_run *run, const struct mm_step *step, struct mm_references *references);
    /* What was asked, for people: "write 7 at buf (0x40000000)". */
    void (*tell)(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
};

/* NULL past the end. */
const struct mm_verb *mm_verb_at(size_t index);
const struct mm_verb *mm_verb_find(const char *name);

/* verb_heap.c: the rows of the verbs of the kernel's memory. NULL past the end. */
const struct mm_verb *mm_heap_verb_at(size_t index);

/* verb_vm.c: the same for those of virtual memory and files. */
const struct mm_verb *mm_vm_verb_at(size_t index);

/* verb_pager.c: those of replacement and swap. */
const struct mm_verb *mm_pager_verb_at(size_t index);

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
void mm_verify_replay(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step);
void mm_verify_parallel(struct mm_decoder *decoder, const struct mm_node *node,
                        struct mm_step *step);

/* verb_vm.c */
void mm_read_file_name(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field); /* const char * */
void mm_read_file_access(struct mm_decoder *decoder, const struct mm_key *key,
                         const struct mm_node *value, void *field); /* uint64_t */

/* perform_vm.c */
void mm_perform_vm(struct mm_run *run, const struct mm_step *step);
struct mmsim_file *mm_run_file(const struct mm_run *run, const char *name);

/* verify_heap.c */
void mm_verify_heap(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step);
void mm_verify_allocates(struct mm_decoder *decoder, const struct mm_node *node,
                         struct mm_step *step);
void mm_verify_frees(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step);
void mm_verify_makes_cache(struct mm_decoder *decoder, const struct mm_node *node,
                           struct mm_step *step);
void mm_verify_makes_pool(struct mm_decoder *decoder, const struct mm_node *node,
                          struct mm_step *step);
void mm_verify_makes_scope(struct mm_decoder *decoder, const struct mm_node *node,
                           struct mm_step *step);
void mm_verify_fail(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step);

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

/* perform_heap.c and perform_leak.c */
void mm_perform_kmalloc(struct mm_run *run, const struct mm_step *step);
void mm_perform_krealloc(struct mm_run *run, const struct mm_step *step);
void mm_perform_kfree(struct mm_run *run, const struct mm_step *step);
void mm_perform_vmalloc(struct mm_run *run, const struct mm_step *step);
void mm_perform_vfree(struct mm_run *run, const struct mm_step *step);
void mm_perform_cache_create(struct mm_run *run, const struct mm_step *step);
void mm_perform_cache_alloc(struct mm_run *run, const struct mm_step *step);
void mm_perform_cache_free(struct mm_run *run, const struct mm_step *step);
void mm_perform_cache_shrink(struct mm_run *run, const struct mm_step *step);
void mm_perform_cache_destroy(struct mm_run *run, const struct mm_step *step);
void mm_perform_pool_create(struct mm_run *run, const struct mm_step *step);
void mm_perform_pool_alloc(struct mm_run *run, const struct mm_step *step);
void mm_perform_pool_free(struct mm_run *run, const struct mm_step *step);
void mm_perform_pool_destroy(struct mm_run *run, const struct mm_step *step);
void mm_perform_scope_begin(struct mm_run *run, const struct mm_step *step);
void mm_perform_scope_end(struct mm_run *run, const struct mm_step *step);
void mm_perform_heap_check(struct mm_run *run, const struct mm_step *step);
void mm_perform_heap_verify(struct mm_run *run, const struct mm_step *step);
void mm_perform_leak_scan(struct mm_run *run, const struct mm_step *step);
void mm_perform_leak_watch(struct mm_run *run, const struct mm_step *step);
void mm_perform_leak_mark(struct mm_run *run, const struct mm_step *step);
void mm_perform_leak_root(struct mm_run *run, const struct mm_step *step);
void mm_perform_gc(struct mm_run *run, const struct mm_step *step);
void mm_perform_fail(struct mm_run *run, const struct mm_step *step);
void mm_perform_show(struct mm_run *run, const struct mm_step *step);

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
void mm_tell_replay(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_access(struct mm_run *run, const struct mm_step *step, struct mm_text *line);

/* Parts of a line, for both. */
void mm_tell_put_count(struct mm_text *line, uint64_t count);  /* "1,234" */
void mm_tell_put_size(struct mm_text *line, uint64_t n_bytes); /* "64KiB", "100 bytes" */
void mm_tell_put_place(struct mm_run *run, const struct mm_place *place, struct mm_text *line);

void mm_tell_vm(struct mm_run *run, const struct mm_step *step,
                struct mm_text *line); /* tell_vm.c */

/* tell_heap.c */
void mm_tell_kmalloc(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_krealloc(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_kfree(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_vmalloc(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_vfree(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_cache_create(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_cache_alloc(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_cache_free(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_cache_shrink(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_cache_destroy(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_pool_create(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_pool_alloc(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_pool_free(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_pool_destroy(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_scope_begin(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_scope_end(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_heap_check(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_heap_verify(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_leak_scan(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_leak_watch(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_leak_mark(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_leak_root(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_gc(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_fail(struct mm_run *run, const struct mm_step *step, struct mm_text *line);
void mm_tell_show(struct mm_run *run, const struct mm_step *step, struct mm_text *line);

#endif
