/* A queue of typed bytes that somebody will take later. Pure; its user has the lock. */
#ifndef MONITOR_BYTE_QUEUE_H
#define MONITOR_BYTE_QUEUE_H

#include "arch/types.h"

#define BYTE_QUEUE_SIZE 1024

struct byte_queue {
    u8 bytes[BYTE_QUEUE_SIZE];
    u32 head, count;
};

/* Puts a byte at the end. False: the queue is full. */
static inline bool byte_queue_put(struct byte_queue *queue, u8 byte)
{
    if (queue->count == BYTE_QUEUE_SIZE)
        return false;
    queue->bytes[(queue->head + queue->count++) % BYTE_QUEUE_SIZE] = byte;
    return true;
}

/* Byte number `at`, from 0, which stays; the queue has more than `at`. */
static inline u8 byte_queue_at(const struct byte_queue *queue, u32 at)
{
    return queue->bytes[(queue->head + at) % BYTE_QUEUE_SIZE];
}

/* Takes the first `count` bytes away; the queue has as many. */
static inline void byte_queue_drop(struct byte_queue *queue, u32 count)
{
    queue->head = (queue->head + count) % BYTE_QUEUE_SIZE;
    queue->count -= count;
}

#endif
