/* The known form of a cp_id in xmpps2snode, taken apart: "cm-2_s2scp-1.eft-xwye-a-coluc-com" is component s2scp-1 of
 * cm-2 at the host eft-xwye-a.coluc.com (in which dots were written as dashes, so that it cannot be told back). */
#ifndef HEALTH_CP_ID_H
#define HEALTH_CP_ID_H

#include <stdbool.h>

#define CP_ID_PART_SIZE 64

struct cp_id {
    char manager[CP_ID_PART_SIZE];   /* "cm-2": the XCP connection manager, whose number tells the Expressway-E peer */
    char component[CP_ID_PART_SIZE]; /* "s2scp-1" */
    char host[256];                  /* "eft-xwye-a-coluc-com" */
};

/* False, and *parts all empty, where the text has another form. */
bool cp_id_parse(struct cp_id *parts, const char *text);

#endif
