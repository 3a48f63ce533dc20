/* Memory that VMs share: who may have it, when its RAM comes and goes, who hears whose doorbell. */
#include "tests/unit/unit.h"
#include "tests/unit/memory_rig.h"
#include "hyp/core/fdt.c"
#include "hyp/core/fdt_find.c"
#include "hyp/core/fdt_open.c"
#include "hyp/core/fdt_reg.c"
#define claim claim_bytes
#include "hyp/core/fdt_write.c"
#undef claim
#include "hyp/dev/doorbell.c"
#include "hyp/dev/plic.c"
#include "hyp/vm/bus.c"
#include "hyp/vm/shared_bells.c"
#include "hyp/vm/shared_map.c"
#define page_alloc rig_page_alloc
#include "hyp/vm/shared_ram.c"
#undef page_alloc
#include "hyp/vm/shared_region.c"
#include "hyp/vm/shared_spec.c"

#define SHARED  ((gpa_t)PLATFORM_SHARED_BASE)
#define BELL    PLATFORM_DOORBELL_BASE
#define ID      0x00
#define PEERS   0x04
#define RING    0x08
#define PENDING 0x0c

const char *config_place(const struct vm_config *config, const char *property)
{
    static char text[80];

    snprintf(text, sizeof(text), "VM \"%s\", property \"%s\"", config->name, property);
    return text;
}

const char *string_list_at(struct string_list list, u32 index)
{
    const char *end = list.text + list.length;

    while (list.text < end && index--)
        list.text += strlen(list.text) + 1;
    return list.text < end ? list.text : NULL;
}

static bool external[RIG_VMS];

static void set_external(void *ctx, u32 hart, bool pending)
{
    struct vm *vm = ctx;

    CHECK_EQ(hart, 0);
    CHECK(vm->stage2.entries); /* nobody interrupts a VM that is off */
    external[vm - rig.vms] = pending;
}

static void begin(void)
{
    start_host();
    memset(regions, 0, sizeof(regions));
    memset(external, 0, sizeof(external));
}

/* VM `index` with these regions, strings with a NUL after each; off. */
static struct vm *describe_with(u32 index, const char *list, u32 length)
{
    struct vm *vm = describe_vm(index, "");
    const struct plic_host host = {.set_external = set_external, .ctx = vm};

    vm->config.shared_memory = (struct string_list){list, length};
    plic_init(&vm->platform.plic, 1, &host);
    return vm;
}

#define DESCRIBE(index, list) describe_with(index, list, sizeof(list))

static struct vm *add(struct vm *vm)
{
    if (!shared_regions_create(vm))
        UNIT_FAIL("%s", fake_console.text);
    return vm;
}

#define ADD(index, list) add(DESCRIBE(index, list))

static void check_refused(struct vm *vm, const char *text)
{
    console_forget();
    CHECK(!shared_regions_create(vm));
    if (!strstr(fake_console.text, text))
        UNIT_FAIL("%s", fake_console.text);
    CHECK_EQ(shared_count(vm), 0);
    CHECK_EQ(vm->bus.count, 0);
}

static void clear_all(struct vm *vm)
{
    while (!shared_regions_clear_step(vm))
        ;
}

static void begin_at(struct vm *vm)
{
    CHECK(stage2_init(&vm->stage2));
    CHECK(shared_regions_map(vm));
    clear_all(vm);
    plic_reset(&vm->platform.plic);
    shared_regions_reset(vm);
}

static void end_at(struct vm *vm)
{
    shared_regions_stop(vm);
    shared_regions_unmap(vm);
    while (!shared_regions_free_step(vm))
        ;
    end_vm(vm);
}

/* The guest of `vm` loads or stores a register of its doorbell `nth`. */
static u32 load_bell(struct vm *vm, u32 nth, u32 offset)
{
    const struct mmio_region *region = bus_find(&vm->bus, BELL + nth * DOORBELL_SIZE + offset);
    u32 value;

    CHECK(region);
    CHECK_EQ(region->ops->read(region->device, nth * DOORBELL_SIZE + offset, 4, &value), MMIO_OK);
    return value;
}

static void store_bell(struct vm *vm, u32 nth, u32 offset, u32 value)
{
    const struct mmio_region *region = bus_find(&vm->bus, BELL + nth * DOORBELL_SIZE + offset);

    CHECK(region);
    CHECK_EQ(region->ops->write(region->device, nth * DOORBELL_SIZE + offset, 4, value), MMIO_OK);
}

static bool wire(const struct vm *vm, u32 nth)
{
    u32 source = PLATFORM_DOORBELL_IRQ + nth;

    return vm->platform.plic.level[source / 32] >> source % 32 & 1;
}

/* ---- Who may have it ---- */

TEST(what_is_no_region_is_refused)
{
    begin();
    check_refused(DESCRIBE(0, "mailbox"),
                  "VM \"a\", property \"shared-memory\": \"mailbox\": expected");
    check_refused(DESCRIBE(0, "mailbox 5K"), "\"mailbox 5K\": expected");
    check_refused(DESCRIBE(0, "mailbox 4K x"), "\"ro\", \"rw\" or nothing");
    CHECK(!find_region("mailbox"));
}

TEST(a_region_named_twice_is_refused)
{
    begin();
    check_refused(DESCRIBE(0, "one 4K\0two 4K\0one 4K"), "\"one\": it is named twice");
    CHECK(!find_region("one") && !find_region("two"));
}

TEST(another_size_is_refused_with_both_names)
{
    begin();
    ADD(0, "one 4K\0mailbox 64K");
    check_refused(DESCRIBE(1, "mailbox 128K ro"), "VM \"b\", property \"shared-memory\"");
    check_refused(DESCRIBE(1, "mailbox 128K ro"),
                  "\"mailbox\" is of 128 KiB here, and of 64 KiB in VM \"a\"");
    ADD(1, "mailbox 64K ro");
    CHECK_EQ(find_region("mailbox")->member_count, 2);
}

TEST(a_vm_that_is_refused_leaves_nothing_behind)
{
    begin();
    ADD(0, "mailbox 64K");
    check_refused(DESCRIBE(1, "own 4K\0mailbox 64K\0bad"), "\"bad\"");
    CHECK_EQ(find_region("mailbox")->member_count, 1);
    CHECK(!find_region("own"));
    ADD(2, "own 1M\0mailbox 64K");
    CHECK_EQ(load_bell(&rig.vms[2], 1, ID), 1);
}

TEST(regions_run_out)
{
    static char names[SHARED_REGIONS_MAX / 4 + 1][64];
    static struct vm many[SHARED_REGIONS_MAX / 4 + 1];

    begin();
    for (u32 i = 0; i < ARRAY_SIZE(many); i++) {
        s32 length = 0;

        for (u32 k = 0; k < 4; k++)
            length +=
                snprintf(names[i] + length, sizeof(names[i]) - (u32)length, "r%u 4K", 4 * i + k) +
                1;
        memset(&many[i], 0, sizeof(many[i]));
        many[i].config =
            (struct vm_config){.name = "many", .shared_memory = {names[i], (u32)length}};
        if (i < SHARED_REGIONS_MAX / 4)
            CHECK(shared_regions_create(&many[i]));
        else
            check_refused(&many[i], "\"r32\": there are 32 regions");
    }
}

TEST(members_run_out)
{
    static struct vm many[SHARED_MEMBERS_MAX + 1];
    static const char list[] = "all 4K";

    begin();
    for (u32 i = 0; i <= SHARED_MEMBERS_MAX; i++) {
        memset(&many[i], 0, sizeof(many[i]));
        many[i].config = (struct vm_config){.name = "many", .shared_memory = {list, sizeof(list)}};
        if (i < SHARED_MEMBERS_MAX)
            CHECK(shared_regions_create(&many[i]));
        else
            check_refused(&many[i], "\"all\": 32 VMs have it");
    }
    CHECK_EQ(load_bell(&many[31], 0, ID), 31);
}

TEST(a_vm_without_regions_has_no_doorbells)
{
    struct vm *vm;

    begin();
    vm = add(describe_with(0, "", 0));
    CHECK_EQ(vm->bus.count, 0);
    begin_at(vm);
    end_at(vm);
    end_host();
}

/* ---- Its RAM ---- */

TEST(both_see_the_same_pages_with_their_own_rights)
{
    struct vm *a, *b;

    begin();
    a = ADD(0, "own 4K\0mailbox 64K");
    b = ADD(1, "mailbox 64K ro");
    begin_at(a);
    begin_at(b);
    for (u32 offset = 0; offset < 0x10000; offset += PAGE_SIZE) {
        struct stage2_leaf in_a = leaf_at(a, SHARED + PLATFORM_SHARED_STRIDE + offset);
        struct stage2_leaf in_b = leaf_at(b, SHARED + offset);

        CHECK_EQ(in_a.hpa, in_b.hpa);
        CHECK_EQ(in_a.rights, PTE_R | PTE_W);
        CHECK_EQ(in_b.rights, PTE_R);
    }
    CHECK(!is_backed(a, SHARED + PLATFORM_SHARED_STRIDE + 0x10000));
    CHECK(!is_backed(b, SHARED + 0x10000));
    CHECK(is_backed(a, SHARED) && !is_backed(a, SHARED + PAGE_SIZE));
    end_at(a);
    end_at(b);
    end_host();
}

/* Every size up to 2 MiB and some above: mapped whole, zero, and given back whole. */
TEST(every_size_is_mapped_zeroed_and_given_back)
{
    char list[32];

    for (u32 pages_wanted = 1; pages_wanted <= 4096; pages_wanted += pages_wanted < 80 ? 1 : 503) {
        u32 size = pages_wanted * PAGE_SIZE;
        struct vm *vm;

        begin();
        vm = add(
            describe_with(0, list, (u32)snprintf(list, sizeof(list), "x %uK", size / 1024) + 1));
        begin_at(vm);
        for (u32 offset = 0; offset < size; offset += PAGE_SIZE)
            for (u32 i = 0; i < PAGE_SIZE; i += 511)
                CHECK_EQ(byte_at(vm, SHARED + offset + i), 0);
        CHECK(!is_backed(vm, SHARED + size));
        end_at(vm);
        end_host();
    }
}

TEST(it_stays_while_one_has_it_and_is_new_afterwards)
{
    struct vm *a, *b;
    hpa_t hpa;

    begin();
    a = ADD(0, "mailbox 8M");
    b = ADD(1, "mailbox 8M");
    begin_at(a);
    hpa = leaf_at(a, SHARED).hpa;
    *fake_bytes(hpa + 5, 1) = 0x77;
    begin_at(b);
    CHECK_EQ(byte_at(b, SHARED + 5), 0x77); /* cleared once */
    end_at(a);
    CHECK_EQ(byte_at(b, SHARED + 5), 0x77);
    begin_at(a);
    CHECK_EQ(leaf_at(a, SHARED).hpa, hpa);
    end_at(b);
    end_at(a);
    CHECK_EQ(*fake_bytes(hpa + 5, 1), PAGE_POISON); /* whoever has it next */
    begin_at(b);
    for (u32 i = 0; i < MIB(8); i += PAGE_SIZE / 2)
        CHECK_EQ(byte_at(b, SHARED + i), 0);
    end_at(b);
    end_host();
}

/* The next owner does not wait for steps that the last one's keeper has not made yet. */
TEST(it_may_be_wanted_again_before_it_is_all_given_back)
{
    struct vm *a, *b;

    begin();
    a = ADD(0, "mailbox 5M");
    b = ADD(1, "mailbox 5M");
    begin_at(a);
    memset(fake_bytes(leaf_at(a, SHARED).hpa, MIB(4)), 0x99, MIB(4));
    shared_regions_unmap(a);
    CHECK(!shared_regions_free_step(a));
    CHECK(!shared_regions_free_step(a));
    begin_at(b);
    CHECK(shared_regions_free_step(a)); /* it is another's now */
    CHECK(ram_is(b, SHARED, NULL, PAGE_SIZE));
    CHECK(is_backed(b, SHARED + MIB(5) - PAGE_SIZE));
    stage2_destroy(&a->stage2);
    end_at(b);
    end_host();
}

TEST(clearing_goes_in_steps_that_either_makes)
{
    struct vm *a, *b;
    u32 steps = 1;

    begin();
    a = ADD(0, "mailbox 1M");
    b = ADD(1, "mailbox 1M");
    CHECK(stage2_init(&a->stage2) && stage2_init(&b->stage2));
    CHECK(shared_regions_map(a) && shared_regions_map(b));
    while (!shared_regions_clear_step(steps & 1 ? a : b))
        steps++;
    CHECK_EQ(steps, 4);
    CHECK(shared_regions_clear_step(a) && shared_regions_clear_step(b));
    end_at(a);
    end_at(b);
    end_host();
}

/* Whatever allocation fails: nothing is mapped or lost, and the next try succeeds. */
TEST(want_of_memory_leaves_nothing_behind)
{
    for (u32 enough = 0;; enough++) {
        struct vm *vm;
        bool mapped;

        begin();
        vm = ADD(0, "one 5M\0two 12K ro\0three 4M");
        CHECK(stage2_init(&vm->stage2));
        rig.allocations_left = enough;
        mapped = shared_regions_map(vm);
        rig.allocations_left = PLENTY;
        if (!mapped) {
            while (!shared_regions_free_step(vm))
                ;
            for (u32 i = 0; i < 3; i++)
                CHECK(!is_backed(vm, SHARED + i * PLATFORM_SHARED_STRIDE));
            CHECK(shared_regions_map(vm));
        }
        end_at(vm);
        end_host();
        if (mapped)
            break;
        CHECK(enough < 100);
    }
}

TEST(unmapping_what_is_not_mapped_does_nothing)
{
    struct vm *vm;

    begin();
    vm = ADD(0, "mailbox 64K");
    shared_regions_stop(vm);
    shared_regions_unmap(vm);
    CHECK(shared_regions_free_step(vm));
    begin_at(vm);
    end_at(vm);
    shared_regions_unmap(vm);
    CHECK(shared_regions_free_step(vm));
    end_host();
}

/* ---- Doorbells ---- */

TEST(a_ring_reaches_those_named_and_says_who_rang)
{
    struct vm *a, *b, *c;

    begin();
    a = ADD(0, "mailbox 4K");
    b = ADD(1, "other 4K\0mailbox 4K");
    c = ADD(2, "mailbox 4K ro");
    begin_at(a);
    begin_at(b);
    begin_at(c);
    CHECK_EQ(load_bell(a, 0, ID), 0);
    CHECK_EQ(load_bell(b, 1, ID), 1);
    CHECK_EQ(load_bell(c, 0, ID), 2);
    CHECK_EQ(load_bell(b, 1, PEERS), 7);
    CHECK_EQ(load_bell(b, 0, PEERS), 1);
    CHECK_EQ(load_bell(b, 1, 0x10), 0x1000);

    store_bell(a, 0, RING, 2);
    CHECK(wire(b, 1) && !wire(b, 0) && !wire(a, 0) && !wire(c, 0));
    CHECK_EQ(load_bell(b, 1, PENDING), 1);
    store_bell(c, 0, RING, 7); /* all, itself too */
    CHECK_EQ(load_bell(a, 0, PENDING), 4);
    CHECK_EQ(load_bell(b, 1, PENDING), 5);
    CHECK_EQ(load_bell(c, 0, PENDING), 4);
    store_bell(b, 1, PENDING, 5);
    CHECK(!wire(b, 1) && wire(a, 0) && wire(c, 0));
    store_bell(b, 1, RING, 0xfffffff8); /* nobody */
    CHECK_EQ(load_bell(a, 0, PENDING), 4);
    end_at(a);
    end_at(b);
    end_at(c);
    end_host();
}

TEST(an_enabled_doorbell_interrupts)
{
    struct vm *a, *b;

    begin();
    a = ADD(0, "mailbox 4K");
    b = ADD(1, "mailbox 4K");
    begin_at(a);
    begin_at(b);
    plic_ops.write(&b->platform.plic, 4 * PLATFORM_DOORBELL_IRQ, 4, 1);
    plic_ops.write(&b->platform.plic, 0x2000 + 0x80 + 4, 4, BIT(PLATFORM_DOORBELL_IRQ - 32));
    store_bell(a, 0, RING, 2);
    CHECK(external[1] && !external[0]);
    end_at(a);
    end_at(b);
    end_host();
}

/* From stop to reset a VM has no vCPUs that could be interrupted; set_external checks it. */
TEST(who_is_off_is_no_peer_and_hears_nothing)
{
    struct vm *a, *b;

    begin();
    a = ADD(0, "mailbox 4K");
    b = ADD(1, "mailbox 4K");
    begin_at(a);
    CHECK_EQ(load_bell(a, 0, PEERS), 1);
    store_bell(a, 0, RING, 3);
    CHECK_EQ(b->shared[0].doorbell.pending, 0);
    begin_at(b);
    CHECK_EQ(load_bell(a, 0, PEERS), 3);
    CHECK_EQ(load_bell(b, 0, PENDING), 0);
    plic_ops.write(&b->platform.plic, 4 * PLATFORM_DOORBELL_IRQ, 4, 1);
    plic_ops.write(&b->platform.plic, 0x2000 + 0x80 + 4, 4, BIT(PLATFORM_DOORBELL_IRQ - 32));
    store_bell(a, 0, RING, 2);
    CHECK(wire(b, 0));
    end_at(b);
    CHECK(!wire(b, 0));
    CHECK_EQ(load_bell(a, 0, PEERS), 1);
    store_bell(a, 0, RING, 2);
    CHECK(!wire(b, 0));
    CHECK_EQ(b->shared[0].doorbell.pending, 0);
    end_at(a);
    end_host();
}

/* ---- The guest's device tree ---- */

TEST(the_tree_tells_of_each)
{
    static u8 blob[4096] __attribute__((aligned(8)));
    struct fdt_writer w;
    struct fdt fdt;
    struct fdt_prop prop;
    fdt_node node;
    const char *text;
    u64 address, size;
    u32 value;

    begin();
    ADD(0, "one 4K\0two 1M ro");
    fdt_begin(&w, blob, sizeof(blob), 0);
    fdt_begin_node(&w, "");
    fdt_put_u32(&w, "#address-cells", 2);
    fdt_put_u32(&w, "#size-cells", 2);
    shared_regions_write_fdt(&rig.vms[0], &w, 42);
    fdt_end_node(&w);
    CHECK(fdt_finish(&w));
    CHECK_EQ(fdt_open(&fdt, blob, sizeof(blob)), FDT_OK);

    node = fdt_next_compatible(&fdt, FDT_NONE, "twofold,shared-memory");
    CHECK(!strcmp(fdt_name(&fdt, node), "shared-memory@51000000"));
    CHECK(!fdt_prop(&fdt, node, "read-only", &prop));
    node = fdt_next_compatible(&fdt, node, "twofold,shared-memory");
    CHECK(!strcmp(fdt_name(&fdt, node), "shared-memory@52000000"));
    CHECK(fdt_is_compatible(&fdt, node, "generic-uio"));
    CHECK(fdt_string(&fdt, node, "label", &text) && !strcmp(text, "two"));
    CHECK(fdt_reg(&fdt, node, 0, &address, &size) && address == 0x52000000 && size == 0x100000);
    CHECK(fdt_reg(&fdt, node, 1, &address, &size) && address == 0x50001000 && size == 0x1000);
    CHECK(!fdt_reg(&fdt, node, 2, &address, &size));
    CHECK(fdt_u32(&fdt, node, "interrupts", &value) && value == 49);
    CHECK(fdt_u32(&fdt, node, "interrupt-parent", &value) && value == 42);
    CHECK(fdt_prop(&fdt, node, "read-only", &prop) && !prop.length);
    CHECK_EQ(fdt_next_compatible(&fdt, node, "twofold,shared-memory"), FDT_NONE);
}

UNIT_MAIN("shared_region")
