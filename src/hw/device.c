/* device.c - the table of devices, and the words for what the bus refuses. */
#include "hw/device.h"

#include <string.h>

#include "base/text.h"

static const struct mmsim_device_ops *const devices[] = {&mm_device_uart, &mm_device_timer};
enum { N_DEVICES = sizeof devices / sizeof devices[0] };

static const char *const error_texts[] = {
#define X(NAME, meaning) [MMSIM_BUS_ERROR_##NAME] = meaning,
    MMSIM_BUS_ERROR_LIST(X)
#undef X
};

const char *mmsim_bus_error_text(enum mmsim_bus_error error)
{
    return (unsigned)error < MMSIM_N_BUS_ERRORS ? error_texts[error] : "?";
}

const struct mmsim_device_ops *mmsim_device_at(size_t index)
{
    return index < N_DEVICES ? devices[index] : NULL;
}

const struct mmsim_device_ops *mm_device_find(const char *name)
{
    for (size_t i = 0; i < N_DEVICES; i++)
        if (name && strcmp(devices[i]->name, name) == 0)
            return devices[i];
    return NULL;
}

const char *mm_device_nearest(const char *name)
{
    const char *names[N_DEVICES];
    for (size_t i = 0; i < N_DEVICES; i++)
        names[i] = devices[i]->name;
    return name ? mm_text_nearest(name, names, N_DEVICES) : NULL;
}
