/* What the files of the switch share. */
#ifndef DRV_SWITCH_PARTS_H
#define DRV_SWITCH_PARTS_H

#include "hyp/drv/switch.h"

#define SWITCH_LEARNED_VM   64  /* addresses that are learned from a VM's port */
#define SWITCH_LEARNED_CARD 256 /* and from the host's card                    */
#define SWITCH_AGE_S        300 /* seconds after which one is forgotten        */

/* The switch's lock: the list of ports, addresses, rates. */
extern struct spinlock switch_lock;

/* Ports, by their `next`. Changed by one at a time, under the lock. */
extern struct switch_port *switch_ports;

/* A frame that goes to several ports has a slot in the queue of each. */
struct packet_slot {
    struct packet_slot *next; /* of the same frame, while it is copied */
    struct switch_port *port;
    enum {
        PACKET_FILLING, /* it is reserved, and being copied into */
        PACKET_READY,
        PACKET_VOID, /* its sender could not have it any more */
    } state;
    struct packet packet;
};

/*
 * switch_queue.c. Reserve gives a slot at the end of the port's queue; NULL: it is full, which is
 * counted, or not connected. Who has reserved some for a frame fills them, all that are linked by
 * `next`, with no lock held; they are not his afterwards.
 */
struct packet_slot *queue_reserve(struct switch_port *port);
void queue_fill(struct packet_slot *slots, const struct frame *frame);

/*
 * switch_address.c, under the switch's lock. The port of the group that an address is behind; NULL:
 * not known.
 */
struct switch_port *address_find(const u8 mac[MAC_SIZE], u32 group_number, u64 now);

/* An address has sent by this port. False: it is another port's own. */
bool address_learn(struct switch_port *port, const u8 mac[MAC_SIZE], u64 now);

/* Room, zeroed, for what is learned from a port; and takes it away, with what is in it. */
void address_give_room(struct switch_port *port, struct switch_address *room, u32 count);
void address_take_room(struct switch_port *port);

/* Makes port->mac the port's own; and takes that back. */
void address_fix(struct switch_port *port);
void address_unfix(struct switch_port *port);

/* switch_port.c: the first steps and the last of switch_add. */
void port_append(struct switch_port *port);

/* switch_uplink.c: sends by the host's card that is behind this port. */
void uplink_send(struct switch_port *port, const struct frame *frame);

/* Writes the name of the group that a person means by `group` into `name`. False: told why there
 * is none. */
bool uplink_group(const char *place, const char *group, char name[SWITCH_GROUP_MAX + 1]);

#endif
