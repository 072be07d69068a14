#include "health/reason.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

static const struct reason_info REASONS[] = {
#define REASON(id, code, stage, state, meaning, cause, remedy) {code, stage, state, meaning, cause, remedy},
#include "health/reasons.def"
#undef REASON
};

static const struct {
    unsigned alert;
    enum reason reason;
} ALERTS[] = {
    {0, REASON_TLS_ALERT_CLOSE_NOTIFY},
    {10, REASON_TLS_ALERT_UNEXPECTED_MESSAGE},
    {20, REASON_TLS_ALERT_BAD_RECORD_MAC},
    {21, REASON_TLS_ALERT_DECRYPTION_FAILED},
    {22, REASON_TLS_ALERT_RECORD_OVERFLOW},
    {30, REASON_TLS_ALERT_DECOMPRESSION_FAILURE},
    {40, REASON_TLS_ALERT_HANDSHAKE_FAILURE},
    {41, REASON_TLS_ALERT_NO_CERTIFICATE},
    {42, REASON_TLS_ALERT_BAD_CERTIFICATE},
    {43, REASON_TLS_ALERT_UNSUPPORTED_CERTIFICATE},
    {44, REASON_TLS_ALERT_CERTIFICATE_REVOKED},
    {45, REASON_TLS_ALERT_CERTIFICATE_EXPIRED},
    {46, REASON_TLS_ALERT_CERTIFICATE_UNKNOWN},
    {47, REASON_TLS_ALERT_ILLEGAL_PARAMETER},
    {48, REASON_TLS_ALERT_UNKNOWN_CA},
    {49, REASON_TLS_ALERT_ACCESS_DENIED},
    {50, REASON_TLS_ALERT_DECODE_ERROR},
    {51, REASON_TLS_ALERT_DECRYPT_ERROR},
    {60, REASON_TLS_ALERT_EXPORT_RESTRICTION},
    {70, REASON_TLS_ALERT_PROTOCOL_VERSION},
    {71, REASON_TLS_ALERT_INSUFFICIENT_SECURITY},
    {80, REASON_TLS_ALERT_INTERNAL_ERROR},
    {86, REASON_TLS_ALERT_INAPPROPRIATE_FALLBACK},
    {90, REASON_TLS_ALERT_USER_CANCELED},
    {100, REASON_TLS_ALERT_NO_RENEGOTIATION},
    {109, REASON_TLS_ALERT_MISSING_EXTENSION},
    {110, REASON_TLS_ALERT_UNSUPPORTED_EXTENSION},
    {111, REASON_TLS_ALERT_CERTIFICATE_UNOBTAINABLE},
    {112, REASON_TLS_ALERT_UNRECOGNIZED_NAME},
    {113, REASON_TLS_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE},
    {114, REASON_TLS_ALERT_BAD_CERTIFICATE_HASH_VALUE},
    {115, REASON_TLS_ALERT_UNKNOWN_PSK_IDENTITY},
    {116, REASON_TLS_ALERT_CERTIFICATE_REQUIRED},
    {120, REASON_TLS_ALERT_NO_APPLICATION_PROTOCOL},
};

const struct reason_info *reason_info(enum reason reason)
{
    assert(reason < REASON_COUNT);
    return &REASONS[reason];
}

enum reason reason_from_code(const char *code)
{
    enum reason reason = 0;
    while (reason < REASON_COUNT && strcmp(REASONS[reason].code, code) != 0)
        reason++;
    return reason;
}

const char *reason_nearest(const char *code)
{
    const char *nearest = NULL;
    size_t length = strlen(code);
    if (length == 0 || length >= TEXT_WORD_MAX)
        return NULL;
    size_t least = length / 3 + 1; /* a slip or two in a short word, a few in a long one */
    for (size_t i = 0; i < REASON_COUNT; i++) {
        if (strstr(REASONS[i].code, code) != NULL)
            return REASONS[i].code;
        size_t differs = text_distance(code, REASONS[i].code);
        if (differs < least) {
            nearest = REASONS[i].code;
            least = differs;
        }
    }
    return nearest;
}

/* Whether the code is that of this condition: "stream_error_host_unknown" of "host-unknown". */
static bool is_condition(const char *code, const char *prefix, const char *condition)
{
    size_t length = strlen(prefix);
    if (strncmp(code, prefix, length) != 0)
        return false;
    for (code += length; *code != '\0'; code++, condition++) {
        if (*condition != (*code == '_' ? '-' : *code))
            return false;
    }
    return *condition == '\0';
}

/* The reason of a condition, whose code begins with this prefix; or else `other`. */
static enum reason find_condition(const char *prefix, const char *condition, enum reason other)
{
    for (enum reason reason = 0; reason < REASON_COUNT; reason++) {
        if (is_condition(REASONS[reason].code, prefix, condition))
            return reason;
    }
    return other;
}

enum reason reason_from_stream_error(const char *condition)
{
    if (strcmp(condition, "xml-not-well-formed") == 0) /* RFC 3920 4.7.3 */
        return REASON_STREAM_ERROR_NOT_WELL_FORMED;
    return find_condition("stream_error_", condition, REASON_STREAM_ERROR_OTHER);
}

enum reason reason_from_dialback_error(const char *condition)
{
    return find_condition("dialback_error_", condition, REASON_DIALBACK_ERROR_OTHER);
}

enum reason reason_from_ping_error(const char *condition)
{
    return find_condition("ping_error_", condition, REASON_PING_ERROR_OTHER);
}

enum reason reason_from_tls_alert(unsigned alert)
{
    for (size_t i = 0; i < sizeof ALERTS / sizeof *ALERTS; i++) {
        if (ALERTS[i].alert == alert)
            return ALERTS[i].reason;
    }
    return REASON_TLS_ALERT_OTHER;
}
