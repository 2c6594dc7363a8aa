/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/writer.h"

#include "base/text.h"

#include <libxml/parserInternals.h>
#include <string.h>

/* libxml2's type for a string in UTF-8. */
static const xmlChar *
xml_text(const char *text)
{
    return (const xmlChar *)text;
}

xmlNode *
qblk_writer_root(const char *name)
{
    xmlNode *element = xmlNewNode(NULL, xml_text(name));
    g_assert(element != NULL);
    return element;
}

xmlNode *
qblk_writer_element(xmlNode *parent, const char *name)
{
    return xmlAddChild(parent, qblk_writer_root(name));
}

static gboolean
check_characters(const char *value, GError **error)
{
    const char *end;

    if (!g_utf8_validate(value, -1, &end)) {
        g_autofree char *valid = g_utf8_make_valid(value, -1);
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME,
                    "the name '%s' is not valid UTF-8, which XML requires", valid);
        return FALSE;
    }

    for (const char *at = value; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        gunichar character = g_utf8_get_char(at);

        if (!IS_CHAR(character)) {
            g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME,
                        "the name '%s' contains the character U+%04X, which XML 1.0 does not "
                        "allow",
                        value, character);
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
    if (!check_characters(value, error)) {
        return FALSE;
    }

    qblk_writer_constant(element, name, value);
    return TRUE;
}

void
qblk_writer_constant(xmlNode *element, const char *name, const char *value)
{
    xmlAttr *attribute = xmlNewProp(element, xml_text(name), xml_text(value));
    g_assert(attribute != NULL);
}

/* ---- printing ---- */

/* Returns: (nullable): the predefined entity for @character */
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

/* Append @text to @out.  Characters that a terminal would interpret or not show become character
 * references, and so does white space other than a space, which a reader would turn into a space.
 * */
static void
append_escaped(GString *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        gunichar character = g_utf8_get_char(at);
        const char *entity = find_entity(character);

        if (entity != NULL) {
            g_string_append(out, entity);
        } else if (qblk_text_is_printable(character)) {
            g_string_append_unichar(out, character);
        } else {
            g_string_append_printf(out, "&#%u;", character);
        }
    }
}

/* The state of a walk through a tree.  It follows the pointers of the tree and does not recurse,
 * because a chain nests as deep as it is long. */
typedef struct {
    GString *out;
    guint level;
    const xmlNode *line; /* the element that is printed on one line, to keep its text; or NULL */
} Printing;

/* TRUE if adding white space to @element would change its text.  White space beside elements is
 * only layout, unless the document has xml:space='preserve'. */
static gboolean
has_text(const xmlNode *element)
{
    gboolean has_blank = FALSE, has_other = FALSE;

    for (const xmlNode *at = element->children; at != NULL; at = at->next) {
        gboolean is_text = at->type == XML_TEXT_NODE || at->type == XML_CDATA_SECTION_NODE;

        if (is_text && !xmlIsBlankNode(at)) {
            return TRUE;
        }
        has_blank = has_blank || is_text;
        has_other = has_other || !is_text;
    }

    return has_blank && (!has_other || xmlNodeGetSpacePreserve(element) == 1);
}

static void
begin_line(const Printing *printing)
{
    if (printing->line != NULL) {
        return;
    }
    for (guint i = 0; i < printing->level; i++) {
        g_string_append(printing->out, "  ");
    }
}

static void
end_line(const Printing *printing)
{
    if (printing->line == NULL) {
        g_string_append_c(printing->out, '\n');
    }
}

static void
print_name(const Printing *printing, const xmlNs *ns, const xmlChar *name)
{
    if (ns != NULL && ns->prefix != NULL) {
        g_string_append_printf(printing->out, "%s:", (const char *)ns->prefix);
    }
    g_string_append(printing->out, (const char *)name);
}

static void
print_attribute(const Printing *printing, const char *value)
{
    g_string_append(printing->out, "='");
    append_escaped(printing->out, value);
    g_string_append_c(printing->out, '\'');
}

static void
print_namespaces(const Printing *printing, const xmlNode *element)
{
    for (const xmlNs *ns = element->nsDef; ns != NULL; ns = ns->next) {
        g_string_append(printing->out, " xmlns");
        if (ns->prefix != NULL) {
            g_string_append_printf(printing->out, ":%s", (const char *)ns->prefix);
        }
        print_attribute(printing, (const char *)ns->href);
    }
}

static void
open_element(Printing *printing, const xmlNode *element)
{
    begin_line(printing);
    g_string_append_c(printing->out, '<');
    print_name(printing, element->ns, element->name);
    print_namespaces(printing, element);

    for (const xmlAttr *a = element->properties; a != NULL; a = a->next) {
        g_string_append_c(printing->out, ' ');
        print_name(printing, a->ns, a->name);
        print_attribute(printing, a->children == NULL ? "" : (const char *)a->children->content);
    }
    g_string_append(printing->out, element->children == NULL ? "/>" : ">");

    if (printing->line == NULL && has_text(element)) {
        printing->line = element;
    }
    end_line(printing);
    printing->level++;
}

static void
close_element(Printing *printing, const xmlNode *element)
{
    printing->level--;
    if (element->children == NULL) {
        return;
    }

    begin_line(printing);
    g_string_append(printing->out, "</");
    print_name(printing, element->ns, element->name);
    g_string_append_c(printing->out, '>');

    if (printing->line == element) {
        printing->line = NULL;
    }
    end_line(printing);
}

/* Append the text of a comment or a processing instruction, which cannot contain character
 * references.  They are written all the same in place of characters that a terminal would
 * interpret: the text is for people. */
static void
append_note(GString *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        gunichar character = g_utf8_get_char(at);

        if (character == '\n' || character == '\t' || qblk_text_is_printable(character)) {
            g_string_append_unichar(out, character);
        } else {
            g_string_append_printf(out, "&#%u;", character);
        }
    }
}

/* Print a text, a comment or a processing instruction.  Outside a line, text is white space. */
static void
print_other(const Printing *printing, const xmlNode *node)
{
    const char *content = node->content == NULL ? "" : (const char *)node->content;

    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
        append_escaped(printing->out, printing->line == NULL ? "" : content);
        return;
    }

    begin_line(printing);
    if (node->type == XML_COMMENT_NODE) {
        g_string_append(printing->out, "<!--");
        append_note(printing->out, content);
        g_string_append(printing->out, "-->");
    } else if (node->type == XML_PI_NODE) {
        g_string_append_printf(printing->out, "<?%s%s", (const char *)node->name,
                               content[0] == '\0' ? "" : " ");
        append_note(printing->out, content);
        g_string_append(printing->out, "?>");
    }
    end_line(printing);
}

static void
open_node(Printing *printing, const xmlNode *node)
{
    if (node->type == XML_ELEMENT_NODE) {
        open_element(printing, node);
    } else {
        print_other(printing, node);
    }
}

static void
close_node(Printing *printing, const xmlNode *node)
{
    if (node->type == XML_ELEMENT_NODE) {
        close_element(printing, node);
    }
}

char *
qblk_writer_print(const xmlNode *element)
{
    Printing printing = {.out = g_string_new(NULL)};
    const xmlNode *at = element;

    for (;;) {
        open_node(&printing, at);
        if (at->type == XML_ELEMENT_NODE && at->children != NULL) {
            at = at->children;
            continue;
        }

        close_node(&printing, at);
        while (at != element && at->next == NULL) {
            at = at->parent;
            close_node(&printing, at);
        }

        if (at == element) {
            return g_string_free(printing.out, FALSE);
        }
        at = at->next;
    }
}
