#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fetch/fetch_private.h"

/* libcurl bounds a cookie's size and how many of a reply it keeps, but not how many it keeps in all. A server that sets
 * other ones each time loses them all, its session included. */
#define COOKIES_MAX 200

struct fetch_jar {
    CURLSH *share;
    unsigned holders; /* the owner, and requests */
};

struct fetch_jar *fetch_jar_new(void)
{
    fetch_set_up();
    struct fetch_jar *jar = mem_alloc(sizeof *jar);
    jar->holders = 1;
    jar->share = curl_share_init();
    if (jar->share == NULL || curl_share_setopt(jar->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) != CURLSHE_OK)
        abort(); /* out of memory */
    return jar;
}

void fetch_jar_hold(struct fetch_jar *jar)
{
    if (jar != NULL)
        jar->holders++;
}

void fetch_jar_drop(struct fetch_jar *jar)
{
    if (jar == NULL || --jar->holders > 0)
        return;
    curl_share_cleanup(jar->share);
    free(jar);
}

void fetch_jar_free(struct fetch_jar *jar)
{
    fetch_jar_drop(jar);
}

CURLSH *fetch_jar_share(struct fetch_jar *jar)
{
    return jar->share;
}

/* libcurl shows the cookies of a share only to a handle that uses it. */
static CURL *visitor(struct fetch_jar *jar)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL || curl_easy_setopt(easy, CURLOPT_SHARE, jar->share) != CURLE_OK)
        abort(); /* out of memory */
    return easy;
}

/* A line of Netscape's cookie file: domain, subdomains, path, secure, expiry in seconds (0: with the session), name,
 * value, with tabs between. libcurl shows those that have expired too. */
static bool is_fresh(const char *line)
{
    for (int field = 0; field < 4 && line != NULL; field++) {
        line = strchr(line, '\t');
        line = line != NULL ? line + 1 : NULL;
    }
    long long expiry = line != NULL ? strtoll(line, NULL, 10) : 0;
    return expiry == 0 || expiry > clock_wall_ms() / 1000;
}

static size_t count_cookies(struct fetch_jar *jar)
{
    CURL *easy = visitor(jar);
    struct curl_slist *cookies = NULL;
    size_t count = 0;
    curl_easy_getinfo(easy, CURLINFO_COOKIELIST, &cookies);
    for (const struct curl_slist *cookie = cookies; cookie != NULL; cookie = cookie->next)
        count += is_fresh(cookie->data);
    curl_slist_free_all(cookies);
    curl_easy_cleanup(easy);
    return count;
}

void fetch_jar_clear(struct fetch_jar *jar)
{
    CURL *easy = visitor(jar);
    curl_easy_setopt(easy, CURLOPT_COOKIELIST, "ALL");
    curl_easy_cleanup(easy);
}

bool fetch_jar_is_empty(struct fetch_jar *jar)
{
    return count_cookies(jar) == 0;
}

void fetch_jar_trim(struct fetch_jar *jar)
{
    if (count_cookies(jar) > COOKIES_MAX)
        fetch_jar_clear(jar);
}
