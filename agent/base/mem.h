/* Allocation that never fails: out of memory ends the program with a message.
 * Everything these return is released with free(). */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

void *mem_alloc(size_t size);                       /* zeroed */
void *mem_array(size_t count, size_t size);         /* zeroed; count * size is checked */
void *mem_resize(void *old, size_t count, size_t size);
/* Hands free memory back to the system, which free() alone does only at the end of the heap. Takes milliseconds. */
void mem_give_back(void);
char *mem_strdup(const char *text);                 /* NULL stays NULL */
char *mem_strndup(const char *text, size_t length);
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

#endif
