/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * After and during a migration the images of a guest belong to another QEMU.
 *
 * QEMU before 10.0 does not report which nodes are inactive: this has to be concluded from the
 * migration.  A guest that was migrated to this QEMU has active images if it has run here, or at
 * the end of the migration unless the client has set the capability late-block-activate, as libvirt
 * does.
 */
#pragma once

#include "graph/replies.h"

/** Returns: TRUE if a guest is in the run state @state (nullable) without an incident or migration:
 * it runs, or is stopped by its user. */
gboolean qblk_guest_state_is_ordinary(const char *state);

/** Returns: (nullable): the last query that qblk_guest_state_may_be_inactive() needs */
const char *qblk_guest_state_next_query(const QblkReplies *replies);

/** TRUE if a QEMU that does not report which nodes are inactive has a stopped guest that was
 * migrated to it, and it is not known that it has activated its images. */
gboolean qblk_guest_state_may_be_inactive(const QblkReplies *replies);
