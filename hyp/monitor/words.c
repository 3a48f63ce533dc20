#include "hyp/monitor/words.h"

static const struct {
    char letter, meaning;
} escapes[] = {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'"', '"'}, {'\\', '\\'}};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

u32 digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (u32)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (u32)(c - 'a') + 10 : NO_DIGIT;
}

/* Where a line is read and, never ahead of that, written. */
struct cursor {
    const char *from;
    char *to;
};

/* After a backslash. A byte of 0 would end the word. */
static const char *copy_escape(struct cursor *at)
{
    for (u32 i = 0; i < ARRAY_SIZE(escapes); i++)
        if (*at->from == escapes[i].letter) {
            at->from++;
            *at->to++ = escapes[i].meaning;
            return NULL;
        }
    if (*at->from == 'x' && digit_of(at->from[1]) < 16 && digit_of(at->from[2]) < 16) {
        *at->to = (char)(digit_of(at->from[1]) << 4 | digit_of(at->from[2]));
        at->from += 3;
        return *at->to++ ? NULL : "\\x00 cannot be in a word";
    }
    return "after \\, expected n, r, t, \", \\ or x and two hexadecimal digits";
}

/* After the quote that begins, up to behind the one that ends. */
static const char *copy_quoted(struct cursor *at)
{
    const char *wrong = NULL;

    while (!wrong && *at->from != '"') {
        if (!*at->from)
            return "a quote (\") is not closed";
        if (*at->from != '\\') {
            *at->to++ = *at->from++;
            continue;
        }
        at->from++;
        wrong = copy_escape(at);
    }
    at->from++;
    return wrong;
}

static const char *copy_word(struct cursor *at)
{
    const char *wrong = NULL;

    while (!wrong && *at->from && !is_blank(*at->from)) {
        char c = *at->from++;

        if (c == '"')
            wrong = copy_quoted(at);
        else
            *at->to++ = c;
    }
    return wrong;
}

const char *words_split(char *line, struct arguments *words)
{
    struct cursor at = {line, line};
    const char *wrong;

    words->count = 0;
    for (;;) {
        while (is_blank(*at.from))
            at.from++;
        if (!*at.from || *at.from == '#')
            return NULL;
        if (words->count == COMMAND_WORDS)
            return "too many words";
        words->word[words->count++] = at.to;
        wrong = copy_word(&at);
        if (wrong)
            return wrong;
        if (*at.from)
            at.from++; /* the blank, in whose place the word's end may come */
        *at.to++ = '\0';
    }
}
