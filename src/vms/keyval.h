/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The value of an option of QEMU: "socket,id=qmp,path=/run/a,,b.qmp,server" or an object of JSON.
 */
#pragma once

#include <glib.h>

/**
 * Parse the value of an option.
 *
 * A key without a value is "on".  ",," is a comma in a value.  Members of JSON are the keys, with
 * booleans as "on" and "off"; a member that is an object or array is left out.
 *
 * @first: (nullable): the key of a first part without "="
 *
 * Returns: (transfer full): the last value of each key, of char; empty for JSON that is not valid
 */
GHashTable *qblk_keyval_parse(const char *text, const char *first) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none) (nullable): the value of @key */
const char *qblk_keyval_get(GHashTable *keyval, const char *key);

/** Returns: TRUE if the value of @key is one of QEMU's words for on. */
gboolean qblk_keyval_is_on(GHashTable *keyval, const char *key);
