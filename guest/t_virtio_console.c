/*
 * The virtio console: what is printed on it arrives, whole and in order, and what is typed is read,
 * into buffers of any size. Somebody has to type a line each time that is asked for.
 */
#include "guest/lib/hart.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/virtio_ways.h"

#define RECEIVE 0
#define SEND    1

#define LINE_MAX   64
#define TYPE_TICKS 300000000u /* of `time`: how long is waited for somebody who types */
#define LONG_LINE  1000u

#define UNUSED_RAM  0x80c00000u
#define UNUSED_SIZE 0x400000u /* bytes: seconds of printing */
#define LONG_TICKS  100000000u

static struct virtio console;
static struct virtq queues[2];

static bool open_console(void)
{
    if (!virtio_find(VIRTIO_CONSOLE, 0, &console) || !virtio_begin(&console, 0, virtio_way) ||
        !virtio_set_queue(&console, RECEIVE, &queues[RECEIVE], 16) ||
        !virtio_set_queue(&console, SEND, &queues[SEND], 16)) {
        test_fail("no console to work with");
        return false;
    }
    virtio_go(&console);
    return true;
}

static bool print_pieces(const struct virtq_buffer *pieces, u32 count)
{
    if (virtq_add(&queues[SEND], pieces, count, 0) < 0)
        return false;
    virtio_kick(&console, SEND, &queues[SEND]);
    return virtio_wait(&queues[SEND]) && virtq_take(&queues[SEND], NULL, NULL);
}

static bool print(const char *text)
{
    struct virtq_buffer piece = {text, strlen(text)};

    return print_pieces(&piece, 1);
}

static const char *way_name(void)
{
    static char name[40];

    snprintf(name, sizeof(name), "%s%s%s", virtio_way.packed ? "packed" : "split",
             virtio_way.event_index ? " event" : "", virtio_way.indirect ? " indirect" : "");
    return name;
}

/* tests/virtio.cfg looks for the lines. */
static void prints_a_line(void)
{
    char line[LINE_MAX];

    if (!open_console())
        return;
    snprintf(line, sizeof(line), "console: a line, %s\n", way_name());
    CHECK(print(line), "the buffer does not come back");
}

static void prints_in_pieces(void)
{
    const char *name = way_name();
    struct virtq_buffer pieces[] = {{"console: ", 9}, {"pie", 3},           {"c", 1},
                                    {"es, ", 4},      {name, strlen(name)}, {"\n", 1}};

    if (!open_console())
        return;
    CHECK(print_pieces(pieces, ARRAY_SIZE(pieces)), "the buffers do not come back");
}

static void prints_a_long_line(void)
{
    static char line[LONG_LINE + 1];

    if (!open_console())
        return;
    memset(line, '.', LONG_LINE);
    memcpy(line, "console: long ", 14);
    line[LONG_LINE - 1] = '\n';
    CHECK(print(line), "the buffer does not come back");
}

static void prints_many_lines(void)
{
    char line[LINE_MAX];

    if (!open_console())
        return;
    for (u32 i = 0; i < 40; i++) {
        snprintf(line, sizeof(line), "console: %u of 40\n", i);
        CHECK(print(line), "line %u does not come back", i);
    }
}

static void prints_by_interrupt(void)
{
    struct virtq_buffer piece = {"console: by interrupt\n", 22};

    if (!open_console())
        return;
    virtio_take_interrupts(&console);
    virtq_interrupt(&queues[SEND], VIRTQ_AT_NEXT);
    virtq_add(&queues[SEND], &piece, 1, 0);
    virtio_kick(&console, SEND, &queues[SEND]);
    bool used = virtio_sleep(&queues[SEND]) && virtq_take(&queues[SEND], NULL, NULL);
    bool interrupted = hart_wait_value(&console.interrupts, 1);
    virtio_leave_interrupts(&console);
    CHECK(used, "the buffer does not come back");
    CHECK(interrupted, "no interrupt");
}

/* Nothing is typed: buffers to read into stay with the device until a reset, and are not touched.
 */
static void buffers_wait(void)
{
    static u8 buffer[16];
    struct virtq_buffer piece = {buffer, sizeof(buffer)};

    if (!open_console())
        return;
    memset(buffer, 0xa5, sizeof(buffer));
    virtq_add(&queues[RECEIVE], &piece, 0, 1);
    virtio_kick(&console, RECEIVE, &queues[RECEIVE]);
    for (u32 i = 0; i < 10; i++)
        hart_relax();
    CHECK(!virtq_has_used(&queues[RECEIVE]), "something was typed");
    virtio_reset(&console);
    for (u32 i = 0; i < sizeof(buffer); i++)
        CHECK_EQ(buffer[i], 0xa5);
}

/* Reads a line, through buffers of 3 bytes that come back in order. Returns its length, without
 * its end; 0: nobody typed one. */
static u32 read_line(char *line)
{
    static u8 pieces[8][3];
    u64 limit = read_time() + TYPE_TICKS;
    u32 length = 0, written;
    u16 id;

    for (u32 i = 0; i < ARRAY_SIZE(pieces); i++) {
        struct virtq_buffer piece = {pieces[i], sizeof(pieces[i])};
        if (virtq_add(&queues[RECEIVE], &piece, 0, 1) != (s32)i)
            return 0;
    }
    virtio_kick(&console, RECEIVE, &queues[RECEIVE]);
    while (length < LINE_MAX - 3 && read_time() < limit) {
        if (!virtq_take(&queues[RECEIVE], &id, &written)) {
            hart_relax();
            continue;
        }
        memcpy(line + length, pieces[id], written);
        length += written;
        if (line[length - 1] == '\n' || line[length - 1] == '\r')
            return length - 1;
        struct virtq_buffer piece = {pieces[id], sizeof(pieces[id])};
        virtq_add(&queues[RECEIVE], &piece, 0, 1); /* gets the id that has just become free */
        virtio_kick(&console, RECEIVE, &queues[RECEIVE]);
    }
    return 0;
}

/* Asks on the console itself: one that nothing was printed on may be taken for one not in use. */
static void read_what_is_typed(void)
{
    char line[LINE_MAX];

    if (!open_console())
        return;
    snprintf(line, sizeof(line), "type a line (%s):\n", way_name());
    CHECK(print(line), "cannot print");
    u32 length = read_line(line);
    CHECK(length > 0, "nobody typed");
    line[length] = '\0';
    CHECK(strcmp(line, "the quick brown fox") == 0, "what was typed is \"%s\"", line);
}

static void split_reads_what_is_typed(void)
{
    virtio_way = (struct virtq_way){0};
    read_what_is_typed();
}

static void packed_reads_what_is_typed(void)
{
    virtio_way = (struct virtq_way){true, true, true};
    if (!virtio_begin(&console, 0, virtio_way))
        SKIP("the device has no such queues");
    read_what_is_typed();
}

/* A chain of megabytes takes long to print. Meanwhile the guest has time of its own, if only to
 * call it off. */
static void long_work_leaves_time(void)
{
    struct virtq_buffer piece = {(void *)UNUSED_RAM, UNUSED_SIZE};

    if (runs_natively())
        SKIP("QEMU prints it at once, however long that takes");
    virtio_way = (struct virtq_way){0};
    if (!open_console())
        return;
    memset((void *)UNUSED_RAM, ' ', UNUSED_SIZE);
    u64 start = read_time();
    virtq_add(&queues[SEND], &piece, 1, 0);
    virtio_kick(&console, SEND, &queues[SEND]);
    for (u32 i = 0; i < 10; i++)
        hart_relax();
    bool printed = virtq_has_used(&queues[SEND]);
    virtio_reset(&console);
    printf("\n");
    CHECK(!printed, "it was printed to its end first");
    CHECK(read_time() - start < LONG_TICKS, "it took %u ms to call it off",
          (u32)(read_time() - start) / 10000);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(prints_a_line),     CASE(prints_in_pieces),    CASE(prints_a_long_line),
        CASE(prints_many_lines), CASE(prints_by_interrupt), CASE(buffers_wait),
    };
    static const struct test_case once[] = {
        CASE(split_reads_what_is_typed),
        CASE(packed_reads_what_is_typed),
        CASE(long_work_leaves_time),
    };
    static const struct virtio_cases all = {.cases = cases, .count = ARRAY_SIZE(cases)};

    test_begin("t_virtio_console");
    if (virtio_find(VIRTIO_CONSOLE, 0, &console)) {
        virtio_run_ways(&console, &all, 1);
        for (u32 i = 0; i < ARRAY_SIZE(once); i++)
            test_one(&once[i]);
    }
    return test_end();
}
