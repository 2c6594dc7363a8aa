/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Writing an element of a document again.
 */
#pragma once

#include "xml/document.h"
#include "xml/writer.h"

/** Write @element and all that is in it.  White space between elements becomes that of lines. */
void qblk_document_print(const QblkDocumentNode *element, QblkWriter *writer);
