/* Whether a node's XCP Router waits for a restart: three sources side by side. Part of imp_judge.h's rules: for
 * imp_judge.c only. */
#ifndef HEALTH_IMP_RESTART_H
#define HEALTH_IMP_RESTART_H

#include "health/imp_judge.h"

/* Fills in verdict->pending and verdict->notifications, and result->check[IMP_XCP_RESTART] where it has not run.
 * verdict->memory is there already. */
void imp_restart_judge(struct imp_result *result, const struct imp_scene *scene, struct imp_verdict *verdict);

#endif
