/* settings.h - a Kconfig file as overrides of a scenario: "kernel.CONFIG_ASLR=y". */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli.h"

struct settings;

/* NULL: said why on standard error, with file, line and column. The caller frees it. */
struct settings *settings_read(const char *path, struct console *console);
void settings_free(struct settings *settings);

/* One override for each option that the file names and that can be changed. */
size_t settings_count(const struct settings *settings);
const char *settings_at(const struct settings *settings, size_t index);

#endif
