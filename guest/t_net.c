/*
 * The network between VMs. Three of them run this: `who=asks` is the test, with a card in the group
 * of each of the others; `who=answers` sends back what is sent to it; `who=apart` is in another
 * group, on which it makes noise while it is told to, and on which it must hear nothing else.
 */
#include "guest/lib/csr.h"
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/net.h"
#include "guest/lib/random.h"
#include "guest/lib/string.h"
#include "guest/lib/test.h"

/* Byte 14 of a frame: what it is. */
enum what {
    HELLO, /* whoever hears it says that it is there                    */
    HERE,
    ECHO,       /* to be sent back, as REPLY                            */
    ECHO_UNSUM, /* the same, with a checksum that is left to the others */
    REPLY,
    MAKE_NOISE, /* broadcasts, until the next frame comes               */
    NOISE,
    BYE,
};

enum { WHAT = FRAME_HEADER, NUMBER, BODY = 20 };

#define WAIT_MS    5000
#define SHORT      60u /* bytes of a frame that says little */
#define START      FRAME_HEADER
#define OFFSET     6u /* of a checksum, from there         */
#define PSEUDO_SUM 0x4321u

static const u8 everybody[MAC_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static struct net lan, other;
static u8 frame[FRAME_MAX], answerer[MAC_SIZE], noisy[MAC_SIZE];

static void begin(const struct net *net, const u8 *to, enum what what, u32 number)
{
    memset(frame, 0, sizeof(frame));
    net_address(net, frame, to);
    frame[WHAT] = (u8)what;
    frame[NUMBER] = (u8)number;
}

static void say(struct net *net, const u8 *to, enum what what)
{
    begin(net, to, what, 0);
    net_send(net, frame, SHORT);
}

/* A frame of these tests, and not one for somebody else that only came along. */
static bool is_ours(const struct net *net)
{
    return net->length > WHAT && net->frame[12] == NET_TYPE >> 8 &&
           net->frame[13] == (NET_TYPE & 0xff) &&
           (!memcmp(net->frame, net->mac, MAC_SIZE) || !memcmp(net->frame, everybody, MAC_SIZE));
}

/* Waits for a frame of a kind; others are left out. */
static bool hear(struct net *net, enum what what)
{
    while (net_take(net, WAIT_MS))
        if (is_ours(net) && net->frame[WHAT] == what)
            return true;
    return false;
}

/* ---- Who answers. ---- */

static void send_back(void)
{
    struct net_header unfinished = {
        .flags = NET_NEEDS_CSUM, .checksum_start = START, .checksum_offset = OFFSET};
    bool leave = lan.frame[WHAT] == ECHO_UNSUM;

    memcpy(frame, lan.frame, lan.length);
    net_address(&lan, frame, lan.frame + MAC_SIZE);
    frame[WHAT] = REPLY;
    net_add(&lan, frame, lan.length, leave ? &unfinished : NULL);
    net_flush(&lan);
}

/* What it has to do is judged by who asks; that it is told to end shows that all came so far. */
static void answers_until_the_end(void)
{
    u8 from[MAC_SIZE];

    CHECK(net_open(&lan, 0, NET_F_CSUM), "no card");
    do {
        CHECK(net_take(&lan, 6 * WAIT_MS), "nobody asks any more");
        memcpy(from, lan.frame + MAC_SIZE, MAC_SIZE);
        if (is_ours(&lan) && lan.frame[WHAT] == HELLO)
            say(&lan, from, HERE);
        else if (is_ours(&lan) && (lan.frame[WHAT] == ECHO || lan.frame[WHAT] == ECHO_UNSUM))
            send_back();
    } while (!is_ours(&lan) || lan.frame[WHAT] != BYE);
}

/* ---- Who is apart. ---- */

static void make_noise(void)
{
    while (!net_take(&other, 1))
        say(&other, everybody, NOISE);
}

static void hears_only_its_own_group(void)
{
    u8 from[MAC_SIZE];

    CHECK(net_open(&other, 0, 0), "no card");
    do {
        CHECK(net_take(&other, 6 * WAIT_MS), "nobody asks any more");
        CHECK(is_ours(&other), "a frame of nobody's");
        CHECK(other.frame[WHAT] != ECHO && other.frame[WHAT] != REPLY,
              "a frame of the other group: %u", other.frame[WHAT]);
        memcpy(from, other.frame + MAC_SIZE, MAC_SIZE);
        if (other.frame[WHAT] == HELLO)
            say(&other, from, HERE);
        if (other.frame[WHAT] == MAKE_NOISE)
            make_noise();
    } while (other.frame[WHAT] != BYE);
}

/* ---- Who asks. ---- */

/* The others may not be there yet. */
static bool find(struct net *net, u8 *mac)
{
    for (u32 i = 0; i < 100; i++) {
        say(net, everybody, HELLO);
        if (!net_take(net, 200) || net->frame[WHAT] != HERE)
            continue;
        memcpy(mac, net->frame + MAC_SIZE, MAC_SIZE);
        while (net_take(net, 100)) /* answers to what was asked before */
            ;
        return true;
    }
    return false;
}

static void everybody_is_there(void)
{
    CHECK(net_open(&lan, 0, NET_F_CSUM | NET_F_GUEST_CSUM), "no card in the first group");
    CHECK(net_open(&other, 1, 0), "no card in the second group");
    CHECK(find(&lan, answerer), "nobody answers on the first");
    CHECK(find(&other, noisy), "nobody answers on the second");
    CHECK(memcmp(answerer, noisy, MAC_SIZE) != 0, "both have the same address");
    CHECK(memcmp(lan.mac, other.mac, MAC_SIZE) != 0, "both cards have the same address");
    CHECK(lan.mac[0] == 2 && other.mac[0] == 2, "the addresses are not local ones");
}

static void fill(u32 length, u32 seed)
{
    for (u32 i = BODY; i < length; i++)
        frame[i] = (u8)(i * 7 + seed);
}

/* The frame that was sent has come back. */
static bool is_back(u32 length)
{
    return lan.length == length && memcmp(lan.frame, lan.mac, MAC_SIZE) == 0 &&
           memcmp(lan.frame + MAC_SIZE, answerer, MAC_SIZE) == 0 &&
           memcmp(lan.frame + NUMBER, frame + NUMBER, length - NUMBER) == 0;
}

static void frames_of_every_size_arrive_whole(void)
{
    for (u32 length = BODY; length <= FRAME_MAX; length += length < 100 ? 1 : 37) {
        begin(&lan, answerer, ECHO, length);
        fill(length, length);
        net_send(&lan, frame, length);
        CHECK(hear(&lan, REPLY), "%u bytes: nothing comes back", length);
        CHECK(is_back(length), "%u bytes: not what was sent comes back", length);
    }
    begin(&lan, answerer, ECHO, 1);
    fill(FRAME_MAX, 1);
    net_send(&lan, frame, FRAME_MAX);
    CHECK(hear(&lan, REPLY) && is_back(FRAME_MAX), "the largest frame does not come back");
}

static void a_burst_arrives_in_order(void)
{
    for (u32 round = 0; round < 20; round++) {
        u32 before = lan.card.notifications;
        for (u32 i = 0; i < NET_BUFFERS; i++) {
            begin(&lan, answerer, ECHO, i);
            net_add(&lan, frame, SHORT, NULL);
        }
        net_flush(&lan);
        CHECK(lan.card.notifications - before <= 1, "more than one notification");
        for (u32 i = 0; i < NET_BUFFERS; i++) {
            CHECK(hear(&lan, REPLY), "round %u: %u of %u came back", round, i, NET_BUFFERS);
            CHECK_EQ(lan.frame[NUMBER], i);
        }
    }
}

/* Of the frame that came in, from START on, in ones' complement, big-endian. */
static u32 sum_of_frame(void)
{
    u32 sum = 0;

    for (u32 i = START; i < lan.length; i++)
        sum += (i - START) % 2 ? lan.frame[i] : (u32)lan.frame[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void begin_unfinished(enum what what, u32 length)
{
    begin(&lan, answerer, what, 0);
    fill(length, length);
    frame[START + OFFSET] = PSEUDO_SUM >> 8;
    frame[START + OFFSET + 1] = PSEUDO_SUM & 0xff;
}

/* Who answers wants whole sums; what comes back is what it got, but for its first word. */
static void a_checksum_that_was_left_to_the_network_is_filled_in(void)
{
    struct net_header header = {
        .flags = NET_NEEDS_CSUM, .checksum_start = START, .checksum_offset = OFFSET};

    CHECK(lan.card.features & NET_F_CSUM, "it cannot be left");
    for (u32 length = 60; length < 70; length++) {
        begin_unfinished(ECHO, length);
        net_add(&lan, frame, length, &header);
        net_flush(&lan);
        CHECK(hear(&lan, REPLY), "%u bytes: nothing comes back", length);
        CHECK(lan.header.flags == 0, "it came back unfinished");
        lan.frame[WHAT] = ECHO;
        u32 sum = sum_of_frame() + PSEUDO_SUM;
        CHECK_EQ((sum & 0xffff) + (sum >> 16), 0xffff);
    }
}

static void who_takes_unfinished_checksums_gets_them(void)
{
    CHECK(lan.card.features & NET_F_GUEST_CSUM, "it cannot take them");
    begin_unfinished(ECHO_UNSUM, 80);
    net_send(&lan, frame, 80);
    CHECK(hear(&lan, REPLY), "nothing comes back");
    CHECK_EQ(lan.header.flags, NET_NEEDS_CSUM);
    CHECK_EQ(lan.header.checksum_start, START);
    CHECK_EQ(lan.header.checksum_offset, OFFSET);
    CHECK(is_back(80), "the frame was changed");
}

/* The other is reached. What is still on its way there, or does not fit, may come between. */
static bool reaches_the_other(u32 number)
{
    for (u32 i = 0; i < 20; i++) {
        begin(&lan, answerer, ECHO, number);
        net_send(&lan, frame, SHORT);
        while (net_take(&lan, 500))
            if (is_ours(&lan) && lan.frame[WHAT] == REPLY && lan.frame[NUMBER] == number)
                return is_back(SHORT);
    }
    return false;
}

static void nobody_hears_who_uses_the_address_of_another(void)
{
    begin(&lan, answerer, ECHO, 1);
    memcpy(frame, everybody, MAC_SIZE);
    memcpy(frame + MAC_SIZE, answerer, MAC_SIZE);
    net_send(&lan, frame, SHORT);
    CHECK(!net_take(&lan, 300), "it was answered");
    CHECK(reaches_the_other(2), "nothing reaches the other any more");
}

static void made_up_addresses_displace_nobody(void)
{
    for (u32 i = 0; i < 2000; i++) {
        u32 word = random_word();
        begin(&lan, everybody, HERE, 0);
        frame[MAC_SIZE] = 0x06;
        memcpy(frame + MAC_SIZE + 2, &word, sizeof(word));
        net_add(&lan, frame, SHORT, NULL);
        if (i % 16 == 15) {
            net_flush(&lan);
            hart_relax();
        }
    }
    CHECK(reaches_the_other(3), "nothing reaches the other any more");
}

static void groups_do_not_hear_each_other(void)
{
    u32 noise = 0;

    say(&other, noisy, MAKE_NOISE);
    for (u32 i = 0; i < 100; i++) {
        begin(&lan, everybody, ECHO, i); /* who is apart would complain */
        net_send(&lan, frame, SHORT);
        CHECK(hear(&lan, REPLY), "no answer");
        CHECK(!memcmp(lan.frame + MAC_SIZE, answerer, MAC_SIZE), "it is of somebody else");
        if (net_take(&other, 5))
            noise += other.frame[WHAT] == NOISE;
    }
    say(&other, noisy, HERE);
    CHECK(noise > 10, "only %u frames of noise in the group that it is made in", noise);
    begin(&lan, noisy, HELLO, 0); /* an address of the other group is unknown in this one */
    net_send(&lan, frame, SHORT);
    CHECK(!net_take(&lan, 300), "it was answered across groups");
}

static void the_others_are_told_to_end(void)
{
    say(&lan, answerer, BYE);
    say(&other, noisy, BYE);
}

int main(void)
{
    static const struct test_case asks[] = {
        CASE(everybody_is_there),
        CASE(frames_of_every_size_arrive_whole),
        CASE(a_burst_arrives_in_order),
        CASE(a_checksum_that_was_left_to_the_network_is_filled_in),
        CASE(who_takes_unfinished_checksums_gets_them),
        CASE(nobody_hears_who_uses_the_address_of_another),
        CASE(made_up_addresses_displace_nobody),
        CASE(groups_do_not_hear_each_other),
        CASE(the_others_are_told_to_end),
    };
    static const struct test_case answers[] = {CASE(answers_until_the_end)};
    static const struct test_case apart[] = {CASE(hears_only_its_own_group)};
    char who[8];

    fdt_bootarg("who", who, sizeof(who));
    if (strcmp(who, "answers") == 0)
        return test_run("t_net", answers, ARRAY_SIZE(answers));
    if (strcmp(who, "apart") == 0)
        return test_run("t_net", apart, ARRAY_SIZE(apart));
    return test_run("t_net", asks, ARRAY_SIZE(asks));
}
