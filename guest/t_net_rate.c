/*
 * The limit of a network card's rate. `who=sends` sends as much as it can for two seconds, with
 * `rate=` kilobits a second in its description; `who=counts` hears no more than that.
 */
#include "guest/lib/csr.h"
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/net.h"
#include "guest/lib/string.h"
#include "guest/lib/test.h"

#define SECOND     10000000u /* ticks */
#define LENGTH     1000u     /* bytes of a frame */
#define SILENCE_MS 500
#define BURST      16384u /* bytes that go at once after a silence, or the rate's in 20 ms */

static const u8 everybody[MAC_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static struct net net;
static u8 frame[FRAME_MAX];

static void sends_all_the_time(void)
{
    CHECK(net_open(&net, 0, 0), "no card");
    memset(frame, 0, sizeof(frame));
    net_address(&net, frame, everybody);
    u64 end = read_time() + 2 * SECOND;
    u32 sent = 0;
    while (read_time() < end) {
        for (u32 i = 0; i < 8; i++, sent++)
            net_add(&net, frame, LENGTH, NULL);
        net_flush(&net);
        hart_relax(); /* for who counts */
    }
    printf("t_net_rate: sent %u frames of %u bytes\n", sent, LENGTH);
}

static void hears_what_the_rate_allows(void)
{
    u32 rate = fdt_bootarg_number("rate", 0) * 125; /* bytes a second */
    u32 burst = rate / 50 > BURST ? rate / 50 : BURST;

    CHECK(net_open(&net, 0, 0), "no card");
    CHECK(net_take(&net, 20000), "nothing comes");
    u64 begin = read_time(), last = begin;
    u32 bytes = net.length;
    while (net_take(&net, SILENCE_MS)) {
        bytes += net.length;
        last = read_time();
    }
    u32 ms = (u32)(last - begin) / (SECOND / 1000), allowed = rate / 1000 * ms;
    printf("t_net_rate: heard %u bytes in %u ms, where %u and a burst of %u are allowed\n", bytes,
           ms, allowed, burst);
    CHECK(ms > 1500, "it ended after %u ms", ms);
    /* The first may have been heard some milliseconds late. */
    CHECK(bytes <= allowed + burst + LENGTH + rate / 100, "%u bytes are too much", bytes);
    CHECK(bytes >= allowed - allowed / 20, "%u bytes are too few", bytes);
}

int main(void)
{
    static const struct test_case sends[] = {CASE(sends_all_the_time)};
    static const struct test_case counts[] = {CASE(hears_what_the_rate_allows)};
    char who[8];

    fdt_bootarg("who", who, sizeof(who));
    return test_run("t_net_rate", strcmp(who, "sends") == 0 ? sends : counts, 1);
}
