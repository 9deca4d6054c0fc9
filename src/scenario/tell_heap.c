/* tell_heap.c - what the verbs of the kernel's memory were asked, for people; see tell.c. */
#include <inttypes.h>

#include "scenario/load.h"
#include "scenario/verb.h"

static const char *thing_name(const struct mm_run *run, uint32_t number)
{
    return run->scenario->things.rows[number].text;
}

/* "kmalloc ", "kmalloc 100 times " */
static void put_verb(const struct mm_step *step, struct mm_text *line)
{
    mm_text_printf(line, "%s ", step->verb->info.name);
    if (step->count == 0)
        return;
    mm_tell_put_count(line, step->count);
    mm_text_puts(line, step->count == 1 ? " time " : " times ");
}

static void put_new_name(const struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    if (step->name != MM_NO_NAME)
        mm_text_printf(line, " as %s", run->scenario->names.rows[step->name].text);
}

/* " at buf (0x40000000)", " all of buf", " one in 2 of buf" */
static void put_which(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    if (step->over == MM_NO_NAME) {
        mm_tell_put_place(run, &step->at, line);
        return;
    }
    const char *name = run->scenario->names.rows[step->over].text;
    if (step->heap.every > 1)
        mm_text_printf(line, " one in %" PRIu64 " of %s", step->heap.every, name);
    else
        mm_text_printf(line, " all of %s", name);
}

/* The verb, and the cache, pool or scope. */
static void tell_thing(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    put_verb(step, line);
    mm_text_puts(line, thing_name(run, step->heap.thing));
}

static void tell_verb(const struct mm_step *step, struct mm_text *line)
{
    mm_text_puts(line, step->verb->info.name);
}

void mm_tell_kmalloc(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    put_verb(step, line);
    mm_tell_put_size(line, step->size);
    if (step->heap.scope != MM_NO_NAME)
        mm_text_printf(line, " in scope %s", thing_name(run, step->heap.scope));
    put_new_name(run, step, line);
}

void mm_tell_krealloc(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    put_verb(step, line);
    mm_tell_put_size(line, step->size);
    mm_tell_put_place(run, &step->at, line);
    put_new_name(run, step, line);
}

void mm_tell_kfree(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    tell_verb(step, line);
    put_which(run, step, line);
    if (!step->heap.has_size)
        return;
    mm_text_puts(line, " with ");
    mm_tell_put_size(line, step->size);
}

void mm_tell_vmalloc(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    put_verb(step, line);
    mm_tell_put_size(line, step->length);
    put_new_name(run, step, line);
}

void mm_tell_vfree(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    tell_verb(step, line);
    mm_tell_put_place(run, &step->at, line);
}

void mm_tell_cache_create(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    tell_thing(run, step, line);
    mm_text_puts(line, ": ");
    mm_tell_put_size(line, step->size);
}

void mm_tell_cache_alloc(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    tell_thing(run, step, line);
    put_new_name(run, step, line);
}

void mm_tell_cache_free(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    tell_thing(run, step, line);
    put_which(run, step, line);
}

void mm_tell_cache_shrink(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    tell_thing(run, step, line);
}

void mm_tell_cache_destroy(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    tell_thing(run, step, line);
}

void mm_tell_pool_create(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_tell_cache_create(run, step, line);
    mm_text_puts(line, ", ");
    mm_tell_put_count(line, step->heap.reserve);
    mm_text_puts(line, " in reserve");
}

void mm_tell_pool_alloc(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_tell_cache_alloc(run, step, line);
}

void mm_tell_pool_free(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_tell_cache_free(run, step, line);
}

void mm_tell_pool_destroy(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    tell_thing(run, step, line);
}

void mm_tell_scope_begin(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    tell_thing(run, step, line);
    if (step->heap.process != MM_NO_NAME)
        mm_text_printf(line, " of %s", run->scenario->names.rows[step->heap.process].text);
}

void mm_tell_scope_end(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    tell_thing(run, step, line);
}

void mm_tell_heap_check(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    char checks[8];
    (void)run;
    mmsim_heap_checks_format((unsigned)step->heap.checks, checks);
    mm_text_printf(line, "checks of %s: %s", step->heap.caches,
                   step->heap.checks ? checks : "none");
}

void mm_tell_heap_verify(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    (void)run;
    tell_verb(step, line);
}

void mm_tell_leak_scan(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    (void)run;
    tell_verb(step, line);
    if (step->heap.what == MMSIM_LEAK_EXACT)
        mm_text_puts(line, ", exact");
}

void mm_tell_leak_watch(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    (void)run;
    mm_text_puts(line, step->heap.stores ? "watch stores for lost references" : "watch no more");
}

void mm_tell_leak_mark(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    static const char *const marks[] = {[MMSIM_LEAK_NORMAL] = "normal",
                                        [MMSIM_LEAK_NOT_LEAK] = "not-leak",
                                        [MMSIM_LEAK_IGNORE] = "ignore"};
    mm_text_printf(line, "leak-mark %s", marks[step->heap.what]);
    mm_tell_put_place(run, &step->at, line);
}

void mm_tell_leak_root(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    tell_verb(step, line);
    mm_text_puts(line, " ");
    mm_tell_put_size(line, step->length);
    mm_tell_put_place(run, &step->at, line);
}

void mm_tell_gc(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    (void)run;
    (void)step;
    mm_text_puts(line, "collect pages that nobody uses");
}

/* Parts of a rule, all of which must hold, are separated. */
static void put_part(struct mm_text *line, size_t start)
{
    mm_text_puts(line, line->n_bytes > start ? "; " : "");
}

/* "50 %", "0.001 %" */
static void put_share(struct mm_text *line, uint32_t billionths)
{
    enum { OF_A_PERCENT = 10000000, DIGITS = 7 };
    uint32_t rest = billionths % OF_A_PERCENT;
    mm_text_printf(line, "%" PRIu32, billionths / OF_A_PERCENT);
    int digits = DIGITS;
    for (; rest > 0 && rest % 10 == 0; rest /= 10)
        digits--;
    if (rest > 0)
        mm_text_printf(line, ".%0*" PRIu32, digits, rest);
    mm_text_puts(line, " %");
}

/* Which calls fail of those that count. */
static void put_rule(struct mm_text *line, const struct mm_heap_keys *keys)
{
    size_t start = line->n_bytes;
    if (keys->nth > 0)
        mm_text_printf(line, "call %" PRIu64, keys->nth);
    if (keys->every > 0) {
        put_part(line, start);
        mm_text_printf(line, "one in %" PRIu64, keys->every);
    }
    if (keys->chance > 0) {
        put_part(line, start);
        put_share(line, keys->chance);
        mm_text_puts(line, " at random");
    }
    if (line->n_bytes == start)
        mm_text_puts(line, "no more");
}

static const char *const WHATS[MMSIM_N_FAIL_WHATS] = {
    [MMSIM_FAIL_HEAP] = "heap",
    [MMSIM_FAIL_FRAMES] = "frames",
    [MMSIM_FAIL_FILE_READS] = "file reads",
    [MMSIM_FAIL_FILE_WRITES] = "file writes",
    [MMSIM_FAIL_SWAP_READS] = "swap reads",
    [MMSIM_FAIL_SWAP_WRITES] = "swap writes",
    [MMSIM_FAIL_POWER] = "power",
};

void mm_tell_fail(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    const struct mm_heap_keys *keys = &step->heap;
    (void)run;
    mm_text_printf(line, "fail %s: ", WHATS[keys->what]);
    put_rule(line, keys);
    if (keys->min_size > 0) {
        mm_text_puts(line, "; at least ");
        mm_tell_put_size(line, keys->min_size);
    }
    if (keys->only_site)
        mm_text_printf(line, "; at %s", keys->only_site);
}

void mm_tell_show(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    (void)run;
    mm_text_printf(line, "show %s: %s", mmsim_table_name((enum mmsim_table)step->heap.what),
                   mmsim_table_meaning((enum mmsim_table)step->heap.what));
}
