/* The rows of AXL's replies, their columns found by name. Part of axl.c. */
#ifndef CISCO_AXL_ROWS_H
#define CISCO_AXL_ROWS_H

#include "health/imp.h"
#include "cisco/soap_reader.h"

/* What was read of one reply. `part` holds it until the reply is known to be whole. */
struct axl_rows {
    struct imp_result *part;
    bool useful;   /* a row with the column that is needed came */
    char *columns; /* the names in the first row without it; NULL: there was none */
    char *version; /* of getCCMVersion; NULL: none */
};

void axl_rows_init(struct axl_rows *rows);
void axl_rows_fini(struct axl_rows *rows);

void axl_rows_add_s2s(struct axl_rows *rows, const struct soap_row *row);          /* of xmpps2snode: needs cp_id */
void axl_rows_add_notification(struct axl_rows *rows, const struct soap_row *row); /* needs a description */
void axl_rows_add_version(struct axl_rows *rows, const struct soap_row *row);      /* componentVersion */
/* Rows came, and none had the column that is needed. */
bool axl_rows_are_strange(const struct axl_rows *rows);

/* Hand over what was read, once. */
void axl_rows_give_s2s(struct axl_rows *rows, struct imp_result *result);
void axl_rows_give_notifications(struct axl_rows *rows, struct imp_result *result);

#endif
