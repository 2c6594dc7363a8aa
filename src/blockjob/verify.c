/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/verify.h"

static gboolean
is_as_expected(const QblkLayer *layer, const QblkExpectation *expected)
{
    return g_strcmp0(layer->node_name, expected->node_name) == 0 &&
           g_strcmp0(layer->format, expected->format) == 0 &&
           g_strcmp0(layer->filename, expected->filename) == 0 &&
           (expected->backing_name == NULL ||
            g_strcmp0(layer->backing_name, expected->backing_name) == 0);
}

static void
append(GString *text, const char *node_name, const char *filename, const char *backing_name)
{
    g_string_append_printf(text, "%s%s (%s", text->len == 0 ? "" : " -> ", filename, node_name);
    if (backing_name != NULL) {
        g_string_append_printf(text, ", header says '%s'", backing_name);
    }
    g_string_append_c(text, ')');
}

static void
fail(const QblkChain *chain, const GPtrArray *expected, GError **error)
{
    g_autoptr(GString) wanted = g_string_new(NULL);
    g_autoptr(GString) found = g_string_new(NULL);
    for (guint i = 0; i < expected->len; i++) {
        const QblkExpectation *layer = expected->pdata[i];
        append(wanted, layer->node_name, layer->filename, layer->backing_name);
    }
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        append(found, layer->node_name, layer->filename, layer->backing_name);
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "the job ended well, but the chain of '%s' is not the one expected: it is %s, and "
                "should be %s",
                chain->target, found->str, wanted->str);
}

gboolean
qblk_verify_chain(const QblkChain *chain, const GPtrArray *expected, GError **error)
{
    gboolean is_same = chain->layers->len == expected->len;
    for (guint i = 0; is_same && i < expected->len; i++) {
        is_same = is_as_expected(chain->layers->pdata[i], expected->pdata[i]);
    }
    if (!is_same) {
        fail(chain, expected, error);
    }
    return is_same;
}
