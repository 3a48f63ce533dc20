#include "hyp/vm/config_value.h"

#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/vm/config.h"

#define PLACE_MAX 80
#define WORDS_MAX 80

const char *config_place(const struct vm_config *config, const char *property)
{
    static char text[PLACE_MAX];

    format_text(text, sizeof(text), "VM \"%s\", property \"%s\"", config->name, property);
    return text;
}

bool value_is_string(const struct fdt_prop *prop)
{
    return prop->length && strlen((const char *)prop->data) == prop->length - 1;
}

bool value_number(const struct vm_config *config, const struct fdt_prop *prop, u32 min, u32 max,
                  u32 *value)
{
    if (prop->length != 4)
        return complain(config_place(config, prop->name), "expected one number, like <%u>",
                        min < 2 && max >= 2 ? 2 : min);
    *value = fdt_cell(prop, 0);
    if (*value < min || *value > max)
        return complain(config_place(config, prop->name), "%u is not between %u and %u", *value,
                        min, max);
    return true;
}

/* "128M", "1G", "65536K". False: not of that form, or past 64 bits. */
static bool parse_size(const char *text, u64 *size)
{
    static const char units[] = "KMG";
    const char *unit;
    u64 value = 0;

    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (value > 100000000)
            return false;
        value = value * 10 + (u32)(*text - '0');
    }
    for (unit = units; *unit && *unit != *text; unit++)
        ;
    if (!*unit || text[1])
        return false;
    *size = value << 10 * (u32)(unit - units + 1);
    return true;
}

bool value_size(const struct fdt_prop *prop, u64 *size)
{
    return value_is_string(prop) && parse_size((const char *)prop->data, size);
}

/* `expected "a" (the default), "b" or "c"`. */
static bool complain_of_choice(const struct vm_config *config, const char *property,
                               const char *const *words)
{
    char text[WORDS_MAX];
    u32 length = format_text(text, sizeof(text), "\"%s\" (the default)", words[0]);

    for (u32 i = 1; words[i]; i++)
        length += format_text(text + length, (u32)sizeof(text) - length, "%s \"%s\"",
                              words[i + 1] ? "," : " or", words[i]);
    return complain(config_place(config, property), "expected %s", text);
}

bool value_choice(const struct vm_config *config, const struct fdt_prop *prop,
                  const char *const *words, u32 *index)
{
    for (*index = 0; words[*index]; (*index)++)
        if (value_is_string(prop) && !strcmp((const char *)prop->data, words[*index]))
            return true;
    return complain_of_choice(config, prop->name, words);
}

bool value_flag(const struct vm_config *config, const struct fdt_prop *prop, bool *flag)
{
    if (prop->length)
        return complain(config_place(config, prop->name), "takes no value: it is there or not");
    *flag = true;
    return true;
}

/* Every string has its NUL inside the value, and is not empty. */
static bool count_strings(const struct fdt_prop *prop, u32 *count)
{
    u32 at = 0, length;

    for (*count = 0; at < prop->length; at += length + 1, ++*count) {
        length = 0;
        while (at + length < prop->length && prop->data[at + length])
            length++;
        if (!length || at + length == prop->length)
            return false;
    }
    return true;
}

bool value_strings(const struct vm_config *config, const struct fdt_prop *prop, u32 max,
                   struct string_list *list)
{
    u32 count;

    if (!count_strings(prop, &count) || !count || count > max)
        return complain(config_place(config, prop->name),
                        "expected 1 to %u strings, like \"one\", \"two\"", max);
    *list = (struct string_list){(const char *)prop->data, prop->length};
    return true;
}
