/* The verdict of the check `srv`. What is critical is told before what is a warning, and within each what is wrong with
 * DNS itself before what is wrong with the records; of these that resolvers differ comes first, since it explains the
 * others. Whatever the reason, the detail says who says what where they differ. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "health/severity.h"
#include "probe/discovery.h"
#include "probe/expect.h"

#define LIST_CAP 1024 /* bytes of names in a detail */
#define REMARKS_CAP 8192 /* of what is told of all resolvers, which is bounded for each of them */

static struct check_result *check_of(const struct discovery *discovery)
{
    return &discovery->result->check[CHECK_SRV];
}

/* Critical for the whole counts as warning where the rest still works. */
static void lessen(const struct discovery *discovery)
{
    struct check_result *check = check_of(discovery);
    if (check->state == STATE_CRITICAL)
        check->state = STATE_WARNING;
}

static void list_add(struct buf *list, const char *text)
{
    buf_printf(list, "%s%s", list->length > 0 ? ", " : "", text);
}

static void list_add_place(struct buf *list, const char *name, uint16_t port, const char *more)
{
    char text[TEXT_HOST_PORT_SIZE];
    buf_printf(list, "%s%s%s", list->length > 0 ? ", " : "", text_host_port(text, name, port), more);
}

/* Tells the reason with what was gathered in the list, and frees the list. */
static void tell(const struct discovery *discovery, enum reason reason, struct buf *list, const char *more)
{
    check_result_set(check_of(discovery), reason, "%s%s%s", list->data, buf_failed(list) ? " and more" : "", more);
    buf_fini(list);
}

/* What the resolver said, or did not say, to the questions for these names. */
static void tell_asked(const struct discovery *discovery, enum reason reason, struct buf *names)
{
    const char *more = buf_failed(names) ? " and more" : "";
    if (reason == REASON_LOCAL_ERROR || reason == REASON_DOMAIN_INVALID) /* then nobody was asked */
        check_result_set(check_of(discovery), reason, "%s%s: %s", names->data, more,
                         reason == REASON_LOCAL_ERROR ? "no socket could be opened" : "not a name that DNS can carry");
    else
        check_result_set(check_of(discovery), reason, "asked resolver %s for %s%s",
                         discovery->config->resolvers[0].name, names->data, more);
    buf_fini(names);
}

static enum reason reason_of(enum dns_status status, bool own_name)
{
    switch (status) {
    case DNS_TIMEOUT: return REASON_DNS_TIMEOUT;
    case DNS_SERVFAIL: return REASON_DNS_SERVFAIL;
    case DNS_REFUSED: return REASON_DNS_REFUSED;
    case DNS_MALFORMED: return REASON_DNS_MALFORMED;
    case DNS_BAD_NAME: return own_name ? REASON_DOMAIN_INVALID : REASON_DNS_MALFORMED;
    case DNS_LOCAL_ERROR: return REASON_LOCAL_ERROR;
    case DNS_NODATA:
    case DNS_NXDOMAIN: return REASON_SRV_TARGET_NO_ADDRESS;
    case DNS_ANSWER: break;
    }
    return REASON_OK;
}

/* ---- the look-ups ---- */

static void name_service(struct buf *list, const struct discovery *discovery, enum service service)
{
    buf_init(list, LIST_CAP);
    buf_printf(list, "_%s._tcp.%s", service_name(service), discovery->domain->name);
}

static bool tell_lookup_failed(const struct discovery *discovery, enum service service)
{
    enum dns_status status = discovery->asked[service].status;
    if (!dns_status_failed(status))
        return false;
    struct buf name;
    name_service(&name, discovery, service);
    tell_asked(discovery, reason_of(status, true), &name);
    return true;
}

/* There are records, but nothing to follow. */
static bool tell_unusable(const struct discovery *discovery)
{
    if (discovery->place_count > 0)
        return false;
    bool disabled = service_is_disabled(discovery->result, SERVICE_XMPP_SERVER);
    check_result_set(check_of(discovery), disabled ? REASON_SRV_SERVICE_DISABLED : REASON_SRV_PORT_ZERO, NULL);
    return true;
}

/* ---- the targets ---- */

/* The domain itself has no address, and there are no records. */
static void tell_nothing_there(const struct discovery *discovery)
{
    bool exists = discovery->targets[0].status == DNS_NODATA;
    for (int service = 0; service < SERVICE_COUNT; service++)
        exists |= discovery->asked[service].status == DNS_NODATA || discovery->asked[service].status == DNS_ANSWER;
    struct buf name;
    name_service(&name, discovery, SERVICE_XMPP_SERVER);
    tell_asked(discovery, exists ? REASON_DNS_NO_ADDRESS : REASON_DNS_NXDOMAIN, &name);
}

static size_t count_without_address(const struct discovery *discovery)
{
    size_t count = 0;
    for (size_t i = 0; i < discovery->target_count; i++)
        count += discovery->targets[i].status != DNS_ANSWER;
    return count;
}

/* Some targets have no address, or all: a look-up that failed is told before one that found nothing. */
static void tell_targets(const struct discovery *discovery)
{
    bool own_name = discovery->source == SOURCE_FALLBACK;
    enum reason reason = REASON_OK;
    for (size_t i = 0; i < discovery->target_count; i++) {
        enum dns_status status = discovery->targets[i].status;
        if (status != DNS_ANSWER && (reason == REASON_OK || reason == REASON_SRV_TARGET_NO_ADDRESS))
            reason = reason_of(status, own_name);
    }
    if (own_name && reason == REASON_SRV_TARGET_NO_ADDRESS) {
        tell_nothing_there(discovery);
        return;
    }
    struct buf names;
    buf_init(&names, LIST_CAP);
    buf_puts(&names, "the address of ");
    bool first = true;
    for (size_t i = 0; i < discovery->target_count; i++) {
        const struct target *target = &discovery->targets[i];
        if (target->status == DNS_ANSWER || reason_of(target->status, own_name) != reason)
            continue;
        buf_printf(&names, "%s%s", first ? "" : ", ", target->name);
        first = false;
    }
    tell_asked(discovery, reason, &names);
}

/* ---- the records ---- */

/* The detail is what is told of the resolvers in any case. */
static bool tell_views(const struct discovery *discovery)
{
    if (!views_differ(discovery))
        return false;
    check_result_set(check_of(discovery), REASON_DNS_VIEWS_DIFFER, NULL);
    return true;
}

static bool tell_missing(const struct discovery *discovery)
{
    if (discovery->source != SOURCE_FALLBACK)
        return false;
    const struct place *place = &discovery->places[0];
    check_result_set(check_of(discovery), REASON_SRV_MISSING, "using %s:%u", place->name, place->port);
    return true;
}

static bool tell_unexpected(const struct discovery *discovery)
{
    struct buf different;
    buf_init(&different, LIST_CAP);
    if (discovery->domain->expect_srv_count > 0)
        expect_srv_compare(discovery->domain, discovery->result, &different);
    if (different.length == 0) {
        buf_fini(&different);
        return false;
    }
    tell(discovery, REASON_SRV_UNEXPECTED, &different, "");
    return true;
}

static bool tell_port_zero(const struct discovery *discovery)
{
    const struct domain_result *result = discovery->result;
    struct buf zero;
    buf_init(&zero, LIST_CAP);
    for (size_t i = 0; i < result->record_count; i++) {
        if (result->records[i].port == 0 && result->records[i].target[0] != '\0')
            list_add_place(&zero, result->records[i].target, 0, "");
    }
    if (zero.length == 0) {
        buf_fini(&zero);
        return false;
    }
    tell(discovery, REASON_SRV_PORT_ZERO, &zero, ", beside others that can be used");
    lessen(discovery);
    return true;
}

static bool tell_alias(const struct discovery *discovery)
{
    struct buf aliases;
    buf_init(&aliases, LIST_CAP);
    for (size_t i = 0; i < discovery->target_count; i++) {
        if (discovery->targets[i].alias)
            list_add(&aliases, discovery->targets[i].name);
    }
    if (aliases.length == 0) {
        buf_fini(&aliases);
        return false;
    }
    tell(discovery, REASON_SRV_TARGET_ALIAS, &aliases, "");
    return true;
}

static void tell_places(const struct discovery *discovery, enum reason reason, const char *more)
{
    struct buf places;
    buf_init(&places, LIST_CAP);
    for (size_t i = 0; i < discovery->place_count; i++) {
        const struct place *place = &discovery->places[i];
        list_add_place(&places, place->name, place->port, place->transport == TRANSPORT_DIRECT ? " (direct TLS)" : "");
    }
    tell(discovery, reason, &places, more);
}

/* ---- all of it ---- */

/* Sets the check where there is such a fault. */
typedef bool tell_fault(const struct discovery *discovery);

static bool counts(const struct discovery *discovery)
{
    const struct check_result *check = check_of(discovery);
    return severity_of(&discovery->domain->severity, check->reason, check->state) != STATE_OK;
}

/* The first fault there is. One that is made ok does not hide another. */
static bool tell_first(const struct discovery *discovery, tell_fault *const *faults, size_t count)
{
    tell_fault *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!faults[i](discovery))
            continue;
        if (counts(discovery))
            return true;
        first = first == NULL ? faults[i] : first;
    }
    return first != NULL && first(discovery);
}

/* A static route: the records are not followed, so that nothing about them is critical. */
static void judge_static(const struct discovery *discovery)
{
    static tell_fault *const FAULTS[] = {tell_views, tell_unexpected};
    if (discovery->domain->expect_srv_count == 0) {
        tell_places(discovery, REASON_NOT_APPLICABLE, " are configured; SRV records are not followed");
    } else if (tell_lookup_failed(discovery, SERVICE_XMPP_SERVER) ||
               tell_lookup_failed(discovery, SERVICE_XMPPS_SERVER)) {
        lessen(discovery);
    } else if (!tell_first(discovery, FAULTS, sizeof FAULTS / sizeof *FAULTS)) {
        tell_places(discovery, REASON_OK, " are configured; the SRV records are as expected");
    }
}

static void judge_records(const struct discovery *discovery)
{
    static tell_fault *const FAULTS[] = {tell_views, tell_missing, tell_unexpected, tell_port_zero, tell_alias};
    if (!tell_first(discovery, FAULTS, sizeof FAULTS / sizeof *FAULTS))
        tell_places(discovery, REASON_OK, "");
}

static void judge(const struct discovery *discovery)
{
    size_t without = count_without_address(discovery);
    bool is_static = discovery->source == SOURCE_STATIC;
    if (!is_static && (tell_lookup_failed(discovery, SERVICE_XMPP_SERVER) || tell_unusable(discovery)))
        return;
    if (without > 0 && without == discovery->target_count) {
        tell_targets(discovery);
    } else if (!is_static && tell_lookup_failed(discovery, SERVICE_XMPPS_SERVER)) {
        lessen(discovery);
    } else if (without > 0) {
        tell_targets(discovery);
        lessen(discovery);
    } else if (is_static) {
        judge_static(discovery);
    } else {
        judge_records(discovery);
    }
}

/* Places whose TLSA records are there, or may be, and cannot be used. */
static void list_tlsa_failures(const struct discovery *discovery, struct buf *list)
{
    for (size_t i = 0; i < discovery->place_count; i++) {
        const struct place *place = &discovery->places[i];
        if (place->tlsa_asked && place->target->authentic && dns_status_failed(place->tlsa_status))
            list_add_place(list, place->name, place->port, "");
        else if (place->tlsa_asked && place->tlsa_status == DNS_ANSWER && !place->tlsa_whole)
            list_add_place(list, place->name, place->port, " (too many)");
    }
}

/* What goes behind the detail of any reason. */
static void add_remarks(const struct discovery *discovery)
{
    struct check_result *check = check_of(discovery);
    struct buf remarks, tlsa;
    buf_init(&remarks, REMARKS_CAP);
    buf_init(&tlsa, LIST_CAP);
    views_tell(discovery, &remarks);
    list_tlsa_failures(discovery, &tlsa);
    if (tlsa.length > 0)
        buf_printf(&remarks, "%sno TLSA records could be had for %s%s", remarks.length > 0 ? "; " : "", tlsa.data,
                   buf_failed(&tlsa) ? " and more" : "");
    if (remarks.length > 0) {
        char *detail = mem_printf("%s%s%s", check->detail != NULL ? check->detail : "",
                                  check->detail != NULL ? "; " : "", remarks.data);
        free(check->detail);
        check->detail = detail;
    }
    buf_fini(&tlsa);
    buf_fini(&remarks);
}

void srv_verdict_judge(const struct discovery *discovery)
{
    judge(discovery);
    add_remarks(discovery);
}
