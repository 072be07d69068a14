/* The reader of the Notifications page. The first byte tells the charset of the header field. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "cisco/html.h"
#include "cisco/page_url.h"

#define URL "https://cups.example.org:8443/cupadmin/notificationsFindList.do?a=b"
#define ORIGIN "https://cups.example.org:8443/"

static const char *const CONTENT_TYPES[] = {NULL, "text/html;charset=UTF-8", "text/html; charset=ISO-8859-1",
                                            "text/html; charset=\"utf-16le\""};

static void take_row(void *arg, const char *const text[HTML_COLUMN_COUNT])
{
    size_t *rows = arg;
    ++*rows;
    assert(text[HTML_DESCRIPTION] != NULL);
    for (int i = 0; i < HTML_COLUMN_COUNT; i++)
        assert(text[i] == NULL || (text[i][0] != '\0' && strlen(text[i]) <= HTML_CELL_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct html_page page;
    size_t rows = 0;
    const char *content_type = CONTENT_TYPES[data[0] % (sizeof CONTENT_TYPES / sizeof *CONTENT_TYPES)];
    struct html_reader *reader =
        html_reader_new(&page, URL, content_type, (const char *)data + 1, size - 1, take_row, &rows);
    while (html_reader_go_on(reader))
        ;
    html_reader_free(reader);
    assert(page.rows == rows && page.input_count <= HTML_INPUTS_MAX);
    assert(rows == 0 || page.table);
    assert(page.form == (page.action_text != NULL));
    if (page.action != NULL) {
        assert(page.form && strncmp(page.action, ORIGIN, strlen(ORIGIN)) == 0);
        assert(strpbrk(page.action, " \\#\r\n\t\"<>") == NULL);
    }
    html_page_fini(&page);
    return 0;
}
