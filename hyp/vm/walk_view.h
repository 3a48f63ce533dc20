/* A walk with all that is told of it: what governed it, and what hardware says of the same access.
 */
#ifndef VM_WALK_VIEW_H
#define VM_WALK_VIEW_H

#include "hyp/vm/walk.h"

/* What the hypervisor does about a guest-page fault. */
enum walk_answer {
    WALK_ANSWER_NONE,         /* there is none                                          */
    WALK_ANSWER_BACK,         /* the gPA is RAM without a page: it gets one             */
    WALK_ANSWER_COPY,         /* ... RAM that is shared: it gets a page of its own      */
    WALK_ANSWER_DEVICE,       /* a device answers                                       */
    WALK_ANSWER_ACCESS_FAULT, /* nothing is there that answers: the guest gets a fault  */
};

struct walk_view {
    const char *vm;
    u32 vcpu;
    struct walk_context context;
    u32 hgatp;
    struct walk_record record;
    enum walk_answer answer;
    const char *device; /* its name, of WALK_ANSWER_DEVICE */

    /* The same by HLV, for a fetch HLVX, of the word that has the byte. A write that ends in a
     * fault is not tried. */
    bool asked;
    u32 found;    /* the word where our walk leads (cause is 0)         */
    u32 hardware; /* the word that hardware found, if it did not trap   */
    u32 hardware_cause, hardware_htval, hardware_htinst; /* of its trap; cause 0: none */
};

#endif
