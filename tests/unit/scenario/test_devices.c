/* Scenarios with devices: their names in steps, their output in results. */
#include "loaded.h"

#define DEVICES                                                                                    \
    "mmsim: 1\nname: test\n"                                                                       \
    "machine:\n"                                                                                   \
    "  mmio:\n"                                                                                    \
    "    - {name: port, at: 0xF0000000, size: 2 pages, device: uart, input: 0x00ff}\n"             \
    "    - {name: clock, at: 0xF0002000, size: 4KiB, device: timer}\n"                             \
    "processes: [{name: p}]\nsteps:\n"

/* The result as JSON; the scenario is over. */
static const char *run_to_json(const char *text)
{
    static struct collected json;
    struct mmsim_scenario *scenario = load_text(text);
    struct mmsim_result *result = NULL;
    struct mmsim_error error = {0};
    memset(&json, 0, sizeof json);
    ck_assert_int_eq(mmsim_scenario_run(scenario, NULL, &result, &error), MMSIM_OK);
    mmsim_result_write_json(result, &(struct mmsim_sink){collect_text, &json});
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
    return json.text;
}

static void expect_in(const char *json, const char *part)
{
    ck_assert_msg(strstr(json, part), "%s is not in %s", part, json);
}

START_TEST(a_name_of_a_device_is_its_address)
{
    const char *json = run_to_json(
        DEVICES "  - {do: mmio-read, by: kernel, at: port, size: 1, expect: {value: 0}}\n"
                "  - {do: read, by: kernel, at: port, size: 1, expect: {value: 0xff}}\n"
                "  - {do: mmio-read, by: kernel, at: clock-0x1000, expect: {error: EIO}}\n");
    expect_in(json, "\"status\":\"passed\"");
}
END_TEST

START_TEST(what_a_port_sent_stands_in_the_result)
{
    const char *json = run_to_json(
        DEVICES "  - {do: mmio-write, by: kernel, at: port, size: 1, value: 0}\n"
                "  - {do: mmio-write, by: kernel, at: port, size: 1, value: 0xa5}\n"
                "  - {do: write, by: kernel, at: port, bytes: 0x07}\n"
                "  - {do: write, by: kernel, at: port, bytes: ab, expect: {error: EIO}}\n");
    expect_in(json, "\"status\":\"passed\"");
    expect_in(json, ",\"devices\":{\"port\":{\"output\":\"0x00a507\"},\"clock\":{}}}\n");
}
END_TEST

START_TEST(a_refused_load_has_an_errno_and_all_ones)
{
    const char *json = run_to_json(
        DEVICES "  - {do: mmio-read, by: kernel, at: port+6, size: 2,\n"
                "     expect: {error: EIO, value: 0xFFFF, fault: none, address: port+6}}\n"
                "  - {do: read, by: kernel, at: clock+8, expect: {value: 1}}\n"
                "  - {do: mmio-read, by: p, at: clock, survive: true,\n"
                "     expect: {signal: SIGSEGV, code: SEGV_MAPERR}}\n"
                "  - {do: exec, by: kernel, at: clock+8}\n");
    expect_in(json,
              "\"do\":\"mmio-read\",\"by\":\"kernel\",\"outcome\":\"error\",\"errno\":\"EIO\","
              "\"value\":65535,\"address\":\"0xf0000006\"");
    expect_in(json, "\"expected\":\"value 1\",\"actual\":\"value 0\"");
}
END_TEST

START_TEST(without_devices_the_result_does_not_speak_of_them)
{
    const char *json = run_to_json(HEAD "  - {do: note, text: none}\n");
    ck_assert_ptr_null(strstr(json, "devices"));
}
END_TEST

START_TEST(a_device_can_be_overridden)
{
    static const char *const overrides[] = {"machine.mmio.1.at=0xF0001000", NULL};
    struct mmsim_scenario *scenario = NULL;
    static struct collected collected;
    ck_assert_int_eq(
        parse_text(DEVICES "  - {do: note, text: x}\n", overrides, NULL, &scenario, &collected),
        MMSIM_BAD_INPUT);
    ck_assert_msg(strstr(collected.text, "clock (0xf0001000-0xf0001fff) overlaps port"), "%s",
                  collected.text);
}
END_TEST

Suite *test_devices_suite(void);

Suite *test_devices_suite(void)
{
    Suite *suite = suite_create("devices");
    TCase *tests = tcase_create("devices");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, a_name_of_a_device_is_its_address);
    tcase_add_test(tests, what_a_port_sent_stands_in_the_result);
    tcase_add_test(tests, a_refused_load_has_an_errno_and_all_ones);
    tcase_add_test(tests, without_devices_the_result_does_not_speak_of_them);
    tcase_add_test(tests, a_device_can_be_overridden);
    return suite;
}
