/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark-place.h"

#include "base/file-identity.h"
#include "blockjob/file-sync.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>

#define DIRECTORY  "merged"
#define SUFFIX     ".qblk-merged"
#define MOST_LINKS 40 /* as in Linux */

/* ---- names ---- */

/* The path that the link @path, or a link below a missing name, leads to. */
static char *
follow_link(const char *path)
{
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autofree char *directory = g_path_get_dirname(path);
    return target == NULL ? NULL : g_canonicalize_filename(target, directory);
}

/* @path without links in its directory, if that exists. */
static char *
resolve_directory(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    char *real = realpath(directory, NULL);
    char *result = g_build_filename(real == NULL ? directory : real, name, NULL);
    free(real); /* it is not one of GLib */
    return result;
}

char *
qblk_merged_mark_place_real(const char *path)
{
    g_autofree char *at = g_canonicalize_filename(path, NULL);
    for (int i = 0; i < MOST_LINKS; i++) {
        char *next = follow_link(at);
        if (next == NULL) {
            break;
        }
        g_free(at);
        at = next;
    }

    /* What is below /proc/PID/root is not where its links say. */
    g_autofree char *real = resolve_directory(at);
    gboolean is_there = g_file_test(path, G_FILE_TEST_EXISTS);
    return is_there && !qblk_file_identity_is_one(real, path) ? g_steal_pointer(&at)
                                                              : g_steal_pointer(&real);
}

char *
qblk_merged_mark_place_beside(const char *real)
{
    return g_strconcat(real, SUFFIX, NULL);
}

char *
qblk_merged_mark_place_image(const char *directory, const char *name)
{
    if (!g_str_has_suffix(name, SUFFIX)) {
        return NULL;
    }
    g_autofree char *image = g_strndup(name, strlen(name) - strlen(SUFFIX));
    return g_build_filename(directory, image, NULL);
}

gboolean
qblk_merged_mark_place_is_name(const char *name)
{
    return g_str_has_suffix(name, SUFFIX);
}

char *
qblk_merged_mark_place_directory(const char *state_dir)
{
    return g_build_filename(state_dir, DIRECTORY, NULL);
}

char *
qblk_merged_mark_place_stored(const char *state_dir, const char *text)
{
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    g_autofree char *name = g_strconcat(digest, SUFFIX, NULL);
    return g_build_filename(state_dir, DIRECTORY, name, NULL);
}

/* ---- files ---- */

static char *
new_name(const char *place)
{
    return g_strconcat(place, ".new", NULL);
}

gboolean
qblk_merged_mark_place_write(const char *place, const char *text)
{
    g_autofree char *new = new_name(place);
    if (!qblk_file_sync_write_new(new, text)) {
        return FALSE;
    }

    if (g_rename(new, place) != 0) {
        int reason = errno;
        (void)g_unlink(new);
        errno = reason;
        return FALSE;
    }
    return qblk_file_sync_parent(place);
}

/* For file systems that have no files without a name (NFS). */
static gboolean
try_named(const char *place, const char *text)
{
    g_autofree char *new = new_name(place);
    if (!qblk_file_sync_write_new(new, text)) {
        return FALSE;
    }
    return g_unlink(new) == 0 && qblk_file_sync_parent(place);
}

gboolean
qblk_merged_mark_place_try(const char *place, const char *text)
{
    g_autofree char *directory = g_path_get_dirname(place);
    g_autofree char *new = new_name(place);

    if (g_file_test(place, G_FILE_TEST_IS_DIR) || g_file_test(new, G_FILE_TEST_IS_DIR)) {
        errno = EEXIST; /* a directory is not replaced */
        return FALSE;
    }
    if (qblk_file_sync_write_unnamed(directory, text)) {
        return TRUE;
    }
    return errno == EOPNOTSUPP && try_named(place, text);
}

void
qblk_merged_mark_place_tidy(const char *place)
{
    g_autofree char *new = new_name(place);
    (void)g_unlink(new);
}

gboolean
qblk_merged_mark_place_remove(const char *place)
{
    qblk_merged_mark_place_tidy(place);
    if (g_unlink(place) != 0) {
        return FALSE;
    }
    (void)qblk_file_sync_parent(place);
    return TRUE;
}
