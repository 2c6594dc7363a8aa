/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A directory for the files of one test.
 */
#pragma once

/** For cmocka: create the directory, and remove it with all files in it. */
int test_directory_set_up(void **state);
int test_directory_tear_down(void **state);

/** Returns: (transfer none): the path of the directory of the running test */
const char *test_directory(void);

/** Returns: (transfer full): the path of the file @name in it */
char *test_directory_path(const char *name);
