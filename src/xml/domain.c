/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/document.h"

#include <qblk/domain.h>

/* What a disk's elements say of it; strings are borrowed from the document. */
typedef struct {
    const char *target;
    const char *alias;
    const char *serial;
    const char *file;
} DomainDisk;

static gboolean
read_disk(const xmlNode *element, DomainDisk *disk, GError **error)
{
    const xmlNode *source = qblk_document_child(element, "source");
    const xmlNode *serial = qblk_document_child(element, "serial");
    disk->target = qblk_document_attribute(qblk_document_child(element, "target"), "dev");
    disk->alias = qblk_document_attribute(qblk_document_child(element, "alias"), "name");
    disk->serial = qblk_document_text(serial);
    disk->file = qblk_document_attribute(source, "file");
    if (disk->file == NULL) {
        disk->file = qblk_document_attribute(source, "dev");
    }
    if (disk->target == NULL || disk->target[0] == '\0') {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "the disk on line %ld of the domain XML has no '<target dev=...>'",
                    xmlGetLineNo(element));
        return FALSE;
    }
    return TRUE;
}

static gboolean
add_disk(GArray *disks, GHashTable *targets, const xmlNode *element, GError **error)
{
    DomainDisk disk = {0};
    if (!read_disk(element, &disk, error)) {
        return FALSE;
    }
    if (!g_hash_table_add(targets, g_strdup(disk.target))) {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "the domain XML has two disks with the target '%s'", disk.target);
        return FALSE;
    }
    g_array_append_val(disks, disk);
    return TRUE;
}

/* The disks of a domain, or the one that is the whole document. */
static gboolean
read_disks(const xmlNode *root, GArray *disks, GError **error)
{
    g_autoptr(GHashTable) targets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (qblk_document_is(root, "disk")) {
        return add_disk(disks, targets, root, error);
    }
    const xmlNode *devices =
        qblk_document_is(root, "domain") ? qblk_document_child(root, "devices") : root;
    if (!qblk_document_is(root, "domain") && !qblk_document_is(root, "devices")) {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "the document is a '<%s>', not a '<domain>' or '<disk>'",
                    (const char *)root->name);
        return FALSE;
    }
    for (const xmlNode *at = devices == NULL ? NULL : devices->children; at != NULL;
         at = at->next) {
        if (qblk_document_is(at, "disk") && !add_disk(disks, targets, at, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_domain_name_disks(QblkSnapshotOptions *options, const char *text, gsize length, GError **error)
{
    g_autoptr(GArray) disks = g_array_new(FALSE, FALSE, sizeof(DomainDisk));
    g_autoptr(xmlDoc) document = qblk_document_parse(text, length, error);
    if (document == NULL || !read_disks(xmlDocGetRootElement(document), disks, error)) {
        return FALSE;
    }
    for (guint i = 0; i < disks->len; i++) {
        const DomainDisk *disk = &g_array_index(disks, DomainDisk, i);
        qblk_snapshot_options_add_domain_disk(options, disk->target, disk->alias, disk->serial,
                                              disk->file);
    }
    return TRUE;
}
