/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A second QMP server of a running QEMU, for whoever watches while its manager holds the first.
 *
 * QEMU makes one since 11.1: a chardev that listens, and an object `monitor-qmp` that speaks QMP on
 * it.  Both have one id, which follows from the path, so that what qblk has opened is found again
 * without a note of it anywhere.
 */
#pragma once

#include "plan/plan.h"
#include "qmp/schema.h"

/** What a VM says of itself; all is borrowed. */
typedef struct {
    const QblkSchema *schema; /* of `open` only */
    const QblkJson *chardevs; /* its reply to query-chardev */
    const QblkJson
        *objects; /* to qom-list of QBLK_PLAN_MONITOR_OBJECTS, NULL for none; of `close` only */
    gboolean force_managed; /* libvirt started the guest and will not hear of it */
} QblkPlanMonitorContext;

#define QBLK_PLAN_MONITOR_OBJECTS "/objects"

/**
 * The plan to open a monitor at @path, which is absolute, is UTF-8, and is not there: QEMU replaces
 * whatever file it finds.  Its target is the path, its job the id, and its last step, without a
 * command, is to connect.
 *
 * Fails with QBLK_BLOCKJOB_ERROR_REFUSED on a QEMU before 11.1, on a guest of libvirt's, and where
 * the monitor is open already.
 */
QblkPlan *qblk_plan_monitor_open(const QblkPlanMonitorContext *context, const char *path,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The plan to close the monitor at @path, as it was said when it was opened, or what a crash has
 * left of it.  Fails with QBLK_GRAPH_ERROR_NO_LAYER where qblk has opened none there.
 */
QblkPlan *qblk_plan_monitor_close(const QblkPlanMonitorContext *context, const char *path,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
