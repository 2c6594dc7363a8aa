/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/document-print.h"

#include <string.h>

static gboolean
is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* TRUE if xml:space, which elements inherit, is 'preserve'. */
static gboolean
preserves_space(const QblkDocumentNode *element)
{
    for (; element != NULL; element = element->parent) {
        for (const QblkDocumentAttribute *at = element->attributes; at != NULL; at = at->next) {
            if (!g_str_equal(at->name, "xml:space")) {
                continue;
            }
            if (g_str_equal(at->value, "preserve") || g_str_equal(at->value, "default")) {
                return g_str_equal(at->value, "preserve");
            }
        }
    }
    return FALSE;
}

/* TRUE if adding white space to @element would change its text.  White space beside elements is
 * only layout, unless the document has xml:space='preserve'. */
static gboolean
has_text(const QblkDocumentNode *element)
{
    gboolean has_blank = FALSE, has_other = FALSE;

    for (const QblkDocumentNode *at = element->children; at != NULL; at = at->next) {
        gboolean is_text = at->kind == QBLK_DOCUMENT_TEXT;

        if (is_text && !is_blank(at->text)) {
            return TRUE;
        }
        has_blank = has_blank || is_text;
        has_other = has_other || !is_text;
    }

    return has_blank && (!has_other || preserves_space(element));
}

static void
open_element(const QblkDocumentNode *element, QblkWriter *writer)
{
    qblk_writer_open(writer, element->name);

    for (const QblkDocumentAttribute *at = element->declarations; at != NULL; at = at->next) {
        gboolean is_default = at->name[0] == '\0';
        g_autofree char *name = g_strconcat("xmlns", is_default ? "" : ":", at->name, NULL);
        qblk_writer_constant(writer, name, at->value);
    }
    for (const QblkDocumentAttribute *at = element->attributes; at != NULL; at = at->next) {
        qblk_writer_constant(writer, at->name, at->value);
    }

    if (!qblk_writer_keeps_line(writer) && has_text(element)) {
        qblk_writer_keep_line(writer);
    }
}

static void
print_other(const QblkDocumentNode *node, QblkWriter *writer)
{
    if (node->kind != QBLK_DOCUMENT_TEXT) {
        qblk_writer_note(writer, node->name, node->text);
    } else if (qblk_writer_keeps_line(writer)) {
        qblk_writer_text(writer, node->text);
    }
}

/* A walk that follows the pointers of the document and does not recurse. */
void
qblk_document_print(const QblkDocumentNode *element, QblkWriter *writer)
{
    const QblkDocumentNode *at = element;

    for (;;) {
        if (at->kind != QBLK_DOCUMENT_ELEMENT) {
            print_other(at, writer);
        } else {
            open_element(at, writer);
            if (at->children != NULL) {
                at = at->children;
                continue;
            }
            qblk_writer_close(writer);
        }

        while (at != element && at->next == NULL) {
            at = at->parent;
            qblk_writer_close(writer);
        }
        if (at == element) {
            return;
        }
        at = at->next;
    }
}
