/* The Prometheus exposition of a snapshot: text 0.0.4 and OpenMetrics 1.0, read out of the table of facts. No HTTP
 * here. An encoder is pulled piece by piece, so that no body-sized buffer is ever needed. */
#ifndef PROMETHEUS_PROMETHEUS_H
#define PROMETHEUS_PROMETHEUS_H

#include <stdbool.h>

#include "base/buf.h"
#include "health/status.h"

enum prometheus_format { PROMETHEUS_TEXT, PROMETHEUS_OPENMETRICS };

/* The format that an Accept header prefers, by its q values (RFC 9110 12.5.1); text for NULL and for ties. */
enum prometheus_format prometheus_negotiate(const char *accept);
const char *prometheus_content_type(enum prometheus_format format);

struct prometheus_encoder;
/* `status` is borrowed and must stay until the encoder is freed. Without `endpoints` the families of single endpoints
 * and their certificates are left out. */
struct prometheus_encoder *prometheus_encoder_new(const struct status *status, enum prometheus_format format,
                                                  bool endpoints);
/* Appends about one family or some rows of it; false when nothing was left. */
bool prometheus_encoder_next(struct prometheus_encoder *encoder, struct buf *out);
void prometheus_encoder_free(struct prometheus_encoder *encoder);

#endif
