#include "tests/unit/soap_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "login/secret.h"

static size_t secrets;

void secret_cleanse(void *bytes, size_t size)
{
    if (bytes != NULL)
        memset(bytes, 0, size);
}

void secret_free(char *text)
{
    secrets++;
    free(text);
}

bool secret_random(unsigned char *bytes, size_t size)
{
    memset(bytes, 7, size);
    return true;
}

/* Not one to keep secrets with. */
void secret_hash(unsigned char hash[SECRET_HASH_SIZE], const unsigned char *key, size_t key_size,
                 const char *const *parts, size_t part_count)
{
    memcpy(hash, key, key_size);
    for (size_t i = 0; i < part_count; i++) {
        for (size_t k = 0; k <= strlen(parts[i]); k++)
            hash[(i + k) % SECRET_HASH_SIZE] = (unsigned char)(hash[(i + k) % SECRET_HASH_SIZE] * 31 + parts[i][k]);
    }
}

size_t soap_scene_secrets(void)
{
    return secrets;
}

void soap_scene_init(struct soap_scene *scene)
{
    *scene = (struct soap_scene){
        .config = {.timeout_ms = 10000, .tls_min_version = 0x0303},
        .node = {
            .name = "cups.example.net",
            .axl = {.url = "https://cups.example.net:8443/axl/", .host = "cups.example.net", .port = 8443},
            .axl_version = "12.5",
            .control_center = {.url = "https://cups.example.net:8443/controlcenterservice2/services/"
                                      "ControlCenterServices",
                               .host = "cups.example.net", .port = 8443},
        },
        .session = axl_session_new(),
        .username = "fedhealth",
        .password = "s3cret&<\xc3\xbc>",
    };
}

void soap_scene_fini(struct soap_scene *scene)
{
    imp_result_free(scene->result);
    axl_session_free(scene->session);
    fake_fetch_reset();
}

static void axl_done(void *arg, const struct axl_outcome *outcome)
{
    struct soap_scene *scene = arg;
    scene->login = outcome->login;
    scene->done++;
}

static void begin(struct soap_scene *scene, const struct fake_answer *answers, size_t count)
{
    imp_result_free(scene->result);
    scene->result = imp_result_new();
    scene->done = 0;
    fake_fetch_script(answers, count);
}

static void end(struct soap_scene *scene, size_t count)
{
    assert_int_equal(scene->done, 0);
    fake_fetch_run();
    assert_int_equal(scene->done, 1);
    assert_int_equal(fake_fetch_count(), count);
}

void soap_scene_axl(struct soap_scene *scene, const struct fake_answer *answers, size_t count)
{
    begin(scene, answers, count);
    axl_start(&(struct axl_options){.config = &scene->config, .node = &scene->node, .username = scene->username,
                                    .password = scene->password, .session = scene->session,
                                    .login_only = scene->login_only},
              scene->result, axl_done, scene);
    end(scene, count);
}

static void control_center_done(void *arg, enum login_outcome login)
{
    struct soap_scene *scene = arg;
    scene->login = login;
    scene->done++;
}

void soap_scene_control_center(struct soap_scene *scene, const struct fake_answer *answer)
{
    begin(scene, answer, 1);
    control_center_start(&(struct control_center_options){.config = &scene->config, .node = &scene->node,
                                                          .username = scene->username, .password = scene->password},
                         scene->result, control_center_done, scene);
    end(scene, 1);
}
