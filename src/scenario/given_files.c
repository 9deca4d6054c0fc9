/* given_files.c - the files of a scenario, made before its first step; see run.h. */
#include <string.h>

#include "base/rng.h"
#include "scenario/load.h"
#include "scenario/run.h"

/* The bytes of a file from `at` on, n of them. */
static void contents_of(const struct mm_given_file *file, uint64_t at, uint64_t n,
                        struct mm_rng *rng, uint8_t *bytes)
{
    if (file->contents)
        memcpy(bytes, file->contents + at, n);
    else if (!file->random)
        memset(bytes, (int)file->fill, n);
    else
        for (uint64_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)mm_rng_next(rng);
}

static bool make_file(struct mm_run *run, const struct mm_given_file *given, uint64_t number)
{
    uint8_t bytes[MMSIM_PAGE_SIZE];
    struct mmsim_file *file;
    struct mm_rng rng;
    mm_rng_seed(&rng, run->scenario->config.seed + number);
    if (mmsim_file_create(run->machine, given->name, given->size, &file))
        return false;
    bool is_hole = !given->contents && !given->random && given->fill == 0;
    for (uint64_t at = 0; at < given->size && !is_hole;) {
        uint64_t n = given->size - at < sizeof bytes ? given->size - at : sizeof bytes;
        uint64_t done;
        contents_of(given, at, n, &rng, bytes);
        if (mmsim_file_write(file, at, bytes, n, &done))
            return false;
        at += n;
    }
    return true;
}

bool mm_run_make_files(struct mm_run *run)
{
    const struct mmsim_scenario *scenario = run->scenario;
    for (size_t i = 0; i < scenario->n_files; i++)
        if (!make_file(run, &scenario->files[i], i))
            return false;
    if (scenario->n_files > 0 && mmsim_sync(run->machine))
        return false;
    for (size_t i = 0; mmsim_file_at(run->machine, i); i++)
        mmsim_file_drop(mmsim_file_at(run->machine, i));
    return true;
}
