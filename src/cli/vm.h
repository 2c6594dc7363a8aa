/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The VM argument: from what the user says to disks and chains, whatever they come from.
 */
#pragma once

#include "cli/invocation.h"
#include "graph/chain.h"
#include "graph/replies.h"
#include "graph/snapshot.h"

typedef struct {
    QblkReplies *replies;   /* owned: all that was asked */
    QblkSnapshot *snapshot; /* owned: what they say */
} QblkVm;

/** Open the VM that the first argument names and read its graph. */
QblkVm *qblk_vm_open(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_vm_free(QblkVm *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkVm, qblk_vm_free)

/** What QEMU answers to all that any command could ask, without making a snapshot of it. */
QblkReplies *qblk_vm_replies(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether the nodes could be read; QBLK_GRAPH_ERROR_UNSAFE where asking would harm the guest. */
gboolean qblk_vm_is_readable(const QblkVm *vm, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The chain of the disk @name; refused where --expect says it was another. */
QblkChain *qblk_vm_chain(const QblkVm *vm, const QblkInvocation *invocation, const char *name,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The chains of the disks named from the second argument on, or of all disks where none is. */
GPtrArray *qblk_vm_chains(const QblkVm *vm, /* of QblkChain, owned */
                          const QblkInvocation *invocation,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
