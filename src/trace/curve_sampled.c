/*
 * curve_sampled.c - curves from some of the pages (SHARDS, see <mmsim/curve.h>).
 *
 * A page is followed iff the hash of its number, with the seed, is below the rate; it always is or
 * never. The followed pages have a stack of their own. Of a distance d in it, d - 1 pages are
 * others, of which the sample holds a share r: the distance among all pages is 1 + (d - 1) / r.
 * Each such reference stands for 1 / r of all. r is what share of the pages the sample came to
 * hold, rather than what it was meant to hold: so it ends, as it should, where all pages fit.
 *
 * The error comes from the sample itself (random groups; Wolter, "Introduction to Variance
 * Estimation", 2nd ed. 2007, chapter 2): other bits of the hash deal its pages to eight parts, each
 * a sample of an eighth of the rate with its own stack. What n such estimates lie apart from their
 * mean on average is sqrt(1 - 1/n) of the error of one, and that of their mean is 1/sqrt(n) of it:
 * together 1/sqrt(n - 1).
 *
 * Invariants: (1) ticket[page] is SEEN or not, and UNFOLLOWED or the page's number in the sample;
 * (2) queues are empty between calls.
 */
#include "trace/curve.h"

#include "base/rng.h"

enum { PART_BITS = 3, FEWEST_PAGES = 8 * MM_SAMPLE_PARTS };

#define SEEN 0x80000000u
#define UNFOLLOWED 0x7fffffffu
#define ROOT_OF_7 2.6457513110645906

static uint64_t hash(const struct mmsim_curve_setup *setup, mmsim_page page)
{
    return mm_rng_mix(mm_rng_mix(setup->seed) + page);
}

/* A double of less than 1 times 2^64: exact, and below 2^64. */
static uint64_t threshold(double rate)
{
    return (uint64_t)(rate * 18446744073709551616.0);
}

/* Numbers the pages that are followed, and deals them to the parts. */
static void choose(struct mm_sample *sample, const struct mmsim_curve_setup *setup,
                   mmsim_page n_in_part[MM_SAMPLE_PARTS])
{
    uint64_t below = threshold(setup->rate);
    for (mmsim_page page = 0; page < setup->universe; page++) {
        uint64_t drawn = hash(setup, page);
        sample->ticket[page] = UNFOLLOWED;
        if (drawn >= below)
            continue;
        unsigned part = (unsigned)(mm_rng_mix(drawn) >> (64 - PART_BITS));
        sample->part[sample->n_sampled] = n_in_part[part]++ << PART_BITS | part;
        sample->ticket[page] = sample->n_sampled++;
    }
}

bool mm_sample_init(struct mm_sample *sample, const struct mmsim_curve_setup *setup,
                    struct mm_host *host)
{
    mmsim_page n_in_part[MM_SAMPLE_PARTS] = {0};
    size_t bytes = setup->universe * sizeof(uint32_t);
    *sample = (struct mm_sample){.universe = setup->universe, .rate = setup->rate};
    sample->ticket = mm_host_alloc(host, bytes);
    sample->part = mm_host_alloc(host, bytes);
    if (!sample->ticket || !sample->part)
        return false;
    choose(sample, setup, n_in_part);
    if (!mm_stack_init(&sample->whole, setup->kind, sample->n_sampled, host))
        return false;
    for (unsigned i = 0; i < MM_SAMPLE_PARTS; i++)
        if (!mm_stack_init(&sample->parts[i], setup->kind, n_in_part[i], host))
            return false;
    return true;
}

void mm_sample_fini(struct mm_sample *sample, struct mm_host *host)
{
    mm_host_free(host, sample->ticket, sample->universe * sizeof *sample->ticket);
    mm_host_free(host, sample->part, sample->universe * sizeof *sample->part);
    mm_stack_fini(&sample->whole, host);
    for (unsigned i = 0; i < MM_SAMPLE_PARTS; i++)
        mm_stack_fini(&sample->parts[i], host);
}

/* ---- feeding ---- */

static void flush(struct mm_stack *stack, struct mm_sample_queue *queue)
{
    mm_stack_feed(stack, queue->refs, queue->n);
    queue->n = 0;
}

static inline void add(struct mm_stack *stack, struct mm_sample_queue *queue, mmsim_page page)
{
    queue->refs[queue->n++] = page << 2;
    if (queue->n == MM_SAMPLE_BATCH)
        flush(stack, queue);
}

static inline void follow(struct mm_sample *sample, mmsim_page number)
{
    unsigned part = sample->part[number] & (MM_SAMPLE_PARTS - 1);
    sample->n_refs++;
    add(&sample->whole, &sample->whole_queue, number);
    add(&sample->parts[part], &sample->part_queues[part], sample->part[number] >> PART_BITS);
}

void mm_sample_feed(struct mm_sample *sample, const mmsim_ref *refs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t *ticket = &sample->ticket[mmsim_ref_page(refs[i])];
        if (*ticket == (SEEN | UNFOLLOWED))
            continue;
        if (!(*ticket & SEEN)) {
            sample->n_seen++;
            *ticket |= SEEN;
        }
        if (*ticket != (SEEN | UNFOLLOWED))
            follow(sample, *ticket & ~SEEN);
    }
    flush(&sample->whole, &sample->whole_queue);
    for (unsigned i = 0; i < MM_SAMPLE_PARTS; i++)
        flush(&sample->parts[i], &sample->part_queues[i]);
}

/* ---- reading ---- */

/* A stack's misses, scaled, from few frames to many. */
struct reader {
    const struct mm_distances *distances;
    double rate;  /* pages in the stack, as a share of all */
    uint64_t far; /* references beyond `depth`, first uses not among them */
    mmsim_page depth;
};

static struct reader reader_of(const struct mm_stack *stack, mmsim_page n_seen)
{
    struct reader reader = {.distances = mm_stack_distances(stack)};
    reader.rate = (double)reader.distances->at[0] / n_seen;
    for (size_t d = 1; d <= reader.distances->universe; d++)
        reader.far += reader.distances->at[d];
    return reader;
}

/* An estimate of the references that miss with so many frames, first uses not among them. */
static double far_at(struct reader *reader, mmsim_page frames)
{
    double reach = (frames - 1) * reader->rate + 1;
    while (reader->depth < reader->distances->universe && reader->depth + 1 <= reach)
        reader->far -= reader->distances->at[++reader->depth];
    return reader->far > 0 ? (double)reader->far / reader->rate : 0;
}

/* More than there are is not estimated. */
static uint64_t estimate(struct reader *reader, const struct mmsim_curve *curve, mmsim_page frames)
{
    double most = (double)(curve->references - curve->pages);
    double far = far_at(reader, frames);
    return curve->pages + (uint64_t)((far < most ? far : most) + 0.5);
}

/* Of the mean of the parts. */
static double expected_error_at(struct reader parts[MM_SAMPLE_PARTS], mmsim_page frames)
{
    double far[MM_SAMPLE_PARTS], mean = 0, apart = 0;
    for (unsigned i = 0; i < MM_SAMPLE_PARTS; i++) {
        far[i] = far_at(&parts[i], frames);
        mean += far[i] / MM_SAMPLE_PARTS;
    }
    for (unsigned i = 0; i < MM_SAMPLE_PARTS; i++)
        apart += far[i] > mean ? far[i] - mean : mean - far[i];
    return apart / (MM_SAMPLE_PARTS * ROOT_OF_7);
}

/* The root of a number from 0 to 1, without libm. */
static double root(double x)
{
    double guess = 1;
    for (double next = (1 + x) / 2; next < guess; next = (guess + x / guess) / 2)
        guess = next;
    return guess;
}

/* Where much of everything is in the sample, less is left to be wrong about: sqrt(1 - rate). */
static double expected_error(const struct mm_sample *sample, const struct mmsim_curve *curve)
{
    struct reader parts[MM_SAMPLE_PARTS];
    double sum = 0;
    if (curve->sampled_pages < FEWEST_PAGES)
        return -1;
    for (unsigned i = 0; i < MM_SAMPLE_PARTS; i++)
        parts[i] = reader_of(&sample->parts[i], sample->n_seen);
    for (mmsim_page frames = 1; frames <= curve->pages; frames++)
        sum += expected_error_at(parts, frames);
    return sum * root(1 - sample->rate) / curve->pages / (double)curve->references;
}

void mm_sample_read(const struct mm_sample *sample, struct mmsim_curve *curve)
{
    struct reader reader = reader_of(&sample->whole, sample->n_seen);
    curve->misses[0] = curve->references;
    for (mmsim_page frames = 1; frames <= curve->pages; frames++)
        curve->misses[frames] = estimate(&reader, curve, frames);
    curve->sampled_pages = (mmsim_page)reader.distances->at[0];
    curve->sampled_references = sample->n_refs;
    curve->error = expected_error(sample, curve);
}
