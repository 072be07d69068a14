#include "stream/xmpp_element.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define STREAMS "http://etherx.jabber.org/streams "
#define TLS "urn:ietf:params:xml:ns:xmpp-tls "
#define SASL "urn:ietf:params:xml:ns:xmpp-sasl "
#define ERRORS "urn:ietf:params:xml:ns:xmpp-streams "
#define STANZA_ERRORS "urn:ietf:params:xml:ns:xmpp-stanzas "
#define BIND "urn:ietf:params:xml:ns:xmpp-bind "
#define SESSION "urn:ietf:params:xml:ns:xmpp-session "
#define DIALBACK "jabber:server:dialback "
#define SERVER "jabber:server "
#define CLIENT "jabber:client "

enum element {
    IN_NOTHING,
    IN_STREAM,
    IN_FEATURES,
    IN_STARTTLS,
    IN_REQUIRED,
    IN_MECHANISMS,
    IN_MECHANISM,
    IN_DIALBACK,
    IN_BIND_OFFER,
    IN_SESSION,
    IN_SESSION_OPTIONAL,
    IN_ERROR,
    IN_CONDITION,
    IN_ERROR_TEXT,
    IN_PROCEED,
    IN_FAILURE,
    IN_VERIFY,
    IN_IQ,
    IN_PING,
    IN_BIND,
    IN_JID,
    IN_STANZA_ERROR,
    IN_STANZA_CONDITION,
    IN_STANZA_TEXT,
    IN_CHALLENGE,
    IN_SUCCESS,
    IN_SASL_FAILURE,
    IN_SASL_CONDITION,
    IN_OTHER
};

#define OF(KIND) (1U << (KIND))
#define EITHER (OF(XMPP_SERVER) | OF(XMPP_CLIENT))

static const struct {
    unsigned kinds;
    enum element parent;
    const char *name;
    enum element element;
} ELEMENTS[] = {
    {EITHER, IN_NOTHING, STREAMS "stream", IN_STREAM},
    {EITHER, IN_STREAM, STREAMS "features", IN_FEATURES},
    {EITHER, IN_STREAM, STREAMS "error", IN_ERROR},
    {EITHER, IN_STREAM, TLS "proceed", IN_PROCEED},
    {EITHER, IN_STREAM, TLS "failure", IN_FAILURE},
    {EITHER, IN_FEATURES, TLS "starttls", IN_STARTTLS},
    {EITHER, IN_STARTTLS, TLS "required", IN_REQUIRED},
    {EITHER, IN_FEATURES, SASL "mechanisms", IN_MECHANISMS},
    {EITHER, IN_MECHANISMS, SASL "mechanism", IN_MECHANISM},
    {EITHER, IN_FEATURES, "urn:xmpp:features:dialback dialback", IN_DIALBACK},
    {EITHER, IN_ERROR, ERRORS "text", IN_ERROR_TEXT},
    {OF(XMPP_SERVER), IN_STREAM, DIALBACK "verify", IN_VERIFY},
    {OF(XMPP_SERVER), IN_VERIFY, SERVER "error", IN_STANZA_ERROR},
    {OF(XMPP_SERVER), IN_VERIFY, DIALBACK "error", IN_STANZA_ERROR}, /* where the namespace was forgotten */
    {OF(XMPP_CLIENT), IN_FEATURES, BIND "bind", IN_BIND_OFFER},
    {OF(XMPP_CLIENT), IN_FEATURES, SESSION "session", IN_SESSION},
    {OF(XMPP_CLIENT), IN_SESSION, SESSION "optional", IN_SESSION_OPTIONAL},
    {OF(XMPP_CLIENT), IN_STREAM, CLIENT "iq", IN_IQ},
    {OF(XMPP_CLIENT), IN_IQ, "urn:xmpp:ping ping", IN_PING},
    {OF(XMPP_CLIENT), IN_IQ, BIND "bind", IN_BIND},
    {OF(XMPP_CLIENT), IN_BIND, BIND "jid", IN_JID},
    {OF(XMPP_CLIENT), IN_IQ, CLIENT "error", IN_STANZA_ERROR},
    {EITHER, IN_STANZA_ERROR, STANZA_ERRORS "text", IN_STANZA_TEXT},
    {OF(XMPP_CLIENT), IN_STREAM, SASL "challenge", IN_CHALLENGE},
    {OF(XMPP_CLIENT), IN_STREAM, SASL "success", IN_SUCCESS},
    {OF(XMPP_CLIENT), IN_STREAM, SASL "failure", IN_SASL_FAILURE},
    {OF(XMPP_CLIENT), IN_SASL_FAILURE, SASL "text", IN_STANZA_TEXT},
};

/* Where the other elements of a namespace are conditions. */
static const struct {
    enum element parent;
    const char *namespace;
    enum element element;
} CONDITIONS[] = {
    {IN_ERROR, ERRORS, IN_CONDITION},
    {IN_STANZA_ERROR, STANZA_ERRORS, IN_STANZA_CONDITION},
    {IN_SASL_FAILURE, SASL, IN_SASL_CONDITION},
};

/* Whose text is wanted, and how many bytes of it. One that is of use only whole is refused where it is longer. */
static const struct {
    size_t max;
    bool whole;
} TEXTS[] = {
    [IN_MECHANISM] = {PEER_TEXT_MAX, false}, [IN_ERROR_TEXT] = {PEER_TEXT_MAX, false},
    [IN_STANZA_TEXT] = {PEER_TEXT_MAX, false}, [IN_JID] = {XMPP_JID_MAX, true},
    [IN_CHALLENGE] = {XMPP_SASL_MAX, true}, [IN_SUCCESS] = {XMPP_SASL_MAX, true},
    [IN_OTHER] = {0, false},
};

static void stanza_clear(struct xmpp_stanza *stanza)
{
    free(stanza->from);
    free(stanza->to);
    free(stanza->id);
    free(stanza->type);
    free(stanza->by);
    free(stanza->bound);
    *stanza = (struct xmpp_stanza){0};
}

static void features_clear(struct xmpp_features *features)
{
    free(features->mechanisms);
    *features = (struct xmpp_features){.starttls = OFFER_NONE};
}

static void sasl_clear(struct xmpp_elements *elements)
{
    free(elements->sasl);
    elements->sasl = NULL;
}

void xmpp_elements_fini(struct xmpp_elements *elements)
{
    stanza_clear(&elements->stanza);
    features_clear(&elements->features);
    sasl_clear(elements);
    buf_fini(&elements->text);
}

static enum element element_find(enum xmpp_kind kind, enum element parent, const char *name)
{
    for (size_t i = 0; i < sizeof ELEMENTS / sizeof *ELEMENTS; i++) {
        if (ELEMENTS[i].parent == parent && (ELEMENTS[i].kinds & OF(kind)) != 0 && strcmp(ELEMENTS[i].name, name) == 0)
            return ELEMENTS[i].element;
    }
    for (size_t i = 0; i < sizeof CONDITIONS / sizeof *CONDITIONS; i++) {
        if (CONDITIONS[i].parent == parent &&
            strncmp(name, CONDITIONS[i].namespace, strlen(CONDITIONS[i].namespace)) == 0)
            return CONDITIONS[i].element;
    }
    return IN_OTHER;
}

/* The first counts. */
static void text_keep(char **kept, const char *text)
{
    if (*kept == NULL)
        *kept = mem_strdup(text);
}

/* Whether the name could be one of the conditions of RFC 6120. */
static bool is_condition(const char *name)
{
    size_t length = strlen(name);
    return length <= XMPP_CONDITION_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz-") == length;
}

/* Keeps the first that could be one. */
static void condition_keep(struct xmpp_elements *elements, enum element element, const char *name)
{
    name = strrchr(name, XMPP_NAME_SEPARATOR) + 1;
    if (!is_condition(name))
        return;
    char *kept = element == IN_CONDITION ? elements->condition : elements->stanza.condition;
    if (*kept == '\0')
        strcpy(kept, name);
    if (element == IN_SASL_CONDITION)
        text_keep(&elements->sasl, name);
}

/* How many of the bytes to take where only `room` fit: not a part of a character. */
static size_t cut(const char *text, size_t length, size_t room)
{
    if (length <= room)
        return length;
    while (room > 0 && ((unsigned char)text[room] & 0xc0) == 0x80)
        room--;
    return room;
}

static void stanza_begin(struct xmpp_stanza *stanza, const char **attributes)
{
    stanza_clear(stanza);
    for (; attributes[0] != NULL; attributes += 2) {
        const char *name = attributes[0], *value = attributes[1];
        char **kept = strcmp(name, "from") == 0   ? &stanza->from
                      : strcmp(name, "to") == 0   ? &stanza->to
                      : strcmp(name, "id") == 0   ? &stanza->id
                      : strcmp(name, "type") == 0 ? &stanza->type
                                                  : NULL;
        if (kept != NULL)
            *kept = mem_strndup(value, cut(value, strlen(value), XMPP_JID_MAX));
    }
}

/* Who made the error (RFC 6120 8.3.2). */
static void error_begin(struct xmpp_stanza *stanza, const char **attributes)
{
    for (; attributes[0] != NULL && stanza->by == NULL; attributes += 2) {
        if (strcmp(attributes[0], "by") == 0)
            stanza->by = mem_strndup(attributes[1], cut(attributes[1], strlen(attributes[1]), XMPP_JID_MAX));
    }
}

static void element_note(struct xmpp_elements *elements, enum element element, const char *name,
                         const char **attributes)
{
    static const char *const NO_ATTRIBUTES[] = {NULL};
    struct xmpp_features *features = &elements->features;
    switch (element) {
    case IN_FEATURES: features_clear(features); break;
    case IN_STARTTLS:
        if (features->starttls == OFFER_NONE)
            features->starttls = OFFER_OPTIONAL;
        break;
    case IN_REQUIRED: features->starttls = OFFER_REQUIRED; break;
    case IN_DIALBACK: features->dialback = true; break;
    case IN_BIND_OFFER: features->bind = true; break;
    case IN_SESSION: features->session = true; break;
    case IN_SESSION_OPTIONAL: features->session = false; break;
    case IN_CONDITION:
    case IN_STANZA_CONDITION:
    case IN_SASL_CONDITION: condition_keep(elements, element, name); break;
    case IN_VERIFY:
    case IN_IQ: stanza_begin(&elements->stanza, attributes); break;
    case IN_PING: elements->stanza.ping = true; break;
    case IN_STANZA_ERROR: error_begin(&elements->stanza, attributes); break;
    case IN_CHALLENGE:
    case IN_SUCCESS: sasl_clear(elements); break;
    case IN_SASL_FAILURE:
        sasl_clear(elements);
        stanza_begin(&elements->stanza, (const char **)NO_ATTRIBUTES);
        break;
    default: break;
    }
}

void xmpp_elements_start(struct xmpp_elements *elements, const char *name, const char **attributes)
{
    enum element parent = elements->depth > 0 ? elements->path[elements->depth - 1] : IN_NOTHING;
    enum element element = element_find(elements->kind, parent, name);
    elements->path[elements->depth++] = (unsigned char)element;
    elements->text.length = 0;
    elements->text_full = false;
    element_note(elements, element, name, attributes);
}

bool xmpp_elements_in_stream(const struct xmpp_elements *elements)
{
    return elements->path[0] == IN_STREAM;
}

bool xmpp_elements_in_error(const struct xmpp_elements *elements)
{
    return elements->path[elements->depth - 1] == IN_ERROR;
}

bool xmpp_elements_text(struct xmpp_elements *elements, const char *text, size_t length)
{
    enum element element = elements->depth > 0 ? elements->path[elements->depth - 1] : IN_NOTHING;
    size_t max = TEXTS[element].max;
    if (max == 0 || elements->text_full)
        return true;
    if (elements->text.data == NULL)
        buf_init(&elements->text, XMPP_SASL_MAX);
    size_t fits = cut(text, length, max - elements->text.length);
    buf_add(&elements->text, text, fits);
    elements->text_full = fits < length;
    return !elements->text_full || !TEXTS[element].whole;
}

/* The collected text without the white space around it. */
static const char *text_trimmed(struct xmpp_elements *elements)
{
    static const char SPACE[] = " \t\r\n";
    struct buf *text = &elements->text;
    if (text->data == NULL)
        return "";
    while (text->length > 0 && strchr(SPACE, text->data[text->length - 1]) != NULL)
        text->length--;
    text->data[text->length] = '\0';
    return text->data + strspn(text->data, SPACE);
}

/* RFC 4422 3.1. */
static bool is_mechanism(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= 20 && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == length;
}

static void mechanism_keep(struct xmpp_elements *elements, const char *name)
{
    struct xmpp_features *features = &elements->features;
    if (strcmp(name, "EXTERNAL") == 0)
        features->external = true;
    if (elements->kind != XMPP_CLIENT || !is_mechanism(name))
        return;
    size_t length = features->mechanisms != NULL ? strlen(features->mechanisms) : 0;
    if (length + 1 + strlen(name) > XMPP_MECHANISMS_MAX)
        return;
    char *former = features->mechanisms;
    features->mechanisms = mem_printf("%s%s%s", former != NULL ? former : "", former != NULL ? " " : "", name);
    free(former);
}

static void text_note(struct xmpp_elements *elements, enum element element)
{
    const char *text = text_trimmed(elements);
    switch (element) {
    case IN_MECHANISM: mechanism_keep(elements, text); break;
    case IN_ERROR_TEXT:
        if (*elements->error_text == '\0')
            strcpy(elements->error_text, text);
        break;
    case IN_STANZA_TEXT:
        if (*elements->stanza.text == '\0')
            strcpy(elements->stanza.text, text);
        break;
    case IN_JID: text_keep(&elements->stanza.bound, text); break;
    case IN_CHALLENGE:
    case IN_SUCCESS: text_keep(&elements->sasl, text); break;
    default: break;
    }
}

static enum xmpp_event element_event(enum element element)
{
    switch (element) {
    case IN_FEATURES: return XMPP_FEATURES;
    case IN_ERROR: return XMPP_ERROR;
    case IN_PROCEED: return XMPP_PROCEED;
    case IN_FAILURE: return XMPP_FAILURE;
    case IN_VERIFY: return XMPP_VERIFY;
    case IN_IQ: return XMPP_IQ;
    case IN_CHALLENGE: return XMPP_CHALLENGE;
    case IN_SUCCESS: return XMPP_SUCCESS;
    case IN_SASL_FAILURE: return XMPP_SASL_FAILURE;
    default: return XMPP_OTHER;
    }
}

enum xmpp_event xmpp_elements_end(struct xmpp_elements *elements)
{
    enum element element = elements->path[--elements->depth];
    if (TEXTS[element].max > 0)
        text_note(elements, element);
    return elements->depth == 0   ? XMPP_END
           : elements->depth == 1 ? element_event(element)
                                  : XMPP_MORE;
}
