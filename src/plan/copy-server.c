/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/copy-server.h"

#include "image/listeners.h"
#include "image/opened-files.h"
#include "plan/plan-check.h"

#include <errno.h>
#include <string.h>

typedef struct {
    const char *name; /* of the destination */
    QblkOpenedFiles *opened;
    const QblkListeners *listeners; /* of QEMU */
    GError *failure;
} Check;

static gboolean check_object(const char *key, const QblkJson *value, gpointer user_data);

static gboolean
is_abstract(const QblkJson *server)
{
    return qblk_json_true(qblk_json_get(server, "abstract"));
}

/* Names of sockets that are no paths may be filled up with zeros, which are shown as "@". */
static gboolean
is_same_abstract(const char *bound, const char *name)
{
    gsize length = strlen(name);

    return bound[0] == '@' && strncmp(bound + 1, name, length) == 0 &&
           strspn(bound + 1 + length, "@") == strlen(bound + 1 + length);
}

/* Both paths are those of QEMU. */
static gboolean
is_same_socket(const Check *check, const char *bound, const char *path)
{
    const QblkFileIdentity a = qblk_opened_files_look_up(check->opened, bound);
    const QblkFileIdentity b = qblk_opened_files_look_up(check->opened, path);

    return g_str_equal(bound, path) ||
           (qblk_file_identity_is_known(&a) && qblk_file_identity_is_same(&a, &b));
}

static gboolean
is_own_socket(const Check *check, const QblkJson *server, const char *path)
{
    const GPtrArray *paths = qblk_listeners_paths(check->listeners);

    for (guint i = 0; i < paths->len; i++) {
        const char *bound = paths->pdata[i];
        if (is_abstract(server) ? is_same_abstract(bound, path)
                                : is_same_socket(check, bound, path)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
refuse_own(Check *check)
{
    return qblk_plan_refuse(&check->failure,
                            "cannot copy to '%s': this QEMU itself listens there, and would wait "
                            "for itself for ever: use another server",
                            check->name);
}

static gboolean
check_socket(Check *check, const QblkJson *server, const char *path)
{
    if (is_own_socket(check, server, path)) {
        return refuse_own(check);
    }
    if (g_strcmp0(qblk_json_get_string(server, "type"), "unix") != 0 || is_abstract(server) ||
        !check->opened->is_same_root) {
        return TRUE;
    }

    g_autofree char *absolute = qblk_opened_files_absolute(check->opened, path);
    switch (absolute == NULL ? 0 : qblk_listeners_probe(absolute)) {
    case ENOENT:
        return qblk_plan_refuse(&check->failure,
                                "cannot copy to '%s': socket '%s' does not exist: start the server "
                                "first",
                                check->name, path);
    case ECONNREFUSED:
        return qblk_plan_refuse(&check->failure,
                                "cannot copy to '%s': no process listens on '%s': start the server "
                                "first",
                                check->name, path);
    default:
        return TRUE;
    }
}

/* @value: any of the options of blockdev-add; the address of a server has different places. */
static gboolean
check_object(const char *key, const QblkJson *value, gpointer user_data)
{
    Check *check = user_data;
    if (qblk_json_is(value, QBLK_JSON_ARRAY)) {
        for (gsize i = 0; i < qblk_json_length(value); i++) {
            if (!check_object(key, qblk_json_at(value, i), check)) {
                return FALSE;
            }
        }
        return TRUE;
    }
    if (!qblk_json_is(value, QBLK_JSON_OBJECT)) {
        return TRUE;
    }

    const char *path = qblk_json_get_string(value, "path");
    if (path != NULL && !check_socket(check, value, path)) {
        return FALSE;
    }
    const char *host = qblk_json_get_string(value, "host");
    const char *port = qblk_json_get_string(value, "port");
    if (host != NULL && port != NULL && qblk_listeners_has_address(check->listeners, host, port)) {
        return refuse_own(check);
    }
    return qblk_json_each(value, check_object, check);
}

gboolean
qblk_copy_server_check(const QblkCopyOptions *options, QblkOpenedFiles *opened, GError **error)
{
    if (options->protocol == NULL || opened == NULL || opened->pid == 0) {
        return TRUE;
    }

    g_autoptr(QblkListeners) listeners = qblk_listeners_find(opened->pid);
    Check check = {.name = options->destination, .opened = opened, .listeners = listeners};
    if (check_object(NULL, options->protocol, &check)) {
        return TRUE;
    }
    g_propagate_error(error, check.failure);
    return FALSE;
}
