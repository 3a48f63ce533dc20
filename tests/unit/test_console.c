/*
 * The consoles of VMs: what the machine's console shows of them, byte for byte, what their
 * scroll-backs hold, and who gets what is typed.
 */
#include <pthread.h>

#include "tests/unit/unit.h"
#include "tests/unit/fake_lock.h"
#include "tests/unit/fake_vm.h"
#include "tests/unit/fake_console.h"
#include "hyp/dev/uart16550.c"
#include "hyp/vm/console.c"
#include "hyp/vm/console_input.c"
#include "hyp/vm/console_view.c"

#define COUNT 3

struct vm *vms[VM_MAX];
u32 vm_count;

/* The VM that reads from its virtio console; NULL: none. */
static const struct vm *reader;
static u32 called; /* it to read */

bool devices_take_typed(const struct vm *vm)
{
    called += vm == reader;
    return vm == reader;
}

static struct vm machines[COUNT];
static struct timer *armed;
static u32 armed_for; /* milliseconds */
static u32 told;

static struct {
    char text[1 << 20];
    u32 size;
} out;

void timer_arm(struct timer *timer, u64 deadline)
{
    __atomic_store_n(&armed_for, (u32)(deadline - fake_time), __ATOMIC_RELAXED);
    __atomic_store_n(&armed, timer, __ATOMIC_RELAXED);
}

u64 timer_after(u32 milliseconds)
{
    return fake_time + milliseconds;
}

void timer_cancel_wait(struct timer *timer)
{
    if (armed == timer)
        armed = NULL;
}

static void fire_once(void)
{
    struct timer *timer = armed;

    armed = NULL;
    CHECK(timer);
    timer->fire(timer);
}

/* Until the line has rested. */
static void fire(void)
{
    while (armed)
        fire_once();
}

static void take(void *device, const char *text, u32 size)
{
    (void)device;
    CHECK(size <= VM_CONSOLE_LINE);
    CHECK(out.size + size < sizeof(out.text));
    memcpy(out.text + out.size, text, size);
    out.size += size;
    out.text[out.size] = '\0';
}

static void forget(void)
{
    out.size = 0;
    out.text[0] = '\0';
}

static void count_told(struct vm *vm)
{
    (void)vm;
    __atomic_fetch_add(&told, 1, __ATOMIC_RELAXED);
}

static void no_irq(void *controller, u32 source, bool level)
{
    (void)controller, (void)source, (void)level;
}

static void drained(void *vm)
{
    vm_console_feed(vm);
}

/* `count` VMs called a, b, c; all in view. */
static void begin(u32 count)
{
    static const char *const names[COUNT] = {"a", "b", "c"};

    memset(machines, 0, sizeof(machines));
    for (u32 i = 0; i < COUNT; i++) {
        machines[i].index = i;
        machines[i].config.name = names[i];
    }
    vm_console_printed = count_told;
    told = 0;
    armed = NULL;
    vm_count = 0;
    console_set_sink(&(struct console_sink){.write = take});
    vm_console_view(VIEW_ALL, NULL, 0);
    vm_console_colour(false);
    console_end_line();
    for (u32 i = 0; i < count; i++) {
        struct uart_host host = {.put = NULL, .drained = drained, .ctx = &machines[i]};

        uart16550_init(&machines[i].platform.uart, (struct irq_line){.set = no_irq}, &host);
        vm_console_init(&machines[i]);
        vm_console_start(&machines[i]);
        vms[vm_count++] = &machines[i];
    }
    forget();
}

static struct vm *const a = &machines[0], *const b = &machines[1], *const c = &machines[2];

static void print(struct vm *vm, const char *text)
{
    while (*text)
        vm_console_put(vm, (u8)*text++);
}

static void print_numbers(struct vm *vm, u32 from, u32 to)
{
    char line[32];

    for (u32 i = from; i < to; i++) {
        snprintf(line, sizeof(line), "line %u\n", i);
        print(vm, line);
    }
}

/* The scroll-back, read in pieces of `piece` bytes. */
static const char *past_of(struct vm *vm, u32 piece)
{
    static char text[VM_CONSOLE_SCROLLBACK + 1];
    u32 size = 0, count;
    u64 from = 0;

    while ((count = vm_console_read_past(
                vm, &from, text + size,
                piece < sizeof(text) - 1 - size ? piece : (u32)sizeof(text) - 1 - size)))
        size += count;
    text[size] = '\0';
    return text;
}

/* ---------------------------------------------------------------- what is shown */

TEST(one_vm_is_shown_byte_for_byte)
{
    begin(1);
    print(a, "one\r\ntwo\n\nthree\x1b[1m\n");
    CHECK_STR(out.text, "one\r\ntwo\n\nthree\x1b[1m\n");
}

TEST(of_several_each_line_has_the_name)
{
    begin(2);
    print(a, "one\r\n");
    print(b, "two\n\n");
    print(a, "three\n");
    CHECK_STR(out.text, "[a] one\r\n[b] two\n[b] \n[a] three\n");
}

TEST(a_line_waits_for_its_end)
{
    begin(2);
    print(a, "hel");
    print(b, "other\n");
    print(a, "lo\n");
    CHECK_STR(out.text, "[b] other\n[a] hello\n");
}

TEST(a_line_without_an_end_shows_after_a_while)
{
    begin(1);
    print(a, "login: ");
    CHECK_STR(out.text, "");
    CHECK_EQ(armed_for, FLUSH_MS);
    fire_once();
    CHECK_STR(out.text, "login: ");
    CHECK(!armed);
    print(a, "root");
    fire_once();
    CHECK_STR(out.text, "login: root");
}

TEST(among_others_a_line_is_broken_only_when_it_rests)
{
    begin(2);
    print(a, "lo");
    CHECK_EQ(armed_for, SHARED_FLUSH_MS);
    fire_once(); /* it has grown */
    print(a, "gin");
    fire_once();
    print(b, "x\n");
    armed = &a->console.flush;
    print(a, ":");
    fire_once();
    CHECK_STR(out.text, "[b] x\n");
    CHECK_EQ(armed_for, SHARED_FLUSH_MS);
    fire_once();
    CHECK(!armed);
    CHECK_STR(out.text, "[b] x\n[a] login:");
    print(a, " root");
    fire();
    print(b, "y\n");
    print(a, "!\n");
    CHECK_STR(out.text, "[b] x\n[a] login: root\r\n[b] y\n[a] !\n");
}

TEST(a_long_line_before_does_not_count_as_growth)
{
    begin(2);
    print(a, "a long line without an end");
    fire();
    print(a, "-");
    fire_once();
    print(a, "--");
    fire_once();
    CHECK(armed); /* three now, one before */
    fire_once();
    CHECK_STR(out.text, "[a] a long line without an end---");
}

TEST(one_timer_serves_many_lines)
{
    struct timer *timer;

    begin(1);
    print(a, "one\ntw");
    timer = armed;
    armed = NULL; /* to see whether it is armed again */
    print(a, "o\nthr");
    CHECK(timer && !armed);
    timer->fire(timer);
    CHECK_STR(out.text, "one\ntwo\nthr");
    print(a, "ee");
    CHECK(armed == timer);
    armed = NULL;
    vm_console_stop(a);
    vm_console_start(a);
    print(a, "\nanew");
    CHECK(armed == timer);
}

TEST(a_long_line_goes_in_parts)
{
    char text[3 * VM_CONSOLE_LINE + 50];

    begin(1);
    for (u32 i = 0; i < sizeof(text) - 1; i++)
        text[i] = (char)('a' + i % 26);
    text[sizeof(text) - 1] = '\0';
    print(a, text);
    CHECK_EQ(out.size, 3 * VM_CONSOLE_LINE);
    fire();
    CHECK_STR(out.text, text);
}

TEST(every_byte_may_be_printed)
{
    begin(1);
    for (u32 i = 0; i < 256; i++)
        vm_console_put(a, (u8)i);
    vm_console_flush(a);
    CHECK_EQ(out.size, 256);
    for (u32 i = 0; i < 256; i++)
        CHECK_EQ((u8)out.text[i], i);
}

/* Lines of every length, over and over round the ring: all comes out, the newest is kept. */
TEST(nothing_is_lost_round_the_ring)
{
    static char text[300000];
    u32 seed = 1, size = 0;

    begin(1);
    while (size < sizeof(text) - 1) {
        u32 length;

        seed = seed * 1103515245 + 12345;
        for (length = seed >> 16 & 0x1ff; length && size < sizeof(text) - 1; length--)
            text[size++] = length == 1 ? '\n' : (char)('!' + (length + seed) % 90);
        if (seed >> 28 == 0)
            text[size - 1] = '.'; /* not every line ends there */
    }
    for (u32 i = 0; i < size; i++) {
        vm_console_put(a, (u8)text[i]);
        if (i % 997 == 0)
            vm_console_flush(a);
    }
    vm_console_flush(a);
    CHECK_EQ(out.size, size);
    CHECK(!memcmp(out.text, text, size));
    for (u32 piece = 1; piece < 2 * VM_CONSOLE_SCROLLBACK; piece = piece * 7 / 2 + 1) {
        const char *past = past_of(a, piece);

        CHECK_EQ(strlen(past), VM_CONSOLE_SCROLLBACK);
        CHECK(!memcmp(past, text + size - VM_CONSOLE_SCROLLBACK, VM_CONSOLE_SCROLLBACK));
    }
}

TEST(names_may_have_colours)
{
    begin(3);
    vm_console_colour(true);
    print(a, "x\n");
    print(b, "y\n");
    CHECK_STR(out.text, "\033[0;36m[a]\033[0m x\n\033[0;32m[b]\033[0m y\n");
    vm_console_colour(false);
    forget();
    print(a, "x\n");
    CHECK_STR(out.text, "[a] x\n");
}

TEST(every_label_has_room)
{
    begin(1);
    a->config.name = "a-name-of-twenty-four-ch";
    CHECK_EQ(strlen(a->config.name), VM_NAME_MAX);
    a->index = 11;
    vm_console_colour(true);
    CHECK_STR(a->console.label, "\033[1;31m[a-name-of-twenty-four-ch]\033[0m ");
    vm_console_colour(false);
}

TEST(a_reader_is_told_of_lines_and_flushes)
{
    begin(2);
    print(a, "text");
    CHECK_EQ(told, 0);
    fire();
    CHECK_EQ(told, 1);
    vm_console_flush(a); /* nothing to be told */
    CHECK_EQ(told, 1);
    print(a, "\n");
    CHECK_EQ(told, 2);
    vm_console_view(VIEW_NONE, NULL, 0);
    print(a, "hidden\n");
    CHECK_EQ(told, 3);
}

/* ---------------------------------------------------------------- views */

TEST(the_one_in_view_has_no_name_and_the_others_are_kept)
{
    begin(3);
    vm_console_view(VIEW_ONE, b, 0);
    print(a, "from a\n");
    print(b, "from b\n");
    print(c, "part");
    fire();
    CHECK_STR(out.text, "from b\n");
    CHECK_STR(past_of(a, 100), "from a\n");
    CHECK_STR(past_of(b, 100), "from b\n");
    CHECK_STR(past_of(c, 100), "part");
}

TEST(with_none_in_view_all_is_kept)
{
    begin(2);
    vm_console_view(VIEW_NONE, NULL, 0);
    print(a, "one\ntwo");
    vm_console_flush(a);
    CHECK_STR(out.text, "");
    CHECK_STR(past_of(a, 3), "one\ntwo");
}

TEST(switching_shows_the_last_lines_again)
{
    begin(2);
    print(a, "one\r\ntwo\r\nthree\r\n~ # ");
    vm_console_flush(a);
    forget();
    vm_console_view(VIEW_ONE, a, 2);
    CHECK_STR(out.text, "\r\ntwo\r\nthree\r\n~ # ");
    forget();
    print(a, "ls\r\n");
    CHECK_STR(out.text, "ls\r\n");
    forget();
    vm_console_view(VIEW_ONE, a, 0); /* the unfinished line: there is none */
    CHECK_STR(out.text, "");
    vm_console_view(VIEW_ONE, a, 1000);
    CHECK_STR(out.text, "one\r\ntwo\r\nthree\r\n~ # ls\r\n");
}

TEST(what_waits_at_the_switch_is_shown_once)
{
    begin(2);
    print(a, "one\ntwo, not yet flushed");
    forget();
    vm_console_view(VIEW_ONE, a, 1);
    CHECK_STR(out.text, "one\ntwo, not yet flushed");
    print(a, " and on\n");
    CHECK_STR(out.text, "one\ntwo, not yet flushed and on\n");
}

TEST(a_replay_is_as_long_as_whole_lines_of_the_ring_allow)
{
    u32 first;

    begin(2);
    print_numbers(a, 0, 5000);
    forget();
    vm_console_view(VIEW_ONE, a, 5000);
    CHECK(out.size <= VM_CONSOLE_REPLAY && out.size > VM_CONSOLE_REPLAY - 16);
    CHECK_EQ(sscanf(out.text, "line %u\n", &first), 1);
    print_numbers(a, 5000, 5100);
    for (const char *at = out.text; *at; at = strchr(at, '\n') + 1, first++) {
        u32 number;

        CHECK_EQ(sscanf(at, "line %u\n", &number), 1);
        CHECK_EQ(number, first);
    }
    CHECK_EQ(first, 5100);
}

TEST(a_replay_without_a_line_in_the_ring_is_its_end)
{
    begin(2);
    for (u32 i = 0; i < 3 * VM_CONSOLE_SCROLLBACK; i++)
        vm_console_put(a, 'x');
    forget();
    vm_console_view(VIEW_ONE, a, 3);
    CHECK_EQ(out.size, 2 + VM_CONSOLE_REPLAY);
}

TEST(back_in_view_a_line_begins_at_its_beginning)
{
    begin(3);
    vm_console_view(VIEW_ONE, a, 0);
    print(a, "a: ");
    print(b, "old\nlogin: ");
    vm_console_flush(a);
    vm_console_flush(b);
    forget();
    vm_console_view(VIEW_ALL, NULL, 0);
    CHECK_STR(out.text, "\r\n[b] login: ");
    print(b, "root\n");
    print(a, "x\n");
    CHECK_STR(out.text, "\r\n[b] login: root\n[a] x\n");
}

TEST(a_vm_that_was_seldom_in_view_shows_nothing_twice)
{
    begin(2);
    print(b, "1\n");
    vm_console_view(VIEW_ONE, a, 0);
    print(b, "2\n");
    vm_console_view(VIEW_NONE, NULL, 0);
    print(b, "3\n");
    vm_console_view(VIEW_ALL, NULL, 0);
    print(b, "4\n");
    CHECK_STR(out.text, "[b] 1\n[b] 4\n");
}

TEST(choosing_the_view_that_is_breaks_no_line)
{
    begin(2);
    print(a, "half");
    vm_console_view(VIEW_ALL, NULL, 0);
    print(a, " a line\n");
    CHECK_STR(out.text, "[a] half a line\n");
}

TEST(a_new_vm_is_in_view_or_not)
{
    begin(2);
    vm_console_view(VIEW_ONE, a, 0);
    vm_console_init(c);
    print(c, "hidden\n");
    CHECK_STR(out.text, "");
    vm_console_view(VIEW_ALL, NULL, 0);
    print(c, "seen\n");
    CHECK_STR(out.text, "[c] seen\n");
}

/* ---------------------------------------------------------------- input */

static void type(struct vm *vm, const char *text)
{
    while (*text)
        CHECK(vm_console_type(vm, (u8)*text++));
}

TEST(what_is_typed_reaches_one_vm)
{
    begin(2);
    type(a, "hello");
    for (const char *p = "hello"; *p; p++)
        CHECK_EQ(vm_console_get(a), *p);
    CHECK(vm_console_get(a) == -1);
    CHECK(vm_console_get(b) == -1);
}

TEST(a_virtio_console_that_is_read_gets_what_is_typed)
{
    u8 bytes[8];

    begin(1);
    type(a, "u");
    reader = a;
    called = 0;
    type(a, "ab");
    CHECK_EQ(called, 2);
    CHECK_EQ(vm_console_take(a, bytes, 1), 1);
    CHECK_EQ(bytes[0], 'a');
    CHECK_EQ(vm_console_take(a, bytes, 8), 1);
    CHECK_EQ(bytes[0], 'b');
    CHECK_EQ(vm_console_take(a, bytes, 8), 0);
    reader = NULL;
    CHECK_EQ(vm_console_get(a), 'u'); /* what the UART had stays there */
    CHECK(vm_console_get(a) == -1);
}

TEST(a_vm_that_is_off_takes_nothing)
{
    begin(2);
    vm_console_stop(a);
    CHECK(!vm_console_type(a, 'x'));
    vm_console_start(a);
    CHECK(vm_console_type(a, 'y'));
    CHECK_EQ(vm_console_get(a), 'y');
}

TEST(a_whole_queue_unread_refuses_more_and_loses_none)
{
    u32 typed = 0, got;

    begin(1);
    while (vm_console_type(a, (u8)(typed % 251)))
        typed++;
    CHECK_EQ(typed, VM_CONSOLE_INPUT + 1); /* the UART's buffer has one */
    for (got = 0; got < typed; got++)
        CHECK_EQ(vm_console_get(a), got % 251);
    CHECK(vm_console_get(a) == -1);
    CHECK(vm_console_type(a, 'x'));
}

TEST(at_the_end_of_a_life_the_last_line_is_shown)
{
    begin(2);
    print(a, "going down");
    vm_console_stop(a);
    CHECK_STR(out.text, "[a] going down");
    CHECK(!armed);
}

/* ---------------------------------------------------------------- several harts */

#define LINES    4000
#define SWITCHES 300

static const char filler[] = "................................................................";
static u32 line_limit; /* after which the threads end */

/* Numbered lines of many lengths. */
static void *print_lines(void *ctx)
{
    struct vm *vm = ctx;
    char line[128];

    for (u32 i = 0; i < __atomic_load_n(&line_limit, __ATOMIC_RELAXED); i++) {
        snprintf(line, sizeof(line), "%s%09u%.*s\n", vm->config.name, i, (int)(i * 13 % 60),
                 filler);
        print(vm, line);
        sched_yield();
    }
    return NULL;
}

static void start_printing(pthread_t threads[COUNT], u32 limit)
{
    line_limit = limit;
    for (u32 i = 0; i < COUNT; i++)
        CHECK(!pthread_create(&threads[i], NULL, print_lines, vms[i]));
}

static void join_all(pthread_t threads[COUNT])
{
    for (u32 i = 0; i < COUNT; i++)
        pthread_join(threads[i], NULL);
}

/* The VM and the number of the line at `at`, which must be whole; moves `at` behind it. */
static u32 take_line_of(const char **at, u32 *number)
{
    char name, expected[128];
    u32 size = (u32)(strchr(*at, '\n') + 1 - *at);

    CHECK_EQ(sscanf(*at, "%c%9u", &name, number), 2);
    snprintf(expected, sizeof(expected), "%c%09u%.*s\n", name, *number, (int)(*number * 13 % 60),
             filler);
    CHECK(size == strlen(expected) && !memcmp(*at, expected, size));
    *at += size;
    return (u32)(name - 'a');
}

TEST(lines_of_three_harts_are_whole_and_none_is_lost)
{
    pthread_t threads[COUNT];
    u32 next[COUNT] = {0};

    begin(COUNT);
    start_printing(threads, LINES);
    join_all(threads);
    for (const char *at = out.text; *at;) {
        u32 number, who;

        CHECK(at[0] == '[' && at[2] == ']' && at[3] == ' ' && at[1] == at[4]);
        at += 4;
        who = take_line_of(&at, &number);
        CHECK_EQ(number, next[who]++);
    }
    for (u32 i = 0; i < COUNT; i++)
        CHECK_EQ(next[i], LINES);
}

/*
 * While all print, the view goes from one to the next with a replay: from each switch on there are
 * lines of the one in view alone, whole, one after the other, nothing left out and nothing twice.
 */
TEST(switching_while_all_print_loses_nothing)
{
    pthread_t threads[COUNT];
    u32 seen = 0;

    begin(COUNT);
    start_printing(threads, ~0u);
    for (u32 round = 0; round < SWITCHES; round++) {
        u32 i = round % COUNT, last = 0;

        vm_console_view(VIEW_NONE, NULL, 0);
        forget();
        vm_console_view(VIEW_ONE, vms[i], 50);
        sched_yield();
        vm_console_view(VIEW_NONE, NULL, 0);
        for (const char *at = out.text; strchr(at, '\n');) {
            u32 number;

            if (strstr(at, "\r\n") && strstr(at, "\r\n") < strchr(at, '\n'))
                break; /* a line that the end of the view has cut off */
            CHECK_EQ(take_line_of(&at, &number), i);
            CHECK(!last || number == last + 1);
            last = number;
            seen++;
        }
    }
    __atomic_store_n(&line_limit, 0, __ATOMIC_RELAXED);
    join_all(threads);
    CHECK(seen >= SWITCHES);
}

UNIT_MAIN("console")
