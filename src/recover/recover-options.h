/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * How interrupted operations are recovered.
 */
#pragma once

#include <qblk/recover.h>

struct QblkRecoverOptions {
    gatomicrefcount references;
    char *state_directory;         /* owned; NULL: the default one */
    QblkSnapshotOptions *snapshot; /* owned: how graphs are read; NULL: the defaults */
    int timeout_ms;                /* for a connection and each reply; 0: the default */
    gboolean dry_run; /* find out what would be done, by queries only, and change no file */
    QblkRecoverPurpose purpose;
    char *disk; /* owned: that a program is about to change; NULL: several */
};

/** Returns: (transfer full): a copy of @options (nullable) */
QblkRecoverOptions *qblk_recover_options_copy(const QblkRecoverOptions *options)
    G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the absolute path of the state directory of @options (nullable) */
char *qblk_recover_options_directory(const QblkRecoverOptions *options) G_GNUC_WARN_UNUSED_RESULT;
