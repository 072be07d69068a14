#include "exporters/snmp/cell.h"

#include <string.h>
#include <time.h>

static void write_text(const char *text, netsnmp_variable_list *varbind)
{
    static const char MORE[] = "...";
    const size_t more = sizeof MORE - 1;
    char cut[CELL_TEXT_MAX];
    size_t length = strlen(text);
    if (length > sizeof cut) {
        length = sizeof cut - more;
        while (length > 0 && (text[length] & 0xc0) == 0x80) /* not inside a UTF-8 sequence */
            length--;
        memcpy(cut, text, length);
        memcpy(cut + length, MORE, more);
        text = cut;
        length += more;
    }
    snmp_set_var_typed_value(varbind, ASN_OCTET_STR, text, length);
}

static void write_gauge(double number, netsnmp_variable_list *varbind)
{
    long whole = number >= UINT32_MAX ? UINT32_MAX : number > 0 ? (long)(number + 0.5) : 0;
    snmp_set_var_typed_integer(varbind, ASN_GAUGE, whole);
}

static void write_counter(uint64_t count, netsnmp_variable_list *varbind)
{
    struct counter64 halves = {.high = count >> 32, .low = count & UINT32_MAX};
    snmp_set_var_typed_value(varbind, ASN_COUNTER64, &halves, sizeof halves);
}

/* RFC 2579: year, month, day, hour, minute, second, tenths, direction from UTC, hours and minutes from UTC. */
static void write_date_and_time(double seconds, netsnmp_variable_list *varbind)
{
    int64_t ms = (int64_t)(seconds * 1e3 + 0.5);
    time_t whole = (time_t)(ms / 1000);
    struct tm utc = {.tm_year = 70, .tm_mday = 1};
    gmtime_r(&whole, &utc);
    unsigned year = (unsigned)utc.tm_year + 1900;
    const unsigned char octets[] = {
        (unsigned char)(year >> 8), (unsigned char)year, (unsigned char)(utc.tm_mon + 1), (unsigned char)utc.tm_mday,
        (unsigned char)utc.tm_hour, (unsigned char)utc.tm_min, (unsigned char)utc.tm_sec,
        (unsigned char)(ms % 1000 / 100), '+', 0, 0,
    };
    snmp_set_var_typed_value(varbind, ASN_OCTET_STR, octets, sizeof octets);
}

void cell_write(const struct fact *fact, const struct fact_value *value, netsnmp_variable_list *varbind)
{
    switch (fact->type) {
    case FACT_TEXT: write_text(value->text, varbind); break;
    case FACT_CHOICE:
    case FACT_STATE: snmp_set_var_typed_integer(varbind, ASN_INTEGER, (long)value->number); break;
    case FACT_COUNTER: write_counter(value->count, varbind); break;
    case FACT_GAUGE: write_gauge(value->number, varbind); break;
    case FACT_DURATION: write_gauge(value->number * 1e3, varbind); break;
    case FACT_TIMESTAMP: write_date_and_time(value->number, varbind); break;
    case FACT_INFO: break; /* has no column */
    }
}
