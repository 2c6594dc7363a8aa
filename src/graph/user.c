/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/user.h"

#include "base/const-cast.h"
#include "graph/graph-kinds.h"

QblkUser *
qblk_user_new(void)
{
    QblkUser *user = g_new0(QblkUser, 1);
    g_atomic_ref_count_init(&user->references);
    return user;
}

QblkUser *
qblk_user_ref(const QblkUser *user)
{
    QblkUser *counted = qblk_const_cast(user);
    g_atomic_ref_count_inc(&counted->references);
    return counted;
}

void
qblk_user_unref(QblkUser *user)
{
    if (user == NULL || !g_atomic_ref_count_dec(&user->references)) {
        return;
    }
    g_free(user->name);
    g_free(user->type);
    g_free(user->role);
    g_free(user->node);
    g_free(user->status);
    g_free(user);
}

QblkUserKind
qblk_user_get_kind(const QblkUser *user)
{
    return user->kind;
}

const char *
qblk_user_get_name(const QblkUser *user)
{
    return user->name;
}

const char *
qblk_user_get_user_type(const QblkUser *user)
{
    return user->type;
}

const char *
qblk_user_get_role(const QblkUser *user)
{
    return user->role;
}

const char *
qblk_user_get_node_name(const QblkUser *user)
{
    return user->node;
}

gboolean
qblk_user_is_direct(const QblkUser *user)
{
    return user->is_direct;
}

QblkExportAccess
qblk_user_get_access(const QblkUser *user)
{
    return user->access;
}

const char *
qblk_user_get_state(const QblkUser *user)
{
    return user->status;
}

char *
qblk_user_to_text(const QblkUser *user)
{
    const char *detail =
        user->kind == QBLK_USER_KIND_JOB ? user->status : qblk_export_access_text(user->access);

    g_autofree char *more = detail == NULL ? g_strdup("") : g_strconcat(", ", detail, NULL);
    g_autofree char *through =
        user->is_direct ? g_strdup("") : g_strdup_printf(" of node '%s'", user->node);
    return g_strdup_printf("%s '%s' (%s%s)%s", qblk_user_kind_name(user->kind), user->name,
                           user->type, more, through);
}
