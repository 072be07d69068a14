/* Servers may send back what was sent to them: the password, or the header with it, in an error page, a fault, a
 * redirect, a row. Whatever a login's answers left in a result passes here before anyone else sees it. */
#ifndef PROBE_WITHHOLD_H
#define PROBE_WITHHOLD_H

#include "health/imp.h"

#define WITHHELD "(withheld)"

/* Puts WITHHELD in the place of the password, of its base64, and of the credential of Basic authentication (RFC 7617),
 * in every text of the result that a server had a part in: as they are, in upper or lower case, percent-encoded,
 * escaped as in XML, HTML or JSON, with other blanks in them. So is a beginning of 8 characters, or of 4 where the text
 * ends (it may have been cut).
 * A secret shorter than 8 characters is likely to stand in other words too, and a hole in these would show it: then
 * the whole of a detail or fault is withheld. Values (rows, notifications, versions) are left alone by it: there nobody
 * can tell it from what belongs there. */
void withhold_result(struct imp_result *result, const char *username, const char *password);

#endif
