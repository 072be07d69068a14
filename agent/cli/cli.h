/* The subcommands of `fedhealth`. Each gets its own arguments, argv[0] being the subcommand's name, and returns the
 * exit status: 0 ok, 1 warning, 2 critical, 3 unknown, usage or configuration error, as monitoring plugins do. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>

#include "health/status.h"

#define CLI_EXIT_UNKNOWN 3

/* fedhealth check: the checks of the named domains, once, in the foreground. */
int cli_check(int argc, char **argv);

/* fedhealth explain [REASON | --markdown]: what a reason means and what to do about it. An unknown one is answered
 * with the one most like it, and CLI_EXIT_UNKNOWN. */
int cli_explain(int argc, char **argv);

/* fedhealth dialback-key: makes a dialback key, or with --identify tells which algorithm made one: 0, or 2 where none
 * did. */
int cli_dialback_key(int argc, char **argv);

/* All reasons as the reference that is kept in docs/reasons.md. */
void explain_write_markdown(FILE *out);

/* The outcome of `fedhealth check`, or of /probe with debug, domains and then nodes, for people, and as the one line of
 * a monitoring plugin with its perfdata. */
void report_text(FILE *out, const struct status *status);
void report_nagios(FILE *out, const struct status *status);
/* As `/api/v1/status` shows it. */
void report_json(FILE *out, const struct status *status);
/* The worst state of all domains and nodes, in the order critical, warning, unknown, ok. */
enum state report_worst(const struct status *status);

/* Writes the text on lines of at most `width` columns, each but the first indented, and ends the last line. `column` is
 * where the first line already stands. What stands between backticks is kept together. */
void cli_write_wrapped(FILE *out, const char *text, size_t column, size_t indent, size_t width);

#endif
