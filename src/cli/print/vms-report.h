/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The VMs of this machine as a table and as JSON.
 */
#pragma once

#include "cli/print/output.h"

#include <qblk/vms.h>

/** Print @vms to @output, as text or JSON; warn once if the user may not inspect all of them. */
void qblk_vms_report_print(const QblkVms *vms, QblkOutput *output);
