/* Why setting something up failed, in words for the operator. A function that can fail while the program is
 * being set up returns false (or NULL) and fills one of these; a failed health check is data and never uses it. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_MAX 512

struct err {
    const char *key;    /* the configuration key at fault, static storage; NULL where none is */
    char text[ERR_MAX]; /* "" until set; cut at the end with "..." when longer */
};

/* Sets the text and returns false, so that a caller can write `return err_set(err, …)`. */
_Bool err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
