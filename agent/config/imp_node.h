/* What the keys of imp_nodes say about one another, once they have been read. */
#ifndef CONFIG_IMP_NODE_H
#define CONFIG_IMP_NODE_H

#include "config/config.h"
#include "config/document.h"
#include "config/fault.h"

/* Fills in what depends on other keys and tells what does not fit together. `list` is the node of the key `imp_nodes`
 * in the file with this number, or NULL. */
void imp_nodes_finish(struct config *config, const struct node *list, unsigned file, struct faults *faults);
/* Frees what that filled in beside the table of keys. */
void imp_nodes_release(struct config *config);

#endif
