/* The power button: what a driver finds, a press, and what a guest may do to the device. */
#include "tests/unit/unit.h"
#include "hyp/dev/power_button.c"

static struct power_button button;

static struct {
    bool level;
    u32 rises;
} line;

static void set_line(void *controller, u32 source, bool level)
{
    CHECK(controller == &line && source == 12);
    line.rises += level && !line.level;
    line.level = level;
}

static void start(void)
{
    memset(&line, 0, sizeof(line));
    power_button_init(&button,
                      (struct irq_line){.set = set_line, .controller = &line, .source = 12});
}

static u32 load(u32 offset, u32 width)
{
    u32 value = 0xdeadbeef;

    CHECK_EQ(power_button_ops.read(&button, offset, width, &value), MMIO_OK);
    return value;
}

static void store(u32 offset, u32 value)
{
    CHECK_EQ(power_button_ops.write(&button, offset, 4, value), MMIO_OK);
}

static void check_event(u32 type, u32 code, u32 value)
{
    CHECK(line.level);
    CHECK_EQ(load(0, 4), type);
    CHECK_EQ(load(0, 4), code);
    CHECK_EQ(load(0, 4), value);
}

static void check_press(void)
{
    check_event(1, 116, 1);
    check_event(0, 0, 0);
    check_event(1, 116, 0);
    check_event(0, 0, 0);
    CHECK(!line.level);
}

TEST(a_press_is_the_key_down_and_up)
{
    start();
    CHECK(!line.level);
    power_button_press(&button);
    CHECK(line.level);
    check_press();
    CHECK_EQ(line.rises, 1);
}

TEST(without_a_press_there_is_nothing_to_read)
{
    start();
    for (u32 i = 0; i < 20; i++)
        CHECK_EQ(load(0, 4), 0);
    power_button_press(&button);
    check_press();
    CHECK_EQ(load(0, 4), 0);
    CHECK(!line.level);
}

TEST(it_can_be_pressed_again)
{
    start();
    for (u32 i = 0; i < 100; i++) {
        power_button_press(&button);
        check_press();
    }
    CHECK_EQ(line.rises, 100);
}

TEST(presses_that_nobody_reads_do_not_pile_up)
{
    start();
    for (u32 i = 0; i < 1000; i++)
        power_button_press(&button);
    check_event(1, 116, 1);
    power_button_press(&button);
    check_event(0, 0, 0);
    check_event(1, 116, 0);
    check_event(0, 0, 0);
    CHECK(!line.level);
}

TEST(reset_lets_go_and_forgets)
{
    start();
    power_button_press(&button);
    load(0, 4);
    store(0, 0x10001);
    power_button_reset(&button);
    CHECK(!line.level);
    CHECK_EQ(load(0, 4), 0);
    CHECK_EQ(load(4, 4), 12); /* the page of the name */
    power_button_press(&button);
    check_press();
}

TEST(the_name_is_a_page)
{
    char text[16] = "";
    u32 length;

    start();
    store(0, 0x10000);
    store(0, 0);
    length = load(4, 4);
    CHECK(length < sizeof(text));
    for (u32 i = 0; i < length; i++)
        text[i] = (char)load(8 + i, 1);
    CHECK_STR(text, "Power Button");
}

/* As a driver imports what the device can say: bit by bit, type by type. */
TEST(the_only_key_is_power)
{
    u32 bits = 0;

    start();
    store(0, 0x10000); /* the types: SYN and KEY */
    CHECK_EQ(load(4, 4), 1);
    CHECK_EQ(load(8, 1), 3);
    store(0, 0x10001);
    CHECK_EQ(load(4, 4), 15);
    for (u32 i = 0; i < 15 * 8; i++) {
        if (load(8 + i / 8, 1) & BIT(i % 8)) {
            CHECK_EQ(i, 116);
            bits++;
        }
    }
    CHECK_EQ(bits, 1);
}

TEST(all_other_pages_are_empty)
{
    static const u32 pages_without[] = {1,       0xffff,  0x10002, 0x10003,    0x1001f,
                                        0x20003, 0x20000, 0x30000, 0x80010001, 0xffffffff};

    start();
    for (u32 i = 0; i < ARRAY_SIZE(pages_without); i++) {
        store(0, pages_without[i]);
        CHECK_EQ(load(4, 4), 0);
        CHECK_EQ(load(8, 4), 0);
        CHECK_EQ(load(8, 1), 0);
    }
}

TEST(data_reads_at_every_width_and_is_zero_behind_its_end)
{
    start();
    store(0, 0x10001);
    for (u32 width = 1; width <= 4; width *= 2)
        for (u32 offset = 8; offset < POWER_BUTTON_SIZE; offset += width) {
            u32 expected = 0;

            if (offset <= 22 && 22 < offset + width)
                expected = 0x10u << 8 * (22 - offset);
            CHECK_EQ(load(offset, width), expected);
        }
}

TEST(registers_are_whole_words)
{
    static const u32 narrow[] = {1, 2};
    u32 value;

    start();
    power_button_press(&button);
    for (u32 i = 0; i < ARRAY_SIZE(narrow); i++) {
        u32 width = narrow[i];

        for (u32 offset = 0; offset < 8; offset += width)
            CHECK_EQ(power_button_ops.read(&button, offset, width, &value), MMIO_FAULT);
        CHECK_EQ(power_button_ops.write(&button, 0, width, 0), MMIO_FAULT);
        CHECK_EQ(power_button_ops.write(&button, 8, width, 0), MMIO_FAULT);
    }
    check_press(); /* nothing was lost by it */
}

TEST(stores_elsewhere_change_nothing)
{
    start();
    store(0, 0x10001);
    for (u32 offset = 4; offset < POWER_BUTTON_SIZE; offset += 4)
        store(offset, 0xffffffff);
    CHECK_EQ(load(4, 4), 15);
    CHECK_EQ(load(8, 4), 0);
    CHECK(!line.level);
}

/* Pages may be read in the middle of a press. */
TEST(pages_and_events_do_not_disturb_each_other)
{
    start();
    power_button_press(&button);
    CHECK_EQ(load(0, 4), 1);
    store(0, 0x10001);
    CHECK_EQ(load(4, 4), 15);
    CHECK_EQ(load(0, 4), 116);
    CHECK_EQ(load(8 + 14, 1), 0x10);
    CHECK_EQ(load(0, 4), 1);
}

UNIT_MAIN("power_button")
