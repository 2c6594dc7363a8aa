/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Operations of a QEMU that was started again since.
 *
 * Everything that was in progress ended with the previous QEMU.  What counts is which images the
 * guest has now, and whether they are the ones with its data.  Nothing is sent that changes a
 * chain.
 */
#pragma once

#include "blockjob/run.h"
#include "recover/recover-result.h"

/**
 * Look at what the disk of @record has now.  If the guest has switched to another image the mark of
 * the old one is made final; if it has not, the mark is removed.
 *
 * @state_dir: (nullable): of marks that are not beside their images; NULL: change no mark
 *
 * Returns: (transfer full): the result; NULL with QBLK_BLOCKJOB_ERROR_RESULT if the guest runs on
 * an image that is not, or may not be, the one with its newest data.
 */
QblkRecoverResult *qblk_recover_restart(QblkClient *client, const QblkSnapshotOptions *options,
                                        const char *state_dir, const QblkJournalRecord *record,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
