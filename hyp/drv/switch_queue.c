/*
 * The queue of a port: whoever sends reserves a slot under the port's lock, copies into it without,
 * and marks it ready; the owner of the port takes the first when it is ready. So frames keep the
 * order of their coming, and a sender that waits for its guest's memory holds no lock.
 */
#include "hyp/core/pages.h"
#include "hyp/core/string.h"
#include "hyp/drv/switch_parts.h"

/* What a connected port has. */
struct port_room {
    struct packet_slot slots[SWITCH_QUEUE];
    struct switch_address learned[SWITCH_LEARNED_VM];
};

#define ROOM_ORDER 6
_Static_assert(sizeof(struct port_room) <= PAGE_SIZE << ROOM_ORDER, "a port's room is too small");
_Static_assert((SWITCH_QUEUE & (SWITCH_QUEUE - 1)) == 0, "head and tail wrap around");

bool switch_connect(struct switch_port *port)
{
    struct port_room *room = page_alloc_ptr(ROOM_ORDER);

    if (!room)
        return false;
    spin_lock(&switch_lock);
    address_give_room(port, room->learned, SWITCH_LEARNED_VM);
    spin_lock(&port->lock);
    port->head = port->tail = 0;
    port->slots = room->slots;
    spin_unlock(&port->lock);
    spin_unlock(&switch_lock);
    return true;
}

void switch_disconnect(struct switch_port *port)
{
    struct packet_slot *slots;

    spin_lock(&switch_lock);
    address_take_room(port);
    spin_unlock(&switch_lock);

    spin_lock(&port->lock);
    slots = port->slots;
    port->slots = NULL;
    while (port->filling) {
        spin_unlock(&port->lock);
        spin_lock(&port->lock);
    }
    spin_unlock(&port->lock);
    if (slots)
        page_free_ptr(container_of(slots, struct port_room, slots[0]), ROOM_ORDER);
}

static struct packet_slot *slot_at(const struct switch_port *port, u32 index)
{
    return &port->slots[index % SWITCH_QUEUE];
}

struct packet_slot *queue_reserve(struct switch_port *port)
{
    struct packet_slot *slot = NULL;

    spin_lock(&port->lock);
    if (port->slots && port->tail - port->head == SWITCH_QUEUE) {
        port->counts.dropped_full++;
    } else if (port->slots) {
        slot = slot_at(port, port->tail++);
        slot->port = port;
        slot->state = PACKET_FILLING;
        port->filling++;
    }
    spin_unlock(&port->lock);
    return slot;
}

/* The owner waits for the first slot alone: others, behind it, it will see when that is done. */
static void finish(struct packet_slot *slot, bool whole)
{
    struct switch_port *port = slot->port;

    spin_lock(&port->lock);
    slot->state = whole ? PACKET_READY : PACKET_VOID;
    port->filling--;
    if (whole) {
        port->counts.out++;
        port->counts.bytes_out += slot->packet.length;
    }
    if (port->slots && slot == slot_at(port, port->head))
        port->wake(port->ctx);
    spin_unlock(&port->lock);
}

/* The sender's memory, which may be in many pieces, is read once for all. A slot that is finished
 * is its port's: what comes next is read before. */
void queue_fill(struct packet_slot *slots, const struct frame *frame)
{
    struct packet *packet = &slots->packet;
    bool whole = frame->copy(frame, 0, packet->bytes, frame->length);

    packet->length = frame->length;
    packet->checksum = frame->checksum;
    for (struct packet_slot *slot = slots->next; slot && whole; slot = slot->next)
        memcpy(&slot->packet, packet, offsetof(struct packet, bytes) + packet->length);
    for (struct packet_slot *slot = slots, *next; slot; slot = next) {
        next = slot->next;
        finish(slot, whole);
    }
}

const struct packet *switch_receive(struct switch_port *port)
{
    const struct packet *packet = NULL;

    spin_lock(&port->lock);
    if (port->slots) {
        while (port->head != port->tail && slot_at(port, port->head)->state == PACKET_VOID)
            port->head++;
        if (port->head != port->tail && slot_at(port, port->head)->state == PACKET_READY)
            packet = &slot_at(port, port->head)->packet;
    }
    spin_unlock(&port->lock);
    return packet;
}

void switch_received(struct switch_port *port)
{
    spin_lock(&port->lock);
    port->head++;
    spin_unlock(&port->lock);
}
