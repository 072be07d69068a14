#include "stream/xmpp_stream.h"

#include <assert.h>
#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* Declared since expat 2.6 and in patched older ones, which put off a tag whose bytes come in several pieces until
 * further bytes follow: in a conversation these may never come. Without that delay the function is absent. */
extern XML_Bool XML_SetReparseDeferralEnabled(XML_Parser parser, XML_Bool enabled) __attribute__((weak));

/* Expat gives a name as namespace, this, local name. */
#define SEPARATOR ' '
#define STREAMS "http://etherx.jabber.org/streams "
#define TLS "urn:ietf:params:xml:ns:xmpp-tls "
#define SASL "urn:ietf:params:xml:ns:xmpp-sasl "
#define ERRORS "urn:ietf:params:xml:ns:xmpp-streams "
#define CONTENT "jabber:server"
#define DIALBACK "jabber:server:dialback"

#define DEPTH_MAX 64
/* Longest tag. Expat scans a tag from its start again with each piece that comes. */
#define TAG_MAX 8192
#define CONDITION_MAX 32 /* the longest of RFC 6120 4.9.3 has 24 */
#define BEGINNING_MAX 40

enum element {
    IN_NOTHING,
    IN_STREAM,
    IN_FEATURES,
    IN_STARTTLS,
    IN_REQUIRED,
    IN_MECHANISMS,
    IN_MECHANISM,
    IN_DIALBACK,
    IN_ERROR,
    IN_CONDITION,
    IN_ERROR_TEXT,
    IN_PROCEED,
    IN_FAILURE,
    IN_OTHER
};

static const struct {
    enum element parent;
    const char *name;
    enum element element;
} ELEMENTS[] = {
    {IN_NOTHING, STREAMS "stream", IN_STREAM},
    {IN_STREAM, STREAMS "features", IN_FEATURES},
    {IN_STREAM, STREAMS "error", IN_ERROR},
    {IN_STREAM, TLS "proceed", IN_PROCEED},
    {IN_STREAM, TLS "failure", IN_FAILURE},
    {IN_FEATURES, TLS "starttls", IN_STARTTLS},
    {IN_STARTTLS, TLS "required", IN_REQUIRED},
    {IN_FEATURES, SASL "mechanisms", IN_MECHANISMS},
    {IN_MECHANISMS, SASL "mechanism", IN_MECHANISM},
    {IN_FEATURES, "urn:xmpp:features:dialback dialback", IN_DIALBACK},
    {IN_ERROR, ERRORS "text", IN_ERROR_TEXT},
};

struct xmpp_stream {
    XML_Parser parser;
    size_t cap;
    size_t taken;     /* bytes that the caller was told are used */
    size_t fed;       /* bytes that expat has; more than taken only while it is suspended behind an event */
    bool suspended;
    enum xmpp_event event, next; /* XMPP_MORE: none. `next` is the end of <stream:stream/>, which is an event twice */
    bool ended, faulty;

    enum element path[DEPTH_MAX];
    size_t depth;
    char text[PEER_TEXT_MAX + 1]; /* of the innermost element, where it is wanted */
    size_t text_length;
    bool text_full;

    bool content;                 /* the root declares xmlns='jabber:server' */
    struct xmpp_header header;
    struct xmpp_features features;
    char condition[CONDITION_MAX + 1], error_text[PEER_TEXT_MAX + 1];
    enum xmpp_fault fault;
    char fault_text[192];
    char beginning[BEGINNING_MAX + 1];
};

/* Ending a turn of the parser. */

/* The first reason counts: expat may call a further handler before it stops. */
static void __attribute__((format(printf, 3, 4)))
refuse(struct xmpp_stream *stream, enum xmpp_fault fault, const char *format, ...)
{
    if (stream->faulty)
        return;
    char what[128];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    long long at = XML_GetCurrentByteIndex(stream->parser);
    snprintf(stream->fault_text, sizeof stream->fault_text, "%s at byte %lld", what, at < 0 ? 0 : at);
    stream->faulty = true;
    stream->fault = fault;
    XML_StopParser(stream->parser, XML_FALSE);
}

static void emit(struct xmpp_stream *stream, enum xmpp_event event)
{
    if (stream->faulty)
        return;
    if (stream->event != XMPP_MORE) {
        stream->next = event;
        return;
    }
    stream->event = event;
    stream->taken = (size_t)XML_GetCurrentByteIndex(stream->parser) + (size_t)XML_GetCurrentByteCount(stream->parser);
    XML_StopParser(stream->parser, XML_TRUE);
}

/* The header. */

static void namespace_start(void *data, const XML_Char *prefix, const XML_Char *uri)
{
    struct xmpp_stream *stream = data;
    if (stream->depth > 0 || uri == NULL)
        return;
    if (prefix == NULL)
        stream->content = strcmp(uri, CONTENT) == 0;
    else if (strcmp(uri, DIALBACK) == 0)
        stream->header.dialback = true;
}

/* RFC 6120 4.7.5: numbers around a dot, of which only the first matters here. "1" is taken as meant. */
static bool version_read(const char *text, bool *version_1)
{
    static const char digits[] = "0123456789";
    size_t major = strspn(text, digits);
    const char *rest = text + major;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, digits);
    if (major == 0 || *rest != '\0')
        return false;
    *version_1 = strspn(text, "0") < major;
    return true;
}

static void header_attributes(struct xmpp_stream *stream, const XML_Char **attributes)
{
    struct xmpp_header *header = &stream->header;
    for (; attributes[0] != NULL; attributes += 2) {
        const char *name = attributes[0], *value = attributes[1];
        if (strcmp(name, "id") == 0 && strlen(value) > XMPP_ID_MAX)
            refuse(stream, XMPP_FAULT_TOO_LARGE, "attribute 'id' over %d bytes", XMPP_ID_MAX);
        else if (strcmp(name, "id") == 0)
            header->id = mem_strdup(value);
        else if (strcmp(name, "version") == 0 && !version_read(value, &header->version_1))
            header->defect = "the version is no version number";
    }
    if (header->id == NULL || *header->id == '\0')
        header->defect = "the header has no id";
}

/* Expat finds out by itself that a stream is in UTF-16, whose tags have NUL bytes. */
static bool is_utf16(struct xmpp_stream *stream)
{
    int offset, size;
    const char *bytes = XML_GetInputContext(stream->parser, &offset, &size);
    return bytes != NULL && memchr(bytes + offset, '\0', (size_t)XML_GetCurrentByteCount(stream->parser)) != NULL;
}

static void root_start(struct xmpp_stream *stream, const char *name, const XML_Char **attributes)
{
    if (is_utf16(stream)) {
        refuse(stream, XMPP_FAULT_HEADER, "encoding UTF-16"); /* RFC 6120 11.6 */
    } else if (stream->path[0] != IN_STREAM) {
        const char *space = strrchr(name, SEPARATOR), *local = space != NULL ? space + 1 : name;
        if (strcmp(local, "stream") == 0)
            refuse(stream, XMPP_FAULT_NAMESPACE, "the root is not in http://etherx.jabber.org/streams");
        else
            refuse(stream, XMPP_FAULT_NOT_XMPP, "the root is <%.40s>", local);
    } else if (!stream->content) {
        refuse(stream, XMPP_FAULT_NAMESPACE, "the default namespace is not " CONTENT);
    } else {
        header_attributes(stream, attributes);
        emit(stream, XMPP_HEADER);
    }
}

/* Elements. */

static enum element element_find(enum element parent, const char *name)
{
    for (size_t i = 0; i < sizeof ELEMENTS / sizeof *ELEMENTS; i++) {
        if (ELEMENTS[i].parent == parent && strcmp(ELEMENTS[i].name, name) == 0)
            return ELEMENTS[i].element;
    }
    return parent == IN_ERROR && strncmp(name, ERRORS, strlen(ERRORS)) == 0 ? IN_CONDITION : IN_OTHER;
}

/* Keeps the first one that could be a condition of RFC 6120 4.9.3. */
static void condition_keep(struct xmpp_stream *stream, const char *name)
{
    size_t length = strlen(name);
    if (*stream->condition == '\0' && length <= CONDITION_MAX &&
        strspn(name, "abcdefghijklmnopqrstuvwxyz-") == length)
        memcpy(stream->condition, name, length + 1);
}

static void element_note(struct xmpp_stream *stream, enum element element, const char *name)
{
    switch (element) {
    case IN_FEATURES:
        stream->features = (struct xmpp_features){.starttls = OFFER_NONE};
        break;
    case IN_STARTTLS:
        if (stream->features.starttls == OFFER_NONE)
            stream->features.starttls = OFFER_OPTIONAL;
        break;
    case IN_REQUIRED:
        stream->features.starttls = OFFER_REQUIRED;
        break;
    case IN_DIALBACK:
        stream->features.dialback = true;
        break;
    case IN_CONDITION:
        condition_keep(stream, name + strlen(ERRORS));
        break;
    default:
        break;
    }
}

static void element_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
    struct xmpp_stream *stream = data;
    if (stream->faulty)
        return;
    if (XML_GetCurrentByteCount(stream->parser) > TAG_MAX) {
        refuse(stream, XMPP_FAULT_TOO_LARGE, "a tag over %d bytes", TAG_MAX);
        return;
    }
    if (stream->depth == DEPTH_MAX) {
        refuse(stream, XMPP_FAULT_TOO_LARGE, "nested deeper than %d", DEPTH_MAX);
        return;
    }
    enum element element = element_find(stream->depth > 0 ? stream->path[stream->depth - 1] : IN_NOTHING, name);
    stream->path[stream->depth++] = element;
    stream->text_length = 0;
    stream->text_full = false;
    if (stream->depth == 1) {
        root_start(stream, name, attributes);
        return;
    }
    if (element == IN_ERROR)
        stream->header.defect = NULL;
    if (stream->header.defect != NULL)
        refuse(stream, XMPP_FAULT_HEADER, "%s,", stream->header.defect);
    element_note(stream, element, name);
}

static void text_add(void *data, const XML_Char *text, int length)
{
    struct xmpp_stream *stream = data;
    enum element element = stream->depth > 0 ? stream->path[stream->depth - 1] : IN_NOTHING;
    if ((element != IN_MECHANISM && element != IN_ERROR_TEXT) || stream->text_full)
        return;
    size_t room = PEER_TEXT_MAX - stream->text_length, more = (size_t)length;
    if (more > room) {
        stream->text_full = true;
        more = room;
        while (more > 0 && ((unsigned char)text[more] & 0xc0) == 0x80) /* not inside a character */
            more--;
    }
    memcpy(stream->text + stream->text_length, text, more);
    stream->text_length += more;
}

/* The collected text without the white space around it. */
static const char *text_trimmed(struct xmpp_stream *stream)
{
    static const char space[] = " \t\r\n";
    while (stream->text_length > 0 && strchr(space, stream->text[stream->text_length - 1]) != NULL)
        stream->text_length--;
    stream->text[stream->text_length] = '\0';
    return stream->text + strspn(stream->text, space);
}

static enum xmpp_event element_event(enum element element)
{
    switch (element) {
    case IN_FEATURES:
        return XMPP_FEATURES;
    case IN_ERROR:
        return XMPP_ERROR;
    case IN_PROCEED:
        return XMPP_PROCEED;
    case IN_FAILURE:
        return XMPP_FAILURE;
    default:
        return XMPP_OTHER;
    }
}

static void element_end(void *data, const XML_Char *name)
{
    (void)name;
    struct xmpp_stream *stream = data;
    if (stream->faulty)
        return;
    enum element element = stream->path[--stream->depth];
    if (element == IN_MECHANISM && strcmp(text_trimmed(stream), "EXTERNAL") == 0)
        stream->features.external = true;
    if (element == IN_ERROR_TEXT && *stream->error_text == '\0')
        strcpy(stream->error_text, text_trimmed(stream));
    if (stream->depth == 1)
        emit(stream, element_event(element));
    if (stream->depth == 0 && stream->header.defect != NULL)
        refuse(stream, XMPP_FAULT_HEADER, "%s,", stream->header.defect);
    else if (stream->depth == 0)
        emit(stream, XMPP_END);
}

/* What RFC 6120 11.1 forbids. */

static void declaration(void *data, const XML_Char *version, const XML_Char *encoding, int standalone)
{
    (void)version;
    (void)standalone;
    struct xmpp_stream *stream = data;
    if (encoding != NULL && strcasecmp(encoding, "UTF-8") != 0)
        refuse(stream, XMPP_FAULT_HEADER, "encoding %.40s", encoding); /* RFC 6120 11.6 */
}

static void doctype(void *data, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
    (void)system;
    (void)public;
    (void)internal;
    if (strcasecmp(name, "html") == 0)
        refuse(data, XMPP_FAULT_NOT_XMPP, "an HTML page");
    else
        refuse(data, XMPP_FAULT_HEADER, "a document type declaration");
}

static void instruction(void *data, const XML_Char *target, const XML_Char *rest)
{
    (void)target;
    (void)rest;
    refuse(data, XMPP_FAULT_HEADER, "a processing instruction");
}

static void comment(void *data, const XML_Char *text)
{
    (void)text;
    refuse(data, XMPP_FAULT_HEADER, "a comment");
}

/* Expat's own refusal. Some errors show that a tag was read, so that it is XML. */
static void refuse_xml(struct xmpp_stream *stream)
{
    enum XML_Error error = XML_GetErrorCode(stream->parser);
    enum xmpp_fault fault = stream->depth > 0 ? XMPP_FAULT_HEADER : XMPP_FAULT_NOT_XMPP;
    if (error == XML_ERROR_UNBOUND_PREFIX && stream->depth == 0)
        fault = XMPP_FAULT_NAMESPACE;
    if (error == XML_ERROR_UNDEFINED_ENTITY || error == XML_ERROR_DUPLICATE_ATTRIBUTE)
        fault = XMPP_FAULT_HEADER;
    if (fault == XMPP_FAULT_NOT_XMPP)
        refuse(stream, fault, "not XML: \"%s\", %s", stream->beginning, XML_ErrorString(error));
    else
        refuse(stream, fault, "%s", XML_ErrorString(error));
}

/* The interface. */

struct xmpp_stream *xmpp_stream_new(size_t cap)
{
    struct xmpp_stream *stream = mem_alloc(sizeof *stream);
    stream->cap = cap;
    stream->parser = XML_ParserCreateNS("UTF-8", SEPARATOR);
    if (stream->parser == NULL)
        abort(); /* out of memory */
    if (XML_SetReparseDeferralEnabled != NULL)
        XML_SetReparseDeferralEnabled(stream->parser, XML_FALSE);
    XML_SetUserData(stream->parser, stream);
    XML_SetStartNamespaceDeclHandler(stream->parser, namespace_start);
    XML_SetElementHandler(stream->parser, element_start, element_end);
    XML_SetCharacterDataHandler(stream->parser, text_add);
    XML_SetXmlDeclHandler(stream->parser, declaration);
    XML_SetStartDoctypeDeclHandler(stream->parser, doctype);
    XML_SetProcessingInstructionHandler(stream->parser, instruction);
    XML_SetCommentHandler(stream->parser, comment);
    return stream;
}

void xmpp_stream_free(struct xmpp_stream *stream)
{
    if (stream == NULL)
        return;
    XML_ParserFree(stream->parser);
    free(stream->header.id);
    free(stream);
}

/* What to show of a peer that talks something else. */
static void beginning_note(struct xmpp_stream *stream, const char *bytes, size_t length)
{
    size_t at = strlen(stream->beginning);
    for (size_t i = 0; i < length && at < BEGINNING_MAX; i++)
        stream->beginning[at++] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.';
}

/* True when expat has read all that it was given. */
static bool parsed(struct xmpp_stream *stream, enum XML_Status status)
{
    stream->suspended = status == XML_STATUS_SUSPENDED;
    if (status == XML_STATUS_ERROR)
        refuse_xml(stream);
    return status == XML_STATUS_OK;
}

static void feed(struct xmpp_stream *stream, const char *bytes, size_t length)
{
    if (stream->suspended && !parsed(stream, XML_ResumeParser(stream->parser)))
        return;
    /* Behind an event expat still had the rest of its piece, which the caller now gives again. */
    size_t held = stream->fed - stream->taken;
    assert(held <= length);
    size_t more = length - held, room = stream->cap - stream->fed;
    size_t taken = more < room ? more : room;
    if (stream->fed < BEGINNING_MAX)
        beginning_note(stream, bytes + held, taken);
    stream->fed += taken;
    if (taken > 0 && !parsed(stream, XML_Parse(stream->parser, bytes + held, (int)taken, XML_FALSE)))
        return;
    if (taken < more)
        refuse(stream, XMPP_FAULT_TOO_LARGE, "more than %zu bytes", stream->cap);
    long long tag = XML_GetCurrentByteIndex(stream->parser); /* where the unfinished tag starts */
    if (tag >= 0 && stream->fed - (size_t)tag > TAG_MAX)
        refuse(stream, XMPP_FAULT_TOO_LARGE, "a tag over %d bytes", TAG_MAX);
}

enum xmpp_event xmpp_stream_read(struct xmpp_stream *stream, const char *bytes, size_t length, size_t *used)
{
    *used = 0;
    if (stream->faulty)
        return XMPP_INVALID;
    if (stream->ended) {
        *used = length;
        return XMPP_MORE;
    }
    size_t start = stream->taken;
    stream->event = stream->next;
    stream->next = XMPP_MORE;
    if (stream->event == XMPP_MORE)
        feed(stream, bytes, length);
    if (stream->faulty)
        return XMPP_INVALID;
    if (stream->event == XMPP_MORE)
        stream->taken = start + length;
    *used = stream->taken - start;
    stream->ended = stream->event == XMPP_END;
    return stream->event;
}

const struct xmpp_header *xmpp_stream_header(const struct xmpp_stream *stream)
{
    return &stream->header;
}

const struct xmpp_features *xmpp_stream_features(const struct xmpp_stream *stream)
{
    return &stream->features;
}

const char *xmpp_stream_error(const struct xmpp_stream *stream)
{
    return stream->condition;
}

const char *xmpp_stream_error_text(const struct xmpp_stream *stream)
{
    return stream->error_text;
}

enum xmpp_fault xmpp_stream_fault(const struct xmpp_stream *stream)
{
    return stream->fault;
}

const char *xmpp_stream_fault_text(const struct xmpp_stream *stream)
{
    return stream->fault_text;
}
