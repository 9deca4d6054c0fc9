/*
 * load.c - from a file to a scenario, or to all of its mistakes.
 *
 *   bytes -> nodes (node.c) -> overrides (override.c) -> header (header.c) -> steps (step.c)
 *
 * Each stage goes on after mistakes as far as it can. In the end there are mistakes and no
 * scenario, or a scenario and no mistakes.
 */
#include "scenario/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- bytes ---- */

struct file_bytes {
    char *data;
    size_t n, capacity;
};

static enum mmsim_status read_error(const char *path, const char *what, struct mmsim_error *error)
{
    return mm_error_set(error, MMSIM_HOST_IO, path, "%s", what);
}

static const char *errno_text(int number)
{
    static const struct {
        int number;
        const char *text;
    } known[] = {{ENOENT, "there is no such file"},
                 {EACCES, "no permission to read it"},
                 {EISDIR, "this is a directory, not a scenario"},
                 {ENOTDIR, "a part of the path is no directory"},
                 {ENAMETOOLONG, "the path is too long"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].number == number)
            return known[i].text;
    return "it cannot be read";
}

/* Reads up to one byte more than a scenario may have. */
static enum mmsim_status read_stream(FILE *stream, const char *path, struct mm_host *host,
                                     struct file_bytes *bytes, struct mmsim_error *error)
{
    size_t limit = (size_t)MM_NODE_MAX_BYTES + 1;
    while (bytes->n < limit) {
        if (bytes->n == bytes->capacity) {
            size_t capacity = bytes->capacity == 0 ? 65536 : bytes->capacity * 2;
            char *data = mm_host_resize(host, bytes->data, bytes->capacity, capacity);
            if (!data)
                return mm_error_set(error, MMSIM_HOST_MEMORY, path, "no memory to read the file");
            bytes->data = data;
            bytes->capacity = capacity;
        }
        size_t room = bytes->capacity < limit ? bytes->capacity - bytes->n : limit - bytes->n;
        errno = 0;
        size_t n = fread(bytes->data + bytes->n, 1, room, stream);
        bytes->n += n;
        if (n == 0)
            return ferror(stream) ? read_error(path, errno_text(errno), error) : MMSIM_OK;
    }
    return MMSIM_OK;
}

static enum mmsim_status read_file(const char *path, struct mm_host *host, struct file_bytes *bytes,
                                   struct mmsim_error *error)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return read_error(path, errno_text(errno), error);
    if (S_ISDIR(status.st_mode))
        return read_error(path, errno_text(EISDIR), error);
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return read_error(path, errno_text(errno), error);
    enum mmsim_status result = read_stream(stream, path, host, bytes, error);
    (void)fclose(stream);
    return result;
}

/* ---- decoding ---- */

static void add_overrides(const struct mmsim_load_options *options, struct mm_node *root,
                          struct mm_decoder *decoder)
{
    for (const char *const *text = options->overrides; text && *text; text++)
        mm_node_override(root, *text, decoder->arena, decoder->mistakes);
}

static struct mm_node *read_nodes(const char *text, size_t n_bytes, struct mm_decoder *decoder)
{
    if (n_bytes > MM_NODE_MAX_BYTES) {
        mm_mistake_add_at(decoder->mistakes, 0, 0, "the file is larger than 16MiB: no scenario");
        return NULL;
    }
    struct mm_node *root = mm_node_parse(text, n_bytes, decoder->arena, decoder->mistakes);
    if (decoder->mistakes->n > 0 || decoder->arena->failed)
        return root && root->kind == MM_NODE_MAPPING ? root : NULL;
    if (!root || mm_node_is_null(root))
        mm_mistake_add_at(decoder->mistakes, 1, 1,
                          "the file is empty: a scenario begins with 'mmsim: 1'");
    else if (root->kind != MM_NODE_MAPPING)
        mm_mistake_add(decoder->mistakes, root,
                       "a scenario is a mapping that begins with 'mmsim: 1', found %s",
                       mm_node_describe(decoder->mistakes, root));
    else
        return root;
    return NULL;
}

static void decode(struct mmsim_scenario *scenario, struct mm_node *root,
                   const struct mmsim_load_options *options, struct mm_decoder *decoder)
{
    add_overrides(options, root, decoder);
    const struct mm_node *steps = NULL;
    mm_header_read(decoder, root, scenario, &steps);
    struct mm_step_context context = {.times = 1, .n_executed = &scenario->n_executed};
    if (steps)
        mm_steps_read(decoder, steps, &context, &scenario->steps);
}

/* Decodes into a scenario whose arena exists. */
static enum mmsim_status fill(struct mmsim_scenario *scenario, const char *text, size_t n_bytes,
                              const struct mmsim_load_options *options, struct mmsim_error *error)
{
    struct mm_mistakes mistakes;
    mm_mistakes_init(&mistakes, &scenario->arena);
    struct mm_decoder decoder = {.arena = &scenario->arena,
                                 .mistakes = &mistakes,
                                 .names = &scenario->names,
                                 .things = &scenario->things,
                                 .file = scenario->file,
                                 .traces = &scenario->traces,
                                 .config = &scenario->config};
    mmsim_config_init(&scenario->config);
    if (mm_names_init(&scenario->names, &scenario->arena) &&
        mm_names_init_empty(&scenario->things, &scenario->arena)) {
        struct mm_node *root = read_nodes(text, n_bytes, &decoder);
        if (root && !scenario->arena.failed)
            decode(scenario, root, options, &decoder);
    }
    if (!scenario->arena.failed && mistakes.n > 0)
        mm_mistakes_tell(&mistakes, scenario->file, options->diagnose, options->user, error);
    if (scenario->arena.failed)
        return mm_error_set(error, MMSIM_HOST_MEMORY, scenario->file,
                            "no memory to load the scenario");
    return mistakes.n > 0 ? MMSIM_BAD_INPUT : MMSIM_OK;
}

/* ---- the public calls ---- */

/* What the caller knows of the options, over the defaults. */
static struct mmsim_load_options whole_options(const struct mmsim_load_options *given)
{
    struct mmsim_load_options options;
    mmsim_load_options_init(&options);
    if (given) {
        size_t known = given->struct_bytes;
        memcpy(&options, given, known < sizeof options ? known : sizeof options);
    }
    return options;
}

enum mmsim_status mmsim_scenario_parse(const char *name, const char *text, size_t n_bytes,
                                       const struct mmsim_load_options *given,
                                       struct mmsim_scenario **scenario, struct mmsim_error *error)
{
    struct mmsim_load_options options = whole_options(given);
    struct mm_host host;
    mm_host_init(&host, options.allocator);
    *scenario = NULL;
    struct mmsim_scenario *made = mm_host_alloc(&host, sizeof *made);
    if (!made)
        return mm_error_set(error, MMSIM_HOST_MEMORY, name, "no memory to load the scenario");
    mm_host_init(&made->host, options.allocator);
    mm_arena_init(&made->arena, &made->host);
    made->file = mm_arena_copy(&made->arena, name, strlen(name));
    enum mmsim_status status = fill(made, text, n_bytes, &options, error);
    if (status == MMSIM_OK)
        *scenario = made;
    else
        mmsim_scenario_destroy(made);
    return status;
}

enum mmsim_status mmsim_scenario_load(const char *path, const struct mmsim_load_options *options,
                                      struct mmsim_scenario **scenario, struct mmsim_error *error)
{
    struct mmsim_load_options whole = whole_options(options);
    struct mm_host host;
    mm_host_init(&host, whole.allocator);
    struct file_bytes bytes = {0};
    *scenario = NULL;
    enum mmsim_status status = read_file(path, &host, &bytes, error);
    if (status == MMSIM_OK)
        status = mmsim_scenario_parse(path, bytes.data, bytes.n, &whole, scenario, error);
    mm_host_free(&host, bytes.data, bytes.capacity);
    return status;
}

void mmsim_scenario_destroy(struct mmsim_scenario *scenario)
{
    if (!scenario)
        return;
    for (struct mm_given_trace *given = scenario->traces; given; given = given->next)
        mmsim_trace_close(given->trace);
    mm_arena_fini(&scenario->arena);
    struct mm_host host;
    mm_host_init(&host, &scenario->host.allocator);
    host.n_blocks = 1;
    mm_host_free(&host, scenario, sizeof *scenario);
}

const char *mmsim_scenario_name(const struct mmsim_scenario *scenario)
{
    return scenario->name;
}

const char *mmsim_scenario_description(const struct mmsim_scenario *scenario)
{
    return scenario->description;
}

const char *mmsim_scenario_file(const struct mmsim_scenario *scenario)
{
    return scenario->file;
}

const struct mmsim_config *mmsim_scenario_config(const struct mmsim_scenario *scenario)
{
    return &scenario->config;
}
