/* fedhealth dialback-key: dialback keys by hand, for comparison with what a server's log shows. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "config/domain_name.h"
#include "health/state.h"
#include "login/login_guard.h"
#include "login/secret.h"
#include "stream/dialback_key.h"

#define EXIT_FOUND 0
#define EXIT_NOT_FOUND 2

/* What a name may be written like in the key. */
enum form { FORM_UNICODE, FORM_ASCII, FORM_GIVEN, FORM_COUNT };

/* What is said on the command line, in the order in which it stands there without options. */
enum part { PART_RECEIVING, PART_ORIGINATING, PART_STREAM_ID, PART_KEY, PART_COUNT };

struct options {
    bool identify, helped, exposed; /* exposed: the secret is on the command line */
    const char *secret_file; /* "-": standard input */
    const char *algorithm;   /* NULL: not given */
    const char *part[PART_COUNT]; /* NULL: not given */
};

static const char USAGE[] =
    "usage: fedhealth dialback-key [--secret-file=FILE] [--algorithm=NAME] RECEIVING ORIGINATING STREAM-ID\n"
    "       fedhealth dialback-key --identify [--secret-file=FILE] RECEIVING ORIGINATING STREAM-ID KEY\n"
    "\n"
    "The first prints the key that the servers of ORIGINATING make for RECEIVING, which has it verified, in the\n"
    "stream with this id. The second prints the algorithm that made KEY; it tries ORIGINATING and RECEIVING the\n"
    "other way round too, and says so.\n"
    "\n"
    "  --secret-file=FILE   the first line of FILE is ORIGINATING's secret; without it, or with -, standard input's\n"
    "  --algorithm=NAME     hmac-sha256 (default), sha1-nested, hmac-sha1, sha1-concat; auto: all, a line each\n"
    "  --receiving=DOMAIN --originating=DOMAIN --stream-id=ID --key=KEY   the same by name\n"
    "\n"
    "Exit status: 0 ok, 2 no algorithm makes that key of this secret, 3 usage error or no secret.\n";

static int usage(const char *what)
{
    fprintf(stderr, "fedhealth dialback-key: %s\n%s", what, USAGE);
    return CLI_EXIT_UNKNOWN;
}

/* What stands there without an option goes where nothing is yet. False: there is too much. */
static bool take_rest(struct options *options, int argc, char **argv)
{
    int most = options->identify ? PART_COUNT : PART_KEY;
    for (int i = optind, at = 0; i < argc; i++) {
        while (at < most && options->part[at] != NULL)
            at++;
        if (at == most)
            return false;
        options->part[at] = argv[i];
    }
    return true;
}

/* False: getopt_long() has told of a fault. */
static bool parse(struct options *options, int argc, char **argv)
{
    static const struct option LONG_OPTIONS[] = {
        {"secret-file", required_argument, NULL, 's'}, {"secret", required_argument, NULL, 'x'},
        {"algorithm", required_argument, NULL, 'a'},   {"identify", no_argument, NULL, 'i'},
        {"receiving", required_argument, NULL, 'r'},   {"originating", required_argument, NULL, 'o'},
        {"stream-id", required_argument, NULL, 'd'},   {"key", required_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *options = (struct options){.secret_file = "-"};
    bool good = true;
    for (int option; (option = getopt_long(argc, argv, "", LONG_OPTIONS, NULL)) != -1;) {
        switch (option) {
        case 's': options->secret_file = optarg; break;
        case 'x': options->exposed = true; break;
        case 'a': options->algorithm = optarg; break;
        case 'i': options->identify = true; break;
        case 'h': options->helped = true; break;
        case 'r': options->part[PART_RECEIVING] = optarg; break;
        case 'o': options->part[PART_ORIGINATING] = optarg; break;
        case 'd': options->part[PART_STREAM_ID] = optarg; break;
        case 'k': options->part[PART_KEY] = optarg; break;
        default: good = false;
        }
    }
    return good;
}

/* What is wrong with the options, or NULL. */
static const char *fault_of(const struct options *options)
{
    static const char *const MISSING[] = {
        [PART_RECEIVING] = "RECEIVING, the domain that the key is sent to, is missing",
        [PART_ORIGINATING] = "ORIGINATING, the domain whose secret it is, is missing",
        [PART_STREAM_ID] = "STREAM-ID is missing",
        [PART_KEY] = "KEY is missing",
    };
    if (options->exposed)
        return "a secret does not belong on the command line, where others can read it";
    if (!options->identify && options->part[PART_KEY] != NULL)
        return "a key is given, but not --identify";
    if (options->identify && options->algorithm != NULL)
        return "--algorithm has no meaning with --identify, which tries them all";
    for (int i = 0; i < (options->identify ? PART_COUNT : PART_KEY); i++) {
        if (options->part[i] == NULL)
            return MISSING[i];
    }
    return NULL;
}

/* ---- the secret ---- */

/* As login_password_read(), from standard input; a terminal does not show what is typed. */
static bool read_standard_input(char secret[LOGIN_PASSWORD_SIZE], struct err *err)
{
    struct termios before, silent;
    bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        fputs("Secret: ", stderr);
    }
    bool good = login_password_read_from(STDIN_FILENO, "standard input", secret, err);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    return good;
}

static bool read_secret(const char *file, char secret[LOGIN_PASSWORD_SIZE])
{
    struct err err = {0};
    if (strcmp(file, "-") == 0 ? read_standard_input(secret, &err) : login_password_read(file, secret, &err))
        return true;
    fprintf(stderr, "fedhealth dialback-key: %s\n", err.text);
    return false;
}

/* ---- domains ---- */

/* The forms of a name, owned. */
struct name {
    char *form[FORM_COUNT];
};

static bool name_init(struct name *name, const char *text)
{
    struct err err = {0};
    name->form[FORM_ASCII] = domain_name_to_ascii(text, &err);
    if (name->form[FORM_ASCII] == NULL) {
        fprintf(stderr, "fedhealth dialback-key: %s\n", err.text);
        return false;
    }
    name->form[FORM_UNICODE] = domain_name_to_unicode(name->form[FORM_ASCII]);
    name->form[FORM_GIVEN] = mem_strdup(text);
    return true;
}

static void name_fini(struct name *name)
{
    for (int i = 0; i < FORM_COUNT; i++)
        free(name->form[i]);
}

/* ---- keys ---- */

static int compute(const struct options *options, const struct name *receiving, const struct name *originating,
                   const char *secret)
{
    enum dialback_algorithm wanted = DIALBACK_HMAC_SHA256;
    if (options->algorithm != NULL && !dialback_algorithm_parse(options->algorithm, &wanted))
        return usage("--algorithm must be hmac-sha256, sha1-nested, hmac-sha1, sha1-concat or auto");
    for (enum dialback_algorithm at = DIALBACK_AUTO + 1; at < DIALBACK_ALGORITHM_COUNT; at++) {
        char key[DIALBACK_KEY_SIZE];
        if (wanted != DIALBACK_AUTO && wanted != at)
            continue;
        dialback_key(key, at, secret, receiving->form[FORM_UNICODE], originating->form[FORM_UNICODE],
                     options->part[PART_STREAM_ID]);
        if (wanted == DIALBACK_AUTO)
            printf("%-11s  ", dialback_algorithm_name(at));
        puts(key);
        secret_cleanse(key, sizeof key);
    }
    return EXIT_FOUND;
}

/* Which algorithm made the key, or DIALBACK_AUTO; *plain: not as any known server does. */
static enum dialback_algorithm algorithm_of(const char *key, const char *secret, const char *receiving,
                                            const char *originating, const char *stream_id, bool *plain)
{
    enum dialback_algorithm found = DIALBACK_AUTO;
    for (enum dialback_algorithm at = DIALBACK_AUTO + 1; at < DIALBACK_ALGORITHM_COUNT && !found; at++) {
        char made[DIALBACK_KEY_SIZE];
        dialback_key(made, at, secret, receiving, originating, stream_id);
        if (dialback_key_equal(made, key))
            found = at;
        secret_cleanse(made, sizeof made);
    }
    *plain = !found && dialback_key_is_plain_hmac_sha1(key, secret, receiving, originating, stream_id);
    return *plain ? DIALBACK_HMAC_SHA1 : found;
}

static void tell_found(enum dialback_algorithm algorithm, bool swapped, enum form form, bool plain,
                       const struct name *receiving, const struct name *originating)
{
    puts(dialback_algorithm_name(algorithm));
    if (swapped)
        printf("roles swapped: receiving %s, originating %s\n", receiving->form[FORM_GIVEN],
               originating->form[FORM_GIVEN]);
    if (form == FORM_ASCII)
        puts("names as A-labels: a key for federation has U-labels");
    if (form == FORM_GIVEN)
        puts("names as given: a key for federation has lower-case U-labels");
    if (plain)
        puts("HMAC-SHA-1 as in RFC 2104, not as jabberd14 makes it: `algorithm: hmac-sha1` will not find it");
}

static int identify(const char *stream_id, const char *key, const struct name names[2], const char *secret)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        const struct name *receiving = &names[swapped], *originating = &names[!swapped];
        for (enum form form = 0; form < FORM_COUNT; form++) {
            bool plain;
            enum dialback_algorithm algorithm = algorithm_of(key, secret, receiving->form[form],
                                                             originating->form[form], stream_id, &plain);
            if (algorithm != DIALBACK_AUTO) {
                tell_found(algorithm, swapped, form, plain, receiving, originating);
                return EXIT_FOUND;
            }
        }
    }
    fputs("fedhealth dialback-key: no algorithm makes this key of this secret: the secret is another one, or stream "
          "id, key and domains are not of the same stream\n", stderr);
    return EXIT_NOT_FOUND;
}

/* A copy in lower case and without blanks, which a log may have broken it with. NULL: it is no key. */
static char *normal_key(const char *text)
{
    char *key = mem_alloc(strlen(text) + 1);
    size_t length = 0;
    for (; *text != '\0'; text++) {
        if (strchr(" \t\r\n", *text) == NULL)
            key[length++] = *text;
    }
    text_lower(key);
    if ((length == 40 || length == 64) && strspn(key, "0123456789abcdef") == length)
        return key;
    free(key);
    return NULL;
}

static int run(const struct options *options, const struct name names[2])
{
    char secret[LOGIN_PASSWORD_SIZE];
    char *key = options->identify ? normal_key(options->part[PART_KEY]) : NULL;
    if (options->identify && key == NULL)
        return usage("KEY must be 40 or 64 hexadecimal digits");
    int status = CLI_EXIT_UNKNOWN;
    if (read_secret(options->secret_file, secret))
        status = options->identify ? identify(options->part[PART_STREAM_ID], key, names, secret)
                                   : compute(options, &names[0], &names[1], secret);
    secret_cleanse(secret, sizeof secret);
    free(key);
    return status;
}

int cli_dialback_key(int argc, char **argv)
{
    struct options options;
    if (!parse(&options, argc, argv)) {
        fputs(USAGE, stderr);
        return CLI_EXIT_UNKNOWN;
    }
    if (options.helped) {
        fputs(USAGE, stdout);
        return EXIT_SUCCESS;
    }
    if (!take_rest(&options, argc, argv))
        return usage("there are more arguments than it takes; the secret is not one of them");
    const char *fault = fault_of(&options);
    if (fault != NULL)
        return usage(fault);
    struct name names[2] = {{{NULL}}, {{NULL}}};
    bool good = name_init(&names[0], options.part[PART_RECEIVING]) &&
                name_init(&names[1], options.part[PART_ORIGINATING]);
    int status = good ? run(&options, names) : CLI_EXIT_UNKNOWN;
    name_fini(&names[0]);
    name_fini(&names[1]);
    return status;
}
