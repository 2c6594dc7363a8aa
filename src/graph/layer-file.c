/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/layer-file.h"

#include "base/enum.h"

#include <sys/sysmacros.h>

static const char *const states[] = {
    [QBLK_FILE_SAME] = "same",       [QBLK_FILE_ANOTHER] = "another-file",
    [QBLK_FILE_GONE] = "gone",       [QBLK_FILE_DESCRIPTOR] = "descriptor",
    [QBLK_FILE_UNKNOWN] = "unknown",
};

const char *
qblk_file_state_name(QblkFileState state)
{
    return qblk_enum_name(states, G_N_ELEMENTS(states), (int)state);
}

void
qblk_layer_file_free(QblkLayerFile *file)
{
    if (file == NULL) {
        return;
    }
    g_free(file->path);
    g_free(file->here);
    g_free(file);
}

QblkLayerFile *
qblk_layer_file_copy(const QblkLayerFile *file)
{
    if (file == NULL) {
        return NULL;
    }

    QblkLayerFile *copy = g_new(QblkLayerFile, 1);
    *copy = *file;
    copy->path = g_strdup(file->path);
    copy->here = g_strdup(file->here);
    return copy;
}

gboolean
qblk_layer_file_is_known(const QblkLayerFile *file)
{
    return file != NULL && qblk_file_identity_is_known(&file->open);
}

gboolean
qblk_layer_file_has_path(const QblkLayerFile *file)
{
    return file != NULL && file->path != NULL;
}

gboolean
qblk_layer_file_differs(const QblkLayerFile *file)
{
    return file != NULL && file->state != QBLK_FILE_SAME;
}

/* Returns: (transfer full): "inode 12", with its device if @other is on another one */
static char *
describe_identity(const QblkFileIdentity *file, const QblkFileIdentity *other)
{
    guint major_number = major((dev_t)file->device), minor_number = minor((dev_t)file->device);

    if (file->inode == 0) {
        return g_strdup_printf("block device %u:%u", major_number, minor_number);
    }
    if (file->inode == QBLK_INODE_CHARACTER_DEVICE) {
        return g_strdup_printf("character device %u:%u", major_number, minor_number);
    }
    if (other->inode > 0 && other->device != file->device) {
        return g_strdup_printf("inode %" G_GINT64_FORMAT " on device %u:%u", file->inode,
                               major_number, minor_number);
    }
    return g_strdup_printf("inode %" G_GINT64_FORMAT, file->inode);
}

static char *
describe_another(const QblkLayerFile *file, const char *name)
{
    g_autofree char *named = describe_identity(&file->named, &file->open);
    g_autofree char *open = describe_identity(&file->open, &file->named);

    if (!qblk_file_identity_is_known(&file->open)) {
        return file->named_is_open
                   ? g_strdup_printf("'%s' (%s) may be another file than the one that QEMU has "
                                     "open for this layer",
                                     name, named)
                   : g_strdup_printf("'%s' is another file now (%s), which QEMU does not have open",
                                     name, named);
    }
    if (file->path != NULL) {
        return g_strdup_printf("'%s' is another file now (%s): QEMU has '%s' (%s) open", name,
                               named, file->path, open);
    }
    if (file->is_deleted) {
        return g_strdup_printf("'%s' is another file now (%s): QEMU has a deleted file (%s) open",
                               name, named, open);
    }
    return g_strdup_printf(
        "'%s' is another file now (%s): QEMU has a file without known name (%s) open", name, named,
        open);
}

static char *
describe_gone(const QblkLayerFile *file, const char *name)
{
    g_autofree char *open = describe_identity(&file->open, &file->open);

    if (!qblk_file_identity_is_known(&file->open)) {
        return g_strdup_printf("'%s' does not exist: QEMU has a file open that is not known", name);
    }
    if (file->path != NULL) {
        return g_strdup_printf("'%s' does not exist: QEMU has '%s' (%s) open", name, file->path,
                               open);
    }
    if (file->is_deleted) {
        return g_strdup_printf("'%s' does not exist: QEMU has a deleted file (%s) open", name,
                               open);
    }
    return g_strdup_printf("'%s' does not exist: QEMU has a file without known name (%s) open",
                           name, open);
}

static char *
describe_descriptor(const QblkLayerFile *file, const char *name)
{
    g_autofree char *open = describe_identity(&file->open, &file->open);

    if (file->path != NULL) {
        return g_strdup_printf("'%s' is a descriptor of '%s' (%s)", name, file->path, open);
    }
    if (file->is_deleted) {
        return g_strdup_printf("'%s' is a descriptor of a deleted file (%s)", name, open);
    }
    return g_strdup_printf("'%s' is a descriptor of a file without known name (%s)", name, open);
}

const char *
qblk_layer_file_reason(const QblkLayerFile *file, const char *unknown)
{
    if (file->reason != NULL) {
        return file->reason;
    }
    return unknown == NULL ? "QEMU does not report its complete name" : unknown;
}

char *
qblk_layer_file_describe(const QblkLayerFile *file, const char *name, const char *unknown)
{
    switch (file->state) {
    case QBLK_FILE_SAME:
        return g_strdup_printf("'%s' is the file that QEMU has open", name);
    case QBLK_FILE_ANOTHER:
        return describe_another(file, name);
    case QBLK_FILE_GONE:
        return describe_gone(file, name);
    case QBLK_FILE_DESCRIPTOR:
        return describe_descriptor(file, name);
    case QBLK_FILE_UNKNOWN:
        break;
    }
    return g_strdup_printf("it is not known if '%s' is the file that QEMU has open: %s", name,
                           qblk_layer_file_reason(file, unknown));
}
