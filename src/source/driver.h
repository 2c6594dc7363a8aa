/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The block drivers of QEMU: one row for each.
 */
#pragma once

#include <glib.h>

typedef enum {
    QBLK_DRIVER_FORMAT,      /* a layer of a chain: interprets the bytes of its file child */
    QBLK_DRIVER_PROTOCOL,    /* stores the bytes of a layer */
    QBLK_DRIVER_FILTER,      /* passes requests to one child; never a layer */
    QBLK_DRIVER_MULTI_CHILD, /* has data in several children: it has no chain */
} QblkDriverKind;

typedef struct {
    const char *name; /* as in query-named-block-nodes */
    QblkDriverKind kind;
    const char *child;  /* of a filter: the child that has the chain; of a format: its storage */
    const char *format; /* of a format: libvirt's name, or NULL if libvirt does not have it */
} QblkDriver;

/** Returns: (transfer none) (nullable): the row of the driver @name, NULL if it is unknown */
const QblkDriver *qblk_driver_find(const char *name);

/**
 * The format that a header means by @format, its format of the backing file.  QEMU before 9.0
 * writes a protocol there if the backing file is raw and was opened without a raw node.
 *
 * @format: (nullable)
 *
 * Returns: (transfer none) (nullable): "raw" if @format is a protocol, @format otherwise
 */
const char *qblk_driver_backing_format(const char *format);
