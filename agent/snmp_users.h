/* The SNMPv3 users of the configuration with their passwords, which are read from their files and cleansed when they
 * are no longer needed. */
#ifndef AGENT_SNMP_USERS_H
#define AGENT_SNMP_USERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "config/config.h"
#include "exporters/snmp/snmp.h"
#include "login/secret.h"

struct snmp_users;
/* Reads every password. What cannot be used is told as a fault of its key, a line each, and then it is NULL; `faults`
 * never quotes a password. */
struct snmp_users *snmp_users_read(const struct config *config, struct buf *faults);
void snmp_users_free(struct snmp_users *users); /* NULL is legal */

/* In the order of the configuration, which they borrow from; and how many. */
const struct snmp_user *snmp_users_list(const struct snmp_users *users, size_t *count);
/* Of all that is in them, so that a change can be noticed while nothing is kept that a password could be found from. */
void snmp_users_hash(const struct snmp_users *users, const unsigned char key[SECRET_HASH_SIZE],
                     unsigned char hash[SECRET_HASH_SIZE]);

#endif
