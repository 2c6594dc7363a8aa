/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What the replies of QEMU show of the file that a protocol node has open, besides its name.
 */
#pragma once

#include "graph/node.h"
#include "image/opened-files.h"

/** A protocol node with a file of the machine of QEMU. */
typedef struct QblkFileEntry QblkFileEntry;
struct QblkFileEntry {
    const QblkNode *node;
    const QblkNode *format; /* the format node above, or NULL */
    char *name;             /* as QEMU reports it; NULL: it is not complete */
    QblkFileIdentity named;
    QblkFileEntry *below;     /* of the next layer, or NULL */
    QblkFileEntry *upper;     /* the first one whose next layer this is, or NULL */
    QblkFileEntry *other;     /* the next one with the same layer below, or NULL */
    QblkFileEntry *same_file; /* the next one below with the same file, or NULL */
    gboolean is_below;        /* it is the next layer of another one that has no file yet */
    gboolean is_part;         /* a raw node above uses a part of the file */
    gboolean is_descriptor;
    QblkOpenedFile *file; /* the one that the node has open, or NULL */
};

/** Returns: FALSE if @file is a device, which does not have the size of its device node. */
gboolean qblk_file_evidence_is_regular(const QblkOpenedFile *file);

/** Returns: the virtual size in bytes that QEMU reports of @file: its length in whole sectors; 0 if
 * it shows nothing */
gint64 qblk_file_evidence_size(const QblkOpenedFile *file);

/** Returns: TRUE if @file is open for reading only at least once. */
gboolean qblk_file_evidence_is_read_only(const QblkOpenedFile *file);

/** Returns: FALSE if @file is open for writing only, and QEMU only reads the file of @entry: QEMU
 * opens the file of a read-only node for reading only. */
gboolean qblk_file_evidence_has_access(const QblkFileEntry *entry, const QblkOpenedFile *file);

/** Returns: TRUE if QEMU has read a header that may have a backing string. */
gboolean qblk_file_evidence_has_header(const QblkFileEntry *entry);

/** Returns: TRUE if access and format allow that @entry has @file, whose other content may have
 * changed. */
gboolean qblk_file_evidence_allows(const QblkFileEntry *entry, const QblkOpenedFile *file);

/** Returns: TRUE if @file does not have the access, the header or, unless QEMU writes to it, the
 * size that QEMU reports. */
gboolean qblk_file_evidence_contradicts(const QblkFileEntry *entry, const QblkOpenedFile *file);
