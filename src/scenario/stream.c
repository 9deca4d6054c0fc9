/* stream.c - see stream.h. */
#include "scenario/stream.h"

#include "base/assert.h"
#include "scenario/verb.h"

static void enter(struct mm_stream *stream, const struct mm_step *order)
{
    MM_ASSERT(stream->n_levels < MM_STREAM_LEVELS, "repeats are nested deeper than nodes can be");
    stream->levels[stream->n_levels++] =
        (struct mm_stream_level){.steps = order->body, .n = order->n_body, .times = order->times};
}

void mm_stream_init(struct mm_stream *stream, const struct mm_step *parallel, uint32_t by)
{
    *stream = (struct mm_stream){.by = by};
    enter(stream, parallel);
}

/* Recursion is as deep as repeats are nested. */
static bool has_step(const struct mm_step *order, uint32_t by)
{
    bool has = false;
    for (size_t i = 0; i < order->n_body && !has; i++) {
        const struct mm_step *step = &order->body[i];
        has = step->verb->traits & MM_VERB_ORDERS ? has_step(step, by) : step->by == by;
    }
    return has;
}

const struct mm_step *mm_stream_next(struct mm_stream *stream)
{
    while (stream->n_levels > 0) {
        struct mm_stream_level *level = &stream->levels[stream->n_levels - 1];
        if (level->at == level->n) {
            level->at = 0;
            stream->n_levels -= ++level->turn == level->times;
            continue;
        }
        const struct mm_step *step = &level->steps[level->at++];
        bool is_order = (step->verb->traits & MM_VERB_ORDERS) != 0;
        if (is_order && has_step(step, stream->by))
            enter(stream, step);
        else if (!is_order && step->by == stream->by)
            return step;
    }
    return NULL;
}

bool mm_stream_is_first_time(const struct mm_stream *stream)
{
    bool first = true;
    for (unsigned i = 0; i < stream->n_levels; i++)
        first &= stream->levels[i].turn == 0;
    return first;
}
