/* What discovery concludes where no question could be sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/discover.h"
#include "tests/unit/resolver_scene.h"

#define LABEL_60 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"

static void done(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static void expect(struct resolver *resolver, char *name, enum reason reason)
{
    const struct config_domain domain = {.name = name, .name_unicode = name};
    struct domain_result *result = domain_result_new();
    discover_start(resolver, "scene", &domain, result, done, NULL);
    loop_run(loop);
    assert_string_equal(reason_info(result->check[CHECK_SRV].reason)->code, reason_info(reason)->code);
    assert_false(result->lookup[SERVICE_XMPP_SERVER].answered);
    domain_result_free(result);
}

/* The longest names are too long with the service's labels before them. */
static void test_name_too_long(void **state)
{
    (void)state;
    struct resolver *resolver = scene_resolver("127.0.0.1:53", PATIENT_MS);
    expect(resolver, LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60, REASON_DOMAIN_INVALID);
    resolver_free(resolver);
}

static void test_no_descriptor(void **state)
{
    (void)state;
    struct resolver *resolver = scene_resolver("127.0.0.1:53", PATIENT_MS);
    scene_allow_descriptors(false);
    expect(resolver, "q.test", REASON_LOCAL_ERROR);
    scene_allow_descriptors(true);
    resolver_free(resolver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_too_long),
        cmocka_unit_test(test_no_descriptor),
    };
    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
