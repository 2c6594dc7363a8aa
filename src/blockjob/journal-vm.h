/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which QEMU a journal is of, and whether one that answers now is the same.
 *
 * A uuid is what a VM keeps over restarts and on all its monitors; a process and its threads are
 * what one run of it keeps.  One QEMU may be reached over several monitors, some of which do not
 * show its process, or show that of a relay.
 */
#pragma once

#include "base/json.h"

/** The QEMU that is meant: a later one may have the same socket or the same uuid. */
typedef struct {
    char *address; /* owned: of the monitor, absolute */
    char *uuid;    /* owned: as query-uuid says; NULL where QEMU was given none */
    char *name;    /* owned, or NULL */
    gint64 pid;    /* of the process that listens on the socket; 0: not known */
    gint64 start;  /* when that process started, in clock ticks since the machine's; 0: not known */
    gint64 thread; /* of the first CPU, as QEMU itself numbers it; 0: there is none */
} QblkJournalVm;

void qblk_journal_vm_clear(QblkJournalVm *vm);

/** As the header of a journal has it; and read from there, FALSE where it is none. */
QblkJson *qblk_journal_vm_to_json(const QblkJournalVm *vm) G_GNUC_WARN_UNUSED_RESULT;
gboolean qblk_journal_vm_read(QblkJournalVm *vm, const QblkJson *json) G_GNUC_WARN_UNUSED_RESULT;

/**
 * What is the same for all who reach this QEMU at one time, whichever way: from its uuid, where it
 * has none from its process, and where that is not known either from the address of its monitor.
 */
char *qblk_journal_vm_key(const QblkJournalVm *vm) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Whether @now is the VM @then, in this run or in a later one.  @is_alive says that the process of
 * @then still is: then another process of the same uuid is a copy of the VM, and not a later run.
 */
gboolean qblk_journal_vm_is_of(const QblkJournalVm *then, const QblkJournalVm *now,
                               gboolean is_alive);

/** Whether @now, the same VM, is known to be a later run than @then. */
gboolean qblk_journal_vm_was_restarted(const QblkJournalVm *then, const QblkJournalVm *now);
