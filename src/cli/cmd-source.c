/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk source`: convert a QEMU file name to libvirt's <source>. */
#include "cli/commands.h"

#include <qblk/source-xml.h>

static void
warn_of_dropped(char **dropped)
{
    for (guint i = 0; dropped[i] != NULL; i++) {
        g_autofree char *message = g_strdup_printf("left out: %s", dropped[i]);
        qblk_output_warn(message);
    }
}

static QblkJson *
list_texts(char **texts)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; texts[i] != NULL; i++) {
        qblk_json_append(list, qblk_json_new_string(texts[i]));
    }
    return list;
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    g_autofree char *format = NULL;
    g_auto(GStrv) dropped = NULL;
    g_autofree char *xml =
        qblk_source_xml_of_name(invocation->arguments[0], &format, &dropped, error);
    if (xml == NULL) {
        return FALSE;
    }

    warn_of_dropped(dropped);
    if (!invocation->output.json) {
        g_string_append(invocation->output.text, xml);
        return TRUE;
    }

    QblkJson *result = qblk_json_new_object();
    qblk_json_set_string(result, "xml", xml);
    qblk_json_set_string(result, "format", format);
    qblk_json_set(result, "left-out", list_texts(dropped));
    qblk_output_json(&invocation->output, result);
    return TRUE;
}

const QblkCommand qblk_cmd_source = {
    .name = "source",
    .arguments = "NAME",
    .summary = "Print the <source> element for a file name",
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
