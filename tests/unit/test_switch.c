/* The switch: learning, flooding, groups, queues, rates, addresses, the host's cards. */
#include "tests/unit/fake_lock.h"
#include "tests/unit/unit.h"
#include "tests/unit/fake_console.h"
#include "tests/unit/fake_switch.h"

#include <pthread.h>

#define BROADCAST "\xff\xff\xff\xff\xff\xff"
#define STRANGER  "\x02\x99\x99\x99\x99\x99"

/* Ports: three of "lan", two of "other". */
enum { WEB, DB, MAIL, ALONE, FAR, PORTS };
static struct switch_port ports[PORTS];
static u32 wakes[PORTS];

static void wake(void *ctx)
{
    ++*(u32 *)ctx;
}

static void add(u32 index, const char *group, const char *name, u64 rate)
{
    u8 mac[MAC_SIZE];

    switch_mac(name, 0, mac);
    CHECK(switch_add(&ports[index], "test", group, name, mac, rate, wake, &wakes[index]));
    CHECK(switch_connect(&ports[index]));
}

static void start(void)
{
    fake_switch_reset();
    console_forget();
    memset(wakes, 0, sizeof(wakes));
    add(WEB, "lan", "web", 0);
    add(DB, "lan", "db", 0);
    add(MAIL, "lan", "mail", 0);
    add(ALONE, "other", "alone", 0);
    add(FAR, "other", "far", 0);
}

static void stop(void)
{
    for (u32 i = 0; i < PORTS; i++)
        switch_disconnect(&ports[i]);
    CHECK_EQ(fake_switch.rooms, 0);
}

/* Sends 60 bytes, the last of which is `tag`. */
static void send(u32 from, const void *to, const void *mac, u8 tag)
{
    struct fake_frame frame;

    fake_frame_make(&frame, to, mac, 60);
    frame.bytes[59] = tag;
    switch_send(&ports[from], &frame.frame);
}

static void send_to(u32 from, u32 to, u8 tag)
{
    send(from, ports[to].mac, ports[from].mac, tag);
}

/* The next frame of a port is the one with `tag`. */
static void check_got(u32 port, u8 tag)
{
    const struct packet *packet = switch_receive(&ports[port]);

    CHECK(packet);
    CHECK_EQ(packet->length, 60);
    CHECK_EQ(packet->bytes[59], tag);
    switch_received(&ports[port]);
}

static void check_nothing(u32 port)
{
    CHECK(!switch_receive(&ports[port]));
}

TEST(a_known_address_gets_its_frame_alone_at_once)
{
    start();
    send_to(WEB, DB, 7); /* "db" has never sent: its address is its port's */
    check_got(DB, 7);
    for (u32 i = 0; i < PORTS; i++)
        check_nothing(i);
    stop();
}

TEST(a_broadcast_goes_to_all_others_of_the_group_only)
{
    start();
    send(WEB, BROADCAST, ports[WEB].mac, 1);
    check_got(DB, 1);
    check_got(MAIL, 1);
    for (u32 i = 0; i < PORTS; i++)
        check_nothing(i);
    stop();
}

TEST(a_multicast_goes_to_all_others_of_the_group_only)
{
    start();
    send(ALONE, "\x33\x33\0\0\0\x01", ports[ALONE].mac, 2);
    check_got(FAR, 2);
    for (u32 i = 0; i < PORTS; i++)
        check_nothing(i);
    stop();
}

TEST(an_unknown_address_is_flooded_within_the_group)
{
    start();
    send(WEB, STRANGER, ports[WEB].mac, 3);
    check_got(DB, 3);
    check_got(MAIL, 3);
    check_nothing(ALONE);
    check_nothing(FAR);
    stop();
}

TEST(an_address_of_another_group_is_unknown)
{
    start();
    send(WEB, ports[ALONE].mac, ports[WEB].mac, 4);
    check_nothing(ALONE);
    check_nothing(FAR);
    check_got(DB, 4); /* flooded at home */
    check_got(MAIL, 4);
    stop();
}

TEST(a_frame_to_its_own_port_goes_nowhere)
{
    start();
    send(WEB, ports[WEB].mac, ports[WEB].mac, 5);
    send(WEB, STRANGER, STRANGER, 5); /* learned from itself */
    for (u32 i = 0; i < PORTS; i++)
        check_nothing(i);
    CHECK_EQ(switch_counts(&ports[WEB]).in, 2);
    stop();
}

TEST(a_source_is_learned_and_followed_when_it_moves)
{
    start();
    send(WEB, BROADCAST, STRANGER, 1); /* something behind "web" */
    check_got(DB, 1);
    check_got(MAIL, 1);
    send(DB, STRANGER, ports[DB].mac, 2);
    check_got(WEB, 2);
    check_nothing(MAIL);
    send(MAIL, BROADCAST, STRANGER, 3); /* it is behind "mail" now */
    check_got(DB, 3);
    check_got(WEB, 3);
    send(DB, STRANGER, ports[DB].mac, 4);
    check_got(MAIL, 4);
    check_nothing(WEB);
    stop();
}

TEST(a_learned_address_is_forgotten_after_five_minutes_without_a_frame)
{
    start();
    send(WEB, BROADCAST, STRANGER, 1);
    fake_time += (u64)SWITCH_AGE_S * FAKE_TIMEBASE / 2;
    send(WEB, BROADCAST, STRANGER, 1); /* heard again: the time begins again */
    fake_time += (u64)SWITCH_AGE_S * FAKE_TIMEBASE;
    for (u32 i = 0; i < 2; i++) {
        check_got(DB, 1);
        check_got(MAIL, 1);
    }
    send(DB, STRANGER, ports[DB].mac, 2);
    check_got(WEB, 2);
    check_nothing(MAIL);
    fake_time++;
    send(DB, STRANGER, ports[DB].mac, 3);
    check_got(WEB, 3);
    check_got(MAIL, 3);
    stop();
}

TEST(the_address_of_another_port_cannot_be_sent_with)
{
    start();
    send(MAIL, BROADCAST, ports[DB].mac, 1);
    for (u32 i = 0; i < PORTS; i++)
        check_nothing(i);
    CHECK_EQ(switch_counts(&ports[MAIL]).dropped_bad, 1);
    CHECK_EQ(switch_counts(&ports[MAIL]).in, 0);
    send_to(WEB, DB, 2); /* nothing was stolen */
    check_got(DB, 2);
    check_nothing(MAIL);
    stop();
}

TEST(a_port_that_comes_takes_its_address_from_whoever_used_it)
{
    static struct switch_port late;
    u8 mac[MAC_SIZE];
    u32 woken = 0;

    start();
    switch_mac("late", 0, mac);
    send(MAIL, ports[WEB].mac, mac, 1);
    check_got(WEB, 1);
    CHECK(switch_add(&late, "test", "lan", "late", mac, 0, wake, &woken));
    CHECK(switch_connect(&late));
    send(WEB, mac, ports[WEB].mac, 2);
    check_nothing(MAIL);
    CHECK_EQ(woken, 1);
    CHECK_EQ(switch_receive(&late)->bytes[59], 2);
    switch_disconnect(&late);
    switch_remove(&late);
    send(WEB, mac, ports[WEB].mac, 3); /* nobody's: flooded */
    check_got(MAIL, 3);
    stop();
}

TEST(a_source_that_is_a_group_address_is_bad)
{
    start();
    send(WEB, ports[DB].mac, "\x03\x99\x99\x99\x99\x99", 1);
    send(WEB, ports[DB].mac, BROADCAST, 1);
    check_nothing(DB);
    CHECK_EQ(switch_counts(&ports[WEB]).dropped_bad, 2);
    stop();
}

TEST(lengths_that_no_frame_has_are_bad)
{
    static const u32 bad[] = {0, 1, FRAME_MIN - 1, FRAME_MAX + 1, 0xffffffff};
    struct fake_frame frame;

    start();
    fake_frame_make(&frame, ports[DB].mac, ports[WEB].mac, FRAME_MAX);
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        frame.frame.length = bad[i];
        switch_send(&ports[WEB], &frame.frame);
    }
    CHECK_EQ(switch_counts(&ports[WEB]).dropped_bad, ARRAY_SIZE(bad));
    check_nothing(DB);
    frame.frame.length = FRAME_MIN;
    switch_send(&ports[WEB], &frame.frame);
    frame.frame.length = FRAME_MAX;
    switch_send(&ports[WEB], &frame.frame);
    CHECK_EQ(switch_receive(&ports[DB])->length, FRAME_MIN);
    switch_received(&ports[DB]);
    CHECK_EQ(switch_receive(&ports[DB])->length, FRAME_MAX);
    CHECK(!memcmp(switch_receive(&ports[DB])->bytes, frame.bytes, FRAME_MAX));
    stop();
}

TEST(the_header_that_was_looked_at_is_the_one_that_arrives)
{
    struct fake_frame frame;
    const struct packet *packet;

    start();
    fake_frame_make(&frame, ports[DB].mac, ports[WEB].mac, 100);
    frame.turns_into = ports[MAIL].mac; /* the guest writes a source into it after the first look */
    switch_send(&ports[WEB], &frame.frame);
    packet = switch_receive(&ports[DB]);
    CHECK(!memcmp(packet->bytes + MAC_SIZE, ports[WEB].mac, MAC_SIZE));
    CHECK(!memcmp(packet->bytes + FRAME_HEADER, frame.bytes + FRAME_HEADER, 100 - FRAME_HEADER));
    stop();
}

TEST(a_frame_whose_sender_has_it_no_more_is_dropped_and_what_comes_after_arrives)
{
    struct fake_frame frame;

    start();
    fake_frame_make(&frame, BROADCAST, ports[WEB].mac, 60);
    frame.copies_left = 0; /* not even the header */
    switch_send(&ports[WEB], &frame.frame);
    CHECK_EQ(wakes[DB], 0);
    frame.copies_left = 1; /* the header alone */
    switch_send(&ports[WEB], &frame.frame);
    check_nothing(DB);
    check_nothing(MAIL);
    send_to(WEB, DB, 9);
    send_to(WEB, MAIL, 9);
    CHECK_EQ(switch_counts(&ports[DB]).out, 1);
    check_got(DB, 9);
    check_got(MAIL, 9);
    stop();
}

TEST(a_sender_is_read_once_however_many_ports_its_frame_goes_to)
{
    struct fake_frame frame;

    start();
    fake_frame_make(&frame, BROADCAST, ports[WEB].mac, 60);
    frame.frame.checksum = (struct frame_checksum){.wanted = true, .start = 34, .offset = 16};
    frame.copies_left = 2; /* the header, and the rest */
    switch_send(&ports[WEB], &frame.frame);
    for (u32 port = DB; port <= MAIL; port++) {
        CHECK_EQ(switch_receive(&ports[port])->length, 60);
        CHECK_EQ(switch_receive(&ports[port])->checksum.start, 34);
        CHECK(!memcmp(switch_receive(&ports[port])->bytes, frame.bytes, 60));
    }
    stop();
}

TEST(a_queue_holds_128_frames_and_drops_what_is_more)
{
    start();
    for (u32 i = 0; i < SWITCH_QUEUE + 10; i++)
        send_to(WEB, DB, (u8)i);
    CHECK_EQ(wakes[DB], 1); /* it was empty once */
    CHECK_EQ(switch_counts(&ports[DB]).dropped_full, 10);
    CHECK_EQ(switch_counts(&ports[DB]).out, SWITCH_QUEUE);
    for (u32 i = 0; i < SWITCH_QUEUE; i++)
        check_got(DB, (u8)i);
    check_nothing(DB);
    send_to(WEB, DB, 77);
    CHECK_EQ(wakes[DB], 2);
    check_got(DB, 77);
    stop();
}

TEST(a_full_queue_of_one_does_not_keep_frames_from_others)
{
    start();
    for (u32 i = 0; i < SWITCH_QUEUE; i++)
        send_to(WEB, DB, 0);
    send(WEB, BROADCAST, ports[WEB].mac, 5);
    check_got(MAIL, 5);
    CHECK_EQ(switch_counts(&ports[DB]).dropped_full, 1);
    stop();
}

TEST(a_port_that_is_not_connected_gets_nothing_and_loses_nothing_of_others)
{
    start();
    switch_disconnect(&ports[DB]);
    send_to(WEB, DB, 1);
    check_nothing(DB);
    check_nothing(MAIL); /* not flooded either: it is known where "db" would be */
    CHECK_EQ(switch_counts(&ports[DB]).dropped_full, 0);
    CHECK(switch_connect(&ports[DB]));
    check_nothing(DB);
    send_to(WEB, DB, 2);
    check_got(DB, 2);
    stop();
}

TEST(what_was_learned_and_queued_is_gone_after_a_disconnect)
{
    start();
    send(WEB, ports[MAIL].mac, STRANGER, 1);
    send_to(DB, WEB, 1);
    switch_disconnect(&ports[WEB]);
    CHECK(switch_connect(&ports[WEB]));
    check_nothing(WEB);
    check_got(MAIL, 1);
    send(DB, STRANGER, ports[DB].mac, 2); /* unknown again */
    check_got(WEB, 2);
    check_got(MAIL, 2);
    stop();
}

TEST(no_memory_for_a_queue_is_told)
{
    start();
    switch_disconnect(&ports[DB]);
    fake_switch.no_memory = true;
    CHECK(!switch_connect(&ports[DB]));
    send_to(WEB, DB, 1);
    check_nothing(DB);
    stop();
}

TEST(who_makes_up_addresses_forgets_only_his_own)
{
    u8 mac[MAC_SIZE] = "\x02\x55";

    start();
    send(DB, ports[MAIL].mac, STRANGER, 1);
    check_got(MAIL, 1);
    for (u32 i = 0; i < 100000; i++) {
        memcpy(mac + 2, &i, 4);
        send(WEB, ports[MAIL].mac, mac, 1);
        if (switch_receive(&ports[MAIL]))
            switch_received(&ports[MAIL]);
    }
    send(MAIL, STRANGER, ports[MAIL].mac, 2); /* still known */
    check_got(DB, 2);
    check_nothing(WEB);
    send(MAIL, mac, ports[MAIL].mac, 3); /* his last is known */
    check_got(WEB, 3);
    check_nothing(DB);
    memset(mac + 2, 0, 4);
    send(MAIL, mac, ports[MAIL].mac, 4); /* his first no more */
    check_got(WEB, 4);
    check_got(DB, 4);
    stop();
}

static u32 shown;

static void count_shown(const u8 mac[MAC_SIZE], const struct switch_port *port)
{
    CHECK(!memcmp(mac, STRANGER, MAC_SIZE));
    CHECK(port == &ports[WEB]);
    shown++;
}

TEST(learned_addresses_are_shown_until_they_are_old)
{
    start();
    shown = 0;
    send(WEB, ports[MAIL].mac, STRANGER, 1);
    switch_addresses(count_shown);
    CHECK_EQ(shown, 1);
    fake_time += (u64)SWITCH_AGE_S * FAKE_TIMEBASE + 1;
    switch_addresses(count_shown);
    CHECK_EQ(shown, 1);
    stop();
}

TEST(the_checksum_that_is_wanted_travels_with_the_frame)
{
    struct fake_frame frame;
    const struct packet *packet;

    start();
    fake_frame_make(&frame, ports[DB].mac, ports[WEB].mac, 60);
    frame.frame.checksum = (struct frame_checksum){.wanted = true, .start = 34, .offset = 16};
    switch_send(&ports[WEB], &frame.frame);
    packet = switch_receive(&ports[DB]);
    CHECK(packet->checksum.wanted && !packet->checksum.checked);
    CHECK_EQ(packet->checksum.start, 34);
    CHECK_EQ(packet->checksum.offset, 16);
    stop();
}

TEST(a_checksum_that_goes_into_the_header_is_bad)
{
    struct fake_frame frame;

    start();
    fake_frame_make(&frame, ports[DB].mac, STRANGER, 60);
    frame.frame.checksum = (struct frame_checksum){.wanted = true, .start = 0, .offset = MAC_SIZE};
    switch_send(&ports[WEB], &frame.frame);
    frame.frame.checksum.start = FRAME_HEADER - 1;
    switch_send(&ports[WEB], &frame.frame);
    check_nothing(DB);
    CHECK_EQ(switch_counts(&ports[WEB]).dropped_bad, 2);
    frame.frame.checksum.start = FRAME_HEADER;
    switch_send(&ports[WEB], &frame.frame);
    CHECK(switch_receive(&ports[DB]));
    stop();
}

TEST(frames_and_bytes_are_counted_on_both_sides)
{
    struct switch_counts web, db, mail;

    start();
    send_to(WEB, DB, 1);
    send(WEB, BROADCAST, ports[WEB].mac, 1);
    web = switch_counts(&ports[WEB]);
    db = switch_counts(&ports[DB]);
    mail = switch_counts(&ports[MAIL]);
    CHECK_EQ(web.in, 2);
    CHECK_EQ(web.bytes_in, 120);
    CHECK_EQ(web.out, 0);
    CHECK_EQ(db.out, 2);
    CHECK_EQ(db.bytes_out, 120);
    CHECK_EQ(mail.out, 1);
    CHECK_EQ(switch_counts(&ports[FAR]).out, 0);
    stop();
}

/* Addresses of cards. */

TEST(addresses_are_stable_local_and_of_one_station)
{
    u8 a[MAC_SIZE], b[MAC_SIZE], c[MAC_SIZE];

    switch_mac("web", 0, a);
    switch_mac("web", 0, b);
    switch_mac("web", 1, c);
    CHECK(!memcmp(a, b, MAC_SIZE));
    CHECK(memcmp(a, c, MAC_SIZE));
    switch_mac("wea", 1, c);
    CHECK(memcmp(a, c, MAC_SIZE));
    CHECK_EQ(a[0], 2);
    /* Once given, an address is for ever: guests' files of settings have it. */
    CHECK(!memcmp(a, "\x02\xa7\x98\x09\x2e\x0f", MAC_SIZE));
}

TEST(ten_thousand_vms_have_different_addresses)
{
    static u64 seen[1 << 15];
    char name[24];

    for (u32 i = 0; i < 10000; i++) {
        u64 key = 0;
        u32 at;

        snprintf(name, sizeof(name), "vm%u", i / 2);
        switch_mac(name, i % 2, (u8 *)&key);
        for (at = (u32)(key >> 24) % ARRAY_SIZE(seen); seen[at]; at = (at + 1) % ARRAY_SIZE(seen))
            CHECK(seen[at] != key);
        seen[at] = key;
    }
}

/* What is refused, in words. */

static void check_refused(const char *group, u64 rate, const char *mac, const char *text)
{
    static struct switch_port port;

    console_forget();
    CHECK(!switch_add(&port, "VM \"new\": net", group, "new", (const u8 *)mac, rate, wake, NULL));
    CHECK_STR(fake_console.text, text);
    for (u32 i = 0; switch_port_at(i); i++)
        CHECK(switch_port_at(i) != &port);
}

TEST(what_cannot_be_a_port_is_refused_in_words)
{
    start();
    check_refused("", 0, STRANGER,
                  "Twofold: VM \"new\": net: a network card needs the name of a group, such as "
                  "\"lan\"\n");
    check_refused("abcdefghijklmnopqrstuvwxy", 0, STRANGER,
                  "Twofold: VM \"new\": net: the group's name \"abcdefghijklmnopqrstuvwxy\" is "
                  "longer than 24 characters\n");
    check_refused("uplink0", 0, STRANGER,
                  "Twofold: VM \"new\": net: group \"uplink0\": the machine has no network card "
                  "that we drive\n");
    check_refused("lan", TOKEN_RATE_MAX + 1, STRANGER,
                  "Twofold: VM \"new\": net: a rate is at most 100G bits a second\n");
    check_refused("lan", 0, (const char *)ports[DB].mac,
                  "Twofold: VM \"new\": net: its network address is also that of \"db\": rename "
                  "one of the two\n");
    stop();
}

/* The host's cards. */

static void start_with_cards(u32 count)
{
    fake_switch_reset();
    console_forget();
    memset(wakes, 0, sizeof(wakes));
    fake_nics.count = count;
    switch_init();
    add(WEB, "uplink", "web", 0);
    add(DB, "uplink0", "db", 0);
    add(MAIL, "uplink1", "mail", 0);
    add(ALONE, "other", "alone", 0);
    add(FAR, "other", "far", 0);
}

TEST(cards_are_the_first_ports_and_groups_are_named_after_them)
{
    start_with_cards(2);
    CHECK_STR(switch_port_at(0)->group, "uplink0");
    CHECK_STR(switch_port_at(1)->group, "uplink1");
    CHECK(switch_port_at(2) == &ports[WEB]);
    CHECK_STR(ports[WEB].group, "uplink0"); /* "uplink" is another name for it */
    CHECK(switch_port_at(7) == NULL);
    check_refused("uplink2", 0, STRANGER,
                  "Twofold: VM \"new\": net: group \"uplink2\": the machine's network cards are "
                  "uplink0 to uplink1\n");
    check_refused("uplink99999999999999999", 0, STRANGER,
                  "Twofold: VM \"new\": net: group \"uplink99999999999999999\": the machine's "
                  "network cards are uplink0 to uplink1\n");
    stop();
}

TEST(a_name_that_only_begins_like_a_card_is_an_ordinary_group)
{
    static struct switch_port a;

    fake_switch_reset();
    CHECK(switch_add(&a, "test", "uplink-lan", "a", (const u8 *)STRANGER, 0, wake, NULL));
    CHECK_STR(a.group, "uplink-lan");
    switch_remove(&a);
}

TEST(frames_for_outside_go_to_the_card_of_the_group_only)
{
    start_with_cards(2);
    send(WEB, STRANGER, ports[WEB].mac, 1);
    CHECK_EQ(fake_nics.sent[0], 1);
    CHECK_EQ(fake_nics.sent[1], 0);
    CHECK_EQ(fake_nics.last[59], 1);
    check_got(DB, 1);
    check_nothing(MAIL);
    send_to(WEB, DB, 2); /* known inside: it stays inside */
    CHECK_EQ(fake_nics.sent[0], 1);
    CHECK_EQ(switch_counts(switch_port_at(0)).out, 1);
    stop();
}

TEST(frames_from_outside_reach_the_group_and_are_learned_from)
{
    start_with_cards(2);
    fake_nics_receive(0, ports[DB].mac, STRANGER, 1);
    check_got(DB, 1);
    check_nothing(WEB);
    fake_nics_receive(0, (const u8 *)BROADCAST, STRANGER, 2);
    check_got(DB, 2);
    check_got(WEB, 2);
    check_nothing(MAIL);
    CHECK_EQ(fake_nics.sent[0] + fake_nics.sent[1], 0); /* never back out */
    send(WEB, STRANGER, ports[WEB].mac, 3);
    CHECK_EQ(fake_nics.sent[0], 1);
    check_nothing(DB);
    stop();
}

TEST(what_is_outside_cannot_be_taken_over_by_a_vm_that_sends_in_its_name)
{
    start_with_cards(1 + 1);
    fake_nics_receive(0, ports[DB].mac, STRANGER, 1);
    check_got(DB, 1);
    send(DB, BROADCAST, STRANGER, 2);
    check_got(WEB, 2);
    send(WEB, STRANGER, ports[WEB].mac, 3);
    check_nothing(DB);
    CHECK_EQ(fake_nics.sent[0], 2);
    fake_time += (u64)SWITCH_AGE_S * FAKE_TIMEBASE + 1; /* it has left */
    send(DB, BROADCAST, STRANGER, 4);
    check_got(WEB, 4);
    send(WEB, STRANGER, ports[WEB].mac, 5);
    check_got(DB, 5);
    fake_nics_receive(0, ports[DB].mac, STRANGER, 6); /* and is outside again at once */
    check_got(DB, 6);
    send(WEB, STRANGER, ports[WEB].mac, 7);
    check_nothing(DB);
    stop();
}

TEST(a_hart_whose_clock_is_behind_finds_nothing_old)
{
    start_with_cards(2);
    fake_nics_receive(0, ports[DB].mac, STRANGER, 1);
    check_got(DB, 1);
    fake_time--;
    send(DB, BROADCAST, STRANGER, 2); /* takes nothing over */
    check_got(WEB, 2);
    send(WEB, STRANGER, ports[WEB].mac, 3); /* and it is known, not flooded */
    check_nothing(DB);
    CHECK_EQ(fake_nics.sent[0], 2);
    stop();
}

TEST(nobody_outside_can_send_with_the_address_of_a_vm)
{
    start_with_cards(2);
    fake_nics_receive(0, ports[DB].mac, ports[WEB].mac, 1);
    check_nothing(DB);
    CHECK_EQ(switch_counts(switch_port_at(0)).dropped_bad, 1);
    stop();
}

TEST(what_a_card_has_no_room_for_is_counted)
{
    start_with_cards(2);
    fake_nics.full = true;
    send(WEB, STRANGER, ports[WEB].mac, 1);
    CHECK_EQ(switch_counts(switch_port_at(0)).dropped_full, 1);
    CHECK_EQ(switch_counts(switch_port_at(0)).out, 0);
    stop();
}

TEST(more_cards_than_there_is_room_for_are_told_of)
{
    fake_switch_reset();
    console_forget();
    fake_nics.count = 9;
    switch_init();
    CHECK_STR(fake_console.text, "Twofold: network cards: only the first 8 of 9 are used\n");
    CHECK(switch_port_at(7) && !switch_port_at(8));
}

/* Rates. */

/* Sends frames of 1000 bytes for `ticks`, `step` ticks apart; returns how many bytes got through.
 */
static u64 pour(u32 from, u64 ticks, u64 step)
{
    struct fake_frame frame;
    u64 before = switch_counts(&ports[from]).bytes_in;

    fake_frame_make(&frame, ports[DB].mac, ports[from].mac, 1000);
    for (u64 end = fake_time + ticks; fake_time < end; fake_time += step) {
        switch_send(&ports[from], &frame.frame);
        if (switch_receive(&ports[DB]))
            switch_received(&ports[DB]);
    }
    return switch_counts(&ports[from]).bytes_in - before;
}

static void start_with_rate(u64 rate)
{
    start();
    switch_disconnect(&ports[WEB]);
    switch_remove(&ports[WEB]);
    add(WEB, "lan", "web", rate);
}

TEST(a_rate_is_kept_to_the_burst)
{
    static const struct {
        u64 rate, seconds;
    } cases[] = {{8000, 100}, {1000000, 10}, {10000000, 10}, {1000000000, 1}};

    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        u64 second = cases[i].rate / 8, bytes;
        u64 burst = second / 50 > TOKEN_BURST_MIN ? second / 50 : TOKEN_BURST_MIN;

        start_with_rate(cases[i].rate);
        /* Twice what the rate allows. */
        bytes = pour(WEB, cases[i].seconds * FAKE_TIMEBASE, 1000ull * FAKE_TIMEBASE / second / 2);
        CHECK(bytes <= second * cases[i].seconds + burst);
        CHECK(bytes + 1000 >= second * cases[i].seconds);
        CHECK(switch_counts(&ports[WEB]).dropped_rate > 0);
        stop();
    }
}

TEST(a_silent_port_saves_up_one_burst_only)
{
    u64 bytes;

    start_with_rate(1000000);
    pour(WEB, FAKE_TIMEBASE, FAKE_TIMEBASE / 1000);
    fake_time += 1000 * (u64)FAKE_TIMEBASE;
    bytes = pour(WEB, 200, 1);
    CHECK_EQ(bytes, TOKEN_BURST_MIN / 1000 * 1000);
    fake_time += ~(u64)0 / 2; /* whatever passes: no overflow */
    CHECK_EQ(pour(WEB, 200, 1), TOKEN_BURST_MIN / 1000 * 1000);
    stop();
}

TEST(a_hart_whose_clock_is_behind_fills_no_bucket)
{
    start_with_rate(1000000);
    pour(WEB, 200, 1);
    fake_time -= 100;
    CHECK_EQ(pour(WEB, 100, 1), 0);
    stop();
}

TEST(the_highest_rate_at_the_fastest_clock_does_not_overflow)
{
    struct token_bucket bucket;
    u32 timebase = 0xffffffff;
    u64 now = 5;

    token_bucket_init(&bucket, TOKEN_RATE_MAX, timebase, now);
    while (token_bucket_take(&bucket, FRAME_MAX, timebase, now))
        ;
    /* In the time of a hundred frames and a hundred ticks there is room for these, what was left
     * before, and what the rate gives in those ticks: less than one frame each. */
    for (u32 i = 0; i < 100; i++) {
        now += (u64)FRAME_MAX * 8 * timebase / TOKEN_RATE_MAX + 1;
        CHECK(token_bucket_take(&bucket, FRAME_MAX, timebase, now));
    }
    token_bucket_take(&bucket, FRAME_MAX, timebase, now);
    CHECK(!token_bucket_take(&bucket, FRAME_MAX, timebase, now));
}

TEST(a_rate_limits_its_port_and_no_other)
{
    start_with_rate(8000);
    pour(WEB, FAKE_TIMEBASE, FAKE_TIMEBASE / 1000);
    CHECK_EQ(pour(MAIL, FAKE_TIMEBASE, FAKE_TIMEBASE / 1000), 1000 * 1000);
    CHECK_EQ(switch_counts(&ports[MAIL]).dropped_rate, 0);
    stop();
}

/* Many harts at once. */

#define SENDERS   2
#define FRAMES    20000
#define RECONNECT 512 /* frames after which the port goes and comes again */

static u32 finished; /* senders; atomic */

static void *send_many(void *arg)
{
    u32 from = (u32)(uintptr_t)arg;
    struct fake_frame frame;

    fake_frame_make(&frame, from == DB ? (const u8 *)BROADCAST : ports[WEB].mac, ports[from].mac,
                    64);
    for (u32 i = 0; i < FRAMES; i++) {
        memcpy(frame.bytes + 20, &i, 4);
        frame.bytes[24] = (u8)from;
        memset(frame.bytes + 25, (u8)i, 39);
        frame.copies_left = i % 16 ? ~0u : 1; /* some get no further than the header */
        switch_send(&ports[from], &frame.frame);
    }
    __atomic_fetch_add(&finished, 1, __ATOMIC_RELAXED);
    return NULL;
}

/* Frames are whole, and those of one sender come in their order. */
static void check_packet(const struct packet *packet, u32 *next)
{
    u32 number, from = packet->bytes[24];

    memcpy(&number, packet->bytes + 20, 4);
    CHECK(from == DB || from == MAIL);
    CHECK(number >= next[from] && number % 16);
    next[from] = number + 1;
    for (u32 i = 25; i < 64; i++)
        CHECK_EQ(packet->bytes[i], (u8)number);
}

TEST(senders_on_many_harts_while_the_port_comes_and_goes)
{
    static const u32 senders[SENDERS] = {DB, MAIL};
    pthread_t threads[SENDERS];
    u32 next[PORTS] = {0}, got = 0;

    start();
    finished = 0;
    for (u32 i = 0; i < SENDERS; i++)
        pthread_create(&threads[i], NULL, send_many, (void *)(uintptr_t)senders[i]);
    while (__atomic_load_n(&finished, __ATOMIC_RELAXED) < SENDERS || switch_receive(&ports[WEB])) {
        const struct packet *packet = switch_receive(&ports[WEB]);

        if (!packet) {
            sched_yield();
            continue;
        }
        check_packet(packet, next);
        switch_received(&ports[WEB]);
        if (++got % RECONNECT == 0) {
            switch_disconnect(&ports[WEB]);
            CHECK(switch_connect(&ports[WEB]));
        }
    }
    for (u32 i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    CHECK(got > 0);
    stop();
}

UNIT_MAIN("switch")
