/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/copy-options.h"

#include "plan/plan-options.h"

QblkCopyOptions *
qblk_copy_options_new(void)
{
    QblkCopyOptions *options = g_new0(QblkCopyOptions, 1);
    g_atomic_ref_count_init(&options->references);
    return options;
}

QblkCopyOptions *
qblk_copy_options_ref(QblkCopyOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_copy_options_unref(QblkCopyOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    qblk_plan_options_replace_text(&options->destination, NULL);
    qblk_plan_options_replace_text(&options->format, NULL);
    g_free(options);
}

void
qblk_copy_options_set_destination(QblkCopyOptions *options, const char *path)
{
    qblk_plan_options_replace_text(&options->destination, path);
}

void
qblk_copy_options_set_format(QblkCopyOptions *options, const char *format)
{
    qblk_plan_options_replace_text(&options->format, format);
}

void
qblk_copy_options_set_block_device(QblkCopyOptions *options, gboolean is_block)
{
    options->is_block = is_block;
}

void
qblk_copy_options_set_reuse(QblkCopyOptions *options, gboolean reuse)
{
    options->reuse = reuse;
}

void
qblk_copy_options_set_shallow(QblkCopyOptions *options, gboolean shallow)
{
    options->shallow = shallow;
}

void
qblk_copy_options_set_end(QblkCopyOptions *options, QblkCopyEnd end)
{
    options->end = end;
}

void
qblk_copy_options_set_synchronous_writes(QblkCopyOptions *options, gboolean synchronous)
{
    options->synchronous = synchronous;
}

void
qblk_copy_options_set_granularity(QblkCopyOptions *options, gint64 bytes)
{
    options->granularity = bytes;
}

void
qblk_copy_options_set_buffer_size(QblkCopyOptions *options, gint64 bytes)
{
    options->buffer_size = bytes;
}
