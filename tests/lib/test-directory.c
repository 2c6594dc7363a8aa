/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/test-directory.h"

#include "lib/cli-check.h"

static char *directory;

int
test_directory_set_up(void **state)
{
    directory = cli_check_directory();
    return 0;
}

int
test_directory_tear_down(void **state)
{
    cli_check_remove(directory);
    return 0;
}

const char *
test_directory(void)
{
    return directory;
}

char *
test_directory_path(const char *name)
{
    return g_build_filename(directory, name, NULL);
}
