/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/printable.h"

gboolean
qblk_printable(gunichar character)
{
    GUnicodeType type = g_unichar_type(character);
    return g_unichar_isprint(character) && type != G_UNICODE_LINE_SEPARATOR &&
           type != G_UNICODE_PARAGRAPH_SEPARATOR;
}
