/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The machine that the VMs run on, as its files show it: nothing is connected to.
 */
#pragma once

#include "image/socket-table.h"

typedef struct QblkHost QblkHost;

/** The sockets of a network namespace. */
typedef struct {
    GPtrArray *names; /* of QblkSocket, owned: unix */
    GPtrArray *ports; /* of QblkSocket, owned: tcp and tcp6 */
} QblkHostSockets;

/** A process; what is NULL is not known, as the user may not inspect the process. */
typedef struct {
    gint64 pid;
    gint64 parent;         /* 0: not known */
    gint64 uid;            /* -1: not known */
    guint64 start;         /* in clock ticks since the machine has; 0: not known */
    char *directory;       /* owned: its working directory */
    GHashTable *own;       /* owned: names of its sockets: "socket:[12]" */
    gboolean is_same_net;  /* its network is that of this process */
    gboolean is_same_root; /* paths mean the same to it */
    char *root;            /* owned: where its root directory is here; "" for "/" */
} QblkHostProcess;

/** @root: (nullable): the directory that "/proc" and all else is in; NULL: "/" */
QblkHost *qblk_host_new(const char *root) G_GNUC_WARN_UNUSED_RESULT;
void qblk_host_free(QblkHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkHost, qblk_host_free)

/** Returns: (transfer full) (nullable): the pids of all processes, of gint64, in ascending order;
 * NULL with QBLK_QMP_ERROR_CONNECT if they cannot be listed */
GArray *qblk_host_list_pids(const QblkHost *host, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): the command line of the process @pid; NULL if it cannot be
 * read or is too long */
char **qblk_host_read_arguments(const QblkHost *host, gint64 pid) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): the environment that the process @pid was started with, of
 * NAME=VALUE; NULL if it cannot be read */
char **qblk_host_read_environment(const QblkHost *host, gint64 pid) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: the effective user of the process @pid; -1 if it is not known */
gint64 qblk_host_read_user(const QblkHost *host, gint64 pid);

/** Returns: (transfer full) (nullable): the name that the kernel has for the process @pid */
char *qblk_host_read_name(const QblkHost *host, gint64 pid) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): what is known of the process @pid */
QblkHostProcess *qblk_host_inspect(const QblkHost *host, gint64 pid) G_GNUC_WARN_UNUSED_RESULT;
void qblk_host_process_free(QblkHostProcess *process);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkHostProcess, qblk_host_process_free)

/** Returns: (transfer none): the sockets in the network namespace of @process */
const QblkHostSockets *qblk_host_find_sockets(QblkHost *host, const QblkHostProcess *process);

/** Returns: (transfer full) (nullable): the name of the socket that the process has as @fd */
char *qblk_host_read_socket(const QblkHost *host, const QblkHostProcess *process,
                            int fd) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): @path without being relative to the directory of @process;
 * NULL if that directory is not known */
char *qblk_host_absolute(const QblkHostProcess *process,
                         const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): the content of the regular file that @path means to
 * @process; NULL if it cannot be read, or has more than @limit bytes */
char *qblk_host_read_file(const QblkHostProcess *process, const char *path,
                          gsize limit) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Find the path that leads here to a socket of @process.
 *
 * @path: absolute, as the process knows it
 * @here: (out) (transfer full): the path; not set on failure
 *
 * Returns: 0, or an error of errno: ENOENT if no socket is there, EXDEV if no path leads to it
 */
int qblk_host_find_path(const QblkHostProcess *process, const char *path, char **here);

/** Returns: (transfer full): the names of the files in the directory @path, sorted; empty if it
 * cannot be read */
GPtrArray *qblk_host_list_files(const QblkHost *host, const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): the content of the file @path of the machine */
char *qblk_host_read(const QblkHost *host, const char *path, gsize limit) G_GNUC_WARN_UNUSED_RESULT;
