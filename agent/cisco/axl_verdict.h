/* What a reply of AXL means. Part of axl.c. */
#ifndef CISCO_AXL_VERDICT_H
#define CISCO_AXL_VERDICT_H

#include "health/reason.h"
#include "cisco/soap.h"

/* Status codes that AXL uses in ways of its own. */
#define AXL_STATUS_NOT_FOUND 404 /* AXL is off; or the session's cookie is of one that ended */
#define AXL_STATUS_VERSION 599   /* the schema version is not supported; the page names those that are */

/* REASON_OK for a whole reply with the payload. */
enum reason axl_reason(const struct soap_reply *reply);
/* For people: what the reply says about it; NULL: nothing. To be freed by the caller. */
char *axl_detail(const struct soap_reply *reply, enum reason reason);
/* Whether the reply is a fault that says only that the table does not exist: Informix' -206, or its words. */
bool axl_says_no_table(const struct soap_reply *reply, const char *table);

#define AXL_VERSION_SIZE 8
/* A schema version to go on with, out of the text of the page that refused one ("12.x, 14.0 and 15.0", "[9.1, 10.0]"):
 * the highest up to the configured one, else the highest of all; never the one that was refused. False: none is
 * named. */
bool axl_version_pick(char version[AXL_VERSION_SIZE], const char *text, const char *configured, const char *refused);

#endif
