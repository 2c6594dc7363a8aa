/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What belongs to a chain: a reference to it is a reference to the chain. */
#include "base/const-cast.h"
#include "chain/chain.h"

QblkMirror *
qblk_mirror_ref(const QblkMirror *mirror)
{
    (void)qblk_chain_ref(mirror->chain);
    return qblk_const_cast(mirror);
}

void
qblk_mirror_unref(QblkMirror *mirror)
{
    if (mirror != NULL) {
        qblk_chain_unref(mirror->chain);
    }
}

QblkLayer *
qblk_layer_ref(const QblkLayer *layer)
{
    (void)qblk_chain_ref(layer->chain);
    return qblk_const_cast(layer);
}

void
qblk_layer_unref(QblkLayer *layer)
{
    if (layer != NULL) {
        qblk_chain_unref(layer->chain);
    }
}

QblkFilter *
qblk_filter_ref(const QblkFilter *filter)
{
    (void)qblk_chain_ref(filter->chain);
    return qblk_const_cast(filter);
}

void
qblk_filter_unref(QblkFilter *filter)
{
    if (filter != NULL) {
        qblk_chain_unref(filter->chain);
    }
}

QblkOpenFile *
qblk_open_file_ref(const QblkOpenFile *file)
{
    (void)qblk_chain_ref(file->chain);
    return qblk_const_cast(file);
}

void
qblk_open_file_unref(QblkOpenFile *file)
{
    if (file != NULL) {
        qblk_chain_unref(file->chain);
    }
}
