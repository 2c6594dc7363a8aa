/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What operations of qblk may have left in QEMU: nodes of copies and overlays that nothing uses,
 * and jobs that have concluded.  They are found by the names that qblk gives, which prove nothing:
 * other clients can use them, and an operation of another qblk may be about to use its node.  So
 * they are removed only if the user has asked for that.
 */
#pragma once

#include "chain/difference.h"
#include "plan/plan.h"

/** Returns: TRUE if @id is one that qblk gives to a job of the disk @target. */
gboolean qblk_leftovers_is_job(const char *id, const char *target);

/** Returns: TRUE if @name is one that qblk gives to a node of an image for the disk @target. */
gboolean qblk_leftovers_is_node(const char *name, const char *target);

/** Returns: TRUE if the node @name has such a name, and nothing uses it but nodes like it. */
gboolean qblk_leftovers_has_node(const QblkSnapshot *snapshot, const char *name,
                                 const char *target);

/**
 * Add the nodes for the disk of @chain that nothing uses, in the order in which they can be
 * deleted.
 *
 * @differences: of QblkDifference
 */
void qblk_leftovers_add_nodes(const QblkSnapshot *snapshot, const QblkChain *chain,
                              GPtrArray *differences);

/** Add a step that removes the node or job @name.  It is no failure if that is gone, or refused. */
QblkStep *qblk_leftovers_add_step(QblkPlan *plan, gboolean is_job, const char *name);

/** Returns: (transfer none) (nullable): the node or job that @step of @plan removes, if it is one
 * of these steps */
const char *qblk_leftovers_get_removed(const QblkPlan *plan, const QblkStep *step);

/** Returns: TRUE if @plan has such a step. */
gboolean qblk_leftovers_are_removed(const QblkPlan *plan);
