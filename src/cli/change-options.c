/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/change-options.h"

#include "cli/exit-code.h"

#define MIB              (1024 * 1024)
#define MAX_TIME_SECONDS (366.0 * 24 * 3600)

void
qblk_change_options_add(QblkChangeOptions *options, GOptionContext *context, gboolean starts_job)
{
    const GOptionEntry entries[] = {
        {"timeout", 't', 0, G_OPTION_ARG_DOUBLE, &options->time_limit,
         "Limit the time of the job; 'qblk --timeout' is for the connection", "SECONDS"},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose,
         "Print the progress; 'qblk -v' logs the QMP messages", NULL},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->dry_run,
         "Print the plan, and change nothing", NULL},
        {"bandwidth", 0, 0, G_OPTION_ARG_INT64, &options->bandwidth,
         "Limit the speed, in MiB per second (0: no limit)", "MIB"},
        {"bytes", 0, 0, G_OPTION_ARG_NONE, &options->in_bytes,
         "Specify --bandwidth in bytes per second", NULL},
        {"bitmaps", 0, 0, G_OPTION_ARG_STRING, &options->bitmaps,
         "Carry the dirty bitmaps of layers that leave over, or lose them", "merge|drop"},
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir,
         "Keep the journals in this directory", "DIRECTORY"},
        {"recover", 0, 0, G_OPTION_ARG_NONE, &options->recovers,
         "First complete or roll back interrupted operations of the VM", NULL},
        {"force-managed", 0, 0, G_OPTION_ARG_NONE, &options->force_managed,
         "Change a guest of a manager, such as libvirt, that is not informed", NULL},
        {NULL},
    };
    const GOptionEntry start[] = {
        {"allow-plaintext", 0, 0, G_OPTION_ARG_NONE, &options->allow_plaintext,
         "Allow to write data of an encrypted image to a plain one", NULL},
        {"detach", 0, 0, G_OPTION_ARG_NONE, &options->detach,
         "Return once the job has started, and print how to complete it", NULL},
        {NULL},
    };

    options->bandwidth = QBLK_NO_BANDWIDTH;
    g_option_context_add_main_entries(context, entries, NULL);
    if (starts_job) {
        g_option_context_add_main_entries(context, start, NULL);
    }
}

void
qblk_change_options_clear(QblkChangeOptions *options)
{
    g_clear_pointer(&options->bitmaps, g_free);
    g_clear_pointer(&options->state_dir, g_free);
    g_clear_pointer(&options->ignored_users, g_strfreev);
}

gboolean
qblk_change_options_check(const QblkChangeOptions *options, GError **error)
{
    gboolean has_bandwidth = options->bandwidth != QBLK_NO_BANDWIDTH;
    gint64 max_bandwidth = options->in_bytes ? G_MAXINT64 : G_MAXINT64 / MIB;

    if (has_bandwidth && (options->bandwidth < 0 || options->bandwidth > max_bandwidth)) {
        return qblk_usage_error(
            error, "invalid --bandwidth: use 0 or more MiB per second, or bytes per second with "
                   "--bytes, less than 2^63 bytes");
    }
    if (!(options->time_limit >= 0 && options->time_limit <= MAX_TIME_SECONDS)) {
        return qblk_usage_error(
            error,
            "invalid --timeout: use 0 to %.0f seconds for the whole job, or 'qblk "
            "--timeout' for the connection",
            MAX_TIME_SECONDS);
    }

    if (options->bitmaps != NULL && !g_str_equal(options->bitmaps, "merge") &&
        !g_str_equal(options->bitmaps, "drop")) {
        return qblk_usage_error(error, "invalid --bitmaps '%s': use 'merge' or 'drop'",
                                options->bitmaps);
    }
    if (options->in_bytes && !has_bandwidth) {
        return qblk_usage_error(error, "option --bytes needs --bandwidth");
    }
    if (options->detach && options->time_limit > 0) {
        return qblk_usage_error(
            error, "options --detach and --timeout exclude each other: --detach does not wait");
    }
    if (options->detach && options->delete_removed) {
        return qblk_usage_error(
            error, "options --detach and --delete exclude each other: --detach does not wait");
    }

    return TRUE;
}

static gint64
get_speed(const QblkChangeOptions *options)
{
    if (options->bandwidth == QBLK_NO_BANDWIDTH) {
        return 0;
    }
    return options->in_bytes ? options->bandwidth : options->bandwidth * MIB;
}

QblkPlanOptions *
qblk_change_options_for_plans(const QblkChangeOptions *options, int timeout_ms)
{
    QblkPlanOptions *plans = qblk_plan_options_new();

    qblk_plan_options_set_speed(plans, get_speed(options));
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
    return plans;
}
