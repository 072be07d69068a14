#include "tests/unit/resolver_scene.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/nameser.h>
#include <cmocka.h>
#include <sys/resource.h>

#define HUNG_US INT64_C(120000000)

struct loop *loop;
static struct loop_timer *hung;

static void give_up(void *arg)
{
    (void)arg;
    fprintf(stderr, "a callback never came\n");
    abort();
}

int scene_setup(void **state)
{
    (void)state;
    loop = loop_new();
    hung = loop_timer_new(loop, give_up, NULL);
    loop_timer_arm(hung, HUNG_US);
    return 0;
}

int scene_teardown(void **state)
{
    (void)state;
    loop_timer_free(hung);
    loop_free(loop);
    return 0;
}

void scene_allow_descriptors(bool allow)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = allow ? limit.rlim_max : 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

struct resolver *scene_resolver(const char *address, int64_t timeout_ms)
{
    struct err err = {0};
    struct resolver *resolver = resolver_new(loop, address, false, timeout_ms, &err);
    if (resolver == NULL)
        fail_msg("%s: %s", address, err.text);
    return resolver;
}

static void say(const struct dns_asked *asked)
{
    const struct says *says = asked->arg;
    dns_say(asked, asked->tcp ? says->tcp : says->udp);
    errno = EMFILE; /* by chance: nothing that follows may take it for its own */
}

struct dns_server *scene_server(const struct says *says)
{
    return dns_server_new(loop, say, (void *)says);
}

static void say_both(const struct dns_asked *asked)
{
    struct both *both = asked->arg;
    if (both->late && asked->type == ns_t_a) {
        both->first = *asked;
        return;
    }
    dns_say(asked, asked->type == ns_t_a ? both->a : both->aaaa);
    if (both->late)
        dns_say(&both->first, both->a);
}

struct dns_server *scene_server_of_both(struct both *both)
{
    return dns_server_new(loop, say_both, both);
}

void scene_told(void *story, const struct dns_answer *answer)
{
    assert_true(answer->duration_us >= 0);
    dns_tell(story, answer);
    loop_stop(loop);
}

void scene_noted(void *story, const struct dns_answer *answer)
{
    dns_tell(story, answer);
    buf_puts(story, "\n");
}

void scene_expect(struct resolver *resolver, bool addresses, const char *name, const char *what,
                  const char *wanted)
{
    struct buf story;
    buf_init(&story, 65536);
    if (addresses)
        resolver_addresses(resolver, name, scene_told, &story);
    else
        resolver_srv(resolver, name, scene_told, &story);
    assert_int_equal(story.length, 0);
    loop_run(loop);
    if (strcmp(story.data, wanted) != 0)
        fail_msg("%s:\n%s instead of\n%s", what, story.data, wanted);
    buf_fini(&story);
}
