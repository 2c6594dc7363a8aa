/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What the commands that change a running VM have in common: they keep the connection, make a plan,
 * print it or carry it out.
 */
#pragma once

#include "blockjob/plan.h"
#include "cli/invocation.h"
#include "qmp/schema.h"

#include <qblk/client.h>

typedef struct {
    QblkClient *client;     /* owned; NULL where a plan is made from a capture */
    QblkSchema *schema;     /* owned: what this QEMU takes; NULL likewise */
    QblkSnapshot *snapshot; /* owned */
    QblkPlanContext context;
} QblkLive;

/** Connect to the VM that the first argument names and look at it; the second is the disk.  With
 * --dry-run a capture will do. */
QblkLive *qblk_live_open(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_live_free(QblkLive *live);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkLive, qblk_live_free)

/** Print @plan if --dry-run was given, else carry it out and print how it ended. */
gboolean qblk_live_finish(QblkLive *live, QblkInvocation *invocation, const QblkPlan *plan,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options that all jobs have to @context. */
void qblk_live_options(QblkInvocation *invocation, GOptionContext *context);
