/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stages of an operation, which its journal records.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QblkStage:
 * @QBLK_STAGE_PLANNED: nothing was started that could change the chain
 * @QBLK_STAGE_STARTED: the job may have started
 * @QBLK_STAGE_PIVOTING: the command that changes the chain may have been sent
 * @QBLK_STAGE_CLEANING: the chain was changed
 *
 * How far an operation may be, in order.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_STAGE_PLANNED,
    QBLK_STAGE_STARTED,
    QBLK_STAGE_PIVOTING,
    QBLK_STAGE_CLEANING,
} QblkStage;

/**
 * qblk_stage_name:
 * @stage: a stage
 *
 * Returns: "planned", "started", "pivoting" or "cleaning"
 *
 * Since: 0.1.0
 */
const char *qblk_stage_name(QblkStage stage);

G_END_DECLS
