#include "config/schema.h"

#include "config/private.h"

#define TYPE(which) {.type = &which}
#define RANGE(which, low, high) {.type = &which, .least = low, .most = high}
#define WORDS(list) {.type = &VALUE_CHOICE, .words = list}

#define PROTOCOLS(list) {.type = &VALUE_PROTOCOL, .words = list}

#define SEVERITY(place) \
    WORDS(STATE_WORDS), .offset = place(severity.rules), .count = place(severity.count), \
    .size = sizeof(struct severity_rule), .left = TYPE(VALUE_REASON), .right = offsetof(struct severity_rule, state)

#define CONFIG(member) offsetof(struct config_private, config.member)
#define DOMAIN(member) offsetof(struct config_domain, member)
#define RESOLVER(member) offsetof(struct config_resolver, member)
#define IMP(member) offsetof(struct config_imp_node, member)
#define SNMP_USER(member) offsetof(struct config_snmp_user, member)
#define RECEIVER(member) offsetof(struct config_snmp_receiver, member)
#define ACCOUNT(member) offsetof(struct config_account, member)
#define PING(member) offsetof(struct config_ping, member)

/* The keys of a struct config_access beside its URL. */
#define ACCESS(path, member, required_, otherwise_, trust_otherwise) \
    {path ".username", KEY_VALUE, TYPE(VALUE_USERNAME), .required = required_, .otherwise = otherwise_, \
     .offset = IMP(member.username), .help = "The account to log in with."}, \
    {path ".password_file", KEY_VALUE, TYPE(VALUE_FILE), .required = required_, .otherwise = otherwise_, \
     .offset = IMP(member.password_file), \
     .help = "File whose first line is its password; read anew in every round."}, \
    {path ".ca_file", KEY_VALUE, TYPE(VALUE_FILE), .otherwise = trust_otherwise, .offset = IMP(member.ca_file), \
     .help = "PEM file of the certificate, or the authorities, that the server's certificate must come from."}, \
    {path ".fingerprint_sha256", KEY_VALUE, TYPE(VALUE_FINGERPRINT), .offset = IMP(member.fingerprint_sha256), \
     .help = "In place of a `ca_file`: the SHA-256 of the server's own certificate."}

static const struct value_word STARTTLS_WORDS[] = {
    {"required", EXPECT_STARTTLS_REQUIRED},
    {"optional", EXPECT_STARTTLS_OPTIONAL},
    {"none", EXPECT_STARTTLS_NONE},
    {NULL, 0},
};

static const struct value_word TLS_VERSION_WORDS[] = {
    {"1.0", 0x0301}, {"1.1", 0x0302}, {"1.2", 0x0303}, {"1.3", 0x0304}, {NULL, 0},
};

static const struct value_word FAMILY_WORDS[] = {
    {"auto", FAMILIES_AUTO}, {"ipv4", FAMILIES_IPV4}, {"ipv6", FAMILIES_IPV6}, {"both", FAMILIES_BOTH}, {NULL, 0},
};

static const struct value_word DETAIL_WORDS[] = {
    {"endpoint", METRICS_ENDPOINT}, {"domain", METRICS_DOMAIN}, {NULL, 0},
};

static const struct value_word STATE_WORDS[] = {
    {"ok", STATE_OK}, {"warning", STATE_WARNING}, {"critical", STATE_CRITICAL}, {"unknown", STATE_UNKNOWN}, {NULL, 0},
};

static const struct value_word ENABLED_WORDS[] = {
    {"auto", ENABLED_AUTO}, {"true", ENABLED_TRUE}, {"false", ENABLED_FALSE}, {NULL, 0},
};

static const struct value_word ALGORITHM_WORDS[] = {
    {"auto", DIALBACK_AUTO}, {"hmac-sha256", DIALBACK_HMAC_SHA256}, {"sha1-nested", DIALBACK_SHA1_NESTED},
    {"hmac-sha1", DIALBACK_HMAC_SHA1}, {"sha1-concat", DIALBACK_SHA1_CONCAT}, {NULL, 0},
};

static const struct value_word BOOLEAN_WORDS[] = {{"true", true}, {"false", false}, {NULL, 0}};

static const struct value_word AXL_TABLE_WORDS[] = {
    {"auto", AXL_TABLE_AUTO}, {"xmpps2snode", AXL_TABLE_XMPPS2SNODE}, {"xmpps2snodes", AXL_TABLE_XMPPS2SNODES},
    {NULL, 0},
};

/* Of a word that is kept as a text the value counts for nothing. */
static const struct value_word AUTH_WORDS[] = {
    {"SHA", 0}, {"SHA-224", 0}, {"SHA-256", 0}, {"SHA-384", 0}, {"SHA-512", 0}, {NULL, 0},
};

static const struct value_word PRIV_WORDS[] = {{"AES", 0}, {"AES-192", 0}, {"AES-256", 0}, {NULL, 0}};

static const struct value_word SNMP_MODE_WORDS[] = {
    {"agentx", SNMP_MODE_AGENTX}, {"master", SNMP_MODE_MASTER}, {"off", SNMP_MODE_OFF}, {NULL, 0},
};

const struct key KEYS[] = {
    {"agent", KEY_MAP, .required = true,
     .help = "The agent itself."},
    {"agent.domain", KEY_VALUE, TYPE(VALUE_DOMAIN_UNICODE), .required = true, .offset = CONFIG(domain),
     .help = "`from` of every stream. Must not be a domain that a checked server hosts: peers refuse such a stream."},
    {"agent.interval", KEY_VALUE, RANGE(VALUE_DURATION_MS, "1s", "30d"), "5m", .offset = CONFIG(interval_ms),
     .help = "Time between two rounds of a domain's checks."},
    {"agent.timeout", KEY_VALUE, RANGE(VALUE_DURATION_MS, "100ms", "5m"), "10s", .offset = CONFIG(timeout_ms),
     .help = "Longest time for the DNS look-ups, and again for one endpoint's whole conversation."},
    {"agent.confirm", KEY_VALUE, RANGE(VALUE_COUNT, "1", "100"), "2", .offset = CONFIG(confirm),
     .help = "Equal results in a row before a transition is recorded. Metrics show each result at once."},
    {"agent.retry_interval", KEY_VALUE, RANGE(VALUE_DURATION_MS, "1s", "30d"), "30s",
     .offset = CONFIG(retry_interval_ms),
     .help = "Time between rounds while a transition is not yet confirmed."},
    {"agent.max_concurrent", KEY_VALUE, RANGE(VALUE_COUNT, "1", "65536"), "4096", .offset = CONFIG(max_concurrent),
     .help = "Conversations under way at once."},
    {"agent.max_concurrent_per_address", KEY_VALUE, RANGE(VALUE_COUNT, "1", "65536"), "4",
     .offset = CONFIG(max_concurrent_per_address),
     .help = "Of these, with one address."},
    {"agent.max_endpoints", KEY_VALUE, RANGE(VALUE_COUNT, "1", "64"), "16", .offset = CONFIG(max_endpoints),
     .help = "Endpoints checked of one domain. More is a warning in the log and on the page."},
    {"agent.address_families", KEY_VALUE, WORDS(FAMILY_WORDS), "auto", .offset = CONFIG(address_families),
     .help = "Which addresses are checked. `auto` leaves out a family for which this machine has no route."},
    {"agent.deny_networks", KEY_LIST, TYPE(VALUE_NETWORK), .offset = CONFIG(deny_networks),
     .count = CONFIG(deny_network_count),
     .help = "Networks and addresses that are never connected to, whatever SRV says."},
    {"agent.state_dir", KEY_VALUE, TYPE(VALUE_PATH), "/var/lib/fedhealth", .offset = CONFIG(state_dir),
     .help = "Folder for what outlives a restart: SNMP indexes, since-times, transitions."},

    {"dns", KEY_MAP,
     .help = "Name resolution."},
    {"dns.resolvers", KEY_MAPS, .otherwise = "the machine's own, named `system`",
     .offset = CONFIG(resolvers), .count = CONFIG(resolver_count), .size = sizeof(struct config_resolver),
     .help = "DNS servers to ask, 8 at most. The first is followed; the others' SRV records are compared with its."},
    {"dns.resolvers[].name", KEY_VALUE, TYPE(VALUE_LABEL), .required = true, .offset = RESOLVER(name),
     .help = "Its name in metrics and pages."},
    {"dns.resolvers[].address", KEY_VALUE, TYPE(VALUE_ADDRESS_PORT), .required = true, .offset = RESOLVER(address),
     .help = "`9.9.9.9:53` or `[2620:fe::fe]:53`."},
    {"dns.resolvers[].trust_ad", KEY_VALUE, {.type = &VALUE_BOOLEAN, .words = BOOLEAN_WORDS}, "false",
     .offset = RESOLVER(trust_ad),
     .help = "Believe it where it says that DNSSEC vouches for an answer. On loopback it is believed anyway."},

    {"tls", KEY_MAP,
     .help = "How certificates and TLS versions are judged."},
    {"tls.ca_file", KEY_VALUE, TYPE(VALUE_FILE), "/etc/ssl/certs/ca-certificates.crt", .offset = CONFIG(tls_ca_file),
     .help = "PEM file of the authorities that are trusted."},
    {"tls.min_version", KEY_VALUE, WORDS(TLS_VERSION_WORDS), "1.2",
     .offset = CONFIG(tls_min_version),
     .help = "A peer that settles for an older version is critical."},
    {"tls.expiry_warning", KEY_VALUE, RANGE(VALUE_DURATION_S, "0s", "3650d"), "14d",
     .offset = CONFIG(tls_expiry_warning_s),
     .help = "A certificate that ends sooner is a warning."},
    {"tls.expiry_critical", KEY_VALUE, RANGE(VALUE_DURATION_S, "0s", "3650d"), "3d",
     .offset = CONFIG(tls_expiry_critical_s),
     .help = "A certificate that ends sooner is critical. At most `tls.expiry_warning`."},
    {"tls.client_certificate", KEY_VALUE, TYPE(VALUE_FILE), .offset = CONFIG(tls_client_certificate),
     .help = "PEM file of the certificate, with its chain, to show to peers that ask. Needs `tls.client_key`."},
    {"tls.client_key", KEY_VALUE, TYPE(VALUE_FILE), .offset = CONFIG(tls_client_key),
     .help = "PEM file of its private key."},

    {"dialback", KEY_MAP,
     .help = "Verification of dialback keys, for all domains."},
    {"dialback.enabled", KEY_VALUE, WORDS(ENABLED_WORDS), "auto", .offset = CONFIG(dialback.enabled),
     .help = "`auto`: of domains with a secret. `true`: of all, by a key that must be refused (peers log it)."},
    {"dialback.interval", KEY_VALUE, RANGE(VALUE_DURATION_MS, "1s", "30d"), "30m",
     .offset = CONFIG(dialback.interval_ms),
     .help = "Least time between two rounds in which keys are verified."},

    {"severity", KEY_PAIRS, SEVERITY(CONFIG),
     .help = "The state of a check that ends with this reason, in place of the one in [reasons.md](reasons.md)."},

    {"domains", KEY_MAPS, .bare = "name", .offset = CONFIG(domains), .count = CONFIG(domain_count),
     .size = sizeof(struct config_domain),
     .help = "The domains to check: a bare name, or a map."},
    {"domains[].name", KEY_VALUE, TYPE(VALUE_DOMAIN), .required = true, .offset = DOMAIN(name),
     .help = "The XMPP domain, with U-labels or A-labels."},
    {"domains[].interval", KEY_VALUE, RANGE(VALUE_DURATION_MS, "1s", "30d"), .otherwise = "`agent.interval`",
     .offset = DOMAIN(interval_ms),
     .help = "Time between two rounds of this domain's checks."},
    {"domains[].targets", KEY_LIST, TYPE(VALUE_TARGET), .otherwise = "those of SRV", .offset = DOMAIN(targets),
     .count = DOMAIN(target_count), .distinct = true,
     .help = "Static route: what is connected to. SRV is looked up and shown, but not followed."},
    {"domains[].severity", KEY_PAIRS, SEVERITY(DOMAIN), .otherwise = "`severity`",
     .help = "The same for this domain; what it does not name is as in `severity`."},
    {"domains[].expect", KEY_MAP,
     .help = "What this domain is meant to be like; anything else is told."},
    {"domains[].expect.starttls", KEY_VALUE, WORDS(STARTTLS_WORDS),
     .otherwise = "`required` or `optional`", .offset = DOMAIN(expect_starttls),
     .help = "The security mode."},
    {"domains[].expect.srv_targets", KEY_LIST, TYPE(VALUE_HOST_PORT), .otherwise = "not judged",
     .offset = DOMAIN(expect_srv), .count = DOMAIN(expect_srv_count),
     .help = "The SRV targets, all of them, in any order."},
    {"domains[].dialback", KEY_MAP,
     .help = "The same for this domain; what it does not name is as in `dialback`."},
    {"domains[].dialback.enabled", KEY_VALUE, WORDS(ENABLED_WORDS), .otherwise = "`dialback.enabled`",
     .offset = DOMAIN(dialback.enabled),
     .help = "Whether keys are verified. `false`: not even with a secret."},
    {"domains[].dialback.interval", KEY_VALUE, RANGE(VALUE_DURATION_MS, "1s", "30d"),
     .otherwise = "`dialback.interval`", .offset = DOMAIN(dialback.interval_ms),
     .help = "Least time between two rounds in which keys are verified."},
    {"domains[].dialback.secret_file", KEY_VALUE, TYPE(VALUE_FILE), .offset = DOMAIN(dialback.secret_file),
     .help = "File whose first line is the dialback secret of this domain's servers; read anew each time."},
    {"domains[].dialback.algorithm", KEY_VALUE, WORDS(ALGORITHM_WORDS), "auto", .offset = DOMAIN(dialback.algorithm),
     .help = "How its servers make keys of it. `auto` finds out. Needs `secret_file`."},
    {"domains[].dialback.from", KEY_VALUE, TYPE(VALUE_DOMAIN_UNICODE), .otherwise = "`agent.domain`",
     .offset = DOMAIN(dialback.from),
     .help = "The receiving server that the key is verified for. Not the domain itself."},

    {"domain_files", KEY_LIST, TYPE(VALUE_GLOB), .offset = offsetof(struct config_private, domain_files),
     .count = offsetof(struct config_private, domain_file_count),
     .help = "Files with further domains, one name a line, `#` comments. May have `*`, `?` and `[...]`."},

    {"imp_nodes", KEY_MAPS, .offset = CONFIG(imp_nodes), .count = CONFIG(imp_node_count),
     .size = sizeof(struct config_imp_node),
     .help = "Cisco IM and Presence nodes to check."},
    {"imp_nodes[].name", KEY_VALUE, TYPE(VALUE_LABEL), .required = true, .offset = IMP(name),
     .help = "Its name in metrics and pages: best the host name that its notifications use."},
    {"imp_nodes[].interval", KEY_VALUE, RANGE(VALUE_DURATION_MS, "1s", "30d"), .otherwise = "`agent.interval`",
     .offset = IMP(interval_ms),
     .help = "Time between two rounds of this node's checks."},
    {"imp_nodes[].cluster", KEY_VALUE, TYPE(VALUE_LABEL), .offset = IMP(expect.cluster),
     .help = "Nodes with the same cluster must have the same rows in xmpps2snode."},
    {"imp_nodes[].domains", KEY_LIST, TYPE(VALUE_DOMAIN), .offset = IMP(expect.domains),
     .count = IMP(expect.domain_count),
     .help = "Own domains that it serves: their checks, where they stand in `domains`, are combined with the node's."},
    {"imp_nodes[].expect_federation", KEY_VALUE, {.type = &VALUE_BOOLEAN, .words = BOOLEAN_WORDS}, "true",
     .offset = IMP(expect.federation),
     .help = "Whether xmpps2snode must have rows; `false`: it must have none."},
    {"imp_nodes[].expect_s2s_nodes", KEY_LIST, TYPE(VALUE_TEXT), .otherwise = "any rows will do",
     .offset = IMP(expect.s2s_nodes), .count = IMP(expect.s2s_node_count),
     .help = "The cp_ids that must be there, all of them, in any order."},
    {"imp_nodes[].severity", KEY_PAIRS, SEVERITY(IMP), .otherwise = "`severity`",
     .help = "The same for this node; what it does not name is as in `severity`."},
    {"imp_nodes[].axl", KEY_MAP, .required = true,
     .help = "How the node's AXL is reached."},
    {"imp_nodes[].axl.url", KEY_VALUE, TYPE(VALUE_URL), .required = true, .offset = IMP(axl.url),
     .help = "`https://HOST:8443/axl/`."},
    {"imp_nodes[].axl.version", KEY_VALUE, TYPE(VALUE_AXL_VERSION), "12.5", .offset = IMP(axl_version),
     .help = "AXL schema to speak first; where the node does not take it, one that it names is used."},
    ACCESS("imp_nodes[].axl", axl, true, NULL, "`tls.ca_file`"),
    {"imp_nodes[].axl.table", KEY_VALUE, WORDS(AXL_TABLE_WORDS), "auto", .offset = IMP(axl_table),
     .help = "Name of the table. `auto` tries both and remembers which is there."},
    {"imp_nodes[].axl.verify_accounts", KEY_MAPS, .offset = IMP(accounts), .count = IMP(account_count),
     .size = sizeof(struct config_account),
     .help = "Accounts of others that are only logged in with, to see whether they still can: Expressway-C's."},
    {"imp_nodes[].axl.verify_accounts[].name", KEY_VALUE, TYPE(VALUE_LABEL), .required = true, .offset = ACCOUNT(name),
     .help = "Its name in metrics and pages."},
    {"imp_nodes[].axl.verify_accounts[].username", KEY_VALUE, TYPE(VALUE_USERNAME), .required = true,
     .offset = ACCOUNT(username),
     .help = "The account."},
    {"imp_nodes[].axl.verify_accounts[].password_file", KEY_VALUE, TYPE(VALUE_FILE), .required = true,
     .offset = ACCOUNT(password_file),
     .help = "File whose first line is its password."},
    {"imp_nodes[].axl.verify_accounts[].interval", KEY_VALUE, RANGE(VALUE_DURATION_MS, "1m", "30d"), "24h",
     .offset = ACCOUNT(interval_ms),
     .help = "Time between two logins."},
    {"imp_nodes[].control_center", KEY_MAP,
     .help = "The Control Center Services API, which tells whether the XCP Router runs, and since when."},
    {"imp_nodes[].control_center.url", KEY_VALUE, TYPE(VALUE_URL), .required = true, .offset = IMP(control_center.url),
     .help = "`https://HOST:8443/controlcenterservice2/services/ControlCenterServices`."},
    ACCESS("imp_nodes[].control_center", control_center, false, "that of `axl`", "as in `axl`"),
    {"imp_nodes[].notifications", KEY_MAP,
     .help = "Where a notification about the XCP Router's restart shows."},
    {"imp_nodes[].notifications.page", KEY_MAP,
     .help = "The Notifications page of IM and Presence Administration."},
    {"imp_nodes[].notifications.page.url", KEY_VALUE, TYPE(VALUE_URL), .required = true, .offset = IMP(page.url),
     .help = "Its address, as a browser shows it."},
    ACCESS("imp_nodes[].notifications.page", page, false, "that of `axl`", "as in `axl`"),
    {"imp_nodes[].notifications.query", KEY_VALUE, TYPE(VALUE_SELECT), .offset = IMP(query),
     .help = "SQL of your own for AXL that yields the same: columns severity, description, origin, created, count."},

    {"ping", KEY_MAPS, .offset = CONFIG(pings), .count = CONFIG(ping_count), .size = sizeof(struct config_ping),
     .help = "Accounts that ping domains: federation end to end. [ping.md](ping.md) says how to make one."},
    {"ping[].account", KEY_VALUE, TYPE(VALUE_ACCOUNT), .required = true, .offset = PING(account),
     .help = "The account, `NAME@DOMAIN`, on your own server."},
    {"ping[].password_file", KEY_VALUE, TYPE(VALUE_FILE), .required = true, .offset = PING(password_file),
     .help = "File whose first line is its password; read anew for every login."},
    {"ping[].server", KEY_VALUE, TYPE(VALUE_TARGET), .otherwise = "what SRV `_xmpp-client._tcp` says, or port 5222",
     .offset = PING(server),
     .help = "Where its server answers clients."},
    {"ping[].domains", KEY_LIST, TYPE(VALUE_DOMAIN), .required = true, .offset = PING(domains),
     .count = PING(domain_count),
     .help = "The domains to ping: some of those that are checked, and not the account's own."},
    {"ping[].ca_file", KEY_VALUE, TYPE(VALUE_FILE), .otherwise = "`tls.ca_file`", .offset = PING(ca_file),
     .help = "PEM file of the certificate, or the authorities, that the server's certificate must come from."},
    {"ping[].fingerprint_sha256", KEY_VALUE, TYPE(VALUE_FINGERPRINT), .offset = PING(fingerprint_sha256),
     .help = "In place of a `ca_file`: the SHA-256 of the server's own certificate."},

    {"probe", KEY_MAP,
     .help = "What `/probe` may be asked for."},
    {"probe.allow", KEY_LIST, TYPE(VALUE_DOMAIN_PATTERN), .offset = CONFIG(probe_allow),
     .count = CONFIG(probe_allow_count),
     .help = "Domains beside the configured ones. `*.example.org` stands for all below it, but not for itself."},

    {"metrics", KEY_MAP,
     .help = "How much is exported to Prometheus."},
    {"metrics.detail", KEY_VALUE, WORDS(DETAIL_WORDS), "endpoint", .offset = CONFIG(metrics_detail),
     .help = "`domain` leaves out the families of endpoints and certificates, for tens of thousands of domains."},

    {"snmp", KEY_MAP,
     .help = "How FEDHEALTH-MIB is served."},
    {"snmp.mode", KEY_VALUE, WORDS(SNMP_MODE_WORDS), "agentx", .offset = CONFIG(snmp_mode),
     .help = "`agentx`: through snmpd. `master`: by the agent itself. `off`: not at all."},
    {"snmp.agentx_socket", KEY_VALUE, TYPE(VALUE_SOCKET), "/var/agentx/master", .offset = CONFIG(snmp_agentx_socket),
     .help = "`agentx` only: where snmpd listens for subagents, a path or `tcp:HOST:PORT`."},
    {"snmp.listen", KEY_LIST, TYPE(VALUE_LISTEN), "udp:127.0.0.1:1161", .offset = CONFIG(snmp_listen),
     .count = offsetof(struct config_private, snmp_listen_count),
     .help = "`master` only: the addresses to answer on, with `udp:`, `udp6:`, `tcp:` or `tcp6:` before them."},
    {"snmp.community", KEY_VALUE, TYPE(VALUE_TEXT), .otherwise = "`public`; with `snmp.users`, none",
     .offset = CONFIG(snmp_community),
     .help = "`master` only: the community that may read."},
    {"snmp.users", KEY_MAPS, .offset = CONFIG(snmp_users), .count = CONFIG(snmp_user_count),
     .size = sizeof(struct config_snmp_user),
     .help = "`master` only: SNMPv3 users that may read, with authentication and privacy."},
    {"snmp.users[].name", KEY_VALUE, TYPE(VALUE_LABEL), .required = true, .offset = SNMP_USER(name),
     .help = "The user's name, at most 32 bytes."},
    {"snmp.users[].auth", KEY_VALUE, PROTOCOLS(AUTH_WORDS), "SHA-256", .offset = SNMP_USER(auth),
     .help = "How its messages are authenticated."},
    {"snmp.users[].auth_password_file", KEY_VALUE, TYPE(VALUE_PATH), .required = true,
     .offset = SNMP_USER(auth_password_file),
     .help = "File whose first line is the password for that, 8 bytes or more."},
    {"snmp.users[].priv", KEY_VALUE, PROTOCOLS(PRIV_WORDS), "AES", .offset = SNMP_USER(priv),
     .help = "How its messages are encrypted. `AES` has keys of 128 bits."},
    {"snmp.users[].priv_password_file", KEY_VALUE, TYPE(VALUE_PATH), .required = true,
     .offset = SNMP_USER(priv_password_file),
     .help = "File whose first line is the password for that, 8 bytes or more."},
    {"snmp.notify", KEY_MAPS, .offset = CONFIG(snmp_notify), .count = CONFIG(snmp_notify_count),
     .size = sizeof(struct config_snmp_receiver),
     .help = "`master` only: who gets notifications. In `agentx` mode snmpd knows that."},
    {"snmp.notify[].address", KEY_VALUE, TYPE(VALUE_RECEIVER), .required = true, .offset = RECEIVER(address),
     .help = "`udp:192.0.2.7:162` or `udp6:[2001:db8::7]:162`."},
    {"snmp.notify[].community", KEY_VALUE, TYPE(VALUE_TEXT), .otherwise = "`user` is given",
     .offset = RECEIVER(community),
     .help = "For v2c: the community that the receiver expects."},
    {"snmp.notify[].user", KEY_VALUE, TYPE(VALUE_LABEL), .otherwise = "`community` is given",
     .offset = RECEIVER(user),
     .help = "For v3: one of `snmp.users`, with its authentication and privacy."},
};
const size_t KEY_COUNT = sizeof KEYS / sizeof KEYS[0];
