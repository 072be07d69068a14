#include "cli/cli.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "health/reason.h"

#define TERMINAL_WIDTH 80
#define MARKDOWN_WIDTH 110
#define CODE_SIZE TEXT_WORD_MAX /* the longest code, or what the user took for one, and its NUL */
#define CODE_COLUMN 41 /* the longest code */

static const char MARKDOWN_HEAD[] =
    "# Reasons\n"
    "\n"
    "Every check ends with one of these reasons: it is the label `reason` in Prometheus and a column in SNMP. In the\n"
    "terminal `fedhealth explain REASON` shows one of them, and `fedhealth explain` lists them all.\n"
    "\n"
    "The state given here is that of one endpoint, unless `severity` in the configuration gives the reason another;\n"
    "where only some of a domain's endpoints are critical, its check is in warning. \"The peer\" is the XMPP server\n"
    "of the checked domain. In commands, DOMAIN is that domain (the part of an XMPP address behind the at sign),\n"
    "HOST the target of its SRV record, and PORT the port in it, mostly 5269.\n"
    "\n"
    "The stages axl, s2snode and xcp are those of Cisco IM and Presence nodes. \"The node\" is the one that is\n"
    "checked, and HOST its name; its command line is reached by SSH as its administrator. Stage xcp has the reasons\n"
    "of the checks `xcp_restart` and `xcp_router`.\n"
    "\n"
    "This file is written by `fedhealth explain --markdown > docs/reasons.md`; change the texts in\n"
    "`agent/health/reasons*.def`.\n";

static const char USAGE[] =
    "usage: fedhealth explain [REASON]\n"
    "       fedhealth explain --markdown\n"
    "Without a REASON every reason is listed.\n";

static void print_section(const char *heading, const char *text)
{
    printf("\n%s\n  ", heading);
    cli_write_wrapped(stdout, text, 2, 2, TERMINAL_WIDTH);
}

static void print_reason(enum reason reason)
{
    const struct reason_info *info = reason_info(reason);
    printf("Reason  %s\nStage   %s\nState   %s\n", info->code, info->stage, state_name(info->state));
    print_section("Meaning", info->meaning);
    print_section("Likely cause", info->cause);
    print_section("What to do", info->remedy);
}

/* Whether no reason before this one belongs to the same stage. */
static bool starts_stage(enum reason reason)
{
    return reason == 0 || strcmp(reason_info(reason)->stage, reason_info(reason - 1)->stage) != 0;
}

static void print_list(void)
{
    for (enum reason reason = 0; reason < REASON_COUNT; reason++) {
        const struct reason_info *info = reason_info(reason);
        if (starts_stage(reason))
            printf("%s%s\n", reason == 0 ? "" : "\n", info->stage);
        printf("  %-*s  %-8s  %s\n", CODE_COLUMN, info->code, state_name(info->state), info->meaning);
    }
}

static void write_item(FILE *out, const char *heading, const char *text)
{
    int column = fprintf(out, "- **%s:** ", heading);
    cli_write_wrapped(out, text, (size_t)column, 2, MARKDOWN_WIDTH);
}

void explain_write_markdown(FILE *out)
{
    fputs(MARKDOWN_HEAD, out);
    for (enum reason reason = 0; reason < REASON_COUNT; reason++) {
        const struct reason_info *info = reason_info(reason);
        if (starts_stage(reason))
            fprintf(out, "\n## %s\n", info->stage);
        fprintf(out, "\n### %s\n\n", info->code);
        write_item(out, "State", state_name(info->state));
        write_item(out, "Meaning", info->meaning);
        write_item(out, "Likely cause", info->cause);
        write_item(out, "What to do", info->remedy);
    }
}

/* Lower case and underscores, as codes are written. False when it is too long to be one. */
static bool normalise(const char *typed, char code[CODE_SIZE])
{
    size_t length = strlen(typed);
    if (length >= CODE_SIZE)
        return false;
    for (size_t i = 0; i <= length; i++)
        code[i] = typed[i] == '-' ? '_' : (char)tolower((unsigned char)typed[i]);
    return true;
}

static int explain_code(const char *typed)
{
    char code[CODE_SIZE];
    if (!normalise(typed, code)) {
        fprintf(stderr, "fedhealth explain: this is not a reason. `fedhealth explain` lists them.\n");
        return CLI_EXIT_UNKNOWN;
    }
    enum reason reason = reason_from_code(code);
    if (reason == REASON_COUNT) {
        const char *nearest = reason_nearest(code);
        fprintf(stderr, "fedhealth explain: there is no reason \"%s\"", typed);
        if (nearest != NULL)
            fprintf(stderr, "; did you mean %s?\n", nearest);
        else
            fputs(". `fedhealth explain` lists them.\n", stderr);
        return CLI_EXIT_UNKNOWN;
    }
    print_reason(reason);
    return EXIT_SUCCESS;
}

int cli_explain(int argc, char **argv)
{
    if (argc == 1) {
        print_list();
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--markdown") == 0) {
        explain_write_markdown(stdout);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(USAGE, stdout);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && argv[1][0] != '-')
        return explain_code(argv[1]);
    fputs(USAGE, stderr);
    return CLI_EXIT_UNKNOWN;
}
