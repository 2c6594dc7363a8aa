/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The options of a bridge, as the bridge reads them.
 */
#pragma once

#include "bridge/listener.h"

#include <qblk/bridge.h>

struct QblkBridgeOptions {
    gatomicrefcount references;
    GPtrArray *allow; /* of char, owned */
    GPtrArray *deny;  /* of char, owned */
    QblkListenerAccess access;
    int timeout_ms;
    int stop_timeout_ms;
    gboolean reconnect;
    char *notify_socket;                   /* owned, or NULL */
    char *state_directory;                 /* owned, or NULL */
    QblkSnapshotOptions *snapshot_options; /* owned, or NULL */
};
