/*
 * A guest that takes all the processor time that it can get, and says how much that was. All its
 * harts compute from its start until `until=` ms of its time. What is told is about the stretch
 * between `from=` and `to=` ms, which lies inside: how long a hart of it ran, by the stolen time
 * that the SBI reports; ticks of `cycle`, which stands still while the guest has no hart; and the
 * work done. tests/check_shares.py judges it.
 */
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/printf.h"
#include "guest/lib/sbi.h"
#include "guest/lib/test.h"

#define TICKS_PER_MS 10000ull /* of `time`, on `virt` */
#define NS_PER_TICK  100u

#define STA_SET_SHMEM 0

/* SBI, "STA Shared Memory Structure". */
struct steal {
    u32 sequence, flags;
    u64 nanoseconds;
    u8 preempted, pad[47];
} __attribute__((aligned(64)));

/* What a hart has seen at a moment; `rounds` are of its loop. */
struct moment {
    u64 time, stolen, cycle;
    u32 rounds;
};

struct stretch {
    struct moment from, to;
};

static u64 from, to, until;
static volatile struct steal steals[MAX_HARTS];
static struct stretch stretches[MAX_HARTS];
static u32 done;

/* In ticks. Written only while this hart is elsewhere, but for it in the middle of reading. */
static u64 stolen(const volatile struct steal *steal)
{
    u32 sequence;
    u64 nanoseconds;

    do {
        sequence = steal->sequence;
        nanoseconds = steal->nanoseconds;
    } while (sequence != steal->sequence);
    return nanoseconds / NS_PER_TICK;
}

/*
 * QEMU, when it counts instructions, runs one hart after the other, each until the next timer of
 * any is due. This one keeps their turns short; its interrupt is not enabled.
 */
static void set_short_timer(void)
{
    csr_write(0x14d, (u32)(read_time() + TICKS_PER_MS / 10)); /* stimecmp */
    csr_write(0x15d, 0);                                      /* stimecmph */
}

/* Until the time comes; returns what is then. */
static struct moment compute(u64 time, u32 rounds)
{
    const volatile struct steal *steal = &steals[this_hart()->id];
    struct moment now;

    for (; read_time() < time; rounds++) {
        set_short_timer();
        for (u32 i = 0; i < 1000; i++)
            __asm__ volatile("");
    }
    do
        now = (struct moment){.stolen = stolen(steal), .time = read_time(), .rounds = rounds};
    while (now.stolen != stolen(steal));
    now.cycle = csr_read64(cycle, cycleh);
    return now;
}

static void run(void)
{
    struct stretch *stretch = &stretches[this_hart()->id];

    sbi_call(SBI_EXT_STA, STA_SET_SHMEM, (u32)(uintptr_t)&steals[this_hart()->id], 0, 0, 0, 0);
    stretch->from = compute(from, 0);
    stretch->to = compute(to, stretch->from.rounds);
    compute(until, 0);
    __atomic_add_fetch(&done, 1, __ATOMIC_RELEASE);
}

static void tell(u32 harts)
{
    u64 ran = 0, time = 0, cycles = 0;
    u32 rounds = 0;

    for (u32 i = 0; i < harts; i++) {
        const struct moment *begin = &stretches[i].from, *end = &stretches[i].to;

        time += end->time - begin->time;
        ran += end->time - begin->time - (end->stolen - begin->stolen);
        cycles += end->cycle - begin->cycle;
        rounds += end->rounds - begin->rounds;
    }
    printf("t_share: %u harts ran %llu of %llu ticks, %llu cycles, %u rounds\n", harts, ran, time,
           cycles, rounds);
}

int main(void)
{
    u32 harts = hart_count();

    if (!sbi_probe(SBI_EXT_STA)) {
        printf("t_share: there is no STA extension\n");
        return 1;
    }
    from = fdt_bootarg_number("from", 1500) * TICKS_PER_MS;
    to = fdt_bootarg_number("to", 4500) * TICKS_PER_MS;
    until = fdt_bootarg_number("until", 5500) * TICKS_PER_MS;
    for (u32 i = 0; i < harts; i++)
        if (i != this_hart()->id)
            hart_start(i, run);
    run();
    while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < harts)
        hart_relax();
    tell(harts);
    return 0;
}
