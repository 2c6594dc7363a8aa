/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * File names that are no paths, as the options of blockdev-add: the protocol node that an image is
 * written to.
 */
#pragma once

#include "base/json.h"

/**
 * Make the options of blockdev-add for @name, without a node-name.
 *
 * URLs and strings of the protocols nbd, rbd and iscsi are understood; `json:{...}` has the options
 * of any protocol, nested or with dotted keys.
 *
 * Returns: (transfer full): the options, with "driver"; NULL with one of these errors, whose
 * message contains neither @name nor a secret: QBLK_GRAPH_ERROR_SPEC if @name is not valid, or
 * contains a secret, which blockdev-add does not take; QBLK_GRAPH_ERROR_UNSUPPORTED if nothing can
 * be written there, or the form is not known
 */
QblkJson *qblk_source_node_options(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: (transfer full): the ids of the secret objects that @options name ("password-secret",
 * "key-secret"), of char
 */
GPtrArray *qblk_source_node_secrets(const QblkJson *options) G_GNUC_WARN_UNUSED_RESULT;
