/* window.c - which windows can be built, and how an access to one is judged. */
#include "hw/window.h"

#include <string.h>

#include "base/assert.h"
#include "base/text.h"
#include "hw/device.h"

/* ---- which windows can be built ---- */

const struct mmsim_device_ops *mm_window_ops(const struct mmsim_mmio_window *wanted)
{
    return wanted->ops ? wanted->ops : mm_device_find(wanted->device);
}

struct span {
    const char *name;
    mmsim_paddr at;
    uint64_t size;
};

static bool overlap(const struct span *a, const struct span *b)
{
    return a->at < b->at ? b->at - a->at < a->size : a->at - b->at < b->size;
}

static enum mmsim_status judge_overlap(const struct span *ours, const struct span *other,
                                       struct mmsim_error *error)
{
    if (!overlap(ours, other))
        return MMSIM_OK;
    return mm_error_set(
        error, MMSIM_BAD_CONFIG, "mmio.at", "%s (0x%llx-0x%llx) overlaps %s (0x%llx-0x%llx)",
        ours->name, (unsigned long long)ours->at, (unsigned long long)(ours->at + ours->size - 1),
        other->name, (unsigned long long)other->at,
        (unsigned long long)(other->at + other->size - 1));
}

static enum mmsim_status judge_place(const struct mmsim_mmio_window *wanted, mmsim_paddr end,
                                     struct mmsim_error *error)
{
    if (wanted->size == 0)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "mmio.size", "%s: a window of no bytes",
                            wanted->name);
    if (wanted->at >= end || wanted->size > end - wanted->at)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "mmio.at",
                            "%s: %llu bytes at 0x%llx end beyond 0x%llx, the last physical address",
                            wanted->name, (unsigned long long)wanted->size,
                            (unsigned long long)wanted->at, (unsigned long long)(end - 1));
    return MMSIM_OK;
}

static unsigned widest(uint8_t widths)
{
    unsigned width = 8;
    while (width > 1 && !(widths & width))
        width /= 2;
    return width;
}

static enum mmsim_status no_device(const struct mmsim_mmio_window *wanted,
                                   struct mmsim_error *error)
{
    const char *nearest = mm_device_nearest(wanted->device);
    return mm_error_set(
        error, MMSIM_BAD_CONFIG, "mmio.device", "%s: there is no device '%.80s'%s%s%s",
        wanted->name, wanted->device ? wanted->device : "(null)", nearest ? "; did you mean '" : "",
        nearest ? nearest : "", nearest ? "'?" : "");
}

static enum mmsim_status judge_device(const struct mmsim_mmio_window *wanted,
                                      struct mmsim_error *error)
{
    const struct mmsim_device_ops *ops = mm_window_ops(wanted);
    if (!ops)
        return no_device(wanted, error);
    if (ops->abi != MMSIM_DEVICE_ABI || ops->size != sizeof *ops)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "mmio.device",
                            "%s: the device was built for another version of device.h",
                            wanted->name);
    for (const struct mmsim_device_register *row = ops->registers; row->name; row++)
        if (row->offset + (uint64_t)widest(row->widths) > wanted->size)
            return mm_error_set(error, MMSIM_BAD_CONFIG, "mmio.size",
                                "%s: register %s at offset 0x%x does not fit %llu bytes",
                                wanted->name, row->name, row->offset,
                                (unsigned long long)wanted->size);
    return MMSIM_OK;
}

enum mmsim_status mm_window_judge(const struct mmsim_mmio_window *list, size_t index,
                                  const struct mm_phys *ram, mmsim_paddr end,
                                  struct mmsim_error *error)
{
    const struct mmsim_mmio_window *wanted = &list[index];
    enum mmsim_status status = judge_place(wanted, end, error);
    struct span ours = {wanted->name, wanted->at, wanted->size};
    for (unsigned i = 0; i < ram->n_ranges && !status; i++) {
        const struct mm_phys_range *range = &ram->ranges[i];
        struct span other = {"RAM", range->start, range->end - range->start};
        status = judge_overlap(&ours, &other, error);
    }
    for (size_t i = 0; i < index && !status; i++) {
        struct span other = {list[i].name, list[i].at, list[i].size};
        status = judge_overlap(&ours, &other, error);
    }
    return status ? status : judge_device(wanted, error);
}

/* ---- building ---- */

bool mm_window_init(struct mm_window *window, const struct mmsim_mmio_window *wanted,
                    const struct mmsim_device_setup *clock, struct mm_host *host)
{
    struct mmsim_device_setup setup = *clock;
    setup.name = wanted->name;
    setup.window_bytes = wanted->size;
    setup.input = wanted->input;
    setup.input_bytes = wanted->input_bytes;
    *window =
        (struct mm_window){.at = wanted->at, .size = wanted->size, .ops = mm_window_ops(wanted)};
    MM_ASSERT(strlen(wanted->name) < sizeof window->name, "a window's name is too long");
    memcpy(window->name, wanted->name, strlen(wanted->name));
    window->state_bytes = window->ops->state_bytes(&setup);
    window->state = mm_host_alloc(host, window->state_bytes);
    if (window->state)
        window->ops->init(window->state, &setup);
    return window->state != NULL;
}

void mm_window_fini(struct mm_window *window, struct mm_host *host)
{
    mm_host_free(host, window->state, window->state_bytes);
    *window = (struct mm_window){.state = NULL};
}

/* ---- accesses ---- */

static uint8_t right_of(enum mmsim_access_kind kind)
{
    return kind == MMSIM_ACCESS_WRITE ? MMSIM_REGISTER_WRITE : MMSIM_REGISTER_READ;
}

/* The register for an access of that kind; if there is only one for the other kind, that one. */
static const struct mmsim_device_register *find_register(const struct mmsim_device_ops *ops,
                                                         uint64_t offset, uint8_t right)
{
    const struct mmsim_device_register *other = NULL;
    for (const struct mmsim_device_register *row = ops->registers; row->name; row++) {
        if (row->offset != offset)
            continue;
        if (row->rights & right)
            return row;
        other = row;
    }
    return other;
}

static enum mmsim_bus_error judge(const struct mm_window *window,
                                  const struct mm_bus_transfer *transfer)
{
    uint64_t offset = transfer->address - window->at;
    bool inside = transfer->address >= window->at && offset < window->size &&
                  transfer->n_bytes <= window->size - offset;
    if (!inside || transfer->n_bytes != transfer->access_bytes)
        return MMSIM_BUS_ERROR_PARTLY;
    if (transfer->address % transfer->n_bytes != 0)
        return MMSIM_BUS_ERROR_ALIGNMENT;
    uint8_t right = right_of(transfer->kind);
    const struct mmsim_device_register *found = find_register(window->ops, offset, right);
    if (!found)
        return MMSIM_BUS_ERROR_REGISTER;
    if (!(found->rights & right))
        return right == MMSIM_REGISTER_WRITE ? MMSIM_BUS_ERROR_READ_ONLY
                                             : MMSIM_BUS_ERROR_WRITE_ONLY;
    bool single = (transfer->n_bytes & (transfer->n_bytes - 1)) == 0; /* 3 bytes are no 1 | 2 */
    return single && (found->widths & transfer->n_bytes) ? MMSIM_BUS_ERROR_NONE
                                                         : MMSIM_BUS_ERROR_WIDTH;
}

/* Values are little-endian, as the host is (base/assert.h). */
static void do_read(const struct mm_window *window, const struct mm_bus_transfer *transfer,
                    void *data, struct mm_bus_answer *answer)
{
    uint32_t offset = (uint32_t)(transfer->address - window->at);
    uint64_t value = 0;
    if (!answer->error &&
        !window->ops->read(window->state, offset, (unsigned)transfer->n_bytes, &value))
        answer->error = MMSIM_BUS_ERROR_DEVICE;
    if (answer->error)
        value = UINT64_MAX;
    if (transfer->n_bytes > sizeof value)
        memset(data, 0xff, transfer->n_bytes);
    else
        memcpy(data, &value, transfer->n_bytes);
    memcpy(&answer->value, data,
           transfer->n_bytes < sizeof value ? transfer->n_bytes : sizeof value);
}

static void do_write(const struct mm_window *window, const struct mm_bus_transfer *transfer,
                     const void *data, struct mm_bus_answer *answer)
{
    uint32_t offset = (uint32_t)(transfer->address - window->at);
    size_t n_bytes = transfer->n_bytes;
    memcpy(&answer->value, data, n_bytes < sizeof answer->value ? n_bytes : sizeof answer->value);
    if (!answer->error &&
        !window->ops->write(window->state, offset, (unsigned)n_bytes, answer->value))
        answer->error = MMSIM_BUS_ERROR_DEVICE;
}

struct mm_bus_answer mm_window_access(const struct mm_window *window,
                                      const struct mm_bus_transfer *transfer, void *data)
{
    struct mm_bus_answer answer = {.window = window, .error = judge(window, transfer)};
    if (transfer->kind == MMSIM_ACCESS_WRITE)
        do_write(window, transfer, data, &answer);
    else
        do_read(window, transfer, data, &answer);
    return answer;
}

const char *mm_window_check(const struct mm_window *window)
{
    return window->ops->check ? window->ops->check(window->state) : NULL;
}
