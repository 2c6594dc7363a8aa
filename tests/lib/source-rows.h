/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The names in tests/golden-sources; its run.py describes the rows.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *name;
    char *xml;     /* NULL if the row is an error */
    char *format;  /* or NULL */
    char *error;   /* or NULL: of an invalid name */
    char *refusal; /* or NULL: of a name that XML cannot express */
} SourceRow;

/**
 * All rows. QBLK_SOURCE_ROOT is the directory of the sources. A table that cannot be read fails the
 * test.
 */
GPtrArray *source_rows_load(void);
