/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/check-left.h"

#include "blockjob/journal-names.h"
#include "blockjob/merged-mark-place.h"
#include "blockjob/merged-mark.h"
#include "plan/leftovers.h"
#include "plan/plan.h"

/* ---- in QEMU ---- */

/* Returns: (transfer full): what its result is, for a sentence */
static char *
describe_end(const QblkJob *job)
{
    return job->error == NULL ? g_strdup("has concluded")
                              : g_strdup_printf("has failed (%s)", job->error);
}

static void
add_jobs(const QblkSnapshot *snapshot, const QblkChain *chain, GPtrArray *differences)
{
    for (guint i = 0; i < snapshot->jobs->len; i++) {
        const QblkJob *job = snapshot->jobs->pdata[i];
        if (!g_str_equal(job->status, "concluded") || job->target != NULL ||
            !qblk_leftovers_is_job(job->id, chain->target)) {
            continue;
        }

        QblkDifference *difference =
            qblk_difference_add(differences, QBLK_DIFFERENCE_JOB, chain, NULL, NULL, job->id);
        difference->name = g_strdup(job->id);
        g_autofree char *end = describe_end(job);
        difference->text =
            g_strdup_printf("job '%s' (%s) has the id of an operation, %s, and was not dismissed",
                            job->id, qblk_job_get_kind_name(job), end);
    }
}

/* A node or job that a journal names is not left. */
static void
set_journals(const char *state_dir, gboolean with_named, guint first, GPtrArray *differences)
{
    for (guint i = first; i < differences->len;) {
        QblkDifference *difference = differences->pdata[i];
        difference->journal = qblk_journal_names_find(state_dir, difference->name, NULL);
        if (difference->journal != NULL && !with_named) {
            g_ptr_array_remove_index(differences, i);
        } else {
            i++;
        }
    }
}

void
qblk_check_left(const QblkSnapshot *snapshot, const QblkChain *chain, const char *state_dir,
                gboolean with_named, GPtrArray *differences)
{
    guint first = differences->len;
    qblk_leftovers_add_nodes(snapshot, chain, differences);
    add_jobs(snapshot, chain, differences);
    set_journals(state_dir, with_named, first, differences);
}

/* ---- marks ---- */

static gboolean
has_image(const QblkChain *chain, const char *path)
{
    for (guint i = 0; path != NULL && i < chain->layers->len; i++) {
        const char *image = qblk_plan_layer_path(chain->layers->pdata[i]);
        if (image != NULL && qblk_file_identity_is_one(image, path)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* @path: of an image, which may not exist */
static void
add_mark(const QblkChain *chain, const char *path, GPtrArray *differences)
{
    g_autoptr(QblkMergedMark) mark = qblk_merged_mark_find_obsolete(path);
    if (mark == NULL || (!has_image(chain, path) && !has_image(chain, mark->into))) {
        return;
    }

    QblkDifference *difference =
        qblk_difference_add(differences, QBLK_DIFFERENCE_MARK, chain, NULL, NULL, mark->place);
    difference->name = g_strdup(path);
    difference->text =
        g_strdup_printf("'%s' marks a file that does not exist any longer", mark->place);
}

static void
add_marks_in(const QblkChain *chain, const char *directory, GPtrArray *differences)
{
    g_autoptr(GDir) files = g_dir_open(directory, 0, NULL);
    const char *name = NULL;
    while (files != NULL && (name = g_dir_read_name(files)) != NULL) {
        g_autofree char *image = qblk_merged_mark_place_image(directory, name);
        if (image != NULL) {
            add_mark(chain, image, differences);
        }
    }
}

void
qblk_check_left_marks(const QblkChain *chain, GPtrArray *differences)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < chain->layers->len; i++) {
        const char *path = qblk_plan_layer_path(chain->layers->pdata[i]);
        char *directory = path == NULL ? NULL : g_path_get_dirname(path);
        gboolean is_new = directory != NULL && g_hash_table_add(seen, directory);
        if (is_new) {
            add_marks_in(chain, directory, differences);
        }
    }
}
