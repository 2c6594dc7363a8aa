/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The files of an image, found by reading headers before QEMU opens any of them.
 *
 * QEMU opens whatever a header names: hosts on the network, devices, files whose format it probes,
 * and a cycle of files until it runs out of descriptors (after minutes, on 7.2).  An image may come
 * from an untrusted source.  So its headers are read here first, and only local files and block
 * devices are followed, which the user could read anyway.  QEMU is then given a chain in which it
 * has nothing left to guess.  If a header names anything else, the image is refused: the chain is
 * never cut short, because a chain that is shown is complete.
 */
#pragma once

#include "image/image-file.h"
#include "image/image-options.h"

typedef struct {
    char *path;
    char *format;
    const char *encryption; /* as in QblkImageHeader: "luks", "aes", ..., or NULL */
    gboolean is_block;
    char *data_path; /* the external data file, or NULL */
    gboolean data_is_block;
    gboolean has_backing;        /* there is a layer below */
    gboolean qemu_finds_backing; /* with the same file and format, from the header alone */
    gboolean is_given;           /* the user has named it: the header above names another file */
    const char *undecided;       /* the format that the image may have instead, for what its bytes
                                    show: a guest may have written them; or NULL */
    gboolean has_wrong_record;   /* the header above records another format */
    gboolean is_specified;       /* the user has specified the format of this backing file */
    char *secret;                /* id of QEMU's object with its key, or NULL */
} QblkImageLayer;

/**
 * Find all layers of the image @path.
 *
 * @path: of the top layer
 * @format: (nullable): the format of the top layer, or NULL to use the rules of qblk_image_format
 *
 * Returns: (transfer full): the layers, of QblkImageLayer, top first; NULL with QBLK_GRAPH_ERROR:
 * FILE if a file is missing, damaged or in the chain twice (the message names it), UNSAFE if a
 * header names anything but a local file or a format would have to be guessed, SPEC if @format is
 * no image format, LIMIT if the chain is too long
 */
GPtrArray *qblk_image_chain(const char *path, const char *format,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The same, with the format and the backing files of @options.  A backing file that the user names
 * has to have the format that the header records, or that the user specifies. */
GPtrArray *qblk_image_chain_for(const char *path, const QblkImageOptions *options,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Find the local file that the header of an image names.
 *
 * @path: of the image
 * @name: in its header
 * @format: (out) (nullable): the format that a `json:` name specifies, or NULL
 *
 * Returns: (transfer full): an absolute path; NULL with an error if @name has no valid form, or
 * means anything but a file or block device of this machine
 */
char *qblk_image_chain_locate(const char *path, const char *name, char **format,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Set the secret of each encrypted layer.
 *
 * @layers: of QblkImageLayer
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_UNSUPPORTED if an encrypted layer has no secret
 */
gboolean qblk_image_chain_set_secrets(GPtrArray *layers, const QblkImageOptions *options,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
