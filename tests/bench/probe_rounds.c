/* Runs whole rounds of the probe of one domain: DNS, both streams, TLS, certificate, dialback where it is configured,
 * close.
 * usage: probe_rounds CONFIG DOMAIN AT_ONCE ROUNDS. Every round must end with auth ok, and where dialback is configured
 * it must have verified keys. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "config/config.h"
#include "loop/loop.h"
#include "probe/probe.h"

struct run {
    struct loop *loop;
    struct probe_context *probes;
    const struct config_domain *domain;
    long to_start, to_finish;
};

static void done(void *arg, struct domain_result *result);

static void start_next(struct run *run)
{
    if (run->to_start-- > 0)
        probe_domain.start(run->probes, run->domain, done, run);
}

static void done(void *arg, struct domain_result *result)
{
    struct run *run = arg;
    bool verifies = config_dialback_runs(run->domain);
    if (result->check[CHECK_AUTH].reason != REASON_OK ||
        (verifies && (result->check[CHECK_DIALBACK].reason != REASON_OK || result->carried[CHECK_DIALBACK]))) {
        fprintf(stderr, "a round ended with auth %s, dialback %s%s\n",
                reason_info(result->check[CHECK_AUTH].reason)->code,
                reason_info(result->check[CHECK_DIALBACK].reason)->code,
                result->carried[CHECK_DIALBACK] ? " of an earlier one" : "");
        exit(EXIT_FAILURE);
    }
    domain_result_free(result);
    start_next(run);
    if (--run->to_finish == 0)
        loop_stop(run->loop);
}

int main(int argc, char **argv)
{
    struct buf faults;
    struct err err = {0};
    buf_init(&faults, 65536);
    struct config *config = argc == 5 ? config_load(argv[1], &faults) : NULL;
    if (config == NULL) {
        fprintf(stderr, "usage: probe_rounds CONFIG DOMAIN AT_ONCE ROUNDS\n%s", faults.data);
        return EXIT_FAILURE;
    }
    struct run run = {.loop = loop_new(), .domain = config_find(config, argv[2])};
    run.to_start = run.to_finish = strtol(argv[4], NULL, 10);
    run.probes = probe_context_new(run.loop, config, config->max_concurrent, NULL, &err);
    if (run.domain == NULL || run.probes == NULL) {
        fprintf(stderr, "probe_rounds: %s\n", run.domain == NULL ? "no such domain" : err.text);
        return EXIT_FAILURE;
    }
    for (long at_once = strtol(argv[3], NULL, 10); at_once > 0; at_once--)
        start_next(&run);
    loop_run(run.loop);
    probe_context_free(run.probes);
    loop_free(run.loop);
    config_free(config);
    buf_fini(&faults);
    return EXIT_SUCCESS;
}
