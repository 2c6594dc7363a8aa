/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/verify.h"

#include "image/image-file.h"
#include "plan/backing-string.h"
#include "source/driver.h"

/* The name that the job wrote into a header has to lead to the next open image. */
static gboolean
names_next(const QblkSnapshot *snapshot, const QblkLayer *layer, const QblkLayer *next)
{
    const char *name = layer->backing_name;
    if (next == NULL || name == NULL || name[0] == '\0') {
        return next == NULL && (name == NULL || name[0] == '\0');
    }
    return qblk_backing_string_leads_to_layer(snapshot, layer, name, next);
}

/* TRUE if @layer has that name, or is a part of the file or device, which QEMU calls json:{...}. */
static gboolean
has_name(const QblkLayer *layer, const char *filename)
{
    if (g_strcmp0(layer->filename, filename) == 0) {
        return TRUE;
    }
    g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, NULL);
    return source != NULL && source->slice_offset != NULL &&
           qblk_file_identity_is_one(source->path, filename);
}

static gboolean
is_image(const QblkLayer *layer, const QblkExpectation *expected)
{
    return (expected->node_name == NULL || g_strcmp0(layer->node_name, expected->node_name) == 0) &&
           g_strcmp0(layer->format, expected->format) == 0 &&
           (expected->is_other_name || has_name(layer, expected->filename));
}

static gboolean
has_expected_header(const QblkSnapshot *snapshot, const QblkLayer *layer, const QblkLayer *next,
                    const QblkExpectation *expected)
{
    if (expected->left_backing_name != NULL &&
        g_strcmp0(layer->backing_name, expected->left_backing_name) == 0) {
        return TRUE;
    }
    if (expected->backing_name != NULL &&
        g_strcmp0(layer->backing_name, expected->backing_name) != 0) {
        return FALSE;
    }
    return !expected->names_next || names_next(snapshot, layer, next);
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
qblk_verify_layers(const QblkChain *chain, const char *target, const GPtrArray *expected,
                   GError **error)
{
    gboolean is_same = chain->layers->len == expected->len;
    for (guint i = 0; is_same && i < expected->len; i++) {
        is_same = is_image(chain->layers->pdata[i], expected->pdata[i]);
    }

    if (!is_same) {
        set_not_as_planned(chain, target, expected, error);
    }
    return is_same;
}

gboolean
qblk_verify_chain(const QblkSnapshot *snapshot, const QblkChain *chain, const char *target,
                  const GPtrArray *expected, GError **error)
{
    if (!qblk_verify_layers(chain, target, expected, error)) {
        return FALSE;
    }

    for (guint i = 0; i < expected->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        const QblkLayer *next = qblk_chain_get_layer(chain, i + 1);
        if (!has_expected_header(snapshot, layer, next, expected->pdata[i])) {
            set_not_as_planned(chain, target, expected, error);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_verify_files(const QblkChain *chain, const GPtrArray *expected, GError **error)
{
    for (guint i = 0; i < expected->len; i++) {
        const QblkExpectation *wanted = expected->pdata[i];
        const QblkLayer *layer = chain->layers->pdata[i];
        const QblkLayerFile *file = layer->file;
        if (file == NULL || !qblk_file_identity_is_known(&file->open) ||
            !qblk_file_identity_is_known(&wanted->file) ||
            qblk_file_identity_is_same(&file->open, &wanted->file)) {
            continue;
        }

        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "QEMU has another file open for '%s' than before: "
                    "inode %" G_GINT64_FORMAT " instead of %" G_GINT64_FORMAT
                    "; it was replaced meanwhile, and data may be missing in it",
                    layer->filename, file->open.inode, wanted->file.inode);
        return FALSE;
    }
    return TRUE;
}

/* ---- headers ---- */

/* The path of the image for QEMU, or its name. */
static const char *
get_path(const QblkLayer *layer)
{
    return qblk_layer_file_has_path(layer->file) ? layer->file->path : layer->filename;
}

/* Returns: (transfer full): the shell command that writes the right header. */
static char *
repair_command(const QblkSnapshot *snapshot, const QblkLayer *layer,
               const QblkExpectation *expected, const QblkLayer *next)
{
    g_autofree char *image = g_shell_quote(get_path(layer));
    if (next == NULL) {
        return g_strdup_printf("qemu-img rebase -u -f %s -b '' %s", layer->format, image);
    }

    /* The planned name, unless the image was renamed meanwhile. */
    const char *name = expected->backing_name;
    if (name == NULL || !qblk_backing_string_leads_to_layer(snapshot, layer, name, next)) {
        name = get_path(next);
    }
    g_autofree char *backing = g_shell_quote(name);
    return g_strdup_printf("qemu-img rebase -u -f %s -b %s -F %s %s", layer->format, backing,
                           next->format, image);
}

/* The backing file that a header names. */
typedef struct {
    const char *name; /* NULL: no file */
    const char *format;
} Backing;

static void
set_wrong_header(const QblkSnapshot *snapshot, const QblkLayer *layer, const Backing *backing,
                 const QblkExpectation *expected, const QblkLayer *next, GError **error)
{
    g_autofree char *repair = repair_command(snapshot, layer, expected, next);
    const char *format = backing->format == NULL ? "unknown" : backing->format;

    if (next == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the header of '%s' names the backing file '%s' (format "
                    "%s), and there is no layer below; to repair it, stop the guest and run: %s",
                    layer->filename, backing->name, format, repair);
    } else if (backing->name == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the header of '%s' names no backing file, and '%s' is "
                    "below it; to repair it, use 'qblk mend', or stop the guest and run: %s",
                    layer->filename, get_path(next), repair);
    } else {
        g_set_error(
            error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
            "the header of '%s' names the backing file '%s' (format "
            "%s), and the image below it is '%s' (format %s); to repair it, use 'qblk mend', "
            "or stop the guest and run: %s",
            layer->filename, backing->name, format, get_path(next), next->format, repair);
    }
}

/* The header of a qed image records only if the backing file is raw. */
gboolean
qblk_verify_records_format(const char *image_format, const char *recorded, const char *format)
{
    if (recorded == NULL && g_str_equal(image_format, "qed")) {
        return g_strcmp0(format, "raw") != 0;
    }
    return g_strcmp0(qblk_driver_backing_format(recorded), format) == 0;
}

/* The header on disk; NULL if the file cannot be read here. */
static QblkImageHeader *
read_header(const QblkLayer *layer, gboolean is_local)
{
    const char *path = qblk_plan_layer_path(layer);
    gboolean is_known = layer->file != NULL && layer->file->state != QBLK_FILE_UNKNOWN;
    if (path == NULL || (!is_local && !is_known)) {
        return NULL;
    }

    g_autoptr(QblkImageFile) file = qblk_image_file_read(path, NULL);
    return file == NULL ? NULL
                        : qblk_image_header_read(layer->format, file->bytes, file->length, NULL);
}

static gboolean
is_right(const QblkSnapshot *snapshot, const QblkLayer *layer, const QblkLayer *next,
         const QblkExpectation *expected, const Backing *backing)
{
    if (next == NULL || backing->name == NULL) {
        return next == NULL && backing->name == NULL;
    }
    if (expected->backing_name != NULL && !g_str_equal(backing->name, expected->backing_name)) {
        return FALSE;
    }
    return qblk_backing_string_leads_to_layer(snapshot, layer, backing->name, next);
}

/* Check what QEMU reports, and what is on disk. */
static gboolean
check_header(const QblkSnapshot *snapshot, const QblkLayer *layer, const QblkLayer *next,
             const QblkExpectation *expected, gboolean is_local, GError **error)
{
    const char *reported = layer->backing_name;
    Backing backing = {reported == NULL || reported[0] == '\0' ? NULL : reported,
                       layer->backing_format};
    if (!is_right(snapshot, layer, next, expected, &backing)) {
        set_wrong_header(snapshot, layer, &backing, expected, next, error);
        return FALSE;
    }

    g_autoptr(QblkImageHeader) header = read_header(layer, is_local);
    if (header == NULL) {
        return TRUE;
    }

    backing = (Backing){header->backing_name, header->backing_format};
    if (!is_right(snapshot, layer, next, expected, &backing) ||
        (next != NULL &&
         !qblk_verify_records_format(layer->format, backing.format, next->format))) {
        set_wrong_header(snapshot, layer, &backing, expected, next, error);
        return FALSE;
    }
    return TRUE;
}

gboolean
qblk_verify_headers(const QblkSnapshot *snapshot, const QblkChain *chain, const GPtrArray *expected,
                    gboolean is_local, GError **error)
{
    for (guint i = 0; i < expected->len; i++) {
        const QblkExpectation *wanted = expected->pdata[i];
        const QblkLayer *layer = chain->layers->pdata[i];
        const QblkLayer *next = qblk_chain_get_layer(chain, i + 1);
        if (wanted->names_next && !check_header(snapshot, layer, next, wanted, is_local, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- the layer below a new overlay ---- */

gboolean
qblk_verify_old_top_is_writable(const QblkPlan *plan, const QblkChain *chain)
{
    const QblkExpectation *old = plan->before->len == 0 ? NULL : plan->before->pdata[0];
    const QblkLayer *below = qblk_chain_get_layer(chain, 1);
    return old != NULL && below != NULL && old->node_name != NULL && !below->read_only &&
           g_strcmp0(below->node_name, old->node_name) == 0;
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

static const QblkNode *
find_first(const GPtrArray *layers, const QblkSnapshot *snapshot)
{
    const QblkExpectation *top = layers->len == 0 ? NULL : layers->pdata[0];
    return top == NULL || top->node_name == NULL
               ? NULL
               : qblk_snapshot_find_node(snapshot, top->node_name);
}

/* TRUE if @node is over other layers: a new overlay is alone until it is put over the disk. */
static gboolean
is_overlay(const QblkSnapshot *snapshot, const QblkNode *node)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain_of_node(snapshot, node, NULL);
    return chain != NULL && chain->layers->len > 1;
}

/* The top of a chain that no device uses, because the user has named the node.  While the old top
 * exists it is the top, unless a new overlay is over it. */
static const QblkNode *
find_top_node(const QblkPlan *plan, const QblkSnapshot *snapshot)
{
    const GPtrArray *const chains[] = {plan->before, plan->after};
    const QblkNode *overlay = qblk_plan_has_job(plan) ? NULL : find_first(plan->after, snapshot);
    if (overlay != NULL && is_overlay(snapshot, overlay)) {
        return overlay;
    }

    for (gsize i = 0; i < G_N_ELEMENTS(chains); i++) {
        const QblkNode *node = find_first(chains[i], snapshot);
        if (node != NULL) {
            return node;
        }
    }
    return NULL;
}

QblkChain *
qblk_verify_find_chain(const QblkPlan *plan, const QblkSnapshot *snapshot, GError **error)
{
    g_autoptr(GError) cause = NULL;
    QblkChain *chain = qblk_snapshot_chain(snapshot, qblk_verify_find(plan, snapshot), &cause);
    if (chain != NULL) {
        return chain;
    }

    gboolean has_device = plan->qdev != NULL || plan->backend != NULL;
    const QblkNode *top = has_device ? NULL : find_top_node(plan, snapshot);
    if (top == NULL || !g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    return qblk_snapshot_chain_of_node(snapshot, top, error);
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
