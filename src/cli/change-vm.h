/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A VM that is about to be changed, as the commands that change VMs share it.
 */
#pragma once

#include "blockjob/journal.h"
#include "cli/change-options.h"
#include "cli/invocation.h"
#include "plan/plan-check.h"
#include "qmp/schema.h"
#include "recover/recover.h"

/** A VM that is about to be changed. */
typedef struct {
    QblkInvocation *invocation;       /* borrowed */
    const QblkChangeOptions *options; /* borrowed */
    QblkClient *client;               /* owned; NULL if plans are made from a capture */
    QblkSchema *schema;               /* owned: what this QEMU accepts; NULL for a capture */
    QblkSnapshot *snapshot;           /* owned */
    QblkJournalVm vm;                 /* which QEMU it is; empty if there is no client */
    QblkRecovery *recovery;           /* owned: of operations that were interrupted, or NULL */
    QblkJson *skipped;                /* owned: disks that --all-disks leaves out, and why */
    QblkPlanContext context;          /* for the planners, borrowed from the members above */
    gboolean is_local;                /* the files that the plans name are those of this machine */
} QblkChange;
