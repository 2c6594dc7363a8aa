/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A file of -readconfig, as Incus and LXD start their guests with.
 */
#pragma once

#include "vms/qemu-line.h"

/** Add what a file tells to @line; @text is its content. */
void qblk_qemu_config_read(const char *text, QblkQemuLine *line);
