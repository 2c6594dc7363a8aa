/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/blockjob.h>

#include "blockjob/delete-images.h"
#include "blockjob/merged-mark-plan.h"
#include "blockjob/run.h"
#include "image/process.h"

#define PROGRESS_MS 300

/* TRUE if the files that @plan names are those of this machine. */
static gboolean
is_here(const QblkPlan *plan, gint64 pid)
{
    return pid != 0 && qblk_delete_images_is_here(plan, pid, FALSE);
}

typedef struct {
    QblkBlockjobProgress progress;
    gpointer user_data;
} Report;

static void
report_progress(const QblkPlan *plan, const QblkRunProgress *progress, gpointer user_data)
{
    const Report *to = user_data;
    to->progress(progress->done, progress->total, to->user_data);
}

gboolean
qblk_blockjob_run(QblkClient *client, const char *address, const QblkPlan *plan,
                  QblkBlockjobProgress progress, gpointer user_data, GError **error)
{
    Report to = {progress, user_data};
    gint64 pid = qblk_process_behind(qblk_client_get_fd(client));
    const QblkRunOptions options = {
        .address = address,
        .stop_fd = -1,
        .keeps_events = TRUE,
        .report_ms = progress == NULL ? 0 : PROGRESS_MS,
        .report = report_progress,
        .user_data = &to,
        .is_local = is_here(plan, pid),
        .state_dir = plan->state_dir,
    };
    const QblkMergedImages images = qblk_merged_mark_of_plan(plan);
    if (options.is_local && !qblk_merged_mark_find_place(&images, plan->state_dir, error)) {
        return FALSE;
    }
    return qblk_run_one(client, plan, &options, error);
}
