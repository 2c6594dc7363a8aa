/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The address of a device: the way from the machine to it, as numbers that sort in the order in
 * which a guest scans buses.
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

/** The address of the device at the QOM path @path, as far as @replies have it. */
QblkBusAddress *qblk_bus_address_load(const QblkReplies *replies, const char *path);

/** Like strcmp. */
int qblk_bus_address_compare(const QblkBusAddress *a, const QblkBusAddress *b);

/** Called for a property that is needed for an address. */
typedef void (*QblkBusAddressWant)(const char *path, const char *property, gpointer user_data);

/** Call @want for each property of the way to @path that can be queried next. */
void qblk_bus_address_next(const QblkReplies *replies, const char *path, QblkBusAddressWant want,
                           gpointer user_data);

/** Returns: (nullable): the QOM path of the device that owns the bus of @path */
char *qblk_bus_address_owner(const QblkReplies *replies,
                             const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** TRUE if the object at @path is an NVMe subsystem. */
gboolean qblk_nvme_subsystem_is(const QblkReplies *replies, const char *path);

/** Returns: (nullable): the QOM path of the controller of the subsystem @path, if it has an id */
char *qblk_nvme_subsystem_controller(const QblkReplies *replies,
                                     const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** TRUE if @replies have a subsystem: then query-pci is needed. */
gboolean qblk_nvme_subsystem_exists(const QblkReplies *replies);

/** Call @want for the property that links each controller in query-pci to its subsystem. */
void qblk_nvme_subsystem_next(const QblkReplies *replies, QblkBusAddressWant want,
                              gpointer user_data);
