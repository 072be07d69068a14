#include "cisco/soap_reader.h"

#include <assert.h>
#include <expat.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

/* Declared since expat 2.6 and in patched older ones (see xmpp_stream.c). With it a tag could not be told from one that
 * grows without end; pieces of PIECE_SIZE are what bounds the cost here. */
extern XML_Bool XML_SetReparseDeferralEnabled(XML_Parser parser, XML_Bool enabled) __attribute__((weak));

#define DEPTH_MAX 64
/* Longest tag, comment or reference. Expat scans it from its start again with each piece. */
#define TOKEN_MAX 8192
#define PIECE_SIZE 4096
#define WORDS_MAX 256
#define BEGINNING_MAX 40

enum element {
    IN_NOTHING,
    IN_ENVELOPE,
    IN_BODY,
    IN_PAYLOAD, /* the payload, or below it, outside a container */
    IN_CONTAINER,
    IN_ROW,
    IN_COLUMN,
    IN_VALUE, /* its text is kept */
    IN_FAULT,
    IN_CODE,
    IN_REASON,
    IN_DETAIL,
    IN_OTHER
};

/* Texts that are kept; those of the shape come first. */
enum slot { FAULT_CODE = SOAP_VALUES_MAX, FAULT_TEXT, FAULT_AXL_CODE, FAULT_AXL_MESSAGE, SLOT_COUNT };

static const struct {
    enum element parent;
    const char *name;
    enum element element;
    enum slot slot; /* with IN_VALUE */
} ELEMENTS[] = {
    {IN_NOTHING, "Envelope", IN_ENVELOPE, 0},
    {IN_ENVELOPE, "Body", IN_BODY, 0},
    {IN_BODY, "Fault", IN_FAULT, 0},
    {IN_FAULT, "faultcode", IN_VALUE, FAULT_CODE},
    {IN_FAULT, "faultstring", IN_VALUE, FAULT_TEXT},
    {IN_FAULT, "detail", IN_DETAIL, 0},
    {IN_FAULT, "Code", IN_CODE, 0},
    {IN_FAULT, "Reason", IN_REASON, 0},
    {IN_FAULT, "Detail", IN_DETAIL, 0},
    {IN_CODE, "Value", IN_VALUE, FAULT_CODE},
    {IN_REASON, "Text", IN_VALUE, FAULT_TEXT},
    {IN_DETAIL, "axlcode", IN_VALUE, FAULT_AXL_CODE},
    {IN_DETAIL, "code", IN_VALUE, FAULT_AXL_CODE},
    {IN_DETAIL, "axlmessage", IN_VALUE, FAULT_AXL_MESSAGE},
    {IN_DETAIL, "message", IN_VALUE, FAULT_AXL_MESSAGE},
};

struct name {
    UT_hash_handle hh;
    char text[];
};

struct soap_reader {
    XML_Parser parser;
    const struct soap_shape *shape;
    size_t cap;
    void (*row)(void *arg, const struct soap_row *row);
    void *arg;

    char piece[PIECE_SIZE];
    size_t gathered;  /* bytes in `piece`, which expat has not seen yet */
    size_t fed;       /* bytes that expat has */
    bool begun;       /* a tag was read */
    bool is_envelope, has_payload, has_fault, faulty;
    enum soap_verdict verdict;
    char *words;      /* NULL: none */
    char *unexpected; /* the first element in Body that is not the payload; NULL: none */
    char beginning[BEGINNING_MAX + 1];

    enum element path[DEPTH_MAX];
    size_t depth;
    struct name *names; /* that were seen so far */
    struct buf text;    /* of the column or other element whose text is wanted */
    bool nil;           /* that element is */
    size_t slot;
    char *kept[SLOT_COUNT]; /* NULL: not there, or nil */
    struct soap_fault fault;

    struct buf cells;   /* names and texts of the row, each with its NUL */
    struct {
        size_t name, text; /* where they start in `cells` */
        bool nil;
    } columns[SOAP_COLUMNS_MAX];
    size_t column_count;
};

/* The first reason counts: expat may call a further handler before it stops. */
static void __attribute__((format(printf, 3, 4)))
refuse(struct soap_reader *reader, enum soap_verdict verdict, const char *format, ...)
{
    if (reader->faulty)
        return;
    va_list args;
    va_start(args, format);
    char *words = mem_vprintf(format, args);
    va_end(args);
    reader->words = text_clean(words, WORDS_MAX);
    free(words);
    reader->faulty = true;
    reader->verdict = verdict;
    XML_StopParser(reader->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon != NULL ? colon + 1 : name;
}

/* Names. */

static void name_note(struct soap_reader *reader, const char *text)
{
    struct name *name = NULL;
    size_t length = strlen(text);
    HASH_FIND(hh, reader->names, text, length, name);
    if (name != NULL)
        return;
    if (HASH_COUNT(reader->names) == SOAP_NAMES_MAX) {
        refuse(reader, SOAP_REFUSED, "more than %d different names", SOAP_NAMES_MAX);
        return;
    }
    name = mem_alloc(sizeof *name + length + 1);
    memcpy(name->text, text, length);
    HASH_ADD_KEYPTR(hh, reader->names, name->text, length, name);
}

static void names_free(struct soap_reader *reader)
{
    struct name *name, *next;
    HASH_ITER(hh, reader->names, name, next) {
        HASH_DEL(reader->names, name);
        free(name);
    }
}

/* XML Schema 1.0, part 1, 2.6.2. */
static bool is_nil(const XML_Char **attributes)
{
    for (; attributes[0] != NULL; attributes += 2) {
        if (strcmp(local_name(attributes[0]), "nil") == 0)
            return strcmp(attributes[1], "true") == 0 || strcmp(attributes[1], "1") == 0;
    }
    return false;
}

/* Elements. */

static bool has_text(enum element element)
{
    return element == IN_COLUMN || element == IN_VALUE;
}

static bool is_named(const char *wanted, const char *name)
{
    return wanted != NULL && strcmp(wanted, name) == 0;
}

static enum element payload_find(struct soap_reader *reader, const char *name)
{
    const struct soap_shape *shape = reader->shape;
    if (is_named(shape->container, name))
        return IN_CONTAINER;
    for (size_t i = 0; i < SOAP_VALUES_MAX; i++) {
        if (is_named(shape->value[i], name)) {
            reader->slot = i;
            return IN_VALUE;
        }
    }
    return IN_PAYLOAD;
}

static enum element element_find(struct soap_reader *reader, enum element parent, const char *name)
{
    const struct soap_shape *shape = reader->shape;
    for (size_t i = 0; i < sizeof ELEMENTS / sizeof *ELEMENTS; i++) {
        if (ELEMENTS[i].parent == parent && strcmp(ELEMENTS[i].name, name) == 0) {
            reader->slot = ELEMENTS[i].slot;
            return ELEMENTS[i].element;
        }
    }
    switch (parent) {
    case IN_BODY: return is_named(shape->payload[0], name) || is_named(shape->payload[1], name) ? IN_PAYLOAD : IN_OTHER;
    case IN_PAYLOAD: return payload_find(reader, name);
    case IN_CONTAINER: return is_named(shape->row, name) ? IN_ROW : IN_OTHER;
    case IN_ROW: return IN_COLUMN;
    case IN_DETAIL: return IN_DETAIL;
    default: return IN_OTHER;
    }
}

static void root_start(struct soap_reader *reader, enum element element, const char *name)
{
    reader->begun = true;
    reader->is_envelope = element == IN_ENVELOPE;
    if (strcasecmp(name, "html") == 0)
        refuse(reader, SOAP_NOT_XML, "an HTML page");
    else if (!reader->is_envelope)
        refuse(reader, SOAP_REFUSED, "the root is <%s>, no SOAP envelope", name);
}

static void column_start(struct soap_reader *reader, const char *name)
{
    if (reader->column_count == SOAP_COLUMNS_MAX) {
        refuse(reader, SOAP_REFUSED, "more than %d columns in a row", SOAP_COLUMNS_MAX);
        return;
    }
    reader->columns[reader->column_count].nil = reader->nil;
    reader->columns[reader->column_count].name = reader->cells.length;
    buf_add(&reader->cells, name, strlen(name) + 1);
}

static void element_note(struct soap_reader *reader, enum element element, const char *name)
{
    enum element parent = reader->depth > 1 ? reader->path[reader->depth - 2] : IN_NOTHING;
    if (parent == IN_NOTHING)
        root_start(reader, element, name);
    if (element == IN_FAULT)
        reader->has_fault = true;
    if (parent == IN_BODY && element == IN_PAYLOAD)
        reader->has_payload = true;
    if (parent == IN_BODY && element == IN_OTHER && reader->unexpected == NULL)
        reader->unexpected = mem_strdup(name);
    if (element == IN_COLUMN)
        column_start(reader, name);
    if (element == IN_ROW) {
        buf_clear(&reader->cells);
        reader->column_count = 0;
    }
}

static void element_start(void *data, const XML_Char *full_name, const XML_Char **attributes)
{
    struct soap_reader *reader = data;
    if (reader->faulty)
        return;
    if (XML_GetCurrentByteCount(reader->parser) > TOKEN_MAX) {
        refuse(reader, SOAP_REFUSED, "a tag over %d bytes", TOKEN_MAX);
        return;
    }
    if (reader->depth == DEPTH_MAX) {
        refuse(reader, SOAP_REFUSED, "nested deeper than %d", DEPTH_MAX);
        return;
    }
    const char *name = local_name(full_name);
    enum element parent = reader->depth > 0 ? reader->path[reader->depth - 1] : IN_NOTHING;
    enum element element = element_find(reader, parent, name);
    reader->path[reader->depth++] = element;
    if (strlen(name) > SOAP_NAME_MAX)
        refuse(reader, SOAP_REFUSED, "an element's name over %d bytes", SOAP_NAME_MAX);
    name_note(reader, full_name);
    for (size_t i = 0; attributes[i] != NULL; i += 2)
        name_note(reader, attributes[i]);
    if (has_text(element)) {
        buf_clear(&reader->text);
        reader->nil = is_nil(attributes);
    }
    element_note(reader, element, name);
}

static void text_add(void *data, const XML_Char *text, int length)
{
    struct soap_reader *reader = data;
    if (reader->faulty || reader->depth == 0 || !has_text(reader->path[reader->depth - 1]))
        return;
    buf_add(&reader->text, text, (size_t)length);
    if (buf_failed(&reader->text))
        refuse(reader, SOAP_REFUSED, "a value over %d bytes", SOAP_VALUE_MAX);
}

/* The collected text without the white space around it. */
static const char *text_trimmed(struct soap_reader *reader)
{
    static const char space[] = " \t\r\n";
    struct buf *text = &reader->text;
    while (text->length > 0 && strchr(space, text->data[text->length - 1]) != NULL)
        text->data[--text->length] = '\0';
    return text->data + strspn(text->data, space);
}

static void column_end(struct soap_reader *reader)
{
    const char *text = text_trimmed(reader);
    reader->columns[reader->column_count++].text = reader->cells.length;
    buf_add(&reader->cells, text, strlen(text) + 1);
}

static void row_end(struct soap_reader *reader)
{
    struct soap_column columns[SOAP_COLUMNS_MAX];
    assert(!buf_failed(&reader->cells));
    for (size_t i = 0; i < reader->column_count; i++) {
        columns[i].name = reader->cells.data + reader->columns[i].name;
        columns[i].text = reader->columns[i].nil ? NULL : reader->cells.data + reader->columns[i].text;
    }
    if (reader->row != NULL)
        reader->row(reader->arg, &(struct soap_row){.columns = columns, .count = reader->column_count});
}

static void element_end(void *data, const XML_Char *name)
{
    (void)name;
    struct soap_reader *reader = data;
    if (reader->faulty)
        return;
    enum element element = reader->path[--reader->depth];
    if (element == IN_COLUMN)
        column_end(reader);
    else if (element == IN_ROW)
        row_end(reader);
    else if (element == IN_VALUE && !reader->nil && reader->kept[reader->slot] == NULL) /* the first counts */
        reader->kept[reader->slot] = mem_strdup(text_trimmed(reader));
}

/* What SOAP 1.1, 3, and SOAP 1.2, part 1, 5, forbid. */

static void doctype(void *data, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
    (void)system;
    (void)public;
    (void)internal;
    struct soap_reader *reader = data;
    reader->begun = true;
    if (strcasecmp(name, "html") == 0)
        refuse(reader, SOAP_NOT_XML, "an HTML page");
    else
        refuse(reader, SOAP_REFUSED, "a document type declaration");
}

static void instruction(void *data, const XML_Char *target, const XML_Char *rest)
{
    (void)target;
    (void)rest;
    refuse(data, SOAP_REFUSED, "a processing instruction");
}

/* Expat's own refusal. */
static void refuse_xml(struct soap_reader *reader, bool at_end)
{
    enum XML_Error error = XML_GetErrorCode(reader->parser);
    bool unfinished = error == XML_ERROR_NO_ELEMENTS || error == XML_ERROR_UNCLOSED_TOKEN ||
                      error == XML_ERROR_UNCLOSED_CDATA_SECTION || error == XML_ERROR_PARTIAL_CHAR;
    if (at_end && !reader->begun && strspn(reader->beginning, " ") == strlen(reader->beginning))
        refuse(reader, SOAP_NOT_XML, "nothing");
    else if (at_end && unfinished && strchr(reader->beginning, '<') != NULL)
        refuse(reader, SOAP_TRUNCATED, "it ends too soon, after %zu bytes", reader->fed);
    else if (!reader->begun)
        refuse(reader, SOAP_NOT_XML, "not XML: \"%s\", %s", reader->beginning, XML_ErrorString(error));
    else
        refuse(reader, SOAP_REFUSED, "%s at byte %lld", XML_ErrorString(error),
               (long long)XML_GetCurrentByteIndex(reader->parser));
}

/* The interface. */

struct soap_reader *soap_reader_new(const struct soap_shape *shape, size_t cap,
                                    void (*row)(void *arg, const struct soap_row *row), void *arg)
{
    struct soap_reader *reader = mem_alloc(sizeof *reader);
    reader->shape = shape;
    reader->cap = cap;
    reader->row = row;
    reader->arg = arg;
    buf_init(&reader->text, SOAP_VALUE_MAX);
    buf_init(&reader->cells, (size_t)SOAP_COLUMNS_MAX * (SOAP_NAME_MAX + SOAP_VALUE_MAX + 2));
    reader->parser = XML_ParserCreate(NULL);
    if (reader->parser == NULL)
        abort(); /* out of memory */
    if (XML_SetReparseDeferralEnabled != NULL)
        XML_SetReparseDeferralEnabled(reader->parser, XML_FALSE);
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, element_start, element_end);
    XML_SetCharacterDataHandler(reader->parser, text_add);
    XML_SetStartDoctypeDeclHandler(reader->parser, doctype);
    XML_SetProcessingInstructionHandler(reader->parser, instruction);
    return reader;
}

void soap_reader_free(struct soap_reader *reader)
{
    if (reader == NULL)
        return;
    XML_ParserFree(reader->parser);
    names_free(reader);
    for (size_t i = 0; i < SLOT_COUNT; i++)
        free(reader->kept[i]);
    buf_fini(&reader->text);
    buf_fini(&reader->cells);
    free(reader->unexpected);
    free(reader->words);
    free(reader);
}

/* What to show of a server that talks something else. */
static void beginning_note(struct soap_reader *reader)
{
    size_t at = strlen(reader->beginning);
    for (size_t i = 0; i < reader->gathered && at < BEGINNING_MAX; i++) {
        char byte = reader->piece[i];
        reader->beginning[at++] = (char)(strchr("\t\r\n", byte) != NULL && byte != '\0' ? ' ' :
                                         byte >= ' ' && byte <= '~' ? byte : '.');
    }
}

static void flush(struct soap_reader *reader, bool at_end)
{
    beginning_note(reader);
    reader->fed += reader->gathered;
    enum XML_Status status = XML_Parse(reader->parser, reader->piece, (int)reader->gathered, at_end);
    reader->gathered = 0;
    if (status != XML_STATUS_OK) {
        refuse_xml(reader, at_end);
        return;
    }
    long long token = XML_GetCurrentByteIndex(reader->parser); /* where the unfinished one starts */
    if (token >= 0 && reader->fed - (size_t)token > TOKEN_MAX)
        refuse(reader, SOAP_REFUSED, "a tag over %d bytes", TOKEN_MAX);
}

bool soap_reader_read(struct soap_reader *reader, const char *bytes, size_t length)
{
    while (length > 0 && !reader->faulty) {
        size_t room = PIECE_SIZE - reader->gathered, taken = length < room ? length : room;
        if (taken > reader->cap - reader->fed - reader->gathered) {
            refuse(reader, SOAP_TOO_LARGE, "more than %zu bytes", reader->cap);
            break;
        }
        memcpy(reader->piece + reader->gathered, bytes, taken);
        reader->gathered += taken;
        bytes += taken;
        length -= taken;
        if (reader->gathered == PIECE_SIZE)
            flush(reader, false);
    }
    return !reader->faulty;
}

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

enum soap_verdict soap_reader_end(struct soap_reader *reader)
{
    if (!reader->faulty)
        flush(reader, true);
    if (!reader->faulty && !reader->has_fault && !reader->has_payload)
        refuse(reader, SOAP_REFUSED, "%s in the SOAP body instead of %s",
               reader->unexpected != NULL ? reader->unexpected : "nothing", reader->shape->payload[0]);
    reader->fault = (struct soap_fault){
        .code = text_or_empty(reader->kept[FAULT_CODE]),
        .text = text_or_empty(reader->kept[FAULT_TEXT]),
        .axl_code = text_or_empty(reader->kept[FAULT_AXL_CODE]),
        .axl_message = text_or_empty(reader->kept[FAULT_AXL_MESSAGE]),
    };
    if (reader->faulty)
        return reader->verdict;
    return reader->has_fault ? SOAP_FAULT : SOAP_GOOD;
}

bool soap_reader_is_envelope(const struct soap_reader *reader)
{
    return reader->is_envelope;
}

const struct soap_fault *soap_reader_fault(const struct soap_reader *reader)
{
    return &reader->fault;
}

const char *soap_reader_value(const struct soap_reader *reader, size_t which)
{
    assert(which < SOAP_VALUES_MAX);
    return reader->kept[which];
}

const char *soap_reader_words(const struct soap_reader *reader)
{
    return text_or_empty(reader->words);
}
