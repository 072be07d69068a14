/* What a page about a domain and one about a node have in common. */
#ifndef WEB_ABOUT_H
#define WEB_ABOUT_H

#include "exporters/web/table.h"

/* Head, name, state and since when; opens the main part. */
void about_begin(const struct page *page, const struct subject *subject);
/* What is not ok, the check that decides the state first and opened. */
void about_add_findings(const struct page *page, const struct subject *subject);
void about_add_checks(const struct page *page, enum fact_scope scope);
/* Newest first. */
void about_add_transitions(const struct page *page, enum fact_scope scope);

/* A whole page that says that there is no such `what`, "domain" or "node". */
void about_missing(const struct page *page, const char *what, const char *name);

#endif
