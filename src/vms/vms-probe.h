/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The versions of VMs, from the greetings of their free monitors.
 */
#pragma once

#include <glib.h>

/** Connect to a free monitor of each VM (of QblkVmInfo), all at once, and set the versions of those
 * that answer within @timeout_ms. */
void qblk_vms_probe(const GPtrArray *vms, int timeout_ms);
