/* Serves the metrics of a made-up state: so many healthy domains with one endpoint each.
 * usage: exposition DOMAINS. Prints the port, and serves until its standard input ends. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "exporters/http/http.h"
#include "exporters/prometheus/prometheus.h"
#include "made_up.h"

static bool next(void *arg, struct buf *body)
{
    return prometheus_encoder_next(arg, body);
}

static void done(void *arg)
{
    prometheus_encoder_free(arg);
}

static void serve(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)request;
    response->content_type = prometheus_content_type(PROMETHEUS_TEXT);
    response->next = next;
    response->done = done;
    response->arg = prometheus_encoder_new(arg, PROMETHEUS_TEXT, true);
}

int main(int argc, char **argv)
{
    struct err err;
    size_t domains = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (domains == 0) {
        fputs("usage: exposition DOMAINS\n", stderr);
        return EXIT_FAILURE;
    }
    struct status status;
    made_up_status(&status, domains);
    const char *const addresses[] = {"127.0.0.1:0", NULL};
    const struct http_route routes[] = {{"/metrics", HTTP_READ, serve, &status}, {0}};
    struct http_server *server = http_server_new(addresses, routes, &err);
    if (server == NULL) {
        fprintf(stderr, "exposition: %s\n", err.text);
        return EXIT_FAILURE;
    }
    printf("%u\n", http_server_port(server, 0));
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    http_server_free(server);
    return EXIT_SUCCESS; /* the state goes with the process */
}
