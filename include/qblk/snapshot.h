/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A graph snapshot: the block nodes, disks and block jobs of one VM at one moment.
 */
#pragma once

#include <qblk/chain.h>
#include <qblk/client.h>

G_BEGIN_DECLS

typedef struct QblkSnapshot QblkSnapshot;
typedef struct QblkSnapshotOptions QblkSnapshotOptions;

/** What to know beforehand when a snapshot is made; NULL stands for none of it. */
QblkSnapshotOptions *qblk_snapshot_options_new(void);
void qblk_snapshot_options_free(QblkSnapshotOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSnapshotOptions, qblk_snapshot_options_free)

/**
 * Give a disk its name: @assignment is "NAME=DEVICE", where DEVICE is a qdev id or path, a
 * BlockBackend name or a node-name.  Before all other ways to know a name.
 *
 * Errors (QBLK_GRAPH_ERROR): SPEC where that is none, AMBIGUOUS where the name was given before.
 */
gboolean qblk_snapshot_options_add_target(QblkSnapshotOptions *options, const char *assignment,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * A disk as a libvirt domain describes it.  The device whose qdev id is @alias, or else whose
 * serial is @serial, or else whose active image is @file, gets the name @target.  All but @target
 * may be NULL.
 */
void qblk_snapshot_options_add_domain_disk(QblkSnapshotOptions *options, const char *target,
                                           const char *alias, const char *serial, const char *file);

/** Told @message, a sentence for people. */
typedef void (*QblkWarning)(const char *message, gpointer user_data);

/**
 * Let @warning be called, before the nodes are asked for, where that will keep QEMU busy for more
 * than 100 ms: its monitor answers nobody then, and the guest's disks wait.  About 80 microseconds
 * a node, measured with QEMU 7.2.  Each time; NULL for no warning.
 */
void qblk_snapshot_options_set_warning(QblkSnapshotOptions *options, QblkWarning warning,
                                       gpointer user_data);

/**
 * Fetch a snapshot from a running QEMU, with few and cheap queries that change nothing (QEMU 5.0 or
 * later).  A graph that changes while it is read is read again, three times at the most.
 *
 * Where asking for the nodes could crash this QEMU (a stream job that is concluded and not
 * dismissed, versions 6.0 to 10.1), they are not asked for: jobs are there, chains are refused with
 * QBLK_GRAPH_ERROR_UNSAFE.  Nor are they where there are more than 100000 of them, which would stop
 * the guest's disks for some 8 seconds (QBLK_GRAPH_ERROR_LIMIT).
 *
 * Errors: QBLK_QMP_ERROR, QBLK_JSON_ERROR_TYPE where a reply has another type than QEMU's, and
 * (QBLK_GRAPH_ERROR) INVALID, CHANGED, LIMIT, NO_DISK or AMBIGUOUS where a device to which @options
 * give a name is not there or is several, UNSUPPORTED where this QEMU does not tell who is whose
 * child in the way that @options ask for.
 */
QblkSnapshot *qblk_snapshot_fetch(QblkClient *client, const QblkSnapshotOptions *options,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_snapshot_free(QblkSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSnapshot, qblk_snapshot_free)

/** The target names of all disks in the order of a listing.  NULL-terminated, owned by
 * @snapshot. */
const char *const *qblk_snapshot_get_targets(const QblkSnapshot *snapshot);

/**
 * The chain of the disk @name: a target name, or else a qdev id or BlockBackend name.
 *
 * Errors (QBLK_GRAPH_ERROR): NO_DISK with the names there are, AMBIGUOUS with the candidates,
 * UNSUPPORTED where the graph is none that a chain can say (quorum), INVALID where it goes in a
 * circle, LIMIT where there are more than 10000 layers, UNSAFE as above.
 */
QblkChain *qblk_snapshot_chain(const QblkSnapshot *snapshot, const char *name,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
