/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Planning one more QMP server in a running QEMU, for a client that watches the guest while its
 * manager holds the first monitor.
 *
 * QEMU can add one since 11.1: a chardev that listens, and an object `monitor-qmp` that speaks QMP
 * on it.  Both have the same id, which is derived from the path, so that a monitor which qblk has
 * opened is found again without being recorded.
 */
#pragma once

#include "plan/plan.h"

#define QBLK_PLAN_MONITOR_OBJECTS "/objects"

/** Returns: TRUE if @plan opens or closes a monitor. */
gboolean qblk_plan_is_of_monitor(const QblkPlan *plan);

/** What the VM reports of itself; everything is borrowed. */
typedef struct {
    gboolean can_add_monitor; /* this QEMU can add one at run time; needed to open */
    const QblkJson *chardevs; /* reply to query-chardev */
    const QblkJson *objects;  /* reply to qom-list of QBLK_PLAN_MONITOR_OBJECTS, NULL: no objects;
                               * needed to close */
    const char *const *arguments; /* of the process of QEMU, NULL: not known; needed to open */
    gboolean force_managed; /* allow a guest of a manager, which is not informed of the monitor */
    gboolean is_dry_run;    /* the plan is only printed: a manager is a warning */
} QblkPlanMonitorContext;

/**
 * Plan to open a monitor.  The target of the plan is the path and its job the id; its last step has
 * no command and stands for connecting.
 *
 * @path: absolute, UTF-8; nothing exists there: QEMU replaces any file that does
 *
 * Returns: (transfer full): the plan; NULL with QBLK_BLOCKJOB_ERROR_REFUSED on a QEMU before 11.1,
 * on a guest of a manager, and if the monitor is already open
 */
QblkPlan *qblk_plan_monitor_open(const QblkPlanMonitorContext *context, const char *path,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Plan to close the monitor, or the part of it that a crash has left over.
 *
 * @path: as it was given when the monitor was opened
 *
 * Returns: (transfer full): the plan; NULL with QBLK_GRAPH_ERROR_NO_MONITOR if qblk has opened no
 * monitor there
 */
QblkPlan *qblk_plan_monitor_close(const QblkPlanMonitorContext *context, const char *path,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
