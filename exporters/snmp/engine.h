/* The SNMP engine of master mode (RFC 3411 3.1.1): its id, and its boots, which must grow with each start, or SNMPv3
 * managers that knew it before take its messages for old ones played again (RFC 3414 2.2, 3.2.7).
 *
 * Both stand in state_dir/snmp-engine, text, mode 0600, which is replaced as a whole:
 *
 *   fedhealth-snmp-engine 1
 *   id HEX
 *   boots NUMBER
 *   end
 */
#ifndef SNMP_ENGINE_H
#define SNMP_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#define ENGINE_ID_MAX 32 /* RFC 3411 5, SnmpEngineID */
#define ENGINE_BOOTS_MAX (INT32_MAX - 1) /* the next one would have every message refused (RFC 3414 2.3, 3.2.7) */

struct engine {
    unsigned char id[ENGINE_ID_MAX];
    size_t id_size;
    uint32_t boots; /* from 1 */
    int lock;       /* descriptor of the file, locked; -1: none is used */
};

/* One more start: takes the id of the file and its boots plus one, which are on disk then. Without a file, with a
 * damaged one, or when its boots end, a new random id starts with 1. Where the file cannot be read and written, or
 * another process uses it, the id is of this start only, never the file's with boots that did not grow; the log says
 * so. NULL in place of the folder: nothing is kept. */
void engine_open(struct engine *engine, const char *state_dir);
void engine_close(struct engine *engine); /* gives the file free for another process; more than once is legal */

#endif
