#include "hyp/dev/power_button.h"

enum {
    REG_READ = 0x00,     /* load: the next word of an event    */
    REG_SET_PAGE = 0x00, /* store: the page that DATA shows    */
    REG_LEN = 0x04,      /* bytes of that page                 */
    REG_DATA = 0x08,     /* its bytes, up to the window's end  */
};

/* Types and codes of Linux's input events; the numbers of pages are made of types. */
#define EV_SYN    0u
#define EV_KEY    1u
#define KEY_POWER 116u

#define PAGE_NAME   0x00000u
#define PAGE_EVBITS 0x10000u /* + type: a bit for each code that the device has */

static const u8 name[] = {'P', 'o', 'w', 'e', 'r', ' ', 'B', 'u', 't', 't', 'o', 'n'};
static const u8 types[] = {BIT(EV_SYN) | BIT(EV_KEY)};
static const u8 keys[] = {[KEY_POWER / 8] = BIT(KEY_POWER % 8)};

/* All others are empty. */
static const struct page {
    u32 number, length;
    const u8 *bytes;
} pages[] = {
    {PAGE_NAME, sizeof(name), name},
    {PAGE_EVBITS + EV_SYN, sizeof(types), types}, /* of EV_SYN: the types there are */
    {PAGE_EVBITS + EV_KEY, sizeof(keys), keys},
};

/* Type, code and value of each event: down, up, and after each that it is whole. */
static const u32 press[] = {
    EV_KEY, KEY_POWER, 1, EV_SYN, 0, 0, EV_KEY, KEY_POWER, 0, EV_SYN, 0, 0,
};

static const struct page *shown_page(const struct power_button *button)
{
    static const struct page empty;

    for (u32 i = 0; i < ARRAY_SIZE(pages); i++)
        if (pages[i].number == button->page)
            return &pages[i];
    return &empty;
}

static void set_unread(struct power_button *button, u32 words)
{
    button->unread = words;
    irq_line_set(&button->irq, words != 0);
}

static u32 next_word(struct power_button *button)
{
    u32 word;

    if (!button->unread)
        return 0;
    word = press[ARRAY_SIZE(press) - button->unread];
    set_unread(button, button->unread - 1);
    return word;
}

/* Bytes of the page; zero behind its end. */
static u32 page_data(const struct power_button *button, u32 offset, u32 width)
{
    const struct page *page = shown_page(button);
    u32 value = 0;

    for (u32 i = 0; i < width && offset + i < page->length; i++)
        value |= (u32)page->bytes[offset + i] << 8 * i;
    return value;
}

static enum mmio_result power_button_read(void *device, u32 offset, u32 width, u32 *value)
{
    struct power_button *button = device;

    if (offset < REG_DATA && width != 4)
        return MMIO_FAULT;
    spin_lock(&button->lock);
    if (offset >= REG_DATA)
        *value = page_data(button, offset - REG_DATA, width);
    else
        *value = offset == REG_READ ? next_word(button) : shown_page(button)->length;
    spin_unlock(&button->lock);
    return MMIO_OK;
}

static enum mmio_result power_button_write(void *device, u32 offset, u32 width, u32 value)
{
    struct power_button *button = device;

    if (width != 4)
        return MMIO_FAULT;
    if (offset == REG_SET_PAGE) {
        spin_lock(&button->lock);
        button->page = value;
        spin_unlock(&button->lock);
    }
    return MMIO_OK;
}

const struct mmio_ops power_button_ops = {
    .read = power_button_read,
    .write = power_button_write,
};

void power_button_press(struct power_button *button)
{
    spin_lock(&button->lock);
    if (!button->unread)
        set_unread(button, ARRAY_SIZE(press));
    spin_unlock(&button->lock);
}

void power_button_reset(struct power_button *button)
{
    spin_lock(&button->lock);
    button->page = PAGE_NAME;
    set_unread(button, 0);
    spin_unlock(&button->lock);
}

void power_button_init(struct power_button *button, struct irq_line irq)
{
    *button = (struct power_button){.irq = irq};
    power_button_reset(button);
}
