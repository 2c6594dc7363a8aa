/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main() of a target without libFuzzer: each file named, and each file in a directory named,
 * is one input. */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static guint
replay_file(const char *path)
{
    char *text = NULL;
    gsize length = 0;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(path, &text, &length, &error)) {
        fprintf(stderr, "%s\n", error->message);
        exit(2);
    }
    /* Exactly this size, so that valgrind reports reads beyond it. */
    g_autofree uint8_t *data = g_malloc(length);
    memcpy(data, text, length);
    g_free(text);
    /* Print the name of an input before it can crash. */
    fprintf(stderr, "%s\n", path);
    (void)LLVMFuzzerTestOneInput(data, length);
    return 1;
}

static guint
replay_directory(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) directory = g_dir_open(path, 0, &error);
    if (directory == NULL) {
        fprintf(stderr, "%s\n", error->message);
        exit(2);
    }
    guint count = 0;
    for (const char *name; (name = g_dir_read_name(directory)) != NULL;) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        count += replay_file(file);
    }
    return count;
}

int
main(int argc, char **argv)
{
    guint count = 0;
    for (int i = 1; i < argc; i++) {
        gboolean is_directory = g_file_test(argv[i], G_FILE_TEST_IS_DIR);
        count += is_directory ? replay_directory(argv[i]) : replay_file(argv[i]);
    }
    printf("%u inputs\n", count);
    return count == 0;
}
