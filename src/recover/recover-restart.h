/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What was left on a QEMU that was started again since.
 *
 * All that was under way has ended with the QEMU before; what counts is which images the guest has
 * now, and whether they are the ones that have its data.  Nothing is sent that changes anything.
 */
#pragma once

#include "blockjob/journal.h"
#include "cli/invocation.h"

#include <qblk/client.h>

/**
 * Look at what the disk of @record has now; @said tells it, for people.
 *
 * QBLK_BLOCKJOB_ERROR_RESULT where the guest runs on an image that is not, or may not be, the one
 * with its newest data.
 */
gboolean qblk_recover_restart(QblkClient *client, const QblkInvocation *invocation,
                              const QblkJournalRecord *record, char **said,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
