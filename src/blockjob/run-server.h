/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The server that QEMU waits for while it opens or creates an image there.
 */
#pragma once

#include "plan/plan.h"

/**
 * QEMU connects in its main loop, and neither answers nor runs the guest's I/O until the server
 * responds.
 *
 * Returns: (transfer full) (nullable): the name, without secrets, of the image on a server that
 * @step of @plan opens, or whose data it reads; NULL if it does neither, or the name is not known
 */
char *qblk_run_server_name(const QblkPlan *plan, const QblkStep *step) G_GNUC_WARN_UNUSED_RESULT;
