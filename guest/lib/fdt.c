/*
 * A flattened device tree (Devicetree Specification, chapter 5) is a list of 32-bit tokens: a node
 * begins (1, then its name), has properties (3, length, name as offset into the strings block,
 * value), and ends (2). Everything is padded to four bytes.
 */
#include "guest/lib/fdt.h"
#include "guest/lib/boot.h"
#include "guest/lib/string.h"

enum { TOKEN_BEGIN = 1, TOKEN_END = 2, TOKEN_PROPERTY = 3, TOKEN_NOP = 4 };
enum { HEADER_STRUCT = 8, HEADER_STRINGS = 12 };

u32 fdt_word(const void *at)
{
    const u8 *b = at;

    return (u32)b[0] << 24 | (u32)b[1] << 16 | (u32)b[2] << 8 | b[3];
}

/* "cpu" names both "cpu" and "cpu@0", but not "cpus". */
static bool names_node(const char *wanted, const char *name)
{
    while (*wanted && *wanted == *name)
        wanted++, name++;
    return *wanted == 0 && (*name == 0 || *name == '@');
}

const void *fdt_property(const char *node, const char *property, u32 *length)
{
    const u8 *tree = boot.fdt;
    const u8 *at = tree + fdt_word(tree + HEADER_STRUCT);
    const char *strings = (const char *)tree + fdt_word(tree + HEADER_STRINGS);
    bool inside = false;

    for (;;) {
        u32 token = fdt_word(at);
        at += 4;
        switch (token) {
        case TOKEN_BEGIN:
            inside = names_node(node, (const char *)at);
            at += ALIGN_UP(strlen((const char *)at) + 1, 4);
            break;
        case TOKEN_PROPERTY:
            *length = fdt_word(at);
            if (inside && strcmp(strings + fdt_word(at + 4), property) == 0)
                return at + 8;
            at += 8 + ALIGN_UP(*length, 4);
            break;
        case TOKEN_END:
            inside = false;
            break;
        case TOKEN_NOP:
            break;
        default:
            return NULL; /* the end token */
        }
    }
}

/* The text after "name=" if the word at `text` begins so. */
static const char *value_of(const char *text, const char *name)
{
    while (*name && *text == *name)
        text++, name++;
    return *name == 0 && *text == '=' ? text + 1 : NULL;
}

bool fdt_bootarg(const char *name, char *value, u32 size)
{
    u32 length;
    const char *text = fdt_property("chosen", "bootargs", &length);
    bool word_begins = true;

    *value = 0;
    for (; text && *text; text++) {
        const char *found = word_begins ? value_of(text, name) : NULL;
        if (found) {
            for (; *found && *found != ' ' && size > 1; size--)
                *value++ = *found++;
            *value = 0;
            return true;
        }
        word_begins = *text == ' ';
    }
    return false;
}

u32 fdt_bootarg_number(const char *name, u32 otherwise)
{
    char value[11];
    u32 number = 0;

    if (!fdt_bootarg(name, value, sizeof(value)))
        return otherwise;
    for (const char *digit = value; *digit >= '0' && *digit <= '9'; digit++)
        number = number * 10 + (u32)(*digit - '0');
    return number;
}

u32 fdt_ram_size(void)
{
    u32 length;
    const u8 *reg = fdt_property("memory", "reg", &length);

    /* Two words of address, two of size. */
    if (!reg || length < 16)
        return 0;
    return fdt_word(reg + 8) ? 0u - 0x80000000u : fdt_word(reg + 12);
}
