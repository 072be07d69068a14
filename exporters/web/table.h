/* Facts as tables and lists of terms on a page: which columns there are is said by each page, what stands in them comes
 * out of the table of facts. */
#ifndef WEB_TABLE_H
#define WEB_TABLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "health/fact.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum look {
    LOOK_PLAIN, LOOK_CODE, LOOK_STATE, LOOK_REASON,
    LOOK_NUMBER, LOOK_TOOK, LOOK_AGE, LOOK_DATE, LOOK_MOMENT, LOOK_YES_NO, LOOK_WORD /* these are short */
};

/* A fact of the row under its key, or else the label of that name. */
struct column {
    const char *title, *key;
    enum look look;
    enum fact_scope scope; /* of the fact, where it is another one's than the row's; SCOPE_AGENT: it is not */
};

/* A page about one domain or node. */
struct page {
    struct status one; /* the domain or node alone, so that its rows are all there are */
    int64_t now_ms;
    struct buf *out;
};

/* Moves to the first row of the scope, or to the next. `item` SIZE_MAX: of any item, else only of this one. */
bool table_first(const struct page *page, enum fact_scope scope, size_t item, struct fact_row *row);
bool table_next(struct fact_row *row, size_t item);

/* All rows, or those of one item, of which something is known besides the first cell; false when there is no row. */
bool table_add(const struct page *page, enum fact_scope scope, size_t item, const struct column *columns,
               size_t count);

/* All rows of all items, the last first; nothing when there is none. */
void table_add_backwards(const struct page *page, enum fact_scope scope, const struct column *columns, size_t count);

/* Each fact that is known as a term of a <dl>. */
void table_add_terms(const struct page *page, const struct fact_row *row, const struct column *terms, size_t count);
/* The rows of the item that have the fact, as one term: "connect 1.0 ms · stream 2.0 ms". */
void table_add_term_of_rows(const struct page *page, enum fact_scope scope, size_t item, const struct column *term);

/* A reason's code; its meaning is the element's title. */
void table_add_reason(struct buf *out, const char *code);
/* Text that a peer may have chosen, as <code>. */
void table_add_code(struct buf *out, const char *text);

#endif
