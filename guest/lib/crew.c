#include "guest/lib/crew.h"
#include "guest/lib/boot.h"
#include "guest/lib/sbi.h"
#include "guest/lib/test.h"

volatile u32 crew_alive[MAX_HARTS], crew_wrong[MAX_HARTS], crew_quit;

void crew_clear(void)
{
    for (u32 hart = 0; hart < MAX_HARTS; hart++)
        crew_alive[hart] = crew_wrong[hart] = 0;
    crew_quit = 0;
}

bool crew_start(void (*run)(void))
{
    u32 harts = hart_count();

    crew_clear();
    for (u32 hart = 0; hart < harts; hart++) {
        s32 error = hart == boot.hart ? SBI_SUCCESS : hart_start(hart, run);
        if (error != SBI_SUCCESS) {
            test_fail("hart %u: error %d from sbi_hart_start", hart, error);
            return false;
        }
    }
    for (u32 hart = 0; hart < harts; hart++)
        if (hart != boot.hart && !hart_wait_value(&crew_alive[hart], 1)) {
            test_fail("hart %u is in state %u but does nothing", hart, sbi_hart_status(hart).value);
            return false;
        }
    return true;
}

bool crew_stop(void)
{
    u32 harts = hart_count();

    crew_quit = 1;
    sbi_send_ipi(0, SBI_ALL_HARTS);
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    for (u32 hart = 0; hart < harts; hart++)
        if (hart != boot.hart && !hart_wait_state(hart, HART_STOPPED)) {
            test_fail("hart %u does not stop", hart);
            return false;
        }
    return true;
}

bool crew_is_right(const char *what)
{
    for (u32 hart = 0; hart < MAX_HARTS; hart++)
        if (crew_wrong[hart] > 0) {
            test_fail("hart %u: %s, %u times", hart, what, crew_wrong[hart]);
            return false;
        }
    return true;
}
