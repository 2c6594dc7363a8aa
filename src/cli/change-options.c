/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/change-options.h"

#include "cli/exit-code.h"
#include "cli/scaled-integer.h"

#define MIB              (1024 * 1024)
#define MAX_TIME_SECONDS (366.0 * 24 * 3600)

void
qblk_change_options_add(QblkChangeOptions *options, QblkOptionTable *table, QblkChangeJob job)
{
    const GOptionEntry entries[] = {
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->dry_run,
         "Print the plan, and change nothing", NULL},
        {"progress", 'p', 0, G_OPTION_ARG_NONE, &options->progress,
         "Print the progress as lines; on a terminal a bar shows it", NULL},
        {"time-limit", 0, 0, G_OPTION_ARG_DOUBLE, &options->time_limit,
         "Roll the job back if it is not done in this time", "SECONDS"},
        {"secret", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->secrets,
         "Read the key ID of an encrypted image from FILE (repeatable)", "ID=FILE"},
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir,
         "Keep the journals in this directory", "DIRECTORY"},
        {"recover", 0, 0, G_OPTION_ARG_NONE, &options->recovers,
         "First complete or roll back interrupted operations of the VM", NULL},
        {"force-managed", 0, 0, G_OPTION_ARG_NONE, &options->force_managed,
         "Change a guest of a manager, such as libvirt, that is not informed", NULL},
        {NULL},
    };
    /* It was the limit of the job after these commands, and is that of the connection elsewhere. */
    const GOptionEntry timeout = {
        "timeout", 0,         G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_DOUBLE, &options->time_limit,
        "",        "SECONDS",
    };
    const GOptionEntry run[] = {
        {"bandwidth", 0, 0, G_OPTION_ARG_STRING, &options->bandwidth,
         "Limit the speed, in MiB per second or as in 500k, 5M; 0: no limit", "SPEED"},
        {"bytes", 0, 0, G_OPTION_ARG_NONE, &options->in_bytes,
         "Specify --bandwidth in bytes per second", NULL},
        {"bitmaps", 0, 0, G_OPTION_ARG_STRING, &options->bitmaps,
         "Carry the dirty bitmaps of layers that leave over, or lose them", "merge|drop"},
        {NULL},
    };
    const GOptionEntry start[] = {
        {"allow-plaintext", 0, 0, G_OPTION_ARG_NONE, &options->allow_plaintext,
         "Allow writing data of an encrypted image to a plain one", NULL},
        {"detach", 0, 0, G_OPTION_ARG_NONE, &options->detach,
         "Return once the job has started, and print how to complete it", NULL},
        {"wait", 0, 0, G_OPTION_ARG_NONE, &options->waits, "Wait for the job; this is the default",
         NULL},
        {"async", 0, 0, G_OPTION_ARG_NONE, &options->is_async,
         "No effect: a job that is cancelled is waited for", NULL},
        {NULL},
    };

    qblk_option_table_add_group(table, QBLK_OPTION_GROUP_CHANGE, entries);
    qblk_option_table_add_common(table, &timeout,
                                 "use --connect-timeout for the connection and each reply, or "
                                 "--time-limit for the job");
    if (job != QBLK_CHANGE_NO_JOB) {
        qblk_option_table_add_group(table, QBLK_OPTION_GROUP_CHANGE, run);
    }
    if (job == QBLK_CHANGE_NEW_JOB) {
        qblk_option_table_add(table, start);
    }
}

void
qblk_change_options_clear(QblkChangeOptions *options)
{
    g_clear_pointer(&options->bandwidth, g_free);
    g_clear_pointer(&options->bitmaps, g_free);
    g_clear_pointer(&options->secrets, g_strfreev);
    g_clear_pointer(&options->state_dir, g_free);
    g_clear_pointer(&options->ignored_users, g_strfreev);
}

/* Returns: FALSE if --bandwidth is not valid; 0 bytes per second are no limit. */
static gboolean
read_speed(const QblkChangeOptions *options, gint64 *speed)
{
    *speed = 0;
    return options->bandwidth == NULL ||
           qblk_scaled_integer_parse(options->bandwidth, options->in_bytes ? 1 : MIB, speed);
}

gboolean
qblk_change_options_check(const QblkChangeOptions *options, GError **error)
{
    gint64 speed;
    if (!read_speed(options, &speed)) {
        return qblk_usage_error(
            error,
            "invalid --bandwidth '%s': use 0 or more MiB per second, or bytes per second with "
            "--bytes or a unit, such as 500k, 5M or 5MiB (1024), 5MB (1000), 1G",
            options->bandwidth);
    }
    if (!(options->time_limit >= 0 && options->time_limit <= MAX_TIME_SECONDS)) {
        return qblk_usage_error(
            error,
            "invalid --time-limit: use 0 to %.0f seconds for the whole job, or --connect-timeout "
            "for the connection",
            MAX_TIME_SECONDS);
    }

    if (options->bitmaps != NULL && !g_str_equal(options->bitmaps, "merge") &&
        !g_str_equal(options->bitmaps, "drop")) {
        return qblk_usage_error(error, "invalid --bitmaps '%s': use 'merge' or 'drop'",
                                options->bitmaps);
    }
    if (options->in_bytes && options->bandwidth == NULL) {
        return qblk_usage_error(error, "option --bytes needs --bandwidth");
    }
    if (options->detach && options->waits) {
        return qblk_usage_error(error, "options --detach and --wait exclude each other");
    }
    if (options->detach && options->time_limit > 0) {
        return qblk_usage_error(
            error, "options --detach and --time-limit exclude each other: --detach does not wait");
    }
    if (options->detach && options->delete_removed) {
        return qblk_usage_error(
            error, "options --detach and --delete exclude each other: --detach does not wait");
    }

    return TRUE;
}

QblkPlanOptions *
qblk_change_options_for_plans(const QblkChangeOptions *options, int timeout_ms, GError **error)
{
    g_autoptr(QblkPlanOptions) plans = qblk_plan_options_new();
    gint64 speed;

    if (read_speed(options, &speed)) {
        qblk_plan_options_set_speed(plans, speed);
    }
    qblk_plan_options_set_dry_run(plans, options->dry_run);
    qblk_plan_options_set_force_managed(plans, options->force_managed);
    qblk_plan_options_set_allow_plaintext(plans, options->allow_plaintext);
    qblk_plan_options_set_drop_bitmaps(plans, g_strcmp0(options->bitmaps, "drop") == 0);
    qblk_plan_options_set_delete_internal_snapshots(plans, options->delete_internal_snapshots);
    qblk_plan_options_set_state_directory(plans, options->state_dir);
    qblk_plan_options_set_timeout(plans, timeout_ms);

    for (guint i = 0; options->ignored_users != NULL && options->ignored_users[i] != NULL; i++) {
        qblk_plan_options_add_ignored_user(plans, options->ignored_users[i]);
    }
    for (guint i = 0; options->secrets != NULL && options->secrets[i] != NULL; i++) {
        if (!qblk_plan_options_add_secret(plans, options->secrets[i], error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&plans);
}
