/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/mend-findings.h"

#include "base/redact.h"
#include "image/image-header.h"
#include "plan/backing-string.h"
#include "plan/plan-check.h"

const QblkDifference *
qblk_mend_findings_find(const QblkMendFindings *findings, const QblkLayer *layer,
                        QblkDifferenceKind first, QblkDifferenceKind last)
{
    for (guint i = 0; i < findings->differences->len; i++) {
        const QblkDifference *difference = findings->differences->pdata[i];
        if (difference->position == (gint64)layer->position && difference->kind >= first &&
            difference->kind <= last) {
            return difference;
        }
    }
    return NULL;
}

const QblkDifference *
qblk_mend_findings_find_header(const QblkMendFindings *findings, const QblkLayer *layer)
{
    return qblk_mend_findings_find(findings, layer, QBLK_DIFFERENCE_BACKING_FILE,
                                   QBLK_DIFFERENCE_UNCOMPARABLE);
}

static const QblkImageHeader *
get_header(const QblkMendFindings *findings, const QblkLayer *layer)
{
    return findings->headers == NULL ? NULL : findings->headers->pdata[layer->position];
}

const char *
qblk_mend_findings_keep_string(const QblkMendFindings *findings, const QblkLayer *layer,
                               GError **error)
{
    const QblkImageHeader *header = get_header(findings, layer);
    if (header == NULL || header->backing_name == NULL) {
        (void)qblk_plan_refuse(error,
                               "the backing file in the header of '%s' would be written again, "
                               "and cannot be read here",
                               layer->filename);
        return NULL;
    }

    g_autofree char *clean = qblk_redact_name(header->backing_name, NULL);
    if (!g_str_equal(clean, header->backing_name)) {
        (void)qblk_plan_refuse(error,
                               "the backing file in the header of '%s' contains a password, which "
                               "would be a part of the plan",
                               layer->filename);
        return NULL;
    }
    return header->backing_name;
}

const char *
qblk_mend_findings_get_string(const QblkMendFindings *findings, const QblkLayer *layer)
{
    const QblkImageHeader *header = get_header(findings, layer);
    return header == NULL ? layer->backing_name : header->backing_name;
}

/* The file of the layer below was renamed, or its name was given to another file: a header that has
 * that name does not lead to it any longer. */
static gboolean
has_old_name(const QblkMendFindings *findings, const QblkSnapshot *snapshot, const QblkLayer *layer)
{
    const QblkLayer *below = qblk_chain_get_layer(findings->chain, layer->position + 1);
    const char *string = qblk_mend_findings_get_string(findings, layer);
    gboolean is_moved =
        below != NULL && qblk_mend_findings_find(findings, below, QBLK_DIFFERENCE_ANOTHER_FILE,
                                                 QBLK_DIFFERENCE_FILE_GONE) != NULL;
    return is_moved && string != NULL &&
           !qblk_backing_string_leads_to_layer(snapshot, layer, string, below);
}

GPtrArray *
qblk_mend_findings_list(const QblkMendFindings *findings, const QblkSnapshot *snapshot)
{
    GPtrArray *list = qblk_differences_new();
    for (guint i = 0; i < findings->differences->len; i++) {
        g_ptr_array_add(list, qblk_difference_ref(findings->differences->pdata[i]));
    }

    for (guint i = 0; i < findings->chain->layers->len; i++) {
        const QblkLayer *layer = findings->chain->layers->pdata[i];
        if (qblk_mend_findings_find_header(findings, layer) == NULL &&
            has_old_name(findings, snapshot, layer)) {
            const QblkLayer *below = qblk_chain_get_layer(findings->chain, i + 1);
            (void)qblk_difference_add(list, QBLK_DIFFERENCE_BACKING_FILE, findings->chain, layer,
                                      qblk_mend_findings_get_string(findings, layer),
                                      below->file->path);
        }
    }
    return list;
}
