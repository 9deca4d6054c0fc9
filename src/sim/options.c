/* options.c - the table of CONFIG_ options (kconfig.h). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sim/machine.h"
#include <mmsim/kconfig.h>

/* An option and its field in struct mmsim_config. */
struct row {
    struct mmsim_option option;
    size_t offset;                                     /* of a bool */
    bool inverted;                                     /* the field says that it is n */
    bool (*served)(const struct mmsim_config *config); /* NULL: by every machine */
};

static bool has_keys(const struct mmsim_config *config)
{
    return mm_config_preset(config)->abilities & MMSIM_CPU_KEYS;
}

#define FIELD(field) .offset = offsetof(struct mmsim_config, field)

static const struct row rows[] = {
    {{"CONFIG_MMU", "memory is reached through a memory management unit", .by_default = true,
      .settled = true},
     FIELD(mmu_off),
     .inverted = true},
    {{"CONFIG_PAGING",
      "addresses are translated by page tables",
      {"CONFIG_MMU"},
      .by_default = true,
      .settled = true},
     FIELD(paging_off),
     .inverted = true},
    {{"CONFIG_LARGE_PAGES",
      "4 MiB pages (2 MiB under PAE), for the kernel and for processes",
      {"CONFIG_PAGING"},
      "large pages (PSE, PAE); without effect on a CPU that has none",
      .by_default = true},
     FIELD(large_pages)},
    {{"CONFIG_TRANSPARENT_HUGEPAGE",
      "anonymous memory gets large pages by itself, as kernel.thp says",
      {"CONFIG_LARGE_PAGES", "CONFIG_DEMAND_PAGING"},
      .by_default = true},
     FIELD(thp_off),
     .inverted = true},
    {{"CONFIG_DEMAND_PAGING",
      "pages come when they are touched; without, mmap brings them",
      {"CONFIG_PAGING"},
      .by_default = true},
     FIELD(demand_off),
     .inverted = true},
    {{"CONFIG_COPY_ON_WRITE",
      "fork shares private pages until they are written; without, it copies",
      {"CONFIG_PAGING"},
      .by_default = true},
     FIELD(copy_on_write_off),
     .inverted = true},
    {{"CONFIG_ZERO_PAGE",
      "untouched memory that is read shows one shared page of zeros",
      {"CONFIG_DEMAND_PAGING"},
      .by_default = true},
     FIELD(zero_page_off),
     .inverted = true},
    {{"CONFIG_STACK_GUARD",
      "stacks keep 256 pages away from what lies below them",
      {"CONFIG_DEMAND_PAGING"},
      .by_default = true},
     FIELD(stack_guard_off),
     .inverted = true},
    {{"CONFIG_FAULT_AROUND",
      "a read fault in a file maps cached pages around it along",
      {"CONFIG_DEMAND_PAGING"},
      .by_default = true},
     FIELD(fault_around_off),
     .inverted = true},
    {{"CONFIG_READAHEAD", "reading a file fetches pages that follow", .by_default = true},
     FIELD(readahead_off),
     .inverted = true},
    {{"CONFIG_MEMORY_PROTECTION",
      "mappings grant what they say; without, everything",
      {"CONFIG_PAGING"},
      .by_default = true},
     FIELD(protection_off),
     .inverted = true},
    {{"CONFIG_EXECUTE_PROTECTION",
      "memory is executed only where it may be, as kernel.execute says",
      {"CONFIG_MEMORY_PROTECTION"},
      .by_default = true},
     FIELD(execute_off),
     .inverted = true},
    {{"CONFIG_PROTECTION_KEYS",
      "processes can tag pages with keys",
      {"CONFIG_MEMORY_PROTECTION"},
      "a CPU with the feature pkeys",
      .by_default = true},
     FIELD(keys_off),
     .inverted = true,
     .served = has_keys},
    {{"CONFIG_ASLR",
      "regions of processes begin at random places",
      {"CONFIG_PAGING"},
      .by_default = false},
     FIELD(aslr.on)},
    {{"CONFIG_GLOBAL_PAGES",
      "the kernel's TLB entries outlive a reload of CR3",
      {"CONFIG_PAGING"},
      "global pages (PGE); without effect on a CPU that has none",
      .by_default = true},
     FIELD(flush.global_pages)},
    {{"CONFIG_LAZY_TLB",
      "a kernel thread keeps the tables that it finds loaded",
      {"CONFIG_PAGING"},
      .by_default = true},
     FIELD(flush.lazy)},
    {{"CONFIG_BATCHED_FLUSH",
      "unmapping flushes for 64 pages at once",
      {"CONFIG_PAGING"},
      .by_default = true},
     FIELD(flush.batched)},
    {{"CONFIG_TARGETED_SHOOTDOWN",
      "only CPUs that have the tables loaded are interrupted",
      {"CONFIG_PAGING"},
      .by_default = true},
     FIELD(flush.targeted)},
    {{"CONFIG_MEMORY_DEBUGGING",
      "red zones, poison and tracking in all caches of the kernel's heap", .by_default = false},
     FIELD(memory_debugging)},
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

const struct mmsim_option *mmsim_option_at(size_t index)
{
    return index < N_ROWS ? &rows[index].option : NULL;
}

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (strcmp(rows[i].option.name, name) == 0)
            return &rows[i];
    return NULL;
}

const struct mmsim_option *mmsim_option_find(const char *name)
{
    const struct row *row = find_row(name);
    return row ? &row->option : NULL;
}

static bool get(const struct mmsim_config *config, const struct row *row)
{
    bool field;
    memcpy(&field, (const char *)config + row->offset, sizeof field);
    return field != row->inverted;
}

static void set(struct mmsim_config *config, const struct row *row, bool on)
{
    bool field = on != row->inverted;
    memcpy((char *)config + row->offset, &field, sizeof field);
}

bool mmsim_option_get(const struct mmsim_config *config, const char *name)
{
    const struct row *row = find_row(name);
    return row && get(config, row);
}

enum mmsim_status mmsim_option_set(struct mmsim_config *config, const char *name, bool on,
                                   struct mmsim_error *error)
{
    const struct row *row = find_row(name);
    if (!row)
        return mm_error_set(error, MMSIM_BAD_CONFIG, name, "there is no option '%.60s'", name);
    if (row->option.settled && on != row->option.by_default)
        return mm_error_set(error, MMSIM_BAD_CONFIG, name, "%s: '%s' is not in this version", name,
                            on ? "y" : "n");
    set(config, row, on);
    return MMSIM_OK;
}

/* ---- dependencies ---- */

/* The first option that is missing; NULL: none is. */
static const char *missing(const struct mmsim_config *config, const struct row *row)
{
    for (size_t i = 0; i < MMSIM_OPTION_MAX_DEPENDS && row->option.depends[i]; i++)
        if (!mmsim_option_get(config, row->option.depends[i]))
            return row->option.depends[i];
    return NULL;
}

static enum mmsim_status judge(const struct mmsim_config *config, const char *name,
                               struct mmsim_error *error)
{
    const struct row *row = find_row(name);
    const char *other = row ? missing(config, row) : NULL;
    if (other)
        return mm_error_set(error, MMSIM_BAD_CONFIG, name, "%s=y needs %s=y", name, other);
    if (row && row->served && !row->served(config))
        return mm_error_set(error, MMSIM_BAD_CONFIG, name, "%s=y needs %s, which CPU %s is not",
                            name, row->option.needs, config->cpu);
    return MMSIM_OK;
}

enum mmsim_status mmsim_options_check(struct mmsim_config *config, const char *const *asked,
                                      size_t n, struct mmsim_error *error)
{
    for (size_t i = 0; i < n; i++) {
        enum mmsim_status status = judge(config, asked[i], error);
        if (status)
            return status;
    }
    for (size_t i = 0; i < N_ROWS; i++) /* what a row depends on stands above it, but thp */
        if (missing(config, &rows[i]))
            set(config, &rows[i], false);
    return MMSIM_OK;
}

/* ---- files ---- */

/* One line of a file, and where it is. */
struct line {
    const char *file, *text;
    size_t n, number;
};

static enum mmsim_status complain(const struct line *line, size_t column, struct mmsim_error *error,
                                  const char *what)
{
    char where[sizeof error->where];
    snprintf(where, sizeof where, "%.40s:%zu:%zu", line->file, line->number, column + 1);
    return mm_error_set(error, MMSIM_BAD_CONFIG, where, "%s: '%.*s'", what,
                        (int)(line->n < 60 ? line->n : 60), line->text);
}

static size_t name_length(const char *text, size_t n)
{
    size_t i = 0;
    while (i < n &&
           (isupper((unsigned char)text[i]) || isdigit((unsigned char)text[i]) || text[i] == '_'))
        i++;
    return i;
}

/* CONFIG_X and its value; *n_name 0: the line says nothing. */
static bool parse(const struct line *line, const char **name, size_t *n_name, bool *on,
                  size_t *column)
{
    static const char not_set[] = " is not set";
    const char *text = line->text;
    size_t n = line->n;
    bool comment = n > 0 && text[0] == '#';
    size_t start = comment ? 1 : 0;
    while (start < n && text[start] == ' ')
        start++;
    *name = text + start;
    *n_name = name_length(*name, n - start);
    const char *rest = *name + *n_name;
    size_t n_rest = n - start - *n_name;
    bool names_option = *n_name > 7 && memcmp(*name, "CONFIG_", 7) == 0;
    if (comment) {
        *on = false;
        if (!names_option || n_rest != strlen(not_set) || memcmp(rest, not_set, n_rest) != 0)
            *n_name = 0;
        return true;
    }
    *column = start;
    if (n == start) {
        *n_name = 0;
        return true;
    }
    if (!names_option)
        return false;
    *column = start + *n_name;
    *on = n_rest == 2 && rest[1] == 'y';
    return n_rest == 2 && rest[0] == '=' && (rest[1] == 'y' || rest[1] == 'n');
}

/* CONFIG_ASRL: did you mean CONFIG_ASLR? */
static enum mmsim_status no_such_option(const struct line *line, size_t column, const char *name,
                                        struct mmsim_error *error)
{
    const char *names[N_ROWS];
    for (size_t i = 0; i < N_ROWS; i++)
        names[i] = rows[i].option.name;
    const char *nearest = mm_text_nearest(name, names, N_ROWS);
    char where[sizeof error->where];
    snprintf(where, sizeof where, "%.40s:%zu:%zu", line->file, line->number, column + 1);
    return mm_error_set(error, MMSIM_BAD_CONFIG, where, "there is no option '%.60s'%s%s%s", name,
                        nearest ? "; did you mean " : "", nearest ? nearest : "",
                        nearest ? "?" : "; mmsim list config names them");
}

static enum mmsim_status read_line(struct mmsim_config *config, const struct line *line,
                                   const char **asked, size_t *n_asked, struct mmsim_error *error)
{
    char copy[64] = "";
    const char *name;
    size_t n_name;
    size_t column = 0;
    bool on;
    if (!parse(line, &name, &n_name, &on, &column))
        return complain(line, column, error, "expected CONFIG_NAME=y or CONFIG_NAME=n, found");
    if (n_name == 0)
        return MMSIM_OK;
    memcpy(copy, name, n_name < sizeof copy ? n_name : sizeof copy - 1);
    const struct row *row = find_row(copy);
    if (!row)
        return no_such_option(line, (size_t)(name - line->text), copy, error);
    enum mmsim_status status = mmsim_option_set(config, row->option.name, on, error);
    if (status)
        return complain(line, (size_t)(name - line->text), error, "not in this version");
    if (on && *n_asked < N_ROWS)
        asked[(*n_asked)++] = row->option.name;
    return MMSIM_OK;
}

enum mmsim_status mmsim_kconfig_read(struct mmsim_config *config, const char *file,
                                     const char *text, size_t n_bytes, struct mmsim_error *error)
{
    struct mmsim_config read = *config; /* all of it, or nothing */
    const char *asked[N_ROWS];
    size_t n_asked = 0;
    struct line line = {.file = file, .text = text, .number = 1};
    for (const char *end = text + n_bytes; line.text < end; line.number++) {
        const char *newline = memchr(line.text, '\n', (size_t)(end - line.text));
        const char *next = newline ? newline + 1 : end;
        line.n = (size_t)((newline ? newline : end) - line.text);
        line.n -= line.n > 0 && line.text[line.n - 1] == '\r';
        enum mmsim_status status = read_line(&read, &line, asked, &n_asked, error);
        if (status)
            return status;
        line.text = next;
    }
    enum mmsim_status status = mmsim_options_check(&read, asked, n_asked, error);
    if (!status)
        *config = read;
    return status;
}

void mmsim_kconfig_write(const struct mmsim_config *config, const struct mmsim_sink *sink)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        const char *name = rows[i].option.name;
        if (get(config, &rows[i]))
            mm_sink_printf(sink, "%s=y\n", name);
        else
            mm_sink_printf(sink, "# %s is not set\n", name);
    }
}
