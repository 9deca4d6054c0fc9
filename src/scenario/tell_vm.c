/* tell_vm.c - what the verbs of virtual memory and files were asked, for people; see tell.c. */
#include <inttypes.h>
#include <string.h>

#include "scenario/load.h"
#include "scenario/verb.h"

static bool is(const struct mm_step *step, const char *name)
{
    return strcmp(step->verb->info.name, name) == 0;
}

void mm_tell_vm(struct mm_run *run, const struct mm_step *step, struct mm_text *line)
{
    mm_text_puts(line, step->verb->info.name);
    if (step->vm.file)
        mm_text_printf(line, " %s", step->vm.file);
    if (step->has_length) {
        mm_text_puts(line, " ");
        mm_tell_put_size(line, step->length);
    }
    if (is(step, "mremap")) {
        mm_text_puts(line, " to ");
        mm_tell_put_size(line, step->vm.new_length);
    }
    if (step->has_at)
        mm_tell_put_place(run, &step->at, line);
    if (step->vm.offset > 0)
        mm_text_printf(line, " from byte %" PRIu64, step->vm.offset);
    if (is(step, "wrpkru"))
        mm_text_printf(line, " 0x%08" PRIx64, step->value);
    if (is(step, "pkey-free") || is(step, "pkey-mprotect"))
        mm_text_printf(line, " key %" PRIu64, step->vm.key);
    if (is(step, "wait"))
        mm_text_printf(line, " %" PRIu64 " cycles", step->vm.cycles);
    if (step->name != MM_NO_NAME)
        mm_text_printf(line, " as %s", run->scenario->names.rows[step->name].text);
}
