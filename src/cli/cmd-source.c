/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk source`: convert a QEMU file name to libvirt's <source>. */
#include "cli/commands.h"

#include <qblk/source-xml.h>
#include <string.h>

static void
warn_of_dropped(const QblkOutput *output, const QblkSource *source)
{
    for (guint i = 0; i < qblk_source_get_n_dropped(source); i++) {
        g_autofree char *message =
            g_strdup_printf("left out: %s", qblk_source_get_dropped(source, i));
        qblk_output_warn(output, message);
    }
}

static QblkJson *
list_dropped(const QblkSource *source)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; i < qblk_source_get_n_dropped(source); i++) {
        qblk_json_append(list, qblk_json_new_string(qblk_source_get_dropped(source, i)));
    }
    return list;
}

/* @name: was refused because it may be relative to any directory */
static void
add_hint_if_relative(QblkOutput *output, const char *name)
{
    if (name[0] != '/' && strchr(name, ':') == NULL) {
        g_autofree char *path = g_canonicalize_filename(name, NULL);
        g_autofree char *word = qblk_output_shell_word(path);
        qblk_output_add_hint(output, "if it is in this directory: qblk source %s", word);
    }
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    g_autofree char *format = NULL;
    g_autoptr(QblkSource) source = qblk_source_parse(invocation->arguments[0], &format, error);
    g_autofree char *xml = source == NULL ? NULL : qblk_source_to_xml(source, error);
    if (source != NULL && xml == NULL) {
        add_hint_if_relative(&invocation->output, invocation->arguments[0]);
    }
    if (xml == NULL) {
        return FALSE;
    }

    warn_of_dropped(&invocation->output, source);
    if (!invocation->output.json) {
        invocation->output.is_data = TRUE;
        g_string_append(invocation->output.text, xml);
        return TRUE;
    }

    QblkJson *result = qblk_json_new_object();
    qblk_json_set_string(result, "xml", xml);
    qblk_json_set_string(result, "format", format);
    qblk_json_set(result, "left-out", list_dropped(source));
    qblk_output_json(&invocation->output, result);
    return TRUE;
}

const QblkCommand qblk_cmd_source = {
    .name = "source",
    .arguments = "NAME",
    .summary = "Print the <source> element for a file name",
    .description = "NAME is a path, a URL, or a string of QEMU such as 'json:{...}'.",
    .example = "qblk source nbd://localhost/disk",
    .group = QBLK_COMMAND_LOOKS,
    .prints_plain = TRUE,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
