/* The ports of the host's network cards, and the groups that they are in. */
#include "hyp/core/pages.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/drv/nics.h"
#include "hyp/drv/switch_parts.h"

#define CARDS_MAX 8

static struct switch_port cards[CARDS_MAX];
static u32 card_count;

#define LEARNED_ORDER 1
_Static_assert(SWITCH_LEARNED_CARD * sizeof(struct switch_address) <= PAGE_SIZE << LEARNED_ORDER,
               "a card's addresses need more room");

static const char uplink[] = "uplink";

/* The number of the card that a group is named after: "uplink" is 0. False: after none. */
static bool card_of_group(const char *group, u32 *number)
{
    const char *digits = group + sizeof(uplink) - 1;

    if (strncmp(group, uplink, sizeof(uplink) - 1))
        return false;
    for (*number = 0; *digits >= '0' && *digits <= '9' && *number < CARDS_MAX; digits++)
        *number = *number * 10 + (u32)(*digits - '0');
    while (*digits >= '0' && *digits <= '9')
        digits++;
    return !*digits;
}

bool uplink_group(const char *place, const char *group, char name[SWITCH_GROUP_MAX + 1])
{
    u32 number;

    if (!*group)
        return complain(place, "a network card needs the name of a group, such as \"lan\"");
    if (strlen(group) > SWITCH_GROUP_MAX)
        return complain(place, "the group's name \"%s\" is longer than %u characters", group,
                        SWITCH_GROUP_MAX);
    if (!card_of_group(group, &number)) {
        format_text(name, SWITCH_GROUP_MAX + 1, "%s", group);
        return true;
    }
    if (number >= card_count && !card_count)
        return complain(place, "group \"%s\": the machine has no network card that we drive",
                        group);
    if (number >= card_count)
        return complain(place, "group \"%s\": the machine's network cards are uplink0 to uplink%u",
                        group, card_count - 1);
    format_text(name, SWITCH_GROUP_MAX + 1, "%s%u", uplink, number);
    return true;
}

static void comes_in(void *ctx, const struct frame *frame)
{
    switch_send(ctx, frame);
}

/* Called with no lock held, by any number of harts. */
void uplink_send(struct switch_port *port, const struct frame *frame)
{
    bool sent = nics_send(port->card - 1, frame);

    spin_lock(&port->lock);
    if (sent) {
        port->counts.out++;
        port->counts.bytes_out += frame->length;
    } else {
        port->counts.dropped_full++;
    }
    spin_unlock(&port->lock);
}

static bool connect_card(u32 number)
{
    struct switch_address *room = page_alloc_ptr(LEARNED_ORDER);
    struct switch_port *port = &cards[number];

    if (!room)
        return complain("network cards", "no memory for uplink%u", number);
    port->card = number + 1;
    format_text(port->group, sizeof(port->group), "%s%u", uplink, number);
    port->name = port->group;
    address_give_room(port, room, SWITCH_LEARNED_CARD);
    port_append(port);
    nics_listen(number, comes_in, port);
    return true;
}

void switch_init(void)
{
    u32 count = nics_count();

    if (count > CARDS_MAX)
        printk("Twofold: network cards: only the first %u of %u are used\n", CARDS_MAX, count);
    while (card_count < count && card_count < CARDS_MAX && connect_card(card_count))
        card_count++;
}
