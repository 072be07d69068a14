#include "cisco/notifications.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cisco/html.h"
#include "cisco/login_form.h"
#include "cisco/page_url.h"
#include "login/secret.h"

#define REDIRECTS_MAX 3
#define LOGINS_MAX 2      /* the second only where the first got no verdict */
#define LOGIN_REQUESTS 5  /* the form's POST, redirects behind it, the page again */

struct notifications_session {
    struct fetch_jar *jar;
};

struct notifications {
    struct notifications_options options;
    char *username, *password; /* owned */
    struct imp_result *result;
    void (*done)(void *arg);
    void *arg;

    struct fetch *fetch;
    char *url;          /* owned; of the request under way or just answered */
    unsigned redirects; /* behind each other */
    struct buf body;

    struct login_pass *pass; /* asked for, or held while a login has no outcome yet */
    bool posted;        /* the form was: the login waits for its outcome */
    bool came_back;     /* it was answered by a redirect to the page that was asked for */
    bool asked_again;   /* for that page, behind the form's answer */
    unsigned logins;
    struct html_page form; /* to be posted */
    size_t kept;        /* notifications of this page */
    size_t restarts;    /* notifications kept that say so */
};

/* Why there is no answer, for people. */
static const char *const OUTCOMES[] = {
    [FETCH_ANSWERED] = "",
    [FETCH_STOPPED] = "the answer is too large",
    [FETCH_DNS] = "DNS",
    [FETCH_DENIED] = "not connected to",
    [FETCH_CONNECT] = "no connection",
    [FETCH_TIMEOUT] = "timeout",
    [FETCH_TLS] = "TLS",
    [FETCH_BROKEN] = "broken answer",
    [FETCH_TOO_LARGE] = "the answer is too large",
    [FETCH_LOCAL] = "local error",
};

struct notifications_session *notifications_session_new(void)
{
    struct notifications_session *session = mem_alloc(sizeof *session);
    session->jar = fetch_jar_new();
    return session;
}

void notifications_session_free(struct notifications_session *session)
{
    if (session == NULL)
        return;
    fetch_jar_free(session->jar);
    free(session);
}

/* The end. */

static void free_all(struct notifications *page)
{
    html_page_fini(&page->form);
    buf_fini(&page->body);
    free(page->url);
    free(page->username);
    secret_free(page->password);
    free(page);
}

static void tell_outcome(struct notifications *page, enum login_outcome outcome)
{
    struct login_pass *pass = page->pass;
    page->pass = NULL;
    page->posted = false;
    if (pass != NULL)
        login_pass_leave(pass, outcome, NULL, NULL);
}

static struct xcp_reading *reading_of(struct notifications *page)
{
    return &page->result->reading[XCP_SOURCE_PAGE];
}

static void end(struct notifications *page)
{
    void (*done)(void *) = page->done;
    void *arg = page->arg;
    free_all(page);
    done(arg);
}

static void __attribute__((format(printf, 2, 3))) fail(struct notifications *page, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = mem_vprintf(format, args);
    va_end(args);
    reading_of(page)->fault = text_clean(text, PEER_TEXT_MAX);
    free(text);
    end(page);
}

static void __attribute__((format(printf, 3, 4)))
fail_login(struct notifications *page, enum login_outcome outcome, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = mem_vprintf(format, args);
    va_end(args);
    tell_outcome(page, outcome);
    if (outcome == LOGIN_REJECTED)
        imp_result_note_rejection(page->result, "our account at the Notifications page");
    fail(page, "%s", text);
    free(text);
}

/* What is known of a login whose form was answered, and of which no more will be learnt: Tomcat sends only those back
 * to the page that it lets in. Without a login under way it has no meaning. */
static enum login_outcome outcome_so_far(const struct notifications *page)
{
    return page->came_back ? LOGIN_ACCEPTED : LOGIN_UNCLEAR;
}

static void fail_unanswered(struct notifications *page, const struct fetch_reply *reply, enum login_outcome outcome)
{
    fail_login(page, outcome, "%s%s%s", OUTCOMES[reply->outcome], *reply->detail != '\0' ? ": " : "", reply->detail);
}

/* Requests. */

static bool take_body(void *arg, const char *bytes, size_t length)
{
    struct notifications *page = arg;
    buf_add(&page->body, bytes, length);
    return !buf_failed(&page->body);
}

/* To the page's own server, whatever the URL says. `body` NULL: GET. */
static void ask(struct notifications *page, const char *url, const char *body,
                void (*answered)(void *arg, const struct fetch_reply *reply))
{
    const struct config *config = page->options.config;
    const struct config_access *access = &page->options.node->page;
    char *copy = mem_strdup(url); /* it may be page->url */
    free(page->url);
    page->url = copy;
    buf_clear(&page->body);
    struct fetch_request request = {
        .url = page->url,
        .host = access->host,
        .port = access->port,
        .resolver = page->options.resolver,
        .deny_networks = config->deny_networks,
        .deny_network_count = config->deny_network_count,
        .ca_file = access->ca_file,
        .fingerprint_sha256 = access->fingerprint_sha256,
        .tls_min_version = config->tls_min_version,
        .content_type = body != NULL ? "application/x-www-form-urlencoded" : NULL,
        .body = body,
        .body_length = body != NULL ? strlen(body) : 0,
        .jar = page->options.session->jar,
        .once = body != NULL,
        .cap = HTML_PAGE_MAX,
        .timeout_ms = config->timeout_ms,
        .take = take_body,
    };
    page->fetch = fetch_start(page->options.client, &request, answered, page);
}

static void page_answered(void *arg, const struct fetch_reply *reply);

static void ask_for_page(struct notifications *page)
{
    page->redirects = 0;
    ask(page, page->options.node->page.url, NULL, page_answered);
}

static bool is_redirect(long status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Only a GET is ever made of it. */
static void follow(struct notifications *page, const struct fetch_reply *reply)
{
    char *url = *reply->location != '\0' ? page_url_resolve(page->url, reply->location) : NULL;
    if (url == NULL) {
        int shown = (int)strcspn(reply->location, ";?#"); /* there may be a session's id behind it */
        fail_login(page, LOGIN_UNCLEAR, "redirect to %.*s is not followed", shown > 0 ? shown : 7,
                   shown > 0 ? reply->location : "nowhere");
    } else if (++page->redirects > REDIRECTS_MAX) {
        fail_login(page, LOGIN_UNCLEAR, "more than %d redirects", REDIRECTS_MAX);
    } else {
        if (page->posted && page_url_same(url, page->options.node->page.url))
            page->came_back = true;
        ask(page, url, NULL, page_answered);
    }
    free(url);
}

/* The login. */

static void read_page(struct notifications *page, const struct fetch_reply *reply);

static void form_answered(void *arg, const struct fetch_reply *reply)
{
    struct notifications *page = arg;
    page->fetch = NULL;
    long status = reply->status;
    if (reply->outcome != FETCH_ANSWERED) {
        fail_unanswered(page, reply, reply->sent ? LOGIN_UNCLEAR : LOGIN_NOT_SENT);
    } else if (is_redirect(status)) {
        follow(page, reply);
    } else if (status == 401 || status == 403) {
        fail_login(page, LOGIN_REJECTED, "the login was rejected (HTTP %ld)", status);
    } else if ((status == 400 || status == 408) && page->logins < LOGINS_MAX) {
        tell_outcome(page, LOGIN_NO_VERDICT); /* Tomcat does not know the session, or no more */
        ask_for_page(page);
    } else if (status / 100 != 2) {
        fail_login(page, LOGIN_NO_VERDICT, "HTTP %ld to the login form", status);
    } else {
        read_page(page, reply);
    }
}

static void post_form(struct notifications *page)
{
    page->posted = true;
    page->came_back = page->asked_again = false;
    page->logins++;
    page->redirects = 0;
    char *body = login_form_body(&page->form, page->username, page->password);
    ask(page, page->form.action, body, form_answered);
    secret_free(body);
}

static void guard_answered(void *arg, const struct login_answer *answer)
{
    struct notifications *page = arg;
    const char *separator = *answer->detail != '\0' ? ": " : "";
    char until[CLOCK_RFC3339_SIZE];
    switch (answer->verdict) {
    case LOGIN_GO:
        post_form(page);
        return;
    case LOGIN_HELD:
        fail_login(page, LOGIN_NOT_SENT, "the login is held until %s%s%s",
                   clock_rfc3339(answer->until_ms / 1000, until), separator, answer->detail);
        return;
    case LOGIN_KNOWN:
    case LOGIN_BARRED:
        fail_login(page, LOGIN_NOT_SENT, "no login is made%s%s", separator, answer->detail);
        return;
    }
}

/* Takes the form over. */
static void log_in(struct notifications *page, struct html_page *seen)
{
    html_page_fini(&page->form);
    page->form = *seen;
    *seen = (struct html_page){.records = -1};
    const struct html_page *form = &page->form;
    if (form->action == NULL)
        fail(page, "the login form posts to %.*s, which is not the page's own server: it is not sent",
             (int)strcspn(form->action_text, ";?#"), form->action_text);
    else if (form->inputs_left_out)
        fail(page, "the login form has too many hidden inputs, or too long ones");
    else
        page->pass = login_guard_enter(page->options.guard, page->username, page->password, 0,
                                       LOGIN_REQUESTS * page->options.config->timeout_ms, guard_answered, page);
}

/* The page. */

static void take_row(void *arg, const char *const text[HTML_COLUMN_COUNT])
{
    struct notifications *page = arg;
    struct xcp_notification notification;
    xcp_notification_init(&notification, XCP_SOURCE_PAGE, text[HTML_SEVERITY], text[HTML_DESCRIPTION],
                          text[HTML_ORIGIN], text[HTML_CREATED], text[HTML_COUNT]);
    if (page->kept < XCP_NOTIFICATIONS_MAX) {
        page->kept++;
        page->restarts += xcp_notification_is_restart(&notification);
    }
    imp_result_add_notification(page->result, &notification);
}

/* That the router needs no restart is only known where all notifications are. */
static void conclude(struct notifications *page, const struct html_page *seen)
{
    int64_t all = seen->records > (int64_t)seen->rows ? seen->records : (int64_t)seen->rows;
    if (seen->fault != NULL) {
        fail(page, "the page cannot be read to its end: %s", seen->fault);
    } else if (all > (int64_t)page->kept && page->restarts == 0) {
        fail(page, "only %zu of %lld notifications could be read", page->kept, (long long)all);
    } else {
        reading_of(page)->read = true;
        end(page);
    }
}

static void read_page(struct notifications *page, const struct fetch_reply *reply)
{
    struct html_page seen;
    html_read(&seen, page->url, reply->content_type, page->body.data, page->body.length, take_row, page);
    if (seen.table || (seen.title && seen.records == 0)) {
        tell_outcome(page, LOGIN_ACCEPTED);
        conclude(page, &seen);
    } else if (seen.form && page->posted) {
        fail_login(page, LOGIN_REJECTED, "the login was rejected");
    } else if (seen.form) {
        log_in(page, &seen);
    } else if (page->posted && !page->came_back && !page->asked_again) {
        page->asked_again = true;
        ask_for_page(page);
    } else if (seen.fault != NULL) {
        fail_login(page, outcome_so_far(page), "the page cannot be read: %s", seen.fault);
    } else {
        fail_login(page, LOGIN_ACCEPTED, "no table with the headings Severity and Description");
    }
    html_page_fini(&seen);
}

static void page_answered(void *arg, const struct fetch_reply *reply)
{
    struct notifications *page = arg;
    page->fetch = NULL;
    long status = reply->status;
    if (reply->outcome != FETCH_ANSWERED)
        fail_unanswered(page, reply, outcome_so_far(page));
    else if (is_redirect(status))
        follow(page, reply);
    else if (status == 401 && page->posted)
        fail_login(page, LOGIN_REJECTED, "the login was rejected (HTTP 401)");
    else if (status == 403) /* Tomcat's answer to who is logged in and lacks the role */
        fail_login(page, LOGIN_ACCEPTED, "the account may not read the page (HTTP 403)");
    else if (status / 100 != 2)
        fail_login(page, page->came_back ? LOGIN_ACCEPTED : LOGIN_NO_VERDICT, "HTTP %ld", status);
    else
        read_page(page, reply);
}

struct notifications *notifications_start(const struct notifications_options *options, struct imp_result *result,
                                          void (*done)(void *arg), void *arg)
{
    struct notifications *page = mem_alloc(sizeof *page);
    page->options = *options;
    page->username = mem_strdup(options->username);
    page->password = mem_strdup(options->password);
    page->options.username = page->options.password = NULL;
    page->result = result;
    page->done = done;
    page->arg = arg;
    buf_init(&page->body, HTML_PAGE_MAX);
    reading_of(page)->configured = true;
    ask_for_page(page);
    return page;
}

void notifications_cancel(struct notifications *page)
{
    if (page == NULL)
        return;
    fetch_cancel(page->fetch);
    tell_outcome(page, page->posted ? outcome_so_far(page) : LOGIN_NOT_SENT);
    free_all(page);
}
