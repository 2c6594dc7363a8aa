/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The names in tests/golden-sources, whose run.py says what a row is.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *name;
    char *xml;     /* NULL where the row is an error */
    char *format;  /* or NULL */
    char *error;   /* or NULL: in no form there is */
    char *refusal; /* or NULL: what XML has no form for */
} SourceRow;

/** All rows; QBLK_SOURCE_ROOT says where the sources are.  A table that cannot be read fails the
 * test. */
GPtrArray *source_rows_load(void);
