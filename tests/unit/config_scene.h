/* What the tests of the configuration share: a folder of their own to work in, and texts that are loaded from it. */
#ifndef TESTS_CONFIG_SCENE_H
#define TESTS_CONFIG_SCENE_H

#include <stddef.h>

#include "base/buf.h"
#include "tests/unit/folder_scene.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define AGENT "agent: {domain: m.example}\n"
#define DOMAINS "domains: [a.example]\n"

extern struct buf faults; /* of the latest load */

/* The folder, with a file ca.pem, becomes the working directory. */
int scene_setup(void **state);
int scene_teardown(void **state);

struct config *scene_load_bytes(const char *bytes, size_t length);
/* With a ca_file of our own where the text says nothing of TLS: the machine may have none. */
struct config *scene_load(const char *text);
/* Fails the test when there are faults. */
struct config *scene_load_good(const char *text);

#endif
