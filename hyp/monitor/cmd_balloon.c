/* The balloon of a VM: how much of its RAM the guest is asked to give back. */
#include "hyp/dev/virtio_balloon.h"
#include "hyp/monitor/cmd.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

static u64 bytes(u32 pages)
{
    return (u64)pages * PAGE_SIZE;
}

static void show_state(const struct vm *vm, const struct balloon_state *state)
{
    show("VM \"%s\": balloon %s, asked for %s; reported free since the start: %s; own RAM now: %s "
         "of %s\n",
         vm->config.name, size_text(bytes(state->actual)).text,
         size_text(bytes(state->wanted)).text, size_text(bytes(state->reported)).text,
         size_text(bytes(memory_footprint(vm).own)).text, size_text(vm->config.memory).text);
}

/* Reads the size that was asked for, if one was. */
static bool read_size(const struct arguments *arguments, const struct vm *vm, u64 *size)
{
    if (arguments->count < 3)
        return true;
    if (!argument_number(arguments->word[2], size))
        return false;
    if (*size <= vm->config.memory)
        return true;
    command_failed("VM \"%s\" has %s of RAM: its balloon cannot be %s", vm->config.name,
                   size_text(vm->config.memory).text, arguments->word[2]);
    return false;
}

enum command_result command_balloon(const struct arguments *arguments)
{
    struct vm *vm = argument_vm(arguments->word[1]);
    struct virtio_device *device;
    struct balloon_state state = {0};
    u64 size = 0;

    if (!vm || !read_size(arguments, vm, &size))
        return COMMAND_FAILED;
    vm_hold(vm);
    device = devices_find(vm, SLOT_BALLOON, 0);
    if (device && arguments->count > 2)
        virtio_balloon_ask(device, (u32)(size / PAGE_SIZE));
    if (device)
        state = virtio_balloon_state(device);
    vm_release(vm);
    if (!device)
        return command_failed(vm->config.balloon ? "VM \"%s\" is off: it has no balloon now"
                                                 : "VM \"%s\" has no balloon: its description "
                                                   "would say `balloon;`",
                              vm->config.name);
    if (arguments->count == 2)
        show_state(vm, &state);
    return COMMAND_DONE;
}
