/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/writer.h"

#include "base/printable.h"

#include <libxml/parserInternals.h>
#include <string.h>

/* For glib's and libxml2's idea of a character: both mean bytes of UTF-8. */
static const xmlChar *
bytes(const char *text)
{
    return (const xmlChar *)text;
}

xmlNode *
qblk_writer_root(const char *name)
{
    xmlNode *element = xmlNewNode(NULL, bytes(name));
    g_assert(element != NULL);
    return element;
}

xmlNode *
qblk_writer_element(xmlNode *parent, const char *name)
{
    return xmlAddChild(parent, qblk_writer_root(name));
}

static gboolean
check(const char *value, GError **error)
{
    const char *end;
    if (!g_utf8_validate(value, -1, &end)) {
        g_autofree char *valid = g_utf8_make_valid(value, -1);
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME,
                    "the name '%s' is not UTF-8, which XML cannot carry", valid);
        return FALSE;
    }
    for (const char *at = value; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        gunichar character = g_utf8_get_char(at);
        if (!IS_CHAR(character)) {
            g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME,
                        "the name '%s' has the character U+%04X, which XML 1.0 cannot carry", value,
                        character);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_writer_attribute(xmlNode *element, const char *name, const char *value, GError **error)
{
    if (value == NULL) {
        return TRUE;
    }
    if (!check(value, error)) {
        return FALSE;
    }
    qblk_writer_constant(element, name, value);
    return TRUE;
}

void
qblk_writer_constant(xmlNode *element, const char *name, const char *value)
{
    xmlAttr *attribute = xmlNewProp(element, bytes(name), bytes(value));
    g_assert(attribute != NULL);
}

void
qblk_writer_drop_if_empty(xmlNode *element)
{
    if (element->properties == NULL && element->children == NULL) {
        xmlUnlinkNode(element);
        xmlFreeNode(element);
    }
}

static const char *
find_entity(gunichar character)
{
    static const struct {
        gunichar character;
        const char *entity;
    } entities[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'\'', "&apos;"}, {'"', "&quot;"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(entities); i++) {
        if (entities[i].character == character) {
            return entities[i].entity;
        }
    }
    return NULL;
}

/* White space other than a space is written as a number, because a reader turns it into a space
 * otherwise; so is what a terminal would obey or not show. */
static void
escape(GString *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        gunichar character = g_utf8_get_char(at);
        const char *entity = find_entity(character);
        if (entity != NULL) {
            g_string_append(out, entity);
        } else if (qblk_printable(character)) {
            g_string_append_unichar(out, character);
        } else {
            g_string_append_printf(out, "&#%u;", character);
        }
    }
}

static void
indent(GString *out, guint level)
{
    for (guint i = 0; i < level; i++) {
        g_string_append(out, "  ");
    }
}

static void
open_tag(GString *out, const xmlNode *element, guint level)
{
    indent(out, level);
    g_string_append_printf(out, "<%s", (const char *)element->name);
    for (const xmlAttr *a = element->properties; a != NULL; a = a->next) {
        g_string_append_printf(out, " %s='", (const char *)a->name);
        escape(out, a->children == NULL ? "" : (const char *)a->children->content);
        g_string_append_c(out, '\'');
    }
    g_string_append(out, element->children == NULL ? "/>\n" : ">\n");
}

static void
close_tag(GString *out, const xmlNode *element, guint level)
{
    indent(out, level);
    g_string_append_printf(out, "</%s>\n", (const char *)element->name);
}

/* Goes through the tree by its pointers: a chain nests as deep as it is long. */
char *
qblk_writer_print(const xmlNode *element)
{
    GString *out = g_string_new(NULL);
    const xmlNode *at = element;
    guint level = 0;
    for (;;) {
        open_tag(out, at, level);
        if (at->children != NULL) {
            at = at->children;
            level++;
            continue;
        }
        while (at != element && at->next == NULL) {
            at = at->parent;
            level--;
            close_tag(out, at, level);
        }
        if (at == element) {
            return g_string_free(out, FALSE);
        }
        at = at->next;
    }
}
