#include "exporters/web/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "exporters/web/html.h"
#include "exporters/web/page.h"

/* The value of a column: of its fact or its label. */
static void read_column(const struct fact_row *row, const struct column *column, char scratch[FACT_TEXT_SIZE],
                        struct fact_value *value)
{
    enum fact_scope scope = column->scope != SCOPE_AGENT ? column->scope : row->scope;
    const struct fact *fact = fact_by_key(scope, column->key);
    if (fact != NULL) {
        fact_read(fact, row, value);
        if (value->present && fact->type == FACT_STATE)
            value->text = state_name((enum state)value->number);
        return;
    }
    value->present = false;
    for (size_t i = 0; i < scope_label_count(row->scope); i++) {
        if (strcmp(scope_label_name(row->scope, i), column->key) == 0) {
            value->text = scope_label_value(row, i, scratch);
            value->present = value->text != NULL;
            value->number = value->present ? strtod(value->text, NULL) : 0;
        }
    }
}

static void add_state(struct buf *out, const char *name)
{
    for (enum state state = STATE_OK; state <= STATE_UNKNOWN; state++) {
        if (strcmp(name, state_name(state)) == 0)
            page_add_state(out, state);
    }
}

void table_add_reason(struct buf *out, const char *code)
{
    enum reason reason = reason_from_code(code);
    buf_puts(out, "<code title=\"");
    html_text(out, reason_info(reason)->meaning, PAGE_DETAIL_MAX);
    buf_printf(out, "\">%s</code>", code);
}

static void add_took(struct buf *out, double seconds)
{
    if (seconds < 1)
        buf_printf(out, "%.1f ms", seconds * 1e3);
    else
        buf_printf(out, "%.2f s", seconds);
}

/* The moment, up to `end`, and how far away it is. */
static void add_moment(struct buf *out, double seconds, const char *end, int64_t now_ms)
{
    char text[CLOCK_RFC3339_SIZE];
    clock_rfc3339((int64_t)seconds, text);
    buf_printf(out, "%.*s, ", (int)strcspn(text, end), text);
    page_add_age(out, (int64_t)seconds * 1000, now_ms);
}

void table_add_code(struct buf *out, const char *text)
{
    buf_puts(out, "<code>");
    html_text(out, text, PAGE_DETAIL_MAX);
    buf_puts(out, "</code>");
}

static void add_value(const struct page *page, const struct fact_value *value, enum look look)
{
    struct buf *out = page->out;
    if (!value->present) {
        buf_puts(out, "–");
        return;
    }
    switch (look) {
    case LOOK_PLAIN:
    case LOOK_WORD: html_text(out, value->text, PAGE_DETAIL_MAX); break;
    case LOOK_CODE: table_add_code(out, value->text); break;
    case LOOK_NUMBER: buf_printf(out, "%.0f", value->number); break;
    case LOOK_STATE: add_state(out, value->text); break;
    case LOOK_REASON: table_add_reason(out, value->text); break;
    case LOOK_TOOK: add_took(out, value->number); break;
    case LOOK_AGE: page_add_age(out, (int64_t)(value->number * 1e3), page->now_ms); break;
    case LOOK_DATE: add_moment(out, value->number, "T", page->now_ms); break;
    case LOOK_MOMENT: add_moment(out, value->number, "", page->now_ms); break;
    case LOOK_YES_NO: buf_puts(out, value->number != 0 ? "yes" : "no"); break;
    }
}

/* Whether something is known of the row besides its first cell. */
static bool has_more(const struct fact_row *row, const struct column *columns, size_t count)
{
    char scratch[FACT_TEXT_SIZE];
    struct fact_value value = {.present = false};
    for (size_t i = 1; i < count && !value.present; i++)
        read_column(row, &columns[i], scratch, &value);
    return value.present;
}

/* What takes little room is kept on one line, also on a narrow screen. */
static bool is_short(enum look look)
{
    return look >= LOOK_NUMBER;
}

/* One row, headed by its first cell. */
static void add_row(const struct page *page, const struct fact_row *row, const struct column *columns, size_t count)
{
    struct buf *out = page->out;
    char scratch[FACT_TEXT_SIZE];
    buf_puts(out, "<tr>");
    for (size_t i = 0; i < count; i++) {
        struct fact_value value;
        read_column(row, &columns[i], scratch, &value);
        if (i > 0)
            buf_printf(out, "<td%s%s data-label=\"%s\">", is_short(columns[i].look) ? " class=when" : "",
                       value.present ? "" : " data-absent", columns[i].title);
        else
            buf_puts(out, is_short(columns[i].look) ? "<th scope=row class=when>" : "<th scope=row>");
        add_value(page, &value, columns[i].look);
        buf_puts(out, i > 0 ? "</td>" : "</th>");
    }
    buf_puts(out, "</tr>\n");
}

static void begin_table(struct buf *out, const struct column *columns, size_t count)
{
    buf_puts(out, "<table class=facts>\n<thead><tr>");
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "<th scope=col>%s", columns[i].title);
    buf_puts(out, "</tr></thead>\n<tbody>\n");
}

static void end_table(struct buf *out)
{
    buf_puts(out, "</tbody>\n</table>\n");
}

bool table_first(const struct page *page, enum fact_scope scope, size_t item, struct fact_row *row)
{
    for (bool there = fact_row_first(row, scope, &page->one); there; there = fact_row_next(row)) {
        if (item == SIZE_MAX || row->item == item)
            return true;
    }
    return false;
}

bool table_next(struct fact_row *row, size_t item)
{
    return fact_row_next(row) && (item == SIZE_MAX || row->item == item);
}

bool table_add(const struct page *page, enum fact_scope scope, size_t item, const struct column *columns,
               size_t count)
{
    struct fact_row row;
    bool there = table_first(page, scope, item, &row), any = there;
    if (any)
        begin_table(page->out, columns, count);
    for (; there; there = table_next(&row, item)) {
        if (has_more(&row, columns, count))
            add_row(page, &row, columns, count);
    }
    if (any)
        end_table(page->out);
    return any;
}

void table_add_backwards(const struct page *page, enum fact_scope scope, const struct column *columns, size_t count)
{
    struct fact_row row;
    if (!fact_row_first(&row, scope, &page->one))
        return;
    begin_table(page->out, columns, count);
    for (row.item = fact_item_count(&row); row.item-- > 0;)
        add_row(page, &row, columns, count);
    end_table(page->out);
}

void table_add_terms(const struct page *page, const struct fact_row *row, const struct column *terms, size_t count)
{
    char scratch[FACT_TEXT_SIZE];
    for (size_t i = 0; i < count; i++) {
        struct fact_value value;
        read_column(row, &terms[i], scratch, &value);
        if (!value.present)
            continue;
        buf_printf(page->out, "<dt>%s</dt><dd>", terms[i].title);
        add_value(page, &value, terms[i].look);
        buf_puts(page->out, "</dd>\n");
    }
}

void table_add_term_of_rows(const struct page *page, enum fact_scope scope, size_t item, const struct column *term)
{
    struct fact_row row;
    char scratch[FACT_TEXT_SIZE];
    bool any = false;
    for (bool there = table_first(page, scope, item, &row); there; there = table_next(&row, item)) {
        struct fact_value value;
        read_column(&row, term, scratch, &value);
        if (!value.present)
            continue;
        if (!any)
            buf_printf(page->out, "<dt>%s</dt><dd>", term->title);
        const char *label = scope_label_value(&row, scope_label_count(scope) - 1, scratch);
        buf_printf(page->out, "%s<span class=\"part %s\">%s ", any ? " · " : "",
                   scope == SCOPE_TEST && value.number == 0 ? "critical" : "", label);
        add_value(page, &value, term->look);
        buf_puts(page->out, "</span>");
        any = true;
    }
    if (any)
        buf_puts(page->out, "</dd>\n");
}
