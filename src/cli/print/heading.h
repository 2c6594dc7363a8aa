/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What tells to which of several VMs the output after it belongs.
 */
#pragma once

#include "cli/print/output.h"

typedef enum {
    QBLK_HEADING_TEXT, /* "VM:" on a line of its own, after an empty line unless it is the first */
    QBLK_HEADING_LINE, /* "VM: " in front of a result of one line */
    QBLK_HEADING_XML,  /* a comment */
    QBLK_HEADING_DOT,  /* a comment */
    QBLK_HEADING_NONE, /* the results tell it themselves */
    QBLK_HEADING_JSON, /* the output is an array, whose objects have the VM */
} QblkHeadingForm;

/**
 * Append the heading of @output->vm to @output.
 *
 * @is_first: no other VM is before it
 */
void qblk_heading_print(QblkHeadingForm form, gboolean is_first, QblkOutput *output);
