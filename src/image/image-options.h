/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * How an image is opened, as src/image reads it.
 */
#pragma once

#include <qblk/image-options.h>

/** A key or passphrase in a file.  Texts are owned. */
typedef struct {
    char *id;     /* that the user has given */
    char *object; /* id of the object of QEMU */
    char *path;   /* absolute */
} QblkImageSecret;

#define QBLK_IMAGE_ANY_POSITION (-1)

/** What is below a layer whose header is wrong. */
typedef struct {
    gint64 position; /* of that layer; QBLK_IMAGE_ANY_POSITION: the only wrong one */
    char *value;     /* owned: an absolute path, or a format */
} QblkImageBacking;

struct QblkImageOptions {
    gatomicrefcount references;
    char *format;               /* owned, or NULL */
    GPtrArray *secrets;         /* of QblkImageSecret, owned */
    GPtrArray *backings;        /* of QblkImageBacking, owned: paths */
    GPtrArray *backing_formats; /* of QblkImageBacking, owned: formats */
    gboolean takes_wrong_formats;
    gboolean is_writable;
    int timeout_ms; /* more than 0 */
};

/**
 * Find the key of an encrypted image.
 *
 * @path: of the image
 *
 * Returns: (transfer none): the secret; NULL with QBLK_GRAPH_ERROR_UNSUPPORTED
 */
const QblkImageSecret *qblk_image_options_find_secret(const QblkImageOptions *options,
                                                      const char *path,
                                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Split the text `[LAYER=]PATH`.
 *
 * @layer: (out) (transfer full) (nullable): NULL if @text has none
 * @path: (out) (transfer full): absolute
 */
void qblk_image_backing_parse(const char *text, char **layer, char **path);

/** Returns: (nullable): what the user has given for the layer at @position, whose header names a
 * file that does not exist: what is for this layer alone comes first */
const QblkImageBacking *qblk_image_options_find_backing(const QblkImageOptions *options,
                                                        guint position);

/** Returns: (nullable): the format that the user has given for what is below the layer at
 * @position: what is for this layer alone comes first */
const QblkImageBacking *qblk_image_options_find_backing_format(const QblkImageOptions *options,
                                                               guint position);
