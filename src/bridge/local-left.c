/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/local-left.h"

#include "bridge/local-operation.h"

/* The images that show what became of the jobs of @entry. */
static void
add_images(GString *text, const QblkLocalOperation *entry)
{
    const QblkPlan *plan = NULL;
    const char *before = " (if QEMU has ended, use ";
    gsize length = text->len;

    for (guint i = 0; (plan = qblk_operation_get_plan(entry->operation, i)) != NULL; i++) {
        const char *image = qblk_plan_get_active_image(plan);
        if (image != NULL) {
            g_autofree char *vm = g_strconcat("image:", image, NULL);
            g_autofree char *command = qblk_local_call_recovery(entry->local, vm);
            g_string_append_printf(text, "%s'%s'", before, command);
            before = " and ";
        }
    }
    g_string_append(text, text->len > length ? ")" : "");
}

void
qblk_local_left_mark(QblkLocal *local, gboolean qemu_ends)
{
    const char *vm = qblk_address_get_text(local->address);
    for (const GList *at = local->operations.head; at != NULL; at = at->next) {
        QblkLocalOperation *entry = at->data;
        if (entry->result != NULL) {
            continue;
        }

        g_autofree char *command = qblk_local_call_recovery(local, vm);
        GString *text = g_string_new(NULL);
        g_string_printf(text, "operation '%s' (%s) was interrupted: use '%s'", entry->id,
                        entry->command, command);
        if (qemu_ends) {
            add_images(text, entry);
        }
        g_free(entry->left);
        entry->left = g_string_free(text, FALSE);
    }
}

/* Without a journal an operation has nothing to recover. */
static gboolean
has_left(const QblkLocalOperation *entry)
{
    const QblkJson *has_journal = qblk_json_get(entry->result, "has-journal");
    return entry->left != NULL && (entry->result == NULL || qblk_json_true(has_journal));
}

char *
qblk_local_left_take(QblkLocal *local)
{
    g_autoptr(GString) texts = g_string_new(NULL);
    for (const GList *at = local->operations.head; at != NULL; at = at->next) {
        QblkLocalOperation *entry = at->data;
        if (has_left(entry)) {
            g_string_append_printf(texts, "%s%s", texts->len == 0 ? "" : "; ", entry->left);
        }
        g_clear_pointer(&entry->left, g_free);
    }
    return texts->len == 0 ? NULL : g_string_free(g_steal_pointer(&texts), FALSE);
}
