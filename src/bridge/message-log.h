/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The messages between a bridge and QEMU, for people: each as one line, without secrets.
 */
#pragma once

#include <qblk/client-async.h>

typedef struct QblkMessageLog QblkMessageLog;

QblkMessageLog *qblk_message_log_new(QblkClientLogger logger, gpointer user_data);
void qblk_message_log_free(QblkMessageLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkMessageLog, qblk_message_log_free)

/** Log the messages that end in these bytes. @log: (nullable) @sent: to QEMU */
void qblk_message_log_add(QblkMessageLog *log, gboolean sent, const char *bytes, gsize length);

/** The connection has ended: drop what is incomplete. @log: (nullable) */
void qblk_message_log_reset(QblkMessageLog *log);
