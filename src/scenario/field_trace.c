/*
 * field_trace.c - the key `trace` of a step: a trace file of the host's, opened when the scenario
 * is read, so that a bad one is a mistake in the file.
 */
#include <string.h>

#include "scenario/field.h"
#include "scenario/load.h"

static const struct mmsim_trace *find(const struct mm_decoder *decoder, const char *path)
{
    for (const struct mm_given_trace *given = *decoder->traces; given; given = given->next)
        if (strcmp(given->path, path) == 0)
            return given->trace;
    return NULL;
}

/* The place is told as the scenario writes it: FILE, or FILE:LINE:COLUMN. */
static void report(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, const char *path, const struct mmsim_error *error)
{
    size_t n_path = strlen(path);
    bool in_file = strncmp(error->where, path, n_path) == 0;
    mm_mistake_add(decoder->mistakes, value, "%s: %s%s: %s", key->name, value->text,
                   in_file ? error->where + n_path : "", error->text);
}

static const struct mmsim_trace *open_trace(struct mm_decoder *decoder, const struct mm_key *key,
                                            const struct mm_node *value, const char *path)
{
    struct mmsim_error error = {.status = MMSIM_OK};
    struct mm_given_trace *given = mm_arena_alloc_array(decoder->arena, 1, sizeof *given);
    if (!given)
        return NULL;
    enum mmsim_status status = mmsim_trace_open(path, &given->trace, &error);
    if (status != MMSIM_OK) {
        decoder->arena->failed |= status == MMSIM_HOST_MEMORY;
        report(decoder, key, value, path, &error);
        return NULL;
    }
    given->path = path;
    given->next = *decoder->traces;
    *decoder->traces = given;
    return given->trace;
}

void mm_read_trace(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field)
{
    if (!mm_field_is_scalar(decoder, key, value, "a trace: a file of the host"))
        return;
    const char *path = mm_field_host_path(decoder, value->text);
    if (decoder->arena->failed)
        return;
    const struct mmsim_trace *trace = find(decoder, path);
    *(const struct mmsim_trace **)field = trace ? trace : open_trace(decoder, key, value, path);
}
