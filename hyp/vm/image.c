#include "hyp/vm/image.h"

#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/vm/memory.h"
#include "hyp/vm/vm.h"

/* `VM "web", kernel`, for complain(): several VMs may load at once. */
struct place {
    char text[48];
};

static struct place place(const struct vm *vm)
{
    struct place place;

    format_text(place.text, sizeof(place.text), "VM \"%s\", kernel", vm->config.name);
    return place;
}

/* ELF, 32 bits, little-endian (System V ABI, chapter 4 and 5). */
#define ELF_MAGIC    0x464c457fu
#define ELF_CLASS_32 1
#define ELF_DATA_LSB 1
#define ELF_EM_RISCV 243
#define ELF_PT_LOAD  1

struct elf_header {
    u32 magic;
    u8 class, data, ident_rest[10];
    u16 type, machine;
    u32 version, entry, program_offset, section_offset, flags;
    u16 header_size, program_size, program_count;
    u16 section_size, section_count, section_names;
};

struct elf_program {
    u32 type, offset, vaddr, paddr, file_size, memory_size, flags, align;
};

/* The header of a Linux RISC-V Image. */
#define IMAGE_MAGIC2 0x05435352u /* "RSC\x05" */
struct linux_header {
    u32 code[2];
    u64 text_offset, image_size, flags;
    u32 version, reserved1;
    u64 reserved2, magic;
    u32 magic2, reserved3;
};

/* Copies a header out of the blob, which has no alignment; false when it ends before. */
static bool read_header(const struct blob *blob, u32 offset, void *header, u32 size)
{
    if (offset > blob->size || size > blob->size - offset)
        return false;
    memcpy(header, blob->data + offset, size);
    return true;
}

static bool check_elf(const struct vm *vm, const struct elf_header *elf)
{
    if (elf->class != ELF_CLASS_32 || elf->data != ELF_DATA_LSB || elf->machine != ELF_EM_RISCV)
        return complain(place(vm).text, "an ELF file, but not for 32-bit little-endian RISC-V");
    if (elf->program_size != sizeof(struct elf_program) || !elf->program_count ||
        elf->program_count > IMAGE_SEGMENTS)
        return complain(place(vm).text,
                        "an ELF file with %u program headers of %u bytes; expected 1 to %u of %u",
                        elf->program_count, elf->program_size, IMAGE_SEGMENTS,
                        (u32)sizeof(struct elf_program));
    return true;
}

static bool check_segment(const struct vm *vm, const struct elf_program *segment)
{
    const struct blob *blob = &vm->config.kernel;

    if (segment->offset > blob->size || segment->file_size > blob->size - segment->offset)
        return complain(place(vm).text,
                        "the file is truncated: a segment reaches to byte %llu of %u",
                        (u64)segment->offset + segment->file_size, blob->size);
    if (segment->file_size > segment->memory_size)
        return complain(place(vm).text, "a segment is larger in the file (%u) than in memory (%u)",
                        segment->file_size, segment->memory_size);
    if (!memory_is_ram(vm, segment->paddr, segment->memory_size))
        return complain(
            place(vm).text,
            "a segment of %u bytes at 0x%x is not within the VM's RAM, %u MiB at 0x%llx",
            segment->memory_size, segment->paddr, (u32)(vm->config.memory >> 20), vm->memory.base);
    return true;
}

/* The segments of an ELF file that are to be loaded. */
struct segments {
    u32 count;
    struct elf_program list[IMAGE_SEGMENTS];
};

/* The segment shares no byte of RAM with those before it. Neither reaches past 34 bits. */
static bool check_overlap(const struct vm *vm, const struct segments *segments,
                          const struct elf_program *segment)
{
    for (u32 i = 0; i < segments->count; i++) {
        const struct elf_program *other = &segments->list[i];

        if (segment->paddr < (gpa_t)other->paddr + other->memory_size &&
            other->paddr < (gpa_t)segment->paddr + segment->memory_size)
            return complain(place(vm).text,
                            "a segment of %u bytes at 0x%x overlaps another, %u bytes at 0x%x",
                            segment->memory_size, segment->paddr, other->memory_size, other->paddr);
    }
    return true;
}

static bool read_segments(const struct vm *vm, const struct elf_header *elf,
                          struct segments *segments)
{
    segments->count = 0;
    for (u32 i = 0; i < elf->program_count; i++) {
        struct elf_program *segment = &segments->list[segments->count];
        u32 header = elf->program_offset + i * (u32)sizeof(*segment);

        if (header < elf->program_offset ||
            !read_header(&vm->config.kernel, header, segment, sizeof(*segment)))
            return complain(place(vm).text,
                            "the file is truncated: program header %u lies past its end", i);
        if (segment->type != ELF_PT_LOAD || !segment->memory_size)
            continue;
        if (!check_segment(vm, segment) || !check_overlap(vm, segments, segment))
            return false;
        segments->count++;
    }
    return segments->count || complain(place(vm).text, "an ELF file with nothing in it to load");
}

static void add_piece(struct image_plan *plan, gpa_t gpa, const u8 *data, u32 size)
{
    if (size)
        plan->pieces[plan->piece_count++] = (struct piece){data, gpa, size};
}

/* An entry given as a virtual address is the byte of the segment that has it. */
static gpa_t physical_entry(const struct elf_program *segment, u32 entry, gpa_t otherwise)
{
    if (entry >= segment->vaddr && entry - segment->vaddr < segment->memory_size)
        return (gpa_t)segment->paddr + (entry - segment->vaddr);
    return otherwise;
}

static void plan_segments(const struct blob *blob, u32 entry, const struct segments *segments,
                          struct image_plan *plan)
{
    *plan = (struct image_plan){.entry = entry, .start = ~0ull};
    for (u32 i = 0; i < segments->count; i++) {
        const struct elf_program *segment = &segments->list[i];
        gpa_t end = (gpa_t)segment->paddr + segment->memory_size;

        add_piece(plan, segment->paddr, blob->data + segment->offset, segment->file_size);
        plan->entry = physical_entry(segment, entry, plan->entry);
        if (plan->start > segment->paddr)
            plan->start = segment->paddr;
        if (plan->end < end)
            plan->end = end;
    }
}

static bool plan_elf(const struct vm *vm, struct image_plan *plan)
{
    const struct blob *blob = &vm->config.kernel;
    struct segments segments;
    struct elf_header elf;

    if (!read_header(blob, 0, &elf, sizeof(elf)))
        return complain(place(vm).text,
                        "the file is truncated: an ELF header has %u bytes, this has %u",
                        (u32)sizeof(elf), blob->size);
    if (!check_elf(vm, &elf) || !read_segments(vm, &elf, &segments))
        return false;
    plan_segments(blob, elf.entry, &segments, plan);
    if (!memory_is_ram(vm, plan->entry, 4))
        return complain(place(vm).text, "its entry, 0x%x, is not in the VM's RAM", elf.entry);
    return true;
}

/* The bytes that a kernel without an ELF header occupies: an Image says so itself. */
static u64 flat_size(const struct blob *blob)
{
    struct linux_header header;

    if (read_header(blob, 0, &header, sizeof(header)) && header.magic2 == IMAGE_MAGIC2 &&
        header.image_size > blob->size)
        return header.image_size;
    return blob->size;
}

static bool plan_flat(const struct vm *vm, struct image_plan *plan)
{
    const struct blob *blob = &vm->config.kernel;
    u64 size = flat_size(blob);
    gpa_t start = vm->memory.base + PLATFORM_KERNEL_OFFSET;

    if (!memory_is_ram(vm, start, size))
        return complain(place(vm).text,
                        "needs %llu KiB from 0x%llx on, but the VM's %u MiB of RAM end before",
                        size / 1024, start, (u32)(vm->config.memory >> 20));
    *plan = (struct image_plan){
        .entry = start,
        .start = start,
        .end = start + size,
    };
    add_piece(plan, start, blob->data, blob->size);
    return true;
}

bool image_plan(const struct vm *vm, struct image_plan *plan)
{
    u32 magic = 0;

    read_header(&vm->config.kernel, 0, &magic, sizeof(magic));
    return magic == ELF_MAGIC ? plan_elf(vm, plan) : plan_flat(vm, plan);
}
