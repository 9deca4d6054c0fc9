/* Traces: what is recognised, what becomes of it, and what is said of files that are none. */
#include <zlib.h>
#include <zstd.h>

#include "fail_nth.h"
#include "trace/trace.h"
#include "trace_kit.h"

/* ---- text ---- */

START_TEST(text_is_numbered_by_first_appearance)
{
    struct mmsim_trace *trace = kit_text("# a comment\n"
                                         "0x5000 R\n"
                                         "0x1fff W   # another\n"
                                         "\n"
                                         "\t0x5001, r\r\n"
                                         "0xffffffffffffffff I\n"
                                         "0x1000 m");
    KIT_EXPECT_REFS(trace, KIT_LOAD(0), KIT_STORE(1), KIT_LOAD(0), KIT_FETCH(2), KIT_STORE(1));
    const struct mmsim_trace_info *info = mmsim_trace_info(trace);
    ck_assert_int_eq(info->format, MMSIM_TRACE_TEXT);
    ck_assert_uint_eq(info->n_references, 5);
    ck_assert_uint_eq(info->n_of_kind[MMSIM_KIND_STORE], 2);
    ck_assert_uint_eq(info->n_of_kind[MMSIM_KIND_FETCH], 1);
    ck_assert_uint_eq(info->n_pages, 3);
    ck_assert_uint_eq(info->page_bytes, 4096);
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(addresses_without_0x_are_decimal_unless_one_cannot_be)
{
    struct mmsim_trace *decimal = kit_text("8192 R\n8193 W\n12287 R\n0 R\n");
    KIT_EXPECT_REFS(decimal, KIT_LOAD(0), KIT_STORE(0), KIT_LOAD(0), KIT_LOAD(1));
    mmsim_trace_close(decimal);
    /* 10000 and 10fff are one page in hexadecimal, and only there */
    struct mmsim_trace *letters = kit_text("10000 R\n10fff W\n10999 R\n");
    KIT_EXPECT_REFS(letters, KIT_LOAD(0), KIT_STORE(0), KIT_LOAD(0));
    mmsim_trace_close(letters);
    struct mmsim_trace *zeros = kit_text("00012000 R\n00012999 W\n");
    KIT_EXPECT_REFS(zeros, KIT_LOAD(0), KIT_STORE(0));
    mmsim_trace_close(zeros);
}
END_TEST

START_TEST(an_access_over_pages_is_a_reference_to_each)
{
    struct mmsim_trace *trace = kit_text("0x1ffc R 4\n0x1ffd W 4\n0x3000 R 8193\n0xfff I 1\n");
    KIT_EXPECT_REFS(trace, KIT_LOAD(0), KIT_STORE(0), KIT_STORE(1), KIT_LOAD(2), KIT_LOAD(3),
                    KIT_LOAD(4), KIT_FETCH(5));
    mmsim_trace_close(trace);
}
END_TEST

/* ---- records ---- */

START_TEST(dense_records_keep_their_numbers_others_get_new_ones)
{
    const uint8_t dense[] = {4, 0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0};
    struct mmsim_trace *trace = kit_trace(dense, sizeof dense);
    KIT_EXPECT_REFS(trace, KIT_LOAD(1), KIT_STORE(0), KIT_FETCH(1));
    mmsim_trace_close(trace);
    const uint8_t sparse[] = {9, 0, 0, 0, 0xfd, 0xff, 0xff, 0xff, 8, 0, 0, 0, 0, 0, 0, 0};
    trace = kit_trace(sparse, sizeof sparse);
    KIT_EXPECT_REFS(trace, KIT_STORE(0), KIT_STORE(1), KIT_LOAD(0), KIT_LOAD(2));
    ck_assert_uint_eq(mmsim_trace_pages(trace), 3);
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(references_in_memory_are_copied_by_the_same_rules)
{
    mmsim_ref refs[] = {KIT_LOAD(7), KIT_STORE(9), KIT_LOAD(7)};
    struct mmsim_trace *trace = NULL;
    struct mmsim_error error;
    ck_assert_int_eq(mmsim_trace_of_refs("mine", refs, 3, &trace, &error), MMSIM_OK);
    refs[0] = 0;
    KIT_EXPECT_REFS(trace, KIT_LOAD(0), KIT_STORE(1), KIT_LOAD(0));
    ck_assert_str_eq(mmsim_trace_info(trace)->name, "mine");
    mmsim_trace_close(trace);
    refs[1] = 3;
    ck_assert_int_eq(mmsim_trace_of_refs("mine", refs, 3, &trace, &error), MMSIM_BAD_INPUT);
    ck_assert_str_eq(error.where, "mine");
    ck_assert_int_eq(mmsim_trace_of_refs("none", NULL, 0, &trace, &error), MMSIM_BAD_INPUT);
}
END_TEST

/* ---- compression ---- */

static const char LINES[] = "0x1000 R\n0x2000 W\n0x1000 R\n";

/* As zstd, or as gzip; returns the number of bytes. */
static size_t pack_zstd(const void *bytes, size_t n, uint8_t *packed, size_t room)
{
    size_t n_packed = ZSTD_compress(packed, room, bytes, n, 3);
    ck_assert(!ZSTD_isError(n_packed));
    return n_packed;
}

static size_t pack_gzip(const void *bytes, size_t n, uint8_t *packed, size_t room)
{
    z_stream stream = {0};
    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)n;
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return room - stream.avail_out;
}

static size_t (*const PACKERS[])(const void *, size_t, uint8_t *, size_t) = {pack_zstd, pack_gzip};

START_TEST(compressed_files_are_their_content_in_one_part_or_two)
{
    uint8_t packed[1024];
    size_t n = PACKERS[_i](LINES, strlen(LINES), packed, sizeof packed);
    struct mmsim_trace *trace = kit_trace(packed, n);
    KIT_EXPECT_REFS(trace, KIT_LOAD(0), KIT_STORE(1), KIT_LOAD(0));
    mmsim_trace_close(trace);
    n += PACKERS[_i]("0x3000 W", 8, packed + n, sizeof packed - n);
    trace = kit_trace(packed, n);
    KIT_EXPECT_REFS(trace, KIT_LOAD(0), KIT_STORE(1), KIT_LOAD(0), KIT_STORE(2));
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(a_cut_or_spoilt_compressed_file_is_refused)
{
    uint8_t packed[1024];
    struct mmsim_trace *trace = NULL;
    size_t n = PACKERS[_i](LINES, strlen(LINES), packed, sizeof packed);
    for (size_t cut = 4; cut < n; cut++) {
        struct mmsim_error error = {0};
        ck_assert_int_eq(kit_read(packed, cut, &trace, &error), MMSIM_BAD_INPUT);
        ck_assert_msg(strstr(error.text, "compression is broken"), "%s", error.text);
    }
    memset(packed + n, 0, 8); /* and more behind it */
    struct mmsim_error error = {0};
    ck_assert_int_eq(kit_read(packed, n + 8, &trace, &error), MMSIM_BAD_INPUT);
    ck_assert_ptr_null(trace);
}
END_TEST

START_TEST(many_records_survive_either_compression)
{
    enum { N = 1 << 20 };
    uint32_t *records = malloc(N * sizeof *records);
    uint8_t *packed = malloc(N * 5);
    for (uint32_t i = 0; i < N; i++)
        records[i] = (i * 2654435761u % 5000) << 2 | i % 3;
    for (uint32_t i = 0; i < 5000; i++)
        records[i] = i << 2;
    size_t n = PACKERS[_i](records, N * sizeof *records, packed, N * 5);
    struct mmsim_trace *trace = kit_trace(packed, n);
    kit_expect_refs(trace, records, N);
    ck_assert_uint_eq(mmsim_trace_pages(trace), 5000);
    mmsim_trace_close(trace);
    free(packed);
    free(records);
}
END_TEST

/* ---- mistakes ---- */

static const struct {
    const char *content;
    size_t n_bytes; /* 0: it is a string */
    const char *position, *text;
} MISTAKES[] = {
    {"0x1000 R\n 0x12g4 W\n", 0, ":2:2", "'0x12g4' is no address"},
    {"0x1000\n", 0, ":1:7", "the line ends where its kind should be"},
    {"0x1000 Q\n", 0, ":1:8", "'Q' is no kind; expected R"},
    {"0x1000 RW\n", 0, ":1:8", "'RW' is no kind"},
    {"0x1000 R 0\n", 0, ":1:10", "'0' is no length"},
    {"0xffffffffffffffff R 2\n", 0, ":1:22", "'2' is no length"},
    {"0x10000000000000000 R\n", 0, ":1:1", "below 2^64"},
    {"18446744073709551616 R\n", 0, ":1:1", "no address"},
    {"R 0x1000\n", 0, ":1:1", "'R' is no address"},
    {"-5 R\n", 0, ":1:1", "'-5' is no address"},
    {"0x1000 R 4 5\n", 0, ":1:12", "end of the line"},
    {"# nothing\n\n", 0, "", "there is no reference in it"},
    {"\1\0\0\0\7\0\0\0", 8, "", "record 1 (at byte 4) is 0x00000007, of kind 3"},
    {"\1\0\0\0\7", 5, "", "no whole number of 4-byte records"},
    {"0x1000 R\n\xc3\xa4", 0, "", "not printable ASCII"},
};

START_TEST(what_is_wrong_with_a_file_is_said_where_it_is)
{
    struct mmsim_trace *trace = NULL;
    struct mmsim_error error = {0};
    const char *content = MISTAKES[_i].content;
    size_t n_bytes = MISTAKES[_i].n_bytes ? MISTAKES[_i].n_bytes : strlen(content);
    struct kit_file file = kit_file_of(content, n_bytes);
    char where[128];
    snprintf(where, sizeof where, "%s%s", file.path, MISTAKES[_i].position);
    ck_assert_int_eq(mmsim_trace_open(file.path, &trace, &error), MMSIM_BAD_INPUT);
    ck_assert_str_eq(error.where, where);
    ck_assert_msg(strstr(error.text, MISTAKES[_i].text), "%s", error.text);
    ck_assert_int_eq(mmsim_trace_open(file.path, &trace, NULL), MMSIM_BAD_INPUT);
    ck_assert_ptr_null(trace);
    unlink(file.path);
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error_of_the_host)
{
    struct mmsim_trace *trace = NULL;
    struct mmsim_error error = {0};
    ck_assert_int_eq(mmsim_trace_open("tests", &trace, &error), MMSIM_HOST_IO);
    ck_assert_str_eq(error.text, "cannot be read: Is a directory");
    ck_assert_int_eq(mmsim_trace_open("tests/none", &trace, &error), MMSIM_HOST_IO);
    ck_assert_str_eq(error.where, "tests/none");
    ck_assert_int_eq(kit_read("", 0, &trace, &error), MMSIM_BAD_INPUT);
    ck_assert_ptr_null(trace);
}
END_TEST

/* ---- names, memory ---- */

START_TEST(a_trace_has_its_files_name)
{
    static const struct {
        const char *name, *expected;
    } rows[] = {
        {"cc1.dedup.pt.zst", "cc1.dedup"}, {"x.txt.gz", "x.txt"}, {"y.pt", "y"}, {".pt", ".pt"}};
    char folder[] = "/tmp/mmsim-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[128];
        struct mmsim_trace *trace = NULL;
        snprintf(path, sizeof path, "%s/%s", folder, rows[i].name);
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fputs(LINES, file);
        fclose(file);
        ck_assert_int_eq(mmsim_trace_open(path, &trace, NULL), MMSIM_OK);
        ck_assert_str_eq(mmsim_trace_info(trace)->name, rows[i].expected);
        mmsim_trace_close(trace);
        unlink(path);
    }
    rmdir(folder);
}
END_TEST

START_TEST(without_memory_nothing_is_left_behind)
{
    static const char *const CONTENTS[] = {"0x1000 R\n7fff W\n", "\x09\0\0\0\x04\0\0\x7f"};
    static const size_t LENGTHS[] = {16, 8};
    struct kit_file file = kit_file_of(CONTENTS[_i], LENGTHS[_i]);
    for (uint64_t n = 1;; n++) {
        struct fail_nth fail;
        struct mmsim_trace *trace = NULL;
        fail_nth_init(&fail, n, FAIL_FROM_THERE_ON);
        enum mmsim_status status = mm_trace_open(file.path, &fail.allocator, &trace, NULL);
        ck_assert_int_eq(status == MMSIM_OK, trace != NULL);
        ck_assert(status == MMSIM_OK || status == MMSIM_HOST_MEMORY);
        mmsim_trace_close(trace);
        ck_assert_ptr_null(fail_nth_check(&fail));
        if (fail.n_requests < n)
            break;
    }
    unlink(file.path);
}
END_TEST

Suite *test_trace_suite(void);
Suite *test_trace_suite(void)
{
    Suite *suite = suite_create("trace: traces from files");
    TCase *tests = tcase_create("trace");
    tcase_add_test(tests, text_is_numbered_by_first_appearance);
    tcase_add_test(tests, addresses_without_0x_are_decimal_unless_one_cannot_be);
    tcase_add_test(tests, an_access_over_pages_is_a_reference_to_each);
    tcase_add_test(tests, dense_records_keep_their_numbers_others_get_new_ones);
    tcase_add_test(tests, references_in_memory_are_copied_by_the_same_rules);
    tcase_add_loop_test(tests, compressed_files_are_their_content_in_one_part_or_two, 0, 2);
    tcase_add_loop_test(tests, a_cut_or_spoilt_compressed_file_is_refused, 0, 2);
    tcase_add_loop_test(tests, many_records_survive_either_compression, 0, 2);
    tcase_add_loop_test(tests, what_is_wrong_with_a_file_is_said_where_it_is, 0,
                        sizeof MISTAKES / sizeof *MISTAKES);
    tcase_add_test(tests, what_cannot_be_read_is_an_error_of_the_host);
    tcase_add_test(tests, a_trace_has_its_files_name);
    tcase_add_loop_test(tests, without_memory_nothing_is_left_behind, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
