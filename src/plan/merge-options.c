/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/merge-options.h"

#include "plan/plan-options.h"

QblkCommitOptions *
qblk_commit_options_new(void)
{
    QblkCommitOptions *options = g_new0(QblkCommitOptions, 1);
    g_atomic_ref_count_init(&options->references);
    return options;
}

QblkCommitOptions *
qblk_commit_options_ref(QblkCommitOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_commit_options_unref(QblkCommitOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    qblk_plan_options_replace_text(&options->top, NULL);
    qblk_plan_options_replace_text(&options->base, NULL);
    g_free(options);
}

void
qblk_commit_options_set_top(QblkCommitOptions *options, const char *layer)
{
    qblk_plan_options_replace_text(&options->top, layer);
}

void
qblk_commit_options_set_base(QblkCommitOptions *options, const char *layer)
{
    qblk_plan_options_replace_text(&options->base, layer);
}

void
qblk_commit_options_set_shallow(QblkCommitOptions *options, gboolean shallow)
{
    options->shallow = shallow;
}

void
qblk_commit_options_set_keep(QblkCommitOptions *options, int overlays)
{
    options->has_keep = overlays >= 0;
    options->keep = options->has_keep ? (guint)overlays : 0;
}

void
qblk_commit_options_set_end(QblkCommitOptions *options, QblkCommitEnd end)
{
    g_return_if_fail(end <= QBLK_COMMIT_KEEP_OVERLAY);

    options->end = end;
}

void
qblk_commit_options_set_keep_relative(QblkCommitOptions *options, gboolean keep)
{
    options->keep_relative = keep;
}

void
qblk_commit_options_set_delete_removed(QblkCommitOptions *options, gboolean delete_removed)
{
    options->delete_removed = delete_removed;
}

QblkPullOptions *
qblk_pull_options_new(void)
{
    QblkPullOptions *options = g_new0(QblkPullOptions, 1);
    g_atomic_ref_count_init(&options->references);
    return options;
}

QblkPullOptions *
qblk_pull_options_ref(QblkPullOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_pull_options_unref(QblkPullOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    qblk_plan_options_replace_text(&options->base, NULL);
    g_free(options);
}

void
qblk_pull_options_set_base(QblkPullOptions *options, const char *layer)
{
    qblk_plan_options_replace_text(&options->base, layer);
}

void
qblk_pull_options_set_keep_relative(QblkPullOptions *options, gboolean keep)
{
    options->keep_relative = keep;
}
