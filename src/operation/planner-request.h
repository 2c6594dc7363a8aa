/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A plan that is being made for a program: what all kinds of plans need.
 */
#pragma once

#include "plan/plan-options.h"
#include "plan/plan.h"
#include "qmp/client.h"

/** Borrowed, unless noted. */
typedef struct {
    QblkClient *client; /* NULL: the plan is only shown */
    const QblkPlanOptions *options;
    QblkPlanOptions *defaults; /* owned, or NULL */
    GPtrArray *secrets;        /* of QblkSecretFile, owned, or NULL */
    QblkJson *objects;         /* owned, or NULL */
    QblkPlanContext context;
} QblkPlannerRequest;

/**
 * Set @request to a plan for the disk @disk of @snapshot.
 *
 * @client: (nullable): of the snapshot
 * @options: (nullable)
 *
 * Returns: FALSE with QBLK_QMP_ERROR if QEMU does not tell what it supports;
 * QBLK_BLOCKJOB_ERROR_REFUSED if a secret has a relative path, and QEMU is on another machine
 */
gboolean qblk_planner_request_init(QblkPlannerRequest *request, QblkClient *client,
                                   const QblkSnapshot *snapshot, const char *disk,
                                   const QblkPlanOptions *options,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_planner_request_clear(QblkPlannerRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkPlannerRequest, qblk_planner_request_clear)

/** Query the objects of QEMU, for a plan that uses one.  They are not known if it has no list. */
void qblk_planner_request_look_up_objects(QblkPlannerRequest *request);

/**
 * Add to @plan what does not depend on its kind, and check it.
 *
 * @plan: (transfer full) (nullable): NULL stays NULL
 *
 * Returns: (transfer full): the plan; NULL with an error of qblk_planner_check()
 */
QblkPlan *qblk_planner_request_end(const QblkPlannerRequest *request, QblkPlan *plan,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
