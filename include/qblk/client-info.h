/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a client knows of its peer.
 */
#pragma once

#include <qblk/client.h>

G_BEGIN_DECLS

/**
 * qblk_client_get_refusal:
 * @client: the client
 * @error_class: (out) (optional) (transfer none): of the error, such as `GenericError`; valid until
 *   the next call
 * @description: (out) (optional) (transfer none): of the error, without secrets; likewise
 *
 * Get the error with which QEMU has replied to a command last, apart from the sentence in the
 * QBLK_QMP_ERROR_REFUSED or QBLK_QMP_ERROR_NOT_FOUND of that command.
 *
 * Returns: FALSE if no command was refused; nothing is set then
 *
 * Since: 0.1.0
 */
gboolean qblk_client_get_refusal(const QblkClient *client, const char **error_class,
                                 const char **description);

/**
 * qblk_client_get_address:
 * @client: the client
 *
 * Returns: (transfer none): the address that the client was connected to, as it was given
 *
 * Since: 0.1.0
 */
const char *qblk_client_get_address(const QblkClient *client);

/**
 * qblk_client_get_greeting:
 * @client: the client
 *
 * Returns: (transfer full) (nullable): the greeting of QEMU as JSON text; NULL before it was
 *   received
 *
 * Since: 0.1.0
 */
char *qblk_client_get_greeting(const QblkClient *client) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_client_get_version:
 * @client: the client
 * @major: (out) (optional): the version of QEMU
 * @minor: (out) (optional): the version of QEMU
 * @micro: (out) (optional): the version of QEMU
 *
 * Returns: TRUE if the version is known; FALSE, and nothing is set, before the greeting
 *
 * Since: 0.1.0
 */
gboolean qblk_client_get_version(const QblkClient *client, int *major, int *minor, int *micro);

G_END_DECLS
