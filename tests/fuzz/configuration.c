/* The reader of configuration files: YAML, the schema, and what one key says about another. A key that names a file may
 * make it look whether that file can be read; nothing is written. */
#include <assert.h>
#include <stddef.h>

#include "base/log.h"
#include "config/config.h"
#include "fuzz.h"

#define FAULTS_CAP (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf faults;
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    buf_init(&faults, FAULTS_CAP);
    struct config *config = config_read((const char *)data, size, "fuzz.yaml", &faults);
    assert((config == NULL) == (faults.length > 0 || buf_failed(&faults)));
    config_free(config);
    buf_fini(&faults);
    return 0;
}
