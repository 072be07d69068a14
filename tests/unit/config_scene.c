#include "tests/unit/config_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"

struct buf faults;
static char folder[] = "/tmp/test_config.XXXXXX"; /* the working directory of all tests */

void scene_write(const char *name, const char *bytes, size_t length)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

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
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    scene_write("ca.pem", "x", 1);
    return 0;
}

int scene_teardown(void **state)
{
    (void)state;
    static const char *const files[] = {"c.yaml", "ca.pem", "bad.txt", "many.txt", "lists/1.txt", "lists/2.txt",
                                        "lists/3.txt", "lists/other", "lists/c.yaml", "lists"};
    for (size_t i = 0; i < COUNT_OF(files); i++)
        remove(files[i]);
    buf_fini(&faults);
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

const char *scene_folder(void)
{
    return folder;
}
