/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-options.h"

#include "base/const-cast.h"
#include "base/secret-file.h"

static void
secret_free(gpointer data)
{
    qblk_secret_file_free(data);
}

QblkPlanOptions *
qblk_plan_options_new(void)
{
    QblkPlanOptions *options = g_new0(QblkPlanOptions, 1);
    g_atomic_ref_count_init(&options->references);
    options->secrets = g_ptr_array_new_with_free_func(secret_free);
    options->ignored_users = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(options->ignored_users, NULL);
    return options;
}

QblkPlanOptions *
qblk_plan_options_ref(QblkPlanOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_plan_options_unref(QblkPlanOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    g_ptr_array_unref(options->secrets);
    g_ptr_array_unref(options->ignored_users);
    g_free(options->state_directory);
    g_free(options);
}

void
qblk_plan_options_set_speed(QblkPlanOptions *options, gint64 speed)
{
    options->speed = speed;
}

void
qblk_plan_options_set_allow_plaintext(QblkPlanOptions *options, gboolean allow)
{
    options->allow_plaintext = allow;
}

void
qblk_plan_options_set_delete_internal_snapshots(QblkPlanOptions *options, gboolean allow)
{
    options->delete_internal_snapshots = allow;
}

void
qblk_plan_options_set_drop_bitmaps(QblkPlanOptions *options, gboolean drop)
{
    options->drop_bitmaps = drop;
}

void
qblk_plan_options_set_force_managed(QblkPlanOptions *options, gboolean force)
{
    options->force_managed = force;
}

void
qblk_plan_options_set_dry_run(QblkPlanOptions *options, gboolean dry_run)
{
    options->dry_run = dry_run;
}

void
qblk_plan_options_set_state_directory(QblkPlanOptions *options, const char *path)
{
    g_free(options->state_directory);
    options->state_directory = g_strdup(path);
}

void
qblk_plan_options_set_timeout(QblkPlanOptions *options, int timeout_ms)
{
    options->timeout_ms = timeout_ms;
}

void
qblk_plan_options_add_ignored_user(QblkPlanOptions *options, const char *name)
{
    guint last = options->ignored_users->len - 1;
    g_ptr_array_insert(options->ignored_users, (gint)last, g_strdup(name));
}

gboolean
qblk_plan_options_add_secret(QblkPlanOptions *options, const char *assignment, GError **error)
{
    return qblk_secret_file_add(options->secrets, assignment, error);
}

void
qblk_plan_options_replace_text(const char **field, const char *text)
{
    char *copy = g_strdup(text);
    g_free(qblk_const_cast(*field));
    *field = copy;
}
