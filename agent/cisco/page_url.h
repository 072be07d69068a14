/* Links of a page that are followed only at the server that the page is from. */
#ifndef CISCO_PAGE_URL_H
#define CISCO_PAGE_URL_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE_URL_MAX 4096 /* bytes of a link */

/* What `link`, as it stands in the page at `base` (an absolute https URL), refers to (RFC 3986 5.2), without its
 * fragment; to be freed by the caller. NULL unless that has the scheme https and the host and port of `base`. Scheme
 * and authority of the result are those of `base`, byte for byte, and what may not stand in a URL is percent-encoded,
 * so that nobody reads another server into it. Links with user name, backslash or more than PAGE_URL_MAX bytes refer
 * to nothing. */
char *page_url_resolve(const char *base, const char *link);
/* Whether both are the same but for what stands behind ';', '?' or '#' (Tomcat puts ";jsessionid=…" there). */
bool page_url_same(const char *a, const char *b);

#endif
