/*
 * header_mmio.c - the key `machine.mmio` of a scenario: devices, and where they answer.
 *
 * A device's name becomes the name of its address, so that a step can say uart0+5.
 */
#include <string.h>

#include "scenario/field.h"
#include "scenario/header.h"
#include "scenario/step.h"
#include "sim/machine.h"

struct window_keys {
    const struct mm_node *name_node;
    uint64_t at, size;
    const char *device;
    struct mm_bytes input;
};

static void read_device(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, void *field)
{
    enum { MAX_DEVICES = 32 };
    struct mm_word words[MAX_DEVICES + 1] = {{.text = NULL}};
    const struct mmsim_device_ops *ops;
    for (size_t i = 0; i < MAX_DEVICES && (ops = mmsim_device_at(i)) != NULL; i++)
        words[i] = (struct mm_word){.text = ops->name, .value = i};
    uint64_t index;
    if (mm_field_word(decoder, key, value, words, &index))
        *(const char **)field = words[index].text;
}

#define WINDOW_FIELD(field) offsetof(struct window_keys, field)

static const struct mm_key window_table[] = {
    {.name = "name",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_new_name,
     .offset = WINDOW_FIELD(name_node),
     .meaning = "what the device is called"},
    {.name = "at",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_size,
     .offset = WINDOW_FIELD(at),
     .high = UINT64_MAX,
     .meaning = "its address, within 0xF0000000..0xFFFFFFFF"},
    {.name = "size",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_size,
     .offset = WINDOW_FIELD(size),
     .high = UINT64_MAX,
     .meaning = "bytes of its window, whole pages"},
    {.name = "device",
     .need = MM_KEY_REQUIRED,
     .read = read_device,
     .offset = WINDOW_FIELD(device),
     .meaning = "what kind it is"},
    {.name = "input",
     .read = mm_read_bytes,
     .offset = WINDOW_FIELD(input),
     .meaning = "what comes in from outside"},
    MM_KEYS_END,
};

/* The window that the configuration was given last: kept only if it can be built. */
static void judge(struct mm_decoder *decoder, const struct mm_node *node,
                  struct mmsim_config *config)
{
    struct mmsim_error error = {.status = MMSIM_OK};
    if (mm_config_check_window(config, config->n_mmio, &error) == MMSIM_OK) {
        config->n_mmio++;
        return;
    }
    const char *key = strchr(error.where, '.'); /* "mmio.at" */
    const struct mm_node *place = key ? mm_node_get(node, key + 1) : NULL;
    mm_mistake_add(decoder->mistakes, place ? place : node, "%s: %s", key ? key + 1 : "mmio",
                   error.text);
}

static void read_window(struct mm_decoder *decoder, const struct mm_node *node,
                        struct mmsim_config *config, struct mmsim_mmio_window *window)
{
    struct mm_schema schema = {.what = "a device", .keys = {window_table, NULL}};
    struct window_keys keys = {.at = UINT64_MAX};
    mm_schema_read(decoder, &schema, node, &keys);
    bool named = keys.name_node &&
                 mm_field_declare(decoder, "name", keys.name_node, MM_NAME_ADDRESS) != MM_NO_NAME;
    if (!named || keys.at == UINT64_MAX || !mm_node_get(node, "size") || !keys.device)
        return; /* there are mistakes already */
    *window = (struct mmsim_mmio_window){.name = keys.name_node->text,
                                         .at = keys.at,
                                         .size = keys.size,
                                         .device = keys.device,
                                         .input = keys.input.data,
                                         .input_bytes = keys.input.n};
    judge(decoder, node, config);
}

void mm_header_read_devices(struct mm_decoder *decoder, const struct mm_node *list,
                            struct mmsim_config *config)
{
    struct mmsim_mmio_window *windows =
        mm_arena_alloc_array(decoder->arena, list->n_children, sizeof *windows);
    config->mmio = windows;
    for (const struct mm_node *node = list->first; node && windows; node = node->next)
        read_window(decoder, node, config, &windows[config->n_mmio]);
}
