#include "exporters/snmp/trap.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_trap.h>

#include "exporters/snmp/cell.h"

#define PREVIOUS_STATE 1 /* below { objects 9 } */
#define SEQUENCE 2

/* The columns that tell of a domain and of a node. */
static const struct columns {
    const char *name, *state, *reason, *detail;
} OF_DOMAIN = {"fhDomainName", "fhDomainState", "fhDomainReason", "fhDomainDetail"},
  OF_NODE = {"fhImpName", "fhImpState", "fhImpReason", "fhImpDetail"};

/* A PDU that grows. */
struct trap {
    netsnmp_variable_list *varbinds;
    const struct mib *mib;
    oid index, part; /* of the domain or node; of its endpoint, 0: none */
};

/* snmpTrapOID.0, which names the notification (RFC 3416 4.2.6); net-snmp puts sysUpTime.0 before it. */
static void add_kind(struct trap *trap, oid kind)
{
    static const oid TRAP_OID[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0};
    struct mib_name name = *mib_root(trap->mib);
    name.ids[name.length++] = 0;
    name.ids[name.length++] = kind;
    snmp_varlist_add_variable(&trap->varbinds, TRAP_OID, sizeof TRAP_OID / sizeof TRAP_OID[0], ASN_OBJECT_ID, name.ids,
                              name.length * sizeof name.ids[0]);
}

/* An instance of a column, with this value whatever the column's present one is. */
static void add_cell(struct trap *trap, const char *object, const struct fact_value *value)
{
    struct mib_name name;
    const struct fact *fact = mib_instance(trap->mib, object, trap->index, &name);
    if (trap->part != 0)
        name.ids[name.length++] = trap->part;
    netsnmp_variable_list *varbind =
        snmp_varlist_add_variable(&trap->varbinds, name.ids, name.length, ASN_NULL, NULL, 0);
    if (varbind != NULL)
        cell_write(fact, value, varbind);
}

static void add_text(struct trap *trap, const char *object, const char *text)
{
    add_cell(trap, object, &(struct fact_value){.text = text != NULL ? text : ""});
}

static void add_number(struct trap *trap, const char *object, double number)
{
    add_cell(trap, object, &(struct fact_value){.number = number});
}

/* The only instance of an object only for notifications. */
static void add_own(struct trap *trap, oid object, u_char type, long value)
{
    struct mib_name name = *mib_objects(trap->mib);
    name.ids[name.length++] = 9;
    name.ids[name.length++] = object;
    name.ids[name.length++] = 0;
    snmp_varlist_add_variable(&trap->varbinds, name.ids, name.length, type, &value, sizeof value);
}

static void add_endpoint(struct trap *trap, const struct notification *notification)
{
    trap->part = notification->endpoint;
    add_text(trap, "fhEndpointTarget", notification->target);
    add_text(trap, "fhEndpointAddress", notification->address);
    add_number(trap, "fhEndpointNotAfter", (double)notification->not_after_s);
}

static bool is_of_domain(enum notification_kind kind)
{
    return kind == NOTIFICATION_DOMAIN_STATE || kind == NOTIFICATION_CERTIFICATE_EXPIRING;
}

/* In the order of the module's OBJECTS. */
void trap_send(const struct notice *notice, const struct mib *mib)
{
    const struct notification *notification = &notice->notification;
    const struct columns *columns = is_of_domain(notification->kind) ? &OF_DOMAIN : &OF_NODE;
    struct trap trap = {.mib = mib, .index = notification->index};
    add_kind(&trap, notification->kind);
    add_text(&trap, columns->name, notification->name);
    add_number(&trap, columns->state, notification->state);
    add_own(&trap, PREVIOUS_STATE, ASN_INTEGER, (long)notification->previous);
    add_text(&trap, columns->reason, reason_info(notification->reason)->code);
    add_text(&trap, columns->detail, notification->detail);
    add_own(&trap, SEQUENCE, ASN_GAUGE, (long)notice->sequence);
    if (notification->kind == NOTIFICATION_CERTIFICATE_EXPIRING)
        add_endpoint(&trap, notification);
    send_v2trap(trap.varbinds);
    snmp_free_varbind(trap.varbinds);
}
