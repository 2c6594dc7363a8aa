/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover-options.h"

#include "recover/state-directory.h"

QblkRecoverOptions *
qblk_recover_options_new(void)
{
    QblkRecoverOptions *options = g_new0(QblkRecoverOptions, 1);
    g_atomic_ref_count_init(&options->references);
    return options;
}

QblkRecoverOptions *
qblk_recover_options_ref(QblkRecoverOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_recover_options_unref(QblkRecoverOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }
    g_free(options->state_directory);
    g_clear_pointer(&options->snapshot, qblk_snapshot_options_unref);
    g_free(options->disk);
    g_free(options);
}

void
qblk_recover_options_set_state_directory(QblkRecoverOptions *options, const char *directory)
{
    char *copy = g_strdup(directory);
    g_free(options->state_directory);
    options->state_directory = copy;
}

void
qblk_recover_options_set_snapshot_options(QblkRecoverOptions *options,
                                          QblkSnapshotOptions *snapshot_options)
{
    if (snapshot_options != NULL) {
        (void)qblk_snapshot_options_ref(snapshot_options);
    }
    qblk_snapshot_options_unref(options->snapshot);
    options->snapshot = snapshot_options;
}

void
qblk_recover_options_set_timeout(QblkRecoverOptions *options, int timeout_ms)
{
    options->timeout_ms = MAX(timeout_ms, 0);
}

void
qblk_recover_options_set_dry_run(QblkRecoverOptions *options, gboolean dry_run)
{
    options->dry_run = dry_run;
}

void
qblk_recover_options_set_purpose(QblkRecoverOptions *options, QblkRecoverPurpose purpose,
                                 const char *disk)
{
    char *copy = g_strdup(disk);
    g_free(options->disk);
    options->disk = copy;
    options->purpose = purpose;
}

QblkRecoverOptions *
qblk_recover_options_copy(const QblkRecoverOptions *options)
{
    QblkRecoverOptions *copy = qblk_recover_options_new();
    if (options == NULL) {
        return copy;
    }
    qblk_recover_options_set_state_directory(copy, options->state_directory);
    qblk_recover_options_set_snapshot_options(copy, options->snapshot);
    qblk_recover_options_set_purpose(copy, options->purpose, options->disk);
    copy->timeout_ms = options->timeout_ms;
    copy->dry_run = options->dry_run;
    return copy;
}

char *
qblk_recover_options_directory(const QblkRecoverOptions *options)
{
    return qblk_state_directory_get(options == NULL ? NULL : options->state_directory);
}
