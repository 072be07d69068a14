#include "store/state_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "store/state_line.h"

#define FORMAT "{\"format\":\"fedhealth-state\","
#define HEADER_DOMAINS FORMAT "\"version\":1}\n"
#define HEADER_NODES FORMAT "\"version\":2}\n"
#define TRAILER "{\"names\":"
/* Twice what 512 of the longest cp_ids need, and four times what 64 endpoints with the longest names that DNS can show
 * and 32 transitions do. */
#define LINE_MAX_BYTES (1024u * 1024)
#define TRAILER_SIZE 80

struct text {
    uLong crc; /* of all lines so far */
    size_t names;
};

static void count_line(struct text *text, const char *line, size_t length)
{
    text->crc = crc32(text->crc, (const Bytef *)line, (uInt)length);
}

static void end_line(const struct text *text, char trailer[TRAILER_SIZE])
{
    snprintf(trailer, TRAILER_SIZE, TRAILER "%zu,\"crc32\":\"%08lx\"}\n", text->names, text->crc);
}

static bool put(FILE *out, const char *line, struct err *err)
{
    return fputs(line, out) >= 0 || err_set(err, "cannot be written: %s", strerror(errno));
}

static bool put_name(FILE *out, struct text *text, enum kind kind, const struct registered *registered,
                     struct record *record, struct err *err)
{
    char *json = state_line_write(kind, registered, record);
    if (strlen(json) + 2 > LINE_MAX_BYTES) { /* could not be read again */
        free(json);
        json = state_line_write(kind, registered, NULL);
    }
    char *line = mem_printf("%s\n", json);
    count_line(text, line, strlen(line));
    text->names++;
    bool good = put(out, line, err);
    free(line);
    free(json);
    return good;
}

static bool put_names(FILE *out, struct text *text, enum kind kind, const struct state_names *names, struct err *err)
{
    size_t i = 0;
    for (struct registered *at = NULL; registry_next(names->registry, &at);) {
        struct record *record = NULL;
        if (i < names->count && *record_parts(names->records[i]).index == at->index)
            record = names->records[i++];
        if (!put_name(out, text, kind, at, record, err))
            return false;
    }
    return true;
}

bool state_file_write(FILE *out, const struct state_names names[KIND_COUNT], struct err *err)
{
    struct text text = {crc32(0, NULL, 0), 0};
    struct registered *first_node = NULL;
    const char *header = registry_next(names[KIND_IMP].registry, &first_node) ? HEADER_NODES : HEADER_DOMAINS;
    count_line(&text, header, strlen(header));
    if (!put(out, header, err))
        return false;
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        if (!put_names(out, &text, kind, &names[kind], err))
            return false;
    }
    char trailer[TRAILER_SIZE];
    end_line(&text, trailer);
    return put(out, trailer, err);
}

/* The next line with its end; NULL where there is none, or one that is too long, has no end or a NUL in it. */
static const char *next_line(FILE *in, char *line)
{
    if (fgets(line, LINE_MAX_BYTES, in) == NULL)
        return NULL;
    size_t length = strlen(line);
    return length > 0 && line[length - 1] == '\n' ? line : NULL;
}

static bool read_header(FILE *in, char *line, struct text *text, struct err *err)
{
    if (next_line(in, line) == NULL || strncmp(line, FORMAT, strlen(FORMAT)) != 0)
        return err_set(err, "it is not a state file of fedhealth");
    if (strcmp(line, HEADER_DOMAINS) != 0 && strcmp(line, HEADER_NODES) != 0)
        return err_set(err, "it is of another version");
    count_line(text, line, strlen(line));
    return true;
}

static bool read_lines(FILE *in, char *line, struct registry *const registries[KIND_COUNT], struct err *err)
{
    struct text text = {crc32(0, NULL, 0), 0};
    char trailer[TRAILER_SIZE];
    struct err why;
    if (!read_header(in, line, &text, err))
        return false;
    while (next_line(in, line) != NULL) {
        end_line(&text, trailer);
        if (strcmp(line, trailer) == 0)
            return fgetc(in) == EOF || err_set(err, "something follows its end");
        if (strncmp(line, TRAILER, strlen(TRAILER)) == 0)
            return err_set(err, "its checksum is wrong");
        size_t length = strlen(line);
        if (!state_line_read(line, length - 1, registries, &why))
            return err_set(err, "line %zu: %s", text.names + 2, why.text);
        count_line(&text, line, length);
        text.names++;
    }
    return err_set(err, "line %zu: %s", text.names + 2, ferror(in) ? strerror(errno) : "it is cut off, or no text");
}

bool state_file_read(FILE *in, struct registry *const registries[KIND_COUNT], struct err *err)
{
    char *line = mem_alloc(LINE_MAX_BYTES);
    bool good = read_lines(in, line, registries, err);
    free(line);
    return good;
}
