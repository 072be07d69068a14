#include "config/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

void faults_init(struct faults *faults)
{
    *faults = (struct faults){.files = mem_array(1, sizeof *faults->files), .file_count = 1};
}

void faults_fini(struct faults *faults)
{
    for (unsigned i = 0; i < faults->file_count; i++)
        free(faults->files[i]);
    free(faults->files);
    for (size_t i = 0; i < faults->count; i++) {
        free(faults->list[i].key);
        free(faults->list[i].what);
    }
    free(faults->list);
    *faults = (struct faults){0};
}

unsigned faults_file(struct faults *faults, const char *name)
{
    faults->files = mem_resize(faults->files, faults->file_count + 1, sizeof *faults->files);
    faults->files[faults->file_count] = mem_strdup(name);
    return faults->file_count++;
}

void faults_add(struct faults *faults, struct place at, const char *key, const char *format, ...)
{
    if (faults->found++ >= FAULTS_MAX)
        return;
    va_list args;
    va_start(args, format);
    faults->list = mem_resize(faults->list, faults->count + 1, sizeof *faults->list);
    faults->list[faults->count] = (struct fault){
        .at = at,
        .order = faults->count,
        .key = mem_strdup(key),
        .what = mem_vprintf(format, args),
    };
    faults->count++;
    va_end(args);
}

bool faults_about(const struct faults *faults, const char *key)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (strcmp(faults->list[i].key, key) == 0)
            return true;
    }
    return false;
}

char *faults_place(const struct faults *faults, struct place at)
{
    const char *file = faults->files[at.file];
    return at.line == 0 ? mem_strdup(file) : mem_printf("%s:%u", file, at.line);
}

static int compare(const void *left, const void *right)
{
    const struct fault *a = left, *b = right;
    if (a->at.file != b->at.file)
        return a->at.file < b->at.file ? -1 : 1;
    if (a->at.line != b->at.line)
        return a->at.line < b->at.line ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

bool faults_print(struct faults *faults, struct buf *out)
{
    if (faults->count == 0)
        return false;
    qsort(faults->list, faults->count, sizeof *faults->list, compare);
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->list[i];
        char *place = faults_place(faults, fault->at);
        if (place != NULL)
            buf_printf(out, "%s: ", place);
        if (*fault->key != '\0')
            buf_printf(out, "%s: ", fault->key);
        buf_printf(out, "%s\n", fault->what);
        free(place);
    }
    if (faults->found > faults->count)
        buf_printf(out, "%zu more faults are not shown\n", faults->found - faults->count);
    return true;
}

const char *text_shown(const char *text, char out[TEXT_SHOWN_SIZE])
{
    char *whole = text_clean(text, TEXT_SHOWN_SIZE), *start = text_clean(text, TEXT_SHOWN_SIZE - sizeof "...");
    bool cut = strlen(whole) > strlen(start);
    snprintf(out, TEXT_SHOWN_SIZE, "%s%s", start, cut ? "..." : "");
    free(whole);
    free(start);
    return out;
}
