/* What a round of a node found is cleaned of the password that its servers may have sent back: see login/withhold.h. */
#ifndef PROBE_WITHHOLD_H
#define PROBE_WITHHOLD_H

#include "health/imp.h"
#include "login/withhold.h"

/* In every text of the result that a server had a part in; details and faults are words, all else (rows, notifications,
 * versions) are values. */
void withhold_result(struct imp_result *result, const char *username, const char *password);

#endif
