/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark-plan.h"

#include "base/file-identity.h"

const char *
qblk_merged_mark_path(const QblkExpectation *layer)
{
    const gboolean is_identified = layer->file.device != 0 || layer->file.inode != 0;
    if (layer->path != NULL || is_identified || layer->filename == NULL) {
        return layer->path; /* of a file without a name it is NULL */
    }
    return g_path_is_absolute(layer->filename) ? layer->filename : NULL;
}

/* QEMU's name if it leads to the same file, because it is the one that the user knows, and the
 * lasting one of a logical volume; else @path. */
static const char *
known_name(const char *name, const char *path)
{
    gboolean is_path = name != NULL && g_path_is_absolute(name);
    return is_path && qblk_file_identity_is_one(name, path) ? name : path;
}

QblkMergedImages
qblk_merged_mark_of_plan(const QblkPlan *plan)
{
    const char *into = known_name(plan->merged_into, plan->merged_into_path);
    return (QblkMergedImages){
        .image = known_name(plan->merged, plan->merged_path),
        .into = into == NULL ? plan->merged_into : into,
    };
}

const char *
qblk_merged_mark_copy_of_plan(const QblkPlan *plan)
{
    const gboolean is_pivot =
        plan->merged == NULL && qblk_plan_moves_top(plan) && qblk_plan_has_job(plan);
    const char *copy = plan->partial != NULL ? plan->partial : plan->copy;
    const char *path = is_pivot ? qblk_merged_mark_path(plan->after->pdata[0]) : NULL;
    return path == NULL ? copy : path;
}

static gboolean
is_in_chain(const QblkPlan *plan, const char *path)
{
    for (guint i = 0; i < plan->before->len; i++) {
        if (qblk_file_identity_is_one(qblk_merged_mark_path(plan->before->pdata[i]), path)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What an incomplete copy is marked with; nothing if one of the two paths is not known. */
static QblkMergedImages
images_of_copy(const QblkPlan *plan)
{
    const QblkExpectation *top = plan->before->len == 0 ? NULL : plan->before->pdata[0];
    const char *copy = qblk_merged_mark_copy_of_plan(plan);
    const char *source = top == NULL ? NULL : qblk_merged_mark_path(top);
    const gboolean is_known =
        copy != NULL && g_path_is_absolute(copy) && source != NULL && !is_in_chain(plan, copy);
    return (QblkMergedImages){
        .image = is_known ? copy : NULL,
        .into = source,
        .is_copy = TRUE,
    };
}

gboolean
qblk_merged_mark_write_partial(const QblkPlan *plan, const char *state_dir, GError **error)
{
    const QblkMergedImages images = images_of_copy(plan);
    qblk_merged_mark_remove(images.image, state_dir);
    return qblk_merged_mark_write(&images, state_dir, FALSE, error);
}

void
qblk_merged_mark_clear_result(const QblkPlan *plan, const char *state_dir)
{
    const QblkMergedImages images = images_of_copy(plan);
    if (plan->copy != NULL) {
        qblk_merged_mark_remove(images.image, state_dir);
    }
}

static gboolean
check_image(const char *image, const QblkMergedMarks *marks, GError **error)
{
    g_autoptr(QblkMergedMark) mark = image == NULL ? NULL : qblk_merged_marks_find(marks, image);
    if (mark == NULL) {
        return TRUE;
    }

    g_autofree char *reason = qblk_merged_mark_describe(mark, image);
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "%s: see 'qblk recover image:%s', or remove its mark '%s' if the image was "
                "created again since",
                reason, image, mark->place);
    return FALSE;
}

/* Returns: (nullable): an image that exists, and becomes the active one without getting data */
static const QblkExpectation *
find_reused(const QblkPlan *plan)
{
    gboolean is_reused =
        plan->created->len == 0 && plan->after->len > 0 && !qblk_plan_has_job(plan);
    return is_reused ? plan->after->pdata[0] : NULL;
}

gboolean
qblk_merged_mark_check(const QblkPlan *plan, const QblkMergedMarks *marks, GError **error)
{
    for (guint i = 0; i < plan->before->len; i++) {
        if (!check_image(qblk_merged_mark_path(plan->before->pdata[i]), marks, error)) {
            return FALSE;
        }
    }

    const QblkExpectation *reused = find_reused(plan);
    return reused == NULL || check_image(qblk_merged_mark_path(reused), marks, error);
}

void
qblk_merged_mark_tidy_plan(const QblkPlan *plan, GPtrArray *removed)
{
    for (guint i = 0; i < plan->before->len; i++) {
        qblk_merged_mark_tidy_beside(qblk_merged_mark_path(plan->before->pdata[i]), removed);
    }

    const QblkMergedImages copy = images_of_copy(plan);
    qblk_merged_mark_tidy_beside(copy.image, removed);
    for (guint i = 0; i < plan->mends->len; i++) {
        const QblkPlannedMend *mend = plan->mends->pdata[i];
        qblk_merged_mark_tidy_beside(mend->image, removed);
    }
}

void
qblk_stale_file_free(QblkStaleFile *stale)
{
    if (stale != NULL) {
        g_free(stale->disk);
        g_free(stale->image);
        g_free(stale->text);
        g_clear_pointer(&stale->mark, qblk_merged_mark_free);
        g_free(stale);
    }
}

static gboolean
has_image(const GPtrArray *stale, const char *image)
{
    for (guint i = 0; i < stale->len; i++) {
        const QblkStaleFile *other = stale->pdata[i];
        if (g_str_equal(other->image, image)) {
            return TRUE;
        }
    }
    return FALSE;
}

void
qblk_merged_mark_find_stale(const QblkChain *chain, const QblkMergedMarks *marks, GPtrArray *stale)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const char *image = qblk_plan_layer_path(chain->layers->pdata[i]);
        g_autoptr(QblkMergedMark) mark =
            image == NULL || has_image(stale, image) ? NULL : qblk_merged_marks_find(marks, image);
        if (mark == NULL) {
            continue;
        }

        g_autofree char *reason = qblk_merged_mark_describe(mark, image);
        QblkStaleFile *found = g_new0(QblkStaleFile, 1);
        found->disk = g_strdup(qblk_chain_get_target(chain));
        found->image = g_strdup(image);
        found->position = i;
        found->text = g_strdup_printf("%s: see 'qblk recover image:%s'", reason, image);
        found->mark = g_steal_pointer(&mark);
        g_ptr_array_add(stale, found);
    }
}

static void
stale_free(gpointer data)
{
    qblk_stale_file_free(data);
}

GPtrArray *
qblk_merged_mark_stale_new(void)
{
    return g_ptr_array_new_with_free_func(stale_free);
}
