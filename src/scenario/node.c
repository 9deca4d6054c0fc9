/*
 * node.c - libyaml's events become a tree of nodes; see node.h.
 *
 * The stack of open collections is explicit and of fixed height, so no input can exhaust the host's
 * stack. Reading ends at the first error of syntax: what follows it cannot be trusted.
 */
#include "scenario/node.h"

#include <string.h>
#include <yaml.h>

struct open_collection {
    struct mm_node *node, *last;
    struct mm_node *key; /* a mapping whose next node is this key's value; else NULL */
};

struct builder {
    yaml_parser_t parser;
    struct mm_arena *arena;
    struct mm_mistakes *mistakes;
    const char *text;
    size_t n_bytes;
    struct open_collection open[MM_NODE_MAX_DEPTH];
    unsigned depth;
    size_t n_nodes;
    struct mm_node *root;
    unsigned n_documents;
    bool stop;
};

size_t mm_node_n_characters(const char *text, size_t n_bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < n_bytes && text[i] != '\0'; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

/* ---- what libyaml could not read ---- */

static void position_of(const struct builder *builder, size_t offset, unsigned *line,
                        unsigned *column)
{
    size_t start = 0;
    *line = 1;
    for (size_t i = 0; i < offset && i < builder->n_bytes; i++)
        if (builder->text[i] == '\n') {
            start = i + 1;
            (*line)++;
        }
    size_t n = offset < builder->n_bytes ? offset : builder->n_bytes;
    *column = (unsigned)mm_node_n_characters(builder->text + start, n - start) + 1;
}

static void report_reader(struct builder *builder)
{
    const yaml_parser_t *parser = &builder->parser;
    unsigned line, column;
    position_of(builder, parser->problem_offset, &line, &column);
    mm_mistake_add_at(builder->mistakes, line, column, "this is not text in UTF-8: %s",
                      parser->problem);
}

static bool is_tab_at(const struct builder *builder, const yaml_mark_t *mark)
{
    size_t line = 0, i = 0;
    while (i < builder->n_bytes && line < mark->line)
        line += builder->text[i++] == '\n';
    size_t at = i + mark->column;
    return at < builder->n_bytes && builder->text[at] == '\t';
}

/* What libyaml's words for a slip of indentation or punctuation mean. */
static const char *syntax_hint(const struct builder *builder)
{
    static const struct {
        const char *problem, *hint;
    } hints[] = {
        {"mapping values are not allowed",
         "; a line that is indented more than the one above belongs to it; text with ': ' in it "
         "needs quotes"},
        {"could not find expected ':'", "; a key is followed by a colon and a blank"},
        {"did not find expected ','", "; a bracket or brace is not closed, or a comma is missing"},
        {"found unexpected end of stream", "; a quote is not closed"},
    };
    const yaml_parser_t *parser = &builder->parser;
    if (is_tab_at(builder, &parser->problem_mark))
        return "; a tab: YAML indents with spaces only";
    bool in_block = parser->context && strstr(parser->context, "while parsing a block");
    if (in_block && parser->problem_mark.column != parser->context_mark.column)
        return mm_arena_printf(builder->arena,
                               "; this stands in column %zu, but the list or mapping that is still "
                               "open stands in column %zu (line %zu): check the indentation",
                               parser->problem_mark.column + 1, parser->context_mark.column + 1,
                               parser->context_mark.line + 1);
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (strstr(parser->problem, hints[i].problem))
            return hints[i].hint;
    return "";
}

static void report_syntax(struct builder *builder)
{
    const yaml_parser_t *parser = &builder->parser;
    const yaml_mark_t *mark = &parser->problem_mark;
    const char *hint = syntax_hint(builder);
    const char *context = "";
    if (parser->context)
        context = mm_arena_printf(builder->arena, " %s that begins in line %zu", parser->context,
                                  parser->context_mark.line + 1);
    mm_mistake_add_at(builder->mistakes, (unsigned)mark->line + 1, (unsigned)mark->column + 1,
                      "not valid YAML: %s%s%s", parser->problem, context, hint);
}

static void report_failure(struct builder *builder)
{
    builder->stop = true;
    if (builder->parser.error == YAML_MEMORY_ERROR)
        builder->arena->failed = true;
    else if (builder->parser.error == YAML_READER_ERROR)
        report_reader(builder);
    else
        report_syntax(builder);
}

/* ---- building ---- */

static struct mm_node *make(struct builder *builder, enum mm_node_kind kind,
                            const yaml_event_t *event)
{
    unsigned line = (unsigned)event->start_mark.line + 1;
    unsigned column = (unsigned)event->start_mark.column + 1;
    if (++builder->n_nodes > MM_NODE_MAX_NODES) {
        mm_mistake_add_at(builder->mistakes, line, column,
                          "the file has more than %d values: too many for a scenario",
                          (int)MM_NODE_MAX_NODES);
        builder->stop = true;
        return NULL;
    }
    struct mm_node *node = mm_arena_alloc(builder->arena, sizeof *node);
    if (!node) {
        builder->stop = true;
        return NULL;
    }
    node->kind = kind;
    node->line = line;
    node->column = column;
    node->text = "";
    return node;
}

static const struct mm_node *find_key(const struct mm_node *mapping, const char *name)
{
    for (const struct mm_node *child = mapping->first; child; child = child->next)
        if (strcmp(child->key->text, name) == 0)
            return child->key;
    return NULL;
}

/* Accepts a node as the next key of a mapping, or as a stand-in whose pair will be dropped. */
static void take_key(struct builder *builder, struct open_collection *open, struct mm_node *key)
{
    open->key = key;
    if (key->kind != MM_NODE_SCALAR) {
        if (key->kind != MM_NODE_BROKEN)
            mm_mistake_add(builder->mistakes, key, "a key must be a word, not a list or a mapping");
        return;
    }
    const struct mm_node *earlier = find_key(open->node, key->text);
    if (!earlier)
        return;
    mm_mistake_add(builder->mistakes, key, "duplicate key %s: given in line %u already",
                   mm_mistake_quote(builder->mistakes, key->text), earlier->line);
    key->kind = MM_NODE_BROKEN;
}

static void append(struct builder *builder, struct open_collection *open, struct mm_node *node)
{
    if (open->node->kind == MM_NODE_MAPPING && open->node->n_children == MM_NODE_MAX_KEYS) {
        mm_mistake_add(builder->mistakes, node, "more than %d keys in one mapping",
                       (int)MM_NODE_MAX_KEYS);
        builder->stop = true;
        return;
    }
    if (open->last)
        open->last->next = node;
    else
        open->node->first = node;
    open->last = node;
    open->node->n_children++;
}

static void attach(struct builder *builder, struct mm_node *node)
{
    if (builder->depth == 0) {
        builder->root = node;
        return;
    }
    struct open_collection *open = &builder->open[builder->depth - 1];
    if (open->node->kind == MM_NODE_SEQUENCE) {
        append(builder, open, node);
    } else if (!open->key) {
        take_key(builder, open, node);
    } else {
        node->key = open->key;
        open->key = NULL;
        if (node->key->kind == MM_NODE_SCALAR)
            append(builder, open, node);
    }
}

static void refuse_properties(struct builder *builder, const struct mm_node *node,
                              const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        mm_mistake_add(builder->mistakes, node,
                       "anchors (&%.40s) are not part of the scenario format; "
                       "quote the text if it begins with '&'",
                       (const char *)anchor);
    if (tag)
        mm_mistake_add(builder->mistakes, node,
                       "tags (%.40s) are not part of the scenario format; "
                       "quote the text if it begins with '!'",
                       (const char *)tag);
}

static void on_alias(struct builder *builder, const yaml_event_t *event)
{
    struct mm_node *node = make(builder, MM_NODE_BROKEN, event);
    if (!node)
        return;
    mm_mistake_add(builder->mistakes, node,
                   "aliases (*%.40s) are not part of the scenario format; "
                   "quote the text if it begins with '*'",
                   (const char *)event->data.alias.anchor);
    attach(builder, node);
}

/* Where the text begins in the file, if it stands there character by character. */
static unsigned content_column(const yaml_event_t *event, const struct mm_node *node,
                               size_t n_bytes)
{
    yaml_scalar_style_t style = event->data.scalar.style;
    bool block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
    if (block || event->start_mark.line != event->end_mark.line)
        return 0;
    unsigned quote = style == YAML_PLAIN_SCALAR_STYLE ? 0 : 1;
    size_t n_source = event->end_mark.index - event->start_mark.index;
    size_t n_text = mm_node_n_characters(node->text, n_bytes);
    return n_source == n_text + 2 * quote ? node->column + quote : 0;
}

static void on_scalar(struct builder *builder, const yaml_event_t *event)
{
    struct mm_node *node = make(builder, MM_NODE_SCALAR, event);
    if (!node)
        return;
    const char *value = (const char *)event->data.scalar.value;
    size_t n_bytes = event->data.scalar.length;
    refuse_properties(builder, node, event->data.scalar.anchor, event->data.scalar.tag);
    node->text = mm_arena_copy(builder->arena, value, n_bytes);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (event->data.scalar.tag)
        node->kind = MM_NODE_BROKEN; /* a tag may have swallowed the text: !faults.cow == 0 */
    if (memchr(value, '\0', n_bytes)) {
        mm_mistake_add(builder->mistakes, node, "a text must not contain a zero byte");
        node->kind = MM_NODE_BROKEN;
    }
    node->content_column = content_column(event, node, n_bytes);
    attach(builder, node);
}

static void open_collection(struct builder *builder, const yaml_event_t *event,
                            enum mm_node_kind kind, const yaml_char_t *anchor,
                            const yaml_char_t *tag)
{
    struct mm_node *node = make(builder, kind, event);
    if (!node)
        return;
    if (builder->depth == MM_NODE_MAX_DEPTH) {
        mm_mistake_add(builder->mistakes, node, "nested too deeply: more than %d levels",
                       (int)MM_NODE_MAX_DEPTH);
        builder->stop = true;
        return;
    }
    refuse_properties(builder, node, anchor, tag);
    builder->open[builder->depth++] = (struct open_collection){.node = node};
}

static void on_sequence(struct builder *builder, const yaml_event_t *event)
{
    open_collection(builder, event, MM_NODE_SEQUENCE, event->data.sequence_start.anchor,
                    event->data.sequence_start.tag);
}

static void on_mapping(struct builder *builder, const yaml_event_t *event)
{
    open_collection(builder, event, MM_NODE_MAPPING, event->data.mapping_start.anchor,
                    event->data.mapping_start.tag);
}

static void on_collection_end(struct builder *builder, const yaml_event_t *event)
{
    (void)event;
    struct mm_node *node = builder->open[--builder->depth].node;
    attach(builder, node);
}

static void on_document(struct builder *builder, const yaml_event_t *event)
{
    if (++builder->n_documents == 1)
        return;
    mm_mistake_add_at(builder->mistakes, (unsigned)event->start_mark.line + 1,
                      (unsigned)event->start_mark.column + 1,
                      "a second document begins here; a scenario is one YAML document");
    builder->stop = true;
}

typedef void (*event_handler)(struct builder *builder, const yaml_event_t *event);

static const event_handler handlers[] = {
    [YAML_DOCUMENT_START_EVENT] = on_document,
    [YAML_ALIAS_EVENT] = on_alias,
    [YAML_SCALAR_EVENT] = on_scalar,
    [YAML_SEQUENCE_START_EVENT] = on_sequence,
    [YAML_SEQUENCE_END_EVENT] = on_collection_end,
    [YAML_MAPPING_START_EVENT] = on_mapping,
    [YAML_MAPPING_END_EVENT] = on_collection_end,
};

static void read_events(struct builder *builder)
{
    yaml_parser_set_encoding(&builder->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&builder->parser, (const unsigned char *)builder->text,
                                 builder->n_bytes);
    while (!builder->stop) {
        yaml_event_t event;
        if (!yaml_parser_parse(&builder->parser, &event)) {
            report_failure(builder);
            return;
        }
        builder->stop = event.type == YAML_STREAM_END_EVENT;
        size_t n_handlers = sizeof handlers / sizeof handlers[0];
        if ((size_t)event.type < n_handlers && handlers[event.type])
            handlers[event.type](builder, &event);
        yaml_event_delete(&event);
    }
}

static bool refuse_binary(struct builder *builder)
{
    const char *zero = builder->n_bytes ? memchr(builder->text, '\0', builder->n_bytes) : NULL;
    if (!zero)
        return false;
    unsigned line, column;
    position_of(builder, (size_t)(zero - builder->text), &line, &column);
    mm_mistake_add_at(builder->mistakes, line, column,
                      "a zero byte: this is a binary file, not YAML text in UTF-8");
    return true;
}

struct mm_node *mm_node_parse(const char *text, size_t n_bytes, struct mm_arena *arena,
                              struct mm_mistakes *mistakes)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    size_t n_mark = sizeof byte_order_mark - 1;
    if (n_bytes >= n_mark && memcmp(text, byte_order_mark, n_mark) == 0) {
        text += n_mark;
        n_bytes -= n_mark;
    }
    struct builder builder = {
        .arena = arena, .mistakes = mistakes, .text = text, .n_bytes = n_bytes};
    if (refuse_binary(&builder))
        return NULL;
    if (!yaml_parser_initialize(&builder.parser)) {
        arena->failed = true;
        return NULL;
    }
    read_events(&builder);
    yaml_parser_delete(&builder.parser);
    return builder.root;
}

/* ---- looking ---- */

struct mm_node *mm_node_get(const struct mm_node *mapping, const char *key)
{
    if (mapping->kind != MM_NODE_MAPPING)
        return NULL;
    for (struct mm_node *child = mapping->first; child; child = child->next)
        if (strcmp(child->key->text, key) == 0)
            return child;
    return NULL;
}

bool mm_node_is_null(const struct mm_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++)
        if (node->kind == MM_NODE_SCALAR && node->plain && strcmp(node->text, nulls[i]) == 0)
            return true;
    return false;
}

const char *mm_node_describe(struct mm_mistakes *mistakes, const struct mm_node *node)
{
    if (node->kind == MM_NODE_MAPPING)
        return "a mapping";
    if (node->kind == MM_NODE_SEQUENCE)
        return "a list";
    if (mm_node_is_null(node))
        return "nothing";
    return mm_mistake_quote(mistakes, node->text);
}
