/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What uses a node or a layer, with copies of all values.
 */
#pragma once

#include "graph/export.h"

#include <qblk/user.h>

/** Texts are owned. */
struct QblkUser {
    gatomicrefcount references;
    QblkUserKind kind;
    char *name;              /* target or qdev of a device, id of an export or job, node-name */
    char *type;              /* "disk", "nbd", "backup"; driver of a filter or node */
    char *role;              /* the edge: "backing", "file", "target"; NULL: an export or device */
    char *node;              /* the node that it uses */
    gboolean is_direct;      /* @node is in question, or of the layer; FALSE: @node uses it */
    QblkExportAccess access; /* of an export */
    char *status;            /* of a job: "running", "concluded" */
};

/** Returns: (transfer full): a user without any value, to be filled */
QblkUser *qblk_user_new(void) G_GNUC_WARN_UNUSED_RESULT;
