/*
 * list.c - `mmsim list`: what the library can do, as it says itself.
 *
 * Every list is a walk by index over one of the library's tables, turned into rows of the same
 * shape; printing them as text or as JSON is one function each.
 */
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "spelling.h"

/* A name, one line about it, and at most one thing more. */
struct row {
    const char *name, *summary;
    const char *extra; /* NULL: nothing */
    char text[512];    /* where `extra` may point to, if it has to be put together */
};

struct list {
    const char *name;
    const char *extra; /* what the third part is called in JSON; NULL: the list has none */
    bool (*row_at)(size_t index, struct row *row);
    const struct mmsim_param *(*params_of)(size_t index); /* NULL: its rows have no parameters */
};

static bool verb_at(size_t index, struct row *row)
{
    const struct mmsim_verb_info *verb = mmsim_verb_at(index);
    if (verb == NULL)
        return false;
    *row = (struct row){.name = verb->name, .summary = verb->summary, .extra = verb->keys};
    return true;
}

static bool stat_at(size_t index, struct row *row)
{
    const struct mmsim_stat *stat = mmsim_stat_at(index);
    if (stat == NULL)
        return false;
    *row = (struct row){.name = stat->path, .summary = stat->meaning, .extra = stat->unit};
    return true;
}

static bool model_at(size_t index, struct row *row)
{
    const char *name = mmsim_model_name(index);
    if (name == NULL)
        return false;
    *row = (struct row){.name = name, .summary = mmsim_model_summary(index)};
    return true;
}

/* The CPUs of all models, one model after the other. */
static bool cpu_at(size_t index, struct row *row)
{
    const char *model;
    for (size_t i = 0; (model = mmsim_model_name(i)) != NULL; i++) {
        size_t n = 0;
        while (mmsim_cpu_name(model, n) != NULL && n < index)
            n++;
        const char *name = mmsim_cpu_name(model, n);
        if (name != NULL) {
            *row =
                (struct row){.name = name, .summary = mmsim_cpu_summary(model, n), .extra = model};
            return true;
        }
        index -= n;
    }
    return false;
}

static bool event_at(size_t index, struct row *row)
{
    if (index >= MMSIM_N_EVENTS)
        return false;
    enum mmsim_event_type type = (enum mmsim_event_type)index;
    *row = (struct row){.name = mmsim_event_name(type), .summary = mmsim_event_meaning(type)};
    return true;
}

/* "RBR 0x0 r, THR 0x0 w, ..." */
static void list_registers(const struct mmsim_device_register *registers, char *text, size_t n)
{
    static const char *const RIGHTS[] = {"", "r", "w", "rw"};
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; registers[i].name != NULL && used < n; i++)
        used += (size_t)snprintf(text + used, n - used, "%s%s 0x%x %s", i > 0 ? ", " : "",
                                 registers[i].name, registers[i].offset,
                                 RIGHTS[registers[i].rights & 3]);
}

static bool device_at(size_t index, struct row *row)
{
    const struct mmsim_device_ops *device = mmsim_device_at(index);
    if (device == NULL)
        return false;
    row->name = device->name;
    row->summary = device->summary;
    list_registers(device->registers, row->text, sizeof row->text);
    row->extra = row->text;
    return true;
}

static bool table_at(size_t index, struct row *row)
{
    if (index >= MMSIM_N_TABLES)
        return false;
    enum mmsim_table table = (enum mmsim_table)index;
    *row = (struct row){.name = mmsim_table_name(table), .summary = mmsim_table_meaning(table)};
    return true;
}

/* "y; needs CONFIG_PAGING, and a CPU with NX" */
static bool option_at(size_t index, struct row *row)
{
    const struct mmsim_option *option = mmsim_option_at(index);
    if (option == NULL)
        return false;
    *row = (struct row){.name = option->name, .summary = option->summary};
    size_t used = (size_t)snprintf(row->text, sizeof row->text, "default %s%s",
                                   option->by_default ? "y" : "n",
                                   option->settled ? ", cannot be changed" : "");
    for (int i = 0; i < MMSIM_OPTION_MAX_DEPENDS && option->depends[i] != NULL; i++)
        used += (size_t)snprintf(row->text + used, sizeof row->text - used, "%s %s",
                                 i > 0 ? "," : "; depends on", option->depends[i]);
    if (option->needs != NULL)
        snprintf(row->text + used, sizeof row->text - used, "; needs %s", option->needs);
    row->extra = row->text;
    return true;
}

static bool policy_at(size_t index, struct row *row)
{
    const struct mmsim_policy_ops *policy = mmsim_policy_at(index);
    if (policy == NULL)
        return false;
    *row = (struct row){.name = policy->name, .summary = policy->summary, .extra = policy->source};
    return true;
}

static const struct mmsim_param *params_of_policy(size_t index)
{
    return mmsim_policy_at(index)->params;
}

static const struct list LISTS[] = {
    {"verbs", "keys", verb_at, NULL},     {"stats", "unit", stat_at, NULL},
    {"models", NULL, model_at, NULL},     {"cpus", "model", cpu_at, NULL},
    {"events", NULL, event_at, NULL},     {"devices", "registers", device_at, NULL},
    {"tables", NULL, table_at, NULL},     {"policies", "source", policy_at, params_of_policy},
    {"config", "terms", option_at, NULL},
};
#define N_LISTS (sizeof LISTS / sizeof *LISTS)
#define AVAILABLE "verbs, stats, models, cpus, events, devices, tables, policies or config"

/* ---- parameters ---- */

static void print_json_words(const struct mmsim_param *param, struct output *output)
{
    output_format(output, ",\"words\":[");
    for (size_t i = 0; param->words[i] != NULL; i++) {
        output_format(output, i > 0 ? "," : "");
        output_json_string(output, param->words[i]);
    }
    output_format(output, "],\"default\":");
    output_json_string(output, param->words[(size_t)param->by_default]);
}

static void print_json_params(const struct mmsim_param *params, struct output *output)
{
    static const char *const TYPES[] = {"whole", "real", "word"};
    output_format(output, ",\"params\":[");
    for (const struct mmsim_param *param = params; param != NULL && param->name != NULL; param++) {
        output_format(output, "%s{\"name\":", param > params ? "," : "");
        output_json_string(output, param->name);
        output_format(output, ",\"meaning\":");
        output_json_string(output, param->meaning);
        output_format(output, ",\"type\":\"%s\"", TYPES[param->type]);
        if (param->type == MMSIM_PARAM_WORD)
            print_json_words(param, output);
        else
            output_format(output, ",\"low\":%.15g,\"high\":%.15g,\"default\":%.15g", param->low,
                          param->high, param->by_default);
        output_format(output, "}");
    }
    output_format(output, "]");
}

/* "k, 1..4, default 2: which reference counts", "variant, a | b, default a: whose details" */
static void print_text_params(const struct mmsim_param *params, unsigned indent,
                              struct output *output)
{
    char text[512];
    for (const struct mmsim_param *param = params; param != NULL && param->name != NULL; param++) {
        size_t n = sizeof text, used = (size_t)snprintf(text, n, "%s, ", param->name);
        if (param->type == MMSIM_PARAM_WORD) {
            for (size_t i = 0; param->words[i] != NULL; i++)
                used += (size_t)snprintf(text + used, n - used, "%s%s", i > 0 ? " | " : "",
                                         param->words[i]);
            used += (size_t)snprintf(text + used, n - used, ", default %s",
                                     param->words[(size_t)param->by_default]);
        } else {
            used += (size_t)snprintf(text + used, n - used, "%.15g..%.15g, default %.15g",
                                     param->low, param->high, param->by_default);
        }
        snprintf(text + used, n - used, ": %s", param->meaning);
        output_wrapped(output, STYLE_DIM, indent, text);
    }
}

/* ---- lists ---- */

static void print_json(const struct list *list, struct output *output)
{
    struct row row;
    output_format(output, "[");
    for (size_t i = 0; list->row_at(i, &row); i++) {
        output_format(output, "%s{\"name\":", i > 0 ? "," : "");
        output_json_string(output, row.name);
        output_format(output, ",\"summary\":");
        output_json_string(output, row.summary);
        if (list->extra != NULL) {
            output_format(output, ",\"%s\":", list->extra);
            output_json_string(output, row.extra != NULL ? row.extra : "");
        }
        if (list->params_of != NULL)
            print_json_params(list->params_of(i), output);
        output_format(output, "}");
    }
    output_format(output, "]\n");
}

static void print_text(const struct list *list, struct output *output)
{
    struct row row;
    size_t widest = 0;
    for (size_t i = 0; list->row_at(i, &row); i++)
        widest = strlen(row.name) > widest ? strlen(row.name) : widest;
    unsigned indent = (unsigned)widest + 3;
    for (size_t i = 0; list->row_at(i, &row); i++) {
        output_item(output, row.name, indent, row.summary);
        if (list->params_of != NULL)
            print_text_params(list->params_of(i), indent, output);
        if (row.extra == NULL || *row.extra == '\0')
            continue;
        output_format(output, "%*s", (int)indent, "");
        output_styled(output, STYLE_DIM, "%s: %s", list->extra, row.extra);
        output_format(output, "\n");
    }
}

static const struct list *find_list(const char *name, struct console *console)
{
    struct spelling spelling = {name, NULL, 0};
    for (size_t i = 0; i < N_LISTS; i++) {
        if (strcmp(LISTS[i].name, name) == 0)
            return &LISTS[i];
        spelling_offer(&spelling, LISTS[i].name);
    }
    if (spelling.nearest != NULL)
        console_error(console, "nothing to list is called '%s'; did you mean %s?", name,
                      spelling.nearest);
    else
        console_error(console, "nothing to list is called '%s'; expected " AVAILABLE, name);
    return NULL;
}

enum exit_status list_perform(const struct arguments *arguments, struct console *console)
{
    if (arguments->n_operands != 1) {
        console_error(console, "list what? Expected one of " AVAILABLE);
        return EXIT_BAD_INPUT;
    }
    const struct list *list = find_list(arguments->operands[0], console);
    if (list == NULL)
        return EXIT_BAD_INPUT;
    if (arguments_has(arguments, OPTION_JSON))
        print_json(list, &console->out);
    else
        print_text(list, &console->out);
    return EXIT_PASSED;
}
