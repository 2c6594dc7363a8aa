/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A VM that is about to be changed, as the commands that change VMs share it.
 */
#pragma once

#include "cli/change-options.h"
#include "cli/invocation.h"

#include <qblk/plans.h>
#include <qblk/recover.h>

/** A VM that is about to be changed. */
typedef struct {
    QblkInvocation *invocation;       /* borrowed */
    const QblkChangeOptions *options; /* borrowed */
    QblkPlanOptions *plan_options;    /* owned */
    gboolean is_closed;               /* the image of the client, if it has one */
    QblkClient *client;               /* owned; NULL if plans are made from a capture */
    QblkSnapshot *snapshot;           /* owned */
    QblkRecovery *recovery;           /* owned: of operations that were interrupted, or NULL */
    GPtrArray *warnings;              /* of char, owned: those that were printed, for JSON */
} QblkChange;
