/*
 * schema.h - which keys a mapping may have, and how each is read: tables, and the one loop over
 * them.
 *
 * A table row names a key, says whether it must be there, how its value is read and into which
 * field of a struct. Reading goes on after a mistake, so that a file's mistakes come all at once. A
 * row without a reader belongs to a part that is not built: its key is a mistake that says so.
 */
#ifndef MM_SCENARIO_SCHEMA_H
#define MM_SCENARIO_SCHEMA_H

#include "scenario/names.h"
#include "scenario/node.h"

/* What readers of values need besides the value. */
struct mm_decoder {
    struct mm_arena *arena;
    struct mm_mistakes *mistakes;
    struct mm_names *names;
    struct mm_names *things;        /* caches, pools and scopes */
    const char *file;               /* as the caller named it */
    struct mm_given_trace **traces; /* that were opened; the scenario's */
    struct mmsim_config *config;    /* of the machine; complete before the first step is read */
    uint32_t cpu_mhz;
};

struct mm_given_trace;
struct mm_key;
typedef void (*mm_key_reader)(struct mm_decoder *decoder, const struct mm_key *key,
                              const struct mm_node *value, void *field);

enum mm_key_need { MM_KEY_OPTIONAL, MM_KEY_REQUIRED };

struct mm_key {
    const char *name;
    enum mm_key_need need;
    mm_key_reader read; /* NULL: not in this version */
    size_t offset;      /* of the field in the struct that is filled */
    uint64_t low, high; /* range of a number, inclusive */
    const char *meaning;
    bool settled; /* has one value so far: accepted, not offered */
};

/* Tables of keys end with a row without a name. */
#define MM_KEYS_END                                                                                \
    {                                                                                              \
        .name = NULL                                                                               \
    }

struct mm_schema {
    const char *what;             /* "an mmap step", "'machine'": for messages */
    const struct mm_key *keys[2]; /* the second may be NULL */
};

/* Fills `target` from a mapping. Anything else than a mapping is a mistake. */
void mm_schema_read(struct mm_decoder *decoder, const struct mm_schema *schema,
                    const struct mm_node *mapping, void *target);

/* "a, b, c": the keys that may be given, in the arena. */
const char *mm_schema_list(struct mm_decoder *decoder, const struct mm_schema *schema);

/* A key such as `do:read`, which YAML does not split; what to say about it. */
bool mm_schema_lacks_space(const struct mm_node *key, const struct mm_node *value);
const char *mm_schema_space_hint(struct mm_decoder *decoder, const char *text);

/* The article of a word as it is spoken: "an mmap", "a munmap", "an access". */
const char *mm_schema_article(const char *word);

#endif
