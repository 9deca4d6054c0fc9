/* The loader: defaults, every key, the tables of keys, and memory that fails. */
#include "loaded.h"

#include "fail_nth.h"
#include "scenario/load.h"
#include "scenario/verb.h"
#include "trace/pattern.h"

START_TEST(defaults_are_those_of_the_documentation)
{
    struct mmsim_scenario *scenario = load_text("mmsim: 1\nname: nothing else\nsteps: []\n");
    const struct mmsim_config *config = mmsim_scenario_config(scenario);
    ck_assert_str_eq(mmsim_scenario_name(scenario), "nothing else");
    ck_assert_str_eq(mmsim_scenario_description(scenario), "");
    ck_assert_str_eq(mmsim_scenario_file(scenario), "test.yaml");
    ck_assert_str_eq(config->model, "x86_32");
    ck_assert_str_eq(config->cpu, "pentium-3");
    ck_assert_uint_eq(config->n_cpus, 1);
    ck_assert_uint_eq(config->ram_bytes, 64 * MMSIM_MIB);
    ck_assert_uint_eq(config->seed, 1);
    ck_assert_uint_eq(config->user_frames, 0);
    ck_assert(config->large_pages);
    ck_assert_int_eq(config->paging, MMSIM_PAGING_32BIT);
    ck_assert_int_eq(config->tlb, MMSIM_TLB_PRESET);
    ck_assert_int_eq(config->flush.method, MMSIM_FLUSH_THRESHOLD);
    ck_assert_uint_eq(scenario->steps.n, 0);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(defaults_may_be_spelled_out)
{
    struct mmsim_scenario *scenario =
        load_text("mmsim: 1\nname: spelled out\ndescription: >\n  two\n  lines\nseed: 1\n"
                  "machine: {model: x86_32, cpu: pentium-3, paging: 32bit, cpus: 1, ram: 64MiB,\n"
                  "  tlb: preset, swap: {size: 0}, mmio: []}\n"
                  "kernel: {CONFIG_LARGE_PAGES: y, CONFIG_MMU: y, CONFIG_PAGING: y,\n"
                  "  CONFIG_DEMAND_PAGING: y, CONFIG_MEMORY_PROTECTION: y, CONFIG_ASLR: n,\n"
                  "  CONFIG_MEMORY_DEBUGGING: n, policy: {name: clock}, scope: global}\n"
                  "files: []\nprocesses: []\nsteps: []\n");
    ck_assert_str_eq(mmsim_scenario_description(scenario), "two lines\n");
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(the_machine_is_the_one_asked_for)
{
    struct mmsim_scenario *scenario =
        load_text("mmsim: 1\nname: a machine\nseed: 18446744073709551615\n"
                  "machine: {ram: 2MiB, cpus: 64, cpu: i486}\n"
                  "kernel: {user_frames: 64, CONFIG_LARGE_PAGES: n}\nsteps: []\n");
    const struct mmsim_config *config = mmsim_scenario_config(scenario);
    ck_assert_uint_eq(config->ram_bytes, 2 * MMSIM_MIB);
    ck_assert_uint_eq(config->n_cpus, 64);
    ck_assert_str_eq(config->cpu, "i486");
    ck_assert_uint_eq(config->seed, UINT64_MAX);
    ck_assert_uint_eq(config->user_frames, 64);
    ck_assert(!config->large_pages);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(the_tlb_and_its_flushes_are_those_asked_for)
{
    struct mmsim_scenario *scenario =
        load_text("mmsim: 1\nname: a machine\n"
                  "machine: {ram: 63GiB, paging: pae, tlb: infinite, tlb_replacement: fifo}\n"
                  "kernel: {flush: single, flush_threshold: 7, CONFIG_LAZY_TLB: n,\n"
                  "  CONFIG_BATCHED_FLUSH: n, CONFIG_GLOBAL_PAGES: n,\n"
                  "  CONFIG_TARGETED_SHOOTDOWN: n}\nsteps: []\n");
    const struct mmsim_config *config = mmsim_scenario_config(scenario);
    ck_assert_uint_eq(config->ram_bytes, 63 * MMSIM_GIB);
    ck_assert_int_eq(config->paging, MMSIM_PAGING_PAE);
    ck_assert_int_eq(config->tlb, MMSIM_TLB_INFINITE);
    ck_assert_int_eq(config->tlb_replacement, MMSIM_REPLACE_FIFO);
    ck_assert_int_eq(config->flush.method, MMSIM_FLUSH_SINGLE);
    ck_assert_uint_eq(config->flush.threshold_pages, 7);
    ck_assert(!config->flush.lazy && !config->flush.batched);
    ck_assert(!config->flush.global_pages && !config->flush.targeted);
    mmsim_scenario_destroy(scenario);
}
END_TEST

static const struct {
    const char *word;
    enum mmsim_flush_method method;
} methods[] = {
    {"threshold", MMSIM_FLUSH_THRESHOLD},
    {"full", MMSIM_FLUSH_FULL},
    {"single", MMSIM_FLUSH_SINGLE},
    {"none", MMSIM_FLUSH_NONE},
};

START_TEST(each_method_of_flushing_has_its_word)
{
    char text[128];
    snprintf(text, sizeof text, "mmsim: 1\nname: x\nkernel: {flush: %s}\nsteps: []\n",
             methods[_i].word);
    struct mmsim_scenario *scenario = load_text(text);
    const struct mmsim_flush *flush = &mmsim_scenario_config(scenario)->flush;
    ck_assert_int_eq(flush->method, methods[_i].method);
    ck_assert_uint_eq(flush->threshold_pages, 33);
    ck_assert(flush->lazy && flush->batched && flush->global_pages && flush->targeted);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(one_option_leaves_the_others_on)
{
    struct mmsim_scenario *scenario =
        load_text("mmsim: 1\nname: x\nkernel: {CONFIG_BATCHED_FLUSH: n}\nsteps: []\n");
    const struct mmsim_flush *flush = &mmsim_scenario_config(scenario)->flush;
    ck_assert(flush->lazy && !flush->batched && flush->global_pages && flush->targeted);
    mmsim_scenario_destroy(scenario);
}
END_TEST

static const struct mm_step *only_step(const struct mmsim_scenario *scenario)
{
    return &scenario->steps.steps[scenario->steps.n - 1];
}

START_TEST(an_access_step_is_decoded_whole)
{
    struct mmsim_scenario *scenario =
        load_text(HEAD MMAP "  - {do: access, by: p, over: buf, length: 2 pages, pattern: zipf, "
                            "theta: 0.5, count: 100k, writes: 20%, seed: 9, label: x, "
                            "survive: true, on: 0}\n");
    const struct mm_step *step = only_step(scenario);
    ck_assert_str_eq(step->verb->info.name, "access");
    ck_assert_uint_eq(step->line, 6);
    ck_assert_uint_eq(step->by, mm_names_find(&scenario->names, "p"));
    ck_assert_uint_eq(step->over, mm_names_find(&scenario->names, "buf"));
    ck_assert(step->has_length && step->has_seed && step->survive);
    ck_assert_uint_eq(step->length, 8192);
    ck_assert_uint_eq(step->pattern, MM_PATTERN_ZIPF);
    ck_assert(step->theta == 0.5);
    ck_assert_uint_eq(step->count, 100000);
    ck_assert_uint_eq(step->writes, 200000000);
    ck_assert_uint_eq(step->seed, 9);
    ck_assert_uint_eq(step->on, 0);
    ck_assert_str_eq(step->label, "x");
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(steps_have_the_defaults_of_the_documentation)
{
    struct mmsim_scenario *scenario =
        load_text(HEAD MMAP "  - {do: access, by: p, over: buf, pattern: zipf, count: 1}\n"
                            "  - {do: read, by: p, at: buf}\n"
                            "  - {do: walk, by: p, at: buf}\n"
                            "  - {do: kill, by: p}\n"
                            "  - {do: exit, by: kernel}\n");
    const struct mm_step *steps = scenario->steps.steps;
    ck_assert(!steps[1].has_length && !steps[1].has_seed && !steps[1].survive);
    ck_assert_uint_eq(steps[1].stride, 4096);
    ck_assert(steps[1].theta == 0.99);
    ck_assert_uint_eq(steps[1].writes, 0);
    ck_assert_uint_eq(steps[1].on, MM_NO_CPU);
    ck_assert_uint_eq(steps[2].size, 4);
    ck_assert_uint_eq(steps[3].access, MMSIM_ACCESS_READ);
    ck_assert_uint_eq(steps[4].code, 137);
    ck_assert_uint_eq(steps[5].by, MM_NAME_KERNEL);
    ck_assert_uint_eq(steps[5].code, 0);
    mmsim_scenario_destroy(scenario);
}
END_TEST

static const struct {
    const char *at;
    const char *name;
    uint64_t offset;
    bool below;
} places[] = {
    {"0", NULL, 0, false},
    {"0xFFFFFFFF", NULL, 0xFFFFFFFF, false},
    {"4096", NULL, 4096, false},
    {"1 GiB", NULL, MMSIM_GIB, false},
    {"buf", "buf", 0, false},
    {"buf+4", "buf", 4, false},
    {"buf + 16 pages", "buf", 65536, false},
    {"buf-0x10", "buf", 16, true},
    {"buf - 1 page", "buf", 4096, true},
};

START_TEST(addresses_are_numbers_or_names_with_offsets)
{
    char text[512];
    snprintf(text, sizeof text, HEAD MMAP "  - {do: read, by: p, at: %s}\n", places[_i].at);
    struct mmsim_scenario *scenario = load_text(text);
    const struct mm_place *at = &only_step(scenario)->at;
    uint32_t name = places[_i].name ? mm_names_find(&scenario->names, places[_i].name) : MM_NO_NAME;
    ck_assert_uint_eq(at->name, name);
    ck_assert_uint_eq(at->offset, places[_i].offset);
    ck_assert_int_eq(at->below, places[_i].below);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(bytes_are_hex_after_0x_and_text_otherwise)
{
    struct mmsim_scenario *scenario =
        load_text(HEAD "  - {do: write, by: p, at: 0, bytes: 0x00fF10}\n"
                       "  - {do: write, by: p, at: 0, bytes: \"0X00\"}\n");
    const struct mm_bytes *hex = &scenario->steps.steps[0].bytes;
    const struct mm_bytes *text = &scenario->steps.steps[1].bytes;
    ck_assert_uint_eq(hex->n, 3);
    ck_assert_mem_eq(hex->data, "\x00\xff\x10", 3);
    ck_assert_uint_eq(text->n, 4);
    ck_assert_mem_eq(text->data, "0X00", 4);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(a_read_that_expects_bytes_reads_that_many)
{
    struct mmsim_scenario *scenario =
        load_text(HEAD "  - {do: read, by: p, at: 0, expect: {bytes: hello}}\n"
                       "  - {do: read, by: p, at: 0, size: 2, expect: {bytes: 0x0102}}\n"
                       "  - {do: read, by: p, at: 0, size: 8, expect: {value: "
                       "18446744073709551615}}\n");
    ck_assert_uint_eq(scenario->steps.steps[0].bytes.n, 5);
    ck_assert_uint_eq(scenario->steps.steps[1].bytes.n, 2);
    ck_assert_ptr_null(scenario->steps.steps[2].bytes.data);
    ck_assert_uint_eq(scenario->steps.steps[2].expect.value, UINT64_MAX);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(a_repeat_gives_its_body_on_and_survive)
{
    struct mmsim_scenario *scenario = load_text(
        "mmsim: 1\nname: x\nmachine: {cpus: 2}\nprocesses: [{name: p}]\nsteps:\n"
        "  - do: repeat\n    times: 3\n    on: 1\n    survive: true\n    steps:\n"
        "      - {do: read, by: p, at: 0}\n"
        "      - {do: read, by: p, at: 0, on: 0, survive: false}\n"
        "      - {do: repeat, times: 2, steps: [{do: note, text: x}, {do: note, text: y}]}\n");
    const struct mm_step *repeat = only_step(scenario);
    ck_assert_uint_eq(repeat->times, 3);
    ck_assert_uint_eq(repeat->n_body, 3);
    ck_assert_uint_eq(repeat->body[0].on, 1);
    ck_assert(repeat->body[0].survive);
    ck_assert_uint_eq(repeat->body[1].on, 0);
    ck_assert(!repeat->body[1].survive);
    ck_assert_uint_eq(scenario->n_executed, 3 * (2 + 2 * 2));
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(a_name_may_be_bound_again)
{
    struct mmsim_scenario *scenario = load_text(HEAD MMAP MMAP);
    ck_assert_uint_eq(scenario->steps.steps[0].name, scenario->steps.steps[1].name);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(a_name_from_a_step_with_a_mistake_is_no_second_mistake)
{
    struct mmsim_scenario *scenario = NULL;
    static struct collected collected;
    enum mmsim_status status = parse_text(HEAD "  - {do: mmpa, by: p, as: buf, length: 1}\n"
                                               "  - {do: read, by: p, at: buf}\n"
                                               "  - {do: fokr, by: p, as: child}\n"
                                               "  - {do: read, by: child, at: buf+4}\n"
                                               "  - {do: check, that: process.child.rss == 1}\n",
                                          NULL, NULL, &scenario, &collected);
    ck_assert_int_eq(status, MMSIM_BAD_INPUT);
    ck_assert_ptr_null(scenario);
    ck_assert_uint_eq(collected.n, 2);
}
END_TEST

START_TEST(mistakes_come_in_the_order_of_the_file)
{
    struct mmsim_scenario *scenario = NULL;
    static struct collected collected;
    (void)parse_text("steps: [{do: nothing}]\nseed: x\nname: y\nmmsim: 2\n", NULL, NULL, &scenario,
                     &collected);
    ck_assert_uint_eq(collected.n, 3);
    const char *verb = strstr(collected.text, "1:14: ");
    const char *seed = strstr(collected.text, "2:7: ");
    const char *version = strstr(collected.text, "4:8: ");
    ck_assert(verb == collected.text && seed > verb && version > seed);
}
END_TEST

START_TEST(very_many_mistakes_are_cut)
{
    enum { N = 3000 };
    char *text = malloc(64 * N + sizeof HEAD);
    size_t n = (size_t)sprintf(text, HEAD);
    for (int i = 0; i < N; i++)
        n += (size_t)sprintf(text + n, "  - {do: x}\n");
    struct mmsim_scenario *scenario = NULL;
    static struct collected collected;
    static struct mmsim_load_options options;
    struct mmsim_error error;
    mmsim_load_options_init(&options);
    (void)collected;
    ck_assert_int_eq(mmsim_scenario_parse("t", text, n, &options, &scenario, &error),
                     MMSIM_BAD_INPUT);
    ck_assert_str_eq(error.where, "t:5:10");
    free(text);
}
END_TEST

START_TEST(the_step_that_binds_a_name_can_be_asked_for)
{
    struct mmsim_scenario *scenario = load_text(
        HEAD "  - {do: repeat, times: 3, steps: [{do: note, text: x}, {do: note, text: y}]}"
             "\n  - {do: repeat, times: 2, steps: [{do: note, text: z},\n"
             "     {do: mmap, by: p, as: buf, length: 1, prot: r, "
             "flags: private|anonymous}]}\n" MMAP);
    uint64_t index = 0;
    unsigned line = 0;
    ck_assert(mmsim_scenario_binding(scenario, "buf", &index, &line));
    ck_assert_uint_eq(index, 3 * 2 + 1);
    ck_assert_uint_eq(line, 7);
    ck_assert(!mmsim_scenario_binding(scenario, "p", &index, &line));
    ck_assert(!mmsim_scenario_binding(scenario, "other", &index, &line));
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(a_byte_order_mark_is_no_part_of_the_text)
{
    struct mmsim_scenario *scenario = load_text("\xEF\xBB\xBF" HEAD MMAP);
    ck_assert_uint_eq(scenario->steps.steps[0].line, 5);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(the_error_is_the_first_mistake)
{
    struct mmsim_scenario *scenario = NULL;
    struct mmsim_error error;
    static const char text[] = "mmsim: 1\nname: x\nmachine: {ram: 0}\nsede: 1\nsteps: []\n";
    ck_assert_int_eq(mmsim_scenario_parse("f.yaml", text, sizeof text - 1, NULL, &scenario, &error),
                     MMSIM_BAD_INPUT);
    ck_assert_int_eq(error.status, MMSIM_BAD_INPUT);
    ck_assert_str_eq(error.where, "f.yaml:3:16");
    ck_assert_str_eq(error.text, "ram: '0' is not in 2MiB..3GiB");
}
END_TEST

START_TEST(files_that_cannot_be_read_say_why)
{
    struct mmsim_scenario *scenario = NULL;
    struct mmsim_error error;
    ck_assert_int_eq(mmsim_scenario_load("no/such.yaml", NULL, &scenario, &error), MMSIM_HOST_IO);
    ck_assert_str_eq(error.where, "no/such.yaml");
    ck_assert_ptr_nonnull(strstr(error.text, "no such file"));
    ck_assert_int_eq(mmsim_scenario_load("tests", NULL, &scenario, &error), MMSIM_HOST_IO);
    ck_assert_ptr_nonnull(strstr(error.text, "directory"));
    ck_assert_ptr_null(scenario);
}
END_TEST

START_TEST(a_file_of_more_than_16_mebibytes_is_refused)
{
    size_t n = (size_t)MM_NODE_MAX_BYTES + 1;
    char *text = malloc(n);
    memset(text, '#', n);
    struct mmsim_scenario *scenario = NULL;
    struct mmsim_error error;
    ck_assert_int_eq(mmsim_scenario_parse("big", text, n, NULL, &scenario, &error),
                     MMSIM_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "16MiB"));
    free(text);
}
END_TEST

/* "by, as?, at?, length": what `mmsim list verbs` says, from the table of keys. */
static void describe_keys(const struct mm_verb *verb, char *text)
{
    *text = '\0';
    for (const struct mm_key *key = verb->keys; key->name; key++) {
        if (!key->read)
            continue;
        if (*text)
            strcat(text, ", ");
        strcat(text, key->name);
        if (key->need == MM_KEY_OPTIONAL)
            strcat(text, "?");
    }
}

START_TEST(what_is_listed_of_a_verb_is_what_it_accepts)
{
    const struct mm_verb *verb;
    size_t i = 0;
    for (; (verb = mm_verb_at(i)) != NULL; i++) {
        char text[256];
        describe_keys(verb, text);
        if (strcmp(verb->info.name, "write") == 0)
            ck_assert_str_eq(text, "by, at, value?, bytes?, pointer?, size?"); /* one of three */
        else if (strcmp(verb->info.name, "file-write") == 0)
            ck_assert_str_eq(text, "by?, file, offset?, bytes?, at?, length?"); /* one of two */
        else
            ck_assert_str_eq(text, verb->info.keys);
        ck_assert_ptr_eq(mmsim_verb_at(i), &verb->info);
        ck_assert(!mm_verb_is_later(verb->info.name));
    }
    ck_assert_uint_eq(i, 82);
    ck_assert_ptr_null(mmsim_verb_at(i));
}
END_TEST

static const char whole_scenario[] =
    "mmsim: 1\nname: everything\nseed: 3\nmachine: {ram: 4MiB, cpus: 2}\n"
    "processes: [{name: p}, {name: q}]\nsteps:\n" MMAP "  - {do: fork, by: p, as: child}\n"
    "  - {do: write, by: child, at: buf+4, bytes: hello, expect: {fault: minor}}\n"
    "  - {do: read, by: child, at: buf+4, expect: {bytes: hello}}\n"
    "  - {do: read, by: child, at: buf, survive: true, on: 1, label: l}\n"
    "  - {do: access, by: p, over: buf, pattern: zipf, count: 5000, writes: 50%}\n"
    "  - {do: repeat, times: 2, steps: [{do: walk, by: p, at: buf, access: w}]}\n"
    "  - {do: compare, by: q, at: 0, length: 1, value: 0, expect: {signal: SIGSEGV}}\n"
    "  - {do: read, by: q, at: buf, expect: {error: ESRCH}}\n"
    "  - {do: cache-create, name: c, size: 64, checks: ZP, pointers: [0, 8]}\n"
    "  - {do: cache-alloc, cache: c, as: k, count: 3, label: here}\n"
    "  - {do: cache-free, cache: c, all: k, expect: {objects: 3}}\n"
    "  - {do: check, that: \"process.p.rss + 1 > 0 && faults.cow == 99\"}\n";

START_TEST(loading_without_memory_leaves_nothing_behind)
{
    static struct collected collected;
    static const char *const overrides[] = {"seed=4", "machine.ram=8MiB", NULL};
    for (uint64_t n = 1;; n++) {
        struct fail_nth fail;
        struct mmsim_scenario *scenario = NULL;
        fail_nth_init(&fail, n, 1 + (n % 2 ? 0 : FAIL_FROM_THERE_ON - 1));
        enum mmsim_status status =
            parse_text(whole_scenario, overrides, &fail.allocator, &scenario, &collected);
        ck_assert_uint_eq(collected.n, 0);
        ck_assert_int_eq(status, fail.n_requests < n ? MMSIM_OK : MMSIM_HOST_MEMORY);
        mmsim_scenario_destroy(scenario);
        ck_assert_ptr_null(fail_nth_check(&fail));
        if (status == MMSIM_OK)
            break;
    }
}
END_TEST

START_TEST(mistakes_without_memory_leave_nothing_behind)
{
    static struct collected collected;
    for (uint64_t n = 1;; n++) {
        struct fail_nth fail;
        struct mmsim_scenario *scenario = NULL;
        fail_nth_init(&fail, n, FAIL_FROM_THERE_ON);
        enum mmsim_status status = parse_text(HEAD "  - {do: wirte}\n  - {do: read, by: x}\n", NULL,
                                              &fail.allocator, &scenario, &collected);
        ck_assert_ptr_null(scenario);
        ck_assert_ptr_null(fail_nth_check(&fail));
        ck_assert_int_ne(status, MMSIM_OK);
        if (status == MMSIM_BAD_INPUT)
            break;
    }
}
END_TEST

Suite *test_schema_suite(void);

Suite *test_schema_suite(void)
{
    Suite *suite = suite_create("schema");
    TCase *tests = tcase_create("schema");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, defaults_are_those_of_the_documentation);
    tcase_add_test(tests, defaults_may_be_spelled_out);
    tcase_add_test(tests, the_machine_is_the_one_asked_for);
    tcase_add_test(tests, the_tlb_and_its_flushes_are_those_asked_for);
    tcase_add_loop_test(tests, each_method_of_flushing_has_its_word, 0,
                        sizeof methods / sizeof methods[0]);
    tcase_add_test(tests, one_option_leaves_the_others_on);
    tcase_add_test(tests, an_access_step_is_decoded_whole);
    tcase_add_test(tests, steps_have_the_defaults_of_the_documentation);
    tcase_add_loop_test(tests, addresses_are_numbers_or_names_with_offsets, 0,
                        sizeof places / sizeof *places);
    tcase_add_test(tests, bytes_are_hex_after_0x_and_text_otherwise);
    tcase_add_test(tests, a_read_that_expects_bytes_reads_that_many);
    tcase_add_test(tests, a_repeat_gives_its_body_on_and_survive);
    tcase_add_test(tests, a_name_may_be_bound_again);
    tcase_add_test(tests, a_name_from_a_step_with_a_mistake_is_no_second_mistake);
    tcase_add_test(tests, mistakes_come_in_the_order_of_the_file);
    tcase_add_test(tests, very_many_mistakes_are_cut);
    tcase_add_test(tests, the_step_that_binds_a_name_can_be_asked_for);
    tcase_add_test(tests, a_byte_order_mark_is_no_part_of_the_text);
    tcase_add_test(tests, the_error_is_the_first_mistake);
    tcase_add_test(tests, files_that_cannot_be_read_say_why);
    tcase_add_test(tests, a_file_of_more_than_16_mebibytes_is_refused);
    tcase_add_test(tests, what_is_listed_of_a_verb_is_what_it_accepts);
    tcase_add_test(tests, loading_without_memory_leaves_nothing_behind);
    tcase_add_test(tests, mistakes_without_memory_leave_nothing_behind);
    suite_add_tcase(suite, tests);
    return suite;
}
