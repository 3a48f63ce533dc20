/*
 * Where kernels go in guest RAM: ELF files as the C library's <elf.h> lays them out, Linux Images,
 * raw binaries; and every way in which one can lie about itself.
 */
#include <elf.h>

#include "tests/unit/unit.h"
#include "tests/unit/fake_console.h"
#include "tests/unit/fake_guest_ram.h"
#include "hyp/vm/image.c"

#define RAM      0x80000000u
#define KERNEL   0x80400000u
#define MEMORY   MIB(64)
#define SEGMENTS 80

static struct vm vm;
static struct image_plan plan;

/* An ELF file in the making: the header, the program headers and 4 KiB of contents. */
static struct {
    Elf32_Ehdr header;
    Elf32_Phdr segments[SEGMENTS];
    u8 contents[4096];
} elf;

#define CONTENTS_AT ((u32)offsetof(__typeof__(elf), contents))

static void begin_elf(u32 entry)
{
    memset(&elf, 0, sizeof(elf));
    elf.header = (Elf32_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_RISCV,
        .e_version = EV_CURRENT,
        .e_entry = entry,
        .e_phoff = offsetof(__typeof__(elf), segments),
        .e_ehsize = sizeof(Elf32_Ehdr),
        .e_phentsize = sizeof(Elf32_Phdr),
    };
    for (u32 i = 0; i < sizeof(elf.contents); i++)
        elf.contents[i] = (u8)(i * 31 + 1);
}

/* A segment that has `file_size` bytes of the contents from byte `from` on. */
static Elf32_Phdr *segment(u32 vaddr, u32 paddr, u32 from, u32 file_size, u32 memory_size)
{
    Elf32_Phdr *phdr = &elf.segments[elf.header.e_phnum++];

    *phdr = (Elf32_Phdr){
        .p_type = PT_LOAD,
        .p_offset = CONTENTS_AT + from,
        .p_vaddr = vaddr,
        .p_paddr = paddr,
        .p_filesz = file_size,
        .p_memsz = memory_size,
        .p_flags = PF_R | PF_W | PF_X,
        .p_align = 4096,
    };
    return phdr;
}

/* Plans a file of exactly `size` bytes, which are not aligned, for a VM with `memory`. The file
 * stays until the next. */
static bool load_bytes(const void *bytes, u32 size, u64 memory)
{
    static u8 *file;

    free(file);
    file = malloc(size + 1);
    memcpy(file + 1, bytes, size);
    vm.memory.base = PLATFORM_RAM_BASE;
    vm.config = (struct vm_config){
        .name = "web", .cpus = 1, .memory = memory, .kernel = {file + 1, size}, .bootargs = ""};
    console_forget();
    memset(&plan, 0xa5, sizeof(plan));
    return image_plan(&vm, &plan);
}

static bool load_elf_file(void)
{
    return load_bytes(&elf, sizeof(elf), MEMORY);
}

/* The bytes of the contents are in RAM at `gpa`. */
static bool has_contents(gpa_t gpa, u32 from, u32 size)
{
    for (u32 i = 0; i < size; i++)
        if (planned_byte(&plan, gpa + i) != elf.contents[from + i])
            return false;
    return true;
}

static void check_loaded(gpa_t entry, gpa_t start, gpa_t end)
{
    CHECK_STR(fake_console.text, "");
    CHECK_EQ(plan.entry, entry);
    CHECK_EQ(plan.start, start);
    CHECK_EQ(plan.end, end);
    CHECK(planned_within(&plan, start, end));
    CHECK(planned_apart(&plan));
}

static void check_elf_refused(const char *said)
{
    char expected[512];

    if (load_elf_file())
        UNIT_FAIL("taken; expected: %s", said);
    snprintf(expected, sizeof(expected), "Twofold: VM \"web\", kernel: %s\n", said);
    CHECK_STR(fake_console.text, expected);
}

/* ---- ELF ---- */

TEST(an_elf_file_of_one_segment)
{
    begin_elf(RAM + 0x200004);
    segment(RAM + 0x200000, RAM + 0x200000, 0, 4096, 4096);
    CHECK(load_elf_file());
    check_loaded(RAM + 0x200004, RAM + 0x200000, RAM + 0x201000);
    CHECK(has_contents(RAM + 0x200000, 0, 4096));
}

TEST(bss_is_part_of_what_is_loaded_and_stays_clear)
{
    begin_elf(RAM);
    segment(RAM, RAM, 100, 200, 0x10000);
    CHECK(load_elf_file());
    check_loaded(RAM, RAM, RAM + 0x10000);
    CHECK(has_contents(RAM, 100, 200));
    CHECK_EQ(planned_byte(&plan, RAM + 200), 0);
    CHECK(planned_within(&plan, RAM, RAM + 200));
}

TEST(several_segments_with_gaps_in_no_order)
{
    begin_elf(RAM + 0x400000);
    segment(RAM + 0x500000, RAM + 0x500000, 1000, 96, 96);
    segment(RAM + 0x400000, RAM + 0x400000, 0, 1000, 1000);
    segment(RAM + 0x2000000, RAM + 0x2000000, 2000, 2096, 0x8000);
    segment(RAM + 0x480000, RAM + 0x480000, 0, 0, 0x100); /* bss alone */
    CHECK(load_elf_file());
    check_loaded(RAM + 0x400000, RAM + 0x400000, RAM + 0x2008000);
    CHECK(has_contents(RAM + 0x400000, 0, 1000));
    CHECK(has_contents(RAM + 0x500000, 1000, 96));
    CHECK(has_contents(RAM + 0x2000000, 2000, 2096));
    CHECK_EQ(planned_byte(&plan, RAM + 0x4003e8), 0);
}

TEST(segments_go_to_their_physical_addresses)
{
    begin_elf(0xc0000010);
    segment(0xc0000000, RAM + 0x400000, 0, 512, 1024);
    CHECK(load_elf_file());
    check_loaded(RAM + 0x400010, RAM + 0x400000, RAM + 0x400400);
    CHECK(has_contents(RAM + 0x400000, 0, 512));
}

TEST(a_virtual_entry_in_any_segment)
{
    static const struct {
        u32 entry;
        gpa_t physical;
    } cases[] = {
        {0xc0000000, RAM + 0x400000}, {0xc00003ff, RAM + 0x4003ff}, {0xd0000000, RAM + 0x600000},
        {0xd0000064, RAM + 0x600064}, {0xfffffff0, RAM + 0x7ffff0}, {0xffffffff, RAM + 0x7fffff},
    };

    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        begin_elf(cases[i].entry);
        segment(0xc0000000, RAM + 0x400000, 0, 512, 0x400);
        segment(0xd0000000, RAM + 0x600000, 0, 512, 0x400);
        segment(0xfffff000, RAM + 0x7ff000, 0, 512, 0x1000); /* to the last byte of 32 bits */
        CHECK(load_elf_file());
        CHECK_EQ(plan.entry, cases[i].physical);
    }
}

TEST(a_physical_entry_of_a_kernel_linked_elsewhere)
{
    begin_elf(RAM + 0x400020);
    segment(0xc0000000, RAM + 0x400000, 0, 512, 0x400);
    CHECK(load_elf_file());
    CHECK_EQ(plan.entry, RAM + 0x400020);
}

TEST(an_entry_that_is_not_in_ram_is_refused)
{
    static const u32 entries[] = {
        0,          4,          RAM - 4,    RAM - 1,    RAM + MEMORY, RAM + MEMORY - 3,
        0xc0000400, 0xbfffffff, 0xffffffff, 0x10000000,
    };
    char said[128];

    for (u32 i = 0; i < ARRAY_SIZE(entries); i++) {
        begin_elf(entries[i]);
        segment(0xc0000000, RAM + 0x400000, 0, 512, 0x400);
        snprintf(said, sizeof(said), "its entry, 0x%x, is not in the VM's RAM", entries[i]);
        check_elf_refused(said);
    }
    begin_elf(RAM + MEMORY - 4);
    segment(RAM, RAM, 0, 512, 512);
    CHECK(load_elf_file());
}

TEST(a_segment_may_fill_the_ram)
{
    begin_elf(RAM);
    segment(RAM, RAM, 0, 4096, MEMORY);
    CHECK(load_elf_file());
    check_loaded(RAM, RAM, RAM + MEMORY);
}

TEST(a_segment_outside_ram_is_refused)
{
    static const struct {
        u32 paddr, size;
    } cases[] = {
        {0, 4096},
        {RAM - 1, 1},
        {RAM - 1, 2},
        {RAM - 4096, 8192},
        {RAM, MEMORY + 1},
        {RAM + MEMORY, 1},
        {RAM + MEMORY - 1, 2},
        {RAM + 4, MEMORY},
        {RAM, 0xffffffff},
        {RAM + 1, 0x80000000},
        {0xffffffff, 2},
        {0xfffff000, 0x1000},
        {0xfffff000, 0xfff00000},
        {0x10000000, 16},
    };
    char said[160];

    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        begin_elf(RAM);
        segment(RAM, RAM, 0, 16, 16);
        segment(RAM, cases[i].paddr, 0, 1, cases[i].size);
        snprintf(said, sizeof(said),
                 "a segment of %u bytes at 0x%x is not within the VM's RAM, 64 MiB at 0x80000000",
                 cases[i].size, cases[i].paddr);
        check_elf_refused(said);
    }
}

TEST(addresses_do_not_wrap_at_four_gib)
{
    begin_elf(0xfffff000);
    segment(0xfffff000, 0xfffff000, 0, 4096, 0x3000); /* the VM has RAM there */
    CHECK(load_bytes(&elf, sizeof(elf), GIB(14)));
    check_loaded(0xfffff000, 0xfffff000, 0x100002000);
    CHECK(!load_bytes(&elf, sizeof(elf), GIB(2)));
}

TEST(a_segment_larger_in_the_file_than_in_memory_is_refused)
{
    begin_elf(RAM);
    segment(RAM, RAM, 0, 101, 100);
    check_elf_refused("a segment is larger in the file (101) than in memory (100)");
}

TEST(a_segment_past_the_end_of_the_file_is_refused)
{
    static const struct {
        u32 offset, size;
    } cases[] = {
        {CONTENTS_AT + 4096, 1}, {CONTENTS_AT + 1, 4096}, {CONTENTS_AT + 4097, 0},
        {0xffffffff, 0},         {0xffffffff, 1},         {0xfffffff0, 0x20},
        {16, 0xfffffff0},        {0, 0x80000000},         {0x80000000, 0x80000000},
    };
    char said[128];

    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        begin_elf(RAM);
        segment(RAM, RAM, 0, cases[i].size, 0xffffffff)->p_offset = cases[i].offset;
        snprintf(said, sizeof(said), "the file is truncated: a segment reaches to byte %llu of %u",
                 (u64)cases[i].offset + cases[i].size, (u32)sizeof(elf));
        check_elf_refused(said);
    }
}

TEST(a_file_cut_anywhere_is_refused)
{
    begin_elf(RAM);
    segment(RAM, RAM, 0, 2048, 4096);
    segment(RAM + 0x1000, RAM + 0x1000, 2048, 2048, 4096);
    for (u32 size = 4; size < sizeof(elf); size += size < 512 ? 1 : 61) {
        if (load_bytes(&elf, size, MEMORY))
            UNIT_FAIL("taken when cut to %u bytes", size);
        CHECK(!strncmp(fake_console.text,
                       "Twofold: VM \"web\", kernel: the file is truncated: ", 50));
        CHECK(console_line_ended());
    }
    CHECK(load_elf_file());
}

TEST(a_cut_header_is_told_with_its_size)
{
    begin_elf(RAM);
    CHECK(!load_bytes(&elf, 40, MEMORY));
    CHECK_STR(fake_console.text, "Twofold: VM \"web\", kernel: the file is truncated: "
                                 "an ELF header has 52 bytes, this has 40\n");
}

TEST(program_headers_past_the_end_are_refused)
{
    static const u32 offsets[] = {
        sizeof(elf), sizeof(elf) - 31, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff, 0xffffffe0,
    };

    for (u32 i = 0; i < ARRAY_SIZE(offsets); i++) {
        begin_elf(RAM);
        segment(RAM, RAM, 0, 16, 16);
        elf.header.e_phoff = offsets[i];
        check_elf_refused("the file is truncated: program header 0 lies past its end");
    }
    /* The second of two, at an offset that is past 32 bits. */
    begin_elf(RAM);
    elf.header.e_phnum = 2;
    elf.header.e_phoff = (u32)sizeof(elf) - 32;
    check_elf_refused("the file is truncated: program header 1 lies past its end");
}

TEST(elf_for_another_machine_is_refused)
{
    const char *said = "an ELF file, but not for 32-bit little-endian RISC-V";

    begin_elf(RAM);
    segment(RAM, RAM, 0, 16, 16);
    elf.header.e_ident[EI_CLASS] = ELFCLASS64;
    check_elf_refused(said);
    elf.header.e_ident[EI_CLASS] = 0;
    check_elf_refused(said);
    elf.header.e_ident[EI_CLASS] = ELFCLASS32;
    elf.header.e_ident[EI_DATA] = ELFDATA2MSB;
    check_elf_refused(said);
    elf.header.e_ident[EI_DATA] = ELFDATA2LSB;
    elf.header.e_machine = EM_386;
    check_elf_refused(said);
    elf.header.e_machine = EM_RISCV;
    CHECK(load_elf_file());
}

TEST(program_headers_of_another_size_or_number_are_refused)
{
    begin_elf(RAM);
    check_elf_refused("an ELF file with 0 program headers of 32 bytes; expected 1 to 64 of 32");
    segment(RAM, RAM, 0, 16, 16);
    elf.header.e_phentsize = 56;
    check_elf_refused("an ELF file with 1 program headers of 56 bytes; expected 1 to 64 of 32");
    elf.header.e_phentsize = 0;
    check_elf_refused("an ELF file with 1 program headers of 0 bytes; expected 1 to 64 of 32");
    begin_elf(RAM);
    for (u32 i = 0; i < 64; i++)
        segment(RAM + i * 4096, RAM + i * 4096, i, 1, 16);
    CHECK(load_elf_file());
    check_loaded(RAM, RAM, RAM + 63 * 4096 + 16);
    segment(RAM, RAM, 0, 16, 16);
    check_elf_refused("an ELF file with 65 program headers of 32 bytes; expected 1 to 64 of 32");
    elf.header.e_phnum = 0xffff;
    check_elf_refused("an ELF file with 65535 program headers of 32 bytes; expected 1 to 64 of 32");
}

TEST(what_is_not_loaded_may_be_anywhere)
{
    static const u32 types[] = {PT_NULL, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_GNU_STACK, 0x70000003};

    begin_elf(RAM);
    segment(RAM, RAM, 0, 16, 16);
    for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
        Elf32_Phdr *phdr = segment(0, 0xfffffff0, 0, 0xffffffff, 0xffffffff);

        phdr->p_type = types[i];
        phdr->p_offset = 0xffffffff;
    }
    segment(0, 0, 0, 0, 0); /* linkers leave such behind */
    CHECK(load_elf_file());
    check_loaded(RAM, RAM, RAM + 16);
}

TEST(an_elf_file_with_nothing_to_load_is_refused)
{
    begin_elf(RAM);
    segment(RAM, RAM, 0, 16, 16)->p_type = PT_NOTE;
    CHECK(!load_elf_file());
    CHECK(!strncmp(fake_console.text, "Twofold: VM \"web\", kernel: ", 27));
}

TEST(segments_that_overlap_are_refused)
{
    static const struct {
        u32 paddr, size;
        bool refused;
    } cases[] = {
        {RAM + 0x4000, 0x1000, true},  {RAM + 0x4fff, 1, true},      {RAM + 0x3fff, 2, true},
        {RAM + 0x3000, 0x3000, true},  {RAM + 0x4800, 0x1000, true}, {RAM + 0x3000, 0x1001, true},
        {RAM + 0x3000, 0x1000, false}, {RAM + 0x5000, 1, false},     {RAM + 0x3fff, 1, false},
    };
    char said[160];

    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        begin_elf(RAM);
        segment(RAM, RAM, 0, 16, 16);
        segment(0, RAM + 0x4000, 0, 16, 0x1000);
        segment(0, cases[i].paddr, 0, 1, cases[i].size);
        snprintf(said, sizeof(said),
                 "a segment of %u bytes at 0x%x overlaps another, 4096 bytes at 0x80004000",
                 cases[i].size, cases[i].paddr);
        if (cases[i].refused)
            check_elf_refused(said);
        else
            CHECK(load_elf_file());
    }
}

TEST(segments_that_meet_at_four_gib_do_not_overlap)
{
    begin_elf(0xfffff000);
    segment(0, 0xfffff000, 0, 4096, 0x3000);
    segment(0, RAM, 0, 4096, 0x1000);
    CHECK(load_bytes(&elf, sizeof(elf), GIB(14)));
    CHECK(planned_apart(&plan));
}

TEST(a_segment_without_bytes_in_the_file_is_no_piece)
{
    begin_elf(RAM);
    segment(RAM, RAM, 0, 16, 16);
    segment(0, RAM + 0x1000, 0, 0, 0x1000);
    CHECK(load_elf_file());
    CHECK_EQ(plan.piece_count, 1);
    CHECK_EQ(plan.end, RAM + 0x2000);
}

/* The bytes stay where they are in the file: that is how VMs are found to share them. */
TEST(pieces_are_the_bytes_of_the_file_itself)
{
    begin_elf(RAM);
    segment(RAM, RAM, 100, 200, 300);
    CHECK(load_elf_file());
    CHECK(plan.pieces[0].data == vm.config.kernel.data + CONTENTS_AT + 100);
    CHECK_EQ(plan.pieces[0].size, 200);
    CHECK(load_bytes("raw", 3, MEMORY));
    CHECK(plan.pieces[0].data == vm.config.kernel.data);
    CHECK_EQ(plan.piece_count, 1);
}

/* ---- Linux Images ---- */

/* The header of a RISC-V boot image ("Boot image header in RISC-V Linux"), by its offsets. */
static u8 linux_image[8192];

static void begin_linux_image(u64 image_size)
{
    static const u64 text_offset = 0x400000;

    for (u32 i = 0; i < sizeof(linux_image); i++)
        linux_image[i] = (u8)(i * 17 + 3);
    memcpy(linux_image + 8, &text_offset, 8);
    memcpy(linux_image + 16, &image_size, 8);
    memcpy(linux_image + 48, "RISCV\0\0\0", 8);
    memcpy(linux_image + 56, "RSC\x05", 4);
}

static bool load_linux_image(u64 memory)
{
    return load_bytes(linux_image, sizeof(linux_image), memory);
}

static bool is_whole_at_kernel_base(void)
{
    for (u32 i = 0; i < sizeof(linux_image); i++)
        if (planned_byte(&plan, KERNEL + i) != linux_image[i])
            return false;
    return true;
}

TEST(a_linux_image_occupies_what_its_header_says)
{
    static const struct {
        u64 said, taken;
    } cases[] = {
        {8193, 8193}, {0x100000, 0x100000}, {MIB(60), MIB(60)}, /* all there is */
        {8192, 8192}, {8191, 8192},         {1, 8192},
        {0, 8192}, /* old kernels do not say */
    };

    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        begin_linux_image(cases[i].said);
        CHECK(load_linux_image(MEMORY));
        check_loaded(KERNEL, KERNEL, KERNEL + cases[i].taken);
        CHECK(is_whole_at_kernel_base());
    }
}

TEST(a_linux_image_of_an_absurd_size_is_refused)
{
    static const u64 sizes[] = {
        MIB(60) + 1, MIB(64),           GIB(4) - 1,         GIB(4),
        GIB(4) + 1,  GIB(4) + 0x100000, 0 - MIB(4),         0 - (u64)KERNEL,
        1ull << 63,  0 - (u64)RAM,      0x7fffffffffffffff, ~0ull,
    };
    char said[256];

    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        begin_linux_image(sizes[i]);
        CHECK(!load_linux_image(MEMORY));
        snprintf(said, sizeof(said),
                 "Twofold: VM \"web\", kernel: needs %llu KiB from 0x80400000 on, "
                 "but the VM's 64 MiB of RAM end before\n",
                 sizes[i] / 1024);
        CHECK_STR(fake_console.text, said);
    }
}

TEST(a_large_vm_takes_a_large_image)
{
    begin_linux_image(GIB(4) + 4096);
    CHECK(load_linux_image(GIB(14)));
    check_loaded(KERNEL, KERNEL, KERNEL + GIB(4) + 4096);
}

TEST(without_its_magic_number_an_image_is_raw)
{
    begin_linux_image(~0ull);
    linux_image[59] = 0;
    CHECK(load_linux_image(MEMORY));
    check_loaded(KERNEL, KERNEL, KERNEL + sizeof(linux_image));
}

TEST(a_cut_header_of_an_image_is_raw)
{
    begin_linux_image(~0ull);
    for (u32 size = 1; size < 64; size++) {
        CHECK(load_bytes(linux_image, size, MEMORY));
        check_loaded(KERNEL, KERNEL, KERNEL + size);
    }
    CHECK(!load_bytes(linux_image, 64, MEMORY));
}

/* ---- Raw binaries ---- */

TEST(a_raw_binary_goes_to_the_kernel_base)
{
    for (u32 i = 0; i < sizeof(linux_image); i++)
        linux_image[i] = (u8)(i | 1);
    CHECK(load_linux_image(MEMORY));
    check_loaded(KERNEL, KERNEL, KERNEL + sizeof(linux_image));
    CHECK(is_whole_at_kernel_base());
}

TEST(a_raw_binary_of_a_few_bytes)
{
    for (u32 size = 1; size <= 8; size++) {
        CHECK(load_bytes("\x7f"
                         "EL_____",
                         size, MEMORY));
        check_loaded(KERNEL, KERNEL, KERNEL + size);
    }
}

TEST(a_raw_binary_of_all_the_ram_behind_the_base_and_one_byte_more)
{
    u32 size = (u32)MIB(4);
    u8 *bytes = calloc(1, size + 1);
    bool fits = load_bytes(bytes, size, MIB(8));
    bool fits_not = load_bytes(bytes, size + 1, MIB(8));

    free(bytes);
    CHECK(fits);
    CHECK(!fits_not);
    CHECK_STR(fake_console.text, "Twofold: VM \"web\", kernel: needs 4096 KiB from 0x80400000 on, "
                                 "but the VM's 8 MiB of RAM end before\n");
}

TEST(an_empty_file_is_no_piece)
{
    CHECK(load_bytes("", 0, MEMORY));
    CHECK_EQ(plan.piece_count, 0);
}

UNIT_MAIN("image")
