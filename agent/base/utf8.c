#include "base/utf8.h"

#include <stdbool.h>

static bool follows(unsigned char byte, unsigned char least, unsigned char most)
{
    return byte >= least && byte <= most;
}

/* The length of the well-formed character that begins here, or 0. The second byte's range is what keeps out overlong
 * forms, surrogates and numbers beyond U+10FFFF (RFC 3629 4). A NUL follows nothing, so the end is never passed. */
static size_t well_formed(const unsigned char *at)
{
    if (at[0] < 0x80)
        return 1;
    if (follows(at[0], 0xc2, 0xdf))
        return follows(at[1], 0x80, 0xbf) ? 2 : 0;
    if (follows(at[0], 0xe0, 0xef)) {
        unsigned char least = at[0] == 0xe0 ? 0xa0 : 0x80;
        unsigned char most = at[0] == 0xed ? 0x9f : 0xbf;
        return follows(at[1], least, most) && follows(at[2], 0x80, 0xbf) ? 3 : 0;
    }
    if (follows(at[0], 0xf0, 0xf4)) {
        unsigned char least = at[0] == 0xf0 ? 0x90 : 0x80;
        unsigned char most = at[0] == 0xf4 ? 0x8f : 0xbf;
        return follows(at[1], least, most) && follows(at[2], 0x80, 0xbf) && follows(at[3], 0x80, 0xbf) ? 4 : 0;
    }
    return 0;
}

size_t utf8_next(const char **text, const char **bytes)
{
    *bytes = *text;
    if (**text == '\0')
        return 0;
    size_t length = well_formed((const unsigned char *)*text);
    if (length != 0) {
        *text += length;
        return length;
    }
    *text += 1;
    *bytes = "\xef\xbf\xbd";
    return 3;
}
