/* What the word before the cursor can be completed to, by the row of its command. */
#include "hyp/core/string.h"
#include "hyp/monitor/command.h"
#include "hyp/vm/vm.h"

#define CANDIDATES VM_MAX

static const char *candidates[CANDIDATES];
static u32 count;
static const char *const *words; /* of the command, for name_of_word */

static const char *name_of_word(u32 index)
{
    return words[index];
}

static const char *(*const names[])(u32 index) = {
    [COMPLETE_VM] = vm_name,
    [COMPLETE_COMMAND] = command_name,
    [COMPLETE_SETTING] = setting_name,
    [COMPLETE_WORDS] = name_of_word,
};

/* The line up to the cursor: its first word, and how many words there are before the last. */
struct place {
    char first[COMMAND_LINE];
    u32 before;
    const char *last;
    u32 length; /* of the last */
};

static void find_place(struct place *place, const char *line, u32 length)
{
    u32 start = 0, end;

    *place = (struct place){.last = line};
    for (u32 i = 0; i < length; i++) {
        if (line[i] != ' ')
            continue;
        if (i > start && !place->before++) {
            memcpy(place->first, line + start, i - start);
            place->first[i - start] = '\0';
        }
        start = i + 1;
    }
    end = length;
    place->last = line + start;
    place->length = end - start;
}

/* How the last word is completed. */
static enum completion kind_of(const struct place *place)
{
    const struct command *row;

    if (!place->before)
        return COMPLETE_COMMAND;
    row = command_find(place->first);
    if (!row || place->before > COMMAND_COMPLETED)
        return COMPLETE_NOTHING;
    words = row->words;
    return row->complete[place->before - 1];
}

/* How many letters all candidates have in common. */
static u32 common_length(void)
{
    u32 length = (u32)strlen(candidates[0]);

    for (u32 i = 1; i < count; i++)
        for (u32 j = 0; j < length; j++)
            if (candidates[i][j] != candidates[0][j])
                length = j;
    return length;
}

u32 command_complete(const char *line, u32 length, char *more)
{
    struct place place;
    enum completion kind;
    const char *name;
    u32 size;

    more[0] = '\0';
    count = 0;
    find_place(&place, line, length);
    kind = kind_of(&place);
    if (kind == COMPLETE_NOTHING || (kind == COMPLETE_WORDS && !words))
        return 0;
    for (u32 i = 0; count < CANDIDATES && (name = names[kind](i)); i++)
        if (!strncmp(name, place.last, place.length))
            candidates[count++] = name;
    if (!count)
        return 0;
    size = common_length() - place.length;
    memcpy(more, candidates[0] + place.length, size);
    if (count == 1)
        more[size++] = ' ';
    more[size] = '\0';
    return count;
}

const char *command_candidate(u32 index)
{
    return candidates[index];
}
