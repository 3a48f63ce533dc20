/* The virtio devices that the description of a VM asks for: which slot each is in, and what stands
 * behind it. */
#include "hyp/core/pages.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/vm/config_value.h"
#include "hyp/vm/devices_parts.h"
#include "hyp/vm/vm.h"

#define DEVICES_ORDER 1

_Static_assert(sizeof(struct vm_devices) <= PAGE_SIZE << DEVICES_ORDER, "DEVICES_ORDER");

/* Up to the first comma, or the end. */
static u32 word_length(const char *text)
{
    u32 length = 0;

    while (text[length] && text[length] != ',')
        length++;
    return length;
}

/* The kinds in the order of their slots, and how many of each the VM has. */
static u32 count_of(const struct vm_config *config, enum slot_kind kind)
{
    switch (kind) {
    case SLOT_DISK:
        return string_list_count(config->disks);
    case SLOT_NET:
        return string_list_count(config->nets);
    case SLOT_ENTROPY:
        return config->entropy;
    case SLOT_CONSOLE:
        return config->virtio_console;
    case SLOT_BALLOON:
        return config->balloon;
    case SLOT_EMPTY:
        break;
    }
    return 0;
}

static u32 count_all(const struct vm_config *config)
{
    u32 all = 0;

    for (enum slot_kind kind = SLOT_DISK; kind <= SLOT_BALLOON; kind++)
        all += count_of(config, kind);
    return all;
}

/* A slot that a device of the host is handed through at is none of ours. */
static bool is_taken(const struct vm *vm, u32 slot)
{
    return passthrough_covers(vm, PLATFORM_VIRTIO_BASE + slot * PLATFORM_VIRTIO_STRIDE,
                              VIRTIO_MMIO_SIZE);
}

static bool assign_slots(struct vm *vm)
{
    u32 slot = 0;

    for (enum slot_kind kind = SLOT_DISK; kind <= SLOT_BALLOON; kind++)
        for (u32 nth = 0; nth < count_of(&vm->config, kind); nth++, slot++) {
            while (slot < VIRTIO_SLOTS && is_taken(vm, slot))
                slot++;
            if (slot == VIRTIO_SLOTS)
                return complain(vm->config.name,
                                "not made: it has %u virtio devices, more than there are slots",
                                count_all(&vm->config));
            vm->devices->slots[slot].kind = kind;
            vm->devices->slots[slot].nth = nth;
        }
    return true;
}

/* An image of the description, by its path. */
static bool open_image(struct disk *disk, const struct vm_config *config, const char *source)
{
    char path[DISK_NAME_MAX];
    u32 length = word_length(source);
    struct fdt_prop data;

    if (length >= sizeof(path))
        return complain(config_place(config, "disk"), "%s: longer than %u characters", source,
                        DISK_NAME_MAX - 1);
    memcpy(path, source, length);
    path[length] = '\0';
    if (!fdt_prop(config->bundle, fdt_path(config->bundle, path), "data", &data) || !data.length)
        return complain(config_place(config, "disk"),
                        "%s: expected a node there with data = /incbin/(\"FILE\")", path);
    return disk_open_image(disk, config_place(config, "disk"), config->name, source, data.data,
                           data.length);
}

static bool open_disk(struct vm *vm, u32 nth)
{
    struct disk *disk = &vm->devices->disks[nth];
    const char *source = string_list_at(vm->config.disks, nth);

    if (*source == '/')
        return open_image(disk, &vm->config, source);
    return disk_open(disk, config_place(&vm->config, "disk"), vm->config.name, source);
}

/* A size in binary units, as the decimal units that rates are in. */
static u64 decimal(u64 size, char unit)
{
    switch (unit) {
    case 'K':
        return (size >> 10) * 1000;
    case 'M':
        return (size >> 20) * 1000000;
    case 'G':
        return (size >> 30) * 1000000000;
    default:
        return size;
    }
}

/* "GROUP" or "GROUP,rate=10M". */
static bool parse_net(const struct vm_config *config, const char *text, char *group, u64 *rate)
{
    static const char option[] = ",rate=";
    u32 length = word_length(text);
    const char *rest = text + length;
    struct fdt_prop number;

    *rate = 0;
    if (!length || length > SWITCH_GROUP_MAX)
        return complain(config_place(config, "net"),
                        "\"%s\": expected the name of a group, of at most %u characters", text,
                        SWITCH_GROUP_MAX);
    memcpy(group, text, length);
    group[length] = '\0';
    if (!*rest)
        return true;
    if (!strncmp(rest, option, sizeof(option) - 1)) {
        number = (struct fdt_prop){.data = (const u8 *)rest + sizeof(option) - 1};
        number.length = (u32)strlen((const char *)number.data) + 1;
        if (value_size(&number, rate) && *rate) {
            *rate = decimal(*rate, (char)number.data[number.length - 2]);
            return true;
        }
    }
    return complain(config_place(config, "net"),
                    "\"%s\": expected GROUP or GROUP,rate=10M (bits a second)", text);
}

static bool open_port(struct vm *vm, u32 nth)
{
    struct switch_port *port = &vm->devices->ports[nth];
    char group[SWITCH_GROUP_MAX + 1];
    u8 mac[MAC_SIZE];
    u64 rate;

    if (!parse_net(&vm->config, string_list_at(vm->config.nets, nth), group, &rate))
        return false;
    switch_mac(vm->config.name, nth, mac);
    return switch_add(port, config_place(&vm->config, "net"), group, vm->config.name, mac, rate,
                      devices_frame_came, devices_find_slot(vm, SLOT_NET, nth));
}

/* Undoes what was opened: the first `disks` and `ports`. */
static void close_all(struct vm *vm, u32 disks, u32 ports)
{
    while (disks)
        disk_close(&vm->devices->disks[--disks]);
    while (ports)
        switch_remove(&vm->devices->ports[--ports]);
    page_free_ptr(vm->devices, DEVICES_ORDER);
    vm->devices = NULL;
}

static bool open_all(struct vm *vm)
{
    u32 disks = 0, ports = 0;

    if (!assign_slots(vm)) {
        close_all(vm, 0, 0);
        return false;
    }
    for (; disks < string_list_count(vm->config.disks); disks++)
        if (!open_disk(vm, disks)) {
            close_all(vm, disks, 0);
            return false;
        }
    for (; ports < string_list_count(vm->config.nets); ports++)
        if (!open_port(vm, ports)) {
            close_all(vm, disks, ports);
            return false;
        }
    return true;
}

bool devices_create(struct vm *vm)
{
    if (!count_all(&vm->config))
        return true;
    vm->devices = page_alloc_ptr(DEVICES_ORDER);
    if (!vm->devices)
        return complain(vm->config.name, "no memory for its devices");
    for (u32 i = 0; i < VIRTIO_SLOTS; i++)
        vm->devices->slots[i].vm = vm;
    devices_make_worker(vm);
    return open_all(vm);
}

void devices_remove(struct vm *vm)
{
    if (vm->devices)
        close_all(vm, string_list_count(vm->config.disks), string_list_count(vm->config.nets));
}

u32 devices_kept_pages(const struct vm *vm)
{
    return vm->devices ? BIT(DEVICES_ORDER) : 0;
}
