/* Requests whose answer comes from another thread: suspended in the library until then. */
#ifndef HTTP_DEFERRED_H
#define HTTP_DEFERRED_H

#include <microhttpd.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "exporters/http/http.h"

LIST_HEAD(deferred_list, http_deferred);

/* Suspends the connection, from within its handler, which is called again once there is an answer. That is so at once
 * where the list is closed (`*closed`). */
struct http_deferred *deferred_new(struct deferred_list *list, const bool *closed, struct MHD_Connection *connection);
/* The answer, once the connection was resumed; what it owns goes to the caller. */
void deferred_take(struct http_deferred *deferred, struct http_response *response);
/* The request is over. NULL is legal. */
void deferred_drop(struct http_deferred *deferred);
/* Sets *closed and answers all that still wait with 503. */
void deferred_close(struct deferred_list *list, bool *closed);

#endif
