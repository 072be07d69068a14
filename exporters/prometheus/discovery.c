#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "exporters/prometheus/prometheus.h"

/* One group: Prometheus looks at each target by itself. Names are lower-case A-labels, in which JSON has nothing to
 * escape. */
void prometheus_discovery(const struct status *status, struct buf *out)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < status->domain_count; i++)
        buf_printf(out, "%s\"%s\"", i == 0 ? "{\"targets\":[" : ",\n", status->domains[i]->name);
    buf_puts(out, status->domain_count > 0 ? "],\"labels\":{}}]\n" : "]\n");
}

void prometheus_discovery_etag(const struct buf *body, char *etag, size_t size)
{
    snprintf(etag, size, "%016" PRIx64, text_hash(body->data, body->length));
}
