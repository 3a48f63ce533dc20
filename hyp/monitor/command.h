/*
 * The commands of the monitor: what a person types, or a script has, word by word. A command is a
 * row of a table: cmd_*.c each export one; command.c finds, checks and runs.
 */
#ifndef MONITOR_COMMAND_H
#define MONITOR_COMMAND_H

#include "arch/types.h"

#define COMMAND_WORDS 16
#define COMMAND_LINE  256 /* bytes, the end included */

struct vm;
struct vcpu;

/* A line, taken apart at blanks; "quoted words" keep theirs. word[0] is the command. */
struct arguments {
    u32 count;
    const char *word[COMMAND_WORDS];
};

enum command_result {
    COMMAND_DONE,
    COMMAND_FAILED, /* has said why, or has given command_failed the reason */
    COMMAND_WAITS,  /* goes on in the function given to command_wait       */
};

/* What a word of a command can be completed to. */
enum completion {
    COMPLETE_NOTHING,
    COMPLETE_VM,
    COMPLETE_COMMAND,
    COMPLETE_SETTING, /* what setting_name tells         */
    COMPLETE_WORDS,   /* one of `words`, NULL at the end */
};

#define COMMAND_COMPLETED 3

struct command {
    const char *name;
    const char *arguments;    /* "VM [vcpu N]"; "" when there are none                  */
    const char *summary;      /* one line                                               */
    const char *example;      /* a line to type, and after " : " what it does           */
    u32 min_words, max_words; /* without the command itself; checked before it runs  */
    enum completion complete[COMMAND_COMPLETED]; /* of the first words after it      */
    const char *const *words;                    /* for COMPLETE_WORDS               */
    enum command_result (*run)(const struct arguments *arguments);
    bool live; /* shows something again and again: q ends it, as Ctrl-C does         */
};

/* The tables, one a file, in the order of `help`; each ends with a row without a name. */
extern const struct command commands_vm[];      /* cmd_vm.c: vms create start ... kill balloon */
extern const struct command commands_look[];    /* cmd_look.c: regs mem map walk             */
extern const struct command commands_stat[];    /* cmd_stat.c: stat top                      */
extern const struct command commands_trace[];   /* cmd_trace.c: trace                        */
extern const struct command commands_disks[];   /* cmd_disks.c: disks                        */
extern const struct command commands_net[];     /* cmd_net.c: net                            */
extern const struct command commands_system[];  /* cmd_system.c: machine log set console     */
extern const struct command commands_monitor[]; /* cmd_monitor.c: help quit                  */
extern const struct command commands_script[];  /* cmd_script.c: wait expect type echo       */

/* The names that `set` knows, and those of the VMs, for 0, 1, ... until NULL. */
const char *setting_name(u32 index); /* cmd_system.c */
const char *vm_name(u32 index);

/* All of them; ends with one without a title. */
struct command_table {
    const char *title;
    const struct command *rows;
};
extern const struct command_table command_tables[];

/*
 * Runs one line, shorter than COMMAND_LINE. An empty one or a comment (#) is done at once. Unknown
 * commands and wrong numbers of words fail, with what was perhaps meant. The words stay as they are
 * until the next line is run. The monitor's task only.
 */
enum command_result command_run(const char *line);

/* The row of the command that was run last, and of the one of that name; NULL: none. */
const struct command *command_running(void);
const struct command *command_find(const char *name);

/* The rows of all tables, for 0, 1, ... until NULL. */
const struct command *command_at(u32 index);
const char *command_name(u32 index);

/*
 * Possible completions of the last word of `line`, which ends at `length`: the number of them, and
 * in `more` (COMMAND_LINE bytes) what all of them have after what is there, with a blank when it is
 * the only one. Number `index` of them is had by command_candidate afterwards.
 */
u32 command_complete(const char *line, u32 length, char *more);
const char *command_candidate(u32 index);

/*
 * For a command that takes time, before it returns COMMAND_WAITS: from then on `poll` is called
 * whenever the monitor is woken, at least every `interval_ms`, until it returns something else.
 * `cancelled`: a person pressed Ctrl-C (or q, in `top`): it must not wait any more.
 */
void command_wait(enum command_result (*poll)(bool cancelled), u32 interval_ms);

/*
 * Notes why a command fails, a sentence without "Twofold:" and without an end of line. It is
 * printed when the command has returned, in a script with the line's number. Always returns
 * COMMAND_FAILED, so that a command can end with it.
 */
enum command_result command_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Fails because there is no command of that name; tells the nearest. */
enum command_result command_unknown(const char *name);

/* What it has been given since the last line began; NULL: nothing. */
const char *command_reason(void);

/*
 * Words as what they stand for. False, or NULL: it is not that, which command_failed has been
 * given, with the word, what was expected and, of names, the nearest; return COMMAND_FAILED then.
 */
struct vm *argument_vm(const char *word);
bool argument_number(const char *word, u64 *value);      /* 12, 0x1f, 64K, 2M, 1G */
bool argument_time(const char *word, u32 *milliseconds); /* 250ms, 5s, 2m; 3 is seconds */

/* The vCPU of a VM that is not off, by its number; told when there is none. */
struct vcpu *argument_vcpu(struct vm *vm, const char *word);

#endif
