/* settings.c - reading a Kconfig file, and what it names. */
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 64, MAX_CHARS = 80, MAX_BYTES = 1 << 20 };

struct settings {
    size_t n;
    char texts[MAX_OPTIONS][MAX_CHARS];
};

static char *read_whole(const char *path, size_t *n, struct console *console)
{
    FILE *file = fopen(path, "rb");
    char *text = file != NULL ? malloc(MAX_BYTES) : NULL;
    if (text == NULL) {
        console_error(console, "%s: %s", path, strerror(errno));
        if (file != NULL)
            fclose(file);
        return NULL;
    }
    *n = fread(text, 1, MAX_BYTES, file);
    bool good = !ferror(file) && *n < MAX_BYTES;
    if (!good)
        console_error(console, "%s: %s", path,
                      ferror(file) ? "cannot be read" : "larger than a file of options can be");
    fclose(file);
    if (good)
        return text;
    free(text);
    return NULL;
}

/* All options y, or all n: what both come to be after reading, the file has said. */
static void set_all(struct mmsim_config *config, bool on)
{
    struct mmsim_error error;
    const struct mmsim_option *option;
    mmsim_config_init(config);
    for (size_t i = 0; (option = mmsim_option_at(i)) != NULL; i++)
        if (!option->settled)
            (void)mmsim_option_set(config, option->name, on, &error);
}

static bool fill(struct settings *settings, const char *path, const char *text, size_t n,
                 struct console *console)
{
    struct mmsim_config from_yes, from_no;
    struct mmsim_error error;
    set_all(&from_yes, true);
    set_all(&from_no, false);
    if (mmsim_kconfig_read(&from_yes, path, text, n, &error) ||
        mmsim_kconfig_read(&from_no, path, text, n, &error)) {
        console_error(console, "%s: %s", error.where, error.text);
        return false;
    }
    const struct mmsim_option *option;
    for (size_t i = 0; (option = mmsim_option_at(i)) != NULL && settings->n < MAX_OPTIONS; i++) {
        bool on = mmsim_option_get(&from_yes, option->name);
        if (!option->settled && on == mmsim_option_get(&from_no, option->name))
            snprintf(settings->texts[settings->n++], MAX_CHARS, "kernel.%s=%s", option->name,
                     on ? "y" : "n");
    }
    return true;
}

struct settings *settings_read(const char *path, struct console *console)
{
    size_t n = 0;
    char *text = read_whole(path, &n, console);
    struct settings *settings = text != NULL ? calloc(1, sizeof *settings) : NULL;
    if (settings != NULL && !fill(settings, path, text, n, console)) {
        free(settings);
        settings = NULL;
    }
    free(text);
    return settings;
}

void settings_free(struct settings *settings)
{
    free(settings);
}

size_t settings_count(const struct settings *settings)
{
    return settings->n;
}

const char *settings_at(const struct settings *settings, size_t index)
{
    return settings->texts[index];
}
