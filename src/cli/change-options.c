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
         "Give up if it takes longer; 'qblk --timeout' is for the connection", "SECONDS"},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose,
         "Show how far it is; 'qblk -v' shows what is said to QEMU", NULL},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->dry_run,
         "Print what would be done, and do nothing", NULL},
        {"bandwidth", 0, 0, G_OPTION_ARG_INT64, &options->bandwidth,
         "Copy at most so much a second; 0: no limit", "MIB"},
        {"bytes", 0, 0, G_OPTION_ARG_NONE, &options->in_bytes, "--bandwidth is in bytes", NULL},
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir,
         "Keep the journal of what is under way in this directory", "DIRECTORY"},
        {"force-managed", 0, 0, G_OPTION_ARG_NONE, &options->force_managed,
         "Change a guest of libvirt's, which will not notice", NULL},
        {NULL},
    };
    const GOptionEntry start[] = {
        {"detach", 0, 0, G_OPTION_ARG_NONE, &options->detach,
         "Return once the job has started, and say what ends it", NULL},
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
    g_clear_pointer(&options->state_dir, g_free);
}

gboolean
qblk_change_options_check(const QblkChangeOptions *options, GError **error)
{
    gboolean has_bandwidth = options->bandwidth != QBLK_NO_BANDWIDTH;
    gint64 max_bandwidth = options->in_bytes ? G_MAXINT64 : G_MAXINT64 / MIB;

    if (has_bandwidth && (options->bandwidth < 0 || options->bandwidth > max_bandwidth)) {
        return qblk_usage_error(
            error, "--bandwidth takes MiB a second, with --bytes bytes, from 0 to 2^63");
    }
    if (!(options->time_limit >= 0 && options->time_limit <= MAX_TIME_SECONDS)) {
        return qblk_usage_error(
            error, "--timeout takes the seconds after which the job is given up, up to a "
                   "year; say 'qblk --timeout' for that of the connection");
    }

    if (options->in_bytes && !has_bandwidth) {
        return qblk_usage_error(error, "--bytes says what --bandwidth is in, and there is none");
    }
    if (options->detach && options->time_limit > 0) {
        return qblk_usage_error(error, "--detach does not wait, and so has no use for --timeout");
    }
    if (options->detach && options->delete_removed) {
        return qblk_usage_error(
            error, "--delete deletes when all has gone well, and --detach does not wait");
    }

    return TRUE;
}

gint64
qblk_change_options_get_speed(const QblkChangeOptions *options)
{
    if (options->bandwidth == QBLK_NO_BANDWIDTH) {
        return 0;
    }
    return options->in_bytes ? options->bandwidth : options->bandwidth * MIB;
}
