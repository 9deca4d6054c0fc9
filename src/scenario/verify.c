/* verify.c - what is wrong with a step although each of its keys is right by itself. */
#include <inttypes.h>

#include "scenario/load.h"
#include "scenario/verb.h"
#include "trace/pattern.h"

enum { DEFAULT_VALUE_BYTES = 4, REFERENCE_BYTES = 4 };

void mm_verify_names_process(struct mm_decoder *decoder, const struct mm_node *node,
                             struct mm_step *step)
{
    (void)node;
    if (step->name_node)
        step->name =
            mm_field_declare(decoder, step->name_node->key->text, step->name_node, MM_NAME_PROCESS);
}

void mm_verify_mmap(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step)
{
    step->has_at = mm_node_get(node, "at") != NULL;
    if (step->name_node)
        step->name = mm_field_declare(decoder, "as", step->name_node, MM_NAME_ADDRESS);
}

/* A shell shows 128 + 9 for a process that SIGKILL ended. */
void mm_verify_kill(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step)
{
    (void)decoder;
    if (!mm_node_get(node, "code"))
        step->code = 128 + MMSIM_SIGKILL;
}

static bool fits(uint64_t value, uint64_t n_bytes)
{
    return n_bytes >= sizeof value || value >> (8 * n_bytes) == 0;
}

static void check_fits(struct mm_decoder *decoder, const struct mm_node *at, uint64_t value,
                       uint64_t n_bytes)
{
    if (at && at->kind == MM_NODE_SCALAR && !fits(value, n_bytes))
        mm_mistake_add(
            decoder->mistakes, at, "value: %s does not fit %" PRIu64 " byte%s, the step's size",
            mm_mistake_quote(decoder->mistakes, at->text), n_bytes, n_bytes == 1 ? "" : "s");
}

/* A size that is given beside bytes must be theirs. */
static void check_same_size(struct mm_decoder *decoder, const struct mm_node *size,
                            const struct mm_step *step)
{
    if (size && step->size != 0 && step->bytes.data && step->size != step->bytes.n)
        mm_mistake_add(decoder->mistakes, size,
                       "size: %" PRIu64 " does not agree with the %zu byte%s given", step->size,
                       step->bytes.n, step->bytes.n == 1 ? "" : "s");
}

void mm_verify_read(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step)
{
    const struct mm_node *expect = mm_node_get(node, "expect");
    if (step->expect.given & MM_EXPECT_BYTES)
        step->bytes = step->expect.bytes;
    check_same_size(decoder, mm_node_get(node, "size"), step);
    if (step->size == 0)
        step->size = DEFAULT_VALUE_BYTES;
    if (step->expect.given & MM_EXPECT_VALUE)
        check_fits(decoder, mm_node_get(expect, "value"), step->expect.value, step->size);
}

void mm_verify_write(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step)
{
    const struct mm_node *value = mm_node_get(node, "value");
    const struct mm_node *bytes = mm_node_get(node, "bytes");
    const struct mm_node *pointer = mm_node_get(node, "pointer");
    step->has_pointer = pointer != NULL;
    if (!value && !bytes && !pointer)
        mm_mistake_add(decoder->mistakes, node,
                       "a write step needs the key 'value', 'bytes' or 'pointer'");
    if (value && bytes)
        mm_mistake_add(decoder->mistakes, bytes->key,
                       "a write step has 'value' or 'bytes', not both");
    if (pointer && (value || bytes))
        mm_mistake_add(decoder->mistakes, pointer->key,
                       "a write step has 'pointer' or '%s', not both", value ? "value" : "bytes");
    check_same_size(decoder, mm_node_get(node, "size"), step);
    if (step->size == 0)
        step->size = DEFAULT_VALUE_BYTES;
    check_fits(decoder, value, step->value, step->size);
    if (pointer && step->size < DEFAULT_VALUE_BYTES)
        mm_mistake_add(decoder->mistakes, mm_node_get(node, "size"),
                       "size: an address has %d bytes", (int)DEFAULT_VALUE_BYTES);
}

void mm_verify_mmio_write(struct mm_decoder *decoder, const struct mm_node *node,
                          struct mm_step *step)
{
    if (step->size == 0)
        step->size = DEFAULT_VALUE_BYTES;
    check_fits(decoder, mm_node_get(node, "value"), step->value, step->size);
}

static void check_only_for(struct mm_decoder *decoder, const struct mm_node *node, const char *key,
                           const struct mm_step *step, enum mm_pattern_kind kind)
{
    const struct mm_node *value = mm_node_get(node, key);
    const struct mm_node *pattern = mm_node_get(node, "pattern");
    bool known = pattern && step->pattern != MM_N_PATTERNS;
    if (value && known && step->pattern != kind)
        mm_mistake_add(decoder->mistakes, value->key,
                       "'%s' belongs to the pattern %s, but the pattern is %s", key,
                       mm_pattern_name(kind), mm_pattern_name(step->pattern));
}

void mm_verify_access(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step)
{
    step->has_length = mm_node_get(node, "length") != NULL;
    step->has_seed = mm_node_get(node, "seed") != NULL;
    check_only_for(decoder, node, "stride", step, MM_PATTERN_STRIDE);
    check_only_for(decoder, node, "theta", step, MM_PATTERN_ZIPF);
}

/* Without a limit, all from `start` on; with one, as many of those as it allows. */
static void find_count(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step)
{
    uint64_t n = mmsim_trace_info(step->trace)->n_references;
    if (step->start >= n) {
        mm_mistake_add(decoder->mistakes, mm_node_get(node, "start"),
                       "start: the trace has only %" PRIu64 " reference%s, counted from 0", n,
                       n == 1 ? "" : "s");
        return;
    }
    uint64_t left = n - step->start;
    step->count = step->count == 0 || step->count > left ? left : step->count;
}

void mm_verify_replay(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step)
{
    const struct mm_node *as = mm_node_get(node, "as");
    bool maps = mm_node_get(node, "over") == NULL;
    if (step->trace)
        find_count(decoder, node, step);
    if (step->name_node)
        step->name = mm_field_declare(decoder, "as", step->name_node, MM_NAME_ADDRESS);
    if (as && !maps)
        mm_mistake_add(decoder->mistakes, as->key,
                       "'as' names the mapping that a replay makes, but with 'over' it makes none");
    if (maps && step->by == MM_NAME_KERNEL)
        mm_mistake_add(decoder->mistakes, mm_node_get(node, "by"),
                       "a replay by the kernel needs 'over': the kernel has no mappings");
}

void mm_verify_parallel(struct mm_decoder *decoder, const struct mm_node *node,
                        struct mm_step *step)
{
    (void)node;
    if (step->body_node && step->body_node->n_children == 0)
        mm_mistake_add(decoder->mistakes, step->body_node,
                       "steps: there is nothing to do: expected steps by several processes");
}
