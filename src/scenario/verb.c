/*
 * verb.c - the table of verbs and their keys; see verb.h. Those of the kernel's memory follow in
 * verb_heap.c.
 */
#include "scenario/verb.h"

#include <string.h>

#include "scenario/references.h"

#define FIELD(field) offsetof(struct mm_step, field)

enum { MAX_QUANTUM = 1000000000 };

/* Rows that several verbs share. */
#define BY                                                                                         \
    {                                                                                              \
        .name = "by", .need = MM_KEY_REQUIRED, .read = mm_read_process, .offset = FIELD(by),       \
        .meaning = "the process that does it, or kernel"                                           \
    }
#define AT                                                                                         \
    {                                                                                              \
        .name = "at", .need = MM_KEY_REQUIRED, .read = mm_read_place, .offset = FIELD(at),         \
        .meaning = "an address, or a bound name with an offset"                                    \
    }
#define LENGTH                                                                                     \
    {                                                                                              \
        .name = "length", .need = MM_KEY_REQUIRED, .read = mm_read_size, .offset = FIELD(length),  \
        .high = UINT64_MAX, .meaning = "how many bytes"                                            \
    }
#define PROT                                                                                       \
    {                                                                                              \
        .name = "prot", .need = MM_KEY_REQUIRED, .read = mm_read_protection,                       \
        .offset = FIELD(prot), .meaning = "letters of rwx, or none"                                \
    }
#define SIZE                                                                                       \
    {                                                                                              \
        .name = "size", .read = mm_read_value_size, .offset = FIELD(size),                         \
        .meaning = "of the value in bytes: 1, 2, 4 or 8"                                           \
    }
#define BYTE_VALUE                                                                                 \
    {                                                                                              \
        .name = "value", .need = MM_KEY_REQUIRED, .read = mm_read_number, .offset = FIELD(value),  \
        .high = 255, .meaning = "a byte"                                                           \
    }
#define NEW_PROCESS(key)                                                                           \
    {                                                                                              \
        .name = key, .need = MM_KEY_REQUIRED, .read = mm_read_new_name,                            \
        .offset = FIELD(name_node), .meaning = "the new process's name"                            \
    }
#define LATER(key)                                                                                 \
    {                                                                                              \
        .name = key                                                                                \
    }

static const struct mm_key spawn_keys[] = {NEW_PROCESS("name"), MM_KEYS_END};
static const struct mm_key fork_keys[] = {BY, NEW_PROCESS("as"), MM_KEYS_END};
static const struct mm_key exit_keys[] = {
    BY,
    {.name = "code",
     .read = mm_read_number,
     .offset = FIELD(code),
     .high = 255,
     .meaning = "the exit code"},
    MM_KEYS_END,
};
static const struct mm_key switch_keys[] = {BY, MM_KEYS_END};
static const struct mm_key mmap_keys[] = {
    BY,
    {.name = "as",
     .read = mm_read_new_name,
     .offset = FIELD(name_node),
     .meaning = "the name that the address gets"},
    {.name = "at",
     .read = mm_read_place,
     .offset = FIELD(at),
     .meaning = "the address wished for, or with fixed demanded"},
    LENGTH,
    PROT,
    {.name = "flags",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_flags,
     .offset = FIELD(flags),
     .meaning = "private or shared, anonymous, fixed, ..., joined by |"},
    {.name = "file",
     .read = mm_read_file_name,
     .offset = FIELD(vm.file),
     .meaning = "the file or shared object that is mapped"},
    {.name = "offset",
     .read = mm_read_size,
     .offset = FIELD(vm.offset),
     .high = UINT64_MAX,
     .meaning = "where in the file"},
    {.name = "access",
     .read = mm_read_file_access,
     .offset = FIELD(vm.access),
     .meaning = "how the file was opened: rw, ro, wo"},
    MM_KEYS_END,
};
static const struct mm_key munmap_keys[] = {BY, AT, LENGTH, MM_KEYS_END};
static const struct mm_key mprotect_keys[] = {BY, AT, LENGTH, PROT, MM_KEYS_END};
static const struct mm_key read_keys[] = {BY, AT, SIZE, MM_KEYS_END};
static const struct mm_key write_keys[] = {
    BY,
    AT,
    {.name = "value",
     .read = mm_read_number,
     .offset = FIELD(value),
     .high = UINT64_MAX,
     .meaning = "a number"},
    {.name = "bytes",
     .read = mm_read_bytes,
     .offset = FIELD(bytes),
     .meaning = "text, or 0x and hexadecimal digits"},
    {.name = "pointer",
     .read = mm_read_place,
     .offset = FIELD(pointer),
     .meaning = "an address, which is stored"},
    SIZE,
    MM_KEYS_END,
};
static const struct mm_key mmio_write_keys[] = {
    BY,
    AT,
    {.name = "value",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_number,
     .offset = FIELD(value),
     .high = UINT64_MAX,
     .meaning = "a number"},
    SIZE,
    MM_KEYS_END,
};
static const struct mm_key fill_keys[] = {BY, AT, LENGTH, BYTE_VALUE, MM_KEYS_END};
static const struct mm_key exec_keys[] = {BY, AT, MM_KEYS_END};
static const struct mm_key access_keys[] = {
    BY,
    {.name = "over",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_address_name,
     .offset = FIELD(over),
     .meaning = "the name of a mapping"},
    {.name = "length",
     .read = mm_read_size,
     .offset = FIELD(length),
     .low = 4,
     .high = MM_PATTERN_MAX_BYTES,
     .meaning = "bytes of it"},
    {.name = "pattern",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_pattern,
     .offset = FIELD(pattern),
     .meaning = "sequential, stride, loop, random or zipf"},
    {.name = "count",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_count,
     .offset = FIELD(count),
     .low = 1,
     .high = UINT64_C(1) << 40,
     .meaning = "how many references"},
    {.name = "writes",
     .read = mm_read_share,
     .offset = FIELD(writes),
     .meaning = "share of stores"},
    {.name = "stride",
     .read = mm_read_size,
     .offset = FIELD(stride),
     .high = MM_PATTERN_MAX_BYTES,
     .meaning = "bytes from one reference to the next"},
    {.name = "theta",
     .read = mm_read_decimal,
     .offset = FIELD(theta),
     .high = 10,
     .meaning = "how uneven zipf is"},
    {.name = "seed",
     .read = mm_read_number,
     .offset = FIELD(seed),
     .high = UINT64_MAX,
     .meaning = "of its random numbers"},
    LATER("phases"),
    MM_KEYS_END,
};
static const struct mm_key replay_keys[] = {
    BY,
    {.name = "trace",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_trace,
     .offset = FIELD(trace),
     .meaning = "a file of the host"},
    {.name = "over",
     .read = mm_read_address_name,
     .offset = FIELD(over),
     .meaning = "the name of a mapping, which has page 0 of the trace first"},
    {.name = "as",
     .read = mm_read_new_name,
     .offset = FIELD(name_node),
     .meaning = "a name for the mapping that it makes without `over`"},
    {.name = "limit",
     .read = mm_read_count,
     .offset = FIELD(count),
     .low = 1,
     .high = UINT64_C(1) << 40,
     .meaning = "how many references, at most"},
    {.name = "start",
     .read = mm_read_count,
     .offset = FIELD(start),
     .high = UINT64_MAX,
     .meaning = "the first reference, from 0"},
    MM_KEYS_END,
};
static const struct mm_key repeat_keys[] = {
    {.name = "times",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_count,
     .offset = FIELD(times),
     .low = 1,
     .high = MM_STEPS_MAX,
     .meaning = "how often"},
    {.name = "steps",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_list,
     .offset = FIELD(body_node),
     .meaning = "what is repeated"},
    MM_KEYS_END,
};
static const struct mm_key parallel_keys[] = {
    {.name = "quantum",
     .read = mm_read_count,
     .offset = FIELD(quantum),
     .low = 1,
     .high = MAX_QUANTUM,
     .meaning = "references or steps of a turn"},
    {.name = "steps",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_list,
     .offset = FIELD(body_node),
     .meaning = "what is done by turns"},
    MM_KEYS_END,
};
static const struct mm_key check_keys[] = {
    {.name = "that",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_expression,
     .offset = FIELD(that),
     .meaning = "what must be true"},
    MM_KEYS_END,
};
static const struct mm_key walk_keys[] = {
    BY,
    AT,
    {.name = "access",
     .read = mm_read_access,
     .offset = FIELD(access),
     .meaning = "r, w or x; default r"},
    MM_KEYS_END,
};
static const struct mm_key note_keys[] = {
    {.name = "text",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_text,
     .offset = FIELD(text),
     .meaning = "what to say"},
    MM_KEYS_END,
};

#define MISTAKES (MM_EXPECT_MISTAKE | MM_EXPECT_FIGURE(MM_FIGURE_MISTAKES))
#define CALL (MM_EXPECT_ERROR | MM_EXPECT_FAULT | MISTAKES)
#define ACCESS (CALL | MM_EXPECT_SIGNAL | MM_EXPECT_CODE | MM_EXPECT_ADDRESS)
#define WALK (MM_EXPECT_PRESENT | MM_EXPECT_ACCESSED | MM_EXPECT_DIRTY)
#define ACTS_TELLS (MM_VERB_ACTS | MM_VERB_TELLS)
#define ACTS_ACCESSES (MM_VERB_ACTS | MM_VERB_ACCESSES)

static const struct mm_verb verbs[] = {
    {.info = {"spawn", "create a process: a stack of which no page is present, no code", "name"},
     .keys = spawn_keys,
     .traits = MM_VERB_TELLS,
     .expects = CALL,
     .verify = mm_verify_names_process,
     .perform = mm_perform_spawn,
     .tell = mm_tell_spawn},
    {.info = {"fork", "copy a process; private pages are shared until somebody writes", "by, as"},
     .keys = fork_keys,
     .traits = ACTS_TELLS,
     .expects = CALL,
     .verify = mm_verify_names_process,
     .perform = mm_perform_fork,
     .tell = mm_tell_fork},
    {.info = {"exit", "end a process; every frame it held returns", "by, code?"},
     .keys = exit_keys,
     .traits = ACTS_TELLS,
     .expects = CALL,
     .perform = mm_perform_exit,
     .tell = mm_tell_exit},
    {.info = {"kill", "end a process from outside", "by, code?"},
     .keys = exit_keys,
     .traits = ACTS_TELLS,
     .expects = CALL,
     .verify = mm_verify_kill,
     .perform = mm_perform_exit,
     .tell = mm_tell_exit},
    {.info = {"switch", "make a process the running one of its CPU", "by"},
     .keys = switch_keys,
     .traits = ACTS_TELLS,
     .expects = CALL,
     .perform = mm_perform_switch,
     .tell = mm_tell_switch},
    {.info = {"mmap", "map memory; nothing is present until it is touched",
              "by, as?, at?, length, prot, flags, file?, offset?, access?"},
     .keys = mmap_keys,
     .traits = ACTS_TELLS,
     .expects = CALL | MM_EXPECT_ADDRESS,
     .verify = mm_verify_mmap,
     .perform = mm_perform_mmap,
     .tell = mm_tell_mmap},
    {.info = {"munmap", "unmap a range", "by, at, length"},
     .keys = munmap_keys,
     .traits = ACTS_TELLS,
     .expects = CALL,
     .perform = mm_perform_munmap,
     .tell = mm_tell_munmap},
    {.info = {"mprotect", "change the rights of a range", "by, at, length, prot"},
     .keys = mprotect_keys,
     .traits = ACTS_TELLS,
     .expects = CALL,
     .perform = mm_perform_mprotect,
     .tell = mm_tell_mprotect},
    {.info = {"read", "load a value, or the bytes that `expect` names", "by, at, size?"},
     .keys = read_keys,
     .traits = ACTS_ACCESSES,
     .expects = ACCESS | MM_EXPECT_VALUE | MM_EXPECT_BYTES,
     .verify = mm_verify_read,
     .perform = mm_perform_read,
     .tell = mm_tell_read},
    {.info = {"write", "store a value, bytes or an address",
              "by, at, value or bytes or pointer, size?"},
     .keys = write_keys,
     .traits = ACTS_ACCESSES,
     .expects = ACCESS,
     .verify = mm_verify_write,
     .perform = mm_perform_write,
     .tell = mm_tell_write},
    {.info = {"fill", "store one byte everywhere in a range", "by, at, length, value"},
     .keys = fill_keys,
     .traits = ACTS_ACCESSES,
     .expects = ACCESS,
     .perform = mm_perform_fill,
     .tell = mm_tell_fill},
    {.info = {"compare", "fail unless every byte of a range has a value", "by, at, length, value"},
     .keys = fill_keys,
     .traits = ACTS_ACCESSES,
     .expects = ACCESS,
     .perform = mm_perform_compare,
     .tell = mm_tell_compare},
    {.info = {"mmio-read", "load from a device's register, in one access", "by, at, size?"},
     .keys = read_keys,
     .traits = ACTS_ACCESSES | MM_VERB_TELLS,
     .expects = ACCESS | MM_EXPECT_VALUE,
     .verify = mm_verify_read,
     .perform = mm_perform_read,
     .tell = mm_tell_read},
    {.info = {"mmio-write", "store to a device's register, in one access", "by, at, value, size?"},
     .keys = mmio_write_keys,
     .traits = ACTS_ACCESSES | MM_VERB_TELLS,
     .expects = ACCESS,
     .verify = mm_verify_mmio_write,
     .perform = mm_perform_write,
     .tell = mm_tell_write},
    {.info = {"exec", "fetch one instruction", "by, at"},
     .keys = exec_keys,
     .traits = ACTS_ACCESSES,
     .expects = ACCESS,
     .perform = mm_perform_exec,
     .tell = mm_tell_exec},
    {.info = {"access", "make many 4-byte references in a pattern",
              "by, over, length?, pattern, count, writes?, stride?, theta?, seed?"},
     .keys = access_keys,
     .traits = ACTS_ACCESSES | MM_VERB_TELLS,
     .expects = ACCESS,
     .verify = mm_verify_access,
     .perform = mm_perform_references,
     .open = mm_open_access,
     .tell = mm_tell_access},
    {.info = {"replay", "make the references of a trace", "by, trace, over?, as?, limit?, start?"},
     .keys = replay_keys,
     .traits = ACTS_ACCESSES | MM_VERB_TELLS,
     .expects =
         ACCESS | MM_EXPECT_FIGURE(MM_FIGURE_REFERENCES) | MM_EXPECT_FIGURE(MM_FIGURE_MISSES),
     .verify = mm_verify_replay,
     .perform = mm_perform_references,
     .open = mm_open_replay,
     .tell = mm_tell_replay},
    {.info = {"repeat", "do steps several times", "times, steps"},
     .keys = repeat_keys,
     .traits = MM_VERB_ORDERS},
    {.info = {"parallel", "do the steps of several processes by turns", "quantum?, steps"},
     .keys = parallel_keys,
     .traits = MM_VERB_ORDERS | MM_VERB_INTERLEAVES,
     .verify = mm_verify_parallel},
    {.info = {"check", "fail unless an expression over the statistics is true", "that"},
     .keys = check_keys,
     .traits = MM_VERB_TELLS,
     .expects = MM_EXPECT_FAULT,
     .perform = mm_perform_check,
     .tell = mm_tell_check},
    {.info = {"walk", "explain a translation without changing anything", "by, at, access?"},
     .keys = walk_keys,
     .traits = ACTS_TELLS,
     .expects = CALL | WALK,
     .perform = mm_perform_walk,
     .tell = mm_tell_walk},
    {.info = {"note", "say something", "text"},
     .keys = note_keys,
     .traits = MM_VERB_TELLS,
     .expects = MM_EXPECT_FAULT,
     .perform = mm_perform_note,
     .tell = mm_tell_note},
};

static const char *const later_verbs[] = {
    "invlpg",
    "load-cr3",
    "set",
    "snapshot",
};

const struct mm_verb *mm_verb_at(size_t index)
{
    size_t n = sizeof verbs / sizeof verbs[0];
    if (index < n)
        return &verbs[index];
    index -= n;
    size_t n_vm = 0;
    while (mm_vm_verb_at(n_vm))
        n_vm++;
    if (index < n_vm)
        return mm_vm_verb_at(index);
    index -= n_vm;
    size_t n_heap = 0;
    while (mm_heap_verb_at(n_heap))
        n_heap++;
    return index < n_heap ? mm_heap_verb_at(index) : mm_pager_verb_at(index - n_heap);
}

const struct mm_verb *mm_verb_find(const char *name)
{
    const struct mm_verb *verb;
    for (size_t i = 0; (verb = mm_verb_at(i)) != NULL; i++)
        if (strcmp(verb->info.name, name) == 0)
            return verb;
    return NULL;
}

bool mm_verb_is_later(const char *name)
{
    for (size_t i = 0; i < sizeof later_verbs / sizeof later_verbs[0]; i++)
        if (strcmp(later_verbs[i], name) == 0)
            return true;
    return false;
}

const struct mmsim_verb_info *mmsim_verb_at(size_t index)
{
    const struct mm_verb *verb = mm_verb_at(index);
    return verb ? &verb->info : NULL;
}
