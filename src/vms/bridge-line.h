/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The command line of `qblk bridge`.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *vm;             /* owned: the VM argument, or NULL: that of the environment */
    GPtrArray *full;      /* of char, owned: the paths of --listen */
    GPtrArray *read_only; /* of char, owned: those of --listen-read-only */
} QblkBridgeLine;

/** Returns: (transfer full) (nullable): what @arguments (array zero-terminated=1) mean; NULL if
 * they are those of another program or command */
QblkBridgeLine *qblk_bridge_line_new(char *const *arguments) G_GNUC_WARN_UNUSED_RESULT;
void qblk_bridge_line_free(QblkBridgeLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkBridgeLine, qblk_bridge_line_free)
