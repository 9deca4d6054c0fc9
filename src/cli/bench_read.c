/*
 * bench_read.c - the options of `mmsim bench`: lists, ranges, shares and times.
 *
 * An entry of a list is a piece of the option's value; commas within parentheses do not end one.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "spelling.h"

enum { MAX_THREADS = 1024, PIECE_CHARS = 127 };
#define MAX_FRAMES (UINT64_C(1) << 24)
#define MAX_ENTRIES 100000
#define WHOLE_SHARE UINT64_C(100000000) /* 100 %, in millionths of a percent */

/* ---- pieces ---- */

/* Where the piece at `text` ends: a comma outside parentheses, or the end. */
static size_t piece_chars(const char *text)
{
    int depth = 0;
    size_t i = 0;
    for (; text[i] != '\0' && (text[i] != ',' || depth > 0); i++)
        depth += (text[i] == '(') - (text[i] == ')');
    return i;
}

static size_t count_pieces(const char *list)
{
    size_t n = 1;
    for (size_t i = piece_chars(list); list[i] == ','; n++)
        i += 1 + piece_chars(list + i + 1);
    return n;
}

/* Takes a piece off the list, without the blanks around it; false: it was the last. */
static bool next_piece(const char **list, char piece[PIECE_CHARS + 1])
{
    size_t n = piece_chars(*list);
    const char *from = *list;
    bool more = from[n] == ',';
    *list = from + n + more;
    while (n > 0 && *from == ' ') {
        from++;
        n--;
    }
    while (n > 0 && from[n - 1] == ' ')
        n--;
    n = n < PIECE_CHARS ? n : PIECE_CHARS;
    memcpy(piece, from, n);
    piece[n] = '\0';
    return more;
}

/* ---- numbers ---- */

uint64_t bench_share_of(uint64_t millionths, uint64_t whole)
{
    uint64_t quotient = whole / WHOLE_SHARE, rest = whole % WHOLE_SHARE;
    return quotient * millionths + (2 * rest * millionths + WHOLE_SHARE) / (2 * WHOLE_SHARE);
}

struct size_item bench_size_of(struct size_item item, const struct mmsim_trace *trace)
{
    if (!item.is_share)
        return item;
    uint64_t frames = bench_share_of(item.low, mmsim_trace_pages(trace));
    frames = frames > 0 ? frames : 1;
    return (struct size_item){.low = frames, .high = frames};
}

/* "12.5%" in millionths of a percent: more than 0, at most 100 %, at most 6 decimals. */
static bool read_share(const char *text, uint64_t *millionths)
{
    uint64_t value = 0, scale = 1000000;
    size_t i = 0, n_digits = 0;
    bool point = false;
    for (; text[i] != '%'; i++) {
        if (text[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (text[i] < '0' || text[i] > '9' || value > WHOLE_SHARE || scale == (point ? 1 : 0))
            return false;
        scale /= point ? 10 : 1;
        value = value * 10 + (uint64_t)(text[i] - '0');
        n_digits++;
    }
    *millionths = value * scale;
    return text[i + 1] == '\0' && n_digits > 0 && value <= WHOLE_SHARE && *millionths > 0 &&
           *millionths <= WHOLE_SHARE;
}

static bool read_below(const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
    return number_parse(text, value) && *value >= low && *value <= high;
}

/* "8ms" in nanoseconds; without a unit they are nanoseconds. */
static bool read_time(const char *text, double *ns)
{
    static const struct {
        const char *unit;
        double ns;
    } UNITS[] = {{"", 1}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    char digits[PIECE_CHARS + 1];
    uint64_t number;
    size_t n = strspn(text, "0123456789");
    memcpy(digits, text, n);
    digits[n] = '\0';
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
        if (strcmp(text + n + strspn(text + n, " "), UNITS[i].unit) == 0 &&
            read_below(digits, 0, UINT64_C(1) << 40, &number)) {
            *ns = (double)number * UNITS[i].ns;
            return true;
        }
    }
    return false;
}

/* ---- lists ---- */

static bool say_no_memory(struct console *console)
{
    console_error(console, "the host gave no memory");
    return false;
}

static bool read_size(const char *piece, struct size_item *item, struct console *console)
{
    char low[PIECE_CHARS + 1];
    const char *dots = strstr(piece, "..");
    item->is_share = strchr(piece, '%') != NULL;
    if (item->is_share && read_share(piece, &item->low))
        return true;
    if (!item->is_share && dots == NULL && read_below(piece, 1, MAX_FRAMES, &item->low)) {
        item->high = item->low;
        return true;
    }
    if (!item->is_share && dots != NULL) {
        memcpy(low, piece, (size_t)(dots - piece));
        low[dots - piece] = '\0';
        if (read_below(low, 1, MAX_FRAMES, &item->low) &&
            read_below(dots + 2, item->low, MAX_FRAMES, &item->high) &&
            item->high - item->low < MAX_ENTRIES)
            return true;
    }
    console_error(console,
                  "--frames: '%s': expected a number from 1 to 16777216 (64, 1k), a range (4..8), "
                  "or a share of the trace's pages above 0%% (5%%)",
                  piece);
    return false;
}

static bool read_sizes(const char *list, struct size_list *sizes, struct console *console)
{
    char piece[PIECE_CHARS + 1];
    bool good = true, more = true;
    sizes->items = calloc(count_pieces(list), sizeof *sizes->items);
    if (sizes->items == NULL)
        return say_no_memory(console);
    while (more) {
        more = next_piece(&list, piece);
        good = read_size(piece, &sizes->items[sizes->n++], console) && good;
    }
    return good;
}

/* Whether a policy can be in a study whose views are those. */
static bool can_be_seen(const struct mmsim_policy_ops *ops, const struct view_list *views)
{
    bool only_bits = true;
    for (size_t i = 0; i < views->n; i++)
        only_bits &= views->intervals[i] > 0;
    return !only_bits || !(ops->flags & MMSIM_POLICY_STUDY_ONLY);
}

static bool take_all(struct bench_request *request, struct console *console)
{
    const struct mmsim_policy_ops *ops;
    struct choice_list *choices = &request->choices;
    size_t n = 0;
    while (mmsim_policy_at(n) != NULL)
        n++;
    choices->items = calloc(n, sizeof *choices->items);
    if (choices->items == NULL)
        return say_no_memory(console);
    for (size_t i = 0; (ops = mmsim_policy_at(i)) != NULL; i++) {
        if (can_be_seen(ops, &request->views))
            choices->items[choices->n++] = mmsim_policy_choice_of(ops);
    }
    return true;
}

static bool read_choice(const char *piece, const struct view_list *views,
                        struct mmsim_policy_choice *choice, struct console *console)
{
    struct mmsim_error error;
    if (mmsim_policy_parse(piece, strlen(piece), choice, &error) != MMSIM_OK) {
        console_error(console, "--policy: %s%s%s", error.where, error.where[0] ? ": " : "",
                      error.text);
        return false;
    }
    if (!can_be_seen(choice->ops, views)) {
        console_error(console, "--policy: %s needs each reference: --view exact", piece);
        return false;
    }
    return true;
}

static bool read_choices(const char *list, struct bench_request *request, struct console *console)
{
    char piece[PIECE_CHARS + 1];
    struct choice_list *choices = &request->choices;
    bool good = true, more = true;
    if (strcmp(list, "all") == 0)
        return take_all(request, console);
    choices->items = calloc(count_pieces(list), sizeof *choices->items);
    if (choices->items == NULL)
        return say_no_memory(console);
    while (more) {
        more = next_piece(&list, piece);
        good = read_choice(piece, &request->views, &choices->items[choices->n++], console) && good;
    }
    return good;
}

static bool read_views(const char *list, struct view_list *views, struct console *console)
{
    char piece[PIECE_CHARS + 1];
    bool good = true, more = true;
    views->intervals = calloc(count_pieces(list), sizeof *views->intervals);
    if (views->intervals == NULL)
        return say_no_memory(console);
    while (more) {
        more = next_piece(&list, piece);
        uint64_t *interval = &views->intervals[views->n++];
        bool exact = strcmp(piece, "exact") == 0;
        bool bits =
            strncmp(piece, "bits:", 5) == 0 && read_below(piece + 5, 1, UINT64_MAX, interval);
        if (!exact && !bits) {
            console_error(console, "--view: '%s': expected exact, or bits:N with N at least 1",
                          piece);
            good = false;
        }
    }
    return good;
}

static bool read_costs(const char *list, struct mmsim_costs *costs, struct console *console)
{
    double *const fields[] = {&costs->hit, &costs->miss, &costs->write_back};
    const char *rest = list;
    char piece[PIECE_CHARS + 1];
    bool more = true;
    size_t n = 0;
    while (more && n < 3) {
        more = next_piece(&rest, piece);
        if (!read_time(piece, fields[n++]))
            break;
        if (n == 3 && !more)
            return true;
    }
    console_error(console,
                  "--costs %s: expected the times of a hit, a miss and a write, such as "
                  "100ns,8ms,8ms",
                  list);
    return false;
}

/* ---- single values ---- */

static bool read_warm_up(const char *text, struct warm_up *warm_up, struct console *console)
{
    warm_up->is_share = strchr(text, '%') != NULL;
    if (warm_up->is_share ? read_share(text, &warm_up->amount) && warm_up->amount < WHOLE_SHARE
                          : number_parse(text, &warm_up->amount))
        return true;
    console_error(console,
                  "--warm-up %s: expected a number of references (10k), or a share of them below "
                  "100%% (20%%)",
                  text);
    return false;
}

static bool read_number(const struct arguments *arguments, enum option_id id, const char *name,
                        uint64_t low, uint64_t high, uint64_t *value, struct console *console)
{
    const char *text = arguments->values[id];
    if (text == NULL || read_below(text, low, high, value))
        return true;
    console_error(console, "--%s %s: expected a number from %llu to %llu", name, text,
                  (unsigned long long)low, (unsigned long long)high);
    return false;
}

static bool read_refaults(const char *text, enum mmsim_refaults *refaults, struct console *console)
{
    if (strcmp(text, "references") == 0)
        *refaults = MMSIM_REFAULTS_BY_REFERENCES;
    else if (strcmp(text, "evictions") == 0)
        *refaults = MMSIM_REFAULTS_BY_EVICTIONS;
    else
        console_error(console, "--refaults %s: expected references or evictions", text);
    return *refaults != MMSIM_REFAULTS_NOT;
}

static bool read_plot(const char *path, struct bench_request *request, struct console *console)
{
    const char *dot = strrchr(path, '.');
    request->plot = path;
    if (dot != NULL && strcmp(dot, ".svg") == 0)
        request->plot_format = MMSIM_STUDY_GNUPLOT_SVG;
    else if (dot != NULL && strcmp(dot, ".png") == 0)
        request->plot_format = MMSIM_STUDY_GNUPLOT_PNG;
    else
        console_error(console, "--plot %s: expected a file whose name ends with .svg or .png",
                      path);
    return request->plot_format != MMSIM_STUDY_TEXT;
}

static bool read_format(const struct arguments *arguments, struct bench_request *request,
                        struct console *console)
{
    bool json = arguments_has(arguments, OPTION_JSON), csv = arguments_has(arguments, OPTION_CSV);
    request->format = json ? MMSIM_STUDY_JSON : csv ? MMSIM_STUDY_CSV : MMSIM_STUDY_TEXT;
    if (json && csv)
        console_error(console, "--json and --csv contradict each other");
    return !(json && csv);
}

/* ---- all of it ---- */

static bool read_numbers(const struct arguments *arguments, struct bench_request *request,
                         struct console *console)
{
    uint64_t n_threads = request->n_threads, clean_first = 0;
    struct mmsim_study_options *options = &request->options;
    bool good =
        read_number(arguments, OPTION_THREADS, "threads", 1, MAX_THREADS, &n_threads, console);
    good = read_number(arguments, OPTION_CLEAN_FIRST, "clean-first", 0, UINT32_MAX, &clean_first,
                       console) &&
           good;
    good =
        read_number(arguments, OPTION_SEED, "seed", 0, UINT64_MAX, &options->seed, console) && good;
    request->n_threads = (unsigned)n_threads;
    options->clean_first = (uint32_t)clean_first;
    return good;
}

static const char *value_or(const struct arguments *arguments, enum option_id id, const char *plain)
{
    return arguments_has(arguments, id) ? arguments->values[id] : plain;
}

static bool read_optional(const struct arguments *arguments, struct bench_request *request,
                          struct console *console)
{
    bool good = true;
    const char *const *values = arguments->values;
    request->has_costs = values[OPTION_COSTS] != NULL;
    if (values[OPTION_COSTS])
        good = read_costs(values[OPTION_COSTS], &request->costs, console) && good;
    if (values[OPTION_WARM_UP])
        good = read_warm_up(values[OPTION_WARM_UP], &request->warm_up, console) && good;
    if (values[OPTION_REFAULTS])
        good = read_refaults(values[OPTION_REFAULTS], &request->options.refaults, console) && good;
    if (values[OPTION_PLOT])
        good = read_plot(values[OPTION_PLOT], request, console) && good;
    return good;
}

static bool check_operands(const struct arguments *arguments, struct console *console)
{
    bool good = arguments->n_operands == 0 && arguments->n_traces > 0;
    if (arguments->n_operands > 0)
        console_error(console, "'%s' is no option; did you mean --trace %s?",
                      arguments->operands[0], arguments->operands[0]);
    else if (!good)
        console_error(console, "of which trace? --trace FILE; bench/traces has some");
    return good;
}

bool bench_request_read(const struct arguments *arguments, struct bench_request *request,
                        struct console *console)
{
    struct bench_request plain = *request;
    bool belady = arguments_has(arguments, OPTION_BELADY);
    *request = (struct bench_request){.n_threads = plain.n_threads};
    mmsim_study_options_init(&request->options);
    request->report_flags = (arguments_has(arguments, OPTION_NO_TIME) ? 0 : MMSIM_STUDY_TIMES) |
                            (belady ? MMSIM_STUDY_ANOMALIES : 0);
    bool good = check_operands(arguments, console);
    good = read_format(arguments, request, console) && good;
    good = read_views(value_or(arguments, OPTION_VIEW, "exact"), &request->views, console) && good;
    const char *policies = value_or(arguments, OPTION_POLICY, plain.default_policies);
    const char *sizes = value_or(arguments, OPTION_FRAMES, belady ? "1..32" : plain.default_frames);
    good = read_choices(policies, request, console) && good;
    good = (sizes == NULL || read_sizes(sizes, &request->sizes, console)) && good;
    good = read_numbers(arguments, request, console) && good;
    return read_optional(arguments, request, console) && good;
}

void bench_request_fini(struct bench_request *request)
{
    free(request->sizes.items);
    free(request->choices.items);
    free(request->views.intervals);
}
