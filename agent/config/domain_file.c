#define LOG_SUBSYSTEM "config"
#include "config/domain_file.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/file.h"

static const char SPACE[] = " \t\r\v\f";

/* The name in a line that it may cut up, "" without one. */
static char *name_in(char *line)
{
    line += strspn(line, SPACE);
    for (char *at = line; *at != '\0'; at++) {
        if (*at == '#' && (at == line || strchr(SPACE, at[-1]) != NULL)) {
            *at = '\0';
            break;
        }
    }
    size_t length = strlen(line);
    while (length > 0 && strchr(SPACE, line[length - 1]) != NULL)
        line[--length] = '\0';
    return line;
}

/* One line of `length` bytes, followed by a NUL. */
static void read_line(char *line, size_t length, struct place at, struct faults *faults, domain_found found,
                      void *arg)
{
    char shown[TEXT_SHOWN_SIZE];
    bool nul = strlen(line) != length;
    char *name = name_in(line);
    if (nul)
        faults_add(faults, at, text_shown(name, shown), "has a NUL character");
    else if (name[strcspn(name, SPACE)] != '\0')
        faults_add(faults, at, text_shown(name, shown), "is more than one name: there must be one a line");
    else if (*name != '\0')
        found(arg, name, at);
}

static void read_file(const char *file, struct place at, const char *key, struct faults *faults, domain_found found,
                      void *arg)
{
    struct err err;
    char shown[TEXT_SHOWN_SIZE];
    size_t length;
    char *text = file_read(file, &length, &err);
    if (text == NULL) {
        faults_add(faults, at, key, "%s %s", text_shown(file, shown), err.text);
        return;
    }
    struct place here = {faults_file(faults, file), 0};
    char *line = text, *end = text + length;
    while (line < end) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        char *stop = newline != NULL ? newline : end;
        *stop = '\0';
        here.line++;
        read_line(line, (size_t)(stop - line), here, faults, found, arg);
        line = stop + 1;
    }
    free(text);
}

/* What is not there matches nothing; anything else that keeps a folder from being read is an error. */
static int stops(const char *folder, int error)
{
    (void)folder;
    return error != ENOENT && error != ENOTDIR;
}

void domain_file_read(const char *pattern, struct place at, const char *key, struct faults *faults,
                      domain_found found, void *arg)
{
    char shown[TEXT_SHOWN_SIZE];
    glob_t files = {0};
    int code = glob(pattern, GLOB_NOMAGIC, stops, &files);
    if (code == GLOB_NOMATCH)
        log_warn("%s: no file matches %s", key, text_shown(pattern, shown));
    else if (code != 0)
        faults_add(faults, at, key, "%s: one of its folders cannot be read", text_shown(pattern, shown));
    for (size_t i = 0; i < files.gl_pathc; i++)
        read_file(files.gl_pathv[i], at, key, faults, found, arg);
    globfree(&files);
}
