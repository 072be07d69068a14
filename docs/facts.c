/* Writes docs/metrics.md out of the table of facts: make docs/facts && docs/facts > docs/metrics.md. */
#include <stdio.h>
#include <string.h>

#include "health/fact.h"

static const char HEAD[] =
    "# Metrics\n"
    "\n"
    "Every family that `/metrics` serves, and the SNMP object that shows the same fact. This file is written by\n"
    "`docs/facts` out of the table in `agent/health/facts.def`; `make check` fails when the two differ.\n"
    "\n"
    "A value that is not known has no sample: never 0 or -1 in its place. Whether results are stale is computed from\n"
    "`fedhealth_check_last_run_timestamp_seconds` and `fedhealth_check_interval_seconds`, or those of\n"
    "`fedhealth_imp_check_*`. The nine `process_*` families of the Prometheus client libraries are served too. No two\n"
    "samples of a family have the same labels; `subject`, `issuer` and `cp_id`, which a server chooses, are at most 256\n"
    "bytes. With `metrics.detail: domain` the families with the label `endpoint` are left out. What an info family has\n"
    "as labels are columns of their own in SNMP: see [snmp.md](snmp.md).\n"
    "\n"
    "| family | type | labels | SNMP object | meaning |\n"
    "| --- | --- | --- | --- | --- |\n";

static const char *type_name(enum fact_type type)
{
    switch (type) {
    case FACT_GAUGE:
    case FACT_TIMESTAMP:
    case FACT_DURATION: return "gauge";
    case FACT_COUNTER: return "counter";
    case FACT_STATE: return "stateset";
    case FACT_INFO: return "info";
    case FACT_CHOICE:
    case FACT_TEXT: break;
    }
    return "";
}

static void write_label(size_t *count, const char *name)
{
    printf("%s%s", *count > 0 ? ", " : "", name);
    ++*count;
}

static void write_family(const struct fact *fact)
{
    size_t labels = 0;
    printf("| `%s` | %s | ", fact->metric, type_name(fact->type));
    for (size_t i = 0; i < scope_label_count(fact->scope); i++)
        write_label(&labels, scope_label_name(fact->scope, i));
    for (size_t i = 0; i < FACT_MAX_LABELS && fact->parts[i] != NULL; i++)
        write_label(&labels, fact->parts[i]);
    if (fact->type == FACT_STATE)
        write_label(&labels, fact->metric);
    printf(" | %s%s%s | %s |\n", fact->object ? "`" : "", fact->object ? fact->object : "", fact->object ? "`" : "",
           fact->help);
}

int main(void)
{
    fputs(HEAD, stdout);
    for (size_t i = 0; i < FACT_COUNT; i++) {
        if (FACTS[i].metric != NULL)
            write_family(&FACTS[i]);
    }
    return 0;
}
