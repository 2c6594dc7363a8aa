/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The formats of the backing files of a chain: what their bytes show, what the headers record, and
 * what the user specifies.
 */
#pragma once

#include "image/image-format.h"
#include "image/image-options.h"

/** What was used of the formats that the user specifies. */
typedef struct {
    const QblkImageOptions *options; /* borrowed */
    GPtrArray *unused;               /* owned: of QblkImageBacking, borrowed */
    const char *any_used;            /* borrowed: overlay of the file of one without a layer */
} QblkChainFormats;

/** A backing file whose format is to be decided.  Everything is borrowed. */
typedef struct {
    const QblkImageFile *file;
    const char *top;      /* path of the top of the chain */
    const char *overlay;  /* path of the image above */
    guint position;       /* of that image */
    const char *recorded; /* the format in its header, or NULL */
    gboolean is_given;    /* the user has named the file: the header names another one */
} QblkChainFormatRequest;

void qblk_chain_formats_init(QblkChainFormats *formats, const QblkImageOptions *options);
void qblk_chain_formats_clear(QblkChainFormats *formats);

/**
 * Decide the format of a backing file.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR: FILE if the header records a wrong one, or the file does
 * not have the one that is specified; UNSAFE if it is undecided, and the header does not record
 * raw; SPEC if what the user specifies is unknown or ambiguous
 */
gboolean qblk_chain_formats_find(QblkChainFormats *formats, const QblkChainFormatRequest *request,
                                 QblkBackingFormat *found,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that each format that the user specifies was needed.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_SPEC if one was not
 */
gboolean qblk_chain_formats_check_unused(const QblkChainFormats *formats,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
