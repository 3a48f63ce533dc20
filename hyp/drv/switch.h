/*
 * The network switch between VMs and to the host's network cards. It learns which address is behind
 * which port, floods what it does not know, and keeps groups apart: a frame never leaves the group
 * of the port that it came in by. The group "uplink0" has the host's card 0 in it ("uplink" is
 * another name for it), "uplink1" card 1, and so on.
 *
 * Every port has a queue of frames that have come for it, which are copied into it by whoever sends
 * and out of it by whoever has the port. A full queue drops: no VM waits for another.
 *
 * A VM's own address is its port's: nobody else in its group can send with it. Other addresses are
 * behind the port from which they were heard last, for five minutes; those that the host's card
 * was heard with are not taken over by a VM in that time. Each port has a limited number of them,
 * so that who makes up addresses only forgets his own.
 *
 * Locks: the switch's -> a port's -> the run queue's. Frames are copied with neither held.
 */
#ifndef DRV_SWITCH_H
#define DRV_SWITCH_H

#include "hyp/core/frame.h"
#include "hyp/core/lock.h"
#include "hyp/drv/switch_rate.h"

#define SWITCH_GROUP_MAX 24  /* characters of a group's name */
#define SWITCH_QUEUE     128 /* frames that a port's queue holds */

struct switch_counts {
    u32 in, out; /* frames that came in by this port, that went out by it */
    u64 bytes_in, bytes_out;
    u32 dropped_full; /* for this port, whose queue was full        */
    u32 dropped_rate; /* from this port: over its rate              */
    u32 dropped_bad;  /* from this port: no frame, or another's name */
};

/* Private to switch*.c, as what follows: an address, and the port that it is behind. */
struct switch_address {
    struct switch_address *next; /* of those with the same hash         */
    struct switch_port *port;    /* NULL: nothing is here               */
    u64 seen;                    /* ticks; when it last sent            */
    u8 mac[MAC_SIZE];
    bool fixed; /* the port's own: never forgotten, never elsewhere     */
};

/* At most 384 bytes. Up to `card`, and the rate, nothing changes after switch_add: others may read
 * it. */
struct switch_port {
    char group[SWITCH_GROUP_MAX + 1];
    u32 group_number; /* the same for all ports of a group */
    const char *name; /* for a person: the VM's; stays     */
    u8 mac[MAC_SIZE]; /* of a VM's port                    */
    struct switch_port *next;
    void (*wake)(void *ctx);
    void *ctx;
    u32 card; /* of the host + 1; 0: a VM's port */

    /* The queue, under its lock, which is innermost but for the run queue's: slots from head to
     * tail, both free-running. */
    struct spinlock lock;
    struct packet_slot *slots; /* NULL: not connected */
    u32 head, tail;
    u32 filling; /* of them, those that are being copied into */

    /* Under the switch's lock. */
    struct token_bucket bucket;
    struct switch_address own;      /* of `mac`                                       */
    struct switch_address *learned; /* what was learned from this port; NULL: nothing */
    u32 learned_max, learned_next;  /* room in it; what comes next replaces           */

    struct switch_counts counts; /* in, bytes_in, rate, bad: switch's lock; others: the port's */
};

/* The address of network card `index` of the VM of that name: always the same, and local
 * ("locally administered", not multicast). */
void switch_mac(const char *vm, u32 index, u8 mac[MAC_SIZE]);

/*
 * Adds a port, which stays for ever. `rate` limits what comes in by it, in bits a second; 0: no
 * limit. `wake` is called when a frame comes into an empty queue: any hart, with the port's lock
 * held. False, told with `place` before it: the group's name is none, or too long, or of a card
 * that is not there, the rate is above TOKEN_RATE_MAX, or the address is another's. At boot, or the
 * monitor.
 */
bool switch_add(struct switch_port *port, const char *place, const char *group, const char *name,
                const u8 mac[MAC_SIZE], u64 rate, void (*wake)(void *ctx), void *ctx);

/* Takes a port away again, for a VM that could not be made. Not connected. */
void switch_remove(struct switch_port *port);

/* Gives the port its queue; false: no memory. And takes it away: afterwards nothing comes, and what
 * was there is gone. The owner of the port. */
bool switch_connect(struct switch_port *port);
void switch_disconnect(struct switch_port *port);

/* A frame comes in by this port. Any hart; with no lock held that copying it needs. */
void switch_send(struct switch_port *port, const struct frame *frame);

/* The first frame of the queue, which stays until `received`. NULL: none. The owner of the port. */
const struct packet *switch_receive(struct switch_port *port);
void switch_received(struct switch_port *port);

struct switch_counts switch_counts(struct switch_port *port);

/* Ports in the order of their coming, NULL past the last; the cards' come first. */
struct switch_port *switch_port_at(u32 index);

/* Learned addresses, for a person: calls `show` for each. Takes the switch's lock in steps. */
void switch_addresses(void (*show)(const u8 mac[MAC_SIZE], const struct switch_port *port));

/* Connects the host's cards. Boot hart, after nics_init. */
void switch_init(void);

#endif
