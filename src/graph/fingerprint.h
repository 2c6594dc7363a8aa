/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The fingerprint of a chain: what changes whenever the chain does.
 */
#pragma once

#include <qblk/chain.h>

/**
 * Write the fingerprint of @chain as 16 hexadecimal digits and a NUL: the first 64 bits of SHA-256
 * over node-names, format and file of every layer in order.  Sizes, jobs and filters are left out:
 * they change without the chain being another one.
 */
void qblk_fingerprint(const QblkChain *chain, char text[17]);
