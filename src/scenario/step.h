/*
 * step.h - a step of a scenario after loading: everything decoded, nothing left to go wrong.
 *
 * One flat struct serves all verbs; a verb's row in the table (verb.h) says which fields it uses.
 * Names have become numbers, quantities bytes, expressions programs; a run only performs.
 */
#ifndef MM_SCENARIO_STEP_H
#define MM_SCENARIO_STEP_H

#include <mmsim/alloc.h>
#include <mmsim/vm.h>

#include "scenario/expression.h"
#include "scenario/field.h"
#include "scenario/figure.h"

struct mm_verb;
struct mmsim_trace;

/* What `expect` may speak of: a bit each, in struct mm_expectation and in the table of verbs. */
enum mm_expected {
    MM_EXPECT_VALUE = 1 << 0,
    MM_EXPECT_BYTES = 1 << 1,
    MM_EXPECT_ERROR = 1 << 2,
    MM_EXPECT_SIGNAL = 1 << 3,
    MM_EXPECT_CODE = 1 << 4,
    MM_EXPECT_ADDRESS = 1 << 5,
    MM_EXPECT_FAULT = 1 << 6,
    MM_EXPECT_PRESENT = 1 << 7,
    MM_EXPECT_ACCESSED = 1 << 8,
    MM_EXPECT_DIRTY = 1 << 9,
    MM_EXPECT_MISTAKE = 1 << 10,
    MM_EXPECT_SITE = 1 << 11,
    MM_EXPECT_LOST_SITE = 1 << 12
    /* from 1 << MM_EXPECT_FIGURES on: figures, in their order */
};
#define MM_EXPECT_FIGURES 13
#define MM_EXPECT_FIGURE(figure) (1u << (MM_EXPECT_FIGURES + (unsigned)(figure)))
_Static_assert(MM_EXPECT_FIGURES + MM_N_FIGURES <= 32, "a bit for each");

/* A run of bytes given in a scenario; owned by its arena. */
struct mm_bytes {
    const uint8_t *data;
    size_t n;
};

struct mm_expectation {
    unsigned given; /* MM_EXPECT_... */
    uint64_t value;
    struct mm_bytes bytes;
    uint64_t error, signal, code, fault; /* enum mmsim_errno, _signal, _sigcode, _fault_kind */
    struct mm_place address;
    bool present, accessed, dirty;
    uint64_t mistake;             /* enum mmsim_heap_mistake */
    const char *site, *lost_site; /* of the first leak's root */
    uint64_t figures[MM_N_FIGURES];
};

/* What only the verbs of the kernel's memory have (verb_heap.c). */
struct mm_heap_keys {
    const char *site; /* where reports say that the call came from: label, or FILE:LINE */
    uint32_t thing;   /* number of a cache, pool or scope; MM_NO_NAME */
    uint32_t scope;   /* kmalloc: number of the scope that owns it; MM_NO_NAME */
    uint32_t process; /* scope-begin: number of the process that ends it; MM_NO_NAME */
    bool zero, colour;
    bool stores;        /* leak-watch */
    bool has_size;      /* kfree: a size was given */
    uint64_t align;     /* bytes; 0 = as it comes */
    uint64_t reserve;   /* pool-create: objects set aside */
    uint64_t every;     /* frees: of the objects of `over`, one of so many; fail */
    const char *caches; /* heap-check: a name, kmalloc, or a pattern that ends with * */
    uint64_t checks;    /* enum mmsim_heap_check */
    struct mm_offsets {
        const uint32_t *data;
        uint32_t n;
    } pointers;       /* cache-create: where an object's pointers lie */
    uint64_t what;    /* fail: enum mmsim_fail_what; leak-scan: _leak_mode; leak-mark: _leak_mark;
                         show: _table */
    const char *only; /* show: of the lines, those with this text; NULL = all */
    uint64_t nth, min_size;
    uint32_t chance;       /* billionths */
    const char *only_site; /* fail; NULL = any */
};

/* What only the verbs of virtual memory and files have (verb_vm.c). */
struct mm_vm_keys {
    const char *file;  /* a file's or shared object's name; NULL: none */
    uint64_t access;   /* enum mmsim_file_access */
    uint64_t flags;    /* of mremap, msync, mlock, mlockall, shm-open */
    uint64_t advice;   /* enum mmsim_advice */
    uint64_t resource; /* enum mmsim_resource */
    uint64_t new_length, offset;
    struct mm_place to; /* mremap: where, if has_to */
    bool has_to, has_new_length;
    uint64_t key, rights; /* protection keys */
    uint64_t cycles;      /* wait */
};

#define MM_NO_CPU UINT64_MAX

struct mm_step {
    const struct mm_verb *verb;
    unsigned line;     /* of its first key */
    const char *label; /* NULL without */
    uint64_t on;       /* CPU; MM_NO_CPU = where the process last ran */
    bool survive;
    struct mm_expectation expect;

    uint32_t by;   /* number of a process; MM_NO_NAME where the verb has none */
    uint32_t name; /* of the process or address that it makes; MM_NO_NAME = none */
    uint32_t over; /* number of an address: access, replay; of its objects: frees of all */
    struct mm_place at;
    bool has_at;          /* mmap: an address was given */
    bool has_length;      /* access */
    bool has_seed;        /* access */
    uint64_t length;      /* bytes */
    uint64_t prot, flags; /* MMSIM_PROT_..., MMSIM_MAP_... */
    uint64_t size;        /* of a value, bytes: 1, 2, 4, 8 */
    uint64_t value;
    struct mm_bytes bytes; /* write: data == NULL means `value`; read: how many to read */
    uint64_t code;         /* exit */
    uint64_t access;       /* walk: enum mmsim_access_kind */
    uint64_t pattern;      /* enum mm_pattern_kind */
    uint64_t count, stride, seed;
    double theta;
    uint32_t writes; /* billionths */
    uint64_t times;
    const struct mmsim_trace *trace; /* replay; the scenario's */
    uint64_t start;                  /* its first reference; `count`: how many, from there */
    uint64_t quantum;                /* parallel: references, or steps of other verbs, of a turn */
    struct mm_step *body;            /* repeat, parallel */
    size_t n_body;
    struct mm_expression that;
    const char *text;        /* note */
    struct mm_place pointer; /* write: the address that is stored, if has_pointer */
    bool has_pointer;
    struct mm_heap_keys heap;
    struct mm_vm_keys vm;
    const char *site; /* of what the kernel does in it, as reports name it; NULL: a process acts */

    /* only while it is loaded */
    const struct mm_node *name_node, *expect_node, *body_node;
};

/*
 * Reads a list of steps. `outer` carries what a repeat or parallel gives its body (on, survive);
 * `times` is how often the list runs, *n_executed grows by the steps that this makes.
 */
struct mm_step_list {
    struct mm_step *steps;
    size_t n;
};
struct mm_step_context {
    const struct mm_step *outer;    /* the enclosing repeat or parallel; NULL */
    const struct mm_step *parallel; /* the enclosing parallel, whatever lies between; NULL */
    uint64_t times;                 /* product of the enclosing repeats' times, capped */
    uint64_t *n_executed;
};

/* More than these executed steps are a mistake. */
#define MM_STEPS_MAX UINT64_C(10000000)

void mm_steps_read(struct mm_decoder *decoder, const struct mm_node *list,
                   const struct mm_step_context *context, struct mm_step_list *steps);

/* Reads `expect` of a step whose verb is known. */
void mm_expect_read(struct mm_decoder *decoder, const struct mm_node *mapping,
                    struct mm_step *step);

/* Readers of the fields that only steps have. */
void mm_read_protection(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, void *field); /* uint64_t */
void mm_read_flags(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field); /* uint64_t */
void mm_field_flags(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, const struct mm_word *words, uint64_t *field);
void mm_read_bytes(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field); /* struct mm_bytes */
void mm_read_value_size(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, void *field); /* uint64_t: 1, 2, 4, 8 */
void mm_read_pattern(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, void *field); /* uint64_t */
void mm_read_trace(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field); /* const struct mmsim_trace * */
void mm_read_access(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, void *field); /* uint64_t */
void mm_read_list(struct mm_decoder *decoder, const struct mm_key *key, const struct mm_node *value,
                  void *field); /* const struct mm_node * */
void mm_read_node(struct mm_decoder *decoder, const struct mm_key *key, const struct mm_node *value,
                  void *field); /* const struct mm_node * */
void mm_read_expression(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, void *field); /* struct mm_expression */

/* field_heap.c: those of the verbs of the kernel's memory. */
void mm_read_kernel(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, void *field); /* uint32_t, a name's number */
void mm_read_cache(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field); /* uint32_t, a thing's number */
void mm_read_caches(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, void *field); /* const char *, a pattern */
void mm_read_pool(struct mm_decoder *decoder, const struct mm_key *key, const struct mm_node *value,
                  void *field); /* uint32_t, a thing's number */
void mm_read_scope(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field); /* uint32_t, a thing's number */
void mm_read_alignment(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field); /* uint64_t, bytes */
void mm_read_checks(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, void *field); /* uint64_t */
void mm_read_offsets(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, void *field); /* struct mm_offsets */
void mm_read_leak_mode(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field); /* uint64_t */
void mm_read_leak_mark(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field); /* uint64_t */
void mm_read_fail_what(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field); /* uint64_t */
void mm_read_table(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field); /* uint64_t */

/* "heap.yaml:12": the file without its folders, so that what is printed does not depend on where it
 * lies. */
const char *mm_step_site(struct mm_arena *arena, const char *file, unsigned line);

/* Declares the cache, pool or scope that a step makes; its number, or MM_NO_NAME. */
uint32_t mm_thing_declare(struct mm_decoder *decoder, const struct mm_node *value,
                          enum mm_name_kind kind);

#endif
