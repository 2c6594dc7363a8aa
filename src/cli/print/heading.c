/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/heading.h"

/* A comment must not contain "--". */
static char *
escape_for_comment(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "--", -1);
    return g_strjoinv("-\\x2d", parts);
}

void
qblk_heading_print(QblkHeadingForm form, gboolean is_first, QblkOutput *output)
{
    g_autofree char *name = qblk_output_escape(output->vm);
    g_autofree char *comment = escape_for_comment(name);

    switch (form) {
    case QBLK_HEADING_TEXT:
        qblk_output_print(output, "%s", is_first ? "" : "\n");
        qblk_output_print_styled(output, QBLK_STYLE_STRONG, name);
        qblk_output_print(output, ":\n");
        break;
    case QBLK_HEADING_LINE:
        qblk_output_print(output, "%s: ", name);
        break;
    case QBLK_HEADING_XML:
        output->is_data = TRUE;
        qblk_output_print(output, "<!-- %s -->\n", comment);
        break;
    case QBLK_HEADING_DOT:
        output->is_data = TRUE;
        qblk_output_print(output, "// %s\n", name);
        break;
    case QBLK_HEADING_NONE:
    case QBLK_HEADING_JSON:
        break;
    }
}
