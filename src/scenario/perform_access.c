/*
 * perform_access.c - verbs whose bytes go through the MMU: read, write, fill, compare, exec,
 * access.
 *
 * Long ranges are cut at page boundaries, so that what the machine sees does not depend on the
 * buffers here. The references of `access` are made by references.c.
 */
#include <string.h>

#include "base/rng.h"
#include "scenario/load.h"
#include "scenario/references.h"
#include "scenario/result.h"
#include "scenario/verb.h"

void mm_run_access(struct mm_run *run, const struct mmsim_access *access)
{
    struct mm_outcome *outcome = &run->outcome;
    outcome->outcome = access->outcome;
    outcome->error = access->error;
    outcome->signal = access->signal;
    outcome->code = access->code;
    outcome->bus_error = access->bus_error;
    outcome->done += access->done;
    bool refused = access->outcome == MMSIM_SIGNAL ||
                   (access->outcome == MMSIM_ERROR &&
                    (access->error == MMSIM_EFAULT || access->error == MMSIM_EIO));
    if (!refused)
        return;
    outcome->parts |= MM_HAS_REFUSED;
    outcome->address = access->address;
}

/* ---- ranges ---- */

/* Bytes from `address` to the end of its page, at most `left`. */
static size_t chunk_bytes(mmsim_vaddr address, uint64_t left)
{
    uint64_t room = MMSIM_PAGE_SIZE - (address & MMSIM_PAGE_MASK);
    return (size_t)(room < left ? room : left);
}

static bool write_range(struct mm_run *run, const struct mm_step *step, mmsim_vaddr address,
                        const uint8_t *data, size_t n_bytes)
{
    struct mmsim_access access = mmsim_write(mm_run_actor(run, step), address, data, n_bytes);
    mm_run_access(run, &access);
    return access.outcome == MMSIM_DONE;
}

static bool read_range(struct mm_run *run, const struct mm_step *step, mmsim_vaddr address,
                       void *data, size_t n_bytes)
{
    struct mmsim_access access = mmsim_read(mm_run_actor(run, step), address, data, n_bytes);
    mm_run_access(run, &access);
    return access.outcome == MMSIM_DONE;
}

void mm_perform_fill(struct mm_run *run, const struct mm_step *step)
{
    run->access = MMSIM_ACCESS_WRITE;
    mmsim_vaddr address;
    if (!mm_run_place(run, &step->at, &address))
        return;
    uint8_t data[MMSIM_PAGE_SIZE];
    memset(data, (int)step->value, sizeof data);
    for (uint64_t at = 0; at < step->length;) {
        size_t n = chunk_bytes(address + at, step->length - at);
        if (!write_range(run, step, address + at, data, n))
            return;
        at += n;
    }
}

/* All of the range is read, whatever it holds, so that the machine's work does not depend on it. */
static void compare_chunk(struct mm_outcome *outcome, const uint8_t *data, size_t n, uint64_t at)
{
    for (size_t i = 0; i < n && !outcome->differs; i++) {
        if (data[i] == outcome->expected_byte)
            continue;
        outcome->differs = true;
        outcome->differs_at = at + i;
        outcome->actual_byte = data[i];
    }
}

void mm_perform_compare(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    if (!mm_run_place(run, &step->at, &address))
        return;
    run->outcome.expected_byte = (uint8_t)step->value;
    uint8_t data[MMSIM_PAGE_SIZE];
    for (uint64_t at = 0; at < step->length;) {
        size_t n = chunk_bytes(address + at, step->length - at);
        if (!read_range(run, step, address + at, data, n))
            return;
        compare_chunk(&run->outcome, data, n, at);
        at += n;
    }
}

/* ---- single accesses ---- */

static void read_bytes(struct mm_run *run, const struct mm_step *step, mmsim_vaddr address)
{
    char data[MMSIM_PAGE_SIZE];
    for (uint64_t at = 0; at < step->bytes.n;) {
        size_t n = chunk_bytes(address + at, step->bytes.n - at);
        if (!read_range(run, step, address + at, data, n))
            return;
        mm_text_append(&run->bytes, data, n);
        at += n;
    }
    run->no_memory |= run->bytes.failed;
    run->outcome.parts |= MM_HAS_BYTES;
}

void mm_perform_read(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    if (!mm_run_place(run, &step->at, &address))
        return;
    if (step->bytes.data) {
        read_bytes(run, step, address);
        return;
    }
    uint64_t value = 0; /* little-endian, as the host is (base/assert.h) */
    bool done = read_range(run, step, address, &value, (size_t)step->size);
    if (!done && !run->outcome.bus_error) /* what the bus refuses reads as all ones */
        return;
    run->outcome.parts |= MM_HAS_VALUE;
    run->outcome.value = value;
}

static void write_bytes(struct mm_run *run, const struct mm_step *step, mmsim_vaddr address)
{
    for (uint64_t at = 0; at < step->bytes.n;) {
        size_t n = chunk_bytes(address + at, step->bytes.n - at);
        if (!write_range(run, step, address + at, step->bytes.data + at, n))
            return;
        at += n;
    }
}

void mm_perform_write(struct mm_run *run, const struct mm_step *step)
{
    run->access = MMSIM_ACCESS_WRITE;
    mmsim_vaddr address;
    if (!mm_run_place(run, &step->at, &address))
        return;
    if (step->bytes.data) {
        write_bytes(run, step, address);
        return;
    }
    uint64_t value = step->value;
    if (step->has_pointer && !mm_run_place(run, &step->pointer, &value))
        return;
    uint8_t data[sizeof value];
    memcpy(data, &value, sizeof data);
    (void)write_range(run, step, address, data, (size_t)step->size);
}

void mm_perform_exec(struct mm_run *run, const struct mm_step *step)
{
    run->access = MMSIM_ACCESS_FETCH;
    mmsim_vaddr address;
    if (!mm_run_place(run, &step->at, &address))
        return;
    struct mmsim_access access = mmsim_fetch(mm_run_actor(run, step), address);
    mm_run_access(run, &access);
}

/* ---- many references ---- */

static void fill_from_pattern(struct mm_references *references, struct mmsim_reference *batch,
                              size_t n)
{
    mm_pattern_fill(&references->pattern, batch, n);
}

bool mm_open_access(struct mm_run *run, const struct mm_step *step,
                    struct mm_references *references)
{
    const struct mm_binding *over = &run->bindings[step->over];
    uint64_t length = step->has_length ? step->length : over->length;
    if (!over->bound) {
        mm_run_errno(run, MMSIM_EFAULT);
        run->outcome.unnamed = true;
        return false;
    }
    uint64_t own_seed = mm_rng_mix(run->scenario->config.seed + mm_rng_mix(run->index));
    struct mm_pattern_setup setup = {
        .kind = (enum mm_pattern_kind)step->pattern,
        .base = over->address,
        .length = length,
        .stride = step->stride,
        .theta = step->theta,
        .write_share = step->writes,
        .seed = step->has_seed ? step->seed : own_seed,
    };
    references->fill = fill_from_pattern;
    references->left = step->count;
    bool opened = mm_pattern_init(&references->pattern, &setup, run->host);
    run->no_memory |= !opened;
    return opened;
}
