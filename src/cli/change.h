/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What the commands that change a running VM have in common: they keep the connection, make plans,
 * print them or carry them out.
 */
#pragma once

#include "blockjob/journal.h"
#include "cli/invocation.h"
#include "qmp/schema.h"

#include <qblk/client.h>

typedef struct {
    QblkClient *client;     /* owned; NULL where a plan is made from a capture */
    QblkSchema *schema;     /* owned: what this QEMU takes; NULL likewise */
    QblkSnapshot *snapshot; /* owned */
    QblkPlanContext context;
    QblkJournalVm vm;  /* which QEMU it is; only where there is a client */
    gboolean is_local; /* the files that the plans name are those of this machine */
} QblkLive;

/** Connect to the VM that the first argument names and look at it.  With --dry-run a capture will
 * do.  A fingerprint that is expected has to be that of the disk, the second argument. */
QblkLive *qblk_change_open(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_change_free(QblkLive *live);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkLive, qblk_change_free)

/** A function like qblk_plan_commit(). */
typedef QblkPlan *(*QblkLivePlanner)(const QblkPlanContext *context, gconstpointer options,
                                     GError **error);

/** The plan for the disk that was named or, with --all-disks, those for all disks that can have
 * one, of QblkPlan, owned. */
GPtrArray *qblk_change_plan(QblkLive *live, const QblkInvocation *invocation,
                            QblkLivePlanner planner, gconstpointer options,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Print @plans if --dry-run was given, else carry them out and print how they ended. */
gboolean qblk_change_finish(QblkLive *live, QblkInvocation *invocation, GPtrArray *plans,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Open, plan and finish. */
gboolean qblk_change_run(QblkInvocation *invocation, QblkLivePlanner planner, gconstpointer options,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options that all jobs have to @context, those that start one with @starts. */
void qblk_change_options(QblkInvocation *invocation, GOptionContext *context, gboolean starts);
