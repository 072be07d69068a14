/* What a server says in a login: the first byte chooses the mechanism, each line is a challenge. In it an "@" stands
 * for the nonce that the client has sent, which nobody could guess. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <gsasl.h>

#include "base/buf.h"
#include "base/mem.h"
#include "fuzz.h"
#include "login/secret.h"
#include "ping/sasl.h"

#define CHALLENGES_MAX 4

/* The nonce in what SCRAM begins with; to be freed by the caller. */
static char *find_nonce(const char *response)
{
    char *text = NULL;
    size_t size = 0;
    assert(gsasl_base64_from(response, strlen(response), &text, &size) == GSASL_OK);
    char *whole = mem_strndup(text != NULL ? text : "", size);
    const char *nonce = strstr(whole, ",r=");
    char *found = mem_strdup(nonce != NULL ? nonce + 3 : "");
    free(whole);
    gsasl_free(text);
    return found;
}

/* A challenge in base64, to be freed with gsasl_free(); NULL: one that would only take long. */
static char *make_challenge(const char *line, size_t length, const char *nonce)
{
    struct buf out;
    char *base64 = NULL;
    buf_init(&out, 8192);
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '@')
            buf_puts(&out, nonce);
        else
            buf_putc(&out, line[i]);
    }
    const char *iterations = strstr(out.data, "i=");
    if (!buf_failed(&out) && (iterations == NULL || strspn(iterations + 2, "0123456789") < 5))
        gsasl_base64_to(out.data, out.length, &base64, NULL);
    buf_fini(&out);
    return base64;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const MECHANISMS[] = {"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"};
    if (size == 0)
        return 0;
    struct sasl *sasl = sasl_new(MECHANISMS[data[0] % 3], "user", "pencil");
    char *response = NULL;
    enum sasl_progress progress = sasl_step(sasl, NULL, &response);
    char *nonce = find_nonce(response);
    const char *at = (const char *)data + 1, *end = (const char *)data + size;
    for (int i = 0; i < CHALLENGES_MAX && at < end && progress != SASL_FAILED; i++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((line_end != NULL ? line_end : end) - at);
        char *challenge = make_challenge(at, length, nonce);
        if (challenge == NULL)
            break;
        secret_free(response);
        progress = sasl_step(sasl, challenge, &response);
        assert((response == NULL) == (progress == SASL_FAILED));
        assert((sasl_fault(sasl) != NULL) == (progress == SASL_FAILED));
        gsasl_free(challenge);
        at += length + 1;
    }
    secret_free(response);
    free(nonce);
    sasl_free(sasl);
    return 0;
}
