/* Rounds of Cisco nodes for tests, out of short texts. */
#ifndef TESTS_UNIT_IMP_SCENE_H
#define TESTS_UNIT_IMP_SCENE_H

#include "health/imp_judge.h"

/* A round that read these rows (cp_ids apart by spaces) at this time; NULL: it could not read the table. The Control
 * Center is not configured. To be freed with imp_result_free(). */
struct imp_result *imp_scene_round(const char *rows, int64_t at_ms);
/* Adds a notification of this source, which is then configured and read. */
void imp_scene_notify(struct imp_result *result, enum xcp_source source, const char *description, const char *created);
/* What is expected: cp_ids apart by spaces; NULL: any. */
void imp_scene_expect(struct imp_expect *expect, bool federation, const char *s2s_nodes);
void imp_scene_expect_fini(struct imp_expect *expect);

#endif
