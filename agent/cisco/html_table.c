#include "cisco/html_table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "cisco/page_text.h"

static const char *const HEADINGS[HTML_COLUMN_COUNT] = {"severity", "count", "description", "origin", "created"};

#define SPAN_MAX 1000

struct cell {
    unsigned column, span;
    struct buf text;
};

struct table {
    bool headed;
    unsigned first[HTML_COLUMN_COUNT]; /* of a heading's columns; with span 0 there is none */
    unsigned span[HTML_COLUMN_COUNT];
    struct cell *cells; /* owned; of the row that is open */
    size_t cell_count, cell_room; /* room: those whose text is initialised */
    unsigned next_column;
    unsigned covered[HTML_CELLS_MAX]; /* rows, this one too, that a cell above reaches into in this column */
    bool in_row, in_cell;
};

struct html_tables {
    html_row *row;
    void *arg;
    struct table table[HTML_TABLES_MAX];
    size_t depth;  /* of those */
    size_t beyond; /* tables open inside the deepest of those */
    bool found;
    size_t rows;
};

struct html_tables *html_tables_new(html_row *row, void *arg)
{
    struct html_tables *tables = mem_alloc(sizeof *tables);
    tables->row = row;
    tables->arg = arg;
    return tables;
}

static void table_fini(struct table *table)
{
    for (size_t i = 0; i < table->cell_room; i++)
        buf_fini(&table->cells[i].text);
    free(table->cells);
    *table = (struct table){.headed = false};
}

void html_tables_free(struct html_tables *tables)
{
    if (tables == NULL)
        return;
    while (tables->depth > 0)
        table_fini(&tables->table[--tables->depth]);
    free(tables);
}

/* "&nbsp;Severity ▲" is meant as "severity": ASCII letters and digits, with one space between words. */
static enum html_column heading_of(const struct cell *cell)
{
    char plain[16];
    size_t used = 0;
    for (const char *at = cell->text.data; *at != '\0' && used < sizeof plain - 1; at++) {
        if (isalnum((unsigned char)*at))
            plain[used++] = *at;
        else if (*at == ' ' && used > 0 && plain[used - 1] != ' ')
            plain[used++] = ' ';
    }
    while (used > 0 && plain[used - 1] == ' ')
        used--;
    plain[used] = '\0';
    text_lower(plain);
    enum html_column column = HTML_SEVERITY;
    while (column < HTML_COLUMN_COUNT && strcmp(plain, HEADINGS[column]) != 0)
        column++;
    return column;
}

/* Whether the row that is open is one of headings. Of two with the same name the first counts. */
static bool read_headings(struct table *table)
{
    unsigned first[HTML_COLUMN_COUNT] = {0}, span[HTML_COLUMN_COUNT] = {0};
    for (size_t i = 0; i < table->cell_count; i++) {
        enum html_column column = heading_of(&table->cells[i]);
        if (column < HTML_COLUMN_COUNT && span[column] == 0) {
            first[column] = table->cells[i].column;
            span[column] = table->cells[i].span;
        }
    }
    if (span[HTML_SEVERITY] == 0 || span[HTML_DESCRIPTION] == 0)
        return false;
    memcpy(table->first, first, sizeof first);
    memcpy(table->span, span, sizeof span);
    table->headed = true;
    return true;
}

/* The texts of the cells that begin below a heading, so that a cell across the whole table is below none. */
static void emit(struct html_tables *tables, const struct table *table)
{
    struct buf joined[HTML_COLUMN_COUNT];
    const char *text[HTML_COLUMN_COUNT] = {NULL};
    for (int column = 0; column < HTML_COLUMN_COUNT; column++) {
        buf_init(&joined[column], HTML_CELL_MAX);
        for (size_t i = 0; i < table->cell_count; i++) {
            const struct cell *cell = &table->cells[i];
            unsigned from = table->first[column], behind = from + table->span[column];
            if (cell->column < from || cell->column >= behind || (cell->column == from && cell->span > behind - from))
                continue;
            page_text_squeeze(&joined[column], " ", 1);
            page_text_squeeze(&joined[column], cell->text.data, cell->text.length);
        }
        struct buf *all = &joined[column];
        if (all->length > 0 && all->data[all->length - 1] == ' ')
            all->data[all->length - 1] = '\0';
        text[column] = all->data[0] != '\0' ? all->data : NULL;
    }
    if (text[HTML_DESCRIPTION] != NULL) {
        tables->rows++;
        tables->row(tables->arg, text);
    }
    for (int column = 0; column < HTML_COLUMN_COUNT; column++)
        buf_fini(&joined[column]);
}

static struct table *innermost(struct html_tables *tables)
{
    return tables->depth > 0 && tables->beyond == 0 ? &tables->table[tables->depth - 1] : NULL;
}

static void end_row(struct html_tables *tables, struct table *table)
{
    if (table->cell_count > 0) {
        if (read_headings(table))
            tables->found = true;
        else if (table->headed)
            emit(tables, table);
    }
    for (size_t i = 0; i < table->cell_count; i++)
        buf_clear(&table->cells[i].text);
    for (size_t i = 0; i < HTML_CELLS_MAX && table->in_row; i++)
        table->covered[i] -= table->covered[i] > 0;
    table->cell_count = table->next_column = 0;
    table->in_row = table->in_cell = false;
}

/* HTML 4.9.11: what is no number, or too great a one, is 1. */
static unsigned span_read(const char *text)
{
    unsigned long span = text != NULL ? strtoul(text, NULL, 10) : 1;
    return span >= 1 && span <= SPAN_MAX ? (unsigned)span : 1;
}

static void start_cell(struct table *table, const char *colspan, const char *rowspan)
{
    table->in_row = true;
    table->in_cell = table->cell_count < HTML_CELLS_MAX;
    if (!table->in_cell)
        return;
    if (table->cell_count == table->cell_room) {
        table->cells = mem_resize(table->cells, table->cell_room + 1, sizeof *table->cells);
        buf_init(&table->cells[table->cell_room++].text, HTML_CELL_MAX);
    }
    while (table->next_column < HTML_CELLS_MAX && table->covered[table->next_column] > 0)
        table->next_column++;
    struct cell *cell = &table->cells[table->cell_count++];
    cell->column = table->next_column;
    cell->span = span_read(colspan);
    table->next_column += cell->span;
    for (unsigned i = cell->column; i < table->next_column && i < HTML_CELLS_MAX; i++)
        table->covered[i] = span_read(rowspan);
}

static bool is_cell(const char *tag)
{
    return strcmp(tag, "td") == 0 || strcmp(tag, "th") == 0;
}

/* A part of a table: cells do not reach beyond it. */
static bool is_group(const char *tag)
{
    return strcmp(tag, "thead") == 0 || strcmp(tag, "tbody") == 0 || strcmp(tag, "tfoot") == 0;
}

/* Inside a line of text: no white space where the tag stands. */
static bool is_inline(const char *tag)
{
    static const char *const TAGS[] = {"a", "b", "i", "u", "em", "strong", "span", "font", "small", "big", "tt", "code",
                                       "sub", "sup", "img", "abbr", "nobr", "label", "wbr"};
    for (size_t i = 0; i < sizeof TAGS / sizeof *TAGS; i++) {
        if (strcmp(tag, TAGS[i]) == 0)
            return true;
    }
    return false;
}

void html_tables_start(struct html_tables *tables, const char *tag, const char *colspan, const char *rowspan)
{
    if (!is_inline(tag))
        html_tables_text(tables, " ", 1);
    struct table *table = innermost(tables);
    if (strcmp(tag, "table") == 0) {
        if (tables->depth < HTML_TABLES_MAX)
            tables->depth++;
        else
            tables->beyond++;
    } else if (table != NULL && is_group(tag)) {
        end_row(tables, table);
        memset(table->covered, 0, sizeof table->covered);
    } else if (table != NULL && strcmp(tag, "tr") == 0) {
        end_row(tables, table);
        table->in_row = true;
    } else if (table != NULL && is_cell(tag)) {
        start_cell(table, colspan, rowspan);
    }
}

void html_tables_end(struct html_tables *tables, const char *tag)
{
    if (!is_inline(tag))
        html_tables_text(tables, " ", 1);
    struct table *table = innermost(tables);
    if (strcmp(tag, "table") == 0) {
        if (tables->beyond > 0) {
            tables->beyond--;
        } else if (table != NULL) {
            end_row(tables, table);
            table_fini(table);
            tables->depth--;
        }
    } else if (table != NULL && (strcmp(tag, "tr") == 0 || is_group(tag))) {
        end_row(tables, table);
    } else if (table != NULL && is_cell(tag)) {
        table->in_cell = false;
    }
}

void html_tables_text(struct html_tables *tables, const char *text, size_t length)
{
    for (size_t i = 0; i < tables->depth; i++) {
        struct table *table = &tables->table[i];
        if (table->in_cell)
            page_text_squeeze(&table->cells[table->cell_count - 1].text, text, length);
    }
}

void html_tables_finish(struct html_tables *tables)
{
    tables->beyond = 0;
    while (tables->depth > 0)
        html_tables_end(tables, "table");
}

bool html_tables_found(const struct html_tables *tables)
{
    return tables->found;
}

bool html_tables_inside(const struct html_tables *tables)
{
    for (size_t i = 0; i < tables->depth; i++) {
        if (tables->table[i].headed)
            return true;
    }
    return false;
}

size_t html_tables_rows(const struct html_tables *tables)
{
    return tables->rows;
}
