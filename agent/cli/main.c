/* The command-line tool: picks the subcommand. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "cli/cli.h"

static const char USAGE[] =
    "usage: fedhealth check [--config.file=FILE] [--json | --nagios] DOMAIN ...\n"
    "       fedhealth check --config.file=FILE [--json | --nagios] --imp=NAME ...\n"
    "       fedhealth explain [REASON]\n"
    "       fedhealth dialback-key [--secret-file=FILE] [--algorithm=NAME] RECEIVING ORIGINATING STREAM-ID\n"
    "       fedhealth dialback-key --identify [--secret-file=FILE] RECEIVING ORIGINATING STREAM-ID KEY\n"
    "       fedhealth --version | --help\n"
    "\n"
    "check runs the checks once and tells what is wrong, why, and what to do.\n"
    "explain tells what a reason means, or lists them all.\n"
    "dialback-key makes a dialback key, or tells which algorithm made one; the secret comes from a file or standard\n"
    "input.\n"
    "Exit status: 0 ok, 1 warning, 2 critical, 3 unknown, usage or configuration error.\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} COMMANDS[] = {
    {"check", cli_check},
    {"explain", cli_explain},
    {"dialback-key", cli_dialback_key},
};

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* keys belong in no core dump */
    if (strcmp(name, "--version") == 0) {
        printf("fedhealth %s (revision %s)\n", FH_VERSION, FH_REVISION);
        return EXIT_SUCCESS;
    }
    if (strcmp(name, "--help") == 0) {
        fputs(USAGE, stdout);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (strcmp(name, COMMANDS[i].name) == 0)
            return COMMANDS[i].run(argc - 1, argv + 1);
    }
    if (name[0] != '\0')
        fprintf(stderr, "fedhealth: there is no command \"%s\"\n", name);
    fputs(USAGE, stderr);
    return CLI_EXIT_UNKNOWN;
}
