#include "hyp/monitor/trace_json.h"

#include "hyp/core/hart.h"
#include "hyp/core/printk.h"
#include "hyp/monitor/show.h"
#include "hyp/monitor/trace_text.h"
#include "hyp/vm/vm.h"

/* On each hart, since when, and that some vCPU is there at all. */
static struct {
    u64 since;
    bool open;
} stretches[MAX_HARTS];

void trace_json_begin(void)
{
    for (u32 i = 0; i < MAX_HARTS; i++)
        stretches[i].open = false;
}

/* The name of a VM, without what would end a JSON string. */
static void name_text(u32 index, char *text, u32 size)
{
    format_text(text, size, "%s", index < vm_count ? vms[index]->config.name : "?");
    for (; *text; text++)
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
            *text = '_';
}

static bool stretch(const struct trace_entry *entry, const char *vm, char *line)
{
    u64 since = stretches[entry->hart].since;

    if (!stretches[entry->hart].open)
        return false; /* its beginning is no more in the trace */
    stretches[entry->hart].open = false;
    format_text(line, TRACE_JSON_LINE,
                "{\"name\":\"%s/%u\",\"cat\":\"run\",\"ph\":\"X\",\"ts\":%s,\"dur\":%s,"
                "\"pid\":%u,\"tid\":0},",
                vm, trace_vcpu(entry), micros_text_fine(since).text,
                micros_text_fine(entry->time - since).text, entry->hart);
    return true;
}

static bool instant(const struct trace_entry *entry, const char *vm, char *line)
{
    char text[TRACE_WORDS_MAX];

    trace_words(entry, text);
    format_text(line, TRACE_JSON_LINE,
                "{\"name\":\"%s%s%s\",\"cat\":\"%s\",\"ph\":\"i\",\"s\":\"t\",\"ts\":%s,"
                "\"pid\":%u,\"tid\":0,\"args\":{\"vcpu\":\"%s/%u\",\"pc\":\"0x%08x\"}},",
                trace_kind_name(entry->kind), text[0] ? " " : "", text,
                trace_kind_name(entry->kind), micros_text_fine(entry->time).text, entry->hart, vm,
                trace_vcpu(entry), entry->pc);
    return true;
}

bool trace_json_event(const struct trace_entry *entry, char line[TRACE_JSON_LINE])
{
    char vm[VM_NAME_MAX + 1];

    if (entry->hart >= MAX_HARTS || entry->kind >= TRACE_KINDS)
        return false;
    name_text(trace_vm(entry), vm, sizeof(vm));
    switch (entry->kind) {
    case TRACE_LOAD:
        stretches[entry->hart].open = true;
        stretches[entry->hart].since = entry->time;
        return false;
    case TRACE_PUT:
        return stretch(entry, vm, line);
    default:
        return instant(entry, vm, line);
    }
}
