/* The table of reasons against the contract, the specifications and docs/reasons.md; and `fedhealth explain`. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "health/reason.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* The closed list, but for what RFC 6120 and RFC 8446 name. */
static const struct {
    const char *stage, *code;
    enum state state;
} CONTRACT[] = {
    {"any", "ok", STATE_OK},
    {"any", "not_run", STATE_UNKNOWN},
    {"any", "not_reached", STATE_UNKNOWN},
    {"any", "not_configured", STATE_UNKNOWN},
    {"any", "not_applicable", STATE_UNKNOWN},
    {"any", "local_error", STATE_UNKNOWN},
    {"srv", "domain_invalid", STATE_CRITICAL},
    {"srv", "dns_timeout", STATE_CRITICAL},
    {"srv", "dns_servfail", STATE_CRITICAL},
    {"srv", "dns_refused", STATE_CRITICAL},
    {"srv", "dns_malformed", STATE_CRITICAL},
    {"srv", "dns_nxdomain", STATE_CRITICAL},
    {"srv", "srv_missing", STATE_WARNING},
    {"srv", "dns_no_address", STATE_CRITICAL},
    {"srv", "srv_service_disabled", STATE_CRITICAL},
    {"srv", "srv_target_alias", STATE_WARNING},
    {"srv", "srv_target_no_address", STATE_CRITICAL},
    {"srv", "srv_port_zero", STATE_CRITICAL},
    {"srv", "srv_unexpected", STATE_WARNING},
    {"srv", "dns_views_differ", STATE_WARNING},
    {"connect", "connect_refused", STATE_CRITICAL},
    {"connect", "connect_timeout", STATE_CRITICAL},
    {"connect", "connect_unreachable", STATE_CRITICAL},
    {"connect", "connect_reset", STATE_CRITICAL},
    {"connect", "connect_denied", STATE_CRITICAL},
    {"stream", "stream_timeout", STATE_CRITICAL},
    {"stream", "stream_closed", STATE_CRITICAL},
    {"stream", "stream_not_xmpp", STATE_CRITICAL},
    {"stream", "stream_bad_namespace", STATE_CRITICAL},
    {"stream", "stream_header_invalid", STATE_CRITICAL},
    {"stream", "stream_too_large", STATE_CRITICAL},
    {"stream", "stream_error_other", STATE_CRITICAL},
    {"starttls", "starttls_not_offered", STATE_CRITICAL},
    {"starttls", "starttls_failure", STATE_CRITICAL},
    {"starttls", "starttls_closed", STATE_CRITICAL},
    {"starttls", "starttls_policy_mismatch", STATE_WARNING},
    {"starttls", "tls_timeout", STATE_CRITICAL},
    {"starttls", "tls_closed", STATE_CRITICAL},
    {"starttls", "tls_not_tls", STATE_CRITICAL},
    {"starttls", "tls_alert_other", STATE_CRITICAL},
    {"starttls", "tls_version_too_old", STATE_CRITICAL},
    {"starttls", "tls_client_certificate_required", STATE_CRITICAL},
    {"starttls", "tls_error", STATE_CRITICAL},
    {"certificate", "cert_expired", STATE_CRITICAL},
    {"certificate", "cert_not_yet_valid", STATE_CRITICAL},
    {"certificate", "cert_expires_soon", STATE_WARNING},
    {"certificate", "cert_self_signed", STATE_CRITICAL},
    {"certificate", "cert_untrusted", STATE_CRITICAL},
    {"certificate", "cert_chain_incomplete", STATE_CRITICAL},
    {"certificate", "cert_name_mismatch", STATE_CRITICAL},
    {"certificate", "cert_cn_only", STATE_WARNING},
    {"certificate", "cert_weak_key", STATE_CRITICAL},
    {"certificate", "cert_weak_signature", STATE_CRITICAL},
    {"certificate", "cert_wrong_usage", STATE_CRITICAL},
    {"certificate", "cert_revoked", STATE_CRITICAL},
    {"auth", "auth_not_offered", STATE_CRITICAL},
    {"auth", "auth_features_missing", STATE_CRITICAL},
    {"dialback", "dialback_key_rejected", STATE_CRITICAL},
    {"dialback", "dialback_accepts_bogus", STATE_CRITICAL},
    {"dialback", "dialback_timeout", STATE_CRITICAL},
    {"dialback", "dialback_closed", STATE_CRITICAL},
    {"dialback", "dialback_bad_reply", STATE_CRITICAL},
    {"dialback", "dialback_error_other", STATE_CRITICAL},
    {"ping", "ping_login_failed", STATE_CRITICAL},
    {"ping", "ping_login_held", STATE_CRITICAL}, /* as axl_login_held */
    {"ping", "ping_unreachable", STATE_UNKNOWN}, /* nothing is known of the domain */
    {"ping", "ping_timeout", STATE_CRITICAL},
    {"ping", "ping_error_other", STATE_WARNING},
    {"axl", "axl_dns", STATE_CRITICAL},
    {"axl", "axl_connect", STATE_CRITICAL},
    {"axl", "axl_timeout", STATE_CRITICAL},
    {"axl", "axl_tls", STATE_CRITICAL},
    {"axl", "axl_unauthorized", STATE_CRITICAL},
    {"axl", "axl_account_rejected", STATE_CRITICAL},
    {"axl", "axl_forbidden", STATE_CRITICAL},
    {"axl", "axl_not_found", STATE_CRITICAL},
    {"axl", "axl_throttled", STATE_WARNING},
    {"axl", "axl_version_unsupported", STATE_CRITICAL},
    {"axl", "axl_redirect", STATE_CRITICAL},
    {"axl", "axl_http_error", STATE_CRITICAL},
    {"axl", "axl_soap_fault", STATE_CRITICAL},
    {"axl", "axl_bad_response", STATE_CRITICAL},
    {"axl", "axl_too_large", STATE_WARNING},
    {"axl", "axl_login_held", STATE_CRITICAL}, /* the login is known to be wrong, and nobody may try again */
    {"s2snode", "s2snode_missing", STATE_CRITICAL},
    {"s2snode", "s2snode_unexpected", STATE_WARNING},
    {"s2snode", "s2snode_empty", STATE_CRITICAL},
    {"s2snode", "s2snode_present", STATE_WARNING},
    {"s2snode", "s2snode_differs", STATE_WARNING},
    {"s2snode", "s2snode_no_table", STATE_WARNING},
    {"xcp", "xcp_restart_pending", STATE_CRITICAL},
    {"xcp", "xcp_restart_unknown", STATE_UNKNOWN},
    {"xcp", "xcp_router_stopped", STATE_CRITICAL},
    {"xcp", "xcp_source_failed", STATE_UNKNOWN},
};

/* RFC 6120 4.9.3 */
static const char *const CONDITIONS[] = {
    "bad-format",       "bad-namespace-prefix",     "conflict",
    "connection-timeout", "host-gone",              "host-unknown",
    "improper-addressing", "internal-server-error", "invalid-from",
    "invalid-namespace", "invalid-xml",             "not-authorized",
    "not-well-formed",  "policy-violation",         "remote-connection-failed",
    "reset",            "resource-constraint",      "restricted-xml",
    "see-other-host",   "system-shutdown",          "undefined-condition",
    "unsupported-encoding", "unsupported-feature",  "unsupported-stanza-type",
    "unsupported-version",
};

/* RFC 6120 8.3.3 */
static const char *const STANZA_CONDITIONS[] = {
    "bad-request",       "conflict",               "feature-not-implemented", "forbidden",
    "gone",              "internal-server-error",  "item-not-found",          "jid-malformed",
    "not-acceptable",    "not-allowed",            "not-authorized",          "policy-violation",
    "recipient-unavailable", "redirect",           "registration-required",   "remote-server-not-found",
    "remote-server-timeout", "resource-constraint", "service-unavailable",    "subscription-required",
    "undefined-condition", "unexpected-request",
};

/* RFC 8446 B.2, without _RESERVED */
static const struct {
    unsigned number;
    const char *name;
} ALERTS[] = {
    {0, "close_notify"},           {10, "unexpected_message"},       {20, "bad_record_mac"},
    {21, "decryption_failed"},     {22, "record_overflow"},          {30, "decompression_failure"},
    {40, "handshake_failure"},     {41, "no_certificate"},           {42, "bad_certificate"},
    {43, "unsupported_certificate"}, {44, "certificate_revoked"},    {45, "certificate_expired"},
    {46, "certificate_unknown"},   {47, "illegal_parameter"},        {48, "unknown_ca"},
    {49, "access_denied"},         {50, "decode_error"},             {51, "decrypt_error"},
    {60, "export_restriction"},    {70, "protocol_version"},         {71, "insufficient_security"},
    {80, "internal_error"},        {86, "inappropriate_fallback"},   {90, "user_canceled"},
    {100, "no_renegotiation"},     {109, "missing_extension"},       {110, "unsupported_extension"},
    {111, "certificate_unobtainable"}, {112, "unrecognized_name"},   {113, "bad_certificate_status_response"},
    {114, "bad_certificate_hash_value"}, {115, "unknown_psk_identity"}, {116, "certificate_required"},
    {120, "no_application_protocol"},
};

static void assert_reason(enum reason reason, const char *code, const char *stage, enum state state)
{
    if (reason == REASON_COUNT)
        fail_msg("there is no reason %s", code);
    const struct reason_info *info = reason_info(reason);
    assert_string_equal(info->code, code);
    assert_string_equal(info->stage, stage);
    assert_int_equal(info->state, state);
}

static void test_list_is_the_contracts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(CONTRACT); i++)
        assert_reason(reason_from_code(CONTRACT[i].code), CONTRACT[i].code, CONTRACT[i].stage, CONTRACT[i].state);
    assert_int_equal(REASON_COUNT, COUNT(CONTRACT) + COUNT(CONDITIONS) + COUNT(ALERTS) +
                                       2 * COUNT(STANZA_CONDITIONS)); /* those of ping: test_ping.c */
}

static void test_zero_is_not_run(void **state)
{
    (void)state;
    assert_int_equal(REASON_NOT_RUN, 0);
}

static void assert_condition(enum reason reason, const char *prefix, const char *condition, const char *stage)
{
    char code[64];
    snprintf(code, sizeof code, "%s%s", prefix, condition);
    for (char *at = strchr(code, '-'); at != NULL; at = strchr(at, '-'))
        *at = '_';
    assert_reason(reason, code, stage, STATE_CRITICAL);
}

static void test_stream_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(CONDITIONS); i++)
        assert_condition(reason_from_stream_error(CONDITIONS[i]), "stream_error_", CONDITIONS[i], "stream");
    assert_int_equal(reason_from_stream_error("host-unknown"), REASON_STREAM_ERROR_HOST_UNKNOWN);
    assert_int_equal(reason_from_stream_error("xml-not-well-formed"), REASON_STREAM_ERROR_NOT_WELL_FORMED);
}

static void test_dialback_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(STANZA_CONDITIONS); i++)
        assert_condition(reason_from_dialback_error(STANZA_CONDITIONS[i]), "dialback_error_", STANZA_CONDITIONS[i],
                         "dialback");
    assert_int_equal(reason_from_dialback_error("item-not-found"), REASON_DIALBACK_ERROR_ITEM_NOT_FOUND);
}

static void test_unlisted_stream_errors_are_other(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {"",          "invalid-id",     "host_unknown", "Host-Unknown", "host",
                                         "host-unknown-", "-",          "text",         "other"};
    for (size_t i = 0; i < COUNT(OTHERS); i++) {
        assert_int_equal(reason_from_stream_error(OTHERS[i]), REASON_STREAM_ERROR_OTHER);
        assert_int_equal(reason_from_dialback_error(OTHERS[i]), REASON_DIALBACK_ERROR_OTHER);
    }
}

static void test_tls_alerts(void **state)
{
    (void)state;
    bool listed[256] = {false};
    for (size_t i = 0; i < COUNT(ALERTS); i++) {
        char code[64];
        snprintf(code, sizeof code, "tls_alert_%s", ALERTS[i].name);
        assert_reason(reason_from_tls_alert(ALERTS[i].number), code, "starttls", STATE_CRITICAL);
        listed[ALERTS[i].number] = true;
    }
    assert_int_equal(reason_from_tls_alert(40), REASON_TLS_ALERT_HANDSHAKE_FAILURE);
    for (unsigned alert = 0; alert < COUNT(listed); alert++) {
        if (!listed[alert])
            assert_int_equal(reason_from_tls_alert(alert), REASON_TLS_ALERT_OTHER);
    }
    assert_int_equal(reason_from_tls_alert(UINT32_MAX), REASON_TLS_ALERT_OTHER);
}

static void test_codes_are_unique_and_well_formed(void **state)
{
    (void)state;
    for (enum reason reason = 0; reason < REASON_COUNT; reason++) {
        const char *code = reason_info(reason)->code;
        assert_true(*code != '\0');
        assert_int_equal(strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(code));
        assert_int_equal(reason_from_code(code), reason); /* the first with this code is itself */
    }
    assert_int_equal(reason_from_code("no_such_reason"), REASON_COUNT);
    assert_int_equal(reason_from_code(""), REASON_COUNT);
}

static void test_stages_stand_together(void **state)
{
    (void)state;
    static const char *const STAGES[] = {"any",  "srv", "connect", "stream", "starttls", "certificate",
                                         "auth", "dialback", "ping", "axl", "s2snode", "xcp"};
    size_t stage = 0;
    for (enum reason reason = 0; reason < REASON_COUNT; reason++) {
        if (strcmp(reason_info(reason)->stage, STAGES[stage]) != 0)
            stage++;
        assert_true(stage < COUNT(STAGES));
        assert_string_equal(reason_info(reason)->stage, STAGES[stage]);
    }
    assert_int_equal(stage, COUNT(STAGES) - 1);
}

/* Plain ASCII sentences. What a terminal or Markdown would take for markup stands between backticks. */
static void assert_sentences(const char *code, const char *text, int sentences_max)
{
    size_t length = strlen(text);
    if (length < 10 || !isupper((unsigned char)text[0]) || text[length - 1] != '.')
        fail_msg("%s: not a sentence: %s", code, text);
    bool quoted = false;
    int sentences = 1;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < ' ' || text[i] > '~' || (text[i] == ' ' && text[i + 1] == ' '))
            fail_msg("%s: stray character at %zu: %s", code, i, text);
        if (text[i] == '`')
            quoted = !quoted;
        if (!quoted && strchr("<>*_|[]#\\", text[i]) != NULL)
            fail_msg("%s: %c outside backticks: %s", code, text[i], text);
        if (!quoted && strncmp(text + i, ". ", 2) == 0)
            sentences++;
    }
    if (quoted)
        fail_msg("%s: a backtick too many: %s", code, text);
    if (sentences > sentences_max)
        fail_msg("%s: %d sentences: %s", code, sentences, text);
}

static void test_texts(void **state)
{
    (void)state;
    for (enum reason reason = 0; reason < REASON_COUNT; reason++) {
        const struct reason_info *info = reason_info(reason);
        assert_sentences(info->code, info->meaning, 1);
        assert_sentences(info->code, info->cause, 3);
        assert_sentences(info->code, info->remedy, 3);
    }
}

static void test_no_two_reasons_share_a_meaning_or_cause(void **state)
{
    (void)state;
    for (enum reason a = 0; a < REASON_COUNT; a++) {
        for (enum reason b = a + 1; b < REASON_COUNT; b++) {
            const struct reason_info *one = reason_info(a), *other = reason_info(b);
            if (strcmp(one->meaning, other->meaning) == 0 || strcmp(one->cause, other->cause) == 0)
                fail_msg("%s and %s say the same", one->code, other->code);
        }
    }
}

static char *read_all(FILE *in)
{
    char *text = NULL;
    size_t size = 0;
    rewind(in);
    if (getdelim(&text, &size, '\0', in) < 0)
        text = strdup("");
    fclose(in);
    return text;
}

static void test_reference_is_current(void **state)
{
    (void)state;
    const char *srcdir = getenv("srcdir");
    char path[4096];
    snprintf(path, sizeof path, "%s/docs/reasons.md", srcdir != NULL ? srcdir : ".");
    FILE *committed = fopen(path, "r");
    if (committed == NULL)
        fail_msg("%s cannot be read", path);
    FILE *made = tmpfile();
    explain_write_markdown(made);
    char *want = read_all(made), *got = read_all(committed);
    if (strcmp(want, got) != 0)
        fail_msg("%s is not current: write it anew with `fedhealth explain --markdown`", path);
    free(want);
    free(got);
}

/* What `fedhealth explain ARGUMENT` (NULL: without one) leaves on this stream, and its exit status. */
static char *run_explain(const char *argument, FILE *stream, int *status)
{
    char name[] = "explain", given[128] = "";
    snprintf(given, sizeof given, "%s", argument != NULL ? argument : "");
    char *argv[] = {name, argument != NULL ? given : NULL, NULL};
    FILE *caught = tmpfile();
    fflush(stream);
    int kept = dup(fileno(stream));
    dup2(fileno(caught), fileno(stream));
    *status = cli_explain(argument != NULL ? 2 : 1, argv);
    fflush(stream);
    dup2(kept, fileno(stream));
    close(kept);
    return read_all(caught);
}

static void test_explain_shows_every_reason_within_80_columns(void **state)
{
    (void)state;
    for (enum reason reason = 0; reason < REASON_COUNT; reason++) {
        const struct reason_info *info = reason_info(reason);
        int status = -1;
        char *text = run_explain(info->code, stdout, &status);
        assert_int_equal(status, 0);
        assert_non_null(strstr(text, info->code));
        assert_non_null(strstr(text, info->stage));
        assert_non_null(strstr(text, state_name(info->state)));
        char *rest = NULL;
        for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
            if (strlen(line) > 80)
                fail_msg("%s: %zu columns: %s", info->code, strlen(line), line);
        }
        free(text);
    }
}

static void test_explain_is_lenient_about_spelling(void **state)
{
    (void)state;
    static const char *const SPELLINGS[] = {"cert_expired", "cert-expired", "CERT_EXPIRED", "Cert-Expired"};
    for (size_t i = 0; i < COUNT(SPELLINGS); i++) {
        int status = -1;
        char *text = run_explain(SPELLINGS[i], stdout, &status);
        assert_int_equal(status, 0);
        assert_non_null(strstr(text, "Reason  cert_expired\nStage   certificate\nState   critical\n"));
        assert_non_null(strstr(text, "\nMeaning\n  The certificate, or one in its chain, has expired.\n"));
        assert_non_null(strstr(text, "\nLikely cause\n  "));
        assert_non_null(strstr(text, "\nWhat to do\n  "));
        free(text);
    }
}

static void test_explain_hints_at_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *hint;
    } CASES[] = {
        {"dns_timeuot", "did you mean dns_timeout?"},
        {"cert_expird", "did you mean cert_expired?"},
        {"host-unknown", "did you mean stream_error_host_unknown?"},
        {"unknown_ca", "did you mean tls_alert_unknown_ca?"},
        {"connect refused", "did you mean connect_refused?"},
        {"executeSQLQuery", "`fedhealth explain` lists them"}, /* nothing is like it */
        {"xcp-restart-pendng", "did you mean xcp_restart_pending?"},
        {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "`fedhealth explain` lists them"},
        {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "this is not a reason"},
        {"--nonsense", "usage: fedhealth explain"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        int status = -1;
        char *text = run_explain(CASES[i].typed, stderr, &status);
        assert_int_equal(status, CLI_EXIT_UNKNOWN);
        if (strstr(text, CASES[i].hint) == NULL)
            fail_msg("%s: %s", CASES[i].typed, text);
        free(text);
    }
}

static void test_nearest(void **state)
{
    (void)state;
    char word[301];
    for (size_t length = 0; length < sizeof word; length++) { /* however long, nothing is like it */
        memset(word, 'x', length);
        word[length] = '\0';
        assert_true(length == 1 || reason_nearest(word) == NULL);
    }
    assert_string_equal(reason_nearest("cert_expird"), "cert_expired");
    assert_string_equal(reason_nearest("unknown_ca"), "tls_alert_unknown_ca");
}

static void test_explain_lists_every_reason_on_a_line(void **state)
{
    (void)state;
    int status = -1;
    char *text = run_explain(NULL, stdout, &status);
    assert_int_equal(status, 0);
    for (enum reason reason = 0; reason < REASON_COUNT; reason++) {
        const struct reason_info *info = reason_info(reason);
        char line[512];
        snprintf(line, sizeof line, "\n  %-41s  %-8s  %s\n", info->code, state_name(info->state), info->meaning);
        assert_non_null(strstr(text, line));
    }
    assert_int_equal(strncmp(text, "any\n", 4), 0);
    assert_non_null(strstr(text, "\n\nsrv\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_is_the_contracts),
        cmocka_unit_test(test_zero_is_not_run),
        cmocka_unit_test(test_stream_errors),
        cmocka_unit_test(test_dialback_errors),
        cmocka_unit_test(test_unlisted_stream_errors_are_other),
        cmocka_unit_test(test_tls_alerts),
        cmocka_unit_test(test_codes_are_unique_and_well_formed),
        cmocka_unit_test(test_stages_stand_together),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_no_two_reasons_share_a_meaning_or_cause),
        cmocka_unit_test(test_reference_is_current),
        cmocka_unit_test(test_explain_shows_every_reason_within_80_columns),
        cmocka_unit_test(test_explain_is_lenient_about_spelling),
        cmocka_unit_test(test_explain_hints_at_the_nearest),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_explain_lists_every_reason_on_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
