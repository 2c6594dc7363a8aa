/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A key or passphrase in a file, which QEMU reads by itself.
 */
#pragma once

#include <glib.h>

/** Texts are owned. */
typedef struct {
    char *id;
    char *path; /* as the user has given it */
} QblkSecretFile;

void qblk_secret_file_free(QblkSecretFile *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSecretFile, qblk_secret_file_free)

/**
 * Split "ID=FILE".
 *
 * Returns: (transfer full): the secret; NULL with QBLK_QMP_ERROR_ARGUMENT if @assignment has
 * another form.  The message does not contain it: it may be the secret itself.
 */
QblkSecretFile *qblk_secret_file_parse(const char *assignment,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Add "ID=FILE" to @secrets (of QblkSecretFile).
 *
 * Returns: FALSE with QBLK_QMP_ERROR_ARGUMENT if @assignment has another form, or the id is there;
 * with QBLK_GRAPH_ERROR_FILE if the file is not a regular one
 */
gboolean qblk_secret_file_add(GPtrArray *secrets, const char *assignment,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that what is at @path, if anything, is a regular file: QEMU would stop until a pipe has
 * content, and the guest with it.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_FILE if it is another one
 */
gboolean qblk_secret_file_check_type(const char *id, const char *path,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none) (nullable): the secret @id of @secrets (of QblkSecretFile) */
const QblkSecretFile *qblk_secret_file_find(const GPtrArray *secrets, const char *id);

/** Returns: TRUE if QEMU accepts @id as that of an object */
gboolean qblk_secret_file_is_object_id(const char *id);
