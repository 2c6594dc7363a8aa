/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The VM argument: from what the user says to disks and chains, whatever they come from.
 */
#pragma once

#include "cli/invocation.h"
#include "graph/chain.h"
#include "graph/replies.h"
#include "graph/snapshot.h"

/**
 * Disks from a graph snapshot, or, where there is no QEMU that could be asked, as chains that were
 * read from elsewhere.
 */
typedef struct {
    QblkSnapshot *snapshot; /* owned, or NULL */
    GPtrArray *chains;      /* of QblkChain, owned, or NULL */
    const char *kind;       /* what the chains were read from: "domain XML" */
    gboolean is_local;      /* the files it names are those of this machine */
} QblkVm;

/** Whether the files that the VM @name names are those of this machine: it is neither recorded nor
 * reached over the network. */
gboolean qblk_vm_is_local(const char *name);

/** Open the VM that the first argument names and read its graph. */
QblkVm *qblk_vm_open(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_vm_free(QblkVm *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkVm, qblk_vm_free)

/** Connect to the monitor that the first argument names; a capture or a document has none.  Nothing
 * is logged yet. */
QblkClient *qblk_vm_connect(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Log what @client says and hears from now on if --verbose was given. */
void qblk_vm_log(QblkClient *client, const QblkInvocation *invocation);

/** What QEMU answers to all that any command could ask, without making a snapshot of it. */
QblkReplies *qblk_vm_replies(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Its graph snapshot, borrowed; NULL with a usage error where it has none. */
const QblkSnapshot *qblk_vm_snapshot(const QblkVm *vm, const QblkInvocation *invocation,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether the nodes could be read; QBLK_GRAPH_ERROR_UNSAFE where asking would harm the guest. */
gboolean qblk_vm_is_readable(const QblkVm *vm, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The target names of all disks; NULL-terminated, the texts are owned by @vm. */
const char **qblk_vm_targets(const QblkVm *vm) G_GNUC_WARN_UNUSED_RESULT;

/** Whether @name can only mean a disk: one has it, or several could. */
gboolean qblk_vm_has_disk(const QblkVm *vm, const char *name);

/** The chain of the disk @name. */
QblkChain *qblk_vm_find_chain(const QblkVm *vm, const char *name,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The chain of the disk @name; refused where --expect says it was another. */
QblkChain *qblk_vm_chain(const QblkVm *vm, const QblkInvocation *invocation, const char *name,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * After a failure for one disk where all were asked for: say that the others can still be had.
 * Always FALSE.
 */
gboolean qblk_vm_fail_for_one(const QblkVm *vm, const QblkInvocation *invocation,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The chains of the disks named from the second argument on, or of all disks where none is. */
GPtrArray *qblk_vm_chains(const QblkVm *vm, /* of QblkChain, owned */
                          const QblkInvocation *invocation,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
