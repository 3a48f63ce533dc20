/* The ports of the switch: how they come, what they are called, what they have counted. */
#include "arch/csr.h"
#include "hyp/core/machine.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/drv/switch_parts.h"

_Static_assert(sizeof(void *) != 4 || sizeof(struct switch_port) <= 384, "switch.h says so");

static u64 hash_byte(u64 hash, u8 byte)
{
    return (hash ^ byte) * 0x100000001b3ull; /* FNV-1a */
}

void switch_mac(const char *vm, u32 index, u8 mac[MAC_SIZE])
{
    u64 hash = 0xcbf29ce484222325ull;

    for (; *vm; vm++)
        hash = hash_byte(hash, (u8)*vm);
    hash = hash_byte(hash_byte(hash, 0), (u8)index);
    mac[0] = 0x02; /* locally administered, and one station's */
    for (u32 i = 1; i < MAC_SIZE; i++)
        mac[i] = (u8)(hash >> 8 * i);
}

/* The number of a group: that of its ports that are there, or a new one. */
static u32 number_of_group(const char *group)
{
    static u32 last;

    for (const struct switch_port *port = switch_ports; port; port = port->next)
        if (!strcmp(port->group, group))
            return port->group_number;
    return ++last;
}

static const struct switch_port *port_with(const u8 mac[MAC_SIZE])
{
    const struct switch_port *port = switch_ports;

    while (port && (port->card || memcmp(port->mac, mac, MAC_SIZE)))
        port = port->next;
    return port;
}

void port_append(struct switch_port *port)
{
    struct switch_port **link = &switch_ports;

    port->group_number = number_of_group(port->group);
    spin_lock(&switch_lock);
    while (*link)
        link = &(*link)->next;
    *link = port;
    if (!port->card)
        address_fix(port);
    spin_unlock(&switch_lock);
}

bool switch_add(struct switch_port *port, const char *place, const char *group, const char *name,
                const u8 mac[MAC_SIZE], u64 rate, void (*wake)(void *ctx), void *ctx)
{
    const struct switch_port *other = port_with(mac);

    *port = (struct switch_port){.name = name, .wake = wake, .ctx = ctx};
    if (!uplink_group(place, group, port->group))
        return false;
    if (rate > TOKEN_RATE_MAX)
        return complain(place, "a rate is at most %lluG bits a second",
                        TOKEN_RATE_MAX / 1000000000);
    if (other)
        return complain(place, "its network address is also that of \"%s\": rename one of the two",
                        other->name);
    memcpy(port->mac, mac, MAC_SIZE);
    token_bucket_init(&port->bucket, rate, machine.timebase, time_now());
    port_append(port);
    return true;
}

void switch_remove(struct switch_port *port)
{
    struct switch_port **link = &switch_ports;

    spin_lock(&switch_lock);
    while (*link != port)
        link = &(*link)->next;
    *link = port->next;
    address_unfix(port);
    spin_unlock(&switch_lock);
}

struct switch_counts switch_counts(struct switch_port *port)
{
    struct switch_counts counts;

    spin_lock(&switch_lock);
    spin_lock(&port->lock);
    counts = port->counts;
    spin_unlock(&port->lock);
    spin_unlock(&switch_lock);
    return counts;
}

struct switch_port *switch_port_at(u32 index)
{
    struct switch_port *port = switch_ports;

    while (port && index--)
        port = port->next;
    return port;
}
