/*
 * step.c - a list of steps, from nodes to struct mm_step.
 *
 * Steps are read in the order of the file, so that a name is known exactly from the step on that
 * makes it. A step with mistakes still declares its name: one typo is one message.
 */
#include "scenario/step.h"

#include <string.h>

#include "scenario/nearest.h"
#include "scenario/verb.h"
#include "trace/pattern.h"

enum { DEFAULT_STRIDE_BYTES = 4096, DEFAULT_QUANTUM = 100, MAX_VERBS = 128 };
/* n_executed once there are too many steps, before and after that was said. */
enum { STEPS_EXCEEDED = MM_STEPS_MAX + 1, STEPS_REPORTED = MM_STEPS_MAX + 2 };
#define DEFAULT_THETA 0.99

#define FIELD(field) offsetof(struct mm_step, field)

static void read_verb_again(struct mm_decoder *decoder, const struct mm_key *key,
                            const struct mm_node *value, void *field)
{
    (void)decoder, (void)key, (void)value, (void)field; /* the verb was read before its keys */
}

/* A CPU, checked against the machine. */
static void read_cpu(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, void *field)
{
    struct mm_key whole = *key;
    uint64_t cpu = MM_NO_CPU;
    unsigned n_cpus = decoder->config->n_cpus;
    whole.high = UINT64_MAX;
    mm_read_number(decoder, &whole, value, &cpu);
    if (cpu < n_cpus)
        *(uint64_t *)field = cpu;
    else if (cpu != MM_NO_CPU)
        mm_mistake_add(decoder->mistakes, value,
                       "on: %s: the machine has %u CPU%s (machine.cpus)%s",
                       mm_mistake_quote(decoder->mistakes, value->text), n_cpus,
                       n_cpus == 1 ? "" : "s", n_cpus == 1 ? "" : ", counted from 0");
}

/* Keys of every verb. */
static const struct mm_key common_keys[] = {
    {.name = "do", .need = MM_KEY_REQUIRED, .read = read_verb_again, .meaning = "the verb"},
    {.name = "on", .read = read_cpu, .offset = FIELD(on), .meaning = "the CPU to run on"},
    {.name = "label", .read = mm_read_text, .offset = FIELD(label), .meaning = "text"},
    {.name = "expect",
     .read = mm_read_node,
     .offset = FIELD(expect_node),
     .meaning = "what should happen"},
    {.name = "survive",
     .read = mm_read_switch,
     .offset = FIELD(survive),
     .meaning = "whether a signal leaves the process alive"},
    MM_KEYS_END,
};

/* ---- the verb ---- */

static void report_unknown_verb(struct mm_decoder *decoder, const struct mm_node *value)
{
    const char *quoted = mm_mistake_quote(decoder->mistakes, value->text);
    if (mm_verb_is_later(value->text)) {
        mm_mistake_add(decoder->mistakes, value, "the verb %s is not in this version", quoted);
        return;
    }
    const char *names[MAX_VERBS], *list = "";
    size_t n = 0;
    for (const struct mm_verb *verb; n < MAX_VERBS && (verb = mm_verb_at(n)) != NULL; n++) {
        names[n] = verb->info.name;
        list = mm_arena_printf(decoder->arena, "%s%s%s", list, n > 0 ? ", " : "", names[n]);
    }
    mm_mistake_add(decoder->mistakes, value, "unknown verb %s%s", quoted,
                   mm_mistake_advice(decoder->mistakes, mm_nearest(value->text, names, n),
                                     mm_arena_printf(decoder->arena, "expected one of %s", list)));
}

/* A step without `do`: perhaps it stands there, misspelt. */
static void report_no_verb(struct mm_decoder *decoder, const struct mm_node *node)
{
    static const char *const name = "do";
    for (const struct mm_node *value = node->first; value; value = value->next) {
        const char *text = value->key->text;
        const char *advice = NULL;
        if (mm_schema_lacks_space(value->key, value) && strncmp(text, "do:", 3) == 0)
            advice =
                mm_mistake_advice(decoder->mistakes, NULL, mm_schema_space_hint(decoder, text));
        else if (mm_nearest(text, &name, 1))
            advice = mm_mistake_advice(decoder->mistakes, name, "");
        if (advice) {
            mm_mistake_add(decoder->mistakes, value->key, "unknown key %s%s",
                           mm_mistake_quote(decoder->mistakes, text), advice);
            return;
        }
    }
    mm_mistake_add(decoder->mistakes, node, "a step needs the key 'do': the verb");
}

static const struct mm_verb *read_verb(struct mm_decoder *decoder, const struct mm_node *node)
{
    const struct mm_node *value = mm_node_get(node, "do");
    struct mm_key key = {.name = "do"};
    if (!value)
        report_no_verb(decoder, node);
    if (!value || value->kind == MM_NODE_BROKEN ||
        !mm_field_is_scalar(decoder, &key, value, "a verb"))
        return NULL;
    const struct mm_verb *verb = mm_verb_find(value->text);
    if (!verb)
        report_unknown_verb(decoder, value);
    return verb;
}

/* Later uses of a name that a broken step would have made are no mistakes of their own. */
static void declare_anyway(struct mm_decoder *decoder, const struct mm_node *node)
{
    static const char *const makers[] = {"as", "name"};
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        const struct mm_node *value = mm_node_get(node, makers[i]);
        if (value && value->kind == MM_NODE_SCALAR && mm_name_is_valid(value->text) &&
            mm_names_find(decoder->names, value->text) == MM_NO_NAME)
            (void)mm_names_add(decoder->names, value->text, MM_NAME_EITHER, value->line);
    }
}

/* ---- one step ---- */

static void set_defaults(struct mm_step *step, const struct mm_step *outer)
{
    step->on = outer ? outer->on : MM_NO_CPU;
    step->survive = outer ? outer->survive : false;
    step->by = step->name = step->over = MM_NO_NAME;
    step->at.name = step->expect.address.name = step->pointer.name = MM_NO_NAME;
    step->heap.thing = step->heap.scope = step->heap.process = MM_NO_NAME;
    step->heap.every = 1;
    step->heap.stores = true;
    step->pattern = MM_N_PATTERNS;
    step->stride = DEFAULT_STRIDE_BYTES;
    step->theta = DEFAULT_THETA;
    step->access = MMSIM_ACCESS_READ;
    step->times = 1;
    step->quantum = DEFAULT_QUANTUM;
}

static void add_times(uint64_t *n_executed, uint64_t times)
{
    if (*n_executed <= MM_STEPS_MAX)
        *n_executed += times;
    if (*n_executed > MM_STEPS_MAX && *n_executed != STEPS_REPORTED)
        *n_executed = STEPS_EXCEEDED;
}

static void refuse_remaking(struct mm_decoder *decoder, const struct mm_step *step)
{
    mm_mistake_add(decoder->mistakes, step->name_node,
                   "%s: a repeat would make the process %s a second time", step->verb->info.name,
                   mm_mistake_quote(decoder->mistakes, step->name_node->text));
}

static void read_body(struct mm_decoder *decoder, struct mm_step *step,
                      const struct mm_step_context *context)
{
    uint64_t times = context->times * step->times; /* both are at most MM_STEPS_MAX + 1 */
    struct mm_step_context inner = {
        .outer = step,
        .parallel = step->verb->traits & MM_VERB_INTERLEAVES ? step : context->parallel,
        .times = times > MM_STEPS_MAX ? MM_STEPS_MAX + 1 : times,
        .n_executed = context->n_executed,
    };
    struct mm_step_list body = {0};
    if (step->body_node)
        mm_steps_read(decoder, step->body_node, &inner, &body);
    step->body = body.steps;
    step->n_body = body.n;
}

/* A parallel takes its steps apart by their processes: each must have one. */
static void check_in_parallel(struct mm_decoder *decoder, const struct mm_node *node,
                              const struct mm_step *parallel, const struct mm_step *step)
{
    const struct mm_node *verb = mm_node_get(node, "do");
    if (step->verb->traits & MM_VERB_INTERLEAVES)
        mm_mistake_add(decoder->mistakes, verb,
                       "a parallel inside a parallel (line %u): all steps of a parallel take turns "
                       "already, put them into one list",
                       parallel->line);
    else if ((step->verb->traits & MM_VERB_ORDERS) == 0 && step->by == MM_NO_NAME &&
             !mm_node_get(node, "by"))
        mm_mistake_add(
            decoder->mistakes, verb,
            "a step inside a parallel (line %u) is done by a process, but this %s has no "
            "'by': put it before or behind the parallel",
            parallel->line, step->verb->info.name);
}

/* Where the kernel's own doings come from. */
static const char *site_of(struct mm_decoder *decoder, const struct mm_step *step)
{
    if (step->by != MM_NAME_KERNEL)
        return NULL;
    if (step->label)
        return step->label;
    return step->heap.site ? step->heap.site
                           : mm_step_site(decoder->arena, decoder->file, step->line);
}

static void read_step(struct mm_decoder *decoder, const struct mm_node *node,
                      const struct mm_step_context *context, struct mm_step *step)
{
    set_defaults(step, context->outer);
    step->line = node->first ? node->first->key->line : node->line;
    step->verb = read_verb(decoder, node);
    if (!step->verb) {
        declare_anyway(decoder, node);
        return;
    }
    const char *name = step->verb->info.name;
    struct mm_schema schema = {
        .what = mm_arena_printf(decoder->arena, "%s %s step", mm_schema_article(name), name),
        .keys = {step->verb->keys, common_keys},
    };
    mm_schema_read(decoder, &schema, node, step);
    if (step->expect_node)
        mm_expect_read(decoder, step->expect_node, step);
    if (step->verb->verify)
        step->verb->verify(decoder, node, step);
    if (context->parallel)
        check_in_parallel(decoder, node, context->parallel, step);
    step->site = site_of(decoder, step);
    bool makes_process = step->verb->verify == mm_verify_names_process && step->name_node;
    if (makes_process && context->times > 1)
        refuse_remaking(decoder, step);
    if (step->verb->traits & MM_VERB_ORDERS)
        read_body(decoder, step, context);
    else
        add_times(context->n_executed, context->times);
    step->name_node = step->expect_node = step->body_node = NULL;
}

/* ---- the list ---- */

static void report_too_many(struct mm_decoder *decoder, const struct mm_node *node,
                            uint64_t *n_executed)
{
    if (*n_executed != STEPS_EXCEEDED)
        return;
    mm_mistake_add(decoder->mistakes, node, "with this step more than %llu steps would be executed",
                   (unsigned long long)MM_STEPS_MAX);
    *n_executed = STEPS_REPORTED;
}

void mm_steps_read(struct mm_decoder *decoder, const struct mm_node *list,
                   const struct mm_step_context *context, struct mm_step_list *steps)
{
    steps->steps = mm_arena_alloc_array(decoder->arena, list->n_children, sizeof *steps->steps);
    if (!steps->steps)
        return;
    for (const struct mm_node *node = list->first; node; node = node->next) {
        if (node->kind == MM_NODE_MAPPING)
            read_step(decoder, node, context, &steps->steps[steps->n++]);
        else if (node->kind != MM_NODE_BROKEN)
            mm_mistake_add(decoder->mistakes, node,
                           "a step must be a mapping such as {do: note, text: hello}, found %s%s",
                           mm_node_describe(decoder->mistakes, node),
                           mm_schema_lacks_space(node, NULL)
                               ? mm_mistake_advice(decoder->mistakes, NULL,
                                                   mm_schema_space_hint(decoder, node->text))
                               : "");
        report_too_many(decoder, node, context->n_executed);
    }
}
