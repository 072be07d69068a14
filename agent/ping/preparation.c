#include "ping/preparation.h"

#include <stdlib.h>

#include "base/mem.h"
#include "login/secret.h"

struct preparing {
    struct preparation found;
    struct config *config; /* a reference */
    const struct config_ping *account;
    void (*done)(void *arg, const struct preparation *preparation); /* NULL: nobody waits any more */
    void *arg;
};

static void prepare(void *arg)
{
    struct preparing *preparing = arg;
    const struct config *config = preparing->config;
    const struct tls_options options = {
        .ca_file = preparing->account->ca_file, /* NULL where a fingerprint is in its place */
        .min_version = config->tls_min_version,
        .expiry_warning_s = config->tls_expiry_warning_s,
        .expiry_critical_s = config->tls_expiry_critical_s,
    };
    if (login_password_read(preparing->account->password_file, preparing->found.password, &preparing->found.err))
        preparing->found.tls = tls_context_new(&options, &preparing->found.err);
    secret_thread_end();
}

static void prepared(void *arg)
{
    struct preparing *preparing = arg;
    if (preparing->done != NULL)
        preparing->done(preparing->arg, &preparing->found);
    else
        tls_context_free(preparing->found.tls);
    secret_cleanse(preparing->found.password, sizeof preparing->found.password);
    config_free(preparing->config);
    free(preparing);
}

struct preparing *preparation_start(struct loop *loop, struct config *config, const struct config_ping *account,
                                    void (*done)(void *arg, const struct preparation *preparation), void *arg)
{
    struct preparing *preparing = mem_alloc(sizeof *preparing);
    *preparing = (struct preparing){.config = config_hold(config), .account = account, .done = done, .arg = arg};
    loop_work(loop, prepare, prepared, preparing);
    return preparing;
}

void preparation_cancel(struct preparing *preparing)
{
    if (preparing != NULL)
        preparing->done = NULL;
}
