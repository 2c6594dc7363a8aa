/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "chain/chain.h"
#include "xml/disk-reader.h"
#include "xml/document.h"

#include <qblk/domain.h>

/* Add the chain of @element to @chains, and its target to @targets. */
static gboolean
add_disk(GPtrArray *chains, GHashTable *targets, const xmlNode *element, GError **error)
{
    if (chains->len >= QBLK_LIMIT_DEVICES) {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "the document has more disks than the limit of %d", QBLK_LIMIT_DEVICES);
        return FALSE;
    }

    QblkChain *chain = qblk_disk_reader_chain(element, error);
    if (chain == NULL) {
        return FALSE;
    }
    g_ptr_array_add(chains, chain);

    if (!g_hash_table_add(targets, chain->target)) {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "line %ld: two disks have the target '%s'", xmlGetLineNo(element),
                    chain->target);
        return FALSE;
    }
    return TRUE;
}

static gboolean
add_disks_of_devices(GPtrArray *chains, GHashTable *targets, const xmlNode *devices, GError **error)
{
    for (const xmlNode *at = devices->children; at != NULL; at = at->next) {
        if (qblk_document_is(at, "disk") && !add_disk(chains, targets, at, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Add the disks of each `<devices>` below @domain. */
static gboolean
add_disks_of_domain(GPtrArray *chains, GHashTable *targets, const xmlNode *domain, GError **error)
{
    for (const xmlNode *at = domain->children; at != NULL; at = at->next) {
        if (qblk_document_is(at, "devices") && !add_disks_of_devices(chains, targets, at, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
add_disks_of_document(GPtrArray *chains, const xmlNode *root, GError **error)
{
    g_autoptr(GHashTable) targets = g_hash_table_new(g_str_hash, g_str_equal);

    if (qblk_document_is(root, "disk")) {
        return add_disk(chains, targets, root, error);
    }
    if (qblk_document_is(root, "domain")) {
        return add_disks_of_domain(chains, targets, root, error);
    }
    if (qblk_document_is(root, "devices")) {
        return add_disks_of_devices(chains, targets, root, error);
    }

    if (root->ns != NULL) {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "the document is a '<%s>' in a namespace: libvirt's elements have no namespace",
                    (const char *)root->name);
    } else {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "the document is a '<%s>': '<domain>', '<devices>' or '<disk>' is required",
                    (const char *)root->name);
    }
    return FALSE;
}

GPtrArray *
qblk_domain_read(const char *text, gsize length, GError **error)
{
    g_autoptr(GPtrArray) chains = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_unref);
    g_autoptr(xmlDoc) document = qblk_document_parse(text, length, error);
    if (document == NULL) {
        return NULL;
    }
    if (!add_disks_of_document(chains, xmlDocGetRootElement(document), error)) {
        return NULL;
    }
    return g_steal_pointer(&chains);
}

gboolean
qblk_domain_name_disks(QblkSnapshotOptions *options, const char *text, gsize length, GError **error)
{
    g_autoptr(GPtrArray) chains = qblk_domain_read(text, length, error);
    if (chains == NULL) {
        return FALSE;
    }

    for (guint i = 0; i < chains->len; i++) {
        const QblkChain *chain = chains->pdata[i];
        const QblkLayer *top = qblk_chain_get_layer(chain, 0);
        gboolean has_source = top != NULL && top->source != NULL;

        qblk_snapshot_options_add_domain_disk(options, chain->target, chain->alias, chain->serial,
                                              has_source ? top->source->path : NULL);
    }
    return TRUE;
}
