/*
 * os_policies.h - the policies of operating systems once more, as plainly as they can be written:
 * arrays that are searched from end to end, one small function for each verb.
 *
 * They share nothing with src/policy but the names of parameters. Pages are few.
 */
#ifndef MM_TESTS_OS_POLICIES_H
#define MM_TESTS_OS_POLICIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    NAIVE_GENERATIONS = 2048,
    NAIVE_PAGES = 32,
    NAIVE_MAX_PARAMS = 4,
    NAIVE_BITS = 32,
    NAIVE_K = 4
};

/* Pages in an order; the first is at [0]. */
struct naive_list {
    int n;
    int8_t pages[NAIVE_PAGES];
};

struct naive_page {
    bool resident, used, written, marked, active, begun, hot, test, known;
    uint64_t loaded; /* number of its load */
    uint64_t last;   /* time of its last use */
    uint64_t count;
    bool bits[NAIVE_BITS];   /* newest first */
    uint64_t times[NAIVE_K]; /* newest first; 0: unknown */
    uint64_t left;           /* age when it left */
    int generation, list;    /* numbers that only rise */
};

struct naive {
    const double *params;
    int frames, n_pages;
    uint64_t now; /* references that were completed */
    uint64_t n_loads, clock, fault, age;
    int n_cold_wanted, min, max;
    uint64_t periods;
    struct naive_page pages[NAIVE_PAGES];
    struct naive_list lists[2];
    struct naive_list generations[NAIVE_GENERATIONS];
};

struct naive_policy {
    const char *name;
    void (*begin)(struct naive *naive);
    void (*use)(struct naive *naive, int page, bool write);
    void (*load)(struct naive *naive, int page, bool write);
    int (*evict)(struct naive *naive, int incoming);
    void (*forget)(struct naive *naive, int page);
    int (*tick)(struct naive *naive, int *leaving); /* after now was set; how many leave */
};

/* ---- lists ---- */

static int place_in(const struct naive_list *list, int page)
{
    for (int i = 0; i < list->n; i++)
        if (list->pages[i] == page)
            return i;
    return -1;
}

static void drop(struct naive_list *list, int page)
{
    int i = place_in(list, page);
    if (i < 0)
        return;
    list->n--;
    memmove(list->pages + i, list->pages + i + 1, (size_t)(list->n - i) * sizeof *list->pages);
}

static void append(struct naive_list *list, int page)
{
    drop(list, page);
    list->pages[list->n++] = (int8_t)page;
}

/* ---- what most of them do ---- */

static void begin_plain(struct naive *naive)
{
    (void)naive;
}

static void use_plain(struct naive *naive, int page, bool write)
{
    naive->pages[page].used = true;
    naive->pages[page].written |= write;
    naive->pages[page].last = naive->now + 1;
}

static void load_as(struct naive *naive, int page, bool write, bool used)
{
    struct naive_page kept = naive->pages[page];
    naive->pages[page] = (struct naive_page){.resident = true,
                                             .written = write,
                                             .used = used,
                                             .loaded = ++naive->n_loads,
                                             .last = naive->now + 1,
                                             .known = kept.known,
                                             .left = kept.left,
                                             .test = kept.test};
    memcpy(naive->pages[page].times, kept.times, sizeof kept.times);
}

static void forget_plain(struct naive *naive, int page)
{
    naive->pages[page] = (struct naive_page){0};
    drop(&naive->lists[0], page);
    drop(&naive->lists[1], page);
}

static int no_tick(struct naive *naive, int *leaving)
{
    (void)naive;
    (void)leaving;
    return 0;
}

typedef bool (*before)(const struct naive_page *a, const struct naive_page *b);

/* The resident page that goes before all others. */
static int search(struct naive *naive, before less)
{
    int found = -1;
    for (int page = 0; page < naive->n_pages; page++)
        if (naive->pages[page].resident &&
            (found < 0 || less(&naive->pages[page], &naive->pages[found])))
            found = page;
    return found;
}

static uint64_t period_of(const struct naive *naive)
{
    return naive->params[0] > 0 ? (uint64_t)naive->params[0] : (uint64_t)naive->frames;
}

/* ---- nru: period, load-bit ---- */

static void load_nru(struct naive *naive, int page, bool write)
{
    load_as(naive, page, write, naive->params[1] > 0);
}

static int class_of(const struct naive_page *page)
{
    return 2 * page->used + page->written;
}

static bool nru_before(const struct naive_page *a, const struct naive_page *b)
{
    if (class_of(a) != class_of(b))
        return class_of(a) < class_of(b);
    return a->loaded < b->loaded;
}

static int evict_nru(struct naive *naive, int incoming)
{
    (void)incoming;
    int page = search(naive, nru_before);
    naive->pages[page].resident = false;
    return page;
}

static int tick_nru(struct naive *naive, int *leaving)
{
    (void)leaving;
    for (int page = 0; page < naive->n_pages && naive->now % period_of(naive) == 0; page++)
        naive->pages[page].used = false;
    return 0;
}

/* ---- nfu and aging: period, bits, load-bit ---- */

static void load_counted(struct naive *naive, int page, bool write)
{
    load_as(naive, page, write, naive->params[2] > 0);
}

static bool nfu_before(const struct naive_page *a, const struct naive_page *b)
{
    return a->count != b->count ? a->count < b->count : a->loaded < b->loaded;
}

static int evict_nfu(struct naive *naive, int incoming)
{
    (void)incoming;
    int page = search(naive, nfu_before);
    naive->pages[page].resident = false;
    return page;
}

static int tick_nfu(struct naive *naive, int *leaving)
{
    uint64_t most = (UINT64_C(1) << (int)naive->params[1]) - 1;
    (void)leaving;
    for (int i = 0; i < naive->n_pages && naive->now % period_of(naive) == 0; i++) {
        struct naive_page *page = &naive->pages[i];
        if (page->used && page->count < most)
            page->count++;
        page->used = false;
    }
    return 0;
}

static bool aging_before(const struct naive_page *a, const struct naive_page *b)
{
    for (int i = 0; i < NAIVE_BITS; i++)
        if (a->bits[i] != b->bits[i])
            return b->bits[i];
    return a->loaded < b->loaded;
}

static int evict_aging(struct naive *naive, int incoming)
{
    (void)incoming;
    int page = search(naive, aging_before);
    naive->pages[page].resident = false;
    return page;
}

static int tick_aging(struct naive *naive, int *leaving)
{
    (void)leaving;
    for (int i = 0; i < naive->n_pages && naive->now % period_of(naive) == 0; i++) {
        struct naive_page *page = &naive->pages[i];
        memmove(page->bits + 1, page->bits, sizeof page->bits - sizeof *page->bits);
        page->bits[0] = page->used;
        for (int k = (int)naive->params[1]; k < NAIVE_BITS; k++)
            page->bits[k] = false;
        page->used = false;
    }
    return 0;
}

/* ---- lru-k: k, correlated, history; lists[0] is the memory, oldest first ---- */

static void add_time(struct naive *naive, int page, uint64_t correlated)
{
    uint64_t *times = naive->pages[page].times;
    for (int i = NAIVE_K - 1; i > 0; i--)
        times[i] = times[i - 1] == 0 ? 0 : times[i - 1] + correlated;
    times[0] = naive->clock;
}

static void use_lru_k(struct naive *naive, int i, bool write)
{
    struct naive_page *page = &naive->pages[i];
    uint64_t now = ++naive->clock;
    (void)write;
    if ((double)(now - page->last) > naive->params[1])
        add_time(naive, i, page->last - page->times[0]);
    page->last = now;
}

/* Of a page that was taken out of the memory for a load that comes, the times stay. */
static void take_from_memory(struct naive *naive, int page)
{
    if (place_in(&naive->lists[0], page) < 0)
        return;
    drop(&naive->lists[0], page);
    naive->pages[page].known = true;
}

static void load_lru_k(struct naive *naive, int page, bool write)
{
    take_from_memory(naive, page);
    if (!naive->pages[page].known)
        memset(naive->pages[page].times, 0, sizeof naive->pages[page].times);
    load_as(naive, page, write, false);
    naive->pages[page].known = false;
    naive->pages[page].last = ++naive->clock;
    add_time(naive, page, 0);
}

static bool lru_k_before(const struct naive *naive, int a, int b, bool all)
{
    const struct naive_page *left = &naive->pages[a], *right = &naive->pages[b];
    int k = (int)naive->params[0] - 1;
    bool left_free = (double)(naive->clock + 1 - left->last) > naive->params[1];
    bool right_free = (double)(naive->clock + 1 - right->last) > naive->params[1];
    if (!all && left_free != right_free)
        return left_free;
    if (left->times[k] != right->times[k])
        return left->times[k] < right->times[k];
    return left->last < right->last;
}

static int evict_lru_k(struct naive *naive, int incoming)
{
    int found = -1, most = (int)(naive->params[2] * naive->frames);
    if (incoming >= 0)
        take_from_memory(naive, incoming);
    for (int page = 0; page < naive->n_pages; page++)
        if (naive->pages[page].resident && (found < 0 || lru_k_before(naive, page, found, false)))
            found = page;
    naive->pages[found].resident = false;
    append(&naive->lists[0], found);
    while (naive->lists[0].n > most)
        drop(&naive->lists[0], naive->lists[0].pages[0]);
    return found;
}

/* ---- linux: inactive-ratio, load-bit; lists[0] inactive and lists[1] active, oldest first ---- */

static void load_linux(struct naive *naive, int page, bool write)
{
    bool near = naive->pages[page].known &&
                naive->age - naive->pages[page].left <= (uint64_t)naive->lists[1].n;
    load_as(naive, page, write, naive->params[1] > 0);
    naive->pages[page].known = false;
    append(&naive->lists[near], page);
    naive->age += near;
}

static int evict_linux(struct naive *naive, int incoming)
{
    struct naive_list *inactive = &naive->lists[0], *active = &naive->lists[1];
    int ratio = naive->params[0] > 0 ? (int)naive->params[0] : 1;
    (void)incoming;
    for (;;) {
        if (inactive->n * ratio < active->n) {
            int page = active->pages[0];
            drop(active, page);
            append(inactive, page);
            naive->pages[page].used = false;
            continue;
        }
        struct naive_page *page = &naive->pages[inactive->pages[0]];
        int number = inactive->pages[0];
        bool marked = page->marked;
        page->marked = page->used;
        drop(inactive, number);
        if (!page->used) {
            page->resident = false;
            page->known = true;
            page->left = naive->age++;
            return number;
        }
        page->used = false;
        append(marked ? active : inactive, number);
        naive->age += marked;
    }
}

/* ---- mglru: load-bit; a list for each generation that ever was, oldest page first ---- */

static void begin_mglru(struct naive *naive)
{
    naive->min = 0;
    naive->max = 3;
}

static void load_mglru(struct naive *naive, int page, bool write)
{
    load_as(naive, page, write, naive->params[0] > 0);
    naive->pages[page].generation = naive->pages[page].list = naive->max;
    append(&naive->generations[naive->max], page);
}

static int count_generation(const struct naive *naive, int generation)
{
    int n = 0;
    for (int page = 0; page < naive->n_pages; page++)
        n += naive->pages[page].resident && naive->pages[page].generation == generation;
    return n;
}

static int count_resident(const struct naive *naive)
{
    int n = 0;
    for (int page = 0; page < naive->n_pages; page++)
        n += naive->pages[page].resident;
    return n;
}

static bool should_age(const struct naive *naive)
{
    int n = naive->max - naive->min + 1, total = count_resident(naive);
    if (n != 3)
        return n < 3;
    return 2 * count_generation(naive, naive->max) > total ||
           4 * count_generation(naive, naive->min) < total;
}

static void prepare_mglru(struct naive *naive)
{
    for (;;) {
        while (naive->generations[naive->min].n == 0 && naive->max - naive->min + 1 > 2)
            naive->min++;
        if (!should_age(naive))
            return;
        naive->max++;
        for (int page = 0; page < naive->n_pages; page++)
            if (naive->pages[page].resident && naive->pages[page].used) {
                naive->pages[page].used = false;
                naive->pages[page].generation = naive->max;
            }
    }
}

static int evict_mglru(struct naive *naive, int incoming)
{
    (void)incoming;
    for (;;) {
        prepare_mglru(naive);
        int number = naive->generations[naive->min].pages[0];
        struct naive_page *page = &naive->pages[number];
        drop(&naive->generations[naive->min], number);
        if (page->generation == naive->min && !page->used) {
            page->resident = false;
            return number;
        }
        if (page->generation == naive->min) {
            page->used = false;
            page->generation = naive->max;
        }
        page->list = page->generation;
        append(&naive->generations[page->list], number);
    }
}

static void forget_mglru(struct naive *naive, int page)
{
    if (naive->pages[page].resident)
        drop(&naive->generations[naive->pages[page].list], page);
    naive->pages[page] = (struct naive_page){0};
}

/* ---- wsclock: tau, clean-first, load-bit; lists[0] from the hand on ---- */

static void use_wsclock(struct naive *naive, int page, bool write)
{
    naive->pages[page].used = true;
    naive->pages[page].written |= write;
    if (write)
        naive->pages[page].begun = false;
}

static void load_wsclock(struct naive *naive, int page, bool write)
{
    load_as(naive, page, write, naive->params[2] > 0);
    append(&naive->lists[0], page);
}

static int leave_wsclock(struct naive *naive, int page)
{
    drop(&naive->lists[0], page);
    naive->pages[page].resident = false;
    return page;
}

static int evict_wsclock(struct naive *naive, int incoming)
{
    int begun = -1, oldest = -1;
    uint64_t time = naive->now + 1;
    (void)incoming;
    for (int n = naive->lists[0].n; n > 0; n--) {
        int number = naive->lists[0].pages[0];
        struct naive_page *page = &naive->pages[number];
        if (page->used)
            page->last = time;
        if (oldest < 0 || page->last < naive->pages[oldest].last)
            oldest = number;
        bool old = !page->used && (double)(time - page->last) > naive->params[0];
        page->used = false;
        bool clean = !page->written || page->begun || naive->params[1] == 0;
        if (old && clean)
            return leave_wsclock(naive, number);
        if (old) {
            page->begun = true;
            begun = begun < 0 ? number : begun;
        }
        append(&naive->lists[0], number);
    }
    return leave_wsclock(naive, begun >= 0 ? begun : oldest);
}

/* ---- working-set: tau; pff: threshold ---- */

static void load_plain(struct naive *naive, int page, bool write)
{
    load_as(naive, page, write, true);
}

static bool used_before(const struct naive_page *a, const struct naive_page *b)
{
    return a->last < b->last;
}

static int evict_oldest(struct naive *naive, int incoming)
{
    (void)incoming;
    int page = search(naive, used_before);
    naive->pages[page].resident = false;
    return page;
}

/* By the definition: was it among the last tau references? Oldest first. */
static int tick_working_set(struct naive *naive, int *leaving)
{
    int n = 0;
    for (int page = search(naive, used_before); page >= 0; page = search(naive, used_before)) {
        double ago = (double)(naive->now - naive->pages[page].last);
        if (ago < naive->params[0])
            break;
        leaving[n++] = evict_oldest(naive, -1);
    }
    return n;
}

/* By use bits, as the paper has it: they are cleared at each fault. Who leaves does so in tick().
 */
static void load_pff(struct naive *naive, int page, bool write)
{
    uint64_t time = naive->now + 1;
    bool rare = (double)(time - naive->fault) > naive->params[0];
    for (int other = 0; other < naive->n_pages; other++) {
        struct naive_page *old = &naive->pages[other];
        old->marked |= old->resident && rare && naive->fault > 0 && !old->used;
        old->used = false;
    }
    naive->fault = time;
    load_as(naive, page, write, true);
}

static int tick_pff(struct naive *naive, int *leaving)
{
    int n = 0;
    for (;;) {
        int oldest = -1;
        for (int page = 0; page < naive->n_pages; page++)
            if (naive->pages[page].resident && naive->pages[page].marked &&
                (oldest < 0 || naive->pages[page].last < naive->pages[oldest].last))
                oldest = page;
        if (oldest < 0)
            return n;
        naive->pages[oldest].resident = false;
        leaving[n++] = oldest;
    }
}

/* ---- clock-pro: cold, adapt, load-bit; lists[0] the clock, lists[1] the queue, oldest first ----
 */

static void begin_clock_pro(struct naive *naive)
{
    int cold = (int)(naive->params[0] * naive->frames);
    naive->n_cold_wanted = cold > 0 ? cold : 1;
}

static void want(struct naive *naive, int change)
{
    int wanted = naive->n_cold_wanted + change;
    if (naive->params[1] > 0 && wanted >= 1 && wanted <= naive->frames)
        naive->n_cold_wanted = wanted;
}

static int count_hot(const struct naive *naive)
{
    int n = 0;
    for (int page = 0; page < naive->n_pages; page++)
        n += naive->pages[page].hot;
    return n;
}

static int count_ghosts(const struct naive *naive)
{
    int n = 0;
    for (int page = 0; page < naive->n_pages; page++)
        n += naive->pages[page].test && !naive->pages[page].resident;
    return n;
}

static void end_test(struct naive *naive, int number)
{
    struct naive_page *page = &naive->pages[number];
    page->test = false;
    drop(&naive->lists[0], number);
    if (!page->resident || !page->used)
        want(naive, -1);
}

static void move_hand_hot(struct naive *naive)
{
    for (;;) {
        int number = naive->lists[0].pages[0];
        struct naive_page *page = &naive->pages[number];
        if (page->test) {
            end_test(naive, number);
        } else if (page->used) {
            page->used = false;
            append(&naive->lists[0], number);
        } else {
            page->hot = false;
            drop(&naive->lists[0], number);
            append(&naive->lists[1], number);
            return;
        }
    }
}

static void become_hot(struct naive *naive, int number)
{
    naive->pages[number].test = false;
    naive->pages[number].hot = true;
    append(&naive->lists[0], number);
    want(naive, 1);
}

static void load_clock_pro(struct naive *naive, int page, bool write)
{
    load_as(naive, page, write, naive->params[2] > 0);
    if (naive->pages[page].test) {
        become_hot(naive, page);
        return;
    }
    naive->pages[page].test = true;
    append(&naive->lists[0], page);
    append(&naive->lists[1], page);
}

static void spare_clock_pro(struct naive *naive, int number)
{
    struct naive_page *page = &naive->pages[number];
    page->used = false;
    if (page->test) {
        drop(&naive->lists[1], number);
        become_hot(naive, number);
        return;
    }
    page->test = true;
    append(&naive->lists[0], number);
    append(&naive->lists[1], number);
}

static int evict_clock_pro(struct naive *naive, int incoming)
{
    (void)incoming;
    for (;;) {
        while (count_hot(naive) > naive->frames - naive->n_cold_wanted || naive->lists[1].n == 0)
            move_hand_hot(naive);
        int number = naive->lists[1].pages[0];
        if (naive->pages[number].used) {
            spare_clock_pro(naive, number);
            continue;
        }
        drop(&naive->lists[1], number);
        naive->pages[number].resident = false;
        while (count_ghosts(naive) > naive->frames) {
            int i = 0;
            while (!naive->pages[naive->lists[0].pages[i]].test)
                i++;
            end_test(naive, naive->lists[0].pages[i]);
        }
        return number;
    }
}

/* Ends with name == NULL. */
static const struct naive_policy naive_policies[] = {
    {"nru", begin_plain, use_plain, load_nru, evict_nru, forget_plain, tick_nru},
    {"nfu", begin_plain, use_plain, load_counted, evict_nfu, forget_plain, tick_nfu},
    {"aging", begin_plain, use_plain, load_counted, evict_aging, forget_plain, tick_aging},
    {"lru-k", begin_plain, use_lru_k, load_lru_k, evict_lru_k, forget_plain, no_tick},
    {"clock-pro", begin_clock_pro, use_plain, load_clock_pro, evict_clock_pro, forget_plain,
     no_tick},
    {"linux", begin_plain, use_plain, load_linux, evict_linux, forget_plain, no_tick},
    {"mglru", begin_mglru, use_plain, load_mglru, evict_mglru, forget_mglru, no_tick},
    {"wsclock", begin_plain, use_wsclock, load_wsclock, evict_wsclock, forget_plain, no_tick},
    {"working-set", begin_plain, use_plain, load_plain, evict_oldest, forget_plain,
     tick_working_set},
    {"pff", begin_plain, use_plain, load_pff, evict_oldest, forget_plain, tick_pff},
    {0},
};

#endif
