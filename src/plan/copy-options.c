/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/copy-options.h"

#include "base/redact.h"
#include "plan/plan-options.h"
#include "source/driver.h"
#include "source/source-node.h"

#include <string.h>

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
    qblk_json_unref(options->protocol);
    qblk_plan_options_replace_text(&options->format, NULL);
    qblk_plan_options_replace_text(&options->encryption, NULL);
    g_free(options);
}

/* ---- the destination ---- */

/* TRUE if QEMU knows what is before the colon; a file may have any other name with a colon. */
static gboolean
has_protocol(const char *name)
{
    gsize length = strcspn(name, ":/");
    if (name[length] != ':') {
        return FALSE;
    }

    g_autofree char *prefix = g_strndup(name, length);
    const QblkDriver *driver = qblk_driver_find(prefix);
    gboolean is_protocol = driver != NULL && driver->kind == QBLK_DRIVER_PROTOCOL;
    return is_protocol || g_str_equal(prefix, "json") || g_str_has_prefix(name + length, "://");
}

/* Returns: (transfer full): the options of blockdev-add for @name */
static QblkJson *
read_protocol(const char *name, GError **error)
{
    g_autoptr(GError) cause = NULL;
    QblkJson *protocol = qblk_source_node_options(name, &cause);

    if (protocol == NULL) {
        g_autofree char *clean = qblk_redact_name(name, NULL);
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "invalid destination '%s': %s", clean, cause->message);
    }
    return protocol;
}

gboolean
qblk_copy_options_set_destination(QblkCopyOptions *options, const char *path, GError **error)
{
    if (path[0] == '\0') {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid destination '%s': use an absolute path", path);
        return FALSE;
    }

    gboolean is_path = !has_protocol(path);
    QblkJson *protocol = is_path ? NULL : read_protocol(path, error);
    if (!is_path && protocol == NULL) {
        return FALSE;
    }

    qblk_json_unref(options->protocol);
    options->protocol = protocol;
    qblk_plan_options_replace_text(&options->destination, path);
    return TRUE;
}

/* ---- other options ---- */

void
qblk_copy_options_set_format(QblkCopyOptions *options, const char *format)
{
    qblk_plan_options_replace_text(&options->format, format);
}

void
qblk_copy_options_set_encryption(QblkCopyOptions *options, const char *secret)
{
    qblk_plan_options_replace_text(&options->encryption, secret);
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
    g_return_if_fail(end <= QBLK_COPY_FINISH);

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
