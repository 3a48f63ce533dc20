/* walk: how one address of a VM is translated, entry by entry; of a range: cmd_range.c. */
#include "hyp/monitor/cmd.h"

#include "hyp/core/console.h"
#include "hyp/core/string.h"
#include "hyp/monitor/look.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/guest_walk.h"
#include "hyp/vm/vm.h"
#include "hyp/vm/vtimer.h"
#include "hyp/vm/walk_text.h"

struct walk_wish {
    gva_t gva;
    enum walk_access access;
    bool user;
    enum walk_form form;
    const char *vcpu; /* a number; NULL: the first */
};

static bool parse_access(const char *word, enum walk_access *access)
{
    static const char *const words[] = {
        [WALK_READ] = "r", [WALK_WRITE] = "w", [WALK_EXECUTE] = "x"};

    for (u32 i = 0; i < ARRAY_SIZE(words); i++)
        if (!strcmp(word, words[i])) {
            *access = (enum walk_access)i;
            return true;
        }
    return false;
}

/* gVA [r|w|x] [user] [vcpu N] [json] */
static enum command_result parse_walk(const struct arguments *arguments, struct walk_wish *wish)
{
    u64 gva;

    *wish = (struct walk_wish){.access = WALK_READ, .form = WALK_AS_TEXT};
    if (!argument_number(arguments->word[2], &gva))
        return COMMAND_FAILED;
    if (gva >> 32)
        return command_failed("gVA %s has more than 32 bits", arguments->word[2]);
    wish->gva = (gva_t)gva;
    for (u32 i = 3; i < arguments->count; i++) {
        if (!strcmp(arguments->word[i], "user"))
            wish->user = true;
        else if (!strcmp(arguments->word[i], "json"))
            wish->form = WALK_AS_JSON;
        else if (!strcmp(arguments->word[i], "vcpu") && i + 1 < arguments->count)
            wish->vcpu = arguments->word[++i];
        else if (!parse_access(arguments->word[i], &wish->access))
            return command_failed("expected r, w, x, user, json or vcpu N, not \"%s\"",
                                  arguments->word[i]);
    }
    return COMMAND_DONE;
}

/* The vCPU is loaded here, so that the hardware can walk too. If it waits for its timer, it goes on
 * waiting. */
static void look(struct vcpu *vcpu, const struct walk_wish *wish, struct walk_view *view)
{
    bool waits = vcpu->timer.hart != NULL;

    vcpu_load(vcpu);
    guest_walk_look(vcpu, wish->gva, wish->access, wish->user, view);
    if (waits)
        vtimer_wake_later(vcpu);
    vcpu_put(vcpu);
}

static void show_line(const char *text)
{
    show("%s\n", text);
}

static void show_walk(const struct walk_view *view, enum walk_form form)
{
    if (form == WALK_AS_JSON) {
        guest_walk_print_json(show_line, view);
        return;
    }
    console_hold();
    walk_text(view, show_line);
    console_release();
}

enum command_result command_walk(const struct arguments *arguments)
{
    static struct walk_view view;
    struct walk_wish wish;
    struct vcpu *vcpu;
    struct vm *vm;

    if (walk_is_of_range(arguments))
        return command_walk_range(arguments);
    vm = argument_vm(arguments->word[1]);
    if (!vm || parse_walk(arguments, &wish) != COMMAND_DONE)
        return COMMAND_FAILED;
    vcpu = look_at_started_vcpu(vm, wish.vcpu);
    if (!vcpu)
        return COMMAND_FAILED;
    look(vcpu, &wish, &view);
    look_end(vm);
    show_walk(&view, wish.form);
    return COMMAND_DONE;
}
