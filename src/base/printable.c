/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/printable.h"

/* Letters, says Unicode, but with nothing to see: they make two names look like one. */
static gboolean
is_filler(gunichar character)
{
    return character == 0x115F || character == 0x1160 || character == 0x3164 || character == 0xFFA0;
}

gboolean
qblk_printable(gunichar character)
{
    GUnicodeType type = g_unichar_type(character);
    return g_unichar_isprint(character) && !is_filler(character) &&
           type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}
