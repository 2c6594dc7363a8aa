/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The program that has started a guest and keeps its own record of the guest's disks: libvirt,
 * Proxmox VE, Incus and others.  It does not notice a change through another monitor.
 *
 * It is recognised by the arguments of the process, if QEMU runs on this machine, and by the names
 * that it gives to nodes, devices and jobs.
 */
#pragma once

#include <glib.h>

typedef struct {
    const char *id;      /* for programs: "proxmox-ve" */
    const char *name;    /* for people: "Proxmox VE" */
    const char *command; /* what to change the disks with: "qm" */
} QblkManager;

/** What is known of a guest; everything is borrowed. */
typedef struct {
    const GPtrArray *nodes;       /* of QblkNode */
    const GPtrArray *devices;     /* of QblkDevice */
    const GPtrArray *jobs;        /* of QblkJob */
    const char *const *arguments; /* of the process behind the monitor; NULL: not known */
} QblkManagerEvidence;

/** Returns: (nullable): the manager of the guest; NULL if it has none that is known */
const QblkManager *qblk_manager_find(const QblkManagerEvidence *evidence);
