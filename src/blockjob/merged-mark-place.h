/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The places of marks: beside the real file of an image, or in the state directory.
 */
#pragma once

#include <glib.h>

/** Returns: (transfer full): @path without symbolic links, if it exists or not. */
char *qblk_merged_mark_place_real(const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the mark beside the file @real, a path without links. */
char *qblk_merged_mark_place_beside(const char *real) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full) (nullable): the image in @directory beside which a mark of the name
 * @name is; NULL if that is not the name of a mark */
char *qblk_merged_mark_place_image(const char *directory,
                                   const char *name) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @name is the name of a mark. */
gboolean qblk_merged_mark_place_is_name(const char *name);

/** Returns: (transfer full): the directory of marks in @state_dir. */
char *qblk_merged_mark_place_directory(const char *state_dir) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the mark in @state_dir of the image that has the description @text. */
char *qblk_merged_mark_place_stored(const char *state_dir,
                                    const char *text) G_GNUC_WARN_UNUSED_RESULT;

/** Replace the file @place atomically, and sync it.  Its directory exists.  FALSE with errno; no
 * other file is left behind. */
gboolean qblk_merged_mark_place_write(const char *place,
                                      const char *text) G_GNUC_WARN_UNUSED_RESULT;

/** Try if @place could be written with @text.  FALSE with errno. */
gboolean qblk_merged_mark_place_try(const char *place, const char *text) G_GNUC_WARN_UNUSED_RESULT;

/** Remove what a process has left beside @place that was killed while it wrote it. */
void qblk_merged_mark_place_tidy(const char *place);

/** Remove the file @place, and sync that.  Returns: TRUE if it existed. */
gboolean qblk_merged_mark_place_remove(const char *place);
