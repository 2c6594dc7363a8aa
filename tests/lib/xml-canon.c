/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/xml-canon.h"

#include "lib/check.h"
#include "xml/domain.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <qblk/disk.h>

static xmlDoc *
parse(const char *text)
{
    xmlDoc *document = xmlReadMemory(text, (int)strlen(text), NULL, NULL,
                                     XML_PARSE_NOBLANKS | XML_PARSE_NOCDATA | XML_PARSE_NOERROR |
                                         XML_PARSE_NOWARNING);
    if (document == NULL) {
        fail_msg("not XML: %s", text);
    }
    return document;
}

static gboolean
is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->ns == NULL &&
           strcmp((const char *)node->name, name) == 0;
}

/* Each disk of @text, in the order of the document. */
static void
each_disk(const char *text, void (*call)(xmlNode *disk, GString *out), GString *out)
{
    xmlDoc *document = parse(text);
    xmlNode *root = xmlDocGetRootElement(document);
    if (is_element(root, "disk")) {
        call(root, out);
    }
    gboolean is_domain = is_element(root, "domain");
    for (xmlNode *at = is_domain ? root->children : root; at != NULL; at = at->next) {
        for (xmlNode *disk = at->children; is_element(at, "devices") && disk != NULL;
             disk = disk->next) {
            if (is_element(disk, "disk")) {
                call(disk, out);
            }
        }
    }
    xmlFreeDoc(document);
}

static void
add_canonical(xmlNode *disk, GString *out)
{
    xmlChar *text = NULL;
    xmlDoc *alone = xmlNewDoc((const xmlChar *)"1.0");
    xmlDocSetRootElement(alone, xmlDocCopyNode(disk, alone, 1));
    assert_true(xmlC14NDocDumpMemory(alone, NULL, XML_C14N_EXCLUSIVE_1_0, NULL, 1, &text) >= 0);
    g_string_append_printf(out, "%s\n", (const char *)text);
    xmlFree(text);
    xmlFreeDoc(alone);
}

char *
xml_canon_canonical(const char *text)
{
    GString *out = g_string_new(NULL);
    each_disk(text, add_canonical, out);
    return g_string_free(out, FALSE);
}

static int
compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
add_sorted(GPtrArray *parts, GString *out)
{
    g_ptr_array_sort(parts, compare);
    for (guint i = 0; i < parts->len; i++) {
        g_string_append_printf(out, " %s", (const char *)parts->pdata[i]);
    }
    g_ptr_array_unref(parts);
}

static void
add_unordered(xmlNode *element, GString *out)
{
    GPtrArray *attributes = g_ptr_array_new_with_free_func(g_free);
    GPtrArray *children = g_ptr_array_new_with_free_func(g_free);
    for (xmlAttr *at = element->properties; at != NULL; at = at->next) {
        xmlChar *value = xmlNodeGetContent((xmlNode *)at);
        g_ptr_array_add(attributes,
                        g_strdup_printf("%s='%s'", (const char *)at->name, (const char *)value));
        xmlFree(value);
    }
    for (xmlNode *at = element->children; at != NULL; at = at->next) {
        if (at->type == XML_ELEMENT_NODE) {
            GString *child = g_string_new(NULL);
            add_unordered(at, child);
            g_ptr_array_add(children, g_string_free(child, FALSE));
        } else if (at->type == XML_TEXT_NODE) {
            g_ptr_array_add(children, g_strdup((const char *)at->content));
        }
    }
    g_string_append_printf(out, "<%s", (const char *)element->name);
    add_sorted(attributes, out);
    add_sorted(children, out);
    g_string_append(out, ">\n");
}

char *
xml_canon_unordered(const char *text)
{
    GString *out = g_string_new(NULL);
    each_disk(text, add_unordered, out);
    return g_string_free(out, FALSE);
}

static char *
pass_through(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkDomain) domain = qblk_domain_read(text, -1, &error);
    assert_no_error(error);
    const GPtrArray *disks = domain->disks;
    char *written =
        qblk_disk_all_to_xml((const QblkChain *const *)disks->pdata, disks->len, &error);
    assert_no_error(error);
    return written;
}

void
xml_canon_round_trip(const char *text)
{
    g_autofree char *once = pass_through(text);
    g_autofree char *twice = pass_through(once);
    g_autofree char *before = xml_canon_canonical(text);
    g_autofree char *after = xml_canon_canonical(once);
    assert_string_equal(before, after);
    assert_string_equal(once, twice);
}
