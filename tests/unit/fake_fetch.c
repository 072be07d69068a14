#include "tests/unit/fake_fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define REQUESTS_MAX 16

struct fetch_jar {
    char *cookie; /* NULL: none */
};

struct fetch {
    struct fetch_request request; /* its texts are the recorded ones */
    void (*done)(void *arg, const struct fetch_reply *reply);
    void *arg;
    bool cancelled;
};

static const struct fake_answer *answers;
static size_t answer_count, piece_size = 1000;
static struct fake_request requests[REQUESTS_MAX];
static size_t request_count;
static struct fetch *waiting[REQUESTS_MAX];
static size_t waiting_count;

struct fetch_jar *fetch_jar_new(void)
{
    return mem_alloc(sizeof(struct fetch_jar));
}

void fetch_jar_clear(struct fetch_jar *jar)
{
    free(jar->cookie);
    jar->cookie = NULL;
}

bool fetch_jar_is_empty(struct fetch_jar *jar)
{
    return jar->cookie == NULL;
}

void fetch_jar_free(struct fetch_jar *jar)
{
    if (jar != NULL)
        free(jar->cookie);
    free(jar);
}

struct fetch *fetch_start(struct fetch_client *client, const struct fetch_request *request,
                          void (*done)(void *arg, const struct fetch_reply *reply), void *arg)
{
    (void)client;
    assert_true(request_count < REQUESTS_MAX);
    struct fake_request *seen = &requests[request_count++];
    *seen = (struct fake_request){
        .url = mem_strdup(request->url),
        .action = mem_strdup(request->soap_action),
        .content_type = mem_strdup(request->content_type),
        .body = mem_strndup(request->body, request->body_length),
        .username = mem_strdup(request->username),
        .password = mem_strdup(request->password),
        .cookie = mem_strdup(request->jar != NULL ? request->jar->cookie : NULL),
        .once = request->once,
        .cap = request->cap,
        .timeout_ms = request->timeout_ms,
    };
    struct fetch *fetch = mem_alloc(sizeof *fetch);
    *fetch = (struct fetch){.request = *request, .done = done, .arg = arg};
    waiting[waiting_count++] = fetch;
    return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
    if (fetch != NULL)
        fetch->cancelled = true;
}

/* Gives the body; how that ended. */
static enum fetch_outcome give(struct fetch *fetch, const struct fake_answer *answer)
{
    size_t length = answer->body != NULL ? strlen(answer->body) : 0;
    for (size_t at = 0; at < length; at += piece_size) {
        size_t size = length - at < piece_size ? length - at : piece_size;
        if (at + size > fetch->request.cap)
            return FETCH_TOO_LARGE;
        char *piece = mem_alloc(size); /* so that reading past its end shows */
        memcpy(piece, answer->body + at, size);
        bool more = fetch->request.take(fetch->arg, piece, size);
        free(piece);
        if (!more)
            return FETCH_STOPPED;
    }
    return answer->outcome;
}

static void answer_one(struct fetch *fetch, const struct fake_answer *answer)
{
    enum fetch_outcome outcome = give(fetch, answer);
    if (answer->cookie != NULL && fetch->request.jar != NULL) {
        fetch_jar_clear(fetch->request.jar);
        fetch->request.jar->cookie = mem_strdup(answer->cookie);
    }
    fetch->done(fetch->arg, &(struct fetch_reply){
        .outcome = outcome,
        .status = answer->outcome == FETCH_ANSWERED && answer->status == 0 ? 200 : answer->status,
        .sent = !answer->unsent,
        .content_type = "",
        .location = answer->location != NULL ? answer->location : "",
        .detail = answer->detail != NULL ? answer->detail : "",
    });
}

static void requests_forget(void)
{
    for (size_t i = 0; i < request_count; i++) {
        char *texts[] = {requests[i].url, requests[i].action, requests[i].content_type, requests[i].body,
                         requests[i].username, requests[i].password, requests[i].cookie};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            free(texts[k]);
    }
    request_count = 0;
}

void fake_fetch_script(const struct fake_answer *script, size_t count)
{
    requests_forget();
    answers = script;
    answer_count = count;
}

void fake_fetch_pieces(size_t size)
{
    piece_size = size;
}

void fake_fetch_run(void)
{
    while (waiting_count > 0) {
        struct fetch *fetch = waiting[0];
        memmove(waiting, waiting + 1, --waiting_count * sizeof *waiting);
        if (!fetch->cancelled) {
            if (answer_count == 0)
                fail_msg("one request too many: %s", requests[request_count - 1].body);
            answer_count--;
            answer_one(fetch, answers++);
        }
        free(fetch);
    }
}

size_t fake_fetch_count(void)
{
    return request_count;
}

size_t fake_fetch_under_way(void)
{
    size_t count = 0;
    for (size_t i = 0; i < waiting_count; i++)
        count += !waiting[i]->cancelled;
    return count;
}

const struct fake_request *fake_fetch_request(size_t which)
{
    assert_true(which < request_count);
    return &requests[which];
}

void fake_fetch_reset(void)
{
    for (size_t i = 0; i < waiting_count; i++)
        free(waiting[i]);
    waiting_count = 0;
    fake_fetch_script(NULL, 0);
    piece_size = 1000;
}
