/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/mend-options.h"

#include "image/image-options.h"

static void
backing_free(gpointer data)
{
    QblkMendBacking *backing = data;

    g_free(backing->layer);
    g_free(backing->path);
    g_free(backing);
}

QblkMendOptions *
qblk_mend_options_new(void)
{
    QblkMendOptions *options = g_new0(QblkMendOptions, 1);

    g_atomic_ref_count_init(&options->references);
    options->backings = g_ptr_array_new_with_free_func(backing_free);
    return options;
}

QblkMendOptions *
qblk_mend_options_ref(QblkMendOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_mend_options_unref(QblkMendOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    g_ptr_array_unref(options->backings);
    g_free(options);
}

void
qblk_mend_options_add_backing(QblkMendOptions *options, const char *assignment)
{
    QblkMendBacking *backing = g_new0(QblkMendBacking, 1);

    qblk_image_backing_parse(assignment, &backing->layer, &backing->path);
    g_ptr_array_add(options->backings, backing);
}

void
qblk_mend_options_set_leftovers(QblkMendOptions *options, gboolean removes)
{
    options->removes_leftovers = removes;
}
