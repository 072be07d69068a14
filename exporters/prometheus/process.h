/* The nine process_* metrics that the Prometheus client libraries share. */
#ifndef PROMETHEUS_PROCESS_H
#define PROMETHEUS_PROCESS_H

#include "exporters/prometheus/writer.h"

#define PROCESS_METRIC_COUNT 9

struct process_sample {
    struct {
        bool present;
        double number;
    } metric[PROCESS_METRIC_COUNT];
};

/* Reads /proc/self. What cannot be read stays absent. */
void process_sample_take(struct process_sample *sample);
void process_sample_write(const struct process_sample *sample, struct buf *out, enum prometheus_format format);

#endif
