/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * One client of a multiplexer.
 */
#pragma once

#include "bridge/mux-data.h"

/** Drop all that @client has asked for. */
void qblk_mux_client_drop(QblkMuxClient *client);
