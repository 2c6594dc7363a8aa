/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A pointer without its const, for a library that takes one and does not write through it.
 */
#pragma once

#include <glib.h>

/** Returns: @pointer; nothing must be written through it */
static inline gpointer
qblk_const_cast(gconstpointer pointer)
{
    union {
        gconstpointer given;
        gpointer returned;
    } cast = {.given = pointer};
    return cast.returned;
}
