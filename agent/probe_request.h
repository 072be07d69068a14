/* `/probe`, on the threads of HTTP and of the loop. */
#ifndef AGENT_PROBE_REQUEST_H
#define AGENT_PROBE_REQUEST_H

#include <sys/queue.h>

#include "exporters/http/http.h"

struct agent;

/* Those under way; the loop's thread only. */
struct probe_requests {
    LIST_HEAD(, probe_request) list;
    unsigned count;
};

/* The route's handler; `arg` is the agent. */
void probe_request_serve(void *arg, const struct http_request *request, struct http_response *response);
/* Cancels those under way and answers them. On the loop's thread, before the loop goes. */
void probe_requests_stop(struct agent *agent);

#endif
