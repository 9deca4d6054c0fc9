/*
 * field.h - readers of single values: what tables of keys (schema.h) are made of.
 *
 * Each reads a node into a field or adds a mistake that says what was found, what was expected and,
 * for words, the nearest one. The field's type stands beside each. After a mistake the field keeps
 * what it had.
 */
#ifndef MM_SCENARIO_FIELD_H
#define MM_SCENARIO_FIELD_H

#include "scenario/schema.h"

/* An address: a number, or a bound name with an offset. */
struct mm_place {
    uint32_t name;    /* MM_NO_NAME: `offset` is the address */
    uint64_t offset;  /* bytes */
    bool below;       /* the offset is subtracted */
    const char *text; /* as the file has it */
};

void mm_read_text(struct mm_decoder *decoder, const struct mm_key *key, const struct mm_node *value,
                  void *field); /* const char * */
void mm_read_switch(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, void *field); /* bool: true or false */
void mm_read_number(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, void *field); /* uint64_t, low..high */
void mm_read_count(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field); /* uint64_t, low..high */
void mm_read_size(struct mm_decoder *decoder, const struct mm_key *key, const struct mm_node *value,
                  void *field); /* uint64_t, bytes, low..high */
void mm_read_time(struct mm_decoder *decoder, const struct mm_key *key, const struct mm_node *value,
                  void *field); /* uint64_t, cycles of the machine's CPU */
void mm_read_share(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field); /* uint32_t, billionths */
void mm_read_decimal(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, void *field); /* double, low..high */
void mm_read_place(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field); /* struct mm_place */
void mm_read_process(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, void *field); /* uint32_t, a name's number */
void mm_read_address_name(struct mm_decoder *decoder, const struct mm_key *key,
                          const struct mm_node *value, void *field); /* uint32_t, a name's number */
void mm_read_new_name(struct mm_decoder *decoder, const struct mm_key *key,
                      const struct mm_node *value, void *field); /* const struct mm_node * */

/* True if the node is a scalar with something in it; else a mistake: "KEY: expected WHAT, ...". */
bool mm_field_is_scalar(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, const char *expected);

/* The path of a host file that a scenario names: beside the scenario, if it is relative. */
const char *mm_field_host_path(struct mm_decoder *decoder, const char *path);

/* One word of a list, e.g. of signals. */
struct mm_word {
    const char *text;
    uint64_t value;
    bool later;   /* known, but not in this version */
    bool settled; /* accepted, but of no use in this version: not offered */
};

/* Looks `n_bytes` of text up among words that end with text == NULL; a mistake if it is none. */
bool mm_field_word(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, const struct mm_word *words, uint64_t *result);
bool mm_field_find_word(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, const char *text, const struct mm_word *words,
                        uint64_t *result);

/*
 * Declares the process (or the address) that a step or `processes` introduces under the name in
 * `value`; mistakes: a bad name, a second use of a process name, a name of the other kind. Returns
 * the name's number, or MM_NO_NAME.
 */
uint32_t mm_field_declare(struct mm_decoder *decoder, const char *key, const struct mm_node *value,
                          enum mm_name_kind kind);

/* The highest address of 32-bit machines. */
#define MM_ADDRESS_MAX UINT64_C(0xFFFFFFFF)

#endif
