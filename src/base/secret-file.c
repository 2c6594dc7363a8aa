/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/secret-file.h"

#include <qblk/error.h>
#include <string.h>

void
qblk_secret_file_free(QblkSecretFile *secret)
{
    if (secret != NULL) {
        g_free(secret->id);
        g_free(secret->path);
        g_free(secret);
    }
}

QblkSecretFile *
qblk_secret_file_parse(const char *assignment, GError **error)
{
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment || equals[1] == '\0') {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid secret: use ID=FILE, with the path of a file that contains the key or "
                    "passphrase");
        return NULL;
    }

    QblkSecretFile *secret = g_new0(QblkSecretFile, 1);
    secret->id = g_strndup(assignment, (gsize)(equals - assignment));
    secret->path = g_strdup(equals + 1);
    return secret;
}

gboolean
qblk_secret_file_add(GPtrArray *secrets, const char *assignment, GError **error)
{
    g_autoptr(QblkSecretFile) secret = qblk_secret_file_parse(assignment, error);
    if (secret == NULL) {
        return FALSE;
    }

    if (qblk_secret_file_find(secrets, secret->id) != NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid secret '%s': two secrets have this id", secret->id);
        return FALSE;
    }
    if (!qblk_secret_file_check_type(secret->id, secret->path, error)) {
        return FALSE;
    }
    g_ptr_array_add(secrets, g_steal_pointer(&secret));
    return TRUE;
}

gboolean
qblk_secret_file_check_type(const char *id, const char *path, GError **error)
{
    gboolean exists = g_file_test(path, G_FILE_TEST_EXISTS);
    if (!exists || g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        return TRUE;
    }

    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                "cannot read the secret '%s' from '%s': it is %s", id, path,
                g_file_test(path, G_FILE_TEST_IS_DIR)
                    ? "a directory"
                    : "not a regular file, and QEMU would wait for its content");
    return FALSE;
}

const QblkSecretFile *
qblk_secret_file_find(const GPtrArray *secrets, const char *id)
{
    for (guint i = 0; i < secrets->len; i++) {
        const QblkSecretFile *secret = secrets->pdata[i];
        if (g_str_equal(secret->id, id)) {
            return secret;
        }
    }
    return NULL;
}

/* id_wellformed() of QEMU. */
gboolean
qblk_secret_file_is_object_id(const char *id)
{
    static const char allowed[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._";

    return g_ascii_isalpha(id[0]) && strspn(id, allowed) == strlen(id);
}
