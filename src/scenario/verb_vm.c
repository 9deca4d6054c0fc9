/* verb_vm.c - the verbs of virtual memory, files, shared memory and keys: rows as in verb.c. */
#include <string.h>

#include "scenario/verb.h"

#define FIELD(field) offsetof(struct mm_step, field)

/* ---- words ---- */

static const struct mm_word advice_words[] = {
    {.text = "normal", .value = MMSIM_MADV_NORMAL},
    {.text = "random", .value = MMSIM_MADV_RANDOM},
    {.text = "sequential", .value = MMSIM_MADV_SEQUENTIAL},
    {.text = "willneed", .value = MMSIM_MADV_WILLNEED},
    {.text = "dontneed", .value = MMSIM_MADV_DONTNEED},
    {.text = "free", .value = MMSIM_MADV_FREE},
    {.text = "remove", .value = MMSIM_MADV_REMOVE},
    {.text = "cold", .value = MMSIM_MADV_COLD},
    {.text = "pageout", .value = MMSIM_MADV_PAGEOUT},
    {.text = "populate-read", .value = MMSIM_MADV_POPULATE_READ},
    {.text = "populate-write", .value = MMSIM_MADV_POPULATE_WRITE},
    {.text = "dontfork", .value = MMSIM_MADV_DONTFORK},
    {.text = "dofork", .value = MMSIM_MADV_DOFORK},
    {.text = "wipeonfork", .value = MMSIM_MADV_WIPEONFORK},
    {.text = "keeponfork", .value = MMSIM_MADV_KEEPONFORK},
    {.text = "hugepage", .value = MMSIM_MADV_HUGEPAGE},
    {.text = "nohugepage", .value = MMSIM_MADV_NOHUGEPAGE},
    {.text = "collapse", .value = MMSIM_MADV_COLLAPSE},
    {.text = "guard-install", .value = MMSIM_MADV_GUARD_INSTALL},
    {.text = "guard-remove", .value = MMSIM_MADV_GUARD_REMOVE},
    {.text = NULL}};
static const struct mm_word sync_words[] = {{.text = "sync", .value = MMSIM_MS_SYNC},
                                            {.text = "async", .value = MMSIM_MS_ASYNC},
                                            {.text = "invalidate", .value = MMSIM_MS_INVALIDATE},
                                            {.text = NULL}};
static const struct mm_word remap_words[] = {{.text = "maymove", .value = MMSIM_MREMAP_MAYMOVE},
                                             {.text = "fixed", .value = MMSIM_MREMAP_FIXED},
                                             {.text = "dontunmap", .value = MMSIM_MREMAP_DONTUNMAP},
                                             {.text = NULL}};
static const struct mm_word lock_words[] = {{.text = "onfault", .value = MMSIM_MLOCK_ONFAULT},
                                            {.text = NULL}};
static const struct mm_word lockall_words[] = {{.text = "current", .value = MMSIM_MCL_CURRENT},
                                               {.text = "future", .value = MMSIM_MCL_FUTURE},
                                               {.text = "onfault", .value = MMSIM_MCL_ONFAULT},
                                               {.text = NULL}};
static const struct mm_word shm_words[] = {{.text = "create", .value = MMSIM_SHM_CREATE},
                                           {.text = "exclusive", .value = MMSIM_SHM_EXCLUSIVE},
                                           {.text = "truncate", .value = MMSIM_SHM_TRUNCATE},
                                           {.text = "read-only", .value = MMSIM_SHM_READ_ONLY},
                                           {.text = NULL}};
static const struct mm_word rights_words[] = {
    {.text = "none", .value = 0},
    {.text = "disable-access", .value = MMSIM_PKEY_DISABLE_ACCESS},
    {.text = "disable-write", .value = MMSIM_PKEY_DISABLE_WRITE},
    {.text = NULL}};
static const struct mm_word resource_words[] = {
    {.text = "stack", .value = MMSIM_LIMIT_STACK},
    {.text = "data", .value = MMSIM_LIMIT_DATA},
    {.text = "memlock", .value = MMSIM_LIMIT_MEMORY_LOCKED},
    {.text = "as", .value = MMSIM_LIMIT_ADDRESS_SPACE},
    {.text = NULL}};
static const struct mm_word access_words[] = {{.text = "rw", .value = MMSIM_FILE_READ_WRITE},
                                              {.text = "ro", .value = MMSIM_FILE_READ_ONLY},
                                              {.text = "wo", .value = MMSIM_FILE_WRITE_ONLY},
                                              {.text = NULL}};

#define FLAG_READER(name, words)                                                                   \
    static void name(struct mm_decoder *decoder, const struct mm_key *key,                         \
                     const struct mm_node *value, void *field)                                     \
    {                                                                                              \
        mm_field_flags(decoder, key, value, words, field);                                         \
    }
#define WORD_READER(name, words)                                                                   \
    static void name(struct mm_decoder *decoder, const struct mm_key *key,                         \
                     const struct mm_node *value, void *field)                                     \
    {                                                                                              \
        (void)mm_field_word(decoder, key, value, words, field);                                    \
    }
WORD_READER(read_advice, advice_words)
WORD_READER(read_resource, resource_words)
FLAG_READER(read_sync, sync_words)
FLAG_READER(read_remap, remap_words)
FLAG_READER(read_lock, lock_words)
FLAG_READER(read_lockall, lockall_words)
FLAG_READER(read_shm, shm_words)
FLAG_READER(read_rights, rights_words)

void mm_read_file_access(struct mm_decoder *decoder, const struct mm_key *key,
                         const struct mm_node *value, void *field)
{
    (void)mm_field_word(decoder, key, value, access_words, field);
}

void mm_read_file_name(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field)
{
    enum { MAX_CHARS = 63 };
    if (!mm_field_is_scalar(decoder, key, value, "a file's name"))
        return;
    if (strlen(value->text) > MAX_CHARS)
        mm_mistake_add(decoder->mistakes, value, "%s: a file's name has at most %d characters",
                       key->name, MAX_CHARS);
    else
        *(const char **)field = value->text;
}

/* ---- keys ---- */

#define BY                                                                                         \
    {                                                                                              \
        .name = "by", .need = MM_KEY_REQUIRED, .read = mm_read_process, .offset = FIELD(by),       \
        .meaning = "the process that does it"                                                      \
    }
#define BY_MAYBE                                                                                   \
    {                                                                                              \
        .name = "by", .read = mm_read_process, .offset = FIELD(by),                                \
        .meaning = "the process that does it; default kernel"                                      \
    }
#define AT                                                                                         \
    {                                                                                              \
        .name = "at", .need = MM_KEY_REQUIRED, .read = mm_read_place, .offset = FIELD(at),         \
        .meaning = "an address, or a bound name with an offset"                                    \
    }
#define AT_MAYBE                                                                                   \
    {                                                                                              \
        .name = "at", .read = mm_read_place, .offset = FIELD(at),                                  \
        .meaning = "an address, or a bound name with an offset"                                    \
    }
#define LENGTH                                                                                     \
    {                                                                                              \
        .name = "length", .need = MM_KEY_REQUIRED, .read = mm_read_size, .offset = FIELD(length),  \
        .high = UINT64_MAX, .meaning = "how many bytes"                                            \
    }
#define LENGTH_MAYBE                                                                               \
    {                                                                                              \
        .name = "length", .read = mm_read_size, .offset = FIELD(length), .high = UINT64_MAX,       \
        .meaning = "how many bytes"                                                                \
    }
#define FLAGS(reader, what)                                                                        \
    {                                                                                              \
        .name = "flags", .read = reader, .offset = FIELD(vm.flags), .meaning = what                \
    }
#define FILE_NAME                                                                                  \
    {                                                                                              \
        .name = "file", .need = MM_KEY_REQUIRED, .read = mm_read_file_name,                        \
        .offset = FIELD(vm.file), .meaning = "its name"                                            \
    }
#define OFFSET                                                                                     \
    {                                                                                              \
        .name = "offset", .read = mm_read_size, .offset = FIELD(vm.offset), .high = UINT64_MAX,    \
        .meaning = "where in the file; 0"                                                          \
    }
#define BIND                                                                                       \
    {                                                                                              \
        .name = "as", .read = mm_read_new_name, .offset = FIELD(name_node),                        \
        .meaning = "the name that the address gets"                                                \
    }
#define KEY                                                                                        \
    {                                                                                              \
        .name = "key", .need = MM_KEY_REQUIRED, .read = mm_read_number, .offset = FIELD(vm.key),   \
        .high = 15, .meaning = "a protection key"                                                  \
    }

static const struct mm_key map_device_keys[] = {
    BY,
    {.name = "device",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_place,
     .offset = FIELD(at),
     .meaning = "a device's name, or an address in its window"},
    LENGTH,
    {.name = "prot",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_protection,
     .offset = FIELD(prot),
     .meaning = "letters of rw, or none"},
    BIND,
    MM_KEYS_END,
};
static const struct mm_key mremap_keys[] = {
    BY,
    AT,
    LENGTH,
    {.name = "new_length",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_size,
     .offset = FIELD(vm.new_length),
     .high = UINT64_MAX,
     .meaning = "its length afterwards"},
    FLAGS(read_remap, "maymove, fixed, dontunmap, joined by |"),
    {.name = "to", .read = mm_read_place, .offset = FIELD(vm.to), .meaning = "where, with fixed"},
    BIND,
    MM_KEYS_END,
};
static const struct mm_key range_keys[] = {BY, AT, LENGTH, MM_KEYS_END};
static const struct mm_key msync_keys[] = {
    BY, AT, LENGTH, FLAGS(read_sync, "sync, async, invalidate; default sync"), MM_KEYS_END};
static const struct mm_key madvise_keys[] = {
    BY,
    AT,
    LENGTH,
    {.name = "advice",
     .need = MM_KEY_REQUIRED,
     .read = read_advice,
     .offset = FIELD(vm.advice),
     .meaning = "dontneed, willneed, free, ..."},
    MM_KEYS_END,
};
static const struct mm_key mlock_keys[] = {BY, AT, LENGTH, FLAGS(read_lock, "onfault"),
                                           MM_KEYS_END};
static const struct mm_key mlockall_keys[] = {
    BY, FLAGS(read_lockall, "current, future, onfault; default current"), MM_KEYS_END};
static const struct mm_key by_keys[] = {BY, MM_KEYS_END};
static const struct mm_key brk_keys[] = {BY, AT_MAYBE, BIND, MM_KEYS_END};
static const struct mm_key limit_keys[] = {
    BY,
    {.name = "resource",
     .need = MM_KEY_REQUIRED,
     .read = read_resource,
     .offset = FIELD(vm.resource),
     .meaning = "stack, data, memlock or as"},
    LENGTH,
    MM_KEYS_END,
};
static const struct mm_key shm_open_keys[] = {
    BY, FILE_NAME, FLAGS(read_shm, "create, exclusive, truncate, read-only, joined by |"),
    LENGTH_MAYBE, MM_KEYS_END};
static const struct mm_key by_file_keys[] = {BY, FILE_NAME, MM_KEYS_END};
static const struct mm_key file_keys[] = {FILE_NAME, MM_KEYS_END};
static const struct mm_key file_create_keys[] = {FILE_NAME, LENGTH_MAYBE, MM_KEYS_END};
static const struct mm_key file_write_keys[] = {
    BY_MAYBE,
    FILE_NAME,
    OFFSET,
    {.name = "bytes",
     .read = mm_read_bytes,
     .offset = FIELD(bytes),
     .meaning = "text, or 0x and hexadecimal digits"},
    AT_MAYBE,
    LENGTH_MAYBE,
    MM_KEYS_END,
};
static const struct mm_key file_read_keys[] = {BY_MAYBE, FILE_NAME, OFFSET,
                                               AT_MAYBE, LENGTH,    MM_KEYS_END};
static const struct mm_key file_length_keys[] = {FILE_NAME, LENGTH, MM_KEYS_END};
static const struct mm_key file_punch_keys[] = {FILE_NAME, OFFSET, LENGTH, MM_KEYS_END};
static const struct mm_key no_keys[] = {MM_KEYS_END};
static const struct mm_key wait_keys[] = {
    {.name = "time",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_time,
     .offset = FIELD(vm.cycles),
     .high = UINT64_MAX,
     .meaning = "5us, 10 ms, 300 cycles"},
    MM_KEYS_END,
};
static const struct mm_key pkey_alloc_keys[] = {
    BY,
    {.name = "rights",
     .read = read_rights,
     .offset = FIELD(vm.rights),
     .meaning = "none, disable-access, disable-write"},
    MM_KEYS_END,
};
static const struct mm_key pkey_free_keys[] = {BY, KEY, MM_KEYS_END};
static const struct mm_key pkey_mprotect_keys[] = {
    BY,
    AT,
    LENGTH,
    {.name = "prot",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_protection,
     .offset = FIELD(prot),
     .meaning = "letters of rwx, or none"},
    KEY,
    MM_KEYS_END,
};
static const struct mm_key wrpkru_keys[] = {
    BY,
    {.name = "value",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_number,
     .offset = FIELD(value),
     .high = UINT32_MAX,
     .meaning = "of PKRU: two bits for each key"},
    MM_KEYS_END,
};

/* ---- verbs ---- */

static void verify(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step)
{
    step->has_at = mm_node_get(node, "at") != NULL || mm_node_get(node, "device") != NULL;
    step->vm.has_to = mm_node_get(node, "to") != NULL;
    step->has_length = mm_node_get(node, "length") != NULL;
    if (step->name_node)
        step->name = mm_field_declare(decoder, "as", step->name_node, MM_NAME_ADDRESS);
}

/* Bytes come from the file itself, or from the memory of a process. */
static void verify_file_io(struct mm_decoder *decoder, const struct mm_node *node,
                           struct mm_step *step)
{
    verify(decoder, node, step);
    bool bytes = mm_node_get(node, "bytes") != NULL;
    bool reads = strcmp(step->verb->info.name, "file-read") == 0;
    if (step->has_at && (step->by == MM_NO_NAME || step->by == MM_NAME_KERNEL))
        mm_mistake_add(decoder->mistakes, node, "'at' is an address of a process: it needs 'by'");
    if (!reads && bytes == step->has_at)
        mm_mistake_add(decoder->mistakes, node, "file-write takes 'bytes', or 'at' and 'length'");
}

#define CALL (MM_EXPECT_ERROR | MM_EXPECT_FAULT)
#define ROW(verb, does, takes, rows, can)                                                          \
    {                                                                                              \
        .info = {verb, does, takes}, .keys = rows, .traits = can, .expects = CALL,                 \
        .verify = verify, .perform = mm_perform_vm, .tell = mm_tell_vm                             \
    }
#define ACTS (MM_VERB_ACTS | MM_VERB_TELLS)

static const struct mm_verb verbs[] = {
    {.info = {"map-device", "map a device's registers into a process, uncached",
              "by, device, length, prot, as?"},
     .keys = map_device_keys,
     .traits = ACTS,
     .expects = CALL | MM_EXPECT_ADDRESS,
     .verify = verify,
     .perform = mm_perform_vm,
     .tell = mm_tell_vm},
    {.info = {"mremap", "grow, shrink or move a mapping with its pages",
              "by, at, length, new_length, flags?, to?, as?"},
     .keys = mremap_keys,
     .traits = ACTS,
     .expects = CALL | MM_EXPECT_ADDRESS,
     .verify = verify,
     .perform = mm_perform_vm,
     .tell = mm_tell_vm},
    ROW("msync", "bring what was written through a shared mapping to the disk",
        "by, at, length, flags?", msync_keys, ACTS),
    ROW("madvise", "say how memory will be used, or have something done with it",
        "by, at, length, advice", madvise_keys, ACTS),
    ROW("mlock", "populate pages and keep them in memory", "by, at, length, flags?", mlock_keys,
        ACTS),
    ROW("munlock", "let pages go again", "by, at, length", range_keys, ACTS),
    ROW("mlockall", "lock all mappings, or those to come", "by, flags?", mlockall_keys, ACTS),
    ROW("munlockall", "let all pages go again", "by", by_keys, ACTS),
    {.info = {"mincore", "count the pages of a range that need no I/O", "by, at, length"},
     .keys = range_keys,
     .traits = ACTS,
     .expects = CALL | MM_EXPECT_VALUE,
     .verify = verify,
     .perform = mm_perform_vm,
     .tell = mm_tell_vm},
    {.info = {"brk", "move the end of the heap region, or ask where it is", "by, at?, as?"},
     .keys = brk_keys,
     .traits = ACTS,
     .expects = CALL | MM_EXPECT_ADDRESS,
     .verify = verify,
     .perform = mm_perform_vm,
     .tell = mm_tell_vm},
    ROW("mseal", "forbid all changes of mappings from now on", "by, at, length", range_keys, ACTS),
    ROW("setrlimit", "limit what a process may have", "by, resource, length", limit_keys, ACTS),
    ROW("shm-open", "open or make a shared-memory object", "by, file, flags?, length?",
        shm_open_keys, ACTS),
    ROW("shm-close", "close one's descriptor of it", "by, file", by_file_keys, ACTS),
    ROW("shm-unlink", "remove its name; it goes with its last user", "by, file", by_file_keys,
        ACTS),
    ROW("file-create", "make a file, a hole", "file, length?", file_create_keys, MM_VERB_TELLS),
    ROW("file-unlink", "remove a file's name; it goes with its last mapping", "file", file_keys,
        MM_VERB_TELLS),
    {.info = {"file-write", "write bytes, or a process's memory, to a file",
              "by?, file, offset?, bytes or at and length"},
     .keys = file_write_keys,
     .traits = MM_VERB_TELLS,
     .expects = CALL | MM_EXPECT_VALUE,
     .verify = verify_file_io,
     .perform = mm_perform_vm,
     .tell = mm_tell_vm},
    {.info = {"file-read", "read bytes of a file, or into a process's memory",
              "by?, file, offset?, at?, length"},
     .keys = file_read_keys,
     .traits = MM_VERB_TELLS,
     .expects = CALL | MM_EXPECT_VALUE | MM_EXPECT_BYTES,
     .verify = verify_file_io,
     .perform = mm_perform_vm,
     .tell = mm_tell_vm},
    ROW("file-truncate", "change a file's size", "file, length", file_length_keys, MM_VERB_TELLS),
    ROW("file-punch", "make a hole in a file", "file, offset?, length", file_punch_keys,
        MM_VERB_TELLS),
    ROW("fsync", "bring a file to the disk and wait", "file", file_keys, MM_VERB_TELLS),
    ROW("sync", "the same for all files", "", no_keys, MM_VERB_TELLS),
    {.info = {"file-disk", "count a file's bytes on the disk, or look at some",
              "file, offset?, length"},
     .keys = file_punch_keys,
     .traits = MM_VERB_TELLS,
     .expects = CALL | MM_EXPECT_VALUE | MM_EXPECT_BYTES,
     .verify = verify,
     .perform = mm_perform_vm,
     .tell = mm_tell_vm},
    ROW("crash", "pull the plug: what is not on the disk is lost", "", no_keys, MM_VERB_TELLS),
    ROW("wait", "let simulated time pass", "time", wait_keys, MM_VERB_TELLS),
    {.info = {"pkey-alloc", "take a protection key", "by, rights?"},
     .keys = pkey_alloc_keys,
     .traits = ACTS,
     .expects = CALL | MM_EXPECT_VALUE,
     .verify = verify,
     .perform = mm_perform_vm,
     .tell = mm_tell_vm},
    ROW("pkey-free", "give a protection key back", "by, key", pkey_free_keys, ACTS),
    ROW("pkey-mprotect", "change rights, and tag pages with a key", "by, at, length, prot, key",
        pkey_mprotect_keys, ACTS),
    ROW("wrpkru", "write PKRU: what one may do with each key", "by, value", wrpkru_keys, ACTS),
};

const struct mm_verb *mm_vm_verb_at(size_t index)
{
    return index < sizeof verbs / sizeof verbs[0] ? &verbs[index] : NULL;
}
