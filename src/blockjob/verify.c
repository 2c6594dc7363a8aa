/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/verify.h"

#include "image/image-file.h"
#include "plan/backing-string.h"
#include "source/driver.h"

/* The name that the job wrote into a header has to lead to the next open image. */
static gboolean
names_next(const QblkLayer *layer, const QblkLayer *next)
{
    const char *name = layer->backing_name;
    if (next == NULL || name == NULL || name[0] == '\0') {
        return next == NULL && (name == NULL || name[0] == '\0');
    }
    return qblk_backing_string_leads_to(layer->filename, name, next->filename);
}

static gboolean
is_as_expected(const QblkLayer *layer, const QblkExpectation *expected)
{
    return (expected->node_name == NULL || g_strcmp0(layer->node_name, expected->node_name) == 0) &&
           g_strcmp0(layer->format, expected->format) == 0 &&
           g_strcmp0(layer->filename, expected->filename) == 0 &&
           (expected->backing_name == NULL ||
            g_strcmp0(layer->backing_name, expected->backing_name) == 0);
}

static void
append_layer(GString *text, const char *node_name, const char *filename, const char *backing_name)
{
    g_string_append_printf(text, "%s%s (%s", text->len == 0 ? "" : " -> ", filename,
                           node_name == NULL ? "any node" : node_name);
    if (backing_name != NULL) {
        g_string_append_printf(text, ", header names '%s'", backing_name);
    }
    g_string_append_c(text, ')');
}

static void
set_not_as_planned(const QblkChain *chain, const char *target, const GPtrArray *expected,
                   GError **error)
{
    g_autoptr(GString) wanted = g_string_new(NULL);
    g_autoptr(GString) found = g_string_new(NULL);
    for (guint i = 0; i < expected->len; i++) {
        const QblkExpectation *layer = expected->pdata[i];
        append_layer(wanted, layer->node_name, layer->filename, layer->backing_name);
    }

    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        append_layer(found, layer->node_name, layer->filename, layer->backing_name);
    }

    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "the chain of '%s' is not as planned: found %s, expected %s", target, found->str,
                wanted->str);
}

gboolean
qblk_verify_chain(const QblkChain *chain, const char *target, const GPtrArray *expected,
                  GError **error)
{
    gboolean is_same = chain->layers->len == expected->len;
    for (guint i = 0; is_same && i < expected->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        const QblkExpectation *wanted = expected->pdata[i];
        const QblkLayer *next = i + 1 < expected->len ? chain->layers->pdata[i + 1] : NULL;
        is_same = is_as_expected(layer, wanted) && (!wanted->names_next || names_next(layer, next));
    }

    if (!is_same) {
        set_not_as_planned(chain, target, expected, error);
    }

    return is_same;
}

/* ---- headers ---- */

static gboolean
set_other_backing_file(const QblkExpectation *layer, const QblkImageHeader *header,
                       const QblkExpectation *next, GError **error)
{
    const char *says = header->backing_name == NULL ? "nothing" : header->backing_name;
    const char *format = header->backing_format == NULL ? "unknown" : header->backing_format;
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "the job succeeded, but the header of '%s' names the backing file '%s' (format "
                "%s), expected '%s' (format %s)",
                layer->filename, says, format, next == NULL ? "nothing" : next->filename,
                next == NULL ? "none" : next->format);
    return FALSE;
}

/* The header of a qed image records only if the backing file is raw. */
static gboolean
is_format(const QblkExpectation *layer, const char *recorded, const char *format)
{
    if (recorded == NULL && g_str_equal(layer->format, "qed")) {
        return g_strcmp0(format, "raw") != 0;
    }
    return g_strcmp0(qblk_driver_backing_format(recorded), format) == 0;
}

static gboolean
check_header(const QblkExpectation *layer, const QblkExpectation *next, GError **error)
{
    g_autoptr(QblkImageFile) file = qblk_image_file_read(layer->filename, NULL);
    g_autoptr(QblkImageHeader) header =
        file == NULL ? NULL
                     : qblk_image_header_read(layer->format, file->bytes, file->length, NULL);
    if (header == NULL) {
        return TRUE; /* the file may be on another machine; what QEMU reports was checked already */
    }

    const char *name = header->backing_name;
    if (next == NULL) {
        return name == NULL || set_other_backing_file(layer, header, next, error);
    }

    gboolean is_right = name != NULL && is_format(layer, header->backing_format, next->format) &&
                        (layer->backing_name == NULL
                             ? qblk_backing_string_leads_to(layer->filename, name, next->filename)
                             : g_str_equal(name, layer->backing_name));
    return is_right || set_other_backing_file(layer, header, next, error);
}

gboolean
qblk_verify_headers(const QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->after->len; i++) {
        const QblkExpectation *layer = plan->after->pdata[i];
        const QblkExpectation *next = i + 1 < plan->after->len ? plan->after->pdata[i + 1] : NULL;
        if (layer->names_next && !check_header(layer, next, error)) {
            return FALSE;
        }
    }

    return TRUE;
}

/* ---- which disk it is ---- */

static gboolean
is_disk_of(const QblkPlan *plan, const QblkDevice *device)
{
    if (plan->qdev != NULL) {
        return g_strcmp0(device->qdev, plan->qdev) == 0;
    }

    if (plan->backend != NULL) {
        return g_strcmp0(device->backend, plan->backend) == 0;
    }

    const QblkExpectation *top = plan->after->len == 0 ? NULL : plan->after->pdata[0];
    return top != NULL && g_strcmp0(device->node_name, top->node_name) == 0;
}

const char *
qblk_verify_find(const QblkPlan *plan, const QblkSnapshot *snapshot)
{
    for (guint i = 0; i < snapshot->disks; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        if (is_disk_of(plan, device)) {
            return device->target;
        }
    }
    return plan->target;
}
