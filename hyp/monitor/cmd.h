/* What the files of the commands share: cmd_*.c, each a table of commands or the body of one. */
#ifndef MONITOR_CMD_H
#define MONITOR_CMD_H

#include "hyp/monitor/command.h"

enum command_result command_create(const struct arguments *arguments);
enum command_result command_regs(const struct arguments *arguments);
enum command_result command_mem(const struct arguments *arguments);
enum command_result command_map(const struct arguments *arguments);
enum command_result command_top(const struct arguments *arguments);
enum command_result command_set(const struct arguments *arguments);

#endif
