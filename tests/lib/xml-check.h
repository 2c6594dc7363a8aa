/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Chains built by hand, and checks of XML.
 */
#pragma once

#include "chain/chain.h"

/** A complete virtio disk "vda" of @depth layers of qcow2, in /images/0, /images/1 ... */
QblkChain *xml_check_chain(guint depth);

/** A layer of qcow2 in the file @path, with the format node @node. */
QblkLayer *xml_check_layer(const char *node, const char *path);

/** A running copy to @path, or active commit into it. */
void xml_check_add_mirror(QblkChain *chain, gboolean is_commit, const char *node, const char *path);

/** The value of an attribute of the root of @text. */
char *xml_check_root_attribute(const char *text, const char *name);

/** The number of times that @part is in @text. */
guint xml_check_count(const char *text, const char *part);
