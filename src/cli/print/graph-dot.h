/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A picture in the language of Graphviz, which then makes its own layout.
 */
#pragma once

#include "cli/print/picture.h"

/** Append @picture, which needs no layout, to @out as a `digraph`. */
void qblk_graph_dot(const QblkPicture *picture, GString *out);
