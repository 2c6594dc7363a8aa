/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Operations of the bridge that end before they are complete, because QEMU or the bridge ends.
 */
#pragma once

#include "bridge/local-call.h"

/** For the functions of local.h. */
void qblk_local_left_mark(QblkLocal *local, gboolean qemu_ends);
char *qblk_local_left_take(QblkLocal *local) G_GNUC_WARN_UNUSED_RESULT;
