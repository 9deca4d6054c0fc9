/*
 * walk.c - `mmsim walk`: run a scenario up to a step, then explain one translation.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "spelling.h"
#include "stopped.h"

struct request {
    const char *by, *at;
    enum mmsim_access_kind access;
};

/* ---- the command line ---- */

static bool parse_access(const char *text, enum mmsim_access_kind *access)
{
    static const struct {
        const char *text;
        enum mmsim_access_kind access;
    } rows[] = {{"r", MMSIM_ACCESS_READ}, {"w", MMSIM_ACCESS_WRITE}, {"x", MMSIM_ACCESS_FETCH}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].text, text) == 0) {
            *access = rows[i].access;
            return true;
        }
    }
    return false;
}

static bool read_request(const struct arguments *arguments, struct request *request,
                         struct console *console)
{
    const char *access = arguments->values[OPTION_ACCESS];
    *request = (struct request){arguments->values[OPTION_BY], arguments->values[OPTION_AT],
                                MMSIM_ACCESS_READ};
    if (arguments->n_operands != 1) {
        console_error(console,
                      "expected one scenario file, got %zu: mmsim walk SCENARIO --by PROCESS --at "
                      "ADDRESS",
                      arguments->n_operands);
        return false;
    }
    if (request->by == NULL || request->at == NULL) {
        console_error(console, "--%s is missing; see mmsim walk --help",
                      request->by == NULL ? "by PROCESS" : "at ADDRESS");
        return false;
    }
    if (access != NULL && !parse_access(access, &request->access)) {
        console_error(console, "--access %s: expected r, w or x", access);
        return false;
    }
    return true;
}

/* ---- process and address ---- */

static struct mmsim_process *find_process(struct mmsim_machine *machine, const char *name,
                                          struct console *console)
{
    struct mmsim_process *process = mmsim_process_find(machine, name);
    if (process != NULL)
        return process;
    struct spelling spelling = {name, NULL, 0};
    for (size_t i = 0; (process = mmsim_process_at(machine, i)) != NULL; i++)
        spelling_offer(&spelling, mmsim_process_name(process));
    if (spelling.nearest != NULL)
        console_error(console, "--by %s: there is no such process; did you mean %s?", name,
                      spelling.nearest);
    else
        console_error(console, "--by %s: there is no such process at that step", name);
    return NULL;
}

/* The part before a + or -, without spaces around it: a number or a name. */
static bool parse_base(const struct mmsim_result *result, const char *text, size_t n_chars,
                       mmsim_vaddr *address)
{
    char base[96];
    while (n_chars > 0 && text[n_chars - 1] == ' ')
        n_chars--;
    if (n_chars == 0 || n_chars >= sizeof base)
        return false;
    memcpy(base, text, n_chars);
    base[n_chars] = '\0';
    return mmsim_quantity_parse(base, address) || mmsim_result_address(result, base, address);
}

/* What the machines of this version can address; also what scenarios allow. */
#define LAST_ADDRESS UINT64_C(0xFFFFFFFF)

/* False: it is none. Beyond the last address: *address is larger than that. */
static bool parse_address(const struct mmsim_result *result, const char *text, mmsim_vaddr *address)
{
    size_t n_chars = strcspn(text, "+-");
    uint64_t offset;
    if (!parse_base(result, text, n_chars, address))
        return false;
    if (text[n_chars] == '\0')
        return true;
    const char *rest = text + n_chars + 1;
    rest += strspn(rest, " ");
    if (!mmsim_quantity_parse(rest, &offset))
        return false;
    bool overflow = text[n_chars] == '+' ? __builtin_add_overflow(*address, offset, address)
                                         : __builtin_sub_overflow(*address, offset, address);
    *address = overflow ? UINT64_MAX : *address;
    return true;
}

/* Nothing is wrong with a name that a later step binds but the place to stop. */
static void say_no_address(const struct request *request, const struct mmsim_result *result,
                           const struct mmsim_scenario *scenario, struct console *console)
{
    char name[96];
    uint64_t index;
    unsigned line;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(request->at, "+- "), request->at);
    bool named = mmsim_scenario_binding(scenario, name, &index, &line);
    if (named && index >= mmsim_result_n_steps(result))
        console_error(console,
                      "--at %s: '%s' is not bound yet: line %u binds it; try --step %" PRIu64,
                      request->at, name, line, index + 1);
    else if (named && !mmsim_result_address(result, name, &index))
        console_error(console, "--at %s: '%s' is not bound: the step that binds it failed",
                      request->at, name);
    else
        console_error(console,
                      "--at %s: expected an address such as 0x40000000, buf or buf+4096, where buf "
                      "is a name that a step binds with `as`",
                      request->at);
}

static enum exit_status look(const void *user, const struct mmsim_result *result,
                             const struct mmsim_scenario *scenario, struct console *console)
{
    const struct request *request = user;
    struct mmsim_process *process =
        find_process(mmsim_result_machine(result), request->by, console);
    mmsim_vaddr address;
    struct mmsim_walk walk;
    if (process == NULL)
        return EXIT_BAD_INPUT;
    if (!parse_address(result, request->at, &address)) {
        say_no_address(request, result, scenario, console);
        return EXIT_BAD_INPUT;
    }
    if (address > LAST_ADDRESS) {
        console_error(console, "--at %s: beyond 0xFFFFFFFF, the last address of this machine",
                      request->at);
        return EXIT_BAD_INPUT;
    }
    if (!mmsim_process_alive(process)) {
        console_error(console, "'%s' has exited by then and its page tables are gone; see --step",
                      request->by);
        return EXIT_BAD_INPUT;
    }
    struct mmsim_sink sink = output_sink(&console->out);
    mmsim_explain(process, address, request->access, &walk);
    mmsim_walk_print(&walk, &sink);
    return EXIT_PASSED;
}

enum exit_status walk_perform(const struct arguments *arguments, struct console *console)
{
    struct request request;
    if (!read_request(arguments, &request, console))
        return EXIT_BAD_INPUT;
    return stopped_look(arguments->operands[0], arguments, look, &request, console);
}
