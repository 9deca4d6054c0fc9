/* pattern.c - see pattern.h. */
#include "trace/pattern.h"

enum { REFERENCE_BYTES = 4, WORDS_A_PAGE = 1024 };
#define BILLION 1000000000u

static const char *const names[] = {
    [MM_PATTERN_SEQUENTIAL] = "sequential",
    [MM_PATTERN_STRIDE] = "stride",
    [MM_PATTERN_LOOP] = "loop",
    [MM_PATTERN_RANDOM] = "random",
    [MM_PATTERN_ZIPF] = "zipf",
};

const char *mm_pattern_name(size_t kind)
{
    return kind < MM_N_PATTERNS ? names[kind] : NULL;
}

/* ---- zipf: the alias tables ---- */

/* What is needed only while the tables are made. */
struct workshop {
    double *scaled;  /* by rank: weight x n / sum, 1 = exactly one column */
    uint32_t *alias; /* by rank */
    uint32_t *stack; /* ranks below 1 grow from the start, the others from the end */
    uint32_t *page;  /* of each rank */
};

static bool workshop_init(struct workshop *shop, size_t n, struct mm_host *host)
{
    shop->scaled = mm_host_alloc(host, n * sizeof *shop->scaled);
    shop->alias = mm_host_alloc(host, n * sizeof *shop->alias);
    shop->stack = mm_host_alloc(host, n * sizeof *shop->stack);
    shop->page = mm_host_alloc(host, n * sizeof *shop->page);
    return shop->scaled && shop->alias && shop->stack && shop->page;
}

static void workshop_fini(struct workshop *shop, size_t n, struct mm_host *host)
{
    mm_host_free(host, shop->scaled, n * sizeof *shop->scaled);
    mm_host_free(host, shop->alias, n * sizeof *shop->alias);
    mm_host_free(host, shop->stack, n * sizeof *shop->stack);
    mm_host_free(host, shop->page, n * sizeof *shop->page);
}

static void weigh(struct workshop *shop, size_t n, double theta)
{
    double sum = 0;
    for (size_t rank = n; rank > 0; rank--) { /* small ones first: they do not get lost */
        shop->scaled[rank - 1] = mm_zipf_weight(rank, theta);
        sum += shop->scaled[rank - 1];
    }
    for (size_t i = 0; i < n; i++)
        shop->scaled[i] *= (double)n / sum;
}

/* Vose: each light column is filled up by a heavy one, which becomes lighter by as much. */
static void pair_up(struct workshop *shop, size_t n)
{
    size_t n_light = 0, n_heavy = 0;
    for (uint32_t i = 0; i < n; i++) {
        shop->alias[i] = i;
        if (shop->scaled[i] < 1)
            shop->stack[n_light++] = i;
        else
            shop->stack[n - ++n_heavy] = i;
    }
    while (n_light > 0 && n_heavy > 0) {
        uint32_t light = shop->stack[--n_light];
        uint32_t heavy = shop->stack[n - n_heavy];
        shop->alias[light] = heavy;
        shop->scaled[heavy] -= 1 - shop->scaled[light];
        if (shop->scaled[heavy] < 1) {
            n_heavy--;
            shop->stack[n_light++] = heavy;
        }
    }
    while (n_light > 0) /* what rounding left over is a full column */
        shop->scaled[shop->stack[--n_light]] = 1;
}

/* Fisher & Yates; Knuth, TAOCP 2, 3.4.2 P. */
static void deal(uint32_t *page, size_t n, uint64_t seed)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, seed);
    for (uint32_t i = 0; i < n; i++)
        page[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)mm_rng_below(&rng, i);
        uint32_t swapped = page[i - 1];
        page[i - 1] = page[j];
        page[j] = swapped;
    }
}

static uint64_t threshold_of(double probability)
{
    return probability >= 1 ? UINT64_MAX : (uint64_t)(probability * 18446744073709551616.0);
}

static bool zipf_init(struct mm_pattern *pattern)
{
    size_t n = (size_t)pattern->n_pages;
    struct workshop shop;
    bool ok = workshop_init(&shop, n, pattern->host);
    if (ok)
        pattern->columns = mm_host_alloc(pattern->host, n * sizeof *pattern->columns);
    if (ok && pattern->columns) {
        weigh(&shop, n, pattern->setup.theta);
        pair_up(&shop, n);
        deal(shop.page, n, mm_rng_mix(pattern->setup.seed + 2));
        for (size_t i = 0; i < n; i++)
            pattern->columns[i] =
                (struct mm_pattern_column){.threshold = threshold_of(shop.scaled[i]),
                                           .here = shop.page[i],
                                           .there = shop.page[shop.alias[i]]};
    }
    workshop_fini(&shop, n, pattern->host);
    return ok && pattern->columns;
}

/* ---- the streams ---- */

bool mm_pattern_init(struct mm_pattern *pattern, const struct mm_pattern_setup *setup,
                     struct mm_host *host)
{
    *pattern = (struct mm_pattern){.setup = *setup, .host = host};
    uint64_t step = setup->kind == MM_PATTERN_STRIDE ? setup->stride : REFERENCE_BYTES;
    pattern->step = step % setup->length;
    pattern->n_pages = (setup->length + MMSIM_PAGE_MASK) >> MMSIM_PAGE_SHIFT;
    pattern->write_below =
        (uint64_t)(((unsigned __int128)(setup->write_share % BILLION) << 64) / BILLION);
    mm_rng_seed(&pattern->pages, setup->seed);
    mm_rng_seed(&pattern->writes, mm_rng_mix(setup->seed + 1));
    return setup->kind != MM_PATTERN_ZIPF || zipf_init(pattern);
}

void mm_pattern_fini(struct mm_pattern *pattern)
{
    mm_host_free(pattern->host, pattern->columns,
                 (size_t)pattern->n_pages * sizeof *pattern->columns);
    pattern->columns = NULL;
}

static void fill_bytes(struct mm_pattern *pattern, struct mmsim_reference *references, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        references[k].address = pattern->setup.base + pattern->position;
        pattern->position += pattern->step;
        if (pattern->position >= pattern->setup.length)
            pattern->position -= pattern->setup.length;
    }
}

static mmsim_vaddr word_of_page(const struct mm_pattern *pattern, uint64_t page, uint64_t i)
{
    return pattern->setup.base + (page << MMSIM_PAGE_SHIFT) + i % WORDS_A_PAGE * REFERENCE_BYTES;
}

static void fill_loop(struct mm_pattern *pattern, struct mmsim_reference *references, size_t n)
{
    uint64_t page = pattern->position;
    for (size_t k = 0; k < n; k++) {
        references[k].address = word_of_page(pattern, page, pattern->i + k);
        page = page + 1 == pattern->n_pages ? 0 : page + 1;
    }
    pattern->position = page;
}

static void fill_random(struct mm_pattern *pattern, struct mmsim_reference *references, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        uint64_t page = mm_rng_below(&pattern->pages, pattern->n_pages);
        references[k].address = word_of_page(pattern, page, pattern->i + k);
    }
}

/* The high bits of number x n choose the column; the low ones are left over, still uniform. */
static void fill_zipf(struct mm_pattern *pattern, struct mmsim_reference *references, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        unsigned __int128 product =
            (unsigned __int128)mm_rng_next(&pattern->pages) * pattern->n_pages;
        const struct mm_pattern_column *column = &pattern->columns[(uint64_t)(product >> 64)];
        uint32_t page = (uint64_t)product < column->threshold ? column->here : column->there;
        references[k].address = word_of_page(pattern, page, pattern->i + k);
    }
}

static void choose_kinds(struct mm_pattern *pattern, struct mmsim_reference *references, size_t n)
{
    uint32_t share = pattern->setup.write_share;
    uint32_t all = share >= BILLION ? MMSIM_ACCESS_WRITE : MMSIM_ACCESS_READ;
    for (size_t k = 0; k < n; k++) {
        references[k].value = (uint32_t)(pattern->i + k);
        references[k].kind = all;
    }
    if (share == 0 || share >= BILLION)
        return;
    for (size_t k = 0; k < n; k++) { /* a comparison instead of a branch nobody can predict */
        bool store = mm_rng_next(&pattern->writes) < pattern->write_below;
        references[k].kind = store * (uint32_t)MMSIM_ACCESS_WRITE;
    }
}
_Static_assert(MMSIM_ACCESS_READ == 0, "no store is a load");

void mm_pattern_fill(struct mm_pattern *pattern, struct mmsim_reference *references, size_t n)
{
    static void (*const fillers[])(struct mm_pattern *, struct mmsim_reference *, size_t) = {
        [MM_PATTERN_SEQUENTIAL] = fill_bytes, [MM_PATTERN_STRIDE] = fill_bytes,
        [MM_PATTERN_LOOP] = fill_loop,        [MM_PATTERN_RANDOM] = fill_random,
        [MM_PATTERN_ZIPF] = fill_zipf,
    };
    fillers[pattern->setup.kind](pattern, references, n);
    choose_kinds(pattern, references, n);
    pattern->i += n;
}
