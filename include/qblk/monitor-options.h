/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One more QMP monitor in a running QEMU.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

G_BEGIN_DECLS

/**
 * QblkMonitorOptions:
 *
 * Which monitor is opened or closed.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkMonitorOptions QblkMonitorOptions;

/**
 * qblk_monitor_options_new:
 *
 * Returns: (transfer full): options to open a monitor
 *
 * Since: 0.1.0
 */
QblkMonitorOptions *qblk_monitor_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_monitor_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkMonitorOptions *qblk_monitor_options_ref(QblkMonitorOptions *options);

/**
 * qblk_monitor_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_monitor_options_unref(QblkMonitorOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkMonitorOptions, qblk_monitor_options_unref)

/**
 * qblk_monitor_options_set_path:
 * @options: the options
 * @path: (type filename): the path of its unix socket
 *
 * A relative path is relative to the current working directory of this process.  No file may exist
 * there when the monitor is opened.
 *
 * Returns: TRUE; FALSE with QBLK_QMP_ERROR_ARGUMENT if @path is not UTF-8, or too long for a socket
 *
 * Since: 0.1.0
 */
gboolean qblk_monitor_options_set_path(QblkMonitorOptions *options, const char *path,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_monitor_options_set_close:
 * @options: the options
 * @close: close the monitor that was opened at the path
 *
 * Since: 0.1.0
 */
void qblk_monitor_options_set_close(QblkMonitorOptions *options, gboolean close);

G_END_DECLS
