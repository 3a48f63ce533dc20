/*
 * Ethernet frames on their way between a guest's network card, the switch and the host's card.
 * There is no CRC in them, and no offload but this: the transport checksum of a frame may be left
 * to whoever is last on the way and needs it.
 */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "arch/types.h"

#define FRAME_HEADER 14u /* destination, source, type                     */
#define FRAME_MIN    FRAME_HEADER
#define FRAME_MAX    1518u /* bytes: header, a VLAN tag, 1500 of payload     */
#define MAC_SIZE     6

/* What is known of the checksum of what is inside. */
struct frame_checksum {
    bool wanted;  /* `start` and `offset` tell what is still to be summed up, and where it goes: as
                   * virtio-net's csum_start and csum_offset ("Packet Transmission")          */
    bool checked; /* nobody needs to check it                                                 */
    u16 start, offset; /* bytes, from the start of the frame, and from `start`                */
};

/* A frame where its sender has it; the receiver copies it out. */
struct frame {
    u32 length; /* bytes */
    struct frame_checksum checksum;
    /* Copies [offset, offset + size) of it, which lies within it. False: the sender can no longer
     * have it (its memory is gone), and the frame is dropped. Called with no lock held. */
    bool (*copy)(const struct frame *frame, u32 offset, void *to, u32 size);
    void *source; /* for `copy` */
};

/* A frame that has been copied. */
struct packet {
    u32 length;
    struct frame_checksum checksum;
    u8 bytes[FRAME_MAX];
};

#endif
