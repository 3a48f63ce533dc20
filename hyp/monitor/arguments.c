/* Words as what they stand for. */
#include "hyp/core/nearest.h"
#include "hyp/core/string.h"
#include "hyp/monitor/command.h"
#include "hyp/monitor/words.h"
#include "hyp/vm/vm.h"

#define LARGEST (~(u64)0)

const char *vm_name(u32 index)
{
    return index < vm_count ? vms[index]->config.name : NULL;
}

struct vm *argument_vm(const char *word)
{
    struct vm *vm = vm_find(word);
    const char *meant;

    if (vm)
        return vm;
    meant = nearest_name(word, vm_name);
    if (meant)
        command_failed("there is no VM \"%s\"; did you mean \"%s\"?", word, meant);
    else
        command_failed("there is no VM \"%s\"; `vms` lists them", word);
    return NULL;
}

/* The number that `word` begins with, decimal or 0x and hexadecimal. Returns what follows it; NULL:
 * it is none, or does not fit. */
static const char *read_number(const char *word, u64 *value)
{
    bool hex = word[0] == '0' && (word[1] | 0x20) == 'x';
    const char *p = hex ? word + 2 : word;
    u32 base = hex ? 16 : 10;
    u64 limit = hex ? LARGEST / 16 : LARGEST / 10;

    *value = 0;
    if (digit_of(*p) >= base)
        return NULL;
    for (u32 digit; (digit = digit_of(*p)) < base; p++) {
        u64 next = *value * base + digit;

        if (*value > limit || next < digit)
            return NULL;
        *value = next;
    }
    return p;
}

static const struct {
    const char *name;
    u32 shift;
} sizes[] = {{"", 0}, {"K", 10}, {"M", 20}, {"G", 30}};

bool argument_number(const char *word, u64 *value)
{
    const char *unit = read_number(word, value);

    for (u32 i = 0; unit && i < ARRAY_SIZE(sizes); i++)
        if (!strcmp(unit, sizes[i].name) && *value <= LARGEST >> sizes[i].shift) {
            *value <<= sizes[i].shift;
            return true;
        }
    command_failed("\"%s\" is not a number: expected such as 12, 0x1f, 64K, 2M or 1G", word);
    return false;
}

static const struct {
    const char *name;
    u32 milliseconds;
} times[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};

#define LONGEST_HOURS 24

bool argument_time(const char *word, u32 *milliseconds)
{
    u64 value;
    const char *unit = read_number(word, &value);

    for (u32 i = 0; unit && i < ARRAY_SIZE(times); i++)
        if (!strcmp(unit, times[i].name) &&
            value <= LONGEST_HOURS * 3600000u / times[i].milliseconds) {
            *milliseconds = (u32)value * times[i].milliseconds;
            return true;
        }
    command_failed("\"%s\" is not a time of at most %u hours: expected such as 250ms, 5s or 2m",
                   word, LONGEST_HOURS);
    return false;
}

struct vcpu *argument_vcpu(struct vm *vm, const char *word)
{
    u64 number;
    struct vcpu *vcpu;

    if (!argument_number(word, &number))
        return NULL;
    if (number >= vm->config.cpus) {
        command_failed("VM \"%s\" has no vCPU %s: it has %u, numbered from 0", vm->config.name,
                       word, vm->config.cpus);
        return NULL;
    }
    vcpu = vm->vcpus[(u32)number];
    if (!vcpu)
        command_failed("VM \"%s\" is %s: it has no vCPUs now", vm->config.name,
                       vm_state_name(vm_state(vm)));
    return vcpu;
}
