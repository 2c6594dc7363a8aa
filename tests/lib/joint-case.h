/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plans without a job: overlays that one transaction puts over disks, which are all the one disk
 * that was recorded (run-case.h).
 */
#pragma once

#include "lib/run-case.h"

#define JOINT_MOST 2

typedef struct {
    RunCase *one; /* the server, the directory of the files and journals, and the outcome */
    QblkPlan *plans[JOINT_MOST];
    QblkJournal *journals[JOINT_MOST];
    char *overlays[JOINT_MOST]; /* their files */
    guint n_plans;
    QblkRunControl control;
    QblkRunState stop_at;    /* interrupt once a plan is there */
    QblkRunState changes_at; /* then a plan's chain is the planned one, and the recorded one */
    gboolean changes_only_second;
    guint n_warnings;
    GString *states; /* of the plans, as they were reported */
} Joint;

/** Plans for the disks vda and vdb, with journals, and empty overlays. */
Joint *joint_new(guint n_plans);
void joint_free(Joint *joint);

/** The chain that was recorded is the planned one, and not the one from before. */
void joint_promise_recorded(Joint *joint);

/** Check how many overlays and journals exist. */
void joint_assert_left(const Joint *joint, guint overlays, guint journals);
