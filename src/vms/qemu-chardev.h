/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A character device of QEMU: what a monitor is connected to.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *backend; /* owned: "socket", "stdio", "pty"... */
    char *path;    /* owned: of a unix socket, or NULL */
    char *host;    /* owned: of TCP, or NULL; "" is each address of the machine */
    char *port;    /* owned: of TCP, or NULL */
    guint to;      /* TCP: the last port that QEMU may have taken; 0: the one of @port */
    int fd;        /* an inherited socket, or -1 */
    gboolean listens;
    gboolean is_abstract; /* @path is a name that is no path */
    gboolean is_wrapped;  /* in telnet, websocket or TLS */
} QblkQemuChardev;

/** Returns: (transfer full): the device that the keys of -chardev mean */
QblkQemuChardev *qblk_qemu_chardev_new(const char *backend,
                                       GHashTable *keyval) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the device that the short form "unix:PATH,server=on,wait=off" or
 * "stdio" of -qmp means */
QblkQemuChardev *qblk_qemu_chardev_parse(const char *text) G_GNUC_WARN_UNUSED_RESULT;

void qblk_qemu_chardev_free(QblkQemuChardev *chardev);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkQemuChardev, qblk_qemu_chardev_free)

/** Returns: (transfer full): its address, or its kind, for people */
char *qblk_qemu_chardev_describe(const QblkQemuChardev *chardev) G_GNUC_WARN_UNUSED_RESULT;
