/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A difference between a running chain and its files, the headers of its images, or a libvirt
 * domain.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QblkDifferenceKind:
 * @QBLK_DIFFERENCE_ANOTHER_FILE: the name of the layer leads to another file
 * @QBLK_DIFFERENCE_FILE_GONE: the name of the layer leads to no file
 * @QBLK_DIFFERENCE_DESCRIPTOR: QEMU was given a descriptor
 * @QBLK_DIFFERENCE_FILE_UNKNOWN: it is not known which file QEMU has open
 * @QBLK_DIFFERENCE_BITMAP: a bitmap of the layer is inconsistent
 * @QBLK_DIFFERENCE_JOB: a job has concluded, and no client has dismissed it
 * @QBLK_DIFFERENCE_IO_STATUS: a request of the guest has failed
 * @QBLK_DIFFERENCE_BACKING_FILE: the header names another image than the next layer
 * @QBLK_DIFFERENCE_BACKING_FORMAT: the header has another format than the next layer
 * @QBLK_DIFFERENCE_BACKING_ENDS: the header names an image; the chain ends here
 * @QBLK_DIFFERENCE_BACKING_GOES_ON: the header names no image, but the chain continues
 * @QBLK_DIFFERENCE_UNCOMPARABLE: names that cannot be compared
 * @QBLK_DIFFERENCE_DISK: only one side has the disk
 * @QBLK_DIFFERENCE_DEPTH: the number of layers
 * @QBLK_DIFFERENCE_SOURCE: the source of a layer
 * @QBLK_DIFFERENCE_FORMAT: the format of a layer
 * @QBLK_DIFFERENCE_INDEX: the index of a layer
 * @QBLK_DIFFERENCE_MIRROR: the target of a copy or active commit
 * @QBLK_DIFFERENCE_NODE: a node has the name of one of a copy or snapshot, and nothing uses it
 * @QBLK_DIFFERENCE_MARK: a mark of a merged image is of a file that does not exist
 *
 * What differs.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_DIFFERENCE_ANOTHER_FILE,
    QBLK_DIFFERENCE_FILE_GONE,
    QBLK_DIFFERENCE_DESCRIPTOR,
    QBLK_DIFFERENCE_FILE_UNKNOWN,
    QBLK_DIFFERENCE_BITMAP,
    QBLK_DIFFERENCE_JOB,
    QBLK_DIFFERENCE_IO_STATUS,
    QBLK_DIFFERENCE_BACKING_FILE,
    QBLK_DIFFERENCE_BACKING_FORMAT,
    QBLK_DIFFERENCE_BACKING_ENDS,
    QBLK_DIFFERENCE_BACKING_GOES_ON,
    QBLK_DIFFERENCE_UNCOMPARABLE,
    QBLK_DIFFERENCE_DISK,
    QBLK_DIFFERENCE_DEPTH,
    QBLK_DIFFERENCE_SOURCE,
    QBLK_DIFFERENCE_FORMAT,
    QBLK_DIFFERENCE_INDEX,
    QBLK_DIFFERENCE_MIRROR,
    QBLK_DIFFERENCE_NODE,
    QBLK_DIFFERENCE_MARK,
} QblkDifferenceKind;

/**
 * qblk_difference_kind_name:
 * @kind: a kind
 *
 * Returns: its word in JSON, such as "backing-file"
 *
 * Since: 0.1.0
 */
const char *qblk_difference_kind_name(QblkDifferenceKind kind);

/**
 * QblkDifference:
 *
 * One difference.  It never changes, and may be used by several threads at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkDifference QblkDifference;

/**
 * qblk_difference_ref:
 * @difference: the difference
 *
 * Returns: (transfer full): a further reference to @difference
 *
 * Since: 0.1.0
 */
QblkDifference *qblk_difference_ref(const QblkDifference *difference);

/**
 * qblk_difference_unref:
 * @difference: (nullable) (transfer full): the difference
 *
 * Release a reference; the last one frees the difference.
 *
 * Since: 0.1.0
 */
void qblk_difference_unref(QblkDifference *difference);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkDifference, qblk_difference_unref)

/**
 * qblk_difference_get_kind:
 * @difference: the difference
 *
 * Returns: what differs
 *
 * Since: 0.1.0
 */
QblkDifferenceKind qblk_difference_get_kind(const QblkDifference *difference);

/**
 * qblk_difference_get_disk:
 * @difference: the difference
 *
 * Returns: (nullable): the target name of the disk; NULL of a job whose disk is not known
 *
 * Since: 0.1.0
 */
const char *qblk_difference_get_disk(const QblkDifference *difference);

/**
 * qblk_difference_get_layer:
 * @difference: the difference
 *
 * Returns: (nullable): the layer, such as "vda[2]"; NULL if the difference concerns the disk
 *
 * Since: 0.1.0
 */
const char *qblk_difference_get_layer(const QblkDifference *difference);

/**
 * qblk_difference_get_expected:
 * @difference: the difference
 *
 * Returns: (nullable): the value of the header or domain, without secrets
 *
 * Since: 0.1.0
 */
const char *qblk_difference_get_expected(const QblkDifference *difference);

/**
 * qblk_difference_get_found:
 * @difference: the difference
 *
 * Returns: (nullable): the value of the running chain, without secrets
 *
 * Since: 0.1.0
 */
const char *qblk_difference_get_found(const QblkDifference *difference);

/**
 * qblk_difference_may_be_mended:
 * @difference: the difference
 *
 * Returns: TRUE if it is of a kind that qblk_plans_new_mend() can put right
 *
 * Since: 0.1.0
 */
gboolean qblk_difference_may_be_mended(const QblkDifference *difference);

/**
 * qblk_difference_to_text:
 * @difference: the difference
 *
 * Returns: (transfer full): a sentence on it
 *
 * Since: 0.1.0
 */
char *qblk_difference_to_text(const QblkDifference *difference) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
