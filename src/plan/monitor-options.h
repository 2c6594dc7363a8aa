/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which monitor is opened or closed, as the planners read it.
 */
#pragma once

#include <qblk/monitor-options.h>

struct QblkMonitorOptions {
    gatomicrefcount references;
    const char *path; /* owned, absolute, UTF-8, short enough for a socket; NULL: not set */
    gboolean close;
};
