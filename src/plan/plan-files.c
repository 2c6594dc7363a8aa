/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-files.h"

#include "chain/chain-number.h"
#include "plan/plan-check.h"

void
qblk_file_uses_init(QblkFileUses *uses, const QblkChain *chain)
{
    uses->chain = chain;
    uses->uses = g_new0(QblkFileUse, chain->layers->len); /* QBLK_USE_STAYS */
}

void
qblk_file_uses_clear(QblkFileUses *uses)
{
    g_clear_pointer(&uses->uses, g_free);
}

void
qblk_file_uses_set(QblkFileUses *uses, guint first, guint end, QblkFileUse use)
{
    for (guint i = first; i < end && i < uses->chain->layers->len; i++) {
        uses->uses[i] = use;
    }
}

/* ---- checks ---- */

/* Why the file has to be the one that QEMU has open, and what can be done instead. */
static const char *const needs[] = {
    [QBLK_USE_STAYS] = NULL,
    [QBLK_USE_READ] = NULL, /* but see is_unproven() */
    [QBLK_USE_WRITE] = "the job would write to a file that its name does not lead to: use 'qblk "
                       "copy --pivot' to save the data",
    [QBLK_USE_REOPEN] = "QEMU would open it again by its name to write to it: use 'qblk pull' or "
                        "'qblk copy --pivot' to save the data",
    [QBLK_USE_PIVOT] = "the guest would be switched to it: cancel the job with 'qblk job --abort'",
    [QBLK_USE_COPY] = "the copy would not have this name: cancel the job with 'qblk job --abort'",
    [QBLK_USE_NAME] =
        "the header of another image would name it: use 'qblk pull' without --base or "
        "'qblk copy --pivot' without --shallow to save the data",
};

static gboolean
has_other_file(const QblkLayerFile *file)
{
    return file != NULL && (file->state == QBLK_FILE_ANOTHER || file->state == QBLK_FILE_GONE);
}

/* TRUE if another layer of the chain has the name of @layer. */
static gboolean
has_shared_name(const QblkChain *chain, const QblkLayer *layer)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *other = chain->layers->pdata[i];
        if (other != layer && g_strcmp0(other->filename, layer->filename) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* TRUE if several layers have the name of @layer, and it is not known which file each of them has.
 * QEMU may have opened one of them again by the name, and so the wrong file: then the guest reads
 * wrong data. */
static gboolean
is_unproven(const QblkChain *chain, const QblkLayer *layer)
{
    return has_other_file(layer->file) && !qblk_file_identity_is_known(&layer->file->open) &&
           has_shared_name(chain, layer);
}

static const char unproven[] =
    "several layers have this name, and the guest may read wrong data from them";

static gboolean
is_allowed(const QblkFileUses *uses, const QblkLayer *layer)
{
    QblkFileUse use = uses->uses[layer->position];

    if (use == QBLK_USE_STAYS || !has_other_file(layer->file)) {
        return TRUE;
    }
    if (needs[use] == NULL) {
        return !is_unproven(uses->chain, layer);
    }
    return use == QBLK_USE_NAME && layer->file->path != NULL && has_shared_name(uses->chain, layer);
}

/* Returns: (transfer full): "vda[1]: ..." */
static char *
describe(const QblkChain *chain, const QblkLayer *layer, const QblkLayerFile *file,
         const char *filename)
{
    g_autofree char *spec = qblk_chain_layer_spec(chain, layer);
    g_autofree char *state = qblk_layer_file_describe(file, filename, chain->unknown_files);

    return g_strdup_printf("%s: %s", spec, state);
}

/* QEMU opens the other files of an image, such as an external data file, again together with it.
 * Headers do not name them. */
static const QblkFurtherFile *
find_other_further_file(const QblkLayer *layer)
{
    for (guint i = 0; layer->further_files != NULL && i < layer->further_files->len; i++) {
        const QblkFurtherFile *further = layer->further_files->pdata[i];
        if (has_other_file(further->file)) {
            return further;
        }
    }
    return NULL;
}

static gboolean
refuse(const char *state, const char *reason, GError **error)
{
    return qblk_plan_refuse(error, "%s; %s", state, reason);
}

gboolean
qblk_file_uses_check(const QblkFileUses *uses, GError **error)
{
    const GPtrArray *layers = uses->chain->layers;

    for (guint i = 0; i < layers->len; i++) {
        const QblkLayer *layer = layers->pdata[i];
        if (!is_allowed(uses, layer)) {
            g_autofree char *state = describe(uses->chain, layer, layer->file, layer->filename);
            gboolean is_named = !is_unproven(uses->chain, layer);
            return refuse(state, is_named ? needs[uses->uses[i]] : unproven, error);
        }

        const QblkFurtherFile *further = find_other_further_file(layer);
        if (further != NULL && needs[uses->uses[i]] != NULL) {
            g_autofree char *state = describe(uses->chain, layer, further->file, further->filename);
            return refuse(state, needs[uses->uses[i]], error);
        }
    }
    return TRUE;
}

gboolean
qblk_file_uses_check_end(const QblkChain *chain, const QblkLayer *layer, GError **error)
{
    if (layer->file == NULL || layer->file->state != QBLK_FILE_ANOTHER) {
        return TRUE;
    }

    g_autofree char *state = describe(chain, layer, layer->file, layer->filename);
    return refuse(state,
                  "QEMU would open that file when the job ends: move the file that QEMU has open "
                  "back to its path",
                  error);
}

/* ---- warnings ---- */

static void
warn_of_file(const QblkFileUses *uses, const QblkLayer *layer, const QblkLayerFile *file,
             const char *filename, QblkPlan *plan)
{
    gboolean is_read = uses->uses[layer->position] == QBLK_USE_READ;
    g_autofree char *state = describe(uses->chain, layer, file, filename);
    char *warning = is_read ? g_strdup_printf("%s; the job reads the file that is open, so its "
                                              "data are not lost",
                                              state)
                            : g_strdup_printf("%s; the job does not change that", state);
    g_ptr_array_add(plan->warnings, warning);
}

static void
warn_of_layer(const QblkFileUses *uses, const QblkLayer *layer, QblkPlan *plan)
{
    const QblkFurtherFile *further = find_other_further_file(layer);

    if (has_other_file(layer->file)) {
        warn_of_file(uses, layer, layer->file, layer->filename, plan);
    }
    if (further != NULL) {
        warn_of_file(uses, layer, further->file, further->filename, plan);
    }
}

void
qblk_file_uses_warn(const QblkFileUses *uses, QblkPlan *plan)
{
    const QblkChain *chain = uses->chain;

    if (chain->unknown_files != NULL) {
        char *warning = g_strdup_printf("disk '%s': it is not known which files QEMU has open: %s",
                                        chain->target, chain->unknown_files);
        g_ptr_array_add(plan->warnings, warning);
        return;
    }
    for (guint i = 0; i < chain->layers->len; i++) {
        warn_of_layer(uses, chain->layers->pdata[i], plan);
    }
}
