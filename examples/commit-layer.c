/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Print the plan to commit one layer into the layer below it, and run it. */
#include <qblk/qblk.h>

static void
show_progress(gint64 done, gint64 total, gpointer user_data)
{
    if (total > 0) {
        g_printerr("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " bytes\n", done, total);
    }
}

static gboolean
commit_layer(const char *monitor, const char *disk, const char *layer, GError **error)
{
    g_autoptr(QblkClient) client = qblk_client_connect(monitor, 0, error);
    if (client == NULL) {
        return FALSE;
    }

    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(client, NULL, error);
    if (snapshot == NULL) {
        return FALSE;
    }

    g_autoptr(QblkCommitOptions) options = qblk_commit_options_new();
    qblk_commit_options_set_top(options, layer);
    qblk_commit_options_set_shallow(options, TRUE);
    g_autoptr(QblkPlan) plan = qblk_plan_commit(client, snapshot, disk, options, NULL, error);
    if (plan == NULL) {
        return FALSE;
    }

    g_autofree char *text = qblk_plan_to_json(plan);
    g_print("%s\n", text);
    return qblk_blockjob_run(client, monitor, plan, show_progress, NULL, error);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc != 4) {
        g_printerr("usage: commit-layer MONITOR DISK LAYER\n");
        return 2;
    }

    if (!commit_layer(argv[1], argv[2], argv[3], &error)) {
        g_printerr("commit-layer: %s\n", error->message);
        return 1;
    }

    return 0;
}
