/* Fetching without a network: stands in for fetch/fetch.h. Answers are scripted, requests recorded; nothing is called
 * back but from fake_fetch_run(). */
#ifndef TESTS_FAKE_FETCH_H
#define TESTS_FAKE_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "fetch/fetch.h"

struct fake_answer {
    enum fetch_outcome outcome;
    long status;                /* FETCH_ANSWERED without one: 200 */
    const char *body;           /* NULL: none */
    const char *location, *detail, *cookie; /* of the redirect; of a failure; set with the answer; NULL: none */
    bool unsent;                /* the request did not reach the server */
};

/* As it was sent. */
struct fake_request {
    char *url, *action, *content_type, *body, *username, *password, *cookie;
    bool once;
    size_t cap;
    int64_t timeout_ms;
};

/* Forgets all requests; the answers (borrowed) come in this order. One request more than answers is a failed test. */
void fake_fetch_script(const struct fake_answer *answers, size_t count);
void fake_fetch_pieces(size_t size); /* bodies come in pieces of this size from now on; 1,000 at first */
void fake_fetch_run(void);           /* answers all requests, also those that are made meanwhile */
size_t fake_fetch_count(void);       /* requests so far */
size_t fake_fetch_under_way(void);
const struct fake_request *fake_fetch_request(size_t which);
void fake_fetch_reset(void);         /* frees everything */

#endif
