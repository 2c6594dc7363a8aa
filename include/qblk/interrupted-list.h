/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interrupted operations, as their journals show them.  No QEMU is connected to.
 *
 * A list never changes, and may be used by several threads at once.
 */
#pragma once

#include <qblk/error.h>
#include <qblk/interrupted.h>

G_BEGIN_DECLS

/**
 * QblkInterruptedList:
 *
 * The operations that were interrupted, or that another process works on.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkInterruptedList QblkInterruptedList;

/**
 * qblk_recover_list:
 * @state_directory: (nullable): the state directory; NULL: the default one
 *
 * List the journals.  One that cannot be read is among them, with its error.
 *
 * Returns: (transfer full): the operations, grouped by VM and ordered by disk, without any if
 *   the directory does not exist; NULL with QBLK_BLOCKJOB_ERROR_RESULT if it cannot be read
 *
 * Since: 0.1.0
 */
QblkInterruptedList *qblk_recover_list(const char *state_directory,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_interrupted_list_ref:
 * @list: the list
 *
 * Returns: (transfer full): a further reference to @list
 *
 * Since: 0.1.0
 */
QblkInterruptedList *qblk_interrupted_list_ref(QblkInterruptedList *list);

/**
 * qblk_interrupted_list_unref:
 * @list: (nullable) (transfer full): the list
 *
 * Release a reference; the last one frees the list.
 *
 * Since: 0.1.0
 */
void qblk_interrupted_list_unref(QblkInterruptedList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkInterruptedList, qblk_interrupted_list_unref)

/**
 * qblk_interrupted_list_get_n_operations:
 * @list: the list
 *
 * Returns: the number of operations
 *
 * Since: 0.1.0
 */
guint qblk_interrupted_list_get_n_operations(const QblkInterruptedList *list);

/**
 * qblk_interrupted_list_get_operation:
 * @list: the list
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): an operation; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkInterrupted *qblk_interrupted_list_get_operation(const QblkInterruptedList *list,
                                                           guint index);

/**
 * qblk_interrupted_list_to_json:
 * @list: the list
 *
 * Returns: (transfer full): the text of a JSON object with the list `operations`, each with
 *   `journal`, `vm`, `kind`, `target`, `stage`, `job`, `changed`, `busy`, `old-top`, `new-top` and
 *   `error`, which are the values of the functions below
 *
 * Since: 0.1.0
 */
char *qblk_interrupted_list_to_json(const QblkInterruptedList *list) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
