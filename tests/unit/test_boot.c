/* What lies where when a VM starts, and the state of its first vCPU. */
#include "tests/unit/unit.h"
#include "tests/unit/memory_rig.h"
#include "hyp/vm/image.c"
#include "hyp/vm/boot.c"

#define KERNEL ((gpa_t)PLATFORM_RAM_BASE + PLATFORM_KERNEL_OFFSET)

static struct vcpu vcpu;
static struct vm *vm;
static u8 *kernel, *initrd;
static u32 fdt_size; /* of the device tree; 0: it does not fit */
static gpa_t fdt_initrd, fdt_initrd_end;

u32 guest_fdt_write(const struct vm *of, void *buffer, gpa_t start, gpa_t end)
{
    CHECK(of == vm);
    CHECK(IS_ALIGNED((uintptr_t)buffer, 8));
    memset(buffer, 0xfd, fdt_size);
    fdt_initrd = start;
    fdt_initrd_end = end;
    return fdt_size;
}

/* A VM with `memory` and files of these sizes, before its first life. */
static void start_vm(u64 memory, u32 kernel_size, u32 initrd_size, const char *how)
{
    start_host();
    free(kernel);
    free(initrd);
    kernel = make_file(kernel_size, 1);
    initrd = make_file(initrd_size ? initrd_size : 1, 2);
    fdt_size = 5000;
    vm = describe_vm(0, how);
    vm->config.memory = memory;
    vm->config.kernel = (struct blob){kernel, kernel_size};
    vm->config.initrd = (struct blob){initrd, initrd_size};
    vcpu = (struct vcpu){.vm = vm, .hsm = HSM_STOPPED};
    vm->vcpus[0] = &vcpu;
    CHECK(memory_create(vm));
}

static void boot(void)
{
    CHECK(boot_plan(vm));
    begin_life(vm);
    CHECK(boot_finish(vm));
    CHECK_STR(fake_console.text, "");
}

/* The bytes as the guest will read them. */
static bool guest_reads(gpa_t gpa, const u8 *bytes, u32 size)
{
    u8 *read = malloc(size);
    bool equal = memory_read(vm, gpa, read, size) && !memcmp(read, bytes, size);

    free(read);
    return equal;
}

static void end(void)
{
    end_vm(vm);
    end_host();
}

TEST(kernel_initrd_and_device_tree_are_in_their_places)
{
    static const char *const how[] = {"", "lazy", "shared"};

    for (u32 i = 0; i < ARRAY_SIZE(how); i++) {
        gpa_t fdt = RAM + MIB(14);
        u8 byte;

        start_vm(MIB(16), 100001, 70001, how[i]);
        boot();
        CHECK_EQ(vcpu.start_entry, KERNEL);
        CHECK_EQ(vcpu.start_opaque, fdt);
        CHECK_EQ(vcpu.hsm, HSM_START_PENDING);
        CHECK(guest_reads(KERNEL, kernel, 100001));
        /* Right below the device tree, from a page's start on. */
        CHECK_EQ(fdt_initrd, fdt - 18 * PAGE_SIZE);
        CHECK_EQ(fdt_initrd_end, fdt_initrd + 70001);
        CHECK(guest_reads(fdt_initrd, initrd, 70001));
        CHECK(memory_read(vm, fdt + fdt_size - 1, &byte, 1) && byte == 0xfd);
        CHECK(memory_read(vm, fdt + fdt_size, &byte, 1) && byte == 0);
        end();
    }
}

TEST(without_an_initrd_the_tree_has_none)
{
    start_vm(MIB(8), 100, 0, "");
    boot();
    CHECK_EQ(vm->memory.piece_count, 1);
    CHECK(!fdt_initrd && !fdt_initrd_end);
    CHECK_EQ(vcpu.start_opaque, RAM + MIB(6));
    end();
}

TEST(the_tree_stays_where_kernels_look_for_it_in_a_large_vm)
{
    start_vm(GIB(3), 100, 5000, "lazy");
    boot();
    CHECK_EQ(vcpu.start_opaque, 0xc0000000 - MIB(2));
    CHECK_EQ(fdt_initrd, 0xc0000000 - MIB(2) - 2 * PAGE_SIZE);
    end();
}

/* RAM that is where it is on the host. */
TEST(places_follow_the_start_of_ram)
{
    start_vm(MIB(16), 100001, 70001, "lazy");
    vm->memory.base = 0xb0000000;
    boot();
    CHECK_EQ(vcpu.start_entry, 0xb0400000);
    CHECK_EQ(vcpu.start_opaque, 0xb0000000 + MIB(14));
    CHECK(guest_reads(0xb0400000, kernel, 100001));
    CHECK(guest_reads(fdt_initrd, initrd, 70001));
    CHECK_EQ(fdt_initrd_end, fdt_initrd + 70001);
    CHECK(fdt_initrd < 0xb0000000 + MIB(14) && fdt_initrd > 0xb0000000 + MIB(13));
    end();
}

/* A register of the first vCPU has its address. */
TEST(the_tree_is_below_4_gib_where_ram_reaches_past_them)
{
    start_vm(GIB(1), 100, 5000, "lazy");
    vm->memory.base = GIB(4) - MIB(64);
    boot();
    CHECK_EQ(vcpu.start_opaque, GIB(4) - MIB(2));
    CHECK_EQ(vcpu.start_entry, GIB(4) - MIB(60));
    CHECK_EQ(fdt_initrd, GIB(4) - MIB(2) - 2 * PAGE_SIZE);
    end();
}

TEST(the_next_life_has_the_same_pieces)
{
    start_vm(MIB(8), 9000, 5000, "shared");
    for (u32 life = 0; life < 3; life++) {
        boot();
        CHECK_EQ(vm->memory.piece_count, 2);
        CHECK(guest_reads(KERNEL, kernel, 9000));
        CHECK(memory_write(vm, KERNEL, "written", 7));
        vcpu.hsm = HSM_STOPPED;
    }
    end();
}

TEST(what_does_not_fit_is_told_before_anything_is_touched)
{
    static const struct {
        u32 kernel, initrd;
        const char *said;
    } cases[] = {
        {0x400001, 0, "VM \"a\", kernel: needs 4096 KiB from 0x80400000 on, but the VM's 8 MiB"},
        {0x200001, 0, "VM \"a\": the kernel ends at 0x80600001, where the device tree must go"},
        {0x200000, 1, "VM \"a\": kernel (to 0x80600000) and initrd (0 KiB) do not fit 8 MiB"},
        {0x100000, 0x100001, "VM \"a\": kernel (to 0x80500000) and initrd (1024 KiB) do not fit"},
        {0x100000, 0x700000, "VM \"a\": kernel (to 0x80500000) and initrd (7168 KiB) do not fit"},
    };

    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        start_vm(MIB(8), cases[i].kernel, cases[i].initrd, "");
        CHECK(!boot_plan(vm));
        if (strncmp(fake_console.text, "Twofold: ", 9) ||
            strncmp(fake_console.text + 9, cases[i].said, strlen(cases[i].said)))
            UNIT_FAIL("said: %s", fake_console.text);
        CHECK_EQ(vm->memory.piece_count, 0);
        CHECK_EQ(fake.high_bytes_touched, 0);
        end();
    }
}

TEST(what_just_fits_is_taken)
{
    start_vm(MIB(8), 0x100000, 0x100000, "");
    boot();
    CHECK_EQ(fdt_initrd, RAM + 0x500000);
    CHECK(guest_reads(KERNEL, kernel, 0x100000));
    end();
}

TEST(a_tree_that_does_not_fit_is_told)
{
    start_vm(MIB(8), 100, 0, "");
    CHECK(boot_plan(vm));
    begin_life(vm);
    fdt_size = 0;
    CHECK(!boot_finish(vm));
    CHECK_STR(fake_console.text, "Twofold: VM \"a\": its device tree does not fit 16384 bytes\n");
    CHECK_EQ(vcpu.hsm, HSM_STOPPED);
    end();
}

TEST(a_tree_that_cannot_be_backed_is_told)
{
    start_vm(MIB(8), 100, 0, "lazy");
    CHECK(boot_plan(vm));
    begin_life(vm);
    rig.allocations_left = 0;
    CHECK(!boot_finish(vm));
    CHECK(fake_console.size != 0);
    CHECK_EQ(vcpu.hsm, HSM_STOPPED);
    end();
}

UNIT_MAIN("boot")
