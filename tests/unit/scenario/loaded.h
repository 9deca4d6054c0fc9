/*
 * loaded.h - what tests of scenarios share: load from a string, collect diagnostics, run, print.
 */
#ifndef TESTS_LOADED_H
#define TESTS_LOADED_H

#include <check.h>
#include <mmsim/mmsim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text that a sink or a listener collects. */
struct collected {
    char text[1 << 16];
    size_t n_bytes;
    unsigned n;
};

static inline void collect_text(void *user, const char *text, size_t n_bytes)
{
    struct collected *collected = user;
    ck_assert_uint_lt(collected->n_bytes + n_bytes, sizeof collected->text);
    memcpy(collected->text + collected->n_bytes, text, n_bytes);
    collected->n_bytes += n_bytes;
    collected->text[collected->n_bytes] = '\0';
}

static inline void collect_diagnostic(void *user, const struct mmsim_diagnostic *diagnostic)
{
    struct collected *collected = user;
    char line[1024];
    int n = snprintf(line, sizeof line, "%u:%u: %s\n", diagnostic->line, diagnostic->column,
                     diagnostic->text);
    collect_text(collected, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
    collected->n++;
}

/* Parses; the diagnostics are in *collected. */
static inline enum mmsim_status parse_text(const char *text, const char *const *overrides,
                                           const struct mmsim_allocator *allocator,
                                           struct mmsim_scenario **scenario,
                                           struct collected *collected)
{
    struct mmsim_load_options options;
    struct mmsim_error error;
    mmsim_load_options_init(&options);
    options.overrides = overrides;
    options.allocator = allocator;
    options.diagnose = collect_diagnostic;
    options.user = collected;
    memset(collected, 0, sizeof *collected);
    return mmsim_scenario_parse("test.yaml", text, strlen(text), &options, scenario, &error);
}

/* Parses a scenario that has no mistakes. */
static inline struct mmsim_scenario *load_text(const char *text)
{
    struct mmsim_scenario *scenario = NULL;
    static struct collected collected;
    enum mmsim_status status = parse_text(text, NULL, NULL, &scenario, &collected);
    ck_assert_msg(status == MMSIM_OK, "%s", collected.text);
    return scenario;
}

#define HEAD "mmsim: 1\nname: test\nprocesses: [{name: p}]\nsteps:\n"
#define MMAP "  - {do: mmap, by: p, as: buf, length: 4 pages, prot: rw, flags: private|anonymous}\n"

#endif
