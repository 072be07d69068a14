#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Bool err_set(struct err *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (length >= (int)sizeof err->text)
        memcpy(err->text + sizeof err->text - 4, "...", 4);
    return 0;
}
