/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The report of a command that changes a VM: the plan with --dry-run, otherwise its outcome and the
 * commands that continue it.
 */
#pragma once

#include "cli/print/output.h"

#include <qblk/plan.h>

/** How the command was called, as far as the report depends on it; all is borrowed. */
typedef struct {
    const char *vm;        /* the VM argument */
    const char *state_dir; /* of --state-dir, or NULL */
    const char *naming;    /* the options that name disks, each after a space */
    gboolean dry_run, detach, force_managed;
} QblkChangeReport;

/** Returns: the command line `qblk job VM DISK` and @options, quoted for a shell. */
char *qblk_change_report_command(const QblkChangeReport *report, const QblkPlan *plan,
                                 const char *options) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: the command line that resumes an operation from its journal, quoted for a shell. */
char *qblk_change_report_recover(const QblkChangeReport *report) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (nullable): the command line that reports the image to boot from after the QEMU of
 * @plan has ended, quoted for a shell; NULL if the active image is not known */
char *qblk_change_report_recover_image(const QblkChangeReport *report,
                                       const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): @plan as JSON, with its "state" and "next". */
QblkJson *qblk_change_report_json(const QblkChangeReport *report,
                                  const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

/** Print the plan or its outcome as text. */
void qblk_change_report_print(const QblkChangeReport *report, const QblkPlan *plan,
                              QblkOutput *output);
