/* The configuration: read from a YAML file under one schema table, checked as a whole, immutable afterwards. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/network.h"
#include "health/dialback.h"
#include "health/imp.h"
#include "health/severity.h"

/* RFC 6120 5: the security mode that a domain is expected to have. */
enum expect_starttls { EXPECT_STARTTLS_ANY, EXPECT_STARTTLS_REQUIRED, EXPECT_STARTTLS_OPTIONAL, EXPECT_STARTTLS_NONE };

struct host_port {
    char *host;    /* owned; lower-case A-label name, or numeric address in its usual form, without brackets */
    uint16_t port;
};

/* Which addresses of a target are endpoints. AUTO: those of a family that this machine has a route for. */
enum address_families { FAMILIES_AUTO, FAMILIES_IPV4, FAMILIES_IPV6, FAMILIES_BOTH };

/* Whether the metrics of single endpoints and their certificates are exported. */
enum metrics_detail { METRICS_ENDPOINT, METRICS_DOMAIN };

/* Whether the dialback check is made. AUTO: where there is a secret. */
enum config_enabled { ENABLED_UNSET, ENABLED_AUTO, ENABLED_TRUE, ENABLED_FALSE };

/* The dialback check (XEP-0220) of all domains, where a domain does not say otherwise, or of one. */
struct config_dialback {
    enum config_enabled enabled; /* default auto; of a domain: that of all, so that it is never unset */
    int64_t interval_ms;         /* default 30m; of a domain: that of all */
    char *secret_file;           /* owned; of a domain: read whenever the check is made, its first line; NULL: none */
    enum dialback_algorithm algorithm; /* of a domain; without a secret auto */
    char *from;                  /* owned; of a domain: U-label of whom to pose as; NULL: agent.domain */
};

struct config_domain {
    char *name;         /* owned; lower-case A-label: DNS, SNI, labels */
    char *name_unicode; /* owned; U-label: 'to' in streams (RFC 7622); the same text for an ASCII name */
    int64_t interval_ms;
    enum expect_starttls expect_starttls;
    struct host_port *expect_srv; /* owned; expect.srv_targets */
    size_t expect_srv_count;      /* 0: not judged */
    struct host_port *targets;    /* owned; static route: SRV is looked up and shown, but not followed */
    size_t target_count;          /* 0: SRV is followed */
    struct severity severity;     /* owned rules; behind them those of the configuration */
    struct config_dialback dialback;
    size_t ping_count;            /* accounts that ping it */
};

/* Whether the dialback check is made of this domain. */
static inline bool config_dialback_runs(const struct config_domain *domain)
{
    const struct config_dialback *dialback = &domain->dialback;
    return dialback->enabled == ENABLED_TRUE ||
           (dialback->enabled == ENABLED_AUTO && dialback->secret_file != NULL);
}

struct config_resolver {
    char *name;    /* owned; the label value; "system" for the machine's own */
    char *address; /* owned; "9.9.9.9:53" or "[2620:fe::fe]:53"; NULL for the machine's own */
    bool trust_ad; /* what it says of DNSSEC is believed, though it has no loopback address; default false */
};

#define CONFIG_MAX_RESOLVERS 8

/* How to get at one HTTPS service of a node, and whom it trusts. */
struct config_access {
    char *url;              /* owned; https://HOST:PORT/PATH, the host an A-label or an address; NULL: not there */
    char *host;             /* owned; of the URL, without brackets */
    uint16_t port;          /* likewise; 443 without one */
    char *username;         /* owned */
    char *password_file;    /* owned; read anew in every round: its first line, without the line end */
    char *ca_file;          /* owned; PEM; default tls.ca_file. Not both with the next */
    char *fingerprint_sha256; /* owned; 64 lower-case hexadecimal digits: of the server's own certificate; or NULL */
};

/* An account of others that is only logged in with, to see whether it still can. */
struct config_account {
    char *name;             /* owned; the label value */
    char *username;         /* owned */
    char *password_file;    /* owned */
    int64_t interval_ms;    /* default 24h */
};

enum axl_table { AXL_TABLE_AUTO, AXL_TABLE_XMPPS2SNODE, AXL_TABLE_XMPPS2SNODES };

/* A Cisco IM and Presence node. */
struct config_imp_node {
    char *name;             /* owned; the label value; unique */
    int64_t interval_ms;    /* default agent.interval */
    struct imp_expect expect; /* owned: cluster, domains, expect_federation (default true), expect_s2s_nodes */
    struct severity severity; /* owned rules; behind them those of the configuration */
    struct config_access axl; /* always there */
    char *axl_version;      /* owned; "12.5" */
    enum axl_table axl_table;
    struct config_account *accounts; /* owned; axl.verify_accounts */
    size_t account_count;
    struct config_access control_center; /* url NULL: not there. What it leaves out is as in axl */
    struct config_access page;           /* notifications.page; likewise */
    char *query;            /* owned; notifications.query; NULL: none */
};

/* An account of one's own, through whose server domains are pinged (XEP-0199). */
struct config_ping {
    char *account;          /* owned; a bare JID (RFC 7622): LOCALPART@DOMAIN, the domain with U-labels; unique */
    char *localpart;        /* owned; of it */
    char *domain;           /* owned; of it: lower-case A-label */
    char *domain_unicode;   /* owned; of it: U-label */
    char *password_file;    /* owned; read anew for every login: its first line, without the line end */
    struct host_port server; /* owned; host NULL: as SRV of the domain says */
    char **domains;         /* owned; lower-case A-labels; each a configured one, and not the account's own */
    size_t domain_count;
    char *ca_file;          /* owned; PEM; default tls.ca_file. Not both with the next */
    char *fingerprint_sha256; /* owned; 64 lower-case hexadecimal digits: of the server's own certificate; or NULL */
};

enum snmp_mode { SNMP_MODE_OFF, SNMP_MODE_AGENTX, SNMP_MODE_MASTER };

/* An SNMPv3 user of master mode, who may read with authentication and privacy. */
struct config_snmp_user {
    char *name;               /* owned; at most 32 bytes of VALUE_LABEL; unique */
    char *auth, *priv;        /* owned; protocols as net-snmp names them: "SHA-256", "AES" */
    char *auth_password_file; /* owned; its first line, without the line end; read whenever SNMP is started */
    char *priv_password_file; /* owned; likewise */
    unsigned auth_password_line, priv_password_line; /* where the configuration has these keys */
};

/* Who gets notifications in master mode: as v2c with a community, or as v3 from one of the users. */
struct config_snmp_receiver {
    char *address;   /* owned; "udp:192.0.2.7:162" or "udp6:[2001:db8::7]:162" */
    char *community; /* owned; NULL: v3 */
    char *user;      /* owned; the name of one of snmp_users; NULL: v2c */
};

/* Made only by config_load() and config_default(), which keep more behind it. */
struct config {
    char *domain;         /* owned; agent.domain, U-label: the 'from' of every stream */
    int64_t interval_ms;  /* agent.interval, default 5m */
    int64_t timeout_ms;   /* agent.timeout, default 10s: of one endpoint's whole conversation, and of the DNS part */
    unsigned confirm;     /* agent.confirm, default 2 */
    int64_t retry_interval_ms; /* agent.retry_interval, default 30s */
    unsigned max_concurrent;   /* agent.max_concurrent, default 4096: conversations */
    unsigned max_concurrent_per_address; /* default 4 */
    unsigned max_endpoints;    /* default 16: of one domain */
    enum address_families address_families;
    struct network *deny_networks; /* owned; never connected to */
    size_t deny_network_count;
    char *state_dir;           /* owned; default /var/lib/fedhealth; NULL without a file: nothing is kept */

    struct config_resolver *resolvers; /* owned; dns.resolvers; names are unique. The first one's answer is followed */
    size_t resolver_count;             /* 1 … CONFIG_MAX_RESOLVERS */

    char *tls_ca_file;            /* owned; default /etc/ssl/certs/ca-certificates.crt */
    int tls_min_version;          /* as OpenSSL numbers it: 0x0301 (TLS 1.0) … 0x0304; default 0x0303 */
    int64_t tls_expiry_warning_s; /* default 14d */
    int64_t tls_expiry_critical_s;/* default 3d */
    char *tls_client_certificate, *tls_client_key; /* owned; both or neither (NULL) */

    struct severity severity;     /* owned rules, for all domains */
    struct config_dialback dialback; /* of domains that do not say otherwise; only enabled and interval_ms */
    char **probe_allow;           /* owned; patterns of names, as domain_pattern.h has them */
    size_t probe_allow_count;
    enum metrics_detail metrics_detail;

    struct config_domain *domains; /* owned; in the order of the file, then of domain_files; names are unique */
    size_t domain_count;

    struct config_imp_node *imp_nodes; /* owned; in the order of the file */
    size_t imp_node_count;

    struct config_ping *pings;     /* owned; in the order of the file */
    size_t ping_count;

    enum snmp_mode snmp_mode;  /* default agentx with a file, master without */
    char *snmp_agentx_socket;  /* owned; default /var/agentx/master */
    char **snmp_listen;        /* owned, NULL-ended; default udp:127.0.0.1:1161 */
    char *snmp_community;      /* owned; default public, or NULL, none, where there are users */
    struct config_snmp_user *snmp_users;      /* owned */
    size_t snmp_user_count;
    struct config_snmp_receiver *snmp_notify; /* owned; addresses are unique */
    size_t snmp_notify_count;
};

/* Reads and checks FILE. On failure NULL, and every fault found is in `faults` (give it a cap of a megabyte: no more
 * than 1,000 are told), a line each, in the order of the lines: FILE:LINE: KEY: what is wrong. */
struct config *config_load(const char *file, struct buf *faults);
/* The same of a text that was read from FILE already; it need not end in a NUL. */
struct config *config_read(const char *text, size_t length, const char *file, struct buf *faults);

/* The configuration of an agent started without a file: snmp.mode master, the machine's own name as agent.domain,
 * and these domains. On failure NULL, and `faults` says why, a line each (DOMAIN: what is wrong). */
struct config *config_default(const char *const *domains, size_t domain_count, struct buf *faults);

/* The domain's entry, or NULL. `name` may be a U-label or an A-label. */
const struct config_domain *config_find(const struct config *config, const char *name);

/* Whether probe.allow has the domain. `ascii` is a lower-case A-label name. */
bool config_allows(const struct config *config, const char *ascii);

/* The node of this name, or NULL. */
const struct config_imp_node *config_find_imp(const struct config *config, const char *name);

/* Whether the account is to ping the domain. `ascii` is a lower-case A-label name. */
bool config_ping_lists(const struct config_ping *ping, const char *ascii);

/* Adds to `faults`, as config_load() would have, what turned out later to be wrong with a key's value: a line
 * FILE:LINE: KEY: what. It has no LINE when the default is in force, and no FILE without a file. `key` is "tls.ca_file"
 * or another that stands in no list. */
void config_tell(const struct config *config, const char *key, const char *what, struct buf *faults);
/* The same of the file with a password of this user: the one for privacy, or for authentication. */
void config_tell_snmp_password(const struct config *config, size_t user, bool priv, const char *what,
                               struct buf *faults);
/* Another reference to the same configuration; safe from every thread. */
struct config *config_hold(struct config *config);
void config_free(struct config *config); /* drops a reference; the last frees it; NULL is legal */

#endif
