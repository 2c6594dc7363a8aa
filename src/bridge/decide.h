/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What happens to a command of a client that QEMU must not get as it is: strings that name layers
 * are replaced by the nodes that they mean at that moment, and what could crash QEMU is kept back
 * until it is safe, or refused.
 *
 * Meanwhile no client changes anything.
 */
#pragma once

#include "bridge/worker.h"

#include <qblk/snapshot-options.h>

typedef struct QblkDecider QblkDecider;

/**
 * @workers: borrowed; they are freed before
 * @options: (nullable): names of disks
 */
QblkDecider *qblk_decider_new(QblkMux *mux, QblkWorkers *workers, QblkSnapshotOptions *options);
void qblk_decider_free(QblkDecider *decider);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkDecider, qblk_decider_free)

/** Begin with the QEMU of this greeting (nullable), for the first time or again. */
void qblk_decider_begin(QblkDecider *decider, const QblkJson *greeting);

/** Forward, refuse or answer @request, now or later. */
void qblk_decider_decide(QblkDecider *decider, QblkMuxRequest *request);

/** For the hooks of the mux with the same names. */
void qblk_decider_event(QblkDecider *decider, const QblkJson *event);
void qblk_decider_changed(QblkDecider *decider, const char *command);
void qblk_decider_quiet(QblkDecider *decider);
