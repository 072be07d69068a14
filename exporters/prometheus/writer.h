/* The two exposition formats, line by line: families, labels, samples. Text 0.0.4 and OpenMetrics 1.0 differ only in
 * what a family's head says; the samples are the same lines. */
#ifndef PROMETHEUS_WRITER_H
#define PROMETHEUS_WRITER_H

#include "base/buf.h"
#include "exporters/prometheus/prometheus.h"

/* The contract's longest label value, in bytes. */
#define LABEL_VALUE_MAX 256

enum family_type { FAMILY_GAUGE, FAMILY_COUNTER, FAMILY_INFO, FAMILY_STATESET };

struct family {
    const char *metric; /* name of its samples, with _total or _info */
    enum family_type type;
    const char *unit;   /* or NULL */
    const char *help;
};

/* TYPE, UNIT and HELP of a family. Its samples follow it at once. */
void writer_family(struct buf *out, enum prometheus_format format, const struct family *family);
/* Appends name="value" to a list of labels. The value is made valid UTF-8, and cut between characters to
 * LABEL_VALUE_MAX. */
void writer_label(struct buf *labels, const char *name, const char *value);
/* `labels` as writer_label() has built it; "" for none. The number is finite. */
void writer_sample(struct buf *out, const char *metric, const char *labels, double number);
void writer_end(struct buf *out, enum prometheus_format format);

#endif
