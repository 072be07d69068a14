/* What is remembered of a node's table from round to round. Part of imp_judge.h's rules: for imp_judge.c only. */
#ifndef HEALTH_IMP_MEMORY_H
#define HEALTH_IMP_MEMORY_H

#include "health/imp_judge.h"

/* What is remembered after this round, to be freed by the caller. A round that did not read the table changes nothing.
 * Rows are compared as a set of cp_ids: their order, pkids and doubles do not matter. */
struct imp_memory *imp_memory_next(const struct imp_memory *before, const struct imp_result *result,
                                   const struct imp_expect *expect);

/* Whether one of the rows kept has this cp_id. */
bool s2s_rows_have(const struct imp_result *result, const char *cp_id);

#endif
