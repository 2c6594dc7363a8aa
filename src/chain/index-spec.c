/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/index-spec.h"

#include "graph/alias.h"

#include <string.h>

static void
set_spec_error(const char *text, const char *reason, GError **error)
{
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                "invalid layer '%s': %s; specify a disk, as in vda, or a disk and an index, as in "
                "vda[2]",
                text, reason);
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

gboolean
qblk_index_spec_names_disk(const char *text, gboolean is_disk)
{
    if (qblk_index_spec_is_node_or_path(text)) {
        return FALSE;
    }
    return strpbrk(text, "[]") != NULL || is_disk || qblk_alias_is_target(text);
}

/* Returns: the reason why @digits is not an index, or NULL. */
static const char *
parse_index(const char *digits, gint64 *index)
{
    gsize length = strspn(digits, "0123456789");
    gboolean is_number = length > 0 && digits[length] == '\0';
    if (!is_number || (digits[0] == '0' && length > 1)) {
        return "the index is not a plain decimal number";
    }
    if (!g_ascii_string_to_signed(digits, 10, 0, G_MAXINT64, index, NULL)) {
        return "the index is too large";
    }
    return NULL;
}

/* Returns: the reason why @brackets, from '[' on, is not an index in brackets, or NULL. */
static const char *
parse_brackets(const char *brackets, gint64 *index)
{
    gsize inside = strcspn(brackets + 1, "]");
    if (brackets[1 + inside] == '\0') {
        return "the bracket is not closed";
    }
    if (brackets[1 + inside + 1] != '\0') {
        return "text follows the bracket";
    }
    g_autofree char *digits = g_strndup(brackets + 1, inside);
    return parse_index(digits, index);
}

QblkIndexSpec *
qblk_index_spec_parse(const char *text, GError **error)
{
    const char *open = strchr(text, '[');
    gsize length = open == NULL ? strlen(text) : (gsize)(open - text);
    gint64 index = 0;
    const char *reason = NULL;

    if (length == 0) {
        reason = "it has no disk";
    } else if (memchr(text, ']', length) != NULL || memchr(text, '/', length) != NULL) {
        reason = "a disk cannot have that name";
    } else if (open != NULL) {
        reason = parse_brackets(open, &index);
    }
    if (reason != NULL) {
        set_spec_error(text, reason, error);
        return NULL;
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
