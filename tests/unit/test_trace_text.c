/* The trace in words: every kind of event, filters, and JSON. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_vm.h"
#include "tests/unit/fake_panic.h"
#include "arch/decode.c"
#include "arch/decode_compressed.c"
#include "hyp/core/format.c"
#include "hyp/core/machine.h"
#include "hyp/core/nearest.c"

/* What the monitor says of a wrong word. */
static char reason[256];

#include "hyp/monitor/command.h"

enum command_result command_failed(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(reason, sizeof(reason), format, list);
    va_end(list);
    return COMMAND_FAILED;
}

bool argument_number(const char *word, u64 *value)
{
    char *end;

    *value = strtoull(word, &end, 0);
    return !*end;
}

static struct vm vm_one, vm_two;
struct vm *vms[VM_MAX] = {&vm_one, &vm_two};
u32 vm_count = 2;
struct hart harts[MAX_HARTS];
u32 hart_count = 2;
struct machine machine = {.timebase = 10000000};

struct vm *argument_vm(const char *word)
{
    for (u32 i = 0; i < vm_count; i++)
        if (!strcmp(vms[i]->config.name, word))
            return vms[i];
    command_failed("there is no VM \"%s\"", word);
    return NULL;
}

const char *vm_state_name(enum vm_state state)
{
    return state == VM_RUNNING ? "running" : "other";
}

static enum sbi_outcome no_call(const struct sbi_call *call, struct sbi_result *result)
{
    (void)call, (void)result;
    abort();
}

const struct sbi_extension sbi_extensions[SBI_EXTENSIONS] = {
    {SBI_EXT_BASE, no_call, "Base"},
    {SBI_EXT_TIME, no_call, "TIME"},
    {SBI_EXT_DBCN, no_call, "DBCN"},
    [SBI_LEGACY] = {SBI_EXT_LEGACY_LAST, no_call, "legacy"},
    [SBI_UNKNOWN] = {0, no_call, "unknown"},
};

#include "hyp/vm/bus.c"
#include "hyp/monitor/names.c"
#include "hyp/monitor/show.c"
#include "hyp/monitor/trace_text.c"
#include "hyp/monitor/trace_filter.c"
#include "hyp/monitor/trace_json.c"

void console_write_as(const void *owner, const char *prefix, const char *text, u32 size)
{
    (void)owner, (void)prefix, (void)text, (void)size;
    abort();
}

static struct trace_entry event(enum trace_kind kind, u32 data)
{
    return (struct trace_entry){.time = 12345, .kind = kind, .pc = 0xc0001234, .data = data};
}

static void add_device(const char *name, u32 base, u32 size)
{
    vm_one.bus.regions[vm_one.bus.count++] =
        (struct mmio_region){.name = name, .base = base, .size = size};
}

static void start(void)
{
    vm_one.config.name = "one";
    vm_two.config.name = "two";
    vm_two.index = 1;
    for (u32 i = 0; i < hart_count; i++) {
        harts[i].online = true;
        harts[i].id = i + 4; /* ids need not be indices */
    }
    vm_one.bus.count = 0;
    add_device("uart", PLATFORM_UART_BASE, 8);
    add_device("plic", PLATFORM_PLIC_BASE, 0x600000);
    reason[0] = '\0';
    trace_json_begin();
}

static void check_words(enum trace_kind kind, u32 data, const char *expected)
{
    struct trace_entry entry = event(kind, data);
    char text[TRACE_WORDS_MAX];

    start();
    trace_words(&entry, text);
    CHECK_STR(text, expected);
}

TEST(every_kind_has_a_name)
{
    for (u32 i = 0; i < TRACE_KINDS; i++)
        CHECK(trace_kind_name(i) && trace_kind_name(i)[0]);
    CHECK(!trace_kind_name(TRACE_KINDS));
}

TEST(switches_say_why)
{
    check_words(TRACE_LOAD, 3, "");
    check_words(TRACE_PUT, 1, "waits");
    check_words(TRACE_PUT, 0, "yields");
}

TEST(causes_have_the_names_of_the_spec)
{
    check_words(TRACE_EXIT, 0x80000005, "timer-interrupt");
    check_words(TRACE_EXIT, 0x80000009, "external-interrupt");
    check_words(TRACE_EXIT, 20, "fetch-guest-page-fault");
    check_words(TRACE_INJECT, 13, "load-page-fault");
    check_words(TRACE_INJECT, 0, "fetch-misaligned");
    check_words(TRACE_EXIT, 11, "cause 0xb");
    check_words(TRACE_EXIT, 24, "cause 0x18");
    check_words(TRACE_EXIT, 0xffffffff, "cause 0xffffffff");
}

TEST(sbi_calls_have_extension_and_function)
{
    check_words(TRACE_SBI, trace_sbi_call(SBI_EXT_TIME, 0), "TIME set_timer");
    check_words(TRACE_SBI, trace_sbi_call(SBI_EXT_BASE, 3), "Base probe_extension");
    check_words(TRACE_SBI, trace_sbi_call(SBI_EXT_DBCN, 2), "DBCN console_write_byte");
    check_words(TRACE_SBI, trace_sbi_call(SBI_EXT_DBCN, 7), "DBCN function 7");
    check_words(TRACE_SBI, trace_sbi_call(SBI_EXT_DBCN, 31), "DBCN function 31");
    check_words(TRACE_SBI, trace_sbi_call(1, 77), "legacy console_putchar");
    check_words(TRACE_SBI, trace_sbi_call(8, 0), "legacy shutdown");
    check_words(TRACE_SBI, 0x12345678, "unknown 0x12345678");
}

TEST(device_accesses_have_device_and_offset)
{
    check_words(TRACE_READ, 0x10000005, "uart +0x5");
    check_words(TRACE_WRITE, 0x0c201004, "plic +0x201004");
    check_words(TRACE_READ, 0x10000008, "gPA 0x10000008");
}

TEST(faults_have_all_34_bits)
{
    check_words(TRACE_FAULT, 0x43000001, "gPA 0x10c000004");
}

TEST(instructions_that_are_met_often_have_names)
{
    check_words(TRACE_INSN, 0x10500073, "wfi");
    check_words(TRACE_INSN, 0x00d00073, "wrs.nto");
    check_words(TRACE_INSN, 0xc0102573, "csr 0xc01");
    check_words(TRACE_INSN, 0x30200073, "0x30200073");
}

TEST(interrupts_are_named_by_either_number)
{
    check_words(TRACE_INTERRUPT, 1, "software");
    check_words(TRACE_INTERRUPT, 2, "software");
    check_words(TRACE_INTERRUPT, 5, "timer");
    check_words(TRACE_INTERRUPT, 10, "external");
    check_words(TRACE_INTERRUPT, 3, "3");
}

TEST(the_rest_is_told_as_it_is)
{
    check_words(TRACE_FENCE, 2, "2");
    check_words(TRACE_LIFE, VM_RUNNING, "running");
    check_words(TRACE_LIFE, 99, "?");
    check_words(TRACE_KINDS, 0xabc, "0x00000abc");
}

/* The filter of a line of words; the first of them is the command. */
static struct trace_filter filter;

static bool parse(u32 count, const char *const *words)
{
    struct arguments arguments = {.count = count + 1};

    start();
    for (u32 i = 0; i < count; i++)
        arguments.word[i + 1] = words[i];
    return trace_filter_parse(&arguments, 1, 20, &filter) == COMMAND_DONE;
}

#define PARSE(...) \
    parse(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *[]){__VA_ARGS__})

TEST(without_words_all_pass)
{
    struct trace_entry entry = event(TRACE_READ, 0);

    CHECK(parse(0, NULL));
    CHECK_EQ(filter.newest, 20);
    CHECK(trace_filter_passes(&filter, &entry));
}

TEST(all_words_together)
{
    CHECK(PARSE("7", "vm", "two", "cause", "read", "device", "uart", "hart", "5"));
    CHECK_EQ(filter.newest, 7);
    CHECK_EQ(filter.vm, 1);
    CHECK_EQ(filter.hart, 1);
    CHECK_STR(filter.cause, "read");
    CHECK_STR(filter.device, "uart");
}

TEST(wrong_words_are_told)
{
    CHECK(!PARSE("vm", "three"));
    CHECK(strstr(reason, "three"));
    CHECK(!PARSE("cause", "sbl"));
    CHECK(strstr(reason, "did you mean \"sbi\""));
    CHECK(!PARSE("cause", "load-page-falt"));
    CHECK(strstr(reason, "load-page-fault"));
    CHECK(!PARSE("device", "disk"));
    CHECK(strstr(reason, "uart, plic"));
    CHECK(!PARSE("hart", "0"));
    CHECK(strstr(reason, "no hart 0"));
    CHECK(!PARSE("vm"));
    CHECK(strstr(reason, "needs a value"));
    CHECK(!PARSE("colour", "red"));
    CHECK(strstr(reason, "not \"colour\""));
}

TEST(a_vm_s_events_pass_and_no_other_s)
{
    struct trace_entry entry = event(TRACE_INSN, 0);

    CHECK(PARSE("vm", "two"));
    CHECK(!trace_filter_passes(&filter, &entry));
    entry.whom = 1 << 8 | 3;
    CHECK(trace_filter_passes(&filter, &entry));
}

TEST(a_hart_s_events_pass_by_its_id)
{
    struct trace_entry entry = event(TRACE_INSN, 0);

    CHECK(PARSE("hart", "5"));
    CHECK(!trace_filter_passes(&filter, &entry));
    entry.hart = 1;
    CHECK(trace_filter_passes(&filter, &entry));
}

static bool cause_lets(const char *cause, enum trace_kind kind, u32 data)
{
    struct trace_entry entry = event(kind, data);

    CHECK(PARSE("cause", cause));
    return trace_filter_passes(&filter, &entry);
}

TEST(causes_are_kinds_or_words_of_what_happened)
{
    CHECK(cause_lets("sbi", TRACE_SBI, trace_sbi_call(SBI_EXT_TIME, 0)));
    CHECK(cause_lets("TIME", TRACE_SBI, trace_sbi_call(SBI_EXT_TIME, 0)));
    CHECK(!cause_lets("DBCN", TRACE_SBI, trace_sbi_call(SBI_EXT_TIME, 0)));
    CHECK(cause_lets("wfi", TRACE_INSN, 0x10500073));
    CHECK(!cause_lets("insn", TRACE_SBI, 0));
    CHECK(cause_lets("timer", TRACE_INTERRUPT, 5));
    CHECK(!cause_lets("timer", TRACE_EXIT, 0x80000005)); /* timer-interrupt: another word */
    CHECK(cause_lets("timer-interrupt", TRACE_EXIT, 0x80000005));
}

TEST(a_device_s_accesses_pass_and_nothing_else)
{
    struct trace_entry entry = event(TRACE_READ, 0x10000005);

    CHECK(PARSE("device", "uart"));
    CHECK(trace_filter_passes(&filter, &entry));
    entry.kind = TRACE_WRITE;
    CHECK(trace_filter_passes(&filter, &entry));
    entry.kind = TRACE_INSN;
    CHECK(!trace_filter_passes(&filter, &entry));
    entry = event(TRACE_READ, 0x0c000000);
    CHECK(!trace_filter_passes(&filter, &entry));
    entry = event(TRACE_READ, 0x30000000);
    CHECK(!trace_filter_passes(&filter, &entry));
}

static char line[TRACE_JSON_LINE];

TEST(an_instant_is_one_object_with_a_comma)
{
    struct trace_entry entry = event(TRACE_SBI, trace_sbi_call(SBI_EXT_TIME, 0));

    start();
    entry.hart = 1;
    entry.whom = 1 << 8 | 2;
    CHECK(trace_json_event(&entry, line));
    CHECK_STR(line, "{\"name\":\"sbi TIME set_timer\",\"cat\":\"sbi\",\"ph\":\"i\",\"s\":\"t\","
                    "\"ts\":1234.500,\"pid\":1,\"tid\":0,"
                    "\"args\":{\"vcpu\":\"two/2\",\"pc\":\"0xc0001234\"}},");
}

TEST(a_stretch_is_from_load_to_put_on_its_hart)
{
    struct trace_entry load = event(TRACE_LOAD, 0), put = event(TRACE_PUT, 1);

    start();
    put.time = load.time + 25;
    CHECK(!trace_json_event(&load, line));
    put.hart = 1;
    CHECK(!trace_json_event(&put, line)); /* nothing was loaded there */
    put.hart = 0;
    CHECK(trace_json_event(&put, line));
    CHECK_STR(line, "{\"name\":\"one/0\",\"cat\":\"run\",\"ph\":\"X\",\"ts\":1234.500,"
                    "\"dur\":2.500,\"pid\":0,\"tid\":0},");
    CHECK(!trace_json_event(&put, line)); /* it has ended */
}

TEST(a_put_whose_load_is_forgotten_has_no_stretch)
{
    struct trace_entry put = event(TRACE_PUT, 0);

    start();
    CHECK(!trace_json_event(&put, line));
}

TEST(names_cannot_end_a_json_string)
{
    struct trace_entry entry = event(TRACE_FENCE, 1);

    start();
    vm_one.config.name = "a\"b\\c\td";
    CHECK(trace_json_event(&entry, line));
    CHECK(strstr(line, "\"vcpu\":\"a_b_c_d/0\""));
}

TEST(the_longest_line_has_room)
{
    struct trace_entry entry = event(TRACE_SBI, trace_sbi_call(SBI_EXT_RFENCE, 255));

    start();
    vm_one.config.name = "abcdefghijklmnopqrstuvwx";
    entry.time = ~0ull;
    entry.hart = MAX_HARTS - 1;
    entry.whom = 0xff;
    CHECK(trace_json_event(&entry, line));
    CHECK_STR(line + strlen(line) - 3, "}},");
    entry.kind = TRACE_EXIT;
    entry.data = CAUSE_STORE_GUEST_PAGE;
    CHECK(trace_json_event(&entry, line));
    CHECK_STR(line + strlen(line) - 3, "}},");
}

TEST(what_no_hart_or_vm_has_is_harmless)
{
    struct trace_entry entry = event(TRACE_FENCE, 1);

    start();
    entry.whom = 63 << 8;
    CHECK(trace_json_event(&entry, line));
    CHECK(strstr(line, "\"?/0\""));
    entry.hart = MAX_HARTS;
    CHECK(!trace_json_event(&entry, line));
    entry.hart = 0;
    entry.kind = TRACE_KINDS;
    CHECK(!trace_json_event(&entry, line));
}

UNIT_MAIN("trace_text")
