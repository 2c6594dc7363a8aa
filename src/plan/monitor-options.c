/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/monitor-options.h"

#include "plan/plan-options.h"

QblkMonitorOptions *
qblk_monitor_options_new(void)
{
    QblkMonitorOptions *options = g_new0(QblkMonitorOptions, 1);
    g_atomic_ref_count_init(&options->references);
    return options;
}

QblkMonitorOptions *
qblk_monitor_options_ref(QblkMonitorOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_monitor_options_unref(QblkMonitorOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    qblk_plan_options_replace_text(&options->path, NULL);
    g_free(options);
}

void
qblk_monitor_options_set_path(QblkMonitorOptions *options, const char *path)
{
    qblk_plan_options_replace_text(&options->path, path);
}

void
qblk_monitor_options_set_close(QblkMonitorOptions *options, gboolean close)
{
    options->close = close;
}
