#include "hyp/monitor/trace_text.h"

#include "arch/decode.h"
#include "hyp/core/printk.h"
#include "hyp/monitor/names.h"
#include "hyp/vm/life.h"

#define INSN_WFI     0x10500073u
#define INSN_WRS_NTO 0x00d00073u

typedef void words(u32 data, char *text);

static void no_words(u32 data, char *text)
{
    (void)data;
    text[0] = '\0';
}

static void put_words(u32 data, char *text)
{
    format_text(text, TRACE_WORDS_MAX, "%s", data ? "waits" : "yields");
}

static void cause_words(u32 data, char *text)
{
    const char *name = cause_name(data);

    if (name)
        format_text(text, TRACE_WORDS_MAX, "%s", name);
    else
        format_text(text, TRACE_WORDS_MAX, "cause 0x%x", data);
}

static void sbi_words(u32 data, char *text)
{
    struct sbi_call_name call = sbi_call_name(data);

    if (!call.extension)
        format_text(text, TRACE_WORDS_MAX, "unknown 0x%08x", data);
    else if (call.function)
        format_text(text, TRACE_WORDS_MAX, "%s %s", call.extension, call.function);
    else
        format_text(text, TRACE_WORDS_MAX, "%s function %u", call.extension, call.number);
}

static void device_words(u32 data, char *text)
{
    u32 base;
    const char *name = device_name(data, &base);

    if (name)
        format_text(text, TRACE_WORDS_MAX, "%s +0x%x", name, data - base);
    else
        format_text(text, TRACE_WORDS_MAX, "gPA 0x%08x", data);
}

static void fault_words(u32 data, char *text)
{
    format_text(text, TRACE_WORDS_MAX, "gPA 0x%09llx", (u64)data << 2);
}

static void insn_words(u32 data, char *text)
{
    struct csr_insn csr;

    if (data == INSN_WFI)
        format_text(text, TRACE_WORDS_MAX, "wfi");
    else if (data == INSN_WRS_NTO)
        format_text(text, TRACE_WORDS_MAX, "wrs.nto");
    else if (decode_csr(data, &csr))
        format_text(text, TRACE_WORDS_MAX, "csr 0x%03x", csr.csr);
    else
        format_text(text, TRACE_WORDS_MAX, "0x%08x", data);
}

static void interrupt_words(u32 data, char *text)
{
    const char *name = interrupt_name(data);

    if (name)
        format_text(text, TRACE_WORDS_MAX, "%s", name);
    else
        format_text(text, TRACE_WORDS_MAX, "%u", data);
}

static void fence_words(u32 data, char *text)
{
    format_text(text, TRACE_WORDS_MAX, "%u", data);
}

static void life_words(u32 data, char *text)
{
    format_text(text, TRACE_WORDS_MAX, "%s",
                data <= VM_WAITING ? vm_state_name((enum vm_state)data) : "?");
}

static const struct {
    const char *name;
    words *words;
} kinds[] = {
    [TRACE_LOAD] = {"load", no_words},        [TRACE_PUT] = {"put", put_words},
    [TRACE_EXIT] = {"exit", cause_words},     [TRACE_SBI] = {"sbi", sbi_words},
    [TRACE_READ] = {"read", device_words},    [TRACE_WRITE] = {"write", device_words},
    [TRACE_FAULT] = {"fault", fault_words},   [TRACE_INSN] = {"insn", insn_words},
    [TRACE_INJECT] = {"inject", cause_words}, [TRACE_INTERRUPT] = {"interrupt", interrupt_words},
    [TRACE_FENCE] = {"fence", fence_words},   [TRACE_LIFE] = {"life", life_words},
};

_Static_assert(ARRAY_SIZE(kinds) == TRACE_KINDS, "a name for every kind");

const char *trace_kind_name(u32 kind)
{
    return kind < TRACE_KINDS ? kinds[kind].name : NULL;
}

void trace_words(const struct trace_entry *entry, char text[TRACE_WORDS_MAX])
{
    if (entry->kind < TRACE_KINDS)
        kinds[entry->kind].words(entry->data, text);
    else
        format_text(text, TRACE_WORDS_MAX, "0x%08x", entry->data);
}
