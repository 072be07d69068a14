/* Reader of one SOAP 1.1 or 1.2 reply: with stream/xmpp_stream.c the ONLY user of expat. Push style: bytes in, rows out
 * as they are complete. Only the local names of elements count, whatever their prefixes and namespaces: the servers'
 * dialects differ in these. Refuses a doctype, entities beyond XML's five, processing instructions, nesting deeper than
 * 64, a tag or comment over 8 KiB, and what runs past the bounds below. Bytes are gathered before expat sees them, so
 * that a reply that comes a byte at a time costs no more than one that comes whole. */
#ifndef CISCO_SOAP_READER_H
#define CISCO_SOAP_READER_H

#include <stdbool.h>
#include <stddef.h>

#define SOAP_NAME_MAX 128          /* bytes of an element's name; longer is refused */
#define SOAP_VALUE_MAX (64 * 1024) /* bytes of a text; longer is refused, never cut */
#define SOAP_COLUMNS_MAX 128       /* of a row */
#define SOAP_NAMES_MAX 1024        /* different names of elements and attributes in a reply: expat keeps them all */
#define SOAP_VALUES_MAX 2

/* Where a reply has what is wanted of it; of static storage. All are local names. */
struct soap_shape {
    const char *payload[2];             /* the element in Body that makes the reply a good one; [1] may be NULL */
    const char *container, *row;        /* rows are the children `row` of `container`, which is below the payload */
    const char *value[SOAP_VALUES_MAX]; /* below the payload and in no container: whose text is wanted, or NULL */
};

struct soap_column {
    const char *name; /* local name, as it was written; names may come twice */
    const char *text; /* without white space around it; what is in elements inside is left out; NULL: xsi:nil */
};

struct soap_row {
    const struct soap_column *columns;
    size_t count;
};

enum soap_verdict {
    SOAP_GOOD,      /* a whole envelope with the payload, be there no row */
    SOAP_FAULT,     /* a whole envelope with a Fault */
    SOAP_NOT_XML,   /* an HTML page, a text, nothing */
    SOAP_TRUNCATED, /* XML that ends too soon */
    SOAP_REFUSED,   /* XML, but no SOAP envelope, not the payload, not well-formed, or against the bounds */
    SOAP_TOO_LARGE  /* more bytes than the cap */
};

/* Texts without white space around them; "" where there is none. */
struct soap_fault {
    const char *code;        /* faultcode, or Code/Value of SOAP 1.2 */
    const char *text;        /* faultstring, or Reason/Text */
    const char *axl_code;    /* axlcode, or code, anywhere in detail */
    const char *axl_message; /* axlmessage, or message, likewise */
};

struct soap_reader;
/* `row` is called for each complete row, out of soap_reader_read() and soap_reader_end(); the row is valid in it only.
 * Rows are known to belong to a good reply only once the end has told so. */
struct soap_reader *soap_reader_new(const struct soap_shape *shape, size_t cap,
                                    void (*row)(void *arg, const struct soap_row *row), void *arg);
void soap_reader_free(struct soap_reader *reader); /* NULL is legal */
/* False once nothing that follows can make the reply a good one. */
bool soap_reader_read(struct soap_reader *reader, const char *bytes, size_t length);
/* After the last byte, once. */
enum soap_verdict soap_reader_end(struct soap_reader *reader);

/* All of these after soap_reader_end(), borrowed from the reader. */
bool soap_reader_is_envelope(const struct soap_reader *reader); /* the reply began as a SOAP envelope */
const struct soap_fault *soap_reader_fault(const struct soap_reader *reader);
const char *soap_reader_value(const struct soap_reader *reader, size_t which); /* of shape->value; NULL: none, nil */
/* What is wrong with a reply that is neither good nor a fault, for people, in UTF-8 without control characters, at most
 * 256 bytes; "" otherwise. */
const char *soap_reader_words(const struct soap_reader *reader);

#endif
