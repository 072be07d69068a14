#include "base/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const unsigned char MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
#define MAPPED_BITS 96

static unsigned bits_of(const struct network *network)
{
    return network->family == AF_INET6 ? 128 : 32;
}

/* What follows the slash; false when it is no number of bits. */
static bool read_prefix(struct network *network, const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 3 || text[digits] != '\0')
        return false;
    network->prefix = (unsigned)strtoul(text, NULL, 10);
    return network->prefix <= bits_of(network);
}

static void unmap(struct network *network)
{
    if (network->family != AF_INET6 || network->prefix <= MAPPED_BITS ||
        memcmp(network->bytes, MAPPED, sizeof MAPPED) != 0)
        return;
    network->family = AF_INET;
    network->prefix -= MAPPED_BITS;
    memmove(network->bytes, network->bytes + sizeof MAPPED, 4);
    memset(network->bytes + 4, 0, sizeof network->bytes - 4);
}

bool network_parse(struct network *network, const char *text)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    *network = (struct network){.family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET};
    network->prefix = bits_of(network);
    if (inet_pton(network->family, address, network->bytes) != 1)
        return false;
    if (slash != NULL && !read_prefix(network, slash + 1))
        return false;
    unmap(network);
    return true;
}

bool network_trim(struct network *network)
{
    bool any = false;
    for (unsigned bit = network->prefix; bit < bits_of(network); bit++) {
        unsigned char *byte = &network->bytes[bit / 8], mask = (unsigned char)(0x80 >> bit % 8);
        any |= (*byte & mask) != 0;
        *byte &= (unsigned char)~mask;
    }
    return any;
}

/* Whether the first `prefix` bits are the same. */
static bool starts_alike(const unsigned char *left, const unsigned char *right, unsigned prefix)
{
    unsigned whole = prefix / 8, rest = prefix % 8;
    return memcmp(left, right, whole) == 0 && (rest == 0 || (left[whole] ^ right[whole]) >> (8 - rest) == 0);
}

bool network_contains(const struct network *network, int family, const unsigned char *bytes)
{
    if (family == AF_INET6 && network->family == AF_INET && memcmp(bytes, MAPPED, sizeof MAPPED) == 0) {
        family = AF_INET;
        bytes += sizeof MAPPED;
    }
    return family == network->family && starts_alike(network->bytes, bytes, network->prefix);
}

static const unsigned char *address_meant(int family, const unsigned char *bytes)
{
    static const struct {
        int family;
        size_t size;
        unsigned char nowhere[16], loopback[16];
    } MEANT[] = {
        {AF_INET, 4, {0}, {127, 0, 0, 1}},
        {AF_INET6, 16, {0}, {[15] = 1}},
        {AF_INET6, 16, {[10] = 0xff, [11] = 0xff}, {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}}, /* IPv4-mapped */
    };
    for (size_t i = 0; i < sizeof MEANT / sizeof MEANT[0]; i++) {
        if (family == MEANT[i].family && memcmp(bytes, MEANT[i].nowhere, MEANT[i].size) == 0)
            return MEANT[i].loopback;
    }
    return bytes;
}

const struct network *network_led_into(const struct network *networks, size_t count, int family,
                                       const unsigned char *bytes)
{
    const unsigned char *meant = address_meant(family, bytes);
    for (size_t i = 0; i < count; i++) {
        if (network_contains(&networks[i], family, bytes) || network_contains(&networks[i], family, meant))
            return &networks[i];
    }
    return NULL;
}

const char *network_print(const struct network *network, char out[NETWORK_TEXT_SIZE])
{
    char address[INET6_ADDRSTRLEN];
    inet_ntop(network->family, network->bytes, address, sizeof address);
    if (network->prefix == bits_of(network))
        snprintf(out, NETWORK_TEXT_SIZE, "%s", address);
    else
        snprintf(out, NETWORK_TEXT_SIZE, "%s/%u", address, network->prefix);
    return out;
}
