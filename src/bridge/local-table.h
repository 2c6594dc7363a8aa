/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The table of the commands of the bridge, for their tests.
 */
#pragma once

#include "bridge/local-call.h"

/** The commands, ended by one without a name. */
extern const QblkLocalCommand qblk_local_commands[];
