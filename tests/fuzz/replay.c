/* Feeds a fuzz target every file of its corpus, the folder of tests/fuzz/corpus that has the program's name, below the
 * one that the environment variable `srcdir` names; or the files that are named as arguments. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"

static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = mem_alloc(size + 1); /* not one byte more than the target may read */
    if (fread(data, 1, size, file) != size) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    fclose(file);
    data = mem_resize(data, size > 0 ? size : 1, 1);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    if (argc > 1)
        return EXIT_SUCCESS;
    const char *source = getenv("srcdir");
    char *folder =
        mem_printf("%s/tests/fuzz/corpus/%s", source != NULL ? source : ".", program_invocation_short_name);
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort), replayed = 0;
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            char *path = mem_printf("%s/%s", folder, entries[i]->d_name);
            replay(path);
            free(path);
            replayed++;
        }
        free(entries[i]);
    }
    printf("%s: %d files\n", folder, replayed);
    if (count >= 0)
        free(entries);
    free(folder);
    return replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
