/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/planner-machine.h"

#include "image/lock-holder.h"
#include "plan/plan-check.h"

/* TRUE if the process could be looked at, and has none of the images open. */
static gboolean
is_relay(const QblkSnapshot *snapshot, const QblkChain *chain)
{
    return snapshot->opened != NULL && snapshot->opened->unknown == NULL &&
           chain->unknown_files != NULL;
}

gboolean
qblk_planner_machine_check(const QblkSnapshot *snapshot, const QblkChain *chain, const char *path,
                           GError **error)
{
    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    const char *image = top == NULL ? NULL : qblk_plan_layer_path(top);
    gboolean is_here = image != NULL && qblk_lock_holder_is_any(image);

    if (!is_relay(snapshot, chain) || is_here) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "'%s' may be on another machine, where an image could be overwritten: "
                            "%s, and no process here has the active image of disk '%s' locked: run "
                            "qblk on the machine of QEMU, with its own monitor",
                            path, chain->unknown_files, chain->target);
}
