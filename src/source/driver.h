/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What qblk knows of each QEMU block driver: one row a driver.
 */
#pragma once

#include <glib.h>

typedef enum {
    QBLK_DRIVER_FORMAT,      /* one layer of a chain: interprets what its file child stores */
    QBLK_DRIVER_PROTOCOL,    /* stores bytes: the bottom of a layer */
    QBLK_DRIVER_FILTER,      /* passes requests on to one child; never a layer */
    QBLK_DRIVER_MULTI_CHILD, /* several children with data: no chain can say it */
} QblkDriverKind;

typedef struct {
    const char *name; /* as in query-named-block-nodes */
    QblkDriverKind kind;
    const char *child; /* of a filter: the child that carries the chain; of a format: its storage */
    const char *format; /* of a format: libvirt's name for it, NULL where libvirt has none */
} QblkDriver;

/** The row of the driver @name, NULL for one that is not known. */
const QblkDriver *qblk_driver_find(const char *name);

/**
 * The format that a header means which says @said of its backing file: QEMU before 9.0 writes the
 * protocol where a raw image is open without a raw node.  NULL for NULL, @said for all else.
 */
const char *qblk_driver_backing_format(const char *said);
