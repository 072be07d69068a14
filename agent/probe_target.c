#include "probe_target.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "config/domain_name.h"
#include "config/fault.h"
#include "config/value.h"

#define SCHEME "xmpp:"
#define AUTHORITY "//"
#define SPARE_US 500000 /* of a scrape's time, for the way there and back */
#define SECOND_US 1000000
#define SECONDS_DIGITS 6
#define FRACTION_DIGITS 6

/* Takes "host:port/" off the front of *text. */
static bool take_place(struct host_port *place, const char **text, struct err *err)
{
    const struct value_rule rule = {.type = &VALUE_TARGET};
    const char *slash = strchr(*text, '/');
    if (slash == NULL)
        return err_set(err, "has no domain: it must be xmpp://HOST:PORT/DOMAIN");
    char *authority = mem_strndup(*text, (size_t)(slash - *text));
    bool good = VALUE_TARGET.parse(&rule, authority, place, err);
    free(authority);
    *text = slash + 1;
    return good;
}

bool probe_target_parse(struct probe_target *target, const char *text, struct err *err)
{
    *target = (struct probe_target){.domain = NULL};
    if (strncasecmp(text, SCHEME, strlen(SCHEME)) == 0) {
        text += strlen(SCHEME);
        if (strncmp(text, AUTHORITY, strlen(AUTHORITY)) == 0) {
            text += strlen(AUTHORITY);
            if (!take_place(&target->place, &text, err))
                return false;
        }
    }
    target->domain = domain_name_to_ascii(text, err);
    if (target->domain == NULL)
        probe_target_fini(target);
    return target->domain != NULL;
}

void probe_target_fini(struct probe_target *target)
{
    free(target->domain);
    VALUE_TARGET.release(&target->place);
    *target = (struct probe_target){.domain = NULL};
}

static bool is_numeric(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool is_known(const struct config *config, const char *ascii)
{
    return config_find(config, ascii) != NULL || config_allows(config, ascii);
}

static bool is_endpoint(const struct host_port *place, const struct endpoint_result *endpoint)
{
    return place->port == endpoint->port &&
           (strcasecmp(place->host, endpoint->target) == 0 || strcmp(place->host, endpoint->address) == 0);
}

static bool place_allowed(const struct host_port *place, const struct config_domain *domain,
                          const struct config *config, const struct domain_result *latest)
{
    for (size_t i = 0; domain != NULL && i < domain->target_count; i++) {
        if (VALUE_TARGET.same(place, &domain->targets[i]))
            return true;
    }
    for (size_t i = 0; latest != NULL && i < latest->endpoint_count; i++) {
        if (is_endpoint(place, &latest->endpoints[i]))
            return true;
    }
    return !is_numeric(place->host) && is_known(config, place->host);
}

bool probe_target_allowed(const struct probe_target *target, const struct config *config,
                          const struct domain_result *latest, struct err *err)
{
    char *unicode = domain_name_to_unicode(target->domain);
    bool own = strcmp(unicode, config->domain) == 0;
    free(unicode);
    if (own)
        return err_set(err, "is agent.domain, as which the checks are made");
    if (!is_known(config, target->domain))
        return err_set(err, "is neither configured nor in probe.allow");
    if (target->place.host != NULL &&
        !place_allowed(&target->place, config_find(config, target->domain), config, latest))
        return err_set(err, "must not be probed there: it is neither one of the domain's configured targets, nor where "
                            "its latest round was, nor is the host a domain that is configured or in probe.allow");
    return true;
}

/* At most so many digits; false for none or too many. */
static bool take_digits(const char **text, size_t most, int64_t *number)
{
    size_t count = 0;
    for (*number = 0; **text >= '0' && **text <= '9' && count <= most; (*text)++, count++)
        *number = 10 * *number + (**text - '0');
    return count > 0 && count <= most;
}

/* As Prometheus writes it: "10", "2.5"; of a fraction, what a microsecond cannot hold is left out. */
static bool read_seconds_us(const char *text, int64_t *us)
{
    int64_t seconds, unit = SECOND_US;
    if (!take_digits(&text, SECONDS_DIGITS, &seconds))
        return false;
    *us = seconds * SECOND_US;
    if (*text == '.') {
        size_t digits = strspn(++text, "0123456789");
        for (size_t i = 0; i < digits && i < FRACTION_DIGITS; i++)
            *us += (unit /= 10) * (text[i] - '0');
        text += digits;
    }
    return *text == '\0' && *us > 0;
}

bool probe_target_budget(const char *header, int64_t most_us, int64_t *budget_us)
{
    *budget_us = most_us;
    if (header == NULL)
        return true;
    int64_t scrape_us;
    if (!read_seconds_us(header, &scrape_us))
        return false;
    int64_t left_us = scrape_us > 2 * SPARE_US ? scrape_us - SPARE_US : scrape_us / 2;
    if (left_us < most_us)
        *budget_us = left_us;
    return true;
}
