/*
 * kconfig.h - the CONFIG_ options of the simulated kernel: one table, with what each depends on.
 *
 * An option is y or n. One that depends on another is n while that is n; asking for it then is a
 * mistake. Options are kept in struct mmsim_config, where each is a field; here they have names, so
 * that scenarios, files and programs speak of them in the same words.
 */
#ifndef MMSIM_KCONFIG_H
#define MMSIM_KCONFIG_H

#include <mmsim/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MMSIM_OPTION_MAX_DEPENDS 3

struct mmsim_option {
    const char *name;                              /* "CONFIG_LARGE_PAGES" */
    const char *summary;                           /* what y brings; one line */
    const char *depends[MMSIM_OPTION_MAX_DEPENDS]; /* options that must be y; NULL: no more */
    const char *needs; /* what the CPU or the paging mode must have, in words; NULL: nothing */
    bool by_default;
    bool settled; /* it cannot be changed in this version */
};

/* In the order of the table; NULL past the end. Static storage. */
const struct mmsim_option *mmsim_option_at(size_t index);
const struct mmsim_option *mmsim_option_find(const char *name);

/* Whether an option is y in a configuration; false for a name that is none. */
bool mmsim_option_get(const struct mmsim_config *config, const char *name);

/*
 * Sets an option. BAD_CONFIG: there is none of that name, or it is settled. Whether it goes
 * together with the others is judged by mmsim_options_check(), for they may still change.
 */
enum mmsim_status mmsim_option_set(struct mmsim_config *config, const char *name, bool on,
                                   struct mmsim_error *error);

/*
 * Judges the options whose names are in asked[0..n) (those that somebody set to y on purpose):
 * BAD_CONFIG, `where` the option, `text` what it needs and does not have. All others that cannot be
 * are set to n.
 */
enum mmsim_status mmsim_options_check(struct mmsim_config *config, const char *const *asked,
                                      size_t n, struct mmsim_error *error);

/* Whether the execute mode can be had: BAD_CONFIG says why not. */
enum mmsim_status mmsim_config_check_execute(const struct mmsim_config *config,
                                             struct mmsim_error *error);

/*
 * Reads a file as Kconfig writes them: `CONFIG_X=y`, `CONFIG_X=n`, `# CONFIG_X is not set`; other
 * lines with # are comments. `where` in *error is FILE:LINE:COLUMN.
 */
enum mmsim_status mmsim_kconfig_read(struct mmsim_config *config, const char *file,
                                     const char *text, size_t n_bytes, struct mmsim_error *error);
void mmsim_kconfig_write(const struct mmsim_config *config, const struct mmsim_sink *sink);

#ifdef __cplusplus
}
#endif
#endif
