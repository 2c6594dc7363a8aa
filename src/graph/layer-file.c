/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/layer-file.h"

static const char *const states[] = {
    [QBLK_FILE_SAME] = "same",       [QBLK_FILE_ANOTHER] = "another-file",
    [QBLK_FILE_GONE] = "gone",       [QBLK_FILE_DESCRIPTOR] = "descriptor",
    [QBLK_FILE_UNKNOWN] = "unknown",
};

const char *
qblk_layer_file_state_name(QblkFileState state)
{
    return states[state];
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
qblk_layer_file_has_path(const QblkLayerFile *file)
{
    return file != NULL && file->path != NULL;
}

/* Returns: (transfer full): "inode 12 (device 34)" */
static char *
describe_identity(const QblkFileIdentity *file)
{
    if (file->inode == 0) {
        return g_strdup_printf("block device %" G_GINT64_FORMAT, file->device);
    }
    return g_strdup_printf("inode %" G_GINT64_FORMAT " (device %" G_GINT64_FORMAT ")", file->inode,
                           file->device);
}

static char *
describe_another(const QblkLayerFile *file, const char *name)
{
    g_autofree char *named = describe_identity(&file->named);
    g_autofree char *open = describe_identity(&file->open);

    if (!qblk_file_identity_is_known(&file->open)) {
        return g_strdup_printf("'%s' may be another file than the one QEMU has open, which is not "
                               "known; the name leads to %s",
                               name, named);
    }
    if (file->path != NULL) {
        return g_strdup_printf("'%s' is another file now: QEMU has %s open, which is now '%s', and "
                               "the name leads to %s",
                               name, open, file->path, named);
    }
    return g_strdup_printf(
        "'%s' is another file now: QEMU has %s open, which %s, and the name leads to %s", name,
        open, file->is_deleted ? "was deleted" : "has no known name", named);
}

static char *
describe_gone(const QblkLayerFile *file, const char *name)
{
    g_autofree char *open = describe_identity(&file->open);

    if (!qblk_file_identity_is_known(&file->open)) {
        return g_strdup_printf("'%s' no longer exists; QEMU still has the file open", name);
    }
    if (file->path != NULL) {
        return g_strdup_printf("'%s' no longer exists: QEMU has %s open, which is now '%s'", name,
                               open, file->path);
    }
    return g_strdup_printf("'%s' no longer exists: QEMU has %s open, which was deleted", name,
                           open);
}

static char *
describe_descriptor(const QblkLayerFile *file, const char *name)
{
    if (file->path != NULL) {
        return g_strdup_printf("'%s' is a descriptor of '%s'", name, file->path);
    }
    return g_strdup_printf("'%s' is a descriptor of a file without a known name", name);
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
                           unknown == NULL ? "its name is not complete" : unknown);
}
