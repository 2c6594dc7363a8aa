/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Backing strings that stay relative when layers between two images go away.
 */
#pragma once

#include "graph/chain.h"

/**
 * How the image @lower is named relative to the folder of @upper, made of the relative backing
 * strings of the headers from @upper down to it: "../b/top.qcow2" and in it "base.qcow2" give
 * "../b/base.qcow2".  Owned by the caller.
 *
 * QBLK_BLOCKJOB_ERROR_REFUSED where a header on the way has no name or an absolute one.
 */
char *qblk_relative_name(const QblkChain *chain, const QblkLayer *upper, const QblkLayer *lower,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
