/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/file-openers.h"

#include "base/file-identity.h"
#include "base/text.h"
#include "image/lock-holder.h"
#include "image/process.h"

#include <unistd.h>

/* TRUE if a descriptor of the process @pid is of @file.  Those of other users cannot be read. */
static gboolean
has_open(const char *pid, const QblkFileIdentity *file)
{
    g_autofree char *directory = g_build_filename("/proc", pid, "fd", NULL);
    g_autoptr(GDir) descriptors = g_dir_open(directory, 0, NULL);
    const char *name = NULL;

    while (descriptors != NULL && (name = g_dir_read_name(descriptors)) != NULL) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        struct stat status;
        if (stat(path, &status) != 0) {
            continue;
        }

        const QblkFileIdentity found = qblk_file_identity(&status);
        if (qblk_file_identity_is_same(&found, file)) {
            return TRUE;
        }
    }
    return FALSE;
}

char *
qblk_file_openers_describe(const char *path, gint64 own_pid)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    const char *name = NULL;
    struct stat status;
    gint64 pid;
    if (stat(path, &status) != 0) {
        return NULL;
    }

    const QblkFileIdentity file = qblk_file_identity(&status);
    while (processes != NULL && (name = g_dir_read_name(processes)) != NULL) {
        if (!g_ascii_string_to_signed(name, 10, 1, G_MAXINT64, &pid, NULL) || pid == getpid()) {
            continue;
        }
        if (has_open(name, &file) && !qblk_process_is_below(pid, own_pid)) {
            g_ptr_array_add(found, qblk_process_describe(pid));
        }
    }

    if (found->len > 0) {
        return qblk_text_list((const char *const *)found->pdata, found->len);
    }
    return own_pid == 0 && qblk_lock_holder_is_any(path) ? g_strdup("another process") : NULL;
}
