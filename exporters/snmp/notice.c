#include "exporters/snmp/notice.h"

#include <pthread.h>
#include <stdlib.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_trap.h>

#include "base/mem.h"
#include "exporters/snmp/cell.h"

#define CREDENTIALS_REJECTED 4 /* below { root 0 } */
#define PREVIOUS_STATE 1       /* below { objects 9 } */
#define SEQUENCE 2

struct notice {
    struct snmp_rejection rejection; /* its texts are owned */
    uint32_t sequence;
};

struct notice_queue {
    pthread_mutex_t lock;
    struct notice waiting[NOTICES_MAX]; /* a ring */
    size_t first, count;
};

/* Of the last notification, sent or dropped; it goes on when SNMP is started anew. Under the lock of the only queue. */
static uint32_t last_sequence;

struct notice_queue *notice_queue_new(void)
{
    struct notice_queue *queue = mem_alloc(sizeof *queue);
    pthread_mutex_init(&queue->lock, NULL);
    return queue;
}

static void notice_fini(struct notice *notice)
{
    free((char *)notice->rejection.node);
    free((char *)notice->rejection.detail);
}

bool notice_put(struct notice_queue *queue, const struct snmp_rejection *rejection)
{
    pthread_mutex_lock(&queue->lock);
    uint32_t sequence = ++last_sequence;
    bool room = queue->count < NOTICES_MAX;
    if (room) {
        struct notice *notice = &queue->waiting[(queue->first + queue->count++) % NOTICES_MAX];
        *notice = (struct notice){*rejection, sequence};
        notice->rejection.node = mem_strdup(rejection->node);
        notice->rejection.detail = rejection->detail != NULL ? mem_strdup(rejection->detail) : NULL;
    }
    pthread_mutex_unlock(&queue->lock);
    return room;
}

/* False: none waits. */
static bool take(struct notice_queue *queue, struct notice *notice)
{
    pthread_mutex_lock(&queue->lock);
    bool any = queue->count > 0;
    if (any) {
        *notice = queue->waiting[queue->first];
        queue->first = (queue->first + 1) % NOTICES_MAX;
        queue->count--;
    }
    pthread_mutex_unlock(&queue->lock);
    return any;
}

void notice_queue_free(struct notice_queue *queue)
{
    struct notice notice;
    if (queue == NULL)
        return;
    while (take(queue, &notice))
        notice_fini(&notice);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

/* snmpTrapOID.0, which names the notification (RFC 3416 4.2.6); net-snmp puts sysUpTime.0 before it. */
static void add_kind(netsnmp_variable_list **varbinds, const struct mib *mib, oid kind)
{
    static const oid TRAP_OID[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0};
    struct mib_name name = *mib_root(mib);
    name.ids[name.length++] = 0;
    name.ids[name.length++] = kind;
    snmp_varlist_add_variable(varbinds, TRAP_OID, sizeof TRAP_OID / sizeof TRAP_OID[0], ASN_OBJECT_ID, name.ids,
                              name.length * sizeof name.ids[0]);
}

/* An instance of a column, with this value whatever the column's present one is. */
static void add_cell(netsnmp_variable_list **varbinds, const struct mib *mib, const char *object, oid index,
                     const struct fact_value *value)
{
    struct mib_name name;
    const struct fact *fact = mib_instance(mib, object, index, &name);
    netsnmp_variable_list *varbind = snmp_varlist_add_variable(varbinds, name.ids, name.length, ASN_NULL, NULL, 0);
    if (varbind != NULL)
        cell_write(fact, value, varbind);
}

/* The only instance of an object only for notifications. */
static void add_own(netsnmp_variable_list **varbinds, const struct mib *mib, oid object, u_char type, long value)
{
    struct mib_name name = *mib_objects(mib);
    name.ids[name.length++] = 9;
    name.ids[name.length++] = object;
    name.ids[name.length++] = 0;
    snmp_varlist_add_variable(varbinds, name.ids, name.length, type, &value, sizeof value);
}

/* In the order of the module's OBJECTS. */
static void send_notice(const struct notice *notice, const struct mib *mib)
{
    const struct snmp_rejection *rejection = &notice->rejection;
    const struct fact_value name = {.text = rejection->node}, state = {.number = rejection->state},
                            reason = {.text = reason_info(rejection->reason)->code},
                            detail = {.text = rejection->detail != NULL ? rejection->detail : ""};
    netsnmp_variable_list *varbinds = NULL;
    add_kind(&varbinds, mib, CREDENTIALS_REJECTED);
    add_cell(&varbinds, mib, "fhImpName", rejection->index, &name);
    add_cell(&varbinds, mib, "fhImpState", rejection->index, &state);
    add_own(&varbinds, mib, PREVIOUS_STATE, ASN_INTEGER, (long)rejection->previous);
    add_cell(&varbinds, mib, "fhImpReason", rejection->index, &reason);
    add_cell(&varbinds, mib, "fhImpDetail", rejection->index, &detail);
    add_own(&varbinds, mib, SEQUENCE, ASN_GAUGE, (long)notice->sequence);
    send_v2trap(varbinds);
    snmp_free_varbind(varbinds);
}

void notice_send(struct notice_queue *queue, const struct mib *mib)
{
    struct notice notice;
    while (take(queue, &notice)) {
        send_notice(&notice, mib);
        notice_fini(&notice);
    }
}
