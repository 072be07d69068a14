/* The Prometheus exposition of a snapshot: text 0.0.4 and OpenMetrics 1.0, read out of the table of facts. No HTTP
 * here. An encoder is pulled piece by piece, so that no body-sized buffer is ever needed. */
#ifndef PROMETHEUS_PROMETHEUS_H
#define PROMETHEUS_PROMETHEUS_H

#include <stdbool.h>
#include <stdint.h>

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
/* The same for one check that was asked for, the only domain of `status`: its families without those that tell of more
 * than this one round, nothing about the agent, and these two. */
struct prometheus_probe {
    bool success;
    int64_t duration_us;
};
struct prometheus_encoder *prometheus_encoder_new_probe(const struct status *status, enum prometheus_format format,
                                                        bool endpoints, const struct prometheus_probe *probe);
/* Appends about one family or some rows of it; false when nothing was left. */
bool prometheus_encoder_next(struct prometheus_encoder *encoder, struct buf *out);
void prometheus_encoder_free(struct prometheus_encoder *encoder);

#define PROMETHEUS_DISCOVERY_TYPE "application/json"
/* The domains as targets for Prometheus' HTTP service discovery, in ascending order of index, which stays. */
void prometheus_discovery(const struct status *status, struct buf *out);
/* A tag of that body, the same only where the body is. */
void prometheus_discovery_etag(const struct buf *body, char *etag, size_t size);

#endif
