/* Which address is behind which port. */
#include "arch/csr.h"
#include "hyp/core/machine.h"
#include "hyp/core/string.h"
#include "hyp/drv/switch_parts.h"

/*
 * All addresses, by hash. A guest can find addresses that share a list, but puts no more of them
 * there than its ports have room for.
 */
#define BUCKETS 256
static struct switch_address *buckets[BUCKETS];

static struct switch_address **bucket_of(const u8 mac[MAC_SIZE])
{
    u32 hash = 0;

    for (u32 i = 0; i < MAC_SIZE; i++)
        hash = (hash ^ mac[i]) * 0x01000193u;
    return &buckets[(hash ^ hash >> 16) % BUCKETS];
}

/* Another hart may have heard it after `now` was read here. */
static bool is_old(const struct switch_address *address, u64 now)
{
    return !address->fixed && now > address->seen &&
           now - address->seen > (u64)SWITCH_AGE_S * machine.timebase;
}

/* An address may be in several groups: a VM that has a card in each may pass frames on. */
static struct switch_address *find(const u8 mac[MAC_SIZE], u32 group_number)
{
    struct switch_address *address = *bucket_of(mac);

    while (address &&
           (address->port->group_number != group_number || memcmp(address->mac, mac, MAC_SIZE)))
        address = address->next;
    return address;
}

static void insert(struct switch_address *address, struct switch_port *port, const u8 mac[MAC_SIZE])
{
    struct switch_address **bucket = bucket_of(mac);

    address->port = port;
    memcpy(address->mac, mac, MAC_SIZE);
    address->next = *bucket;
    *bucket = address;
}

static void take_out(struct switch_address *address)
{
    struct switch_address **link = bucket_of(address->mac);

    if (!address->port)
        return;
    while (*link != address)
        link = &(*link)->next;
    *link = address->next;
    address->port = NULL;
}

struct switch_port *address_find(const u8 mac[MAC_SIZE], u32 group_number, u64 now)
{
    const struct switch_address *address = find(mac, group_number);

    return address && !is_old(address, now) ? address->port : NULL;
}

/* What is outside, behind the card, is not for a VM to take over by sending in its name. */
static bool may_move(const struct switch_address *address, const struct switch_port *to, u64 now)
{
    return to->card || !address->port->card || is_old(address, now);
}

bool address_learn(struct switch_port *port, const u8 mac[MAC_SIZE], u64 now)
{
    struct switch_address *address = find(mac, port->group_number);

    if (address && address->fixed)
        return address->port == port;
    if (address && address->port != port) {
        if (!may_move(address, port, now))
            return true;
        take_out(address);
        address = NULL;
    }
    if (!address && port->learned_max) {
        address = &port->learned[port->learned_next++ % port->learned_max];
        take_out(address);
        insert(address, port, mac);
    }
    if (address)
        address->seen = now;
    return true;
}

void address_give_room(struct switch_port *port, struct switch_address *room, u32 count)
{
    port->learned = room;
    port->learned_max = count;
    port->learned_next = 0;
}

void address_take_room(struct switch_port *port)
{
    for (u32 i = 0; i < port->learned_max; i++)
        take_out(&port->learned[i]);
    port->learned = NULL;
    port->learned_max = 0;
}

void address_fix(struct switch_port *port)
{
    struct switch_address *other = find(port->mac, port->group_number);

    if (other)
        take_out(other);
    port->own.fixed = true;
    insert(&port->own, port, port->mac);
}

void address_unfix(struct switch_port *port)
{
    take_out(&port->own);
}

/* Copies address `index` of a list. */
static bool address_at(u32 bucket, u32 index, struct switch_address *copy)
{
    const struct switch_address *address;

    spin_lock(&switch_lock);
    for (address = buckets[bucket]; address && index; index--)
        address = address->next;
    if (address)
        *copy = *address;
    spin_unlock(&switch_lock);
    return address != NULL;
}

void switch_addresses(void (*show)(const u8 mac[MAC_SIZE], const struct switch_port *port))
{
    struct switch_address address;

    for (u32 bucket = 0; bucket < BUCKETS; bucket++)
        for (u32 i = 0; address_at(bucket, i, &address); i++)
            if (!address.fixed && !is_old(&address, time_now()))
                show(address.mac, address.port);
}
