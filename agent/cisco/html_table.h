/* Finds the notifications in the tables of a page, by their headings, from tags and text in the order of the page. What
 * tables look like when their tags are in disorder is decided here and not by the HTML parser: a cell ends where the
 * next one, a row or its table begins or ends. */
#ifndef CISCO_HTML_TABLE_H
#define CISCO_HTML_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum html_column { HTML_SEVERITY, HTML_COUNT, HTML_DESCRIPTION, HTML_ORIGIN, HTML_CREATED, HTML_COLUMN_COUNT };

#define HTML_TABLES_MAX 32 /* nested; the text of those within counts as their cell's */
#define HTML_CELLS_MAX 64  /* of a row; the others are left out */
#define HTML_CELL_MAX 2048 /* bytes of a cell's text; the rest is left out */

/* A row with a description; the texts are valid in the call only, and NULL where there is no such cell, or an empty
 * one. White space is squeezed, and nothing else is cleaned. */
typedef void html_row(void *arg, const char *const text[HTML_COLUMN_COUNT]);

struct html_tables;
struct html_tables *html_tables_new(html_row *row, void *arg);
void html_tables_free(struct html_tables *tables); /* NULL is legal */
/* A start tag; lower case. The attributes as they stand there, or NULL. */
void html_tables_start(struct html_tables *tables, const char *tag, const char *colspan, const char *rowspan);
void html_tables_end(struct html_tables *tables, const char *tag);
void html_tables_text(struct html_tables *tables, const char *text, size_t length);
void html_tables_finish(struct html_tables *tables); /* the end of the page */

/* A row with at least the headings Severity and Description was there. */
bool html_tables_found(const struct html_tables *tables);
/* Now inside a table whose headings were found. */
bool html_tables_inside(const struct html_tables *tables);
size_t html_tables_rows(const struct html_tables *tables); /* that were handed on */

#endif
