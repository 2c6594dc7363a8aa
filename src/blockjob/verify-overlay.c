/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/verify-overlay.h"

#include "blockjob/verify.h"
#include "image/image-file.h"
#include "image/image-header.h"

#include <errno.h>
#include <sys/stat.h>

static gboolean refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean
refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, text);
    return FALSE;
}

/* The chain of the disk.  One without a device is that of the old top: its overlay is another. */
static QblkChain *
find_chain(const QblkPlan *plan, const QblkSnapshot *snapshot, GError **error)
{
    const QblkExpectation *top = plan->before->len == 0 ? NULL : plan->before->pdata[0];
    gboolean has_device = plan->qdev != NULL || plan->backend != NULL;
    const QblkNode *node = has_device || top == NULL || top->node_name == NULL
                               ? NULL
                               : qblk_snapshot_find_node(snapshot, top->node_name);
    return node == NULL ? qblk_verify_find_chain(plan, snapshot, error)
                        : qblk_snapshot_chain_of_node(snapshot, node, error);
}

static gboolean
check_chain(const QblkPlan *plan, const QblkChain *chain, GError **error)
{
    g_autoptr(GError) cause = NULL;
    return plan->before->len == 0 ||
           qblk_verify_layers(chain, plan->target, plan->before, &cause) ||
           refuse(error, "another client has changed the disk since the plan was made: %s",
                  cause->message);
}

/* ---- the overlay ---- */

/* QEMU takes an overlay of another size, and the guest gets a disk of that size. */
static gboolean
check_size(const QblkPlan *plan, const QblkLayer *top, const QblkLayer *overlay, GError **error)
{
    return top->virtual_size == overlay->virtual_size ||
           refuse(error,
                  "'%s' has a virtual size of %" G_GINT64_FORMAT " bytes, and disk '%s' of "
                  "%" G_GINT64_FORMAT ": another client has resized it since the plan was made",
                  overlay->filename, overlay->virtual_size, plan->target, top->virtual_size);
}

static gboolean
check_file(const QblkExpectation *expected, const QblkLayer *overlay, GError **error)
{
    struct stat status;
    if (stat(expected->path, &status) != 0) {
        return errno != ENOENT ||
               refuse(error, "'%s' no longer exists: another process has renamed or deleted it",
                      expected->path);
    }

    const QblkFileIdentity found = qblk_file_identity(&status);
    gboolean is_known = overlay->file != NULL && qblk_file_identity_is_known(&overlay->file->open);
    return !is_known || qblk_file_identity_is_same(&found, &overlay->file->open) ||
           refuse(error,
                  "'%s' no longer leads to the file that QEMU has open for the overlay: another "
                  "process has replaced it",
                  expected->path);
}

/* QEMU would open the image below it as one of another format at the next start: a qcow2 image as
 * raw, for example. */
static gboolean
check_format(const QblkExpectation *expected, const char *recorded, const char *format,
             GError **error)
{
    return qblk_verify_records_format(expected->format, recorded, format) ||
           refuse(error,
                  "the header of '%s' records the format '%s' of its backing file instead of '%s': "
                  "another process has replaced or changed it",
                  expected->path, recorded == NULL ? "" : recorded, format);
}

/* Also if it is not known which file QEMU has open, the file of another overlay shows here.
 * @below: the layer that it is put over (nullable) */
static gboolean
check_header(const QblkExpectation *expected, const QblkExpectation *below, GError **error)
{
    g_autoptr(QblkImageFile) file = qblk_image_file_read(expected->path, NULL);
    g_autoptr(QblkImageHeader) header =
        file == NULL || expected->backing_name == NULL
            ? NULL
            : qblk_image_header_read(expected->format, file->bytes, file->length, NULL);
    if (header == NULL) {
        return TRUE;
    }
    if (g_strcmp0(header->backing_name, expected->backing_name) != 0) {
        return refuse(error,
                      "the header of '%s' names the backing file '%s' instead of '%s': another "
                      "process has replaced or changed it",
                      expected->path, header->backing_name == NULL ? "" : header->backing_name,
                      expected->backing_name);
    }
    return below == NULL || check_format(expected, header->backing_format, below->format, error);
}

gboolean
qblk_verify_overlay(const QblkPlan *plan, const QblkSnapshot *snapshot, gboolean is_local,
                    GError **error)
{
    const QblkExpectation *expected = plan->after->len == 0 ? NULL : plan->after->pdata[0];
    const QblkExpectation *below = plan->after->len < 2 ? NULL : plan->after->pdata[1];
    g_autoptr(QblkChain) chain = find_chain(plan, snapshot, error);
    if (chain == NULL || !check_chain(plan, chain, error)) {
        return FALSE;
    }

    const QblkNode *node = expected == NULL || expected->node_name == NULL
                               ? NULL
                               : qblk_snapshot_find_node(snapshot, expected->node_name);
    g_autoptr(QblkChain) alone =
        node == NULL ? NULL : qblk_snapshot_chain_of_node(snapshot, node, NULL);
    if (alone == NULL) {
        return TRUE;
    }

    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    const QblkLayer *overlay = qblk_chain_get_layer(alone, 0);
    if (!check_size(plan, top, overlay, error)) {
        return FALSE;
    }
    return !is_local || expected->path == NULL ||
           (check_file(expected, overlay, error) && check_header(expected, below, error));
}
