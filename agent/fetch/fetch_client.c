#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/mem.h"
#include "fetch/fetch_private.h"
#include "login/secret.h"

#define CONNECTIONS_MAX 32L           /* kept open */
#define IDLE_US INT64_C(90000000)     /* without any request all of them are closed */

/* A socket that libcurl wants events of. */
struct watched {
    struct fetch_client *client;
    curl_socket_t fd;
    struct loop_watch *watch;
    struct watched *next;
};

struct fetch_client {
    struct loop *loop;
    CURLM *multi;
    struct trust_roots *roots;
    struct loop_timer *timer; /* libcurl's */
    bool timer_wanted;        /* one that is not may still expire */
    struct loop_timer *idle;
    struct watched *sockets;
    struct fetch *fetches;
    size_t running; /* in `multi` */
    bool inside;    /* libcurl, which must not be entered again */
};

/* Transfers that have ended are told here, and only here, whatever the call was. */
static void client_act(struct fetch_client *client, curl_socket_t fd, int events)
{
    int running = 0, left = 0;
    client->inside = true;
    curl_multi_socket_action(client->multi, fd, events, &running);
    client->inside = false;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left)) != NULL;) {
        struct fetch *fetch = NULL;
        CURLcode code = message->data.result;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch) == CURLE_OK)
            fetch_over(fetch, code);
    }
}

static void socket_ready(void *arg, int events)
{
    struct watched *socket = arg;
    client_act(socket->client, socket->fd,
               (events & LOOP_READ ? CURL_CSELECT_IN : 0) | (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0));
}

static void socket_forget(struct fetch_client *client, curl_socket_t fd)
{
    for (struct watched **at = &client->sockets; *at != NULL; at = &(*at)->next) {
        if ((*at)->fd == fd) {
            struct watched *socket = *at;
            *at = socket->next;
            loop_watch_free(socket->watch);
            free(socket);
            return;
        }
    }
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    (void)easy, (void)unused;
    struct fetch_client *client = arg;
    if (what == CURL_POLL_REMOVE) {
        socket_forget(client, fd);
        return 0;
    }
    struct watched *socket = client->sockets;
    while (socket != NULL && socket->fd != fd)
        socket = socket->next;
    if (socket == NULL) {
        socket = mem_alloc(sizeof *socket);
        *socket = (struct watched){.client = client, .fd = fd, .next = client->sockets};
        socket->watch = loop_watch_new(client->loop, fd, socket_ready, socket);
        client->sockets = socket;
    }
    loop_watch_events(socket->watch, (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0));
    return 0;
}

static int timer_wanted(CURLM *multi, long delay_ms, void *arg)
{
    (void)multi;
    struct fetch_client *client = arg;
    client->timer_wanted = delay_ms >= 0;
    if (client->timer_wanted)
        loop_timer_arm(client->timer, (int64_t)delay_ms * 1000);
    return 0;
}

static void timer_expired(void *arg)
{
    struct fetch_client *client = arg;
    if (!client->timer_wanted)
        return;
    client->timer_wanted = false;
    client_act(client, CURL_SOCKET_TIMEOUT, 0);
}

static CURLM *multi_new(struct fetch_client *client)
{
    CURLM *multi = curl_multi_init();
    if (multi == NULL)
        abort(); /* out of memory */
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    return multi;
}

/* libcurl looks for old connections only when a request begins, and has no call that closes them. */
static void idle_expired(void *arg)
{
    struct fetch_client *client = arg;
    if (client->running > 0)
        return;
    curl_multi_cleanup(client->multi);
    client->timer_wanted = false;
    client->multi = multi_new(client);
}

/* libcurl's memory. It copies credentials into handles, headers and buffers, and cleanses none of them. */

static void cleansing_free(void *bytes)
{
    if (bytes != NULL)
        secret_cleanse(bytes, malloc_usable_size(bytes));
    free(bytes);
}

static void *cleansing_realloc(void *old, size_t size)
{
    size_t former = old != NULL ? malloc_usable_size(old) : 0;
    void *bytes = malloc(size);
    if (bytes == NULL)
        return NULL;
    if (old != NULL)
        memcpy(bytes, old, former < size ? former : size);
    cleansing_free(old);
    return bytes;
}

static void set_up(void)
{
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, cleansing_free, cleansing_realloc, strdup, calloc) !=
        CURLE_OK)
        abort(); /* out of memory */
}

void fetch_set_up(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_up);
}

struct fetch_client *fetch_client_new(struct loop *loop)
{
    fetch_set_up();
    struct fetch_client *client = mem_alloc(sizeof *client);
    client->loop = loop;
    client->timer = loop_timer_new(loop, timer_expired, client);
    client->idle = loop_timer_new(loop, idle_expired, client);
    client->multi = multi_new(client);
    client->roots = trust_roots_new();
    return client;
}

void fetch_client_free(struct fetch_client *client)
{
    if (client == NULL)
        return;
    while (client->fetches != NULL) {
        assert(client->fetches->cancelled);
        client->fetches->cancelled = false;
        fetch_cancel(client->fetches);
    }
    curl_multi_cleanup(client->multi);
    assert(client->sockets == NULL);
    trust_roots_free(client->roots);
    loop_timer_free(client->timer);
    loop_timer_free(client->idle);
    free(client);
}

struct loop *fetch_client_loop(struct fetch_client *client)
{
    return client->loop;
}

struct trust_roots *fetch_client_roots(struct fetch_client *client)
{
    return client->roots;
}

struct fetch **fetch_client_list(struct fetch_client *client)
{
    return &client->fetches;
}

bool fetch_client_inside(const struct fetch_client *client)
{
    return client->inside;
}

void fetch_client_step(struct fetch_client *client, bool inside)
{
    client->inside = inside;
}

bool fetch_client_add(struct fetch *fetch)
{
    if (curl_multi_add_handle(fetch->client->multi, fetch->easy) != CURLM_OK)
        return false;
    fetch->client->running++;
    return true;
}

void fetch_client_remove(struct fetch *fetch)
{
    struct fetch_client *client = fetch->client;
    assert(!client->inside);
    curl_multi_remove_handle(client->multi, fetch->easy);
    if (--client->running == 0)
        loop_timer_arm(client->idle, IDLE_US);
}

curl_socket_t fetch_client_open(struct fetch *fetch, struct curl_sockaddr *address)
{
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    descriptors_note(fd < 0 ? errno : 0);
    if (fd < 0 && descriptors_lacking(errno))
        fetch->local_error = errno;
    return fd;
}

int fetch_client_close(void *client, curl_socket_t fd)
{
    socket_forget(client, fd);
    return close(fd);
}
