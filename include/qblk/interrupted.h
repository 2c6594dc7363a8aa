/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One interrupted operation, as its journal shows it.
 */
#pragma once

#include <qblk/stage.h>

G_BEGIN_DECLS

/**
 * QblkInterrupted:
 *
 * An operation that was interrupted, or that another process works on.  It belongs to its list.
 *
 * It never changes, and may be used by several threads at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkInterrupted QblkInterrupted;

/**
 * qblk_interrupted_ref:
 * @interrupted: the interrupted operation
 *
 * A reference to it is one to its list.
 *
 * Returns: (transfer full): a further reference to @interrupted
 *
 * Since: 0.1.0
 */
QblkInterrupted *qblk_interrupted_ref(const QblkInterrupted *interrupted);

/**
 * qblk_interrupted_unref:
 * @interrupted: (nullable) (transfer full): the interrupted operation
 *
 * Release a reference.
 *
 * Since: 0.1.0
 */
void qblk_interrupted_unref(QblkInterrupted *interrupted);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkInterrupted, qblk_interrupted_unref)

/**
 * qblk_interrupted_get_journal:
 * @interrupted: the interrupted operation
 *
 * Returns: the path of the journal
 *
 * Since: 0.1.0
 */
const char *qblk_interrupted_get_journal(const QblkInterrupted *interrupted);

/**
 * qblk_interrupted_get_error:
 * @interrupted: the interrupted operation
 *
 * Returns: (nullable): why the journal cannot be read; then nothing else is known
 *
 * Since: 0.1.0
 */
const GError *qblk_interrupted_get_error(const QblkInterrupted *interrupted);

/**
 * qblk_interrupted_is_busy:
 * @interrupted: the interrupted operation
 *
 * Returns: TRUE if another process works on it, and so it is not interrupted
 *
 * Since: 0.1.0
 */
gboolean qblk_interrupted_is_busy(const QblkInterrupted *interrupted);

/**
 * qblk_interrupted_get_vm:
 * @interrupted: the interrupted operation
 *
 * Returns: (nullable): the address of the monitor of its VM
 *
 * Since: 0.1.0
 */
const char *qblk_interrupted_get_vm(const QblkInterrupted *interrupted);

/**
 * qblk_interrupted_get_kind:
 * @interrupted: the interrupted operation
 *
 * Returns: (nullable): what it does, such as "commit", as in its plan
 *
 * Since: 0.1.0
 */
const char *qblk_interrupted_get_kind(const QblkInterrupted *interrupted);

/**
 * qblk_interrupted_get_target:
 * @interrupted: the interrupted operation
 *
 * Returns: (nullable): the target name of its disk
 *
 * Since: 0.1.0
 */
const char *qblk_interrupted_get_target(const QblkInterrupted *interrupted);

/**
 * qblk_interrupted_get_stage:
 * @interrupted: the interrupted operation
 *
 * Returns: the stage that it had reached
 *
 * Since: 0.1.0
 */
QblkStage qblk_interrupted_get_stage(const QblkInterrupted *interrupted);

/**
 * qblk_interrupted_get_job:
 * @interrupted: the interrupted operation
 *
 * Returns: (nullable): the id of its job, which may exist
 *
 * Since: 0.1.0
 */
const char *qblk_interrupted_get_job(const QblkInterrupted *interrupted);

/**
 * qblk_interrupted_get_changed:
 * @interrupted: the interrupted operation
 *
 * Returns: when its last stage was noted, in seconds since 1970, or QBLK_UNKNOWN
 *
 * Since: 0.1.0
 */
gint64 qblk_interrupted_get_changed(const QblkInterrupted *interrupted);

/**
 * qblk_interrupted_get_old_top:
 * @interrupted: the interrupted operation
 *
 * Returns: (nullable): the active image before the operation, which is the one for
 *   qblk_recover_image() if its QEMU has ended
 *
 * Since: 0.1.0
 */
const char *qblk_interrupted_get_old_top(const QblkInterrupted *interrupted);

/**
 * qblk_interrupted_get_new_top:
 * @interrupted: the interrupted operation
 *
 * Returns: (nullable): the active image that was planned, which is the same one if it was not to
 *   change
 *
 * Since: 0.1.0
 */
const char *qblk_interrupted_get_new_top(const QblkInterrupted *interrupted);

G_END_DECLS
