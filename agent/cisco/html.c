#include "cisco/html.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/HTMLparser.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "cisco/page_text.h"
#include "cisco/page_url.h"

#define TARGET "j_security_check"
#define USERNAME "j_username"
#define PASSWORD "j_password"
#define PROSE_MAX (64 * 1024) /* of the text outside the notifications; the title and the count come early */
/* libxml2 looks through all open elements for each end tag without a start tag, and reports it. So many are looked
 * through at most: it takes some tenths of a second. */
#define LOOKED_THROUGH_MAX 20000000

struct html_reader {
    struct html_page *page;
    char *url;
    char *base;        /* owned; of <base>; NULL: none that counts */
    struct buf text;   /* the page in UTF-8 … */
    size_t at;         /* … and how far it is read */
    htmlParserCtxtPtr parser; /* NULL: nothing is to be read */
    struct html_tables *tables;
    struct buf prose;
    size_t depth;
    size_t looked_through;
    size_t hidden;     /* depth of the outermost element whose text nobody sees; 0: none */
    bool in_form;      /* in the one that counts */
};

/* The first reason counts. What the parser still finds in its piece does not. */
static void stop(struct html_reader *reader, const char *fault)
{
    if (reader->page->fault == NULL)
        reader->page->fault = fault;
}

/* What the parser complains of is only counted. */
static void __attribute__((format(printf, 2, 3))) complain(void *data, const char *format, ...)
{
    (void)format;
    struct html_reader *reader = data;
    reader->looked_through += 1 + reader->depth;
    if (reader->looked_through > LOOKED_THROUGH_MAX)
        stop(reader, "too many tags in disorder");
}

static const char *find_attribute(const xmlChar **attributes, const char *name)
{
    for (size_t i = 0; attributes != NULL && attributes[i] != NULL; i += 2) {
        if (strcmp((const char *)attributes[i], name) == 0)
            return attributes[i + 1] != NULL ? (const char *)attributes[i + 1] : "";
    }
    return NULL;
}

/* The form. */

/* Tomcat writes the session's id behind it where it does not know whether cookies are kept. */
static bool is_target(const char *action)
{
    size_t length = strcspn(action, ";?#"), target = strlen(TARGET);
    while (length > 0 && isspace((unsigned char)action[length - 1]))
        length--;
    return length >= target && strncmp(action + length - target, TARGET, target) == 0 &&
           (length == target || strchr("/\\", action[length - target - 1]) != NULL);
}

static void read_form(struct html_reader *reader, const xmlChar **attributes)
{
    struct html_page *page = reader->page;
    const char *action = find_attribute(attributes, "action");
    reader->in_form = action != NULL && is_target(action) && !page->form;
    if (!reader->in_form)
        return;
    page->form = true;
    page->action = page_url_resolve(reader->base != NULL ? reader->base : reader->url, action);
    page->action_text = mem_strdup(action);
}

static void read_input(struct html_reader *reader, const xmlChar **attributes)
{
    struct html_page *page = reader->page;
    const char *name = find_attribute(attributes, "name"), *type = find_attribute(attributes, "type");
    const char *value = find_attribute(attributes, "value");
    if (!reader->in_form || name == NULL || *name == '\0')
        return;
    if (strcmp(name, USERNAME) == 0) {
        page->username = true;
    } else if (strcmp(name, PASSWORD) == 0) {
        page->password = true;
    } else if (type != NULL && strcasecmp(type, "hidden") == 0) {
        value = value != NULL ? value : "";
        if (page->input_count == HTML_INPUTS_MAX || strlen(name) > HTML_INPUT_MAX || strlen(value) > HTML_INPUT_MAX) {
            page->inputs_left_out = true;
            return;
        }
        page->inputs = mem_resize(page->inputs, page->input_count + 1, sizeof *page->inputs);
        page->inputs[page->input_count++] = (struct html_input){mem_strdup(name), mem_strdup(value)};
    }
}

static void read_base(struct html_reader *reader, const xmlChar **attributes)
{
    const char *href = find_attribute(attributes, "href");
    if (reader->base == NULL && href != NULL)
        reader->base = page_url_resolve(reader->url, href);
}

/* What the parser calls. */

static bool is_hidden(const char *tag)
{
    return strcmp(tag, "script") == 0 || strcmp(tag, "style") == 0 || strcmp(tag, "template") == 0 ||
           strcmp(tag, "textarea") == 0 || strcmp(tag, "select") == 0;
}

static void start_element(void *data, const xmlChar *name, const xmlChar **attributes)
{
    struct html_reader *reader = data;
    const char *tag = (const char *)name;
    reader->depth++;
    if (reader->depth > HTML_DEPTH_MAX)
        stop(reader, "too many elements within each other");
    size_t count = 0;
    while (attributes != NULL && attributes[count] != NULL)
        count += 2;
    if (count / 2 > HTML_ATTRIBUTES_MAX)
        stop(reader, "too many attributes");
    if (reader->page->fault != NULL)
        return;
    if (reader->hidden == 0 && is_hidden(tag))
        reader->hidden = reader->depth;
    if (strcmp(tag, "form") == 0)
        read_form(reader, attributes);
    else if (strcmp(tag, "input") == 0)
        read_input(reader, attributes);
    else if (strcmp(tag, "base") == 0)
        read_base(reader, attributes);
    html_tables_start(reader->tables, tag, find_attribute(attributes, "colspan"),
                      find_attribute(attributes, "rowspan"));
    page_text_squeeze(&reader->prose, " ", 1);
}

static void end_element(void *data, const xmlChar *name)
{
    struct html_reader *reader = data;
    if (reader->hidden == reader->depth)
        reader->hidden = 0;
    reader->depth -= reader->depth > 0;
    if (reader->page->fault != NULL)
        return;
    html_tables_end(reader->tables, (const char *)name);
    page_text_squeeze(&reader->prose, " ", 1);
}

static void characters(void *data, const xmlChar *text, int length)
{
    struct html_reader *reader = data;
    if (reader->page->fault != NULL || reader->hidden != 0 || length <= 0)
        return;
    html_tables_text(reader->tables, (const char *)text, (size_t)length);
    if (!html_tables_inside(reader->tables))
        page_text_squeeze(&reader->prose, (const char *)text, (size_t)length);
}

/* The text of scripts and styles. */
static void raw(void *data, const xmlChar *text, int length)
{
    (void)data;
    (void)text;
    (void)length;
}

/* The page's words. */

/* The number in front of "record found" and "records found", or 0 behind "no". */
static int64_t read_records(const char *prose)
{
    if (strstr(prose, "no records") != NULL)
        return 0;
    for (const char *at = prose; (at = strstr(at, " record")) != NULL; at++) {
        const char *behind = at + strlen(" record");
        behind += *behind == 's';
        if (strncmp(behind, " found", strlen(" found")) != 0)
            continue;
        const char *from = at;
        while (from > prose && isdigit((unsigned char)from[-1]) && at - from < 9)
            from--;
        if (from < at)
            return strtol(from, NULL, 10);
    }
    return -1;
}

static void read_prose(struct html_reader *reader)
{
    text_lower(reader->prose.data);
    reader->page->title = strstr(reader->prose.data, "find and list notifications") != NULL;
    reader->page->records = read_records(reader->prose.data);
}

/* A tag that is not whole yet is kept by the parser until it is, and text until the next tag. It compares each
 * attribute with all before it, so that a long tag would take minutes; and a long text with an error at each byte half
 * a second, in one go. The text of scripts and styles it only skips. */
static const char *what_is_too_long(const struct html_reader *reader)
{
    const xmlParserInput *input = reader->parser->input;
    const char *inside = (const char *)reader->parser->name;
    if (input == NULL || input->cur == NULL)
        return NULL;
    size_t kept = (size_t)(input->end - input->cur);
    if (kept > HTML_TAG_MAX + HTML_PIECE && input->cur[0] == '<' && isalpha(input->cur[1]))
        return "a tag without end";
    if (kept > HTML_TEXT_MAX + HTML_PIECE && input->cur[0] != '<' &&
        (inside == NULL || (strcmp(inside, "script") != 0 && strcmp(inside, "style") != 0)))
        return "a text without end";
    return NULL;
}

static void feed(struct html_reader *reader, const char *bytes, size_t size, bool last)
{
    if (htmlParseChunk(reader->parser, bytes, (int)size, last) == XML_ERR_NO_MEMORY)
        stop(reader, "the parser has no memory");
}

static void begin(struct html_reader *reader)
{
    static xmlSAXHandler handler = {
        .startElement = start_element,
        .endElement = end_element,
        .characters = characters,
        .ignorableWhitespace = characters,
        .cdataBlock = raw,
        .error = complain,
        .warning = complain,
    };
    reader->parser = htmlCreatePushParserCtxt(&handler, reader, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
    if (reader->parser == NULL)
        abort(); /* out of memory */
    htmlCtxtUseOptions(reader->parser, HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC);
}

struct html_reader *html_reader_new(struct html_page *page, const char *url, const char *content_type,
                                    const char *bytes, size_t length, html_row *row, void *arg)
{
    struct html_reader *reader = mem_alloc(sizeof *reader);
    *page = (struct html_page){.records = -1};
    *reader = (struct html_reader){.page = page, .url = mem_strdup(url), .tables = html_tables_new(row, arg)};
    buf_init(&reader->text, 3 * (size_t)HTML_PAGE_MAX); /* a stray byte becomes three */
    buf_init(&reader->prose, PROSE_MAX);
    if (length > HTML_PAGE_MAX) {
        stop(reader, "the page is too large");
        return reader;
    }
    page_text_decode(&reader->text, bytes, length, content_type);
    begin(reader);
    return reader;
}

static void conclude(struct html_reader *reader)
{
    struct html_page *page = reader->page;
    if (page->fault == NULL)
        html_tables_finish(reader->tables);
    read_prose(reader);
    page->table = html_tables_found(reader->tables);
    page->rows = html_tables_rows(reader->tables);
}

bool html_reader_go_on(struct html_reader *reader)
{
    size_t left = reader->text.length - reader->at, size = left < HTML_PIECE ? left : HTML_PIECE;
    if (reader->page->fault == NULL && size > 0) {
        feed(reader, reader->text.data + reader->at, size, false);
        reader->at += size;
        const char *fault = what_is_too_long(reader);
        if (fault != NULL)
            stop(reader, fault);
        return true;
    }
    if (reader->page->fault == NULL)
        feed(reader, NULL, 0, true);
    conclude(reader);
    return false;
}

void html_reader_free(struct html_reader *reader)
{
    if (reader == NULL)
        return;
    htmlFreeParserCtxt(reader->parser);
    html_tables_free(reader->tables);
    buf_fini(&reader->prose);
    buf_fini(&reader->text);
    free(reader->base);
    free(reader->url);
    free(reader);
}

void html_page_fini(struct html_page *page)
{
    for (size_t i = 0; i < page->input_count; i++) {
        free(page->inputs[i].name);
        free(page->inputs[i].value);
    }
    free(page->inputs);
    free(page->action);
    free(page->action_text);
    *page = (struct html_page){.records = -1};
}
