/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-server.h"

#include "source/source-decode.h"

static gboolean
is_command(const QblkStep *step, const char *command)
{
    return g_strcmp0(step->command, command) == 0;
}

/* Returns: (nullable): the image on a server that @options of blockdev-add open. */
static char *
name_of_options(const QblkJson *options)
{
    g_autofree char *text = qblk_json_print(options, QBLK_JSON_COMPACT);
    g_autofree char *name = g_strconcat("json:", text, NULL);
    g_auto(QblkSourceDecoded) decoded = {0};
    gboolean is_server =
        qblk_source_decode(name, &decoded, NULL) && decoded.source->type == QBLK_SOURCE_NETWORK;
    return is_server ? qblk_source_label(decoded.source) : NULL;
}

char *
qblk_run_server_name(const QblkPlan *plan, const QblkStep *step)
{
    if (!is_command(step, "blockdev-add") && !is_command(step, "blockdev-create")) {
        return NULL;
    }

    /* A format node reads its header through the node that an earlier step has opened. */
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *open = plan->steps->pdata[i];
        char *name = is_command(open, "blockdev-add") ? name_of_options(open->arguments) : NULL;
        if (name != NULL || open == step) {
            return name;
        }
    }
    return NULL;
}
