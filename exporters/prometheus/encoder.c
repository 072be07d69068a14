#include "exporters/prometheus/prometheus.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "exporters/prometheus/process.h"
#include "exporters/prometheus/writer.h"
#include "health/fact.h"

/* A piece ends with the row that makes it this long. */
#define PIECE_BYTES 8192
/* Of one row's labels: at most 2 * FACT_MAX_LABELS of them, every byte of a value escaped. */
#define LABELS_MAX 16384
/* Of all rows of one domain or node. */
#define SEEN_MAX (16 << 20)

struct prometheus_encoder {
    const struct status *status;
    enum prometheus_format format;
    bool endpoints;                              /* families of single endpoints are wanted */
    bool is_probe;                               /* `probe` is told of, not `process` */
    struct prometheus_probe probe;
    struct process_sample process;

    size_t fact;                                 /* the family being written */
    const struct fact *parts[FACT_MAX_LABELS];   /* an info family's */
    bool entered, announced;                     /* `row` is in use; the family's head is written */
    bool has_row;
    struct fact_row row;                         /* the next to write */
    struct buf labels;                           /* of the row, then with those of the sample */
    struct buf seen;                             /* the labels of the target's rows, each within line feeds */
    size_t seen_target;                          /* which domain's or node's, by its position */
    bool ended;
};

static struct prometheus_encoder *encoder_new(const struct status *status, enum prometheus_format format,
                                              bool endpoints)
{
    struct prometheus_encoder *encoder = mem_alloc(sizeof *encoder);
    encoder->status = status;
    encoder->format = format;
    encoder->endpoints = endpoints;
    buf_init(&encoder->labels, LABELS_MAX);
    buf_init(&encoder->seen, SEEN_MAX);
    return encoder;
}

struct prometheus_encoder *prometheus_encoder_new(const struct status *status, enum prometheus_format format,
                                                  bool endpoints)
{
    struct prometheus_encoder *encoder = encoder_new(status, format, endpoints);
    process_sample_take(&encoder->process);
    return encoder;
}

struct prometheus_encoder *prometheus_encoder_new_probe(const struct status *status, enum prometheus_format format,
                                                        bool endpoints, const struct prometheus_probe *probe)
{
    struct prometheus_encoder *encoder = encoder_new(status, format, endpoints);
    encoder->is_probe = true;
    encoder->probe = *probe;
    return encoder;
}

void prometheus_encoder_free(struct prometheus_encoder *encoder)
{
    if (encoder == NULL)
        return;
    buf_fini(&encoder->labels);
    buf_fini(&encoder->seen);
    free(encoder);
}

static enum family_type family_type(enum fact_type type)
{
    switch (type) {
    case FACT_COUNTER: return FAMILY_COUNTER;
    case FACT_INFO: return FAMILY_INFO;
    case FACT_STATE: return FAMILY_STATESET;
    case FACT_GAUGE:
    case FACT_TIMESTAMP:
    case FACT_DURATION:
    case FACT_CHOICE:
    case FACT_TEXT: break;
    }
    return FAMILY_GAUGE;
}

/* A family without samples is not mentioned, so its head is written with its first one. */
static void announce(struct prometheus_encoder *encoder, const struct fact *fact, struct buf *out)
{
    if (encoder->announced)
        return;
    const struct family family = {fact->metric, family_type(fact->type), fact->unit, fact->help};
    writer_family(out, encoder->format, &family);
    encoder->announced = true;
}

static void build_labels(struct prometheus_encoder *encoder)
{
    char scratch[FACT_TEXT_SIZE];
    const struct fact_row *row = &encoder->row;
    buf_clear(&encoder->labels);
    for (size_t i = 0; i < scope_label_count(row->scope); i++)
        writer_label(&encoder->labels, scope_label_name(row->scope, i), scope_label_value(row, i, scratch));
}

/* Whether a sample of this family has the row's labels already, the first `length` bytes of the present ones. Only a
 * peer's doing can cause that: the same SRV record twice, or names that are alike once cut. Rows of different domains
 * or nodes differ by its name. */
static bool labels_repeat(struct prometheus_encoder *encoder, size_t length)
{
    struct buf *seen = &encoder->seen;
    if (encoder->seen_target != encoder->row.target_at || seen->length == 0) {
        encoder->seen_target = encoder->row.target_at;
        buf_clear(seen);
        buf_putc(seen, '\n');
    }
    size_t mark = seen->length - 1;
    buf_add(seen, encoder->labels.data, length);
    buf_putc(seen, '\n');
    return memmem(seen->data, mark + 1, seen->data + mark, seen->length - mark) != NULL;
}

static void write_states(struct prometheus_encoder *encoder, const struct fact *fact, enum state holds, struct buf *out)
{
    static const enum state ORDER[] = {STATE_OK, STATE_WARNING, STATE_CRITICAL, STATE_UNKNOWN};
    size_t mark = encoder->labels.length;
    for (size_t i = 0; i < STATE_COUNT; i++) {
        encoder->labels.length = mark;
        writer_label(&encoder->labels, fact->metric, state_name(ORDER[i]));
        writer_sample(out, fact->metric, encoder->labels.data, ORDER[i] == holds);
    }
}

/* An absent part is an empty label, which to Prometheus is no label. False where all are absent. */
static bool build_parts(struct prometheus_encoder *encoder)
{
    bool any = encoder->parts[0] == NULL;
    for (size_t i = 0; i < FACT_MAX_LABELS && encoder->parts[i] != NULL; i++) {
        struct fact_value value;
        fact_read(encoder->parts[i], &encoder->row, &value);
        writer_label(&encoder->labels, encoder->parts[i]->key, value.present ? value.text : "");
        any = any || value.present;
    }
    return any;
}

static void write_row(struct prometheus_encoder *encoder, const struct fact *fact, struct buf *out)
{
    struct fact_value value;
    fact_read(fact, &encoder->row, &value);
    double number = 1;
    if (fact->type != FACT_INFO) {
        number = fact->type == FACT_COUNTER ? (double)value.count : value.number;
        if (!value.present || !isfinite(number))
            return;
    }
    build_labels(encoder);
    size_t length = encoder->labels.length;
    if ((fact->type == FACT_INFO && !build_parts(encoder)) || labels_repeat(encoder, length))
        return;
    announce(encoder, fact, out);
    if (fact->type == FACT_STATE)
        write_states(encoder, fact, (enum state)number, out);
    else
        writer_sample(out, fact->metric, encoder->labels.data, number);
}

static void enter_family(struct prometheus_encoder *encoder, const struct fact *fact)
{
    memset(encoder->parts, 0, sizeof encoder->parts);
    for (size_t i = 0; i < FACT_MAX_LABELS && fact->parts[i] != NULL; i++) {
        encoder->parts[i] = fact_by_key(fact->scope, fact->parts[i]);
        assert(encoder->parts[i] != NULL && encoder->parts[i]->type == FACT_TEXT);
    }
    buf_clear(&encoder->seen);
    encoder->has_row = fact_row_first(&encoder->row, fact->scope, encoder->status);
    encoder->entered = true;
    encoder->announced = false;
}

/* Of a probe, nothing about the agent, and no counters: one round has none. */
static bool is_wanted(const struct prometheus_encoder *encoder, const struct fact *fact)
{
    if (fact->metric == NULL || (!encoder->endpoints && scope_is_of_endpoint(fact->scope)))
        return false;
    return !encoder->is_probe || (fact->scope != SCOPE_AGENT && fact->type != FACT_COUNTER);
}

static void write_probe(const struct prometheus_encoder *encoder, struct buf *out)
{
    static const struct family SUCCESS = {
        "probe_success", FAMILY_GAUGE, NULL,
        "Whether the domain's state is ok or warning: 1 yes, 0 it is critical or unknown."};
    static const struct family DURATION = {
        "probe_duration_seconds", FAMILY_GAUGE, "seconds", "Time that the probe took, all in all."};
    writer_family(out, encoder->format, &SUCCESS);
    writer_sample(out, SUCCESS.metric, "", encoder->probe.success);
    writer_family(out, encoder->format, &DURATION);
    writer_sample(out, DURATION.metric, "", (double)encoder->probe.duration_us / 1e6);
}

/* One row, or the step to the next family, or the end; false when there is nothing more. */
static bool advance(struct prometheus_encoder *encoder, struct buf *out)
{
    if (encoder->fact == FACT_COUNT) {
        if (encoder->ended)
            return false;
        if (encoder->is_probe)
            write_probe(encoder, out);
        else
            process_sample_write(&encoder->process, out, encoder->format);
        writer_end(out, encoder->format);
        encoder->ended = true;
        return true;
    }
    const struct fact *fact = &FACTS[encoder->fact];
    if (!encoder->entered && is_wanted(encoder, fact))
        enter_family(encoder, fact);
    if (encoder->entered && encoder->has_row) {
        write_row(encoder, fact, out);
        encoder->has_row = fact_row_next(&encoder->row);
    } else {
        encoder->entered = false;
        encoder->fact++;
    }
    return true;
}

bool prometheus_encoder_next(struct prometheus_encoder *encoder, struct buf *out)
{
    size_t begin = out->length;
    while (out->length - begin < PIECE_BYTES && !buf_failed(out)) {
        if (!advance(encoder, out))
            return out->length > begin;
    }
    return true;
}
