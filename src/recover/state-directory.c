/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/state-directory.h"

#include "blockjob/journal.h"
#include "blockjob/merged-mark.h"

#include <qblk/state-directory.h>
#include <unistd.h>

char *
qblk_state_directory_default(void)
{
    const char *state_home = g_getenv("XDG_STATE_HOME");
    if (state_home != NULL && g_path_is_absolute(state_home)) {
        return g_build_filename(state_home, "qblk", NULL);
    }
    if (geteuid() == 0) {
        return g_strdup("/var/lib/qblk");
    }
    return g_build_filename(g_get_home_dir(), ".local", "state", "qblk", NULL);
}

char *
qblk_state_directory_get(const char *directory)
{
    return directory == NULL ? qblk_state_directory_default()
                             : g_canonicalize_filename(directory, NULL);
}

gboolean
qblk_state_directory_check(const char *directory, GError **error)
{
    return qblk_journal_check_directory(directory, error);
}

char **
qblk_state_directory_tidy_marks(const char *directory, const char *image)
{
    g_autofree char *absolute = qblk_state_directory_get(directory);
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(absolute);
    GPtrArray *removed = g_ptr_array_new();

    qblk_merged_marks_tidy(marks, removed);
    qblk_merged_mark_tidy_beside(image, removed);
    g_ptr_array_add(removed, NULL);
    return (char **)g_ptr_array_free(removed, FALSE);
}
