#include "tests/unit/folder_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

#define FILE_MAX_BYTES (64u << 20)

static char folder[] = "/tmp/test_fedhealth.XXXXXX";

int scene_enter_folder(void)
{
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

void scene_leave_folder(void)
{
    scene_remove(folder);
}

const char *scene_folder(void)
{
    return folder;
}

char *scene_read(const char *file, size_t *length)
{
    struct buf contents;
    char chunk[4096];
    FILE *in = fopen(file, "r");
    if (in == NULL)
        return NULL;
    buf_init(&contents, FILE_MAX_BYTES);
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, in)) > 0;)
        buf_add(&contents, chunk, got);
    fclose(in);
    assert_false(buf_failed(&contents));
    *length = contents.length;
    char *bytes = buf_steal(&contents);
    buf_fini(&contents);
    return bytes;
}

void scene_write(const char *file, const void *bytes, size_t length)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void scene_remove(const char *path)
{
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
