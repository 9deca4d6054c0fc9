/*
 * naive.h - each policy once more, as its definition reads, in arrays that are searched from end to
 * end. Shares nothing with the library: it is what the library is compared with.
 *
 * A model is told every reference; it keeps what is resident, and counts.
 */
#ifndef MM_TESTS_NAIVE_H
#define MM_TESTS_NAIVE_H

#include <mmsim/policy.h>
#include <string.h>

enum { NAIVE_PAGES = 512 };

struct pages {
    unsigned n;
    mmsim_page at[2 * NAIVE_PAGES]; /* oldest first */
};

struct naive {
    unsigned c;
    double param;
    const mmsim_ref *refs;
    size_t n_refs, now;
    bool resident[NAIVE_PAGES], dirty[NAIVE_PAGES], bit[NAIVE_PAGES], lir[NAIVE_PAGES];
    unsigned count[NAIVE_PAGES];
    size_t since[NAIVE_PAGES];
    struct pages a, b, d, e;
    unsigned hand;
    bool bypassed; /* it was not worth a frame */
    mmsim_page hand_page;
    double p;
    struct mmsim_counts counts;
};

static int find(const struct pages *list, mmsim_page page)
{
    for (unsigned i = 0; i < list->n; i++)
        if (list->at[i] == page)
            return (int)i;
    return -1;
}

static bool take(struct pages *list, mmsim_page page)
{
    int i = find(list, page);
    if (i < 0)
        return false;
    memmove(&list->at[i], &list->at[i + 1], (list->n - (unsigned)i - 1) * sizeof *list->at);
    list->n--;
    return true;
}

static void append(struct pages *list, mmsim_page page)
{
    list->at[list->n++] = page;
}

static mmsim_page take_first(struct pages *list)
{
    mmsim_page page = list->at[0];
    take(list, page);
    return page;
}

static unsigned n_resident(const struct naive *m)
{
    unsigned n = 0;
    for (unsigned i = 0; i < NAIVE_PAGES; i++)
        n += m->resident[i];
    return n;
}

static bool is_full(const struct naive *m)
{
    return n_resident(m) >= m->c;
}

static void leaves(struct naive *m, mmsim_page page)
{
    m->resident[page] = false;
    m->counts.evictions++;
    m->counts.dirty_evictions += m->dirty[page];
}

/* ---- one queue ---- */

static void naive_lru(struct naive *m, mmsim_page x, bool hit)
{
    if (hit)
        take(&m->a, x);
    else if (is_full(m))
        leaves(m, take_first(&m->a));
    append(&m->a, x);
}

static void naive_mru(struct naive *m, mmsim_page x, bool hit)
{
    if (hit)
        take(&m->a, x);
    else if (is_full(m))
        leaves(m, m->a.at[--m->a.n]);
    append(&m->a, x);
}

static void naive_fifo(struct naive *m, mmsim_page x, bool hit)
{
    if (hit)
        return;
    if (is_full(m))
        leaves(m, take_first(&m->a));
    append(&m->a, x);
}

/* Frames in a circle, and a hand. */
static void naive_clock(struct naive *m, mmsim_page x, bool hit)
{
    if (hit) {
        m->bit[x] = true;
        return;
    }
    m->bit[x] = m->param != 0;
    if (!is_full(m)) {
        append(&m->a, x);
        return;
    }
    while (m->bit[m->a.at[m->hand]]) {
        m->bit[m->a.at[m->hand]] = false;
        m->hand = (m->hand + 1) % m->c;
    }
    leaves(m, m->a.at[m->hand]);
    m->a.at[m->hand] = x;
    m->hand = (m->hand + 1) % m->c;
}

/* hand_page: the page under the hand, NAIVE_PAGES: the oldest. */
static void naive_sieve(struct naive *m, mmsim_page x, bool hit)
{
    if (hit) {
        m->bit[x] = true;
        return;
    }
    if (is_full(m)) {
        int i = m->hand_page == NAIVE_PAGES ? 0 : find(&m->a, m->hand_page);
        while (m->bit[m->a.at[i]]) {
            m->bit[m->a.at[i]] = false;
            i = (i + 1) % (int)m->a.n;
        }
        mmsim_page victim = m->a.at[i];
        m->hand_page = i + 1 < (int)m->a.n ? m->a.at[i + 1] : (mmsim_page)NAIVE_PAGES;
        take(&m->a, victim);
        leaves(m, victim);
    }
    m->bit[x] = false;
    append(&m->a, x);
}

/* ---- by number and by future ---- */

static void naive_lfu(struct naive *m, mmsim_page x, bool hit)
{
    if (!hit && is_full(m)) {
        unsigned best = 0;
        for (unsigned i = 1; i < m->a.n; i++) {
            mmsim_page page = m->a.at[i], other = m->a.at[best];
            if (m->count[page] < m->count[other] ||
                (m->count[page] == m->count[other] && m->since[page] < m->since[other]))
                best = i;
        }
        mmsim_page victim = m->a.at[best];
        take(&m->a, victim);
        leaves(m, victim);
    }
    if (!hit)
        append(&m->a, x);
    m->count[x] = hit ? m->count[x] + 1 : 1;
    m->since[x] = m->now;
}

static void naive_opt(struct naive *m, mmsim_page x, bool hit)
{
    (void)x;
    if (!hit && is_full(m)) {
        mmsim_page victim = 0;
        size_t farthest = 0;
        for (mmsim_page page = 0; page < NAIVE_PAGES; page++) {
            size_t use = m->now + 1;
            while (m->resident[page] && use < m->n_refs && mmsim_ref_page(m->refs[use]) != page)
                use++;
            if (m->resident[page] && use > farthest) {
                farthest = use;
                victim = page;
            }
        }
        leaves(m, victim);
    }
}

/* ---- several queues ---- */

static struct pages *segment(struct naive *m, unsigned i)
{
    struct pages *segments[] = {&m->a, &m->b, &m->d, &m->e};
    return segments[i];
}

static void naive_slru(struct naive *m, mmsim_page x, bool hit)
{
    unsigned size = m->c / 4 > 0 ? m->c / 4 : 1;
    unsigned i = 0;
    if (!hit) {
        while (is_full(m) && segment(m, i)->n == 0)
            i++;
        if (is_full(m))
            leaves(m, take_first(segment(m, i)));
        for (i = 0; i < 4 && segment(m, i)->n >= size;)
            i++;
        append(segment(m, i % 4), x);
        return;
    }
    while (!take(segment(m, i), x))
        i++;
    i = i < 3 ? i + 1 : 3;
    append(segment(m, i), x);
    for (; i > 0 && segment(m, i)->n > size; i--) {
        append(segment(m, i - 1), take_first(segment(m, i)));
        while (i == 1 && m->a.n > size)
            leaves(m, take_first(&m->a));
    }
}

/* a: A1in, b: A1out, d: Am */
static void naive_2q(struct naive *m, mmsim_page x, bool hit)
{
    if (hit) {
        if (take(&m->d, x))
            append(&m->d, x);
        return;
    }
    bool returns = take(&m->b, x);
    if (is_full(m) && (m->a.n > m->c / 4 || m->d.n == 0)) {
        mmsim_page victim = take_first(&m->a);
        leaves(m, victim);
        append(&m->b, victim);
        if (m->b.n > m->c / 2)
            take_first(&m->b);
    } else if (is_full(m)) {
        leaves(m, take_first(&m->d));
    }
    append(returns ? &m->d : &m->a, x);
}

/* a: T1, b: T2, d: B1, e: B2; the step that a page from `ours` makes */
static double naive_step(const struct naive *m, unsigned ours, unsigned other)
{
    double step = (double)other / ours;
    if (m->param != 0)
        step = other / ours;
    return step < 1 ? 1 : step;
}

static void naive_adapt(struct naive *m, mmsim_page x)
{
    if (find(&m->d, x) >= 0)
        m->p += naive_step(m, m->d.n, m->e.n);
    else
        m->p -= naive_step(m, m->e.n, m->d.n);
    m->p = m->p < 0 ? 0 : m->p > m->c ? m->c : m->p;
}

static void naive_arc_replace(struct naive *m, bool in_b2)
{
    bool t1 = m->a.n > 0 && (m->a.n > m->p || (in_b2 && m->a.n == m->p) || m->b.n == 0);
    mmsim_page victim = take_first(t1 ? &m->a : &m->b);
    append(t1 ? &m->d : &m->e, victim);
    leaves(m, victim);
}

static void naive_arc(struct naive *m, mmsim_page x, bool hit)
{
    if (hit) {
        if (!take(&m->a, x))
            take(&m->b, x);
        append(&m->b, x);
        return;
    }
    bool in_b1 = find(&m->d, x) >= 0, in_b2 = find(&m->e, x) >= 0;
    if (in_b1 || in_b2) {
        naive_adapt(m, x);
        if (is_full(m))
            naive_arc_replace(m, in_b2);
        take(in_b1 ? &m->d : &m->e, x);
        append(&m->b, x);
        return;
    }
    if (m->a.n + m->d.n == m->c) {
        if (m->a.n == m->c) {
            leaves(m, take_first(&m->a));
        } else {
            take_first(&m->d);
            naive_arc_replace(m, false);
        }
    } else if (is_full(m)) {
        if (m->a.n + m->b.n + m->d.n + m->e.n == 2 * m->c)
            take_first(&m->e);
        naive_arc_replace(m, false);
    }
    append(&m->a, x);
}

static void naive_car_replace(struct naive *m)
{
    for (;;) {
        bool t1 = m->a.n >= (m->p > 1 ? m->p : 1);
        mmsim_page page = take_first(t1 ? &m->a : &m->b);
        if (m->bit[page]) {
            m->bit[page] = false;
            append(&m->b, page);
            continue;
        }
        append(t1 ? &m->d : &m->e, page);
        leaves(m, page);
        return;
    }
}

static void naive_car(struct naive *m, mmsim_page x, bool hit)
{
    if (hit) {
        m->bit[x] = true;
        return;
    }
    bool in_b1 = find(&m->d, x) >= 0, in_b2 = find(&m->e, x) >= 0;
    if (is_full(m)) {
        naive_car_replace(m);
        if (!in_b1 && !in_b2 && m->a.n + m->d.n == m->c)
            take_first(&m->d);
        else if (!in_b1 && !in_b2 && m->a.n + m->b.n + m->d.n + m->e.n == 2 * m->c)
            take_first(&m->e);
    }
    if (in_b1 || in_b2) {
        naive_adapt(m, x);
        take(in_b1 ? &m->d : &m->e, x);
    }
    m->bit[x] = false;
    append(in_b1 || in_b2 ? &m->b : &m->a, x);
}

/* a: S, b: Q, d: pages not resident in S, by the time when they left */
static void naive_prune(struct naive *m)
{
    while (m->a.n > 0 && !m->lir[m->a.at[0]])
        take(&m->d, take_first(&m->a));
}

static void naive_becomes_lir(struct naive *m, mmsim_page x, unsigned most)
{
    unsigned n = 0;
    m->lir[x] = true;
    for (unsigned i = 0; i < NAIVE_PAGES; i++)
        n += m->lir[i];
    if (n > most) {
        m->lir[m->a.at[0]] = false;
        append(&m->b, m->a.at[0]);
    }
}

static void naive_lirs_miss(struct naive *m, mmsim_page x, unsigned most)
{
    unsigned n = 0;
    if (is_full(m)) {
        mmsim_page victim = take_first(&m->b);
        leaves(m, victim);
        if (find(&m->a, victim) >= 0)
            append(&m->d, victim);
    }
    for (unsigned i = 0; i < NAIVE_PAGES; i++)
        n += m->lir[i];
    bool in_stack = take(&m->a, x);
    take(&m->d, x);
    append(&m->a, x);
    if (n < most || in_stack)
        naive_becomes_lir(m, x, most);
    else
        append(&m->b, x);
}

static void naive_lirs(struct naive *m, mmsim_page x, bool hit)
{
    unsigned hir = m->c / 100 > 0 ? m->c / 100 : 1, most = m->c - hir;
    if (!hit) {
        naive_lirs_miss(m, x, most);
    } else {
        bool in_stack = take(&m->a, x);
        append(&m->a, x);
        if (!m->lir[x]) {
            take(&m->b, x);
            if (in_stack)
                naive_becomes_lir(m, x, most);
            else
                append(&m->b, x);
        }
    }
    naive_prune(m);
    while (m->a.n > 2 * m->c)
        take(&m->a, take_first(&m->d));
}

/* a: small, b: main, d: ghosts */
enum { NAIVE_LIBCACHESIM, NAIVE_PAPER, NAIVE_CAFFEINE };

static void naive_s3_main(struct naive *m)
{
    mmsim_page page = take_first(&m->b);
    while (m->count[page] > 0) {
        m->count[page]--;
        append(&m->b, page);
        page = take_first(&m->b);
    }
    leaves(m, page);
}

/* Until one has left small, or, in the paper's variant, for one page. */
static void naive_s3_small(struct naive *m, unsigned most_main, unsigned most_ghosts)
{
    while (m->a.n > 0) {
        mmsim_page page = take_first(&m->a);
        if (m->count[page] < 2) {
            leaves(m, page);
            append(&m->d, page);
            if (m->d.n > most_ghosts)
                take_first(&m->d);
            return;
        }
        m->count[page] = 0;
        append(&m->b, page);
        if (m->param == NAIVE_PAPER)
            return;
        if (m->param == NAIVE_CAFFEINE && m->b.n > most_main)
            naive_s3_main(m);
    }
}

static void naive_s3_fifo(struct naive *m, mmsim_page x, bool hit)
{
    unsigned small = m->c / 10, ghosts = m->c * 9 / 10;
    if (small == 0 && m->param != NAIVE_LIBCACHESIM)
        small = 1;
    if (hit) {
        m->count[x] += m->count[x] < 3;
        return;
    }
    if (m->param == NAIVE_LIBCACHESIM && small <= 1) {
        m->bypassed = true;
        return;
    }
    bool returns = m->param != NAIVE_CAFFEINE && take(&m->d, x);
    while (is_full(m)) {
        bool main = m->param == NAIVE_CAFFEINE ? m->a.n < small && m->b.n > 0
                                               : m->b.n > m->c - small || m->a.n == 0;
        if (main)
            naive_s3_main(m);
        else
            naive_s3_small(m, m->c - small, ghosts);
    }
    if (m->param == NAIVE_CAFFEINE)
        returns = take(&m->d, x);
    m->count[x] = 0;
    append(returns ? &m->b : &m->a, x);
}

/* ---- all of them ---- */

static const struct {
    const char *policy; /* as it is parsed */
    void (*step)(struct naive *m, mmsim_page x, bool hit);
    double param;
} naive_models[] = {
    {"opt", naive_opt, 0},
    {"lru", naive_lru, 0},
    {"mru", naive_mru, 0},
    {"fifo", naive_fifo, 0},
    {"clock", naive_clock, 0},
    {"clock(load-bit=1)", naive_clock, 1},
    {"second-chance", naive_clock, 0},
    {"lfu", naive_lfu, 0},
    {"slru", naive_slru, 0},
    {"2q", naive_2q, 0},
    {"arc", naive_arc, 0},
    {"arc(integer=1)", naive_arc, 1},
    {"car", naive_car, 0},
    {"car(integer=1)", naive_car, 1},
    {"lirs", naive_lirs, 0},
    {"sieve", naive_sieve, 0},
    {"s3-fifo", naive_s3_fifo, NAIVE_LIBCACHESIM},
    {"s3-fifo(variant=paper)", naive_s3_fifo, NAIVE_PAPER},
    {"s3-fifo(variant=caffeine)", naive_s3_fifo, NAIVE_CAFFEINE},
};

enum { N_NAIVE_MODELS = sizeof naive_models / sizeof *naive_models };

static void naive_begin(struct naive *m, unsigned which, unsigned frames, const mmsim_ref *refs,
                        size_t n)
{
    *m = (struct naive){.c = frames, .param = naive_models[which].param, .refs = refs, .n_refs = n};
    m->hand_page = NAIVE_PAGES;
}

/* The next reference. */
static void naive_next(struct naive *m, unsigned which)
{
    mmsim_page x = mmsim_ref_page(m->refs[m->now]);
    bool hit = m->resident[x], store = mmsim_ref_kind(m->refs[m->now]) == MMSIM_KIND_STORE;
    m->bypassed = false;
    naive_models[which].step(m, x, hit);
    m->resident[x] = !m->bypassed;
    m->dirty[x] = (hit && m->dirty[x]) || store;
    m->counts.misses += !hit;
    m->counts.references++;
    m->now++;
}

#endif
