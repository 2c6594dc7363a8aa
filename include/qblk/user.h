/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What uses a node or a layer: a device, an export, a job, or another node.
 *
 * A user has copies of all its values.  It never changes, and several threads may use it at once.
 */
#pragma once

#include <qblk/graph-kinds.h>

G_BEGIN_DECLS

/**
 * QblkUser:
 *
 * A user of a node or layer.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkUser QblkUser;

/**
 * qblk_user_ref:
 * @user: the user
 *
 * Returns: (transfer full): a further reference to @user
 *
 * Since: 0.1.0
 */
QblkUser *qblk_user_ref(const QblkUser *user);

/**
 * qblk_user_unref:
 * @user: (nullable) (transfer full): the user
 *
 * Release a reference; the last one frees the user.
 *
 * Since: 0.1.0
 */
void qblk_user_unref(QblkUser *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkUser, qblk_user_unref)

/**
 * qblk_user_get_kind:
 * @user: the user
 *
 * Returns: what it is
 *
 * Since: 0.1.0
 */
QblkUserKind qblk_user_get_kind(const QblkUser *user);

/**
 * qblk_user_get_name:
 * @user: the user
 *
 * Returns: the target or qdev id of a device, the id of an export or job, or the node-name
 *
 * Since: 0.1.0
 */
const char *qblk_user_get_name(const QblkUser *user);

/**
 * qblk_user_get_user_type:
 * @user: the user
 *
 * Returns: the kind of a device ("disk"), the type of an export ("nbd") or job ("backup"), or the
 *   driver of a node
 *
 * Since: 0.1.0
 */
const char *qblk_user_get_user_type(const QblkUser *user);

/**
 * qblk_user_get_role:
 * @user: the user
 *
 * Returns: (nullable): the name of the edge: "backing", "file", "target"; NULL for a device or
 *   export
 *
 * Since: 0.1.0
 */
const char *qblk_user_get_role(const QblkUser *user);

/**
 * qblk_user_get_node_name:
 * @user: the user
 *
 * Returns: the name of the node that it uses
 *
 * Since: 0.1.0
 */
const char *qblk_user_get_node_name(const QblkUser *user);

/**
 * qblk_user_is_direct:
 * @user: the user
 *
 * Returns: TRUE if that node is the one in question or belongs to the layer in question; FALSE if
 *   that node itself uses the layer
 *
 * Since: 0.1.0
 */
gboolean qblk_user_is_direct(const QblkUser *user);

/**
 * qblk_user_get_access:
 * @user: the user
 *
 * Returns: what the clients of an export may do; QBLK_EXPORT_ACCESS_UNKNOWN for others
 *
 * Since: 0.1.0
 */
QblkExportAccess qblk_user_get_access(const QblkUser *user);

/**
 * qblk_user_get_state:
 * @user: the user
 *
 * Returns: (nullable): the state of a job: "running", "concluded"; NULL for others
 *
 * Since: 0.1.0
 */
const char *qblk_user_get_state(const QblkUser *user);

/**
 * qblk_user_to_text:
 * @user: the user
 *
 * Returns: (transfer full): the user in a few words for people: "export 'backup' (nbd, read-only)"
 *
 * Since: 0.1.0
 */
char *qblk_user_to_text(const QblkUser *user) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
