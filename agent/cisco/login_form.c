#include "cisco/login_form.h"

#include <string.h>

#include "base/mem.h"

#define UNRESERVED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

static char *add(char *at, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (strchr(UNRESERVED, *text) != NULL) {
            *at++ = *text;
        } else {
            *at++ = '%';
            *at++ = digits[byte >> 4];
            *at++ = digits[byte & 15];
        }
    }
    return at;
}

static char *add_pair(char *at, const char *name, const char *value)
{
    at = add(at, name);
    *at++ = '=';
    at = add(at, value);
    *at++ = '&';
    return at;
}

static size_t most(const char *name, const char *value)
{
    return 3 * (strlen(name) + strlen(value)) + 2;
}

char *login_form_body(const struct html_page *form, const char *username, const char *password)
{
    size_t size = most("j_username", username) + most("j_password", password);
    for (size_t i = 0; i < form->input_count; i++)
        size += most(form->inputs[i].name, form->inputs[i].value);
    char *body = mem_alloc(size), *at = body;
    for (size_t i = 0; i < form->input_count; i++)
        at = add_pair(at, form->inputs[i].name, form->inputs[i].value);
    at = add_pair(at, "j_username", username);
    at = add_pair(at, "j_password", password);
    at[-1] = '\0';
    return body;
}
