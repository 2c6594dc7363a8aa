/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Our own commands against a recorded schema: what QEMU would refuse because it is malformed.
 */
#pragma once

#include "qmp/schema.h"

/**
 * Check that QEMU would accept @command: all that qblk_schema_supports() checks, the type of each
 * value, and that no mandatory member is missing.
 *
 * @arguments: (nullable): an object
 *
 * Returns: TRUE, or FALSE with an error as those of qblk_schema_supports()
 */
gboolean schema_check_command(const QblkSchema *schema, const char *command,
                              const QblkJson *arguments, GError **error) G_GNUC_WARN_UNUSED_RESULT;
