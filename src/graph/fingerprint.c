/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/fingerprint.h"

#include "graph/chain.h"

/* Each part ends in a byte that none can contain, so that no two lists of parts give one text. */
static void
add(GChecksum *sum, const char *part)
{
    if (part != NULL) {
        g_checksum_update(sum, (const guchar *)part, -1);
    }
    g_checksum_update(sum, (const guchar *)"", 1);
}

void
qblk_fingerprint(const QblkChain *chain, char text[17])
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        add(sum, layer->node_name);
        add(sum, layer->storage);
        add(sum, layer->format);
        add(sum, layer->filename);
    }
    g_strlcpy(text, g_checksum_get_string(sum), 17);
    g_checksum_free(sum);
}
