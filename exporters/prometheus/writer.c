#include "exporters/prometheus/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define LARGEST_EXACT_INTEGER 0x1p53

static const struct {
    const char *text, *openmetrics; /* names of the type */
    const char *suffix;             /* what the samples' name has more than the OpenMetrics family's */
} TYPES[] = {
    [FAMILY_GAUGE] = {"gauge", "gauge", ""},
    [FAMILY_COUNTER] = {"counter", "counter", "_total"},
    [FAMILY_INFO] = {"gauge", "info", "_info"},
    [FAMILY_STATESET] = {"gauge", "stateset", ""},
};

/* Backslash and line feed are escaped everywhere, the quotation mark only where `quotes` is set. */
static void add_escaped(struct buf *out, const char *text, size_t most, bool quotes)
{
    const char *bytes;
    size_t length;
    while ((length = utf8_next(&text, &bytes)) != 0 && length <= most) {
        most -= length;
        if (*bytes == '\n') {
            buf_puts(out, "\\n");
            continue;
        }
        if (*bytes == '\\' || (quotes && *bytes == '"'))
            buf_putc(out, '\\');
        buf_add(out, bytes, length);
    }
}

static bool ends_with_unit(const char *name, size_t length, const char *unit)
{
    size_t tail = strlen(unit);
    return length > tail && name[length - tail - 1] == '_' && strncmp(name + length - tail, unit, tail) == 0;
}

void writer_family(struct buf *out, enum prometheus_format format, const struct family *family)
{
    bool openmetrics = format == PROMETHEUS_OPENMETRICS;
    size_t length = strlen(family->metric);
    if (openmetrics)
        length -= strlen(TYPES[family->type].suffix);
    int shown = (int)length;

    if (openmetrics) {
        buf_printf(out, "# TYPE %.*s %s\n", shown, family->metric, TYPES[family->type].openmetrics);
        if (family->unit != NULL && ends_with_unit(family->metric, length, family->unit))
            buf_printf(out, "# UNIT %.*s %s\n", shown, family->metric, family->unit);
    }
    buf_printf(out, "# HELP %.*s ", shown, family->metric);
    add_escaped(out, family->help, SIZE_MAX, openmetrics);
    buf_putc(out, '\n');
    if (!openmetrics)
        buf_printf(out, "# TYPE %s %s\n", family->metric, TYPES[family->type].text);
}

void writer_label(struct buf *labels, const char *name, const char *value)
{
    if (labels->length > 0)
        buf_putc(labels, ',');
    buf_puts(labels, name);
    buf_puts(labels, "=\"");
    add_escaped(labels, value, LABEL_VALUE_MAX, true);
    buf_putc(labels, '"');
}

/* Integers as such, everything else with the fewest digits that read back as the same number. */
static void add_number(struct buf *out, double number)
{
    if (number > -LARGEST_EXACT_INTEGER && number < LARGEST_EXACT_INTEGER && (double)(int64_t)number == number) {
        buf_printf(out, "%" PRId64, (int64_t)number);
        return;
    }
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    buf_puts(out, text);
}

void writer_sample(struct buf *out, const char *metric, const char *labels, double number)
{
    buf_puts(out, metric);
    if (labels[0] != '\0') {
        buf_putc(out, '{');
        buf_puts(out, labels);
        buf_putc(out, '}');
    }
    buf_putc(out, ' ');
    add_number(out, number);
    buf_putc(out, '\n');
}

void writer_end(struct buf *out, enum prometheus_format format)
{
    if (format == PROMETHEUS_OPENMETRICS)
        buf_puts(out, "# EOF\n");
}
