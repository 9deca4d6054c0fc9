/*
 * registry.c - the policies by name, with their parameters: "clock(load-bit=1)".
 *
 *   text      = NAME [ "(" parameter { "," parameter } ")" ]
 *   parameter = NAME "=" ( number | word )      blanks are allowed between the parts
 *
 * Numbers are plain decimals, read and printed alike in every locale. A misspelt word is answered
 * with the one that was probably meant, and with those that there are.
 */
#include <string.h>

#include "base/text.h"
#include "policy/policy.h"

static const struct mmsim_policy_ops *const table[] = {
#define X(identifier) &mm_policy_##identifier,
    MM_POLICY_LIST(X)
#undef X
};

enum { N_POLICIES = sizeof table / sizeof *table, MAX_WORDS = 64, MAX_WORD_CHARS = 31 };

const char *mmsim_kind_name(enum mmsim_kind kind)
{
    static const char *const names[MMSIM_N_KINDS] = {"load", "store", "fetch"};
    return (unsigned)kind < MMSIM_N_KINDS ? names[kind] : "?";
}

const struct mmsim_policy_ops *mmsim_policy_at(size_t index)
{
    return index < N_POLICIES ? table[index] : NULL;
}

const struct mmsim_policy_ops *mmsim_policy_find(const char *name)
{
    for (size_t i = 0; i < N_POLICIES; i++)
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    return NULL;
}

static size_t count_params(const struct mmsim_policy_ops *ops)
{
    size_t n = 0;
    while (ops->params && n < MMSIM_POLICY_MAX_PARAMS && ops->params[n].name)
        n++;
    return n;
}

static size_t count_words(const struct mmsim_param *param)
{
    size_t n = 0;
    while (n < MAX_WORDS && param->words[n])
        n++;
    return n;
}

struct mmsim_policy_choice mmsim_policy_choice_of(const struct mmsim_policy_ops *ops)
{
    struct mmsim_policy_choice choice = {.ops = ops};
    for (size_t i = 0; i < count_params(ops); i++)
        choice.params[i] = ops->params[i].by_default;
    return choice;
}

/* ---- words ---- */

/* A part of the text that is read. */
struct piece {
    const char *text;
    size_t n_bytes;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct piece trim(const char *text, size_t n_bytes)
{
    while (n_bytes > 0 && is_blank(text[0])) {
        text++;
        n_bytes--;
    }
    while (n_bytes > 0 && is_blank(text[n_bytes - 1]))
        n_bytes--;
    return (struct piece){text, n_bytes};
}

static bool is(struct piece piece, const char *word)
{
    return strlen(word) == piece.n_bytes && memcmp(word, piece.text, piece.n_bytes) == 0;
}

/* How a piece is cited: at most so many bytes of it. */
static int cited(struct piece piece)
{
    return (int)(piece.n_bytes < 64 ? piece.n_bytes : 64);
}

struct vocabulary {
    const char *words[MAX_WORDS];
    size_t n_words;
};

static struct vocabulary policies(void)
{
    struct vocabulary known = {.n_words = N_POLICIES};
    for (size_t i = 0; i < N_POLICIES; i++)
        known.words[i] = table[i]->name;
    return known;
}

static struct vocabulary params_of(const struct mmsim_policy_ops *ops)
{
    struct vocabulary known = {.n_words = count_params(ops)};
    for (size_t i = 0; i < known.n_words; i++)
        known.words[i] = ops->params[i].name;
    return known;
}

static struct vocabulary words_of(const struct mmsim_param *param)
{
    struct vocabulary known = {.n_words = count_words(param)};
    memcpy(known.words, param->words, known.n_words * sizeof *known.words);
    return known;
}

/* Its place; n_words: it is not among them. */
static size_t place_of(const struct vocabulary *known, struct piece word)
{
    size_t i = 0;
    while (i < known->n_words && !is(word, known->words[i]))
        i++;
    return i;
}

/* As the words are written: small letters, and hyphens. NULL: none is near. */
static const char *nearest(const struct vocabulary *known, struct piece word)
{
    char folded[MAX_WORD_CHARS + 1];
    size_t n = word.n_bytes < MAX_WORD_CHARS ? word.n_bytes : MAX_WORD_CHARS;
    for (size_t i = 0; i < n; i++) {
        char c = word.text[i];
        folded[i] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    folded[n] = '\0';
    return mm_text_nearest(folded, known->words, known->n_words);
}

static void join(const struct vocabulary *known, char *list, size_t n_bytes)
{
    size_t n = 0;
    list[0] = '\0';
    for (size_t i = 0; i < known->n_words; i++) {
        size_t length = strlen(known->words[i]);
        if (n + length + 3 > n_bytes)
            return;
        if (i > 0) {
            memcpy(list + n, ", ", 2);
            n += 2;
        }
        memcpy(list + n, known->words[i], length + 1);
        n += length;
    }
}

/* "unknown policy 'lur'; did you mean 'lru'? Expected one of opt, lru, ..." */
static enum mmsim_status refuse_word(struct mmsim_error *error, const char *where, const char *what,
                                     struct piece word, const struct vocabulary *known)
{
    char list[300];
    const char *near = nearest(known, word);
    join(known, list, sizeof list);
    if (near)
        return mm_error_set(error, MMSIM_BAD_INPUT, where,
                            "unknown %s '%.*s'; did you mean '%s'? Expected one of %s", what,
                            cited(word), word.text, near, list);
    return mm_error_set(error, MMSIM_BAD_INPUT, where, "unknown %s '%.*s': expected one of %s",
                        what, cited(word), word.text, list);
}

/* ---- values ---- */

/* Appends to a text of fixed size, and cuts. */
struct fixed_text {
    char *text;
    size_t n_bytes, capacity;
};

static void append(void *user, const char *data, size_t n_bytes)
{
    struct fixed_text *fixed = (struct fixed_text *)user;
    size_t room = fixed->capacity - fixed->n_bytes;
    size_t n = n_bytes < room ? n_bytes : room;
    memcpy(fixed->text + fixed->n_bytes, data, n);
    fixed->n_bytes += n;
    fixed->text[fixed->n_bytes] = '\0';
}

/* "0.25", wherever we are: 15 digits give back every decimal of so many. */
static void print_number(struct fixed_text *fixed, double value)
{
    struct mmsim_sink sink = {append, fixed};
    mm_sink_printf(&sink, "%.15g", value);
}

static void number_text(double value, char text[32])
{
    struct fixed_text fixed = {text, 0, 31};
    text[0] = '\0';
    print_number(&fixed, value);
}

/* A decimal of at most 15 digits: the quotient of two numbers that are exact, so rounded once. */
static bool read_number(struct piece piece, double *value)
{
    double digits = 0, scale = 1;
    bool negative = piece.n_bytes > 0 && piece.text[0] == '-', point = false;
    size_t n_digits = 0;
    for (size_t i = negative; i < piece.n_bytes; i++) {
        char c = piece.text[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9' || ++n_digits > 15)
            return false;
        digits = digits * 10 + (c - '0');
        scale *= point ? 10 : 1;
    }
    *value = (negative ? -digits : digits) / scale;
    return n_digits > 0;
}

static bool is_whole(double value)
{
    return value >= -1e15 && value <= 1e15 && value == (double)(int64_t)value;
}

static enum mmsim_status refuse_range(struct mmsim_error *error, const char *where,
                                      const struct mmsim_param *param, struct piece value)
{
    char low[32], high[32];
    number_text(param->low, low);
    number_text(param->high, high);
    return mm_error_set(error, MMSIM_BAD_INPUT, where, "'%.*s' is not in %s..%s", cited(value),
                        value.text, low, high);
}

static enum mmsim_status read_value(const struct mmsim_param *param, struct piece text,
                                    double *value, const char *where, struct mmsim_error *error)
{
    if (param->type == MMSIM_PARAM_WORD) {
        struct vocabulary known = words_of(param);
        size_t place = place_of(&known, text);
        *value = (double)place;
        return place < known.n_words ? MMSIM_OK : refuse_word(error, where, "word", text, &known);
    }
    if (!read_number(text, value))
        return mm_error_set(error, MMSIM_BAD_INPUT, where, "expected a %snumber, found '%.*s'",
                            param->type == MMSIM_PARAM_WHOLE ? "whole " : "", cited(text),
                            text.text);
    if (!(*value >= param->low && *value <= param->high))
        return refuse_range(error, where, param, text);
    if (param->type == MMSIM_PARAM_WHOLE && !is_whole(*value))
        return mm_error_set(error, MMSIM_BAD_INPUT, where, "expected a whole number, found '%.*s'",
                            cited(text), text.text);
    return MMSIM_OK;
}

/* ---- the text as a whole ---- */

/* "NAME(PARAMETER)" */
static void name_place(const struct mmsim_policy_ops *ops, const char *param, char where[80])
{
    struct fixed_text fixed = {where, 0, 79};
    struct mmsim_sink sink = {append, &fixed};
    mm_sink_printf(&sink, "%s(%s)", ops->name, param);
}

/* Reads "NAME=VALUE"; `given` has a bit for each parameter that was there before. */
static enum mmsim_status read_param(struct piece text, struct mmsim_policy_choice *choice,
                                    unsigned *given, struct mmsim_error *error)
{
    const struct mmsim_policy_ops *ops = choice->ops;
    const char *equals = text.n_bytes ? (const char *)memchr(text.text, '=', text.n_bytes) : NULL;
    if (!equals)
        return mm_error_set(error, MMSIM_BAD_INPUT, ops->name,
                            "expected PARAMETER=VALUE, found '%.*s'", cited(text), text.text);
    struct piece name = trim(text.text, (size_t)(equals - text.text));
    struct vocabulary known = params_of(ops);
    size_t row = place_of(&known, name);
    if (known.n_words == 0)
        return mm_error_set(error, MMSIM_BAD_INPUT, ops->name, "takes no parameters, found '%.*s'",
                            cited(name), name.text);
    if (row == known.n_words)
        return refuse_word(error, ops->name, "parameter", name, &known);
    char where[80];
    name_place(ops, known.words[row], where);
    if (*given & 1u << row)
        return mm_error_set(error, MMSIM_BAD_INPUT, where, "given twice");
    *given |= 1u << row;
    const char *end = text.text + text.n_bytes;
    return read_value(&ops->params[row], trim(equals + 1, (size_t)(end - equals - 1)),
                      &choice->params[row], where, error);
}

static enum mmsim_status read_params(struct piece text, struct mmsim_policy_choice *choice,
                                     struct mmsim_error *error)
{
    unsigned given = 0;
    if (text.n_bytes >= sizeof choice->given)
        return mm_error_set(error, MMSIM_BAD_INPUT, choice->ops->name,
                            "the parameters are longer than %zu characters",
                            sizeof choice->given - 1);
    for (size_t at = 0; at <= text.n_bytes;) {
        const char *rest = text.text + at;
        const char *comma = (const char *)memchr(rest, ',', text.n_bytes - at);
        size_t n = comma ? (size_t)(comma - rest) : text.n_bytes - at;
        enum mmsim_status status = read_param(trim(rest, n), choice, &given, error);
        if (status != MMSIM_OK)
            return status;
        at += n + 1;
    }
    memcpy(choice->given, text.text, text.n_bytes);
    return MMSIM_OK;
}

static enum mmsim_status refuse_policy(struct piece name, struct mmsim_error *error)
{
    char where[65];
    struct vocabulary known = policies();
    if (name.n_bytes == 0)
        return mm_error_set(error, MMSIM_BAD_INPUT, "", "expected the name of a policy");
    memcpy(where, name.text, (size_t)cited(name));
    where[cited(name)] = '\0';
    return refuse_word(error, where, "policy", name, &known);
}

enum mmsim_status mmsim_policy_parse(const char *text, size_t n_bytes,
                                     struct mmsim_policy_choice *choice, struct mmsim_error *error)
{
    struct piece all = trim(text, n_bytes);
    const char *open = all.n_bytes ? (const char *)memchr(all.text, '(', all.n_bytes) : NULL;
    struct piece name = open ? trim(all.text, (size_t)(open - all.text)) : all;
    struct vocabulary known = policies();
    size_t place = place_of(&known, name);
    if (place == N_POLICIES)
        return refuse_policy(name, error);
    struct mmsim_policy_choice read = mmsim_policy_choice_of(table[place]);
    if (open) {
        const char *last = all.text + all.n_bytes - 1;
        if (*last != ')')
            return mm_error_set(error, MMSIM_BAD_INPUT, read.ops->name,
                                "expected ')' at the end, found '%.*s'", cited(all), all.text);
        enum mmsim_status status =
            read_params(trim(open + 1, (size_t)(last - open - 1)), &read, error);
        if (status != MMSIM_OK)
            return status;
    }
    *choice = read;
    return MMSIM_OK;
}

void mmsim_policy_describe(const struct mmsim_policy_choice *choice, char *text, size_t n_bytes)
{
    const struct mmsim_policy_ops *ops = choice->ops;
    if (n_bytes == 0)
        return;
    struct fixed_text fixed = {text, 0, n_bytes - 1};
    struct mmsim_sink sink = {append, &fixed};
    mm_sink_puts(&sink, ops->name);
    for (size_t i = 0; i < count_params(ops); i++) {
        const struct mmsim_param *param = &ops->params[i];
        mm_sink_printf(&sink, "%s%s=", i == 0 ? "(" : ",", param->name);
        if (param->type == MMSIM_PARAM_WORD)
            mm_sink_puts(&sink, param->words[(size_t)choice->params[i]]);
        else
            print_number(&fixed, choice->params[i]);
    }
    if (count_params(ops) > 0)
        mm_sink_puts(&sink, ")");
}

/* ---- tables of others ---- */

/* Small letters, digits and hyphens, the first no hyphen. */
static bool is_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && n <= MAX_WORD_CHARS && name[n] == '\0' && name[0] != '-';
}

/* NULL, or what is wrong. */
static const char *param_mistake(const struct mmsim_param *param)
{
    if (!is_name(param->name))
        return "its name is not of small letters, digits and '-'";
    if (!param->meaning)
        return "it has no meaning";
    if ((unsigned)param->type > MMSIM_PARAM_WORD)
        return "it has no type";
    if (!(param->low <= param->by_default && param->by_default <= param->high))
        return "its default is not in its range";
    if (param->type != MMSIM_PARAM_REAL && !(is_whole(param->low) && is_whole(param->by_default)))
        return "its values are not whole";
    if (param->type != MMSIM_PARAM_WORD)
        return NULL;
    if (!param->words || param->low != 0 || param->high != (double)count_words(param) - 1)
        return "its words do not agree with its range";
    return NULL;
}

static enum mmsim_status validate_params(const struct mmsim_policy_ops *ops,
                                         struct mmsim_error *error)
{
    size_t n = count_params(ops);
    if (ops->params && n == MMSIM_POLICY_MAX_PARAMS && ops->params[n].name)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "params", "more than %d, or no end",
                            MMSIM_POLICY_MAX_PARAMS);
    for (size_t i = 0; i < n; i++) {
        const char *wrong = param_mistake(&ops->params[i]);
        for (size_t k = 0; k < i && !wrong; k++)
            if (strcmp(ops->params[k].name, ops->params[i].name) == 0)
                wrong = "there are two of that name";
        if (wrong)
            return mm_error_set(error, MMSIM_BAD_ARGUMENT, "params", "'%s': %s",
                                ops->params[i].name, wrong);
    }
    return MMSIM_OK;
}

static enum mmsim_status validate_verbs(const struct mmsim_policy_ops *ops,
                                        struct mmsim_error *error)
{
    const struct {
        const char *name;
        bool given;
    } verbs[] = {
        {"state_bytes", ops->state_bytes != NULL},
        {"init", ops->init != NULL},
        {"reference", ops->reference != NULL},
        {"load", ops->load != NULL},
        {"evict", ops->evict != NULL},
        {"forget", ops->forget != NULL},
    };
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (!verbs[i].given)
            return mm_error_set(error, MMSIM_BAD_ARGUMENT, verbs[i].name, "is NULL");
    return MMSIM_OK;
}

enum mmsim_status mmsim_policy_validate(const struct mmsim_policy_ops *ops,
                                        struct mmsim_error *error)
{
    const unsigned all_flags =
        MMSIM_POLICY_STUDY_ONLY | MMSIM_POLICY_STACK | MMSIM_POLICY_VARIABLE | MMSIM_POLICY_LOOKS;
    if (ops->abi != MMSIM_POLICY_ABI)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "abi", "%u, expected %d", (unsigned)ops->abi,
                            MMSIM_POLICY_ABI);
    if (ops->size != sizeof *ops)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "size", "%u, expected %zu",
                            (unsigned)ops->size, sizeof *ops);
    if (!ops->name || !is_name(ops->name))
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "name",
                            "expected 1 to %d small letters, digits and '-'", MAX_WORD_CHARS);
    if (!ops->summary)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "summary", "is NULL");
    if (!ops->source)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "source", "is NULL");
    if (ops->view != MMSIM_VIEW_REFERENCES && ops->view != MMSIM_VIEW_BITS)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "view", "%d is none", (int)ops->view);
    if (ops->flags & ~all_flags)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "flags", "0x%x has bits that mean nothing",
                            (unsigned)ops->flags);
    enum mmsim_status status = validate_verbs(ops, error);
    return status == MMSIM_OK ? validate_params(ops, error) : status;
}
