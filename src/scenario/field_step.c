/* field_step.c - readers of the fields that only steps have: rights, flags, bytes, patterns. */
#include <string.h>
#include <strings.h>

#include "scenario/step.h"
#include "trace/pattern.h"

/* ---- rights and flags ---- */

static unsigned protection_of(char letter)
{
    if (letter == 'r')
        return MMSIM_PROT_READ;
    if (letter == 'w')
        return MMSIM_PROT_WRITE;
    return letter == 'x' ? MMSIM_PROT_EXEC : 0;
}

/* "rw" for PROT_READ|PROT_WRITE, read,write, RW or rrw; NULL if it is nothing of that kind. */
static const char *protection_meant(struct mm_decoder *decoder, const char *text)
{
    static const char *const words[] = {"read", "write", "exec"};
    static const char lower[] = "rwx", upper[] = "RWX";
    bool letters_only = strspn(text, "rwxRWX-") == strlen(text);
    char letters[sizeof lower] = "";
    size_t n = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        bool letter = strchr(text, lower[i]) || strchr(text, upper[i]);
        if (strcasestr(text, words[i]) || (letters_only && letter))
            letters[n++] = lower[i];
    }
    return n > 0 ? mm_arena_copy(decoder->arena, letters, n) : NULL;
}

void mm_read_protection(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, void *field)
{
    static const char expected[] = "letters of rwx, such as rw, or none";
    if (!mm_field_is_scalar(decoder, key, value, expected))
        return;
    unsigned prot = 0;
    bool valid = *value->text != '\0';
    if (strcmp(value->text, "none") != 0)
        for (const char *letter = value->text; valid && *letter; letter++) {
            unsigned bit = protection_of(*letter);
            valid = bit != 0 && (prot & bit) == 0;
            prot |= bit;
        }
    if (valid)
        *(uint64_t *)field = prot;
    else
        mm_mistake_add(
            decoder->mistakes, value, "%s: found %s%s", key->name,
            mm_mistake_quote(decoder->mistakes, value->text),
            mm_mistake_advice(decoder->mistakes, protection_meant(decoder, value->text),
                              "expected letters of rwx, such as rw, each once, or none"));
}

static const struct mm_word flag_words[] = {
    {.text = "private", .value = MMSIM_MAP_PRIVATE},
    {.text = "anonymous", .value = MMSIM_MAP_ANONYMOUS},
    {.text = "fixed", .value = MMSIM_MAP_FIXED},
    {.text = "fixed-noreplace", .value = MMSIM_MAP_FIXED_NOREPLACE},
    {.text = "growsdown", .value = MMSIM_MAP_GROWSDOWN},
    {.text = "shared", .value = MMSIM_MAP_SHARED},
    {.text = "populate", .value = MMSIM_MAP_POPULATE},
    {.text = "noreserve", .value = MMSIM_MAP_NORESERVE},
    {.text = "locked", .value = MMSIM_MAP_LOCKED},
    {.text = "stack", .value = MMSIM_MAP_STACK},
    {.text = "huge", .value = MMSIM_MAP_HUGETLB},
    {.text = NULL},
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void mm_read_flags(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field)
{
    mm_field_flags(decoder, key, value, flag_words, field);
}

void mm_field_flags(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, const struct mm_word *words, uint64_t *field)
{
    if (!mm_field_is_scalar(decoder, key, value, "flags such as private|anonymous"))
        return;
    if (value->text[strcspn(value->text, ", +")] != '\0' && !strchr(value->text, '|')) {
        mm_mistake_add(decoder->mistakes, value,
                       "%s: found %s: join flags with '|', as in private|anonymous", key->name,
                       mm_mistake_quote(decoder->mistakes, value->text));
        return;
    }
    uint64_t flags = 0;
    bool valid = true;
    for (const char *text = value->text; text;) {
        const char *bar = strchr(text, '|');
        size_t n = bar ? (size_t)(bar - text) : strlen(text);
        for (; n > 0 && is_blank(*text); n--)
            text++;
        while (n > 0 && is_blank(text[n - 1]))
            n--;
        uint64_t flag = 0;
        const char *word = mm_arena_copy(decoder->arena, text, n);
        valid &= mm_field_find_word(decoder, key, value, word, words, &flag);
        flags |= flag;
        text = bar ? bar + 1 : NULL;
    }
    if (valid)
        *field = flags;
}

/* ---- values ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The bytes of "48656c"; false: not pairs of hex digits. */
static bool decode_hex(const char *digits, uint8_t *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        data[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void read_hex(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, struct mm_bytes *bytes)
{
    const char *digits = value->text + 2;
    size_t n_digits = strlen(digits);
    uint8_t *data =
        n_digits % 2 == 0 && n_digits > 0 ? mm_arena_alloc(decoder->arena, n_digits / 2) : NULL;
    if (data && decode_hex(digits, data, n_digits / 2))
        *bytes = (struct mm_bytes){data, n_digits / 2};
    else if (!decoder->arena->failed)
        mm_mistake_add(decoder->mistakes, value,
                       "%s: expected two hexadecimal digits for each byte after 0x, found %s",
                       key->name, mm_mistake_quote(decoder->mistakes, value->text));
}

void mm_read_bytes(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field)
{
    struct mm_bytes *bytes = field;
    if (!mm_field_is_scalar(decoder, key, value, "text, or 0x and hexadecimal digits"))
        return;
    if (strncmp(value->text, "0x", 2) == 0)
        read_hex(decoder, key, value, bytes);
    else if (*value->text == '\0')
        mm_mistake_add(decoder->mistakes, value, "%s: expected at least one byte", key->name);
    else
        *bytes = (struct mm_bytes){(const uint8_t *)value->text, strlen(value->text)};
}

void mm_read_value_size(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, void *field)
{
    static const struct mm_word sizes[] = {
        {.text = "1", .value = 1},
        {.text = "2", .value = 2},
        {.text = "4", .value = 4},
        {.text = "8", .value = 8},
        {.text = NULL},
    };
    (void)mm_field_word(decoder, key, value, sizes, field);
}

/* ---- words ---- */

void mm_read_pattern(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, void *field)
{
    static const char *const later[] = {"phases", "pointer-chase"};
    enum { N_LATER = sizeof later / sizeof *later };
    struct mm_word words[MM_N_PATTERNS + N_LATER + 1] = {{.text = NULL}};
    for (size_t i = 0; i < MM_N_PATTERNS; i++)
        words[i] = (struct mm_word){.text = mm_pattern_name(i), .value = i};
    for (size_t i = 0; i < N_LATER; i++)
        words[MM_N_PATTERNS + i] = (struct mm_word){.text = later[i], .later = true};
    (void)mm_field_word(decoder, key, value, words, field);
}

void mm_read_access(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, void *field)
{
    const char *meant = protection_meant(decoder, value->text);
    if (strcasecmp(value->text, "fetch") == 0)
        meant = "x";
    if (meant && strlen(meant) == 1 && strcmp(meant, value->text) != 0) {
        mm_mistake_add(decoder->mistakes, value, "%s: unknown word %s%s", key->name,
                       mm_mistake_quote(decoder->mistakes, value->text),
                       mm_mistake_advice(decoder->mistakes, meant, "expected one of r, w, x"));
        return;
    }
    static const struct mm_word words[] = {
        {.text = "r", .value = MMSIM_ACCESS_READ},
        {.text = "w", .value = MMSIM_ACCESS_WRITE},
        {.text = "x", .value = MMSIM_ACCESS_FETCH},
        {.text = NULL},
    };
    (void)mm_field_word(decoder, key, value, words, field);
}

void mm_read_expression(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, void *field)
{
    struct mm_expression *expression = field;
    if (mm_field_is_scalar(decoder, key, value, "an expression such as \"faults.cow == 1\"") &&
        mm_expression_parse(value, decoder->names, decoder->cpu_mhz, decoder->mistakes,
                            expression) &&
        !expression->decides)
        mm_mistake_add(decoder->mistakes, value,
                       "%s: %s is a value, not a statement: compare it, as in \"faults.cow == 1\"",
                       key->name, mm_mistake_quote(decoder->mistakes, value->text));
}

/* ---- nodes that are read later ---- */

void mm_read_node(struct mm_decoder *decoder, const struct mm_key *key, const struct mm_node *value,
                  void *field)
{
    (void)decoder;
    (void)key;
    *(const struct mm_node **)field = value;
}

void mm_read_list(struct mm_decoder *decoder, const struct mm_key *key, const struct mm_node *value,
                  void *field)
{
    if (value->kind == MM_NODE_SEQUENCE)
        *(const struct mm_node **)field = value;
    else
        mm_mistake_add(decoder->mistakes, value, "%s: expected a list, found %s", key->name,
                       mm_node_describe(decoder->mistakes, value));
}
