/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checking chains: differences between a running chain and its files, the headers of its images, or
 * a libvirt domain, and images that are stale.
 *
 * A missing value is not a difference.  The exception is a qcow2 header without a backing format if
 * the backing image is not raw: at the next start libvirt would take it for raw, or refuse it.
 */
#pragma once

#include <qblk/difference.h>
#include <qblk/domain.h>
#include <qblk/image-verdict.h>
#include <qblk/snapshot.h>
#include <qblk/stale-images.h>

G_BEGIN_DECLS

/**
 * QblkCheckOptions:
 *
 * What is checked.  A program sets the options up before it passes them on.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkCheckOptions QblkCheckOptions;

/**
 * qblk_check_options_new:
 *
 * Returns: (transfer full): options with the defaults
 *
 * Since: 0.1.0
 */
QblkCheckOptions *qblk_check_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_check_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkCheckOptions *qblk_check_options_ref(QblkCheckOptions *options);

/**
 * qblk_check_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_check_options_unref(QblkCheckOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkCheckOptions, qblk_check_options_unref)

/**
 * qblk_check_options_set_address:
 * @options: the options
 * @address: (nullable): the address of the VM, such as `image:PATH`
 *
 * Set where the chains were read from.  If it is a path of this machine the headers and marks of
 * the images are read, and if it is an image it is decided which image to boot from.  Without an
 * address the headers and marks are read if the snapshot knows the files that its QEMU has open.
 *
 * Since: 0.1.0
 */
void qblk_check_options_set_address(QblkCheckOptions *options, const char *address);

/**
 * qblk_check_options_set_domain:
 * @options: the options
 * @domain: (nullable): the domain, to which a reference is kept
 *
 * Compare the chains with those of a libvirt domain.  By default they are not compared.
 *
 * Since: 0.1.0
 */
void qblk_check_options_set_domain(QblkCheckOptions *options, const QblkDomain *domain);

/**
 * qblk_check_options_set_state_directory:
 * @options: the options
 * @directory: (nullable): of journals and marks; NULL: the default one
 *
 * Set the state directory.
 *
 * Since: 0.1.0
 */
void qblk_check_options_set_state_directory(QblkCheckOptions *options, const char *directory);

/**
 * QblkCheck:
 *
 * The results of a check.  It never changes, and may be used by several threads at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkCheck QblkCheck;

/**
 * qblk_check_snapshot:
 * @snapshot: the graph of a VM
 * @disks: (nullable) (array zero-terminated=1): names of disks; NULL: all disks
 * @options: (nullable): the options; NULL: the defaults
 *
 * Check disks of a VM, an image or a capture.
 *
 * Returns: (transfer full): the results; NULL with QBLK_GRAPH_ERROR if a chain cannot be made,
 *   QBLK_QMP_ERROR_ARGUMENT if the address is not valid, or an error of qblk_recover_image()
 *
 * Since: 0.1.0
 */
QblkCheck *qblk_check_snapshot(const QblkSnapshot *snapshot, const char *const *disks,
                               QblkCheckOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_check_domain:
 * @domain: the domain
 * @disks: (nullable) (array zero-terminated=1): names of disks; NULL: all disks
 * @options: (nullable): the options; NULL: the defaults
 *
 * Check the chains of a libvirt domain, as qblk_check_snapshot() does.
 *
 * Returns: (transfer full): the result; NULL with QBLK_GRAPH_ERROR_NO_DISK if the domain does not
 *   have a disk of @disks, or with an error of qblk_check_snapshot()
 *
 * Since: 0.1.0
 */
QblkCheck *qblk_check_domain(const QblkDomain *domain, const char *const *disks,
                             QblkCheckOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_check_ref:
 * @check: the check
 *
 * Returns: (transfer full): a further reference to @check
 *
 * Since: 0.1.0
 */
QblkCheck *qblk_check_ref(QblkCheck *check);

/**
 * qblk_check_unref:
 * @check: (nullable) (transfer full): the check
 *
 * Release a reference; the last one frees the check.
 *
 * Since: 0.1.0
 */
void qblk_check_unref(QblkCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkCheck, qblk_check_unref)

/**
 * qblk_check_is_consistent:
 * @check: the check
 *
 * Returns: TRUE if nothing was found: no difference, no stale image, and no other image to boot
 *   from
 *
 * Since: 0.1.0
 */
gboolean qblk_check_is_consistent(const QblkCheck *check);

/**
 * qblk_check_get_n_chains:
 * @check: the check
 *
 * Returns: the number of chains that were checked
 *
 * Since: 0.1.0
 */
guint qblk_check_get_n_chains(const QblkCheck *check);

/**
 * qblk_check_get_chain:
 * @check: the check
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): a chain, whose layers have their users; NULL if there are
 *   not so many
 *
 * Since: 0.1.0
 */
const QblkChain *qblk_check_get_chain(const QblkCheck *check, guint index);

/**
 * qblk_check_get_n_differences:
 * @check: the check
 *
 * Returns: the number of differences
 *
 * Since: 0.1.0
 */
guint qblk_check_get_n_differences(const QblkCheck *check);

/**
 * qblk_check_get_difference:
 * @check: the check
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): a difference; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkDifference *qblk_check_get_difference(const QblkCheck *check, guint index);

/**
 * qblk_check_get_stale_images:
 * @check: the check
 *
 * Returns: (transfer none): the stale images of the chains
 *
 * Since: 0.1.0
 */
const QblkStaleImages *qblk_check_get_stale_images(const QblkCheck *check);

/**
 * qblk_check_get_verdict:
 * @check: the check
 *
 * Returns: (transfer none) (nullable): of an image that a journal or a mark names, the image to
 *   boot from
 *
 * Since: 0.1.0
 */
const QblkImageVerdict *qblk_check_get_verdict(const QblkCheck *check);

/**
 * qblk_check_get_warnings:
 * @check: the check
 *
 * Returns: (transfer none) (array zero-terminated=1): a sentence on each disk that was left out
 *   because it has no node
 *
 * Since: 0.1.0
 */
const char *const *qblk_check_get_warnings(const QblkCheck *check);

/**
 * qblk_check_to_json:
 * @check: the check
 *
 * Returns: (transfer full): the text of a JSON object, as `qblk check --json` prints it, without
 *   its member `schema`
 *
 * Since: 0.1.0
 */
char *qblk_check_to_json(const QblkCheck *check) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
