/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain.h"

#include "base/const-cast.h"
#include "base/input.h"
#include "base/limits.h"
#include "chain/chain-resolve.h"
#include "chain/index-spec.h"
#include "xml/disk-reader.h"
#include "xml/document-parse.h"

#include <string.h>

static gboolean
add_disk(QblkDomain *domain, const QblkDocumentNode *element, GError **error)
{
    if (domain->disks->len >= QBLK_LIMIT_DEVICES) {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "the document has more disks than the limit of %d", QBLK_LIMIT_DEVICES);
        return FALSE;
    }

    QblkChain *chain = qblk_disk_reader_chain(element, error);
    if (chain == NULL) {
        return FALSE;
    }
    g_ptr_array_add(domain->disks, chain);

    if (!g_hash_table_insert(domain->by_target, chain->target, chain)) {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "line %d: two disks have the target '%s'", element->line, chain->target);
        return FALSE;
    }
    return TRUE;
}

static gboolean
add_disks_of_devices(QblkDomain *domain, const QblkDocumentNode *devices, GError **error)
{
    for (const QblkDocumentNode *at = devices->children; at != NULL; at = at->next) {
        if (qblk_document_is(at, "disk") && !add_disk(domain, at, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Add the disks of each `<devices>` below @element. */
static gboolean
add_disks_of_domain(QblkDomain *domain, const QblkDocumentNode *element, GError **error)
{
    for (const QblkDocumentNode *at = element->children; at != NULL; at = at->next) {
        if (qblk_document_is(at, "devices") && !add_disks_of_devices(domain, at, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
add_disks_of_document(QblkDomain *domain, const QblkDocumentNode *root, GError **error)
{
    if (qblk_document_is(root, "disk")) {
        return add_disk(domain, root, error);
    }
    if (qblk_document_is(root, "domain")) {
        return add_disks_of_domain(domain, root, error);
    }
    if (qblk_document_is(root, "devices")) {
        return add_disks_of_devices(domain, root, error);
    }

    if (root->is_in_namespace) {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "the document is a '<%s>' in a namespace: libvirt's elements have no namespace",
                    qblk_document_local_name(root));
    } else {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "the document is a '<%s>': '<domain>', '<devices>' or '<disk>' is required",
                    qblk_document_local_name(root));
    }
    return FALSE;
}

QblkDomain *
qblk_domain_read(const char *text, gssize length, GError **error)
{
    gsize bytes = length < 0 ? strlen(text) : (gsize)length;
    g_autoptr(QblkDocument) document = qblk_document_parse(text, bytes, error);
    if (document == NULL) {
        return NULL;
    }

    g_autoptr(QblkDomain) domain = g_new0(QblkDomain, 1);
    g_atomic_ref_count_init(&domain->references);
    domain->disks = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_unref);
    domain->by_target = g_hash_table_new(g_str_hash, g_str_equal);
    if (!add_disks_of_document(domain, document->root, error)) {
        return NULL;
    }
    return g_steal_pointer(&domain);
}

QblkDomain *
qblk_domain_read_file(const char *path, GError **error)
{
    gsize length;
    g_autofree char *text = qblk_input_read(path, QBLK_LIMIT_XML_BYTES, &length, error);
    if (text == NULL) {
        return NULL;
    }

    QblkDomain *domain = qblk_domain_read(text, (gssize)length, error);
    if (domain == NULL) {
        g_prefix_error(error, "domain '%s': ", path);
    }
    return domain;
}

QblkDomain *
qblk_domain_ref(const QblkDomain *domain)
{
    QblkDomain *counted = qblk_const_cast(domain);
    g_atomic_ref_count_inc(&counted->references);
    return counted;
}

void
qblk_domain_unref(QblkDomain *domain)
{
    if (domain == NULL || !g_atomic_ref_count_dec(&domain->references)) {
        return;
    }
    g_hash_table_unref(domain->by_target);
    g_ptr_array_unref(domain->disks);
    g_free(domain);
}

guint
qblk_domain_get_n_disks(const QblkDomain *domain)
{
    return domain->disks->len;
}

const QblkChain *
qblk_domain_get_disk(const QblkDomain *domain, guint position)
{
    return position < domain->disks->len ? domain->disks->pdata[position] : NULL;
}

const QblkChain *
qblk_domain_find_disk(const QblkDomain *domain, const char *target, GError **error)
{
    const QblkChain *chain = g_hash_table_lookup(domain->by_target, target);
    if (chain == NULL && error != NULL) {
        qblk_chain_set_unknown(domain->disks, target, error);
    }
    return chain;
}

QblkLayer *
qblk_domain_resolve(const QblkDomain *domain, const char *spec, const char *fingerprint,
                    GError **error)
{
    gboolean is_disk = qblk_domain_find_disk(domain, spec, NULL) != NULL;
    if (!qblk_index_spec_names_disk(spec, is_disk)) {
        return qblk_chain_resolve_name(domain->disks, spec, fingerprint, error);
    }

    g_autoptr(QblkIndexSpec) index = qblk_index_spec_parse(spec, error);
    if (index == NULL) {
        return NULL;
    }
    const QblkChain *chain = qblk_domain_find_disk(domain, index->target, error);
    return chain == NULL ? NULL
                         : qblk_chain_resolve_expected(chain, index->index, fingerprint, error);
}

void
qblk_domain_name_disks(const QblkDomain *domain, QblkSnapshotOptions *options)
{
    for (guint i = 0; i < domain->disks->len; i++) {
        const QblkChain *chain = domain->disks->pdata[i];
        const QblkLayer *top = qblk_chain_get_layer(chain, 0);
        gboolean has_source = top != NULL && top->source != NULL;

        qblk_snapshot_options_add_domain_disk(options, chain->target, chain->alias, chain->serial,
                                              has_source ? top->source->path : NULL);
    }
}
