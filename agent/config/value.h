/* The types of configuration values: what each accepts, and what it makes of it. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct value_word {
    const char *word;
    int value;
};

struct value_type;

/* A type with the bounds that one key puts on it. */
struct value_rule {
    const struct value_type *type;
    const char *least, *most;       /* written like a value; NULL for types without an order */
    const struct value_word *words; /* of choices: ended by a NULL word */
};

struct value_type {
    const char *name; /* "duration", for messages and the reference */
    size_t size;      /* of what it makes */
    bool bare;        /* refused in quotes: numbers */
    bool path;        /* a relative one is taken from the configuration file's folder */
    /* Writes what `text` says to *into, which is zeroed before and stays so on failure (then false and `err`). */
    bool (*parse)(const struct value_rule *rule, const char *text, void *into, struct err *err);
    void (*release)(void *value); /* NULL: owns nothing. An all-zero value is legal */
    /* Whether two values are one and the same; an all-zero one is like no other. NULL: cannot be told. */
    bool (*same)(const void *left, const void *right);
};

extern const struct value_type VALUE_COUNT;          /* unsigned */
extern const struct value_type VALUE_DURATION_MS;    /* int64_t */
extern const struct value_type VALUE_DURATION_S;     /* int64_t */
extern const struct value_type VALUE_CHOICE;         /* int or enum: the word's value */
extern const struct value_type VALUE_TEXT;           /* char *, like all below unless said otherwise */
extern const struct value_type VALUE_LABEL;          /* fit for a label value: letters, digits, ".", "_", "-" */
extern const struct value_type VALUE_FILE;           /* that can be read now */
extern const struct value_type VALUE_PATH;           /* that need not be there */
extern const struct value_type VALUE_GLOB;
extern const struct value_type VALUE_DOMAIN;         /* lower-case A-label */
extern const struct value_type VALUE_DOMAIN_UNICODE; /* U-label */
extern const struct value_type VALUE_DOMAIN_PATTERN; /* domain_pattern.h: a lower-case A-label, or *. and one */
extern const struct value_type VALUE_HOST_PORT;      /* struct host_port, of a name */
extern const struct value_type VALUE_TARGET;         /* struct host_port, of a name or an address */
extern const struct value_type VALUE_NETWORK;        /* struct network, with no bits behind its prefix */
extern const struct value_type VALUE_REASON;         /* enum reason, whose state may be changed */
extern const struct value_type VALUE_ADDRESS_PORT;   /* of a server; normalised, "192.0.2.1:53" or "[2001:db8::1]:53" */
extern const struct value_type VALUE_LISTEN;         /* "udp:127.0.0.1:161", also udp6, tcp and tcp6 */
extern const struct value_type VALUE_RECEIVER;       /* the same, udp and udp6 only */
extern const struct value_type VALUE_SOCKET;         /* absolute path of a socket, or "tcp:HOST:PORT" */

/* value_access.c: for services that are logged in to. */
extern const struct value_type VALUE_BOOLEAN;        /* bool: the word's value */
extern const struct value_type VALUE_URL;            /* https://, with a path; url_split() takes it apart */
extern const struct value_type VALUE_USERNAME;       /* without the colon that RFC 7617 2 forbids */
extern const struct value_type VALUE_ACCOUNT;        /* a bare JID with a localpart; its domain with U-labels */
extern const struct value_type VALUE_FINGERPRINT;    /* 64 lower-case hexadecimal digits */
extern const struct value_type VALUE_AXL_VERSION;    /* "12.5" */
extern const struct value_type VALUE_PROTOCOL;       /* of SNMPv3: the word itself */
extern const struct value_type VALUE_SELECT;         /* an SQL query that only reads */

/* Host (without brackets, in its usual form, to be freed by the caller) and port of what VALUE_URL made. */
char *url_split(const char *url, unsigned short *port);

#endif
