/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-text.h"

#include "base/text.h"

char *
qblk_graph_text_bitmap(const QblkTerminal *terminal, const QblkBitmap *bitmap)
{
    const char *state = qblk_bitmap_is_recording(bitmap) ? "recording" : "disabled";
    g_autofree char *name = qblk_terminal_escape(terminal, qblk_bitmap_get_name(bitmap));

    return g_strdup_printf("bitmap '%s' (%s%s)", name,
                           qblk_bitmap_is_inconsistent(bitmap) ? "inconsistent" : state,
                           qblk_bitmap_is_persistent(bitmap) ? ", persistent" : "");
}

/* NULL: not known. */
static const char *
describe_access(const QblkExport *export)
{
    switch (qblk_export_get_access(export)) {
    case QBLK_EXPORT_ACCESS_READ_ONLY:
        return "read-only";
    case QBLK_EXPORT_ACCESS_WRITABLE:
        return "writable";
    case QBLK_EXPORT_ACCESS_UNKNOWN:
    default:
        return NULL;
    }
}

char *
qblk_graph_text_export(const QblkTerminal *terminal, const QblkExport *export)
{
    const char *access = describe_access(export);
    g_autofree char *id = qblk_terminal_escape(terminal, qblk_export_get_id(export));
    g_autofree char *type = qblk_terminal_escape(terminal, qblk_export_get_export_type(export));

    return g_strdup_printf("export '%s' (%s%s%s)", id, type, access == NULL ? "" : ", ",
                           access == NULL ? "" : access);
}

char *
qblk_graph_text_job(const QblkTerminal *terminal, const QblkJob *job, const char *destination)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const char *error = qblk_job_get_error(job);
    int percent = qblk_text_percent(qblk_job_get_progress(job), qblk_job_get_total(job));

    g_string_append_printf(text, "job '%s': %s", qblk_job_get_id(job), qblk_job_get_kind_name(job));
    if (destination != NULL) {
        g_string_append_printf(text, " into %s", destination);
    }
    g_string_append_printf(text, ", %s", qblk_job_get_state(job));
    if (percent >= 0) {
        g_string_append_printf(text, ", %d %%", percent);
    }
    if (error != NULL) {
        g_string_append_printf(text, ": %s", error);
    }
    return qblk_terminal_escape(terminal, text->str);
}

QblkStyle
qblk_graph_text_job_style(const QblkJob *job)
{
    return qblk_job_get_error(job) == NULL ? QBLK_STYLE_STRONG : QBLK_STYLE_ERROR;
}
