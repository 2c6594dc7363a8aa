/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Where a device sits: the way from the machine to it, as numbers that sort as a guest scans buses.
 */
#pragma once

#include "graph/replies.h"

/** One step of the way. */
typedef struct {
    gboolean is_bridge; /* a PCI bridge with a bus below: scanned after the devices beside it */
    gint64 number;
} QblkBusStep;

/** The way to a device, of QblkBusStep, from the machine downwards. */
typedef GArray QblkBusAddress;

void qblk_bus_address_free(QblkBusAddress *address);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkBusAddress, qblk_bus_address_free)

/** The address of the device at the QOM path @path as far as @replies know it. */
QblkBusAddress *qblk_bus_address_load(const QblkReplies *replies, const char *path);

/** Like strcmp. */
int qblk_bus_address_compare(const QblkBusAddress *a, const QblkBusAddress *b);

/** Calls for a query that is needed to know an address. */
typedef void (*QblkBusAddressWant)(const char *path, const char *property, gpointer user_data);

/** Call @want for each property of the way to @path that can be asked for next. */
void qblk_bus_address_next(const QblkReplies *replies, const char *path, QblkBusAddressWant want,
                           gpointer user_data);

/** The QOM path of the device whose bus @path sits on, as far as @replies know it; or NULL. */
char *qblk_bus_address_owner(const QblkReplies *replies,
                             const char *path) G_GNUC_WARN_UNUSED_RESULT;

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
