/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/layer-text.h"

#include "base/text.h"

static void
print_encryption(QblkOutput *output, const char *spec, const char *encryption)
{
    g_autofree char *safe = qblk_output_escape(encryption);
    if (g_str_equal(encryption, "qcow")) {
        qblk_output_print(output, "  %s: encrypted (qcow: AES of old images)\n", spec);
        return;
    }
    qblk_output_print(output, "  %s: encrypted (%s)\n", spec, safe);
}

static void
print_snapshot(QblkOutput *output, const char *spec, const QblkInternalSnapshot *snapshot)
{
    gint64 seconds = qblk_internal_snapshot_get_date(snapshot);
    gint64 size = qblk_internal_snapshot_get_vm_state_size(snapshot);
    g_autofree char *name = qblk_output_escape(qblk_internal_snapshot_get_name(snapshot));
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    g_autofree char *date = time == NULL ? NULL : g_date_time_format(time, "%Y-%m-%d %H:%M:%S");
    g_autofree char *memory = qblk_text_size(size);

    qblk_output_print(output, "  %s: internal snapshot '%s' of %s UTC", spec, name,
                      date == NULL ? "an unknown time" : date);
    if (size > 0) {
        qblk_output_print(output, ", with %s of guest memory", memory);
    }
    qblk_output_print(output, "\n");
}

/* "bitmap 'b': recording, persistent, 64 KiB a bit, 1 MiB dirty". */
static void
print_bitmap(QblkOutput *output, const char *spec, const QblkBitmap *bitmap)
{
    g_autofree char *name = qblk_output_escape(qblk_bitmap_get_name(bitmap));
    qblk_output_print(output, "  %s: bitmap '%s': ", spec, name);
    if (qblk_bitmap_is_inconsistent(bitmap)) {
        qblk_output_print(output, "inconsistent, QEMU ended without saving it\n");
        return;
    }

    g_autofree char *granularity = qblk_text_size(qblk_bitmap_get_granularity(bitmap));
    g_autofree char *dirty = qblk_text_size(qblk_bitmap_get_dirty(bitmap));
    qblk_output_print(output, "%s, %s, %s a bit, %s dirty%s\n",
                      qblk_bitmap_is_recording(bitmap) ? "recording" : "disabled",
                      qblk_bitmap_is_persistent(bitmap) ? "persistent" : "not persistent",
                      granularity == NULL ? "unknown size" : granularity,
                      dirty == NULL ? "unknown size" : dirty,
                      qblk_bitmap_is_busy(bitmap) ? ", in use" : "");
}

void
qblk_layer_text_print_content(const QblkLayer *layer, QblkOutput *output)
{
    gint64 threshold = qblk_layer_get_write_threshold(layer);
    const char *encryption = qblk_layer_get_encryption(layer);
    g_autofree char *safe = qblk_output_escape(qblk_layer_get_spec(layer));

    if (threshold != QBLK_UNKNOWN) {
        g_autofree char *size = qblk_text_size(threshold);
        qblk_output_print(output, "  %s: write threshold at %s\n", safe, size);
    }
    if (encryption != NULL) {
        print_encryption(output, safe, encryption);
    }
    for (guint i = 0; i < qblk_layer_get_n_internal_snapshots(layer); i++) {
        print_snapshot(output, safe, qblk_layer_get_internal_snapshot(layer, i));
    }
    for (guint i = 0; i < qblk_layer_get_n_bitmaps(layer); i++) {
        print_bitmap(output, safe, qblk_layer_get_bitmap(layer, i));
    }
}

static void
print_user(QblkOutput *output, const char *indent, const char *spec, const QblkUser *user)
{
    g_autofree char *text = qblk_user_to_text(user);
    g_autofree char *safe = qblk_output_escape(text);
    qblk_output_print(output, "%s%s: used by %s\n", indent, spec, safe);
}

void
qblk_layer_text_print_users(const QblkLayer *layer, const char *indent, GHashTable *jobs,
                            QblkOutput *output)
{
    g_autofree char *safe = qblk_output_escape(qblk_layer_get_spec(layer));
    if (!qblk_layer_is_active(layer)) {
        qblk_output_print(output, "%s%s: inactive, another QEMU may use the image\n", indent, safe);
    }
    for (guint i = 0; i < qblk_layer_get_n_users(layer); i++) {
        const QblkUser *user = qblk_layer_get_user(layer, i);
        gboolean is_new = qblk_user_get_kind(user) != QBLK_USER_KIND_JOB ||
                          g_hash_table_add(jobs, g_strdup(qblk_user_get_name(user)));
        if (is_new) {
            print_user(output, indent, safe, user);
        }
    }
    if (qblk_layer_has_more_users(layer)) {
        qblk_output_print(output, "%s%s: has more users, which are not listed\n", indent, safe);
    }
}
