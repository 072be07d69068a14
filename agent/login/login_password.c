#define LOG_SUBSYSTEM "login"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "login/login_guard.h"
#include "login/secret.h"

/* The longest line that fits, with its end. */
#define LINE_SIZE (LOGIN_PASSWORD_SIZE - 1 + 2)

/* Reads until the buffer is full, the first line is there or the file ends; -1 and errno when it cannot be read. */
static ssize_t read_line(int fd, char line[LINE_SIZE])
{
    size_t length = 0;
    while (length < LINE_SIZE && memchr(line, '\n', length) == NULL) {
        ssize_t got = read(fd, line + length, LINE_SIZE - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

static bool take(const char *file, const char *line, size_t length, char password[LOGIN_PASSWORD_SIZE],
                 struct err *err)
{
    const char *end = memchr(line, '\n', length);
    if (end != NULL) {
        length = (size_t)(end - line);
        if (length > 0 && line[length - 1] == '\r')
            length--;
    }
    if (length == 0)
        return err_set(err, "%s: its first line is empty: there is no password or secret in it", file);
    if (memchr(line, '\0', length) != NULL)
        return err_set(err, "%s: its first line has a NUL byte in it", file);
    if (length >= LOGIN_PASSWORD_SIZE)
        return err_set(err, "%s: its first line is longer than %d bytes", file, LOGIN_PASSWORD_SIZE - 1);
    memcpy(password, line, length);
    password[length] = '\0';
    return true;
}

bool login_password_read_from(int fd, const char *name, char password[LOGIN_PASSWORD_SIZE], struct err *err)
{
    char line[LINE_SIZE];
    secret_cleanse(password, LOGIN_PASSWORD_SIZE);
    ssize_t length = fd < 0 ? -1 : read_line(fd, line);
    bool good = length < 0 ? err_set(err, "%s: cannot be read: %s", name, strerror(errno))
                           : take(name, line, (size_t)length, password, err);
    secret_cleanse(line, sizeof line);
    return good;
}

bool login_password_read(const char *file, char password[LOGIN_PASSWORD_SIZE], struct err *err)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* no waiting for who writes to a pipe */
    bool good = login_password_read_from(fd, file, password, err);
    if (fd >= 0)
        close(fd);
    return good;
}

/* Files that were looked at. */
struct files {
    const char **names;
    size_t count;
};

/* `name` may be NULL. `kind` is what stands in it. */
static void look_at(struct files *files, const char *kind, const char *name)
{
    struct stat status;
    for (size_t i = 0; i < files->count && name != NULL; i++) {
        if (strcmp(files->names[i], name) == 0)
            return;
    }
    if (name == NULL || stat(name, &status) != 0)
        return; /* what cannot be read is told of when it is to be */
    files->names = mem_resize(files->names, files->count + 1, sizeof *files->names);
    files->names[files->count++] = name;
    if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0)
        log_warn("%s: everyone on this machine may %s this %s file: chmod o-rw would end that", name,
                 status.st_mode & S_IROTH ? "read" : "write", kind);
}

void login_password_warn(const struct config *config)
{
    struct files files = {NULL, 0};
    for (size_t i = 0; i < config->imp_node_count; i++) {
        const struct config_imp_node *node = &config->imp_nodes[i];
        look_at(&files, "password", node->axl.password_file);
        look_at(&files, "password", node->control_center.password_file);
        look_at(&files, "password", node->page.password_file);
        for (size_t j = 0; j < node->account_count; j++)
            look_at(&files, "password", node->accounts[j].password_file);
    }
    for (size_t i = 0; i < config->ping_count; i++)
        look_at(&files, "password", config->pings[i].password_file);
    for (size_t i = 0; i < config->domain_count; i++)
        look_at(&files, "secret", config->domains[i].dialback.secret_file);
    for (size_t i = 0; i < config->snmp_user_count; i++) {
        look_at(&files, "password", config->snmp_users[i].auth_password_file);
        look_at(&files, "password", config->snmp_users[i].priv_password_file);
    }
    free(files.names);
}
