/* What the writers and readers of the state file's lines share. */
#ifndef STORE_STATE_JSON_H
#define STORE_STATE_JSON_H

#include <jansson.h>
#include <stdbool.h>

/* The same value. jansson fails only without memory where what it is given is valid, and then the program ends. */
json_t *state_json_checked(json_t *json);
void state_json_put(json_t *object, const char *key, json_t *value); /* takes the value over */
/* Whether it is a time in milliseconds since 1970 that fedhealth can have written. */
bool state_json_is_time(json_int_t time_ms);

#endif
