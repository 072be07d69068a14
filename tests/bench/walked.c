/* Serves a made-up state over SNMP, by itself at a UDP port of 127.0.0.1 or behind the AgentX master at a socket. Each
 * time that the state is taken it is another one: fhDomainSince of all domains is a second later.
 * usage: walked DOMAINS PORT|SOCKET. Prints 0 when it serves, and serves until its standard input ends. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "exporters/snmp/snmp.h"
#include "made_up.h"

static void *take(void *arg, const struct status **status)
{
    struct status *all = arg;
    for (size_t i = 0; i < all->domain_count; i++)
        all->domains[i]->since_ms += 1000;
    *status = all;
    return all;
}

static void give_back(void *held)
{
    (void)held;
}

int main(int argc, char **argv)
{
    size_t domains = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
    if (domains == 0) {
        fputs("usage: walked DOMAINS PORT|SOCKET\n", stderr);
        return EXIT_FAILURE;
    }
    struct err err;
    struct status status;
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    made_up_status(&status, domains);
    char *address = mem_printf("udp:127.0.0.1:%s", argv[2]);
    const char *const listen_at[] = {address, NULL};
    const struct snmp_options options = {.agentx = *argv[2] == '/', .agentx_socket = argv[2], .listen = listen_at,
                                         .community = "public", .take = take, .give_back = give_back, .arg = &status};
    snmp_setup();
    struct snmp_agent *agent = snmp_agent_new(&options, &err);
    if (agent == NULL) {
        fprintf(stderr, "walked: %s\n", err.text);
        return EXIT_FAILURE;
    }
    puts("0");
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    snmp_agent_free(agent);
    free(address);
    return EXIT_SUCCESS;
}
