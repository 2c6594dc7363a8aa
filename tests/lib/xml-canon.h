/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Canonical forms of XML documents, for tests to compare.
 */
#pragma once

#include <glib.h>

/**
 * Each `<disk>` of @text in the exclusive canonical form (xmlC14N) with its comments, one after
 * another, without white space between elements. Fails the test if @text is not XML.
 */
char *xml_canon_canonical(const char *text);

/** The same for any order of attributes and of sibling elements, without comments. */
char *xml_canon_unordered(const char *text);

/**
 * Read @text as a domain and write its disks: equal to @text disk by disk, also the second time.
 */
void xml_canon_round_trip(const char *text);
