/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/layer-text.h"

#include "base/text.h"
#include "chain/layer-users.h"
#include "graph/bitmap.h"

static void
print_encryption(QblkOutput *output, const char *spec, const char *encryption)
{
    g_autofree char *safe = qblk_output_escape(encryption);
    qblk_output_print(output, "  %s: encrypted (%s)\n", spec, safe);
}

static void
print_snapshot(QblkOutput *output, const char *spec, const QblkInternalSnapshot *snapshot)
{
    g_autofree char *name = qblk_output_escape(snapshot->name);
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(snapshot->date);
    g_autofree char *date = time == NULL ? NULL : g_date_time_format(time, "%Y-%m-%d %H:%M:%S");
    g_autofree char *memory = qblk_text_size(snapshot->vm_state_size);

    qblk_output_print(output, "  %s: internal snapshot '%s' of %s UTC", spec, name,
                      date == NULL ? "an unknown time" : date);
    if (snapshot->vm_state_size > 0) {
        qblk_output_print(output, ", with %s of guest memory", memory);
    }
    qblk_output_print(output, "\n");
}

/* "bitmap 'b': recording, persistent, 64 KiB a bit, 1 MiB dirty". */
static void
print_bitmap(QblkOutput *output, const char *spec, const QblkBitmap *bitmap)
{
    g_autofree char *name = qblk_output_escape(bitmap->name);
    qblk_output_print(output, "  %s: bitmap '%s': ", spec, name);
    if (bitmap->is_inconsistent) {
        qblk_output_print(output, "inconsistent, QEMU ended without saving it\n");
        return;
    }

    g_autofree char *granularity = qblk_text_size(bitmap->granularity);
    g_autofree char *dirty = qblk_text_size(bitmap->count);
    qblk_output_print(output, "%s, %s, %s a bit, %s dirty%s\n",
                      bitmap->is_recording ? "recording" : "disabled",
                      bitmap->is_persistent ? "persistent" : "not persistent",
                      granularity == NULL ? "unknown size" : granularity,
                      dirty == NULL ? "unknown size" : dirty, bitmap->is_busy ? ", in use" : "");
}

void
qblk_layer_text_print_content(const QblkLayer *layer, const char *spec, QblkOutput *output)
{
    const GPtrArray *snapshots = layer->internal_snapshots, *bitmaps = layer->bitmaps;
    g_autofree char *safe = qblk_output_escape(spec);

    if (layer->write_threshold > 0) {
        g_autofree char *size = qblk_text_size(layer->write_threshold);
        qblk_output_print(output, "  %s: write threshold at %s\n", safe, size);
    }
    if (layer->encryption != NULL) {
        print_encryption(output, safe, layer->encryption);
    }
    for (guint i = 0; snapshots != NULL && i < snapshots->len; i++) {
        print_snapshot(output, safe, snapshots->pdata[i]);
    }
    for (guint i = 0; bitmaps != NULL && i < bitmaps->len; i++) {
        print_bitmap(output, safe, bitmaps->pdata[i]);
    }
}

static void
print_user(QblkOutput *output, const char *indent, const char *spec, const QblkLayerUser *user)
{
    g_autofree char *text = qblk_layer_user_describe(user);
    g_autofree char *safe = qblk_output_escape(text);
    qblk_output_print(output, "%s%s: used by %s\n", indent, spec, safe);
}

void
qblk_layer_text_print_users(const QblkLayer *layer, const char *indent, const char *spec,
                            GHashTable *jobs, QblkOutput *output)
{
    g_autofree char *safe = qblk_output_escape(spec);
    if (layer->is_inactive) {
        qblk_output_print(output, "%s%s: inactive, another QEMU may use the image\n", indent, safe);
    }
    for (guint i = 0; layer->users != NULL && i < layer->users->len; i++) {
        const QblkLayerUser *user = layer->users->pdata[i];
        gboolean is_new =
            user->kind != QBLK_USER_KIND_JOB || g_hash_table_add(jobs, g_strdup(user->name));
        if (is_new) {
            print_user(output, indent, safe, user);
        }
    }
    if (layer->has_more_users) {
        qblk_output_print(output, "%s%s: has more users, which are not listed\n", indent, safe);
    }
}
