/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Whose namespaces are those on the bus of an nvme-subsys.
 *
 * A namespace of QEMU 10.0 is on the bus of a subsystem (of 7.2: of its controller), which QEMU
 * makes for each controller and which has no address.  The controllers know their subsystem, not
 * the other way round; query-pci tells the ids of controllers.
 */
#pragma once

#include "graph/bus-address.h"
#include "graph/replies.h"

/** Whether @replies say that the object at @path is a subsystem. */
gboolean qblk_nvme_subsystem_is(const QblkReplies *replies, const char *path);

/** The QOM path of the controller of the subsystem at @path, NULL where it is not known: one
 * without an id is not. */
char *qblk_nvme_subsystem_controller(const QblkReplies *replies,
                                     const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** Whether @replies have a subsystem, so that query-pci is needed. */
gboolean qblk_nvme_subsystem_exists(const QblkReplies *replies);

/** Call @want for what is needed to know the controllers, which query-pci in @replies has. */
void qblk_nvme_subsystem_next(const QblkReplies *replies, QblkBusAddressWant want,
                              gpointer user_data);
