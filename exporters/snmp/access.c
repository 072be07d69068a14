#include "exporters/snmp/access.h"

#include <stdlib.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_trap.h>

#include "base/buf.h"
#include "base/mem.h"

/* ---- views ---- */

/* A line of snmpd.conf(5); net-snmp keeps it and obeys it in init_snmp(). */
static void configure(struct buf *line)
{
    netsnmp_config_remember(line->data);
    buf_clear(line);
}

static void add_name(struct buf *line, const struct mib_name *name)
{
    for (size_t i = 0; i < name->length; i++)
        buf_printf(line, ".%lu", (unsigned long)name->ids[i]);
}

static void add_quoted(struct buf *line, const char *text)
{
    buf_putc(line, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            buf_putc(line, '\\');
        buf_putc(line, *text);
    }
    buf_putc(line, '"');
}

static void configure_view(struct buf *line, const struct mib *mib)
{
    static const char *const LINES[] = {
        ("sysdescr fedhealth " FH_VERSION), /* one line; clang suspects a missing comma */
        "view readable included .1.3.6.1.2.1.1",    /* SNMPv2-MIB system */
        "view readable included .1.3.6.1.6.3.10.2", /* SNMP-FRAMEWORK-MIB snmpEngine */
    };
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++) {
        buf_puts(line, LINES[i]);
        configure(line);
    }
    buf_puts(line, "sysobjectid ");
    add_name(line, mib_root(mib));
    configure(line);
    buf_puts(line, "view readable included ");
    add_name(line, mib_root(mib));
    configure(line);
}

static void configure_community(struct buf *line, const char *community)
{
    static const char *const FAMILIES[] = {"com2sec", "com2sec6", "com2secunix"};
    buf_puts(line, "group readers v2c reader");
    configure(line);
    buf_puts(line, "access readers \"\" v2c noauth exact readable none none");
    configure(line);
    for (size_t i = 0; i < sizeof FAMILIES / sizeof FAMILIES[0]; i++) {
        buf_printf(line, "%s reader default ", FAMILIES[i]);
        add_quoted(line, community);
        configure(line);
    }
}

void access_prepare(const struct snmp_options *options, const struct mib *mib, const struct engine *engine)
{
    struct buf line;
    buf_init(&line, 4096);
    set_exact_engineID(engine->id, engine->id_size);
    configure_view(&line, mib);
    if (options->community != NULL)
        configure_community(&line, options->community);
    for (size_t i = 0; i < options->user_count; i++) {
        buf_printf(&line, "group users usm %s", options->users[i].name);
        configure(&line);
    }
    buf_puts(&line, "access users \"\" usm priv exact readable none none");
    configure(&line);
    buf_fini(&line);
}

/* ---- users ---- */

/* init_snmp() adds a start of its own when it finds that the engine's time went back, which it does whenever SNMP is
 * started anew in the same process. So the number is set after it. */
static bool set_boots(const struct engine *engine, struct err *err)
{
    char *line = mem_printf("engineBoots %u", engine->boots - 1); /* it adds one */
    netsnmp_config(line);
    free(line);
    if (snmpv3_local_snmpEngineBoots() != engine->boots)
        return err_set(err, "snmp: net-snmp does not take %u as its boots", engine->boots);
    set_enginetime(engine->id, (u_int)engine->id_size, engine->boots, (u_int)snmpv3_local_snmpEngineTime(), TRUE);
    return true;
}

static void take_oid(oid **into, size_t *into_length, const oid *from, size_t length)
{
    free(*into);
    *into = snmp_duplicate_objid(from, length);
    *into_length = length;
}

/* RFC 3414 2.6 and A.2: the key of this user at this engine. */
static bool localise(const struct usmUser *user, const char *password, u_char **key, size_t *length)
{
    u_char master[USM_LENGTH_KU_HASHBLOCK], *local = mem_alloc(USM_LENGTH_KU_HASHBLOCK);
    size_t master_length = sizeof master;
    *length = USM_LENGTH_KU_HASHBLOCK;
    *key = local; /* net-snmp zeroes and frees it with the user */
    bool good = generate_Ku(user->authProtocol, (u_int)user->authProtocolLen, (const u_char *)password,
                            strlen(password), master, &master_length) == SNMPERR_SUCCESS &&
                generate_kul(user->authProtocol, (u_int)user->authProtocolLen, user->engineID, user->engineIDLen,
                             master, master_length, local, length) == SNMPERR_SUCCESS;
    explicit_bzero(master, sizeof master);
    return good;
}

/* An RFC 3414 key has as many bytes as the hash; a cipher takes as many as it needs, and for one that needs more
 * net-snmp makes more. */
static bool fit_to_cipher(struct usmUser *user)
{
    const netsnmp_priv_alg_info *cipher = sc_get_priv_alg_byoid(user->privProtocol, (u_int)user->privProtocolLen);
    if (cipher == NULL || usm_extend_user_kul(user, USM_LENGTH_KU_HASHBLOCK) != SNMPERR_SUCCESS)
        return false;
    size_t needed = (size_t)cipher->proper_length;
    if (user->privKeyLen > needed) {
        explicit_bzero(user->privKey + needed, user->privKeyLen - needed);
        user->privKeyLen = needed;
    }
    return true;
}

static bool add_user(const struct snmp_user *about, const struct engine *engine, struct err *err)
{
    size_t auth_length = 0, priv_length = 0;
    const oid *auth = sc_get_auth_oid(usm_lookup_auth_type(about->auth), &auth_length);
    const oid *priv = sc_get_priv_oid(usm_lookup_priv_type(about->priv), &priv_length);
    struct usmUser *user = usm_create_user();
    if (auth == NULL || priv == NULL || user == NULL) {
        usm_free_user(user);
        return err_set(err, "snmp.users: net-snmp was built without %s", auth == NULL ? about->auth : about->priv);
    }
    user->name = mem_strdup(about->name);
    user->secName = mem_strdup(about->name);
    user->engineID = netsnmp_memdup(engine->id, engine->id_size);
    user->engineIDLen = engine->id_size;
    take_oid(&user->authProtocol, &user->authProtocolLen, auth, auth_length);
    take_oid(&user->privProtocol, &user->privProtocolLen, priv, priv_length);
    user->userStorageType = ST_READONLY;
    if (!localise(user, about->auth_password, &user->authKey, &user->authKeyLen) ||
        !localise(user, about->priv_password, &user->privKey, &user->privKeyLen) || !fit_to_cipher(user)) {
        usm_free_user(user);
        return err_set(err, "snmp.users: net-snmp makes no keys of the passwords of %s", about->name);
    }
    usm_add_user(user);
    return true;
}

/* ---- receivers ---- */

static bool add_receiver(const struct snmp_receiver *receiver, const struct engine *engine, struct err *err)
{
    const netsnmp_session *session =
        receiver->user != NULL
            ? netsnmp_create_v3user_notification_session(receiver->address, receiver->user, SNMP_SEC_LEVEL_AUTHPRIV,
                                                         NULL, SNMP_MSG_TRAP2, engine->id, engine->id_size, NULL, NULL,
                                                         NULL, NULL)
            : netsnmp_create_v1v2_notification_session(receiver->address, NULL, receiver->community, NULL,
                                                       SNMP_VERSION_2c, SNMP_MSG_TRAP2, NULL, NULL, NULL);
    return session != NULL || err_set(err, "snmp.notify: nothing can be sent to %s", receiver->address);
}

bool access_begin(const struct snmp_options *options, const struct engine *engine, struct err *err)
{
    if (!set_boots(engine, err))
        return false;
    for (size_t i = 0; i < options->user_count; i++) {
        if (!add_user(&options->users[i], engine, err))
            return false;
    }
    for (size_t i = 0; i < options->receiver_count; i++) {
        if (!add_receiver(&options->receivers[i], engine, err))
            return false;
    }
    return true;
}
