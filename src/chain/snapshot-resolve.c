/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one layer of a VM that a specification means. */
#include "chain/chain-resolve.h"
#include "chain/chain.h"
#include "chain/index-spec.h"

/* A caller that has no use for warnings. */
static void
ignore_warning(const char *message, gpointer user_data)
{
}

static gboolean
has_disk(const QblkSnapshot *snapshot, const char *name)
{
    g_autoptr(GError) cause = NULL;
    const QblkDevice *device = qblk_snapshot_find_device(snapshot, name, &cause);
    return device != NULL || g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS);
}

static QblkLayer *
resolve_index(const QblkSnapshot *snapshot, const char *text, const char *fingerprint,
              GError **error)
{
    g_autoptr(QblkIndexSpec) spec = qblk_index_spec_parse(text, error);
    if (spec == NULL) {
        return NULL;
    }

    g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, spec->target, error);
    return chain == NULL ? NULL
                         : qblk_chain_resolve_expected(chain, spec->index, fingerprint, error);
}

/* Read the chains of all disks.  A disk whose chain cannot be read is left out with a warning, if
 * another disk may have the layer. */
static gboolean
read_all_chains(const QblkSnapshot *snapshot, GPtrArray *chains, QblkWarning warning,
                gpointer user_data, GError **error)
{
    const char *const *targets = qblk_snapshot_get_targets(snapshot);

    for (guint i = 0; targets[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;
        QblkChain *chain = qblk_snapshot_chain(snapshot, targets[i], &cause);
        gboolean is_last_chance = targets[i + 1] == NULL && chains->len == 0;

        gboolean has_no_node = g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_NODE);
        if (chain != NULL) {
            g_ptr_array_add(chains, chain);
        } else if (has_no_node) {
            continue; /* it has no layers */
        } else if (is_last_chance ||
                   g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        } else {
            warning(cause->message, user_data);
        }
    }

    return TRUE;
}

QblkLayer *
qblk_snapshot_resolve_full(const QblkSnapshot *snapshot, const char *spec, const char *fingerprint,
                           QblkWarning warning, gpointer user_data, GError **error)
{
    if (qblk_index_spec_names_disk(spec, has_disk(snapshot, spec))) {
        return resolve_index(snapshot, spec, fingerprint, error);
    }

    g_autoptr(GPtrArray) chains = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_unref);
    QblkWarning warn = warning == NULL ? ignore_warning : warning;
    if (!read_all_chains(snapshot, chains, warn, user_data, error)) {
        return NULL;
    }
    return qblk_chain_resolve_name(chains, spec, fingerprint, error);
}

QblkLayer *
qblk_snapshot_resolve(const QblkSnapshot *snapshot, const char *spec, const char *fingerprint,
                      GError **error)
{
    return qblk_snapshot_resolve_full(snapshot, spec, fingerprint, NULL, NULL, error);
}
