/* The lists with which HTTP clients say what they accept: Accept, Accept-Encoding (RFC 9110 12.5). */
#ifndef BASE_ACCEPT_H
#define BASE_ACCEPT_H

#include <stdbool.h>

#define ACCEPT_WEIGHT_MAX 1000

struct accept_item {
    char value[64];   /* lower case, without parameters: "text/plain", "gzip", "*" */
    char version[16]; /* the parameter `version`, unquoted; "" without one */
    unsigned weight;  /* q in thousandths: 0 refuses, ACCEPT_WEIGHT_MAX where none is given (RFC 9110 12.4.2) */
};

/* Takes the next member off the list and moves *list behind it; false at the end. Malformed members, and those longer
 * than anything that can be offered, are passed over. */
bool accept_next(const char **list, struct accept_item *item);

#endif
