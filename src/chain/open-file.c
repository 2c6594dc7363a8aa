/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of layers, for programs; see <qblk/open-file.h>. */
#include "chain/chain.h"

static gint64
device_of(const QblkFileIdentity *identity)
{
    return qblk_file_identity_is_known(identity) ? identity->device : QBLK_UNKNOWN;
}

static gint64
inode_of(const QblkFileIdentity *identity)
{
    return qblk_file_identity_is_known(identity) ? identity->inode : QBLK_UNKNOWN;
}

QblkFileState
qblk_open_file_get_state(const QblkOpenFile *file)
{
    return file->file->state;
}

const char *
qblk_open_file_get_name(const QblkOpenFile *file)
{
    return file->filename;
}

gboolean
qblk_open_file_is_known(const QblkOpenFile *file)
{
    return qblk_layer_file_is_known(file->file);
}

gint64
qblk_open_file_get_device(const QblkOpenFile *file)
{
    return device_of(&file->file->open);
}

gint64
qblk_open_file_get_inode(const QblkOpenFile *file)
{
    return inode_of(&file->file->open);
}

gint64
qblk_open_file_get_offset(const QblkOpenFile *file)
{
    return file->file->offset;
}

const char *
qblk_open_file_get_path(const QblkOpenFile *file)
{
    return file->file->path;
}

gboolean
qblk_open_file_is_deleted(const QblkOpenFile *file)
{
    return file->file->is_deleted;
}

gint64
qblk_open_file_get_named_device(const QblkOpenFile *file)
{
    return device_of(&file->file->named);
}

gint64
qblk_open_file_get_named_inode(const QblkOpenFile *file)
{
    return inode_of(&file->file->named);
}

const char *
qblk_open_file_get_reason(const QblkOpenFile *file)
{
    gboolean is_unknown = file->file->state == QBLK_FILE_UNKNOWN;
    return is_unknown ? qblk_layer_file_reason(file->file, file->chain->unknown_files) : NULL;
}

char *
qblk_open_file_to_text(const QblkOpenFile *file)
{
    return qblk_layer_file_describe(file->file, file->filename, file->chain->unknown_files);
}
