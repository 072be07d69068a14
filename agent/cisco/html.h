/* Two readings of one page of HTML as browsers accept it: the form of a servlet container's form login (Jakarta Servlet
 * 13.6.3), and the notifications in its tables. The ONLY user of libxml2. Nothing is loaded from anywhere, and time and
 * memory are bounded whatever the page. */
#ifndef CISCO_HTML_H
#define CISCO_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cisco/html_table.h"

#define HTML_PAGE_MAX (2 * 1024 * 1024) /* bytes that are read of a page */
#define HTML_PIECE 4096                 /* bytes that are read at a time */
#define HTML_DEPTH_MAX 8192             /* elements within each other */
#define HTML_TAG_MAX (32 * 1024)        /* bytes of one start tag */
#define HTML_TEXT_MAX (64 * 1024)       /* bytes of text without a tag in between; scripts and styles may be longer */
#define HTML_ATTRIBUTES_MAX 256         /* of one start tag */
#define HTML_INPUTS_MAX 32              /* hidden ones of the form */
#define HTML_INPUT_MAX 8192             /* bytes of a name, and of a value */

struct html_input {
    char *name;  /* owned */
    char *value; /* owned */
};

struct html_page {
    /* Why the reading ended before the page did: too deep, too large, …; static storage; NULL: it did not. What was
     * found until then stands below. */
    const char *fault;

    bool form;         /* one whose action ends in j_security_check is there; the first counts */
    char *action;      /* owned; where it is posted to, at the page's own server; NULL: that is elsewhere */
    char *action_text; /* owned; as it stands in the page */
    bool username, password;    /* it has the inputs j_username, j_password */
    struct html_input *inputs;  /* owned; its hidden inputs, in their order */
    size_t input_count;
    bool inputs_left_out;       /* it has more or longer ones */

    bool table;        /* a table with the headings Severity and Description is there */
    size_t rows;       /* of notifications */
    bool title;        /* the page says "Find and List Notifications", in upper or lower case */
    int64_t records;   /* N of "N records found", 0 for "no records"; -1: the page does not say so */
};

/* Reads the page at `url` piece by piece, calling `row` for every notification. `bytes` are in the charset that
 * `content_type` (may be NULL) or the page tells; they, it and the URL are copied. A <base> counts where it is of the
 * page's own server. End tags of forms do not, since cells in disorder end forms too early: what stands behind a form
 * is taken as its own. */
struct html_reader;
struct html_reader *html_reader_new(struct html_page *page, const char *url, const char *content_type,
                                    const char *bytes, size_t length, html_row *row, void *arg);
/* Reads HTML_PIECE bytes more, which takes some milliseconds at the worst. False: the page is read, and `page` filled
 * in. Not to be called again after that. */
bool html_reader_go_on(struct html_reader *reader);
/* Also before the page is read. The page is not the reader's: it needs html_page_fini() all the same. */
void html_reader_free(struct html_reader *reader); /* NULL is legal */

void html_page_fini(struct html_page *page);

#endif
