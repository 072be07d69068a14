/* Stores, rounds and folders for the tests of agent/store. */
#ifndef TESTS_UNIT_STORE_SCENE_H
#define TESTS_UNIT_STORE_SCENE_H

#include "store/store.h"
#include "tests/unit/folder_scene.h"

/* Group setup: logs errors only, and changes into a temporary folder; teardown removes it. */
int scene_setup(void **state);
int scene_teardown(void **state);

/* A configuration with room for names, which it owns, each interval 60 s. It is freed with the next call unless someone
 * holds it (config_hold() and config_free() are the scene's own). */
struct config *scene_config_new(size_t domains, size_t nodes, unsigned confirm);
/* With the domains "a.example", "b.example", … that the letters name, in their order, and behind a '/' nodes of the
 * same names; an upper-case letter gives the interval of 90 s. Of a node federation is expected, and nothing more. */
struct config *scene_config(const char *letters, unsigned confirm);
struct store *scene_store(const char *letters, unsigned confirm, const char *state_dir);

/* A round at this time in which `check` ended so and all others were ok. */
struct domain_result *scene_round(enum check check, enum reason reason, int64_t at_ms);
struct domain_result *scene_good_round(int64_t at_ms);
/* Adds an endpoint over STARTTLS at port 5269 of the target, with this address. */
struct domain_result *scene_endpoint(struct domain_result *result, const char *target, const char *address);
/* A round of a node: AXL good, no source about the router, and in the table a row for each letter, whose cp_id it is
 * and whose pkid is "pkid-" and it. NULL: the table was not read. */
struct imp_result *scene_imp_round(const char *rows, int64_t at_ms);

/* The status of the domain with this letter, from a snapshot that stays until the next call or scene_let_go(). */
const struct domain_status *scene_status(struct store *store, char letter);
const struct imp_status *scene_imp(struct store *store, char letter); /* likewise of the node */
const char *scene_cause(struct store *store, char letter);            /* likewise; NULL: none */
void scene_let_go(void);
/* Its history as text: "AT SUBJECT FROM>TO REASON" each, with ", " between. Valid until the next call. */
const char *scene_history(struct store *store, char letter);
const char *scene_imp_history(struct store *store, char letter);
/* Its endpoints of the latest round as text: "INDEX:TARGET/ADDRESS" each, with " " between. Valid until the next call.
 * */
const char *scene_endpoints(struct store *store, char letter);
/* What is remembered of the node as text: "INDEX:CP_ID KIND@FIRST_SEEN" each, with ", " between, then the times
 * " seen S changed C former F", -1 where one is absent. Valid until the next call. */
const char *scene_memory(struct store *store, char letter);

/* How many names in the folder begin so. */
int scene_count(const char *folder, const char *prefix);

#endif
