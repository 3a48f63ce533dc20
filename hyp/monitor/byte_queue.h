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

/* The first byte, which stays; the queue is not empty. */
static inline u8 byte_queue_first(const struct byte_queue *queue)
{
    return queue->bytes[queue->head];
}

/* Takes the first byte away; the queue is not empty. */
static inline void byte_queue_drop(struct byte_queue *queue)
{
    queue->head = (queue->head + 1) % BYTE_QUEUE_SIZE;
    queue->count--;
}

#endif
