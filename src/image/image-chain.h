/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The files that an image consists of, found by reading headers, before any QEMU opens one.
 *
 * QEMU would open whatever the headers name: other hosts over the network, devices, a file whose
 * format it guesses, and a circle of files until it has no descriptors left (minutes, on 7.2).  An
 * image may come from a stranger, so its headers are walked here first, and only local files and
 * block devices are followed, which a user who may read them could look at anyway; QEMU is then
 * given a chain in which there is nothing left to guess.  A header that names anything else is
 * refused rather than its chain cut short: a chain that is shown is the whole chain.
 */
#pragma once

#include "image/image-file.h"

typedef struct {
    char *path;
    char *format;
    gboolean is_block;
    char *data_path; /* external data file, or NULL */
    gboolean data_is_block;
    gboolean has_backing;     /* there is a layer below */
    gboolean backing_is_said; /* by the header, such that QEMU finds it and its format itself */
} QblkImageLayer;

/**
 * All layers of the image @path, top first; @format is that of the top, or NULL where nobody said
 * it (see qblk_image_format).
 *
 * Errors (QBLK_GRAPH_ERROR): FILE with the name of a file that is missing, damaged, encrypted or in
 * the chain twice, UNSAFE where a header names what is no local file or a format would have to be
 * guessed, SPEC where @format is none, LIMIT.
 */
GPtrArray *qblk_image_chain(const char *path, const char *format, /* of QblkImageLayer, owned */
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
