/* What the room itself keeps beside the public struct config. */
#ifndef CONFIG_PRIVATE_H
#define CONFIG_PRIVATE_H

#include <stdatomic.h>
#include <stddef.h>

#include "config/config.h"

struct name; /* an entry of the hash table behind config_find() */

struct config_private {
    struct config config; /* first, so that a pointer to it is one to this */
    atomic_uint references;
    char *file;           /* owned; NULL without one */
    unsigned *lines;      /* owned; where the file gives each of KEYS, 0: nowhere */
    char **domain_files; /* patterns */
    size_t domain_file_count;
    size_t snmp_listen_count;
    struct name *names; /* owned; the array that the table's entries live in */
    struct name *table;
};

#endif
