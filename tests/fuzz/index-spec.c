/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "vda[2]" is written as it was read, and means the layer with that index or is an error. */
#include "chain/index-spec.h"

#include "chain/chain-number.h"
#include "fuzz/fuzz.h"

#include <string.h>

static QblkChain *
chain_of_three(void)
{
    QblkChain *chain = qblk_chain_new("vda");
    for (guint i = 0; i < 3; i++) {
        QblkLayer *layer = qblk_chain_layer_new();
        layer->node_name = g_strdup_printf("libvirt-%u-format", 3 * i + 1);
        layer->format = g_strdup("qcow2");
        layer->filename = g_strdup_printf("/nonexistent/%u", i);
        g_ptr_array_add(chain->layers, layer);
    }
    qblk_chain_number(chain);
    return chain;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = fuzz_text(data, size);
    g_autoptr(QblkIndexSpec) spec = qblk_index_spec_parse(text, &error);
    fuzz_check_error(spec != NULL, error);
    if (spec != NULL) {
        g_autofree char *again =
            g_strdup_printf("%s[%" G_GINT64_FORMAT "]", spec->target, spec->index);
        g_assert_cmpint(spec->index, >=, 0);
        g_assert_cmpstr(qblk_index_spec_has_brackets(text) ? again : spec->target, ==, text);
    }
    g_autoptr(QblkChain) chain = chain_of_three();
    g_autoptr(GError) reason = NULL;
    const QblkLayer *layer = qblk_chain_resolve(chain, text, &reason);
    fuzz_check_error(layer != NULL, reason);
    if (layer != NULL && qblk_index_spec_has_brackets(text)) {
        g_assert_true(spec->index == 0 ? layer->position == 0 : layer->index == spec->index);
    }
    return 0;
}
