#include "hyp/monitor/trace_filter.h"

#include "hyp/core/hart.h"
#include "hyp/core/nearest.h"
#include "hyp/core/string.h"
#include "hyp/monitor/names.h"
#include "hyp/monitor/trace_text.h"
#include "hyp/vm/vm.h"

/* Whether `text` has `word` among its words. */
static bool has_word(const char *text, const char *word)
{
    u32 length = (u32)strlen(word);

    while (*text) {
        const char *end = text;

        while (*end && *end != ' ')
            end++;
        if ((u32)(end - text) == length && !strncmp(text, word, length))
            return true;
        text = *end ? end + 1 : end;
    }
    return false;
}

/* Every word that an event may have, of which there are lists: kinds, causes, SBI extensions. */
static const char *word_at(u32 index)
{
    static const char *const others[] = {"wfi", "software", "timer", "external", "waits", "yields"};
    static const char *(*const lists[])(u32 index) = {trace_kind_name, cause_name_at, sbi_name_at};

    if (index < ARRAY_SIZE(others))
        return others[index];
    index -= (u32)ARRAY_SIZE(others);
    for (u32 i = 0; i < ARRAY_SIZE(lists); i++) {
        const char *name;

        for (u32 at = 0; (name = lists[i](at)); at++)
            if (!index--)
                return name;
    }
    return NULL;
}

static bool is_known(const char *word, const char *(*name_at)(u32 index))
{
    const char *name;

    for (u32 i = 0; (name = name_at(i)); i++)
        if (!strcmp(name, word))
            return true;
    return false;
}

/* Refuses a word that no list has. */
static enum command_result check_word(const char *what, const char *word,
                                      const char *(*name_at)(u32 index))
{
    const char *meant = nearest_name(word, name_at);

    if (is_known(word, name_at))
        return COMMAND_DONE;
    if (meant)
        return command_failed("\"%s\" is no %s of the trace; did you mean \"%s\"?", word, what,
                              meant);
    return command_failed("\"%s\" is no %s of the trace; such as: %s, %s", word, what, name_at(0),
                          name_at(1));
}

static enum command_result parse_vm(const char *word, struct trace_filter *filter)
{
    struct vm *vm = argument_vm(word);

    if (!vm)
        return COMMAND_FAILED;
    filter->vm = vm->index;
    return COMMAND_DONE;
}

static enum command_result parse_cause(const char *word, struct trace_filter *filter)
{
    filter->cause = word;
    return check_word("cause", word, word_at);
}

static enum command_result parse_device(const char *word, struct trace_filter *filter)
{
    filter->device = word;
    return check_word("device", word, device_name_at);
}

static enum command_result parse_hart(const char *word, struct trace_filter *filter)
{
    u64 id;

    if (!argument_number(word, &id))
        return COMMAND_FAILED;
    for (u32 i = 0; i < hart_count; i++)
        if (harts[i].online && harts[i].id == id) {
            filter->hart = i;
            return COMMAND_DONE;
        }
    return command_failed("this machine has no hart %s that is online", word);
}

static const struct {
    const char *name;
    enum command_result (*parse)(const char *word, struct trace_filter *filter);
} options[] = {
    {"vm", parse_vm},
    {"cause", parse_cause},
    {"device", parse_device},
    {"hart", parse_hart},
};

static enum command_result parse_option(const char *name, const char *value,
                                        struct trace_filter *filter)
{
    for (u32 i = 0; i < ARRAY_SIZE(options); i++)
        if (!strcmp(name, options[i].name))
            return value ? options[i].parse(value, filter)
                         : command_failed("%s needs a value after it", name);
    return command_failed("expected a number, vm, cause, device or hart, not \"%s\"", name);
}

enum command_result trace_filter_parse(const struct arguments *arguments, u32 at, u64 newest,
                                       struct trace_filter *filter)
{
    *filter = (struct trace_filter){.vm = TRACE_ANY, .hart = TRACE_ANY, .newest = newest};
    for (; at < arguments->count; at++) {
        const char *word = arguments->word[at];
        const char *value = at + 1 < arguments->count ? arguments->word[at + 1] : NULL;

        if (word[0] >= '0' && word[0] <= '9') {
            if (!argument_number(word, &filter->newest))
                return COMMAND_FAILED;
            continue;
        }
        if (parse_option(word, value, filter) != COMMAND_DONE)
            return COMMAND_FAILED;
        at++;
    }
    return COMMAND_DONE;
}

static bool cause_passes(const char *cause, const struct trace_entry *entry)
{
    char text[TRACE_WORDS_MAX];

    if (entry->kind < TRACE_KINDS && !strcmp(cause, trace_kind_name(entry->kind)))
        return true;
    trace_words(entry, text);
    return has_word(text, cause);
}

static bool device_passes(const char *device, const struct trace_entry *entry)
{
    u32 base;
    const char *name;

    if (entry->kind != TRACE_READ && entry->kind != TRACE_WRITE)
        return false;
    name = device_name(entry->data, &base);
    return name && !strcmp(name, device);
}

bool trace_filter_passes(const struct trace_filter *filter, const struct trace_entry *entry)
{
    if (filter->vm != TRACE_ANY && filter->vm != trace_vm(entry))
        return false;
    if (filter->hart != TRACE_ANY && filter->hart != entry->hart)
        return false;
    if (filter->device && !device_passes(filter->device, entry))
        return false;
    return !filter->cause || cause_passes(filter->cause, entry);
}
