#include "hyp/vm/guest_isa.h"

#include "arch/features.h"
#include "hyp/core/string.h"

/*
 * Not for guests: H itself and what refines it, M-mode's, extensions whose state is not switched
 * (V and its parts, Zcmt) or is kept from them (Zfinx), counters and interrupt controllers that a
 * VM does not have.
 */
static const char *const withheld[] = {
    "h",         "v",      "sha",       "ssaia",  "sscofpmf", "sscsrind", "ssctr",   "ssccfg",
    "zihpm",     "zcmt",   "zfinx",     "zdinx",  "zhinx",    "zhinxmin", "smaia",   "smstateen",
    "ssstateen", "smepmp", "smcntrpmf", "smrnmi", "smcdeleg", "smcsrind", "smctr",   "smmpm",
    "ssnpm",     "smnpm",  "supm",      "sspm",   "ssdbltrp", "svpbmt",   "zicfilp", "zicfiss",
};

/* Families: every name that begins so. */
static const char *const withheld_families[] = {"zve",       "zvl", "zvb", "zvk", "zvf",
                                                "shcounter", "shg", "sht", "shv"};

static bool equals(const char *name, u32 length, const char *other)
{
    return strlen(other) == length && !strncmp(name, other, length);
}

bool guest_isa_keeps(const char *name, u32 length, bool hardware_ad)
{
    for (u32 i = 0; i < ARRAY_SIZE(withheld); i++)
        if (equals(name, length, withheld[i]))
            return false;
    for (u32 i = 0; i < ARRAY_SIZE(withheld_families); i++)
        if (length >= strlen(withheld_families[i]) &&
            !strncmp(name, withheld_families[i], strlen(withheld_families[i])))
            return false;
    if (equals(name, length, "sstc"))
        return features.sstc;
    if (equals(name, length, "svadu"))
        return hardware_ad;
    return true;
}

struct text {
    char *at;
    u32 room; /* without the end */
};

static void append(struct text *text, const char *from, u32 length)
{
    if (length > text->room)
        return;
    memcpy(text->at, from, length);
    text->at += length;
    text->room -= length;
}

/* Characters up to the next '_' or the end. */
static u32 word_length(const char *word)
{
    u32 length = 0;

    while (word[length] && word[length] != '_')
        length++;
    return length;
}

/* Characters of the base and the one-letter extensions: up to '_' or a long name, which begins with
 * one of these letters and may follow without a separator. */
static u32 letters_length(const char *isa)
{
    u32 length = 0;

    while (isa[length] && isa[length] != '_' && isa[length] != 's' && isa[length] != 'x' &&
           isa[length] != 'z')
        length++;
    return length;
}

/* "rv32imafdch": the base, then one letter an extension. */
static void filter_letters(struct text *out, const char *letters, u32 length)
{
    u32 base = length < 4 ? length : 4;

    append(out, letters, base);
    for (u32 i = base; i < length; i++)
        if (guest_isa_keeps(&letters[i], 1, false))
            append(out, &letters[i], 1);
}

void guest_isa_filter(const char *isa, bool hardware_ad, char *out, u32 size)
{
    struct text text = {out, size - 1};
    u32 length = letters_length(isa);

    filter_letters(&text, isa, length);
    for (isa += length; *isa; isa += length) {
        u32 separator = *isa == '_';

        length = separator + word_length(isa + separator);
        if (guest_isa_keeps(isa + separator, length - separator, hardware_ad))
            append(&text, isa, length);
    }
    *text.at = '\0';
}
