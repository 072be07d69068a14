/* The reader of SOAP replies, in pieces as the network might cut them. The first byte says how long the pieces are, and
 * whether AXL or the Control Center is asked. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "cisco/soap_reader.h"

#define CAP 65536

static const struct soap_shape SHAPES[] = {
    {.payload = {"executeSQLQueryResponse"}, .container = "return", .row = "row"},
    {.payload = {"soapGetServiceStatusResponse", "soapGetServiceStatusReturn"}, .container = "ServiceInfoList",
     .row = "item", .value = {"ReturnCode", "ReasonString"}},
};

static void look_at(void *arg, const struct soap_row *row)
{
    size_t *rows = arg;
    ++*rows;
    assert(row->count <= SOAP_COLUMNS_MAX);
    for (size_t i = 0; i < row->count; i++) {
        assert(strlen(row->columns[i].name) <= SOAP_NAME_MAX);
        assert(row->columns[i].text == NULL || strlen(row->columns[i].text) <= SOAP_VALUE_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t piece = data[0] >> 1 == 0 ? size : data[0] >> 1, rows = 0;
    struct soap_reader *reader = soap_reader_new(&SHAPES[data[0] & 1], CAP, look_at, &rows);
    bool readable = true;
    for (size_t at = 1; at < size; at += piece)
        readable = soap_reader_read(reader, (const char *)data + at, size - at < piece ? size - at : piece);
    enum soap_verdict verdict = soap_reader_end(reader);
    assert(readable || (verdict != SOAP_GOOD && verdict != SOAP_FAULT));
    assert((*soap_reader_words(reader) == '\0') == (verdict == SOAP_GOOD || verdict == SOAP_FAULT));
    assert(verdict == SOAP_NOT_XML || verdict == SOAP_TRUNCATED || verdict == SOAP_REFUSED ||
           verdict == SOAP_TOO_LARGE || soap_reader_is_envelope(reader));
    assert(rows == 0 || soap_reader_is_envelope(reader));
    soap_reader_free(reader);
    return 0;
}
