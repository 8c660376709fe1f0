/*
 * work_address.c - which addresses are public, so that a call may go there unasked.
 *
 * Sources: IANA's registries of special-purpose addresses for IPv4 and IPv6. Of IPv6 only global
 * unicast (2000::/3) is public, which leaves out loopback, link-local, unique local (the metadata
 * service at fd00:ec2::254 among them), multicast, and IPv4 in IPv6 (compatible, NAT64); 6to4 and
 * Teredo, which carry an IPv4 address too, are in the list.
 */
#include "work/work_priv.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESS_V4_AT = 12, ADDRESS_V4_BITS = 96 };

static const unsigned char address_v4_prefix[ADDRESS_V4_AT] = {[10] = 0xff, [11] = 0xff};

/* Inside IPv4 and inside 2000::/3, and not public all the same. */
static const char *const address_special[] = {
    "0.0.0.0/8",       /* this network */
    "10.0.0.0/8",      /* private */
    "100.64.0.0/10",   /* shared: carrier-grade NAT */
    "127.0.0.0/8",     /* loopback */
    "169.254.0.0/16",  /* link-local, and the metadata services of clouds */
    "172.16.0.0/12",   /* private */
    "192.0.0.0/24",    /* protocol assignments */
    "192.0.2.0/24",    /* documentation */
    "192.88.99.0/24",  /* relays of 6to4 */
    "192.168.0.0/16",  /* private */
    "198.18.0.0/15",   /* benchmarks */
    "198.51.100.0/24", /* documentation */
    "203.0.113.0/24",  /* documentation */
    "224.0.0.0/4",     /* multicast */
    "240.0.0.0/4",     /* reserved, and broadcast */
    "2001::/23",       /* protocol assignments: Teredo, ORCHID, benchmarks */
    "2001:db8::/32",   /* documentation */
    "2002::/16",       /* 6to4 */
    "3fff::/20",       /* documentation */
};
static const char address_global_unicast[] = "2000::/3";

static bool address_is_v4(const unsigned char bytes[WORK_ADDRESS_BYTES])
{
    return memcmp(bytes, address_v4_prefix, sizeof(address_v4_prefix)) == 0;
}

static bool address_from_v4(const void *v4, unsigned char bytes[WORK_ADDRESS_BYTES])
{
    memcpy(bytes, address_v4_prefix, sizeof(address_v4_prefix));
    memcpy(bytes + ADDRESS_V4_AT, v4, WORK_ADDRESS_BYTES - ADDRESS_V4_AT);
    return true;
}

bool work_range_parse(const char *text, struct work_range *ret)
{
    const char *slash = strchr(text, '/');
    char address[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    unsigned long bits;
    char *end;

    if (!slash || (size_t)(slash - text) >= sizeof(address) || slash[1] < '0' || slash[1] > '9')
        return false;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    bits = strtoul(slash + 1, &end, 10);
    if (*end || bits > 128)
        return false;
    if (inet_pton(AF_INET, address, &v4) == 1) {
        ret->bits = (unsigned)bits + ADDRESS_V4_BITS;
        return bits <= 32 && address_from_v4(&v4, ret->bytes);
    }
    if (inet_pton(AF_INET6, address, &v6) != 1)
        return false;
    memcpy(ret->bytes, &v6, sizeof(ret->bytes));
    ret->bits = (unsigned)bits;
    return true;
}

static bool address_in(const struct work_range *range,
                       const unsigned char bytes[WORK_ADDRESS_BYTES])
{
    unsigned whole = range->bits / 8, rest = range->bits % 8;
    unsigned mask = (0xff00u >> rest) & 0xff;

    return memcmp(range->bytes, bytes, whole) == 0 &&
           (rest == 0 || ((range->bytes[whole] ^ bytes[whole]) & mask) == 0);
}

static bool address_in_text(const char *text, const unsigned char bytes[WORK_ADDRESS_BYTES])
{
    struct work_range range;

    CHECK(work_range_parse(text, &range));
    return address_in(&range, bytes);
}

static bool address_is_public(const unsigned char bytes[WORK_ADDRESS_BYTES])
{
    if (!address_is_v4(bytes) && !address_in_text(address_global_unicast, bytes))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(address_special); i++) {
        if (address_in_text(address_special[i], bytes))
            return false;
    }
    return true;
}

bool work_address_is_allowed(const struct work_ranges *allowed, const struct sockaddr *address)
{
    unsigned char bytes[WORK_ADDRESS_BYTES];

    if (address->sa_family == AF_INET)
        address_from_v4(&((const struct sockaddr_in *)(const void *)address)->sin_addr, bytes);
    else if (address->sa_family == AF_INET6)
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
               sizeof(bytes));
    else
        return false;
    for (size_t i = 0; i < allowed->count; i++) {
        if (address_in(&allowed->ranges[i], bytes))
            return true;
    }
    return address_is_public(bytes);
}
