/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The commands that are with QEMU, or on the way.
 */
#pragma once

#include "bridge/mux-data.h"

/** Put @request, which no list has, into the output. */
void qblk_mux_flight_add(QblkMuxRequest *request);

/** Returns: (nullable): the command in flight with the id @number */
QblkMuxRequest *qblk_mux_flight_find(const QblkMux *mux, guint64 number);

/** @request was answered, or cannot be: no list has it after that, and its client may have
 * others sent. */
void qblk_mux_flight_remove(QblkMuxRequest *request);

/** Drop the commands of @client that were not sent; it does not get the replies to others. */
void qblk_mux_flight_drop_client(QblkMuxClient *client);

/** Drop all. */
void qblk_mux_flight_drop_all(QblkMux *mux);

/** Tell the owner if it waits for that, and no command is in flight that may change something. */
void qblk_mux_flight_check_quiet(QblkMux *mux);
