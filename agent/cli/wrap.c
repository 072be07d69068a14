#include <stdbool.h>
#include <string.h>

#include "cli/cli.h"

/* Up to the next space; what stands between backticks is one word. */
static size_t word_length(const char *text)
{
    size_t length = 0;
    bool quoted = false;
    for (; text[length] != '\0' && (quoted || text[length] != ' '); length++) {
        if (text[length] == '`')
            quoted = !quoted;
    }
    return length;
}

void cli_write_wrapped(FILE *out, const char *text, size_t column, size_t indent, size_t width)
{
    bool at_start = true;
    while (*text != '\0') {
        size_t length = word_length(text);
        if (!at_start && column + 1 + length > width) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            at_start = true;
        }
        fprintf(out, "%s%.*s", at_start ? "" : " ", (int)length, text);
        column += length + (at_start ? 0 : 1);
        at_start = false;
        text += length;
        text += strspn(text, " ");
    }
    putc('\n', out);
}
