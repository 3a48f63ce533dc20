/* What the files of the commands share: cmd_*.c, each a table of commands or the body of one. */
#ifndef MONITOR_CMD_H
#define MONITOR_CMD_H

#include "hyp/monitor/command.h"

enum command_result command_create(const struct arguments *arguments);
enum command_result command_regs(const struct arguments *arguments);
enum command_result command_mem(const struct arguments *arguments);
enum command_result command_map(const struct arguments *arguments);
enum command_result command_walk(const struct arguments *arguments);
enum command_result command_walk_range(const struct arguments *arguments);
enum command_result command_show_tables(const struct arguments *arguments);
enum command_result command_check(const struct arguments *arguments);
enum command_result command_tlb(const struct arguments *arguments);
enum command_result command_top(const struct arguments *arguments);
enum command_result command_set(const struct arguments *arguments);
enum command_result command_balloon(const struct arguments *arguments);

/* cmd_range.c: is it a walk of a range? It has the two words that `walk` must have. */
bool walk_is_of_range(const struct arguments *arguments);

#endif
