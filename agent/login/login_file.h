/* state_dir/logins: what is known of each credential, for every process that logs in. Text, mode 0600:
 *
 *   fedhealth-logins 1
 *   key HEX                                             of the hashes; made once
 *   login HASH STATE TRIES HOLD UNTIL DEADLINE ACCEPTED one a credential, in order of hash; times in ms, "-": none
 *   end COUNT
 *
 * It is replaced as a whole, by a new file beside it, synced, renamed, and the folder synced. state_dir/logins.lock is
 * locked (flock) from open to close. What cannot be read as just that is never overwritten. All of this may wait for
 * the disk, or for another process: up to 10 s. */
#ifndef LOGIN_LOGIN_FILE_H
#define LOGIN_LOGIN_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "login/login_life.h"

#define LOGIN_ENTRIES_MAX 4096

struct login_file {
    const char *state_dir; /* borrowed */
    int folder, lock;
    unsigned char key[SECRET_HASH_SIZE];
    struct login_entry *entries; /* owned; ascending by hash */
    size_t count;
};

/* Locks and reads it; without a file there are a new key and no entries. The folder's last component is made (mode
 * 0750) if it is missing. False and `err`, with the file's name and what to do: nothing is open then. */
bool login_file_open(struct login_file *file, const char *state_dir, struct err *err);
void login_file_close(struct login_file *file); /* unlocks; what was not saved is lost */

/* The entry with this hash; made, LOGIN_UNPROVEN, where there is none: then the idle entry that counted for something
 * longest ago may have to go. NULL and `err` where there are LOGIN_ENTRIES_MAX and none is idle. Valid until the next
 * call. */
struct login_entry *login_file_entry(struct login_file *file, const unsigned char hash[SECRET_HASH_SIZE],
                                     int64_t now_ms, struct err *err);

/* On disk when true is returned. Entries that are LOGIN_UNPROVEN are left out. */
bool login_file_save(struct login_file *file, struct err *err);

#endif
