/* What the tests of fetch share: a client on the loop, certificates, and replies as one line of text. */
#ifndef TESTS_FETCH_SCENE_H
#define TESTS_FETCH_SCENE_H

#include "fetch/fetch.h"
#include "tests/unit/https_script.h"
#include "tests/unit/resolver_scene.h"

#define LONG_MS 30000 /* where the reply is sure to come */

extern struct fetch_client *client;
extern struct https_identity *good; /* of 127.0.0.1, cups.test and ::1; its own issuer */

int fetch_scene_setup(void **state);
int fetch_scene_teardown(void **state);

/* A GET of https://127.0.0.1:PORT/ that trusts `good`. */
struct fetch_request fetch_scene_request(uint16_t port);

struct fetch_story {
    struct buf text;   /* "answered 200 sent: BODY", "tls 0: DETAIL"; BODY up to 200 bytes of it, then its length */
    struct buf body;
    struct fetch *fetch;
    size_t stop_after; /* bytes; 0: never */
    bool cancel_then;  /* and not only stop */
    bool told;
    long status;
    char location[256], content_type[64];
};
void fetch_story_init(struct fetch_story *story);
void fetch_story_fini(struct fetch_story *story);
bool fetch_scene_take(void *story, const char *bytes, size_t length);
/* Ends the loop. */
void fetch_scene_done(void *story, const struct fetch_reply *reply);

/* Makes the request and waits for what becomes of it. */
void fetch_scene_run(const struct fetch_request *request, struct fetch_story *story);
/* The same, and fails the test when the story is another one. */
void fetch_scene_expect(const struct fetch_request *request, const char *what, const char *wanted);
/* Lets the loop run for so long. */
void fetch_scene_wait(int64_t ms);

#endif
