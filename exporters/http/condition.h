/* Conditional requests: whether the client has the body already. */
#ifndef HTTP_CONDITION_H
#define HTTP_CONDITION_H

#include <stdbool.h>

/* Whether an If-None-Match header (NULL: none) names this entity tag, by the weak comparison (RFC 9110 8.8.3.2,
 * 13.1.2). `etag` is without quotes. What is malformed matches nothing. */
bool condition_none_match(const char *header, const char *etag);

#endif
