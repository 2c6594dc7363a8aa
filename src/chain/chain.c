/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain.h"

#include "base/const-cast.h"
#include "base/enum.h"
#include "graph/graph-kinds.h"

static gboolean
is_unknown(const QblkLayer *layer)
{
    return layer->file != NULL && layer->file->state == QBLK_FILE_UNKNOWN;
}

const char *
qblk_chain_get_unknown_files(const QblkChain *chain)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        if (is_unknown(chain->layers->pdata[i])) {
            return chain->unknown_files;
        }
    }
    return NULL;
}

QblkChain *
qblk_chain_new(const char *target)
{
    QblkChain *chain = g_new0(QblkChain, 1);
    g_atomic_ref_count_init(&chain->references);
    chain->target = g_strdup(target);
    chain->layers = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_layer_free);
    return chain;
}

QblkChain *
qblk_chain_ref(const QblkChain *chain)
{
    QblkChain *counted = qblk_const_cast(chain);
    g_atomic_ref_count_inc(&counted->references);
    return counted;
}

void
qblk_chain_unref(QblkChain *chain)
{
    if (chain == NULL || !g_atomic_ref_count_dec(&chain->references)) {
        return;
    }
    if (chain->document != NULL) {
        chain->free_document(chain->document);
    }
    g_free(chain->target);
    g_free(chain->alias);
    g_free(chain->qdev);
    g_free(chain->backend);
    g_free(chain->root);
    g_free(chain->serial);
    g_free(chain->io_status);
    g_free(chain->unknown_files);
    g_ptr_array_unref(chain->layers);
    if (chain->mirror != NULL) {
        qblk_chain_layer_free(chain->mirror->layer);
        g_free(chain->mirror->job);
        g_free(chain->mirror);
    }
    g_free(chain);
}

void
qblk_chain_set_unknown(const GPtrArray *chains, const char *name, GError **error)
{
    g_autofree const char **targets = g_new0(const char *, chains->len + 1);
    for (guint i = 0; i < chains->len; i++) {
        targets[i] = qblk_chain_get_target(chains->pdata[i]);
    }
    qblk_device_set_unknown(name, targets, chains->len, error);
}

/* ---- getters ---- */

const char *
qblk_chain_get_target(const QblkChain *chain)
{
    return chain->target;
}

QblkNameSource
qblk_chain_get_name_source(const QblkChain *chain)
{
    return chain->name_source;
}

QblkBus
qblk_chain_get_bus(const QblkChain *chain)
{
    return qblk_bus_find(chain->bus);
}

const char *
qblk_chain_get_bus_name(const QblkChain *chain)
{
    return chain->bus;
}

QblkDeviceKind
qblk_chain_get_device_kind(const QblkChain *chain)
{
    return chain->kind;
}

const char *
qblk_chain_get_alias(const QblkChain *chain)
{
    return chain->alias;
}

const char *
qblk_chain_get_qdev(const QblkChain *chain)
{
    return chain->qdev;
}

const char *
qblk_chain_get_backend(const QblkChain *chain)
{
    return chain->backend;
}

const char *
qblk_chain_get_serial(const QblkChain *chain)
{
    return chain->serial;
}

gboolean
qblk_chain_is_removable(const QblkChain *chain)
{
    return chain->removable;
}

gboolean
qblk_chain_is_tray_open(const QblkChain *chain)
{
    return chain->tray_open;
}

gboolean
qblk_chain_is_read_only(const QblkChain *chain)
{
    return chain->read_only;
}

const char *
qblk_chain_get_io_status(const QblkChain *chain)
{
    return chain->io_status;
}

gboolean
qblk_chain_has_stopped_guest(const QblkChain *chain)
{
    return chain->is_stopped;
}

const char *
qblk_chain_get_fingerprint(const QblkChain *chain)
{
    return chain->fingerprint;
}

QblkIndexSource
qblk_chain_get_index_source(const QblkChain *chain)
{
    if (chain->has_own_indexes) {
        return QBLK_INDEX_SOURCE_DOMAIN;
    }
    return chain->has_libvirt_indexes ? QBLK_INDEX_SOURCE_LIBVIRT : QBLK_INDEX_SOURCE_POSITION;
}

const char *
qblk_index_source_name(QblkIndexSource source)
{
    static const char *const names[] = {
        [QBLK_INDEX_SOURCE_POSITION] = "position",
        [QBLK_INDEX_SOURCE_LIBVIRT] = "libvirt",
        [QBLK_INDEX_SOURCE_DOMAIN] = "domain",
    };
    return qblk_enum_name(names, G_N_ELEMENTS(names), (int)source);
}

gboolean
qblk_chain_is_complete(const QblkChain *chain)
{
    return chain->is_complete;
}

guint
qblk_chain_get_depth(const QblkChain *chain)
{
    return chain->layers->len;
}

const QblkLayer *
qblk_chain_get_layer(const QblkChain *chain, guint position)
{
    return position < chain->layers->len ? chain->layers->pdata[position] : NULL;
}

const QblkMirror *
qblk_chain_get_mirror(const QblkChain *chain)
{
    return chain->mirror;
}

gboolean
qblk_chain_expect(const QblkChain *chain, const char *fingerprint, GError **error)
{
    if (g_str_equal(chain->fingerprint, fingerprint)) {
        return TRUE;
    }
    g_set_error(
        error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE,
        "the chain of '%s' has changed: its fingerprint is %s, not '%s'; check the chain again",
        chain->target, chain->fingerprint, fingerprint);
    return FALSE;
}

/* ---- mirrors ---- */

const char *
qblk_mirror_get_job_id(const QblkMirror *mirror)
{
    return mirror->job;
}

QblkJobKind
qblk_mirror_get_kind(const QblkMirror *mirror)
{
    return mirror->is_commit ? QBLK_JOB_KIND_ACTIVE_COMMIT : QBLK_JOB_KIND_COPY;
}

gboolean
qblk_mirror_is_ready(const QblkMirror *mirror)
{
    return mirror->ready;
}

const QblkLayer *
qblk_mirror_get_layer(const QblkMirror *mirror)
{
    return mirror->layer;
}
