/* What the keys of ping say about one another and about the domains, once all have been read. */
#ifndef CONFIG_PING_KEYS_H
#define CONFIG_PING_KEYS_H

#include "config/config.h"
#include "config/document.h"
#include "config/fault.h"

/* Fills in what depends on other keys and tells what does not fit together. `list` is the node of the key `ping` in the
 * file with this number, or NULL. The domains must be known. */
void pings_finish(struct config *config, const struct node *list, unsigned file, struct faults *faults);
/* Frees what that filled in beside the table of keys. */
void pings_release(struct config *config);

#endif
