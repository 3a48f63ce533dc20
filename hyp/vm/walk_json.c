#include "hyp/vm/walk_json.h"

#include <stdarg.h>

#include "hyp/core/printk.h"
#include "hyp/vm/walk_verdict.h"

struct writer {
    char *text;
    u32 size, used;
};

static void add(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct writer *w, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    w->used += format_text_list(w->text + w->used, w->size - w->used, format, list);
    va_end(list);
}

/* The name of a VM, without what would end a string. */
static void add_name(struct writer *w, const char *name)
{
    for (; *name; name++)
        add(w, "%c", *name < ' ' || *name > '~' || *name == '"' || *name == '\\' ? '_' : *name);
}

static const char *bool_text(bool value)
{
    return value ? "true" : "false";
}

static void add_head(struct writer *w, const struct walk_view *view)
{
    static const char *const accesses[] = {
        [WALK_READ] = "read",
        [WALK_WRITE] = "write",
        [WALK_EXECUTE] = "execute",
    };
    const struct walk_record *record = &view->record;

    add(w, "{\"record\":\"twofold-walk\",\"version\":1,\"vm\":\"");
    add_name(w, view->vm);
    add(w, "\",\"vcpu\":%u,\"gva\":\"0x%08x\",\"access\":\"%s\",\"user\":%s", view->vcpu,
        record->gva, accesses[record->access], bool_text(view->context.user));
}

static void add_context(struct writer *w, const struct walk_context *context)
{
    add(w,
        ",\"context\":{\"vsatp\":\"0x%08x\",\"root\":\"0x%09llx\",\"sum\":%s,\"mxr\":%s,"
        "\"mxr_hs\":%s,\"vs_hardware_ad\":%s,\"g_hardware_ad\":%s}",
        context->vsatp, context->root, bool_text(context->sum), bool_text(context->mxr),
        bool_text(context->mxr_hs), bool_text(context->vs_hardware_ad),
        bool_text(context->g_hardware_ad));
}

static void add_reads(struct writer *w, const struct walk_record *record)
{
    add(w, ",\"reads\":[");
    for (u32 i = 0; i < record->count; i++) {
        const struct walk_read *read = &record->reads[i];

        add(w,
            "%s{\"stage\":\"%s\",\"level\":%d,\"gpa\":\"0x%09llx\",\"hpa\":\"0x%09llx\","
            "\"index\":%u,\"entry\":\"0x%08x\"}",
            i ? "," : "", read->stage == WALK_VS_STAGE ? "VS" : "G", read->level, read->gpa,
            read->hpa, read->index, read->entry);
    }
    add(w, "]");
}

static void add_verdict(struct writer *w, const struct walk_record *record)
{
    static const char *const takers[] = {
        [WALK_NOBODY] = "nobody",
        [WALK_GUEST] = "guest",
        [WALK_HYPERVISOR] = "hypervisor",
    };
    struct walk_verdict verdict;
    char rights[4];

    walk_verdict(record, &verdict);
    walk_rights_text(record->rights, rights);
    add(w, ",\"verdict\":{\"cause\":%u,\"implicit\":%s,\"implicit_write\":%s", record->cause,
        bool_text(record->implicit), bool_text(record->implicit_write));
    if (record->cause)
        add(w, ",\"blamed\":%u,\"reason\":\"%s\"", record->blamed, walk_reason_text(record));
    add(w,
        ",\"gpa\":\"0x%09llx\",\"hpa\":\"0x%09llx\",\"vs_size\":%u,\"g_size\":%u,"
        "\"rights\":\"%s\"",
        record->gpa, record->hpa, record->vs_size, record->g_size, rights);
    add(w, ",\"stval\":\"0x%08x\",\"htval\":\"0x%08x\",\"htinst\":\"0x%08x\",\"to\":\"%s\"}}",
        verdict.stval, verdict.htval, verdict.htinst, takers[verdict.taker]);
}

u32 walk_json(const struct walk_view *view, char *text, u32 size)
{
    struct writer w = {text, size, 0};

    add_head(&w, view);
    add_context(&w, &view->context);
    add_reads(&w, &view->record);
    add_verdict(&w, &view->record);
    return w.used;
}
