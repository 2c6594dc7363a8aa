/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-rows.h"

#include "base/text.h"
#include "cli/print/picture-file.h"

#include <string.h>

/* Of one kind in one box: a peer chooses their number. */
#define MAX_ROWS_OF_A_KIND 4

/* Of an image that many disks share. */
#define MAX_NAMES_IN_TOOLTIP 40

/* "scsi disk"; a bus that is not known is left out. */
static char *
describe_device(const QblkDevice *device)
{
    const char *bus = qblk_bus_name(qblk_device_get_bus(device));
    const char *kind = qblk_device_kind_name(qblk_device_get_kind(device));

    return bus == NULL ? g_strdup(kind) : g_strdup_printf("%s %s", bus, kind);
}

static void
add_device_state(QblkPictureBox *box, const QblkDevice *device)
{
    const char *status = qblk_device_get_io_status(device);

    if (qblk_device_is_vhost_user(device)) {
        qblk_picture_add_row(box, QBLK_PICTURE_PLAIN, "vhost-user: in another process", NULL);
    } else if (qblk_device_get_top_node(device) == NULL) {
        const char *text = qblk_device_is_tray_open(device) ? "empty, tray open" : "empty";
        qblk_picture_add_row(box, QBLK_PICTURE_PLAIN, text, NULL);
    }
    if (status != NULL && !g_str_equal(status, "ok")) {
        qblk_picture_add_text(box, QBLK_PICTURE_WARNING, "I/O status: %s", status);
    }
}

void
qblk_picture_rows_add_device(QblkPictureBox *box, const QblkDevice *device, guint depth)
{
    const char *target = qblk_device_get_target(device);
    const char *label = qblk_device_get_label(device);
    g_autofree char *kind = describe_device(device);
    g_autofree char *layers =
        depth == 0 ? NULL : g_strdup_printf("%u layer%s", depth, depth == 1 ? "" : "s");

    qblk_picture_add_row(box, QBLK_PICTURE_TITLE, target == NULL ? label : target, kind);
    gboolean has_label = target != NULL && !g_str_equal(target, label);
    if (has_label || layers != NULL) {
        qblk_picture_add_row(box, QBLK_PICTURE_PLAIN, has_label ? label : "", layers);
    }
    add_device_state(box, device);
    box->tooltip = qblk_text_escape(label);
}

/* A name that QEMU has made is another one at its next start. */
static gboolean
is_automatic(const QblkNode *node)
{
    return qblk_node_get_name(node)[0] == '#';
}

void
qblk_picture_rows_add_filter(QblkPictureBox *box, const QblkNode *node)
{
    g_autofree char *tooltip =
        g_strdup_printf("filter '%s' (%s)", qblk_node_get_name(node), qblk_node_get_driver(node));

    qblk_picture_add_row(box, QBLK_PICTURE_PLAIN, qblk_node_get_driver(node),
                         is_automatic(node) ? NULL : qblk_node_get_name(node));
    box->tooltip = qblk_text_escape(tooltip);
}

/* ---- images ---- */

/* "64 MiB, 324 KiB used".  A block device has no allocated size, but at least what was written. */
static char *
describe_size(const QblkNode *node, const QblkNode *storage)
{
    const QblkNode *file = storage == NULL ? node : storage;
    gint64 used = qblk_node_get_actual_size(node);
    gint64 written = qblk_node_get_written_end(file);
    gboolean is_least = used == QBLK_UNKNOWN && written != QBLK_UNKNOWN;
    g_autofree char *size = qblk_text_size(qblk_node_get_virtual_size(node));
    g_autofree char *amount = qblk_text_size(is_least ? written : used);

    if (amount == NULL) {
        return g_strdup(size == NULL ? "size unknown" : size);
    }
    return g_strdup_printf("%s, %s%s used", size == NULL ? "size unknown" : size,
                           is_least ? "≥ " : "", amount);
}

static const char *
describe_access(const QblkPictureBox *box, const QblkNode *node)
{
    if (!qblk_node_is_active(node)) {
        return "inactive";
    }
    if (qblk_node_is_read_only(node)) {
        return "read-only";
    }
    return box->is_active ? "active" : NULL;
}

/* All names of a shared image: ", shared as vda[1], vdb[1] and 40 more". */
static void
describe_specs(GString *text, const GPtrArray *specs)
{
    if (specs != NULL && specs->len > 1) {
        g_autofree char *list = qblk_text_list_some((const char *const *)specs->pdata, specs->len,
                                                    MAX_NAMES_IN_TOOLTIP);
        g_string_append_printf(text, ", shared as %s", list);
    }
}

static char *
describe_nodes(const QblkNode *node, const QblkNode *storage, const GPtrArray *specs)
{
    const char *driver = qblk_node_get_driver(node);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "node '%s' (%s)", qblk_node_get_name(node), driver);
    if (storage != NULL) {
        g_string_append_printf(text, ", file node '%s' (%s)", qblk_node_get_name(storage),
                               qblk_node_get_driver(storage));
    }
    describe_specs(text, specs);
    return g_string_free(text, FALSE);
}

/* "shared: also vdb[1]"; few names have room. */
static void
add_shared(QblkPictureBox *box, const GPtrArray *specs)
{
    if (specs->len < 2) {
        return;
    }

    box->is_shared = TRUE;
    if (specs->len > 3) {
        qblk_picture_add_text(box, QBLK_PICTURE_PLAIN, "shared by %u disks", specs->len);
        return;
    }
    g_autofree char *list = qblk_text_list((const char *const *)specs->pdata + 1, specs->len - 1);
    qblk_picture_add_text(box, QBLK_PICTURE_PLAIN, "shared: also %s", list);
}

static void
add_file_state(QblkPictureBox *box, const QblkPictureLayer *layer)
{
    if (layer->file_state == QBLK_FILE_ANOTHER) {
        qblk_picture_add_row(box, QBLK_PICTURE_WARNING, "the name leads to another file", NULL);
    } else if (layer->file_state == QBLK_FILE_GONE) {
        qblk_picture_add_row(box, QBLK_PICTURE_WARNING, "no file has this name", NULL);
    }
}

void
qblk_picture_rows_add_image(QblkPictureBox *box, const QblkNode *node, const QblkNode *storage,
                            const QblkPictureLayer *layer)
{
    const GPtrArray *specs = layer == NULL ? NULL : layer->specs;
    const char *format = layer == NULL ? NULL : layer->format;
    const char *name = qblk_node_get_name(node);
    const char *title = specs == NULL ? name : specs->pdata[0];
    g_auto(QblkPictureFile) file = {0};
    g_autofree char *nodes = describe_nodes(node, storage, specs);
    g_autofree char *size = describe_size(node, storage);

    qblk_picture_file_init(&file, storage == NULL ? node : storage);
    qblk_picture_add_row(box, QBLK_PICTURE_TITLE, title,
                         format == NULL ? qblk_node_get_driver(node) : format);
    if (file.name[0] != '\0') {
        qblk_picture_add_row(box, QBLK_PICTURE_NAME, file.name, NULL);
    }
    if (file.directory != NULL) {
        box->directory = qblk_text_escape(file.directory);
    }
    qblk_picture_add_row(box, QBLK_PICTURE_PLAIN, size, describe_access(box, node));
    if (!g_str_equal(title, name) && !is_automatic(node)) {
        qblk_picture_add_text(box, QBLK_PICTURE_MUTED, "node %s", name);
    }
    if (layer != NULL) {
        add_shared(box, specs);
        add_file_state(box, layer);
    }

    g_autofree char *safe_file = qblk_text_escape(file.whole);
    g_autofree char *safe_nodes = qblk_text_escape(nodes);
    box->tooltip = g_strconcat(safe_file, safe_file[0] == '\0' ? "" : "\n", safe_nodes, NULL);
}

void
qblk_picture_rows_add_same(QblkPictureBox *box, const char *text)
{
    if (text != NULL) {
        qblk_picture_add_row(box, QBLK_PICTURE_PLAIN, text, NULL);
        box->is_shared = TRUE;
    }
}

void
qblk_picture_rows_add_file(QblkPictureBox *box, const char *edge, const QblkNode *node)
{
    g_auto(QblkPictureFile) file = {0};

    qblk_picture_file_init(&file, node);
    qblk_picture_add_text(box, QBLK_PICTURE_NAME, "%s: %s", edge,
                          file.name[0] == '\0' ? qblk_node_get_name(node) : file.name);
}

/* ---- content and users ---- */

static const char *
describe_bitmap(const QblkBitmap *bitmap)
{
    if (qblk_bitmap_is_inconsistent(bitmap)) {
        return "inconsistent";
    }
    return qblk_bitmap_is_recording(bitmap) ? "recording" : "disabled";
}

static void
add_bitmaps(QblkPictureBox *box, const QblkNode *node)
{
    guint count = qblk_node_get_n_bitmaps(node);

    for (guint i = 0; i < MIN(count, MAX_ROWS_OF_A_KIND); i++) {
        const QblkBitmap *bitmap = qblk_node_get_bitmap(node, i);
        g_autofree char *name = g_strdup_printf("bitmap %s", qblk_bitmap_get_name(bitmap));
        qblk_picture_add_row(box, QBLK_PICTURE_PLAIN, name, describe_bitmap(bitmap));
    }
    if (count > MAX_ROWS_OF_A_KIND) {
        qblk_picture_add_text(box, QBLK_PICTURE_PLAIN, "and %u more bitmaps",
                              count - MAX_ROWS_OF_A_KIND);
    }
}

static void
add_internal_snapshots(QblkPictureBox *box, const QblkNode *node)
{
    guint count = qblk_node_get_n_internal_snapshots(node);

    for (guint i = 0; i < MIN(count, MAX_ROWS_OF_A_KIND); i++) {
        const QblkInternalSnapshot *snapshot = qblk_node_get_internal_snapshot(node, i);
        qblk_picture_add_text(box, QBLK_PICTURE_PLAIN, "internal snapshot %s",
                              qblk_internal_snapshot_get_name(snapshot));
    }
    if (count > MAX_ROWS_OF_A_KIND) {
        qblk_picture_add_text(box, QBLK_PICTURE_PLAIN, "and %u more internal snapshots",
                              count - MAX_ROWS_OF_A_KIND);
    }
}

void
qblk_picture_rows_add_content(QblkPictureBox *box, const QblkNode *node)
{
    const char *encryption = qblk_node_get_encryption(node);
    gint64 threshold = qblk_node_get_write_threshold(node);

    if (encryption != NULL) {
        qblk_picture_add_text(box, QBLK_PICTURE_PLAIN, "encrypted (%s)", encryption);
    }
    if (threshold > 0) {
        g_autofree char *size = qblk_text_size(threshold);
        qblk_picture_add_text(box, QBLK_PICTURE_PLAIN, "write threshold at %s", size);
    }
    add_internal_snapshots(box, node);
    add_bitmaps(box, node);
}

/* Returns: (nullable) */
static const char *
describe_export(QblkExportAccess access)
{
    static const char *const names[] = {
        [QBLK_EXPORT_ACCESS_READ_ONLY] = "read-only",
        [QBLK_EXPORT_ACCESS_WRITABLE] = "writable",
    };

    return access < G_N_ELEMENTS(names) ? names[access] : NULL;
}

void
qblk_picture_rows_add_export(QblkPictureBox *box, const QblkExport *export)
{
    const char *type = qblk_export_get_export_type(export);
    const char *access = describe_export(qblk_export_get_access(export));
    g_autofree char *text = g_strdup_printf("export %s", qblk_export_get_id(export));
    g_autofree char *right = access == NULL ? NULL : g_strdup_printf("%s, %s", type, access);

    qblk_picture_add_row(box, QBLK_PICTURE_PLAIN, text, right == NULL ? type : right);
}

void
qblk_picture_rows_add_job(QblkPictureBox *box, const QblkJob *job)
{
    const char *state = qblk_job_get_state(job);
    gboolean is_running = g_str_equal(state, "running");
    int percent = qblk_text_percent(qblk_job_get_progress(job), qblk_job_get_total(job));
    g_autofree char *text =
        g_strdup_printf("%s %s", qblk_job_get_kind_name(job), qblk_job_get_id(job));
    g_autofree char *amount = percent < 0 ? NULL : g_strdup_printf("%d %%", percent);
    g_autofree char *both = amount == NULL || qblk_job_is_ready(job)
                                ? g_strdup(state)
                                : g_strdup_printf("%s, %s", state, amount);

    qblk_picture_add_row(box, QBLK_PICTURE_JOB, text, is_running && amount != NULL ? amount : both);
    qblk_picture_add_bar(box, percent);
    if (qblk_job_get_error(job) != NULL) {
        qblk_picture_add_row(box, QBLK_PICTURE_WARNING, qblk_job_get_error(job), NULL);
    }
}
