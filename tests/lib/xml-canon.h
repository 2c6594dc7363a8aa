/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What two XML documents have in common, for tests to compare.
 */
#pragma once

#include <glib.h>

/**
 * Each `<disk>` of @text in the exclusive canonical form (xmlC14N) with its comments, one after
 * another; white space between elements is left out.  Fails the test where @text is no XML.
 */
char *xml_canon_canonical(const char *text);

/** The same whatever the order of attributes and of elements side by side, without comments. */
char *xml_canon_unordered(const char *text);

/** Read @text as a domain and write its disks: equal to @text disk by disk, and again. */
void xml_canon_round_trip(const char *text);
