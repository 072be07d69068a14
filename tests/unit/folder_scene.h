/* A temporary folder for a group of tests, and the files in it. */
#ifndef TESTS_UNIT_FOLDER_SCENE_H
#define TESTS_UNIT_FOLDER_SCENE_H

#include <stddef.h>

int scene_enter_folder(void);  /* logs errors only, and changes into a new folder; 0, or -1 and errno */
void scene_leave_folder(void); /* removes it, with all that is in it */
const char *scene_folder(void); /* its path */

char *scene_read(const char *file, size_t *length); /* NUL-ended, to be freed; NULL: there is none */
void scene_write(const char *file, const void *bytes, size_t length);
void scene_remove(const char *path); /* with all that is in it */

#endif
