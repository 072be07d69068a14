/* Stands in for health/cp_id.c: takes apart what has the form of a_b.c. */
#include "health/cp_id.h"

#include <stdio.h>

bool cp_id_parse(struct cp_id *parts, const char *text)
{
    *parts = (struct cp_id){.manager = ""};
    if (sscanf(text, "%63[^_.]_%63[^.].%255s", parts->manager, parts->component, parts->host) == 3)
        return true;
    *parts = (struct cp_id){.manager = ""};
    return false;
}
