#include "imp_scene.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Steps to the next word of *text; to be freed by the caller; NULL: there is none. */
static char *next_word(const char **text)
{
    *text += strspn(*text, " ");
    size_t length = strcspn(*text, " ");
    char *word = length > 0 ? mem_strndup(*text, length) : NULL;
    *text += length;
    return word;
}

struct imp_result *imp_scene_round(const char *rows, int64_t at_ms)
{
    struct imp_result *result = imp_result_new();
    result->finished_ms = at_ms;
    check_result_set(&result->check[IMP_AXL], rows != NULL ? REASON_OK : REASON_AXL_TIMEOUT, NULL);
    check_result_set(&result->check[IMP_XCP_ROUTER], REASON_NOT_CONFIGURED, NULL);
    result->rows_read = rows != NULL;
    for (char *word = NULL; rows != NULL && (word = next_word(&rows)) != NULL; free(word))
        imp_result_add_row(result, word, NULL);
    return result;
}

void imp_scene_notify(struct imp_result *result, enum xcp_source source, const char *description, const char *created)
{
    struct xcp_notification notification;
    xcp_notification_init(&notification, source, "Warning", description, "Cisco XCP Config Manager", created, "5");
    imp_result_add_notification(result, &notification);
    result->reading[source].configured = result->reading[source].read = true;
}

void imp_scene_expect(struct imp_expect *expect, bool federation, const char *s2s_nodes)
{
    *expect = (struct imp_expect){.federation = federation};
    for (char *word = NULL; s2s_nodes != NULL && (word = next_word(&s2s_nodes)) != NULL;) {
        expect->s2s_nodes = mem_resize(expect->s2s_nodes, expect->s2s_node_count + 1, sizeof *expect->s2s_nodes);
        expect->s2s_nodes[expect->s2s_node_count++] = word;
    }
}

void imp_scene_expect_fini(struct imp_expect *expect)
{
    for (size_t i = 0; i < expect->s2s_node_count; i++)
        free(expect->s2s_nodes[i]);
    free(expect->s2s_nodes);
    *expect = (struct imp_expect){.federation = false};
}
