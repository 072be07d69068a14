#include "store/state_json.h"

#include <stdint.h>
#include <stdlib.h>

#define TIME_MAX_MS INT64_C(253402300799999) /* the end of the year 9999 */

json_t *state_json_checked(json_t *json)
{
    if (json == NULL)
        abort();
    return json;
}

void state_json_put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, state_json_checked(value)) != 0)
        abort();
}

bool state_json_is_time(json_int_t time_ms)
{
    return time_ms >= 0 && time_ms <= TIME_MAX_MS;
}
