/* What a VM's description says of a disk, taken apart. Pure. */
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/drv/disk_parts.h"

#define DISK_PREFIX   "virtio"
#define READ_ONLY     ",ro"
#define DISK_NUMBERS  1000u
#define PARTITION_MAX 9999u
#define SECTORS_MAX   (1ull << 54) /* more than 2^63 bytes there are not */

/* A text without an end of its own. */
struct span {
    const char *text;
    u32 length;
};

static bool skip_char(struct span *span, char c)
{
    if (!span->length || *span->text != c)
        return false;
    span->text++;
    span->length--;
    return true;
}

/* Decimal digits, of a number up to `max`. */
static bool skip_number(struct span *span, u64 max, u64 *number)
{
    u32 digits = 0;

    for (*number = 0; span->length && *span->text >= '0' && *span->text <= '9'; digits++) {
        *number = *number * 10 + (u32)(*span->text - '0');
        if (*number > max)
            return false;
        skip_char(span, *span->text);
    }
    return digits;
}

/* A number of sectors, or of KiB, MiB or GiB. */
static bool skip_sectors(struct span *span, u64 *sectors)
{
    u32 shift = 0;

    if (!skip_number(span, SECTORS_MAX, sectors))
        return false;
    if (skip_char(span, 'K'))
        shift = 10 - SECTOR_SHIFT;
    else if (skip_char(span, 'M'))
        shift = 20 - SECTOR_SHIFT;
    else if (skip_char(span, 'G'))
        shift = 30 - SECTOR_SHIFT;
    if (*sectors > SECTORS_MAX >> shift)
        return false;
    *sectors <<= shift;
    return true;
}

/* A number, if it is nothing else, or a label. */
static bool parse_partition(struct span span, struct disk_source *source)
{
    struct span digits = span;
    u64 number;

    source->kind = SOURCE_PARTITION;
    if (skip_number(&digits, PARTITION_MAX, &number) && !digits.length) {
        source->partition = (u32)number;
        return number;
    }
    if (!span.length || span.length > PARTITION_LABEL_MAX)
        return false;
    memcpy(source->label, span.text, span.length);
    source->label[span.length] = '\0';
    return true;
}

static bool parse_range(struct span span, struct disk_source *source)
{
    source->kind = SOURCE_RANGE;
    return skip_sectors(&span, &source->first) && skip_char(&span, '+') &&
           skip_sectors(&span, &source->sectors) && source->sectors && !span.length;
}

/* The path of an image: where that is, is not for here. */
static bool parse_image(struct span span, struct disk_source *source)
{
    source->kind = SOURCE_IMAGE;
    while (span.length && *span.text != ',')
        skip_char(&span, *span.text);
    return !span.length;
}

static bool parse(struct span span, struct disk_source *source)
{
    u64 disk;

    if (*span.text == '/')
        return parse_image(span, source);
    for (const char *p = DISK_PREFIX; *p; p++)
        if (!skip_char(&span, *p))
            return false;
    if (!skip_number(&span, DISK_NUMBERS - 1, &disk))
        return false;
    source->disk = (u32)disk;
    source->kind = SOURCE_WHOLE;
    if (skip_char(&span, ':'))
        return parse_partition(span, source);
    if (skip_char(&span, '@'))
        return parse_range(span, source);
    return !span.length;
}

/* The source without its rights, which are told apart. */
static struct span without_rights(const char *text, bool *read_only)
{
    u32 length = (u32)strlen(text), tail = (u32)strlen(READ_ONLY);

    *read_only = length >= tail && !strcmp(text + length - tail, READ_ONLY);
    return (struct span){text, *read_only ? length - tail : length};
}

bool disk_source_parse(const char *place, const char *text, struct disk_source *source)
{
    struct span span;

    *source = (struct disk_source){0};
    span = without_rights(text, &source->read_only);
    return parse(span, source) ||
           complain(place,
                    "\"%s\" is no disk; expected virtio0, virtio0:2 (a partition), virtio0:LABEL, "
                    "virtio0@FIRST+COUNT or an image, each with \",ro\" if it is read-only",
                    text);
}
