/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which files belong to which layers, by the backing strings in the headers of the open files.
 */
#pragma once

#include "graph/file-use.h"

/** Find the files of the layers without one to which the headers lead in one way only.  The number
 * of steps is limited: of very many layers and files some may not be found. */
void qblk_file_headers_match(QblkFileMatch *match);
