/* The switch between VMs and to the host's network cards, as it is now. */
#include "hyp/monitor/cmd.h"

#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/drv/nics.h"
#include "hyp/drv/switch.h"
#include "hyp/monitor/show.h"

struct mac_text {
    char text[3 * MAC_SIZE];
};

static struct mac_text mac_text(const u8 mac[MAC_SIZE])
{
    struct mac_text mac_text;

    format_text(mac_text.text, sizeof(mac_text.text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
                mac[1], mac[2], mac[3], mac[4], mac[5]);
    return mac_text;
}

/* Bits a second, in the largest unit that divides them: "10M"; "-": no limit. */
static struct number_text limit_text(u64 rate)
{
    static const char *const units[] = {"", "K", "M", "G"};
    struct number_text limit;
    u32 unit = 0;

    for (; unit + 1 < ARRAY_SIZE(units) && rate && rate % 1000 == 0; unit++)
        rate /= 1000;
    if (rate)
        format_text(limit.text, sizeof(limit.text), "%llu%s", rate, units[unit]);
    else
        format_text(limit.text, sizeof(limit.text), "-");
    return limit;
}

static void show_port(struct switch_port *port)
{
    struct switch_counts counts = switch_counts(port);

    show("  %-12s %-17s %8u %6s %8u %6s %7s %6u %6u %6u\n", port->name,
         port->card ? "the host's card" : mac_text(port->mac).text, counts.in,
         size_text(counts.bytes_in).text, counts.out, size_text(counts.bytes_out).text,
         limit_text(port->bucket.rate).text, counts.dropped_rate, counts.dropped_full,
         counts.dropped_bad);
}

static const struct switch_port *shown; /* a port of the group that is being shown */

static void show_address(const u8 mac[MAC_SIZE], const struct switch_port *port)
{
    if (port->group_number == shown->group_number)
        show("  %-12s %s, learned\n", port->name, mac_text(mac).text);
}

/* All of the group of port `first`, which is its first. */
static void show_group(u32 first)
{
    struct switch_port *port;

    shown = switch_port_at(first);
    show("group %s\n", shown->group);
    show("  %-12s %-17s %8s %6s %8s %6s %7s %6s %6s %6s\n", "port", "address", "in", "bytes", "out",
         "bytes", "limit", "over", "full", "bad");
    for (u32 i = first; (port = switch_port_at(i)); i++)
        if (port->group_number == shown->group_number)
            show_port(port);
    switch_addresses(show_address);
}

static bool is_first_of_its_group(u32 index)
{
    for (u32 i = 0; i < index; i++)
        if (switch_port_at(i)->group_number == switch_port_at(index)->group_number)
            return false;
    return true;
}

static void show_cards(void)
{
    if (nics_count())
        show("network cards of the host\n");
    for (u32 i = 0; i < nics_count(); i++) {
        struct nic_counts counts = nics_counts(i);

        show("  uplink%-6u %s: %u sent, %u received, %u without room, %u bad\n", i,
             nics_describe(i), counts.sent, counts.received, counts.no_room, counts.bad);
    }
}

static enum command_result command_net(const struct arguments *arguments)
{
    const char *group = arguments->count > 1 ? arguments->word[1] : NULL;
    const struct switch_port *port;
    u32 groups = 0;

    for (u32 i = 0; (port = switch_port_at(i)); i++)
        if (is_first_of_its_group(i) && (!group || !strcmp(group, port->group))) {
            show_group(i);
            groups++;
        }
    if (!groups && group)
        return command_failed("there is no group \"%s\"; `net` shows all", group);
    if (!groups)
        return command_failed("no VM has a network card, and the machine has none");
    if (!group)
        show_cards();
    return COMMAND_DONE;
}

const struct command commands_net[] = {
    {
        .name = "net",
        .arguments = "[GROUP]",
        .summary = "the network: ports of each group, what they moved and dropped, addresses",
        .example = "net lan : the ports of that group, and the addresses behind them",
        .max_words = 1,
        .run = command_net,
    },
    {.name = NULL},
};
