/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A directory with the files of a machine that vms reads: /proc, /run and sockets.
 */
#pragma once

#include <qblk/vms.h>
#include <sys/types.h>

typedef struct {
    char *root;     /* owned */
    GString *names; /* owned: /proc/PID/net/unix */
    GString *ports; /* owned: /proc/PID/net/tcp */
} ProcTree;

ProcTree *proc_tree_new(void);
void proc_tree_free(ProcTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProcTree, proc_tree_free)

/** Add a process that the user may inspect, in the directory "/run".  @line is quoted as for a
 * shell, or has its arguments as they are if @length is not 0. */
void proc_tree_add(ProcTree *tree, int pid, const char *line);
void proc_tree_add_bytes(ProcTree *tree, int pid, const char *bytes, gsize length);

/** Add a process that the user may not inspect. */
void proc_tree_add_hidden(ProcTree *tree, int pid, const char *line);

/** Set the parent of @pid, when it started, and its name. */
void proc_tree_set_stat(ProcTree *tree, int pid, int parent, int start, const char *name);

/** Set the user of @pid, which is that of this process before. */
void proc_tree_set_user(ProcTree *tree, int pid, uid_t user);

/** Set the environment of @pid, quoted as for a shell. */
void proc_tree_set_environment(ProcTree *tree, int pid, const char *line);

/** Give the process @pid a unix socket with the inode @inode; "listens" as @state also makes the
 * file @path, "connected" and "waits" do not. */
void proc_tree_socket(ProcTree *tree, int pid, int inode, const char *path, const char *state);

/** Give the process @pid the TCP socket @port of 127.0.0.1; @state is "0A" or "01". */
void proc_tree_port(ProcTree *tree, int pid, int inode, guint port, const char *state);

/** Make the process @pid have the socket @inode as @fd. */
void proc_tree_fd(ProcTree *tree, int pid, int fd, int inode);

/** Write the file @path. */
void proc_tree_write(ProcTree *tree, const char *path, const char *text);

/** Returns: (transfer full): the VMs of the machine */
QblkVms *proc_tree_find(ProcTree *tree);
