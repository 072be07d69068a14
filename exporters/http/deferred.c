#include "exporters/http/deferred.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "exporters/http/body.h"

#define STOPPING "The server is stopping.\n"

struct http_deferred {
    LIST_ENTRY(http_deferred) link;    /* of its server, until the request is over */
    struct MHD_Connection *connection; /* suspended until `answered` */
    bool answered;
    bool has_response; /* until it is taken */
    struct http_response response;
    unsigned holders; /* the request, and whoever is to answer */
};

/* Of every list and everything in it: who answers may do so after the server is gone. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The first answer holds. */
static void conclude(struct http_deferred *deferred, struct http_response *response)
{
    if (deferred->answered) {
        body_discard(response);
        return;
    }
    deferred->answered = deferred->has_response = true;
    deferred->response = *response;
    MHD_resume_connection(deferred->connection);
}

static void conclude_with_text(struct http_deferred *deferred, unsigned status, const char *text)
{
    struct http_response response;
    http_response_init(&response);
    response.status = status;
    buf_puts(&response.body, text);
    conclude(deferred, &response);
}

static void release(struct http_deferred *deferred)
{
    if (--deferred->holders > 0)
        return;
    if (deferred->has_response)
        body_discard(&deferred->response);
    free(deferred);
}

struct http_deferred *deferred_new(struct deferred_list *list, const bool *closed, struct MHD_Connection *connection)
{
    struct http_deferred *deferred = mem_alloc(sizeof *deferred);
    deferred->holders = 2;
    pthread_mutex_lock(&lock);
    LIST_INSERT_HEAD(list, deferred, link);
    deferred->connection = connection;
    MHD_suspend_connection(connection);
    if (*closed)
        conclude_with_text(deferred, MHD_HTTP_SERVICE_UNAVAILABLE, STOPPING);
    pthread_mutex_unlock(&lock);
    return deferred;
}

void deferred_take(struct http_deferred *deferred, struct http_response *response)
{
    pthread_mutex_lock(&lock);
    assert(deferred->has_response);
    *response = deferred->response;
    deferred->has_response = false;
    pthread_mutex_unlock(&lock);
}

void deferred_drop(struct http_deferred *deferred)
{
    if (deferred == NULL)
        return;
    pthread_mutex_lock(&lock);
    LIST_REMOVE(deferred, link);
    deferred->answered = true; /* there is nobody left to resume */
    release(deferred);
    pthread_mutex_unlock(&lock);
}

void deferred_close(struct deferred_list *list, bool *closed)
{
    struct http_deferred *deferred;
    pthread_mutex_lock(&lock);
    *closed = true;
    LIST_FOREACH(deferred, list, link)
        conclude_with_text(deferred, MHD_HTTP_SERVICE_UNAVAILABLE, STOPPING);
    pthread_mutex_unlock(&lock);
}

void http_deferred_respond(struct http_deferred *deferred, struct http_response *response)
{
    pthread_mutex_lock(&lock);
    conclude(deferred, response);
    release(deferred);
    pthread_mutex_unlock(&lock);
}

void http_deferred_answer(struct http_deferred *deferred, unsigned status, const char *text)
{
    pthread_mutex_lock(&lock);
    conclude_with_text(deferred, status, text);
    release(deferred);
    pthread_mutex_unlock(&lock);
}
