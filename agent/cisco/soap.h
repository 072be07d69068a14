/* One SOAP 1.1 request over HTTPS and its reply, as AXL and the Control Center both talk. */
#ifndef CISCO_SOAP_H
#define CISCO_SOAP_H

#include "base/buf.h"
#include "config/config.h"
#include "fetch/fetch.h"
#include "login/login_guard.h"
#include "cisco/soap_reader.h"

/* Everything is only borrowed until soap_start() returns, but for what fetch.h keeps, config, access and the shape. */
struct soap_request {
    struct fetch_client *client;
    struct resolver *resolver;
    const struct config *config;         /* deny_networks, tls_min_version, timeout_ms */
    const struct config_access *access;
    const char *username, *password;
    struct fetch_jar *jar;               /* NULL: no cookies */
    bool once;                           /* as in fetch.h: the credential may be a wrong one */
    const char *action;                  /* of the header SOAPAction, without quotes */
    const char *content;                 /* XML: of the SOAP body */
    const struct soap_shape *shape;      /* of static storage */
    size_t cap;                          /* most bytes of the reply */
    void (*row)(void *arg, const struct soap_row *row); /* as soap_reader_new() says; may be NULL */
};

/* Valid in the callback only. */
struct soap_reply {
    const struct fetch_reply *fetch;
    enum soap_verdict verdict;  /* about as much of the body as came */
    const char *words;          /* what is wrong with the body; "" where it is good, or a fault */
    bool is_envelope;           /* the body began as a SOAP envelope */
    const struct soap_fault *fault;
    const char *value[SOAP_VALUES_MAX]; /* NULL: not there */
    const char *page;           /* the first 16 KiB of the body, whatever it is */
    enum login_outcome login;   /* what the answer says about the login */
};

struct soap;
/* `done` is called once, never before this returns, with `arg`, as is `row`. */
struct soap *soap_start(const struct soap_request *request, void (*done)(void *arg, const struct soap_reply *reply),
                        void *arg);
/* What is known of the login then: LOGIN_NOT_SENT or LOGIN_UNCLEAR. NULL is legal; not after `done`. */
enum login_outcome soap_cancel(struct soap *soap);

/* The text of an HTML or XML page without tags, scripts, styles and superfluous white space: valid UTF-8 without
 * control characters, at most `max` bytes. To be freed by the caller. */
char *soap_page_text(const char *page, size_t max);

#endif
