/* The few functions of <string.h> that guests use and compilers emit calls to. */
#ifndef GUEST_STRING_H
#define GUEST_STRING_H

#include "arch/types.h"

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
char *strcpy(char *to, const char *from);

#endif
