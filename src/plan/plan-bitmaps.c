/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-bitmaps.h"

#include "plan/bitmap-actions.h"
#include "plan/plan-check.h"
#include "plan/plan-steps.h"

/* ---- the bitmaps of one name ---- */

/* The bitmaps of a move by their names. */
typedef struct {
    GPtrArray *layers; /* of GHashTable, by the position in the chain */
    GHashTable *target;
} Index;

static void
index_init(Index *index, const QblkBitmapMove *move)
{
    const GPtrArray *layers = move->chain->layers;
    index->target = qblk_bitmap_index(move->target.bitmaps);
    index->layers = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);

    for (guint i = 0; i < layers->len; i++) {
        const QblkLayer *layer = layers->pdata[i];
        g_ptr_array_add(index->layers, qblk_bitmap_index(layer->bitmaps));
    }
}

static void
index_clear(Index *index)
{
    g_ptr_array_unref(index->layers);
    g_hash_table_unref(index->target);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Index, index_clear)

/* From the top to the bottom: the layers of the move and, if it is one of the chain, the target. */
typedef struct {
    const QblkBitmapMove *move;
    const Index *index;
    const char *name;
    guint first, end;
    const QblkBitmap *existing; /* of the target, or NULL */
    const QblkBitmap *highest;  /* in the uppermost layer that has it */
} Search;

static const QblkBitmap *
find_in(const Search *search, guint position)
{
    return g_hash_table_lookup(search->index->layers->pdata[position], search->name);
}

static Search
search_new(const QblkBitmapMove *move, const Index *index, const char *name)
{
    Search search = {
        .move = move,
        .index = index,
        .name = name,
        .first = move->direction == QBLK_BITMAPS_UP ? move->first - 1 : move->first,
        .end = move->direction == QBLK_BITMAPS_DOWN ? move->end + 1 : move->end,
        .existing = g_hash_table_lookup(index->target, name),
    };

    for (guint i = search.first; search.highest == NULL && i < search.end; i++) {
        search.highest = find_in(&search, i);
    }
    return search;
}

static const char *
file_at(const Search *search, guint position)
{
    const QblkLayer *layer = search->move->chain->layers->pdata[position];
    return layer->filename;
}

/* ---- why a bitmap cannot be carried over; each returns (transfer full) (nullable) ---- */

/* A bitmap begins at a moment, and each overlay that is made later needs one of that name.  One
 * that is disabled has ended, and needs no other above it; but below another it may have ended
 * before that began. */
static char *
find_gap(const Search *search)
{
    gboolean was_seen = FALSE;
    guint last = search->first;
    for (guint i = search->first; i < search->end; i++) {
        const QblkBitmap *bitmap = find_in(search, i);
        if (bitmap == NULL) {
            continue;
        }

        if (!was_seen && i > search->first && bitmap->is_recording) {
            return g_strdup_printf("'%s' does not have it", file_at(search, search->first));
        }
        if (was_seen && i > last + 1) {
            return g_strdup_printf("'%s' does not have it", file_at(search, last + 1));
        }
        if (was_seen && !bitmap->is_recording) {
            return g_strdup_printf("it is disabled in '%s'", file_at(search, i));
        }
        was_seen = TRUE;
        last = i;
    }
    return NULL;
}

static char *
find_inconsistent(const Search *search)
{
    for (guint i = search->first; i < search->end; i++) {
        const QblkBitmap *bitmap = find_in(search, i);
        if (bitmap != NULL && bitmap->is_inconsistent) {
            return g_strdup_printf("it is inconsistent in '%s'", file_at(search, i));
        }
    }
    return NULL;
}

/* QEMU merges bitmaps of one size only. */
static gboolean
has_size_of_target(const Search *search, guint position)
{
    const QblkLayer *layer = search->move->chain->layers->pdata[position];
    gint64 size = search->move->target.virtual_size;
    return layer->virtual_size == size || layer->virtual_size == QBLK_UNKNOWN ||
           size == QBLK_UNKNOWN;
}

static char *
find_other_size(const Search *search)
{
    const QblkBitmapMove *move = search->move;
    for (guint i = move->first; i < move->end; i++) {
        if (find_in(search, i) != NULL && !has_size_of_target(search, i)) {
            return g_strdup_printf("'%s' has another size than '%s'", file_at(search, i),
                                   move->target.filename);
        }
    }
    return NULL;
}

/* A bitmap that exists in the target has to be able to go on as the one of the layers. */
static char *
find_unfit_target(const Search *search)
{
    const QblkBitmap *existing = search->existing, *highest = search->highest;
    const char *file = search->move->target.filename;
    if (existing == NULL) {
        return NULL;
    }
    if (existing->is_inconsistent) {
        return g_strdup_printf("it is inconsistent in '%s'", file);
    }
    if (highest->is_recording && !existing->is_recording) {
        return g_strdup_printf("it is disabled in '%s'", file);
    }
    if (highest->is_persistent && !existing->is_persistent) {
        return g_strdup_printf("it is not persistent in '%s'", file);
    }
    return NULL;
}

/* A commit writes all data of the layers into the base, where a recording bitmap records that: it
 * has all changes since it began, whatever the layers above have (5.2, 7.2, 10.0, 11.1). */
static gboolean
records_job(const Search *search)
{
    const QblkBitmap *existing = search->existing;
    return search->move->direction == QBLK_BITMAPS_DOWN && existing != NULL &&
           existing->is_recording && !existing->is_inconsistent;
}

static char *
find_obstacle(const Search *search)
{
    static char *(*const obstacles[])(const Search *) = {
        find_inconsistent,
        find_gap,
        find_other_size,
        find_unfit_target,
    };

    if (search->move->context->drops_bitmaps) {
        return g_strdup("--bitmaps=drop was specified");
    }
    if (search->move->unable != NULL) {
        return g_strdup(search->move->unable);
    }
    if (records_job(search)) {
        return find_unfit_target(search);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(obstacles); i++) {
        char *reason = obstacles[i](search);
        if (reason != NULL) {
            return reason;
        }
    }
    return NULL;
}

/* ---- what is refused ---- */

/* Returns: (nullable): a job that works on @layer */
static const char *
find_job(const QblkSnapshot *snapshot, const QblkLayer *layer)
{
    for (guint i = 0; i < snapshot->jobs->len; i++) {
        const QblkJob *job = snapshot->jobs->pdata[i];
        for (guint j = 0; j < job->nodes->len; j++) {
            const QblkChild *child = job->nodes->pdata[j];
            if (g_strcmp0(child->node->name, layer->node_name) == 0) {
                return job->id;
            }
        }
    }
    return NULL;
}

/* --bitmaps=drop is no remedy: see crash-guard.c. */
static gboolean
check_not_busy(const Search *search, GError **error)
{
    const QblkBitmapMove *move = search->move;
    for (guint i = search->first; i < search->end; i++) {
        const QblkBitmap *bitmap = find_in(search, i);
        if (bitmap == NULL || !bitmap->is_busy) {
            continue;
        }

        const char *job = find_job(move->context->snapshot, move->chain->layers->pdata[i]);
        if (job != NULL) {
            return qblk_plan_refuse(error,
                                    "bitmap '%s' of '%s' is in use by job '%s': wait until that "
                                    "has ended",
                                    search->name, file_at(search, i), job);
        }
        return qblk_plan_refuse(error,
                                "bitmap '%s' of '%s' is in use by a job, an export or a "
                                "migration: wait until that has ended",
                                search->name, file_at(search, i));
    }
    return TRUE;
}

static gboolean
check_can_store(const Search *search, const char *file, GError **error)
{
    const QblkBitmapTarget *target = &search->move->target;
    gboolean can_store = g_strcmp0(target->format, "qcow2") == 0 && !target->is_qcow2_v2;
    if (search->existing != NULL || !search->highest->is_persistent || can_store) {
        return TRUE;
    }
    if (target->is_qcow2_v2) {
        return qblk_plan_refuse(error,
                                "'%s' cannot store the persistent bitmap '%s' of '%s': it is a "
                                "qcow2 image of version 2 (compat=0.10); use 'qemu-img amend -o "
                                "compat=1.1' while it is not in use, or --bitmaps=drop to lose the "
                                "bitmaps",
                                target->filename, search->name, file);
    }
    return qblk_plan_refuse(error,
                            "'%s' (%s) cannot store the persistent bitmap '%s' of '%s', only a "
                            "qcow2 image can: use --bitmaps=drop to lose the bitmaps",
                            target->filename, target->format, search->name, file);
}

static gboolean
check_possible(const Search *search, const char *file, GError **error)
{
    if (search->move->context->lacks_bitmap_merge) {
        return qblk_plan_refuse(error,
                                "bitmap '%s' of '%s' would be lost, because this QEMU cannot merge "
                                "bitmaps: use --bitmaps=drop to allow that",
                                search->name, file);
    }
    return check_not_busy(search, error) && check_can_store(search, file, error);
}

/* @reason: why the bitmap is left out */
static gboolean
check_left_out(QblkPlan *plan, const Search *search, const char *file, const char *reason,
               GError **error)
{
    const QblkBitmapMove *move = search->move;
    if (move->context->drops_bitmaps) {
        return TRUE;
    }
    if (move->is_deleted) {
        return qblk_plan_refuse(error,
                                "bitmap '%s' of '%s' cannot be carried over, because %s, and would "
                                "be deleted with its image: use --bitmaps=drop to allow that",
                                search->name, file, reason);
    }

    char *warning = g_strdup_printf("bitmap '%s' of '%s' is not carried over, because %s: the next "
                                    "backup that would use it has to be a full one",
                                    search->name, file, reason);
    g_ptr_array_add(plan->warnings, warning);
    return TRUE;
}

/* ---- the plan ---- */

/* A bitmap that records the job needs no others, and takes those that QEMU can merge. */
static gboolean
is_source(const Search *search, const QblkPlannedBitmap *planned, guint position)
{
    const QblkBitmap *bitmap = find_in(search, position);
    if (bitmap == NULL) {
        return FALSE;
    }
    return planned->into == NULL ||
           (!bitmap->is_inconsistent && has_size_of_target(search, position));
}

static void
add_sources(QblkPlannedBitmap *planned, const Search *search)
{
    const QblkBitmapMove *move = search->move;
    for (guint i = move->first; i < move->end; i++) {
        const QblkLayer *layer = move->chain->layers->pdata[i];
        if (!is_source(search, planned, i)) {
            continue;
        }

        QblkBitmapSource *source = qblk_bitmap_source_new();
        source->node_name = g_strdup(layer->node_name);
        source->filename = g_strdup(layer->filename);
        g_ptr_array_add(planned->from, source);
    }
}

/* @file: the uppermost image of the move that has the bitmap */
static gboolean
add_bitmap(QblkPlan *plan, const Search *search, const char *file, GError **error)
{
    const QblkBitmap *result = search->existing == NULL ? search->highest : search->existing;
    QblkPlannedBitmap *planned = qblk_planned_bitmap_new();
    g_ptr_array_add(plan->bitmaps, planned);

    planned->name = g_strdup(search->name);
    planned->left_out_because = find_obstacle(search);
    planned->exists = search->existing != NULL;
    planned->granularity = result->granularity;
    planned->is_persistent = result->is_persistent;
    planned->is_recording = result->is_recording;
    if (planned->left_out_because == NULL) {
        planned->into = g_strdup(search->move->target.node_name);
    }
    add_sources(planned, search);

    return planned->left_out_because == NULL
               ? check_possible(search, file, error)
               : check_left_out(plan, search, file, planned->left_out_because, error);
}

QblkBitmapTarget
qblk_plan_bitmaps_get_target(const QblkLayer *layer)
{
    return (QblkBitmapTarget){
        .node_name = layer->node_name,
        .filename = layer->filename,
        .format = layer->format,
        .is_qcow2_v2 = layer->is_qcow2_v2,
        .virtual_size = layer->virtual_size,
        .bitmaps = layer->bitmaps,
    };
}

gboolean
qblk_plan_bitmaps_choose(QblkPlan *plan, const QblkBitmapMove *move, GError **error)
{
    g_auto(Index) index;
    g_autoptr(GHashTable) planned = g_hash_table_new(g_str_hash, g_str_equal); /* names */
    index_init(&index, move);

    for (guint i = move->first; i < move->end; i++) {
        const QblkLayer *layer = move->chain->layers->pdata[i];
        for (guint j = 0; layer->bitmaps != NULL && j < layer->bitmaps->len; j++) {
            const QblkBitmap *bitmap = layer->bitmaps->pdata[j];
            gboolean is_new = g_hash_table_add(planned, bitmap->name);
            if (!is_new) {
                continue;
            }

            const Search search = search_new(move, &index, bitmap->name);
            if (!add_bitmap(plan, &search, layer->filename, error)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

/* ---- the step ---- */

static void
append_merge(QblkJson *actions, const QblkPlannedBitmap *planned)
{
    QblkJson *data = qblk_bitmap_actions_new_data(planned, "target");
    QblkJson *sources = qblk_json_new_array();
    for (guint i = 0; i < planned->from->len; i++) {
        const QblkBitmapSource *layer = planned->from->pdata[i];
        QblkJson *source = qblk_json_new_object();
        qblk_json_set_string(source, "node", layer->node_name);
        qblk_json_set_string(source, "name", planned->name);
        qblk_json_append(sources, source);
    }
    qblk_json_set(data, "bitmaps", sources);
    qblk_bitmap_actions_append(actions, "block-dirty-bitmap-merge", data);
}

/* It fails if the image can no longer be written, and then the bitmap stays: with the bitmaps of
 * the layers above it has all changes. */
static void
add_undo(QblkStep *step, const QblkPlannedBitmap *planned)
{
    QblkStep *undo = qblk_plan_step_new();
    undo->purpose = g_strdup("remove the bitmap");
    undo->command = g_strdup("block-dirty-bitmap-remove");
    undo->arguments = qblk_bitmap_actions_new_data(planned, "name");
    undo->may_fail = TRUE;
    g_ptr_array_add(step->undo, undo);
}

void
qblk_plan_bitmaps_add_step(QblkPlan *plan, gboolean is_kept)
{
    g_autoptr(QblkJson) actions = qblk_json_new_array();
    for (guint i = 0; i < plan->bitmaps->len; i++) {
        const QblkPlannedBitmap *planned = plan->bitmaps->pdata[i];
        if (planned->into != NULL && !planned->exists) {
            qblk_bitmap_actions_append_add(actions, planned);
        }
        if (planned->into != NULL && planned->from->len > 0) {
            append_merge(actions, planned);
        }
    }
    if (qblk_json_length(actions) == 0) {
        return;
    }

    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set(arguments, "actions", g_steal_pointer(&actions));
    QblkStep *step = qblk_plan_add(plan, "carry the bitmaps over", "transaction", arguments);
    step->may_be_done = TRUE;
    for (guint i = 0; is_kept && i < plan->bitmaps->len; i++) {
        const QblkPlannedBitmap *planned = plan->bitmaps->pdata[i];
        if (planned->into != NULL && !planned->exists) {
            add_undo(step, planned);
        }
    }
}
