/* Servers may send back what was sent to them: the password, or the header with it, in an error page, a fault, a
 * redirect, a row, a stream error. Whatever a login's answers left in a text passes here before anyone else sees it. */
#ifndef LOGIN_WITHHOLD_H
#define LOGIN_WITHHOLD_H

#define WITHHELD "(withheld)"

struct withhold;
struct withhold *withhold_new(const char *username, const char *password);
void withhold_free(struct withhold *secrets);

/* Puts WITHHELD in the place of the password, of its base64, and of the credential of Basic authentication (RFC 7617)
 * and of SASL PLAIN (RFC 4616), in a text (owned, replaced; NULL is legal) that a server had a part in: as they are,
 * in upper or lower case, percent-encoded, escaped as in XML, HTML or JSON, with other blanks in them. So is a
 * beginning of 8 characters, or of 4 where the text ends (it may have been cut). Keeps to the bounds of such texts. */
void withhold_value(const struct withhold *secrets, char **text);
/* The same of words: a secret shorter than 8 characters is likely to stand in other words too, and a hole in these
 * would show it, so that the whole text is withheld. In values nobody can tell it from what belongs there. */
void withhold_words(const struct withhold *secrets, char **text);

#endif
