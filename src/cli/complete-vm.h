/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Names that only this machine and its VMs know.
 */
#pragma once

#include "cli/candidates.h"
#include "cli/global-options.h"

/** Add the VMs of this machine, sockets, and the forms of a VM. */
void qblk_complete_vms(QblkCandidates *candidates);

/** What is asked of a VM. */
typedef struct {
    const char *vm;   /* as given */
    const char *disk; /* its layers only; NULL: those of all disks */
    gboolean layers;  /* and the disks themselves; FALSE: the disks only */
} QblkCompleteRequest;

/**
 * Add disks or layers of a VM.  Nothing is added if it has no free monitor and no bridge, or is on
 * another machine, or does not answer.
 *
 * @options: of the command line
 */
void qblk_complete_disks(QblkCandidates *candidates, const QblkCompleteRequest *request,
                         const QblkGlobalOptions *options);
