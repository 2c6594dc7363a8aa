/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/overlay-files.h"

#include "plan/overlay-path.h"
#include "plan/plan-check.h"

/* Returns: (transfer full): the time in a form that sorts, and that every file system allows */
static char *
make_suffix(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    return g_date_time_format(now, "%Y%m%dT%H%M%SZ");
}

static gboolean
add_files(QblkOverlayOptions *resolved, const QblkOverlayOptions *options,
          const QblkSnapshot *snapshot, GError **error)
{
    GHashTableIter at;
    gpointer disk, path;

    g_hash_table_iter_init(&at, options->files);
    while (g_hash_table_iter_next(&at, &disk, &path)) {
        const QblkDevice *device = qblk_snapshot_find_device(snapshot, disk, error);
        if (device == NULL) {
            return FALSE;
        }
        if (!qblk_overlay_options_set_file(resolved, device->target, path, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

QblkOverlayOptions *
qblk_overlay_files_resolve(const QblkOverlayOptions *options, const QblkSnapshot *snapshot,
                           GError **error)
{
    g_autoptr(QblkOverlayOptions) resolved =
        options == NULL ? qblk_overlay_options_new() : qblk_overlay_options_copy(options);
    if (resolved->suffix == NULL) {
        resolved->suffix = make_suffix();
    }
    if (options == NULL) {
        return g_steal_pointer(&resolved);
    }

    g_hash_table_remove_all(resolved->files);
    return add_files(resolved, options, snapshot, error) ? g_steal_pointer(&resolved) : NULL;
}

/* ---- checks ---- */

static gboolean
has_disk(const QblkPlans *plans, const char *disk)
{
    for (guint i = 0; i < plans->plans->len; i++) {
        const QblkPlan *plan = plans->plans->pdata[i];
        if (g_str_equal(plan->target, disk)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
refuse_other_disk(const QblkPlans *plans, const char *disk, GError **error)
{
    for (guint i = 0; i < plans->skipped->len; i++) {
        const QblkSkippedDisk *skipped = plans->skipped->pdata[i];
        if (g_str_equal(skipped->target, disk)) {
            return qblk_plan_refuse(error, "option --file names disk '%s', which is skipped: %s",
                                    disk, skipped->reason);
        }
    }
    return qblk_plan_refuse(error,
                            "option --file names disk '%s', which is not one of the disks that get "
                            "an overlay",
                            disk);
}

static const char *
get_file(const QblkPlans *plans, guint index)
{
    const QblkPlan *plan = plans->plans->pdata[index];
    const QblkExpectation *overlay = plan->after->pdata[0];
    return overlay->filename;
}

static gboolean
check_names(const QblkPlans *plans, GError **error)
{
    for (guint i = 0; i < plans->plans->len; i++) {
        const QblkPlan *plan = plans->plans->pdata[i];
        for (guint j = 0; j < i; j++) {
            const QblkPlan *other = plans->plans->pdata[j];
            if (qblk_overlay_path_is_one(get_file(plans, i), get_file(plans, j))) {
                return qblk_plan_refuse(error,
                                        "the overlays of disks '%s' and '%s' would be one file, "
                                        "'%s': specify another one with --file",
                                        other->target, plan->target, get_file(plans, i));
            }
        }
    }
    return TRUE;
}

gboolean
qblk_overlay_files_check(const QblkOverlayOptions *options, const QblkPlans *plans, GError **error)
{
    GHashTableIter at;
    gpointer disk;

    g_hash_table_iter_init(&at, options->files);
    while (g_hash_table_iter_next(&at, &disk, NULL)) {
        if (!has_disk(plans, disk)) {
            return refuse_other_disk(plans, disk, error);
        }
    }
    return check_names(plans, error);
}
