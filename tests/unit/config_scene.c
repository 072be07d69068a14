#include "tests/unit/config_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config/config.h"

struct buf faults;

struct config *scene_load_bytes(const char *bytes, size_t length)
{
    buf_clear(&faults);
    scene_write("c.yaml", bytes, length);
    struct config *config = config_load("c.yaml", &faults);
    assert_true((config == NULL) == (faults.length > 0));
    return config;
}

struct config *scene_load(const char *text)
{
    char *whole = mem_printf("%s%s", text, strstr(text, "tls:") == NULL ? "tls: {ca_file: ca.pem}\n" : "");
    struct config *config = scene_load_bytes(whole, strlen(whole));
    free(whole);
    return config;
}

struct config *scene_load_good(const char *text)
{
    struct config *config = scene_load(text);
    if (config == NULL)
        fail_msg("refused: %s%s", faults.data, text);
    return config;
}

int scene_setup(void **state)
{
    (void)state;
    buf_init(&faults, 1 << 20);
    if (scene_enter_folder() != 0)
        return -1;
    scene_write("ca.pem", "x", 1);
    return 0;
}

int scene_teardown(void **state)
{
    (void)state;
    buf_fini(&faults);
    scene_leave_folder();
    return 0;
}
