/*
 * The numbers and structures of virtio (Virtual I/O Device specification 1.3): the same towards the
 * devices of the machine below us and towards the guests above us. All little-endian, as RISC-V is;
 * so are the native-endian structures of the legacy interface.
 */
#ifndef CORE_VIRTIO_ABI_H
#define CORE_VIRTIO_ABI_H

#include "arch/types.h"

/* Device numbers ("Device Types"). */
enum {
    VIRTIO_NONE = 0,
    VIRTIO_NET = 1,
    VIRTIO_BLOCK = 2,
    VIRTIO_CONSOLE = 3,
    VIRTIO_ENTROPY = 4,
    VIRTIO_BALLOON = 5
};

/* Bits of the device status ("Device Status Field"). */
enum {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128,
};

/* Feature bits of all devices ("Reserved Feature Bits"). */
#define VIRTIO_F_NOTIFY_ON_EMPTY (1ull << 24) /* legacy */
#define VIRTIO_F_ANY_LAYOUT      (1ull << 27) /* legacy */
#define VIRTIO_F_INDIRECT_DESC   (1ull << 28)
#define VIRTIO_F_EVENT_IDX       (1ull << 29)
#define VIRTIO_F_VERSION_1       (1ull << 32)
#define VIRTIO_F_RING_PACKED     (1ull << 34)

/* Registers of the MMIO transport, byte offsets ("MMIO Device Register Layout"). */
enum {
    VIRTIO_MMIO_MAGIC_VALUE = 0x000,
    VIRTIO_MMIO_VERSION = 0x004,
    VIRTIO_MMIO_DEVICE_ID = 0x008,
    VIRTIO_MMIO_VENDOR_ID = 0x00c,
    VIRTIO_MMIO_DEVICE_FEATURES = 0x010,
    VIRTIO_MMIO_DEVICE_FEATURES_SEL = 0x014,
    VIRTIO_MMIO_DRIVER_FEATURES = 0x020,
    VIRTIO_MMIO_DRIVER_FEATURES_SEL = 0x024,
    VIRTIO_MMIO_GUEST_PAGE_SIZE = 0x028, /* legacy */
    VIRTIO_MMIO_QUEUE_SEL = 0x030,
    VIRTIO_MMIO_QUEUE_NUM_MAX = 0x034,
    VIRTIO_MMIO_QUEUE_NUM = 0x038,
    VIRTIO_MMIO_QUEUE_ALIGN = 0x03c,  /* legacy */
    VIRTIO_MMIO_QUEUE_PFN = 0x040,    /* legacy */
    VIRTIO_MMIO_QUEUE_READY = 0x044,  /* from here on modern, but for those that say otherwise */
    VIRTIO_MMIO_QUEUE_NOTIFY = 0x050, /* both */
    VIRTIO_MMIO_INTERRUPT_STATUS = 0x060, /* both */
    VIRTIO_MMIO_INTERRUPT_ACK = 0x064,    /* both */
    VIRTIO_MMIO_STATUS = 0x070,           /* both */
    VIRTIO_MMIO_QUEUE_DESC_LOW = 0x080,
    VIRTIO_MMIO_QUEUE_DESC_HIGH = 0x084,
    VIRTIO_MMIO_QUEUE_DRIVER_LOW = 0x090,
    VIRTIO_MMIO_QUEUE_DRIVER_HIGH = 0x094,
    VIRTIO_MMIO_QUEUE_DEVICE_LOW = 0x0a0,
    VIRTIO_MMIO_QUEUE_DEVICE_HIGH = 0x0a4,
    VIRTIO_MMIO_SHM_LEN_LOW = 0x0b0,
    VIRTIO_MMIO_SHM_LEN_HIGH = 0x0b4,
    VIRTIO_MMIO_SHM_BASE_LOW = 0x0b8,
    VIRTIO_MMIO_SHM_BASE_HIGH = 0x0bc,
    VIRTIO_MMIO_CONFIG_GENERATION = 0x0fc,
    VIRTIO_MMIO_CONFIG = 0x100, /* both */
};

#define VIRTIO_MMIO_MAGIC 0x74726976u /* "virt" */

/* Bits of InterruptStatus and InterruptACK. */
#define VIRTIO_INTERRUPT_USED   BIT(0)
#define VIRTIO_INTERRUPT_CONFIG BIT(1)

/* Split rings ("The Virtqueue Descriptor Table", "... Available Ring", "... Used Ring"). */
struct virtio_descriptor {
    u64 address;
    u32 size; /* bytes */
    u16 flags;
    u16 next;
};

enum { VIRTIO_DESC_NEXT = 1, VIRTIO_DESC_WRITE = 2, VIRTIO_DESC_INDIRECT = 4 };

#define VIRTIO_AVAIL_NO_INTERRUPT 1u /* flags of the available ring */
#define VIRTIO_USED_NO_NOTIFY     1u /* flags of the used ring      */

struct virtio_used_element {
    u32 id;      /* of the chain: the index of its first descriptor */
    u32 written; /* bytes, from the start of its writable part      */
};

/* Block devices ("Block Device"). */
#define VIRTIO_BLK_F_SIZE_MAX     (1ull << 1)
#define VIRTIO_BLK_F_SEG_MAX      (1ull << 2)
#define VIRTIO_BLK_F_RO           (1ull << 5)
#define VIRTIO_BLK_F_BLK_SIZE     (1ull << 6)
#define VIRTIO_BLK_F_FLUSH        (1ull << 9)
#define VIRTIO_BLK_F_CONFIG_WCE   (1ull << 11)
#define VIRTIO_BLK_F_MQ           (1ull << 12)
#define VIRTIO_BLK_F_DISCARD      (1ull << 13)
#define VIRTIO_BLK_F_WRITE_ZEROES (1ull << 14)

struct virtio_blk_config {
    u32 capacity, capacity_high; /* sectors of 512 bytes */
    u32 size_max, seg_max;
    u16 cylinders;
    u8 heads, sectors;
    u32 blk_size;
    u8 physical_block_exp, alignment_offset;
    u16 min_io_size;
    u32 opt_io_size;
    u8 writeback, unused0;
    u16 num_queues;
    u32 max_discard_sectors, max_discard_seg, discard_sector_alignment;
    u32 max_write_zeroes_sectors, max_write_zeroes_seg;
    u8 write_zeroes_may_unmap, unused1[3];
};
_Static_assert(sizeof(struct virtio_blk_config) == 60, "its layout is the specification's");

enum {
    VIRTIO_BLK_T_IN = 0,
    VIRTIO_BLK_T_OUT = 1,
    VIRTIO_BLK_T_FLUSH = 4,
    VIRTIO_BLK_T_GET_ID = 8,
    VIRTIO_BLK_T_DISCARD = 11,
    VIRTIO_BLK_T_WRITE_ZEROES = 13,
};

enum { VIRTIO_BLK_S_OK = 0, VIRTIO_BLK_S_IOERR = 1, VIRTIO_BLK_S_UNSUPP = 2 };

/* What a request begins with. */
struct virtio_blk_header {
    u32 type, reserved;
    u64 sector;
};

/* The data of DISCARD and WRITE_ZEROES: one or more of these. */
struct virtio_blk_range {
    u64 sector;
    u32 sectors;
    u32 flags;
};

#define VIRTIO_BLK_RANGE_UNMAP BIT(0)

/* Network cards ("Network Device"). */
#define VIRTIO_NET_F_CSUM       (1ull << 0)
#define VIRTIO_NET_F_GUEST_CSUM (1ull << 1)
#define VIRTIO_NET_F_MTU        (1ull << 3)
#define VIRTIO_NET_F_MAC        (1ull << 5)
#define VIRTIO_NET_F_MRG_RXBUF  (1ull << 15)
#define VIRTIO_NET_F_STATUS     (1ull << 16)

struct virtio_net_config {
    u8 mac[6];
    u16 status;
    u16 max_virtqueue_pairs;
    u16 mtu;
};
_Static_assert(sizeof(struct virtio_net_config) == 12, "its layout is the specification's");

#define VIRTIO_NET_S_LINK_UP BIT(0)

/* What a frame begins with. The legacy interface leaves out `buffers` unless MRG_RXBUF is taken. */
struct virtio_net_header {
    u8 flags, gso_type;
    u16 header_size, gso_size;
    u16 checksum_start, checksum_offset;
    u16 buffers;
};
#define VIRTIO_NET_HEADER_LEGACY 10 /* bytes */

enum { VIRTIO_NET_HDR_NEEDS_CSUM = 1, VIRTIO_NET_HDR_DATA_VALID = 2 };

#endif
