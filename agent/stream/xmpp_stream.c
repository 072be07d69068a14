#include "stream/xmpp_stream.h"

#include <assert.h>
#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "stream/xmpp_element.h"

/* Declared since expat 2.6 and in patched older ones, which put off a tag whose bytes come in several pieces until
 * further bytes follow: in a conversation these may never come. Without that delay the function is absent. */
extern XML_Bool XML_SetReparseDeferralEnabled(XML_Parser parser, XML_Bool enabled) __attribute__((weak));

#define DIALBACK "jabber:server:dialback"

/* Longest tag. Expat scans a tag from its start again with each piece that comes. */
#define TAG_MAX 8192
#define BEGINNING_MAX 40

static const char *const CONTENT[] = {
    [XMPP_SERVER] = "jabber:server",
    [XMPP_CLIENT] = "jabber:client",
};

struct xmpp_stream {
    XML_Parser parser;
    size_t cap;
    size_t taken;     /* bytes that the caller was told are used */
    size_t fed;       /* bytes that expat has; more than taken only while it is suspended behind an event */
    bool suspended;
    enum xmpp_event event, next; /* XMPP_MORE: none. `next` is the end of <stream:stream/>, which is an event twice */
    bool ended, faulty;

    bool content;                 /* the root declares the default namespace of its kind */
    struct xmpp_header header;
    struct xmpp_elements elements;
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
    if (stream->elements.depth > 0 || uri == NULL)
        return;
    if (prefix == NULL)
        stream->content = strcmp(uri, CONTENT[stream->elements.kind]) == 0;
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
    } else if (!xmpp_elements_in_stream(&stream->elements)) {
        const char *space = strrchr(name, XMPP_NAME_SEPARATOR), *local = space != NULL ? space + 1 : name;
        if (strcmp(local, "stream") == 0)
            refuse(stream, XMPP_FAULT_NAMESPACE, "the root is not in http://etherx.jabber.org/streams");
        else
            refuse(stream, XMPP_FAULT_NOT_XMPP, "the root is <%.40s>", local);
    } else if (!stream->content) {
        refuse(stream, XMPP_FAULT_NAMESPACE, "the default namespace is not %s",
               CONTENT[stream->elements.kind]);
    } else {
        header_attributes(stream, attributes);
        emit(stream, XMPP_HEADER);
    }
}

/* Elements. */

static void element_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
    struct xmpp_stream *stream = data;
    if (stream->faulty)
        return;
    if (XML_GetCurrentByteCount(stream->parser) > TAG_MAX) {
        refuse(stream, XMPP_FAULT_TOO_LARGE, "a tag over %d bytes", TAG_MAX);
        return;
    }
    if (stream->elements.depth == XMPP_DEPTH_MAX) {
        refuse(stream, XMPP_FAULT_TOO_LARGE, "nested deeper than %d", XMPP_DEPTH_MAX);
        return;
    }
    xmpp_elements_start(&stream->elements, name, attributes);
    if (stream->elements.depth == 1) {
        root_start(stream, name, attributes);
        return;
    }
    if (xmpp_elements_in_error(&stream->elements))
        stream->header.defect = NULL;
    if (stream->header.defect != NULL)
        refuse(stream, XMPP_FAULT_HEADER, "%s,", stream->header.defect);
}

static void text_add(void *data, const XML_Char *text, int length)
{
    struct xmpp_stream *stream = data;
    if (!stream->faulty && !xmpp_elements_text(&stream->elements, text, (size_t)length))
        refuse(stream, XMPP_FAULT_TOO_LARGE, "the text of an element too long,");
}

static void element_end(void *data, const XML_Char *name)
{
    (void)name;
    struct xmpp_stream *stream = data;
    if (stream->faulty)
        return;
    enum xmpp_event ended = xmpp_elements_end(&stream->elements);
    if (ended == XMPP_END && stream->header.defect != NULL)
        refuse(stream, XMPP_FAULT_HEADER, "%s,", stream->header.defect);
    else if (ended != XMPP_MORE)
        emit(stream, ended);
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
    enum xmpp_fault fault = stream->elements.depth > 0 ? XMPP_FAULT_HEADER : XMPP_FAULT_NOT_XMPP;
    if (error == XML_ERROR_UNBOUND_PREFIX && stream->elements.depth == 0)
        fault = XMPP_FAULT_NAMESPACE;
    if (error == XML_ERROR_UNDEFINED_ENTITY || error == XML_ERROR_DUPLICATE_ATTRIBUTE)
        fault = XMPP_FAULT_HEADER;
    if (fault == XMPP_FAULT_NOT_XMPP)
        refuse(stream, fault, "not XML: \"%s\", %s", stream->beginning, XML_ErrorString(error));
    else
        refuse(stream, fault, "%s", XML_ErrorString(error));
}

/* The interface. */

struct xmpp_stream *xmpp_stream_new(enum xmpp_kind kind, size_t cap)
{
    struct xmpp_stream *stream = mem_alloc(sizeof *stream);
    stream->cap = cap;
    stream->elements.kind = kind;
    stream->parser = XML_ParserCreateNS("UTF-8", XMPP_NAME_SEPARATOR);
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
    xmpp_elements_fini(&stream->elements);
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
    return &stream->elements.features;
}

const char *xmpp_stream_error(const struct xmpp_stream *stream)
{
    return stream->elements.condition;
}

const char *xmpp_stream_error_text(const struct xmpp_stream *stream)
{
    return stream->elements.error_text;
}

const struct xmpp_stanza *xmpp_stream_stanza(const struct xmpp_stream *stream)
{
    return &stream->elements.stanza;
}

const char *xmpp_stream_sasl(const struct xmpp_stream *stream)
{
    return stream->elements.sasl != NULL ? stream->elements.sasl : "";
}

enum xmpp_fault xmpp_stream_fault(const struct xmpp_stream *stream)
{
    return stream->fault;
}

const char *xmpp_stream_fault_text(const struct xmpp_stream *stream)
{
    return stream->fault_text;
}
