/*
 * heap-trace.c - loading traces.
 *
 * A child process decompresses into a pipe, so that no allocator that is to be measured has served
 * the decompressor before.
 */
#include "heap-trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "heap-bench.h"

enum { CHUNK_BYTES = 1 << 17 };

/* ---- the child: a file, decompressed ---- */

static bool write_all(int to, const uint8_t *data, size_t n_bytes)
{
    while (n_bytes > 0) {
        ssize_t n = write(to, data, n_bytes);
        if (n <= 0)
            return false;
        data += n;
        n_bytes -= (size_t)n;
    }
    return true;
}

/* True: all of the file was good. */
static bool expand_zstd(FILE *file, int to)
{
    static uint8_t compressed[CHUNK_BYTES], plain[CHUNK_BYTES];
    ZSTD_DStream *stream = ZSTD_createDStream();
    size_t n, left = 0; /* left: 0 at the end of a frame */
    while ((n = fread(compressed, 1, sizeof compressed, file)) > 0) {
        ZSTD_inBuffer in = {compressed, n, 0};
        ZSTD_outBuffer out;
        do {
            out = (ZSTD_outBuffer){plain, sizeof plain, 0};
            left = ZSTD_decompressStream(stream, &out, &in);
            if (ZSTD_isError(left) || !write_all(to, plain, out.pos))
                return false;
        } while (in.pos < in.size || out.pos == out.size);
    }
    ZSTD_freeDStream(stream);
    return left == 0;
}

/* zlib reads what is not compressed as it is. */
static bool expand_gzip(FILE *file, int to)
{
    static uint8_t plain[CHUNK_BYTES];
    gzFile stream = gzdopen(dup(fileno(file)), "rb");
    int n;
    while ((n = gzread(stream, plain, sizeof plain)) > 0)
        if (!write_all(to, plain, (size_t)n))
            return false;
    return gzclose(stream) == Z_OK && n == 0;
}

static bool expand(const char *path, int to)
{
    static const uint8_t zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    uint8_t start[sizeof zstd_magic] = {0};
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    size_t n = fread(start, 1, sizeof start, file);
    bool is_zstd = n == sizeof start && memcmp(start, zstd_magic, sizeof start) == 0;
    if (fseek(file, 0, SEEK_SET) != 0 || lseek(fileno(file), 0, SEEK_SET) != 0)
        return false;
    return is_zstd ? expand_zstd(file, to) : expand_gzip(file, to);
}

static pid_t start_expanding(const char *path, int *from)
{
    int ends[2];
    if (pipe(ends) != 0)
        heap_fail("no pipe");
    pid_t child = fork();
    if (child < 0)
        heap_fail("cannot start a process");
    if (child == 0) {
        close(ends[0]);
        _exit(expand(path, ends[1]) ? 0 : 1);
    }
    close(ends[1]);
    *from = ends[0];
    return child;
}

/* ---- the parent ---- */

static bool read_all(int from, void *data, size_t n_bytes)
{
    for (size_t done = 0; done < n_bytes;) {
        ssize_t n = read(from, (uint8_t *)data + done, n_bytes - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static void take_name(struct heap_trace *trace, const char *path)
{
    static const char *const endings[] = {".zst", ".gz", ".heap"};
    const char *slash = strrchr(path, '/');
    snprintf(trace->name, sizeof trace->name, "%s", slash ? slash + 1 : path);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t length = strlen(trace->name), cut = strlen(endings[i]);
        if (length > cut && strcmp(trace->name + length - cut, endings[i]) == 0)
            trace->name[length - cut] = '\0';
    }
}

/* Follows one operation; NULL, or what is wrong with it. */
static const char *follow(struct heap_trace *trace, uint64_t at, uint64_t *live_bytes)
{
    struct heap_trace_operation *operation = &trace->operations[at];
    enum heap_trace_kind kind = heap_trace_kind_of(*operation);
    if (operation->slot >= trace->n_slots)
        return "there is no such slot";
    if (kind >= HEAP_N_TRACE_KINDS)
        return "there is no such operation";
    uint32_t *held = &trace->bytes[operation->slot];
    bool wants_block = kind == HEAP_TRACE_FREE || kind == HEAP_TRACE_REALLOC;
    if (wants_block != (*held != 0))
        return wants_block ? "its slot is empty" : "its slot holds a block";
    uint32_t bytes = kind == HEAP_TRACE_FREE ? 0 : heap_trace_bytes_of(*operation);
    if (kind != HEAP_TRACE_FREE && bytes == 0) {
        operation->what |= 1;
        bytes = 1;
    }
    *live_bytes += bytes;
    *live_bytes -= *held;
    *held = bytes;
    if (*live_bytes > trace->peak_live_bytes) {
        trace->peak_live_bytes = *live_bytes;
        trace->peak_at = at;
    }
    return NULL;
}

static void follow_all(struct heap_trace *trace, const char *path)
{
    uint64_t live_bytes = 0;
    for (uint64_t i = 0; i < trace->n_operations; i++) {
        const char *wrong = follow(trace, i, &live_bytes);
        if (wrong)
            heap_fail("%s: operation %llu: %s", path, (unsigned long long)i, wrong);
    }
    if (trace->peak_live_bytes == 0)
        heap_fail("%s: nothing is allocated", path);
    memset(trace->bytes, 0, trace->n_slots * sizeof *trace->bytes);
}

/* Touched now, so that it does not grow a process that is measured. */
static void make_slots(struct heap_trace *trace)
{
    trace->blocks = heap_pages(trace->n_slots * sizeof *trace->blocks);
    trace->bytes = heap_pages(trace->n_slots * sizeof *trace->bytes);
    memset(trace->blocks, 0, trace->n_slots * sizeof *trace->blocks);
    memset(trace->bytes, 0, trace->n_slots * sizeof *trace->bytes);
}

void heap_trace_load(struct heap_trace *trace, const char *path)
{
    enum { MAX_OPERATIONS = 1 << 28 };
    struct header {
        char magic[4];
        uint32_t n_slots;
        uint64_t n_operations;
    } header;
    int from, status;
    if (access(path, R_OK) != 0)
        heap_fail("%s: %s", path, strerror(errno));
    pid_t child = start_expanding(path, &from);
    if (!read_all(from, &header, sizeof header) || memcmp(header.magic, "MMT1", 4) != 0 ||
        header.n_slots == 0 || header.n_operations == 0 || header.n_operations > MAX_OPERATIONS)
        heap_fail("%s: not a trace of allocations (\"MMT1\")", path);
    *trace = (struct heap_trace){.n_slots = header.n_slots, .n_operations = header.n_operations};
    take_name(trace, path);
    size_t n_bytes = trace->n_operations * sizeof *trace->operations;
    trace->operations = heap_pages(n_bytes);
    if (!read_all(from, trace->operations, n_bytes))
        heap_fail("%s: ends before its last operation", path);
    close(from);
    waitpid(child, &status, 0);
    make_slots(trace);
    follow_all(trace, path);
}

void heap_trace_unload(struct heap_trace *trace)
{
    munmap(trace->operations, trace->n_operations * sizeof *trace->operations);
    munmap(trace->blocks, trace->n_slots * sizeof *trace->blocks);
    munmap(trace->bytes, trace->n_slots * sizeof *trace->bytes);
}
