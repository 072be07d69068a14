#include "snmp_users.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "login/login_guard.h"

#define PARTS 5 /* of a user */

struct passwords {
    char auth[LOGIN_PASSWORD_SIZE], priv[LOGIN_PASSWORD_SIZE];
};

struct snmp_users {
    size_t count;
    struct snmp_user *list;
    struct passwords *passwords; /* that the list points to */
};

static bool read_password(const struct config *config, size_t user, bool priv, char password[LOGIN_PASSWORD_SIZE],
                          struct buf *faults)
{
    const struct config_snmp_user *about = &config->snmp_users[user];
    const char *file = priv ? about->priv_password_file : about->auth_password_file;
    struct err err;
    bool good = login_password_read(file, password, &err);
    if (good && strlen(password) < SNMP_PASSWORD_MIN)
        good = err_set(&err, "%s: its first line has fewer than %d bytes, which SNMPv3 allows for no password", file,
                       SNMP_PASSWORD_MIN);
    if (!good)
        config_tell_snmp_password(config, user, priv, err.text, faults);
    return good;
}

struct snmp_users *snmp_users_read(const struct config *config, struct buf *faults)
{
    bool good = true;
    struct snmp_users *users = mem_alloc(sizeof *users);
    users->count = config->snmp_user_count;
    users->list = mem_array(users->count, sizeof *users->list);
    users->passwords = mem_array(users->count, sizeof *users->passwords);
    for (size_t i = 0; i < users->count; i++) {
        const struct config_snmp_user *about = &config->snmp_users[i];
        struct passwords *passwords = &users->passwords[i];
        good = read_password(config, i, false, passwords->auth, faults) && good;
        good = read_password(config, i, true, passwords->priv, faults) && good;
        users->list[i] = (struct snmp_user){about->name, about->auth, about->priv, passwords->auth, passwords->priv};
    }
    if (good)
        return users;
    snmp_users_free(users);
    return NULL;
}

void snmp_users_free(struct snmp_users *users)
{
    if (users == NULL)
        return;
    secret_cleanse(users->passwords, users->count * sizeof *users->passwords);
    free(users->passwords);
    free(users->list);
    free(users);
}

const struct snmp_user *snmp_users_list(const struct snmp_users *users, size_t *count)
{
    *count = users->count;
    return users->list;
}

void snmp_users_hash(const struct snmp_users *users, const unsigned char key[SECRET_HASH_SIZE],
                     unsigned char hash[SECRET_HASH_SIZE])
{
    const char **parts = mem_array(PARTS * users->count, sizeof *parts);
    for (size_t i = 0; i < users->count; i++) {
        const struct snmp_user *user = &users->list[i];
        const char *const of_user[PARTS] = {user->name, user->auth, user->auth_password, user->priv,
                                            user->priv_password};
        memcpy(parts + PARTS * i, of_user, sizeof of_user);
    }
    secret_hash(hash, key, SECRET_HASH_SIZE, parts, PARTS * users->count);
    free(parts);
}
