/*
 * Fuzzes the switch: ports that send whatever they like, come, go and lag behind, while time
 * passes. No frame leaves its group or comes back to its port, none has the address of somebody
 * else's port as its source, none for such an address goes anywhere else, and all are whole.
 * Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz_switch.c
 */
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)      \
    do {                      \
        if (!(condition))     \
            __builtin_trap(); \
    } while (0)

#include "tests/fuzz/input.h"
#include "tests/unit/fake_console.h"
#include "tests/unit/fake_switch.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define PORTS     6
#define CARDS     2
#define STRANGERS 300 /* more than a port can have learned */

static struct switch_port ports[PORTS];
static bool connected[PORTS];

static const struct {
    const char *group, *name;
    u64 rate;
} plan[PORTS] = {
    {"uplink", "a", 0},   {"uplink0", "b", 1000000}, {"uplink1", "c", 0},
    {"lan", "d", 100000}, {"lan", "e", 0},           {"lan", "f", 0},
};

/* What is left of it. */
static struct input input;

static u32 next(u32 size)
{
    return input_number(&input, size);
}

static void wake(void *ctx)
{
    (void)ctx;
}

static void start(void)
{
    u8 mac[MAC_SIZE];

    fake_switch_reset();
    console_forget();
    fake_nics.count = CARDS;
    fake_time = 0;
    switch_init();
    for (u32 i = 0; i < PORTS; i++) {
        switch_mac(plan[i].name, 0, mac);
        CHECK(switch_add(&ports[i], "fuzz", plan[i].group, plan[i].name, mac, plan[i].rate, wake,
                         NULL));
        connected[i] = false;
    }
}

/* A port's address, a stranger's, one of many, or anything. */
static void choose_mac(u8 mac[MAC_SIZE])
{
    u32 what = next(1), stranger = next(2) % STRANGERS;

    if (what < 64) {
        memcpy(mac, ports[what % PORTS].mac, MAC_SIZE);
    } else if (what < 192) {
        memset(mac, 0, MAC_SIZE);
        memcpy(mac + 2, &stranger, 4);
    } else if (what < 224) {
        memset(mac, 0xff, MAC_SIZE);
    } else {
        for (u32 i = 0; i < MAC_SIZE; i++)
            mac[i] = (u8)next(1);
    }
}

/* Of a VM's port or a card's: its index among all ports is in the frame where there is room. */
static void send(u32 index)
{
    struct switch_port *port = switch_port_at(index);
    struct fake_frame fake;
    u8 to[MAC_SIZE], from[MAC_SIZE];

    choose_mac(to);
    choose_mac(from);
    fake_frame_make(&fake, to, from, next(2) % (FRAME_MAX + 32));
    fake.bytes[FRAME_HEADER] = (u8)index;
    if (next(1) < 32)
        fake.copies_left = next(1) % 4;
    if (next(1) < 32)
        fake.turns_into = ports[0].mac;
    if (port->card)
        fake_nics.receive[index](fake_nics.ctx[index], &fake.frame);
    else
        switch_send(port, &fake.frame);
}

static const struct switch_port *port_of_mac(const u8 mac[MAC_SIZE], u32 group_number)
{
    for (u32 i = 0; i < PORTS; i++)
        if (ports[i].group_number == group_number && !memcmp(ports[i].mac, mac, MAC_SIZE))
            return &ports[i];
    return NULL;
}

static void check_packet(const struct switch_port *port, const struct packet *packet)
{
    const struct switch_port *owner = port_of_mac(packet->bytes, port->group_number), *sender;

    CHECK(packet->length >= FRAME_MIN && packet->length <= FRAME_MAX);
    CHECK(!owner || owner == port);
    CHECK(!(packet->bytes[MAC_SIZE] & 1));
    if (packet->length == FRAME_MIN)
        return;
    sender = switch_port_at(packet->bytes[FRAME_HEADER]);
    CHECK(sender != port && sender->group_number == port->group_number);
    owner = port_of_mac(packet->bytes + MAC_SIZE, port->group_number);
    CHECK(!owner || owner == sender);
    for (u32 i = FRAME_HEADER + 1; i < packet->length; i++)
        CHECK(packet->bytes[i] == (u8)(i * 7));
}

static void take(u32 index, u32 count)
{
    const struct packet *packet;

    while (count-- && (packet = switch_receive(&ports[index]))) {
        check_packet(&ports[index], packet);
        switch_received(&ports[index]);
    }
}

static void plug(u32 index)
{
    if (connected[index])
        switch_disconnect(&ports[index]);
    else
        CHECK(switch_connect(&ports[index]));
    connected[index] = !connected[index];
}

static void count_address(const u8 mac[MAC_SIZE], const struct switch_port *port)
{
    CHECK(!port_of_mac(mac, port->group_number));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    input.next = data;
    input.end = data + size;
    start();
    while (input.next < input.end) {
        u32 what = next(1);

        if (what < 160)
            send(what % (CARDS + PORTS));
        else if (what < 200)
            take(what % PORTS, next(1));
        else if (what < 230)
            plug(what % PORTS);
        else
            fake_time += (u64)next(2) * (FAKE_TIMEBASE / 100);
    }
    switch_addresses(count_address);
    for (u32 i = 0; i < PORTS; i++) {
        take(i, ~0u);
        if (connected[i])
            plug(i);
    }
    CHECK(fake_switch.rooms == 0);
    return 0;
}
