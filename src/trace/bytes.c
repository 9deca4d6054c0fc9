/*
 * bytes.c - reading and decompressing (bytes.h).
 *
 * Every source appends to the block what it makes, until it is at its end: read(2), then by the
 * magic number one of the codecs below, then by the magic number again.
 */
#include "trace/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/text.h"

enum { STEP_BYTES = 1 << 20, MAX_WHERE_CHARS = 110, MAX_LAYERS = 4, ZSTD_MAX_WINDOW_LOG = 31 };

void mm_bytes_init(struct mm_bytes *bytes, struct mm_host *host)
{
    *bytes = (struct mm_bytes){.host = host};
}

void mm_bytes_fini(struct mm_bytes *bytes)
{
    mm_host_free(bytes->host, bytes->data, bytes->capacity);
    mm_bytes_init(bytes, bytes->host);
}

static bool resize(struct mm_bytes *bytes, size_t capacity)
{
    uint8_t *data = mm_host_resize(bytes->host, bytes->data, bytes->capacity, capacity);
    if (!data)
        return false;
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

bool mm_bytes_reserve(struct mm_bytes *bytes, size_t n_more)
{
    if (bytes->capacity - bytes->n_bytes >= n_more)
        return true;
    if (n_more > SIZE_MAX / 2 - bytes->n_bytes)
        return false;
    size_t needed = bytes->n_bytes + n_more;
    size_t doubled = bytes->capacity <= SIZE_MAX / 2 ? bytes->capacity * 2 : needed;
    return resize(bytes, needed > doubled ? needed : doubled);
}

void mm_bytes_trim(struct mm_bytes *bytes)
{
    if (bytes->data && bytes->capacity > bytes->n_bytes)
        resize(bytes, bytes->n_bytes); /* where it fails, it stays larger */
}

const char *mm_bytes_where(const char *path)
{
    size_t n_chars = strlen(path);
    return n_chars > MAX_WHERE_CHARS ? path + n_chars - MAX_WHERE_CHARS : path;
}

static enum mmsim_status no_memory(const char *path, struct mmsim_error *error)
{
    return mm_error_set(error, MMSIM_HOST_MEMORY, mm_bytes_where(path),
                        "the host gave no memory for what is in it");
}

/* ---- codecs: each expands all of `in` to the end of `out` ---- */

static enum mmsim_status broken(const char *path, struct mmsim_error *error, const char *codec,
                                const char *why)
{
    return mm_error_set(error, MMSIM_BAD_INPUT, mm_bytes_where(path),
                        "its %s compression is broken: %s", codec, why);
}

static enum mmsim_status expand_frames(ZSTD_DStream *stream, const struct mm_bytes *in,
                                       struct mm_bytes *out, const char *path,
                                       struct mmsim_error *error)
{
    ZSTD_inBuffer from = {in->data, in->n_bytes, 0};
    size_t left = 1; /* 0: at the end of a frame */
    bool more = true;
    while (more) {
        if (!mm_bytes_reserve(out, STEP_BYTES))
            return no_memory(path, error);
        ZSTD_outBuffer to = {out->data, out->capacity, out->n_bytes};
        left = ZSTD_decompressStream(stream, &to, &from);
        out->n_bytes = to.pos;
        if (ZSTD_isError(left))
            return broken(path, error, "zstd", ZSTD_getErrorName(left));
        more = from.pos < from.size || (left != 0 && to.pos == to.size);
    }
    return left == 0 ? MMSIM_OK
                     : broken(path, error, "zstd", "the file ends before its compressed data does");
}

static enum mmsim_status expand_zstd(const struct mm_bytes *in, struct mm_bytes *out,
                                     const char *path, struct mmsim_error *error)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    if (!stream)
        return no_memory(path, error);
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, ZSTD_MAX_WINDOW_LOG);
    enum mmsim_status status = expand_frames(stream, in, out, path, error);
    ZSTD_freeDStream(stream);
    return status;
}

static uInt at_most_uint(size_t n_bytes)
{
    return n_bytes < UINT32_MAX ? (uInt)n_bytes : UINT32_MAX;
}

static enum mmsim_status expand_members(z_stream *stream, const struct mm_bytes *in,
                                        struct mm_bytes *out, const char *path,
                                        struct mmsim_error *error)
{
    size_t used = 0;
    int result = Z_OK;
    while (result != Z_STREAM_END || used < in->n_bytes) {
        if (result == Z_STREAM_END)
            inflateReset(stream);
        if (!mm_bytes_reserve(out, STEP_BYTES))
            return no_memory(path, error);
        stream->next_in = in->data + used;
        stream->avail_in = at_most_uint(in->n_bytes - used);
        stream->next_out = out->data + out->n_bytes;
        stream->avail_out = at_most_uint(out->capacity - out->n_bytes);
        result = inflate(stream, Z_NO_FLUSH);
        used = (size_t)(stream->next_in - in->data);
        out->n_bytes = (size_t)(stream->next_out - out->data);
        if (result == Z_BUF_ERROR)
            return broken(path, error, "gzip", "the file ends before its compressed data does");
        if (result != Z_OK && result != Z_STREAM_END)
            return broken(path, error, "gzip", stream->msg ? stream->msg : "it cannot be read");
    }
    return MMSIM_OK;
}

static enum mmsim_status expand_gzip(const struct mm_bytes *in, struct mm_bytes *out,
                                     const char *path, struct mmsim_error *error)
{
    enum { GZIP_ONLY = 16 }; /* zlib.h, inflateInit2: with a gzip header, which is checked */
    z_stream stream = {0};
    if (inflateInit2(&stream, MAX_WBITS + GZIP_ONLY) != Z_OK)
        return no_memory(path, error);
    enum mmsim_status status = expand_members(&stream, in, out, path, error);
    inflateEnd(&stream);
    return status;
}

struct codec {
    uint8_t magic[4];
    size_t n_magic;
    enum mmsim_status (*expand)(const struct mm_bytes *in, struct mm_bytes *out, const char *path,
                                struct mmsim_error *error);
};

static const struct codec CODECS[] = {
    {{0x28, 0xb5, 0x2f, 0xfd}, 4, expand_zstd},
    {{0x1f, 0x8b}, 2, expand_gzip},
};

static const struct codec *codec_of(const struct mm_bytes *bytes)
{
    for (size_t i = 0; i < sizeof CODECS / sizeof *CODECS; i++) {
        const struct codec *codec = &CODECS[i];
        if (bytes->n_bytes >= codec->n_magic &&
            memcmp(bytes->data, codec->magic, codec->n_magic) == 0)
            return codec;
    }
    return NULL;
}

/* Takes off one layer of compression after the other. */
static enum mmsim_status expand(struct mm_bytes *bytes, const char *path, struct mmsim_error *error)
{
    const struct codec *codec;
    for (int layer = 0; (codec = codec_of(bytes)) != NULL; layer++) {
        struct mm_bytes out;
        if (layer == MAX_LAYERS)
            return mm_error_set(error, MMSIM_BAD_INPUT, mm_bytes_where(path),
                                "it is compressed more than %d times over", MAX_LAYERS);
        mm_bytes_init(&out, bytes->host);
        enum mmsim_status status = codec->expand(bytes, &out, path, error);
        if (status != MMSIM_OK) {
            mm_bytes_fini(&out);
            return status;
        }
        mm_bytes_fini(bytes);
        *bytes = out;
    }
    return MMSIM_OK;
}

/* ---- the file ---- */

/* Room for all of a file whose size is known, and one byte by which its end is seen. */
static bool reserve_file(struct mm_bytes *bytes, int file)
{
    struct stat stat;
    bool sized = fstat(file, &stat) == 0 && stat.st_size > 0;
    return mm_bytes_reserve(bytes, sized ? (size_t)stat.st_size + 1 : STEP_BYTES);
}

static enum mmsim_status read_all(struct mm_bytes *bytes, int file, const char *path,
                                  struct mmsim_error *error)
{
    if (!reserve_file(bytes, file))
        return no_memory(path, error);
    for (;;) {
        if (bytes->n_bytes == bytes->capacity && !mm_bytes_reserve(bytes, STEP_BYTES))
            return no_memory(path, error);
        ssize_t n = read(file, bytes->data + bytes->n_bytes, bytes->capacity - bytes->n_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mm_error_set(error, MMSIM_HOST_IO, mm_bytes_where(path), "cannot be read: %s",
                                strerror(errno));
        if (n == 0)
            return MMSIM_OK;
        bytes->n_bytes += (size_t)n;
    }
}

enum mmsim_status mm_bytes_read(struct mm_bytes *bytes, const char *path, struct mmsim_error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return mm_error_set(error, MMSIM_HOST_IO, mm_bytes_where(path), "cannot be opened: %s",
                            strerror(errno));
    enum mmsim_status status = read_all(bytes, file, path, error);
    close(file);
    return status == MMSIM_OK ? expand(bytes, path, error) : status;
}
