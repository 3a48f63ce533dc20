#include "hyp/monitor/property_text.h"

#include "hyp/core/string.h"

enum form { FORM_STRING, FORM_CELL, FORM_CELLS, FORM_FLAG };

static const struct {
    const char *name;
    enum form form;
} forms[] = {
    {"cpus", FORM_CELL},          {"weight", FORM_CELL}, {"cap", FORM_CELL},
    {"max-exits", FORM_CELL},     {"lazy", FORM_FLAG},   {"shared", FORM_FLAG},
    {"cpu-affinity", FORM_CELLS}, {"debug", FORM_FLAG},
};

static enum form form_of(const char *name)
{
    for (u32 i = 0; i < ARRAY_SIZE(forms); i++)
        if (!strcmp(name, forms[i].name))
            return forms[i].form;
    return FORM_STRING;
}

/* Takes a decimal number off *text. False: there is none, or it is past 32 bits. */
static bool take_number(const char **text, u32 *number)
{
    u64 value = 0;

    if (**text < '0' || **text > '9')
        return false;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        value = value * 10 + (u32)(**text - '0');
        if (value > 0xffffffffu)
            return false;
    }
    *number = (u32)value;
    return true;
}

static void put_cell(u8 *cell, u32 number)
{
    for (u32 i = 0; i < 4; i++)
        cell[i] = (u8)(number >> (24 - 8 * i));
}

/* "0,1,3", at most `max` of them. False: something else. */
static bool parse_cells(const char *text, u32 max, struct property_value *value,
                        struct fdt_prop *prop)
{
    u32 count = 0, number;

    for (;; text++) {
        if (count == max || !take_number(&text, &number))
            return false;
        put_cell(value->cells + 4 * count++, number);
        if (*text != ',')
            break;
    }
    prop->data = value->cells;
    prop->length = 4 * count;
    return !*text;
}

bool property_from_text(const char *name, const char *text, struct property_value *value,
                        struct fdt_prop *prop)
{
    *prop = (struct fdt_prop){name, (const u8 *)text, 0};
    switch (form_of(name)) {
    case FORM_CELL:
        return parse_cells(text, 1, value, prop);
    case FORM_CELLS:
        return parse_cells(text, PROPERTY_CELLS, value, prop);
    case FORM_FLAG:
        return !strcmp(text, "on");
    case FORM_STRING:
        break;
    }
    prop->length = (u32)strlen(text) + 1;
    return true;
}

const char *property_form(const char *name)
{
    switch (form_of(name)) {
    case FORM_CELL:
        return "a number";
    case FORM_CELLS:
        return "numbers with commas between, like 0,1";
    case FORM_FLAG:
        return "\"on\": it is there, or it is not";
    case FORM_STRING:
        break;
    }
    return "a text";
}
