#include "hyp/vm/shared_spec.h"

#include "hyp/core/string.h"

/* What a name is made of: device-tree labels, and nothing that would need quotes. */
static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

/* Moves `*text` past the space after a word. False: neither that nor the end is there. */
static bool end_word(const char **text)
{
    if (**text == ' ')
        ++*text;
    else if (**text)
        return false;
    return true;
}

static bool parse_name(const char **text, struct shared_spec *spec)
{
    u32 length = 0;

    for (; is_name_byte(**text) && length < SHARED_NAME_MAX - 1; ++*text)
        spec->name[length++] = **text;
    spec->name[length] = 0;
    return length && end_word(text);
}

/* "64K", "1M". */
static bool parse_size(const char **text, struct shared_spec *spec)
{
    u32 value = 0, shift;

    for (; **text >= '0' && **text <= '9' && value <= SHARED_SIZE_MAX; ++*text)
        value = value * 10 + (u32)(**text - '0');
    if (**text != 'K' && **text != 'M')
        return false;
    shift = **text == 'K' ? 10 : 20;
    ++*text;
    if (value > SHARED_SIZE_MAX >> shift)
        return false;
    spec->size = value << shift;
    return spec->size && IS_ALIGNED(spec->size, PAGE_SIZE) && end_word(text);
}

static bool parse_right(const char *text, struct shared_spec *spec)
{
    spec->read_only = !strcmp(text, "ro");
    return !*text || spec->read_only || !strcmp(text, "rw");
}

const char *shared_spec_parse(const char *text, struct shared_spec *spec)
{
    if (!parse_name(&text, spec))
        return "expected NAME SIZE [ro|rw], a name of at most 23 letters, digits, '-', '_' and '.'";
    if (!parse_size(&text, spec))
        return "expected NAME SIZE [ro|rw], a size of whole pages up to 16M, like 4K or 1M";
    if (!parse_right(text, spec))
        return "expected NAME SIZE [ro|rw]: after the size \"ro\", \"rw\" or nothing";
    return NULL;
}
