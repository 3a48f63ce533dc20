/* A line, taken apart into words. Pure. */
#ifndef MONITOR_WORDS_H
#define MONITOR_WORDS_H

#include "arch/types.h"
#include "hyp/monitor/command.h"

/*
 * Takes `line` apart, in place: at blanks, except within "quotes", where \n \r \t \" \\ and \xNN
 * stand for what they do in C; up to a word that begins with #. The words point into the line.
 * Returns NULL, or what is wrong.
 */
const char *words_split(char *line, struct arguments *words);

/* The value of a digit, up to f; NO_DIGIT, more than any: it is none. */
#define NO_DIGIT 99
u32 digit_of(char c);

#endif
