/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The least that a program with glib and jansson takes to start and end. */
#include <glib.h>
#include <jansson.h>

int
main(void)
{
    json_t *value = json_integer(g_get_prgname() == NULL);
    int status = json_is_integer(value) ? 0 : 1;

    json_decref(value);
    return status;
}
