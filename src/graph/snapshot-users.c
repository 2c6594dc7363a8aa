/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot-users.h"

static gboolean
is_same_image(const QblkLayer *a, const QblkLayer *b)
{
    return g_strcmp0(a->node_name, b->node_name) == 0 || g_strcmp0(a->storage, b->storage) == 0 ||
           (a->source != NULL && qblk_source_equal(a->source, b->source));
}

static gboolean
has_image(const QblkChain *chain, const QblkLayer *layer)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        if (is_same_image(chain->layers->pdata[i], layer)) {
            return TRUE;
        }
    }
    return FALSE;
}

const char *
qblk_snapshot_users_other(const QblkSnapshot *snapshot, const char *target, const QblkLayer *layer)
{
    for (guint i = 0; i < snapshot->disks; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        if (g_str_equal(device->target, target)) {
            continue;
        }
        g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, device->target, NULL);
        if (chain != NULL && has_image(chain, layer)) {
            return device->target;
        }
    }
    return NULL;
}
