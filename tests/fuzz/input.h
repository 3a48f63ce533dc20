/* The bytes of a fuzzer's input, one after the other; past the end there are zeros. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include "arch/types.h"

struct input {
    const u8 *next, *end;
};

static inline bool input_ended(const struct input *input)
{
    return input->next == input->end;
}

static inline u8 input_byte(struct input *input)
{
    return input_ended(input) ? 0 : *input->next++;
}

static inline u16 input_half(struct input *input)
{
    u8 low = input_byte(input);

    return (u16)(low | input_byte(input) << 8);
}

static inline u32 input_word(struct input *input)
{
    u16 low = input_half(input);

    return low | (u32)input_half(input) << 16;
}

/* A number of `size` bytes, the first one on top. */
static inline u32 input_number(struct input *input, u32 size)
{
    u32 value = 0;

    while (size--)
        value = value << 8 | input_byte(input);
    return value;
}

#endif
