/* What is sent for a form of form login: application/x-www-form-urlencoded. */
#ifndef CISCO_LOGIN_FORM_H
#define CISCO_LOGIN_FORM_H

#include <stddef.h>

#include "cisco/html.h"

/* The form's hidden inputs, then j_username and j_password; every byte but RFC 3986's unreserved ones is
 * percent-encoded. NUL-ended, in one allocation: to be freed with secret_free(). */
char *login_form_body(const struct html_page *form, const char *username, const char *password);

#endif
