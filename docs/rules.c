/* Writes dashboards/prometheus/fedhealth.rules.yml out of docs/rules.in.yml (standard input) and the table of reasons:
 * docs/rules < docs/rules.in.yml > dashboards/prometheus/fedhealth.rules.yml. Two things in the input are replaced:
 *
 *   # reasons | LABEL | WHAT | WORD...   by the annotations summary, reason, description and remedy of a check's alert:
 *                                        its present reasons, with the texts of each. LABEL is domain or node, a WORD
 *                                        a stage or a reason's code.
 *   @FIELD CODE@                         by a text of that reason: its meaning, cause or remedy. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "health/reason.h"

#define COLUMNS 120
#define INDENT 12 /* of an annotation's text */
#define LINE_SIZE 1024
#define TEXT_MAX 65536
#define WORDS_MAX 8

static const char GENERATED[] = "# Written by docs/rules out of docs/rules.in.yml and the table of reasons; change those.\n";

/* What stands behind "# reasons". */
struct order {
    const char *label, *what, *words[WORDS_MAX];
    size_t word_count;
};

_Noreturn static void fail(const char *line)
{
    fprintf(stderr, "docs/rules: not understood: %s\n", line);
    exit(1);
}

/* A part of a folded scalar, broken at single spaces: YAML makes a space of each line break. */
static void write_folded(const char *text)
{
    size_t column = INDENT;
    printf("%*s", INDENT, "");
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (column > INDENT && column + 1 + length > COLUMNS) {
            printf("\n%*s", INDENT, "");
            column = INDENT;
        }
        column += (size_t)printf("%s%.*s", column > INDENT ? " " : "", (int)length, text);
        text += length + (text[length] == ' ');
    }
    putchar('\n');
}

static bool has_word(const struct order *order, const struct reason_info *info)
{
    for (size_t i = 0; i < order->word_count; i++) {
        if (strcmp(order->words[i], info->stage) == 0 || strcmp(order->words[i], info->code) == 0)
            return true;
    }
    return false;
}

static const char *metric_of(const struct order *order)
{
    return strcmp(order->label, "node") == 0 ? "fedhealth_imp_check_reason_info" : "fedhealth_check_reason_info";
}

/* The query for the reasons of the alert at hand, in the order of their codes. */
static void write_query(const struct order *order)
{
    printf("query (printf \"%s_check_status_reason:%s:count{%s=%%q,check=%%q,status=%%q}\" "
           "$labels.%s $labels.check $labels.status) | sortByLabel \"reason\"",
           order->label, metric_of(order), order->label, order->label);
}

/* How many agents see it, where there are several that look. */
static void write_agents(const struct order *order)
{
    printf("{{ range query (printf \"count(%s{%s=%%q,check=%%q}) > 1\" $labels.%s $labels.check) }} "
           "({{ $value }} of {{ .Value }} agents){{ end }}",
           metric_of(order), order->label, order->label);
}

/* The codes alone, separated by commas. */
static void write_codes(const struct order *order)
{
    printf("{{ range $index, $each := ");
    write_query(order);
    printf(" }}{{ if $index }}, {{ end }}{{ $each.Labels.reason }}{{ end }}");
}

static void write_texts(const struct order *order, const char *name, void (*write)(const struct reason_info *info))
{
    bool first = true;
    printf("          %s: >-\n%*s{{ $all := ", name, INDENT, "");
    write_query(order);
    printf(" }}\n"
           "            {{- range $index, $each := $all }}{{ if $index }}{{ \" \" }}{{ end }}\n"
           "            {{- $reason := $each.Labels.reason }}\n"
           "            {{- if gt (len $all) 1 }}{{ $reason }}{{ \": \" }}{{ end }}\n");
    for (enum reason reason = 0; reason < REASON_COUNT; reason++) {
        const struct reason_info *info = reason_info(reason);
        if (!has_word(order, info))
            continue;
        printf("            {{- %s eq $reason \"%s\" -}}\n", first ? "if" : "else if", info->code);
        write(info);
        first = false;
    }
    printf("            {{- else -}}\n"
           "            Run `fedhealth explain {{ $reason }}`.\n"
           "            {{- end }}{{ end }}\n");
}

static void write_description(const struct reason_info *info)
{
    write_folded(info->meaning);
    write_folded("Likely cause:");
    write_folded(info->cause);
}

static void write_remedy(const struct reason_info *info)
{
    write_folded(info->remedy);
}

static void write_order(char *line)
{
    struct order order = {.label = NULL};
    char *save = NULL;
    strtok_r(line, "|", &save);
    order.label = strtok_r(NULL, "| ", &save);
    order.what = strtok_r(NULL, "|", &save);
    for (char *word = strtok_r(NULL, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        if (order.word_count < WORDS_MAX && strcmp(word, "|") != 0)
            order.words[order.word_count++] = word;
    }
    if (order.word_count == 0)
        fail(line);
    printf("          summary: >-\n"
           "            {{ $labels.%s }}:%s{{ $labels.status }}: ",
           order.label, order.what);
    write_codes(&order);
    write_agents(&order);
    printf("\n          reason: >-\n            ");
    write_codes(&order);
    putchar('\n');
    write_texts(&order, "description", write_description);
    write_texts(&order, "remedy", write_remedy);
}

static const char *text_of(const char *token)
{
    char field[LINE_SIZE], code[LINE_SIZE];
    if (sscanf(token, "@%[a-z] %[a-z_]@", field, code) != 2 || reason_from_code(code) == REASON_COUNT)
        fail(token);
    const struct reason_info *info = reason_info(reason_from_code(code));
    return strcmp(field, "meaning") == 0 ? info->meaning : strcmp(field, "cause") == 0 ? info->cause : info->remedy;
}

/* A line of the input; a text with @FIELD CODE@ is broken anew. */
static void write_line(const char *line)
{
    const char *at = strchr(line, '@');
    if (at == NULL) {
        puts(line);
        return;
    }
    struct buf text;
    buf_init(&text, TEXT_MAX);
    line += strspn(line, " ");
    for (; at != NULL; at = strchr(line, '@')) {
        const char *end = strchr(at + 1, '@');
        if (end == NULL)
            fail(line);
        buf_add(&text, line, (size_t)(at - line));
        buf_puts(&text, text_of(at));
        line = end + 1;
    }
    buf_puts(&text, line);
    if (buf_failed(&text))
        fail(line);
    write_folded(text.data);
    buf_fini(&text);
}

int main(void)
{
    static const char ORDER[] = "          # reasons |";
    char line[LINE_SIZE];
    fputs(GENERATED, stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t length = strcspn(line, "\n");
        if (line[length] == '\0')
            fail(line);
        line[length] = '\0';
        if (strncmp(line, ORDER, strlen(ORDER)) == 0)
            write_order(line);
        else
            write_line(line);
    }
    return 0;
}
