/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/index-spec.h"

#include <string.h>

static QblkIndexSpec *
fail(const char *text, const char *reason, GError **error)
{
    g_set_error(
        error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
        "'%s' names no layer: %s; say a disk, as in vda, or a disk and an index, as in vda[2]",
        text, reason);
    return NULL;
}

gboolean
qblk_index_spec_has_brackets(const char *text)
{
    return strchr(text, '/') == NULL && strchr(text, '[') != NULL && g_str_has_suffix(text, "]");
}

gboolean
qblk_index_spec_is_node_or_path(const char *text)
{
    return g_str_has_prefix(text, QBLK_NODE_PREFIX) || strchr(text, '/') != NULL;
}

/* What is wrong with @digits as an index, or NULL and @index is set. */
static const char *
parse_index(const char *digits, gint64 *index)
{
    gsize length = strspn(digits, "0123456789");
    gboolean is_canonical =
        length > 0 && digits[length] == '\0' && (digits[0] != '0' || length == 1);
    if (!is_canonical) {
        return "the index is not a plain decimal number";
    }
    return g_ascii_string_to_signed(digits, 10, 0, G_MAXINT64, index, NULL)
               ? NULL
               : "the index is larger than any";
}

QblkIndexSpec *
qblk_index_spec_parse(const char *text, GError **error)
{
    const char *open = strchr(text, '[');
    gsize length = open == NULL ? strlen(text) : (gsize)(open - text);
    if (length == 0) {
        return fail(text, "there is no disk in it", error);
    }
    if (memchr(text, ']', length) != NULL || memchr(text, '/', length) != NULL) {
        return fail(text, "that is no name of a disk", error);
    }
    gint64 index = 0;
    if (open != NULL) {
        gsize inside = strcspn(open + 1, "]");
        if (open[1 + inside] == '\0') {
            return fail(text, "the bracket is not closed", error);
        }
        if (open[1 + inside + 1] != '\0') {
            return fail(text, "there is something after the bracket", error);
        }
        g_autofree char *digits = g_strndup(open + 1, inside);
        const char *reason = parse_index(digits, &index);
        if (reason != NULL) {
            return fail(text, reason, error);
        }
    }
    QblkIndexSpec *spec = g_new0(QblkIndexSpec, 1);
    spec->target = g_strndup(text, length);
    spec->index = index;
    return spec;
}

void
qblk_index_spec_free(QblkIndexSpec *spec)
{
    if (spec == NULL) {
        return;
    }
    g_free(spec->target);
    g_free(spec);
}
