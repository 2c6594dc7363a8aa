/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The QEMU of a journal, and how it is recognized.
 *
 * A VM keeps its uuid over restarts and on all its monitors; one run of it keeps its process and
 * threads.  One QEMU may have several monitors, some of which do not show its process, or show that
 * of a relay.
 *
 * An image that no QEMU has open is its own VM.  The daemon that works on it is to end with the
 * process that has started it, so that a later one never finds a job, nor a process that was
 * restarted: the address alone identifies it.
 */
#pragma once

#include "base/json.h"

/** One run of a VM: a later one may have the same socket or the same uuid. */
typedef struct {
    char *address; /* owned: of the monitor, absolute; "image:" and the real path of an image */
    char *uuid;    /* owned: as query-uuid reports it; NULL: QEMU was given none */
    char *name;    /* owned (nullable) */
    gint64 pid;    /* of the process that listens on the socket, or of the daemon; 0: not known */
    gint64 start;  /* when that process started, in clock ticks since boot; 0: not known */
    gint64 thread; /* of the first CPU, as QEMU reports it; 0: none */
} QblkJournalVm;

void qblk_journal_vm_clear(QblkJournalVm *vm);

/** Set @vm to the image @path, without a process: its real path, so that links and relative names
 * mean the same. */
void qblk_journal_vm_set_image(QblkJournalVm *vm, const char *path);

/** Returns: (nullable): the path of the image that @vm is; NULL: it is a QEMU */
const char *qblk_journal_vm_get_image(const QblkJournalVm *vm);

/** Returns: (transfer full): @vm as in the header of a journal. */
QblkJson *qblk_journal_vm_to_json(const QblkJournalVm *vm) G_GNUC_WARN_UNUSED_RESULT;

/** Read @vm from the header of a journal.  FALSE if @json is not one. */
gboolean qblk_journal_vm_read(QblkJournalVm *vm, const QblkJson *json) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: (transfer full): a key that is the same for each process that uses this QEMU at one
 * time, by whichever monitor: from its uuid, else from its process, else from the address of its
 * monitor.  That of an image is from its address.
 */
char *qblk_journal_vm_key(const QblkJournalVm *vm) G_GNUC_WARN_UNUSED_RESULT;

/**
 * @is_alive: the process of @then still exists; then another process with the same uuid is a copy
 * of the VM, and not a later run.
 *
 * Returns: TRUE if @now is the VM @then, in this run or in a later one.
 */
gboolean qblk_journal_vm_is_of(const QblkJournalVm *then, const QblkJournalVm *now,
                               gboolean is_alive);

/** Returns: TRUE if @now, the same VM, is known to be a later run than @then. */
gboolean qblk_journal_vm_was_restarted(const QblkJournalVm *then, const QblkJournalVm *now);
