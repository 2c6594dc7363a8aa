/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/candidates.h"

#include "base/text.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

QblkCandidates *
qblk_candidates_new(const char *prefix, const char *typed)
{
    QblkCandidates *candidates = g_new0(QblkCandidates, 1);

    candidates->prefix = g_strdup(prefix);
    candidates->typed = g_strdup(typed);
    candidates->words = g_ptr_array_new_with_free_func(g_free);
    candidates->texts = g_ptr_array_new_with_free_func(g_free);
    return candidates;
}

void
qblk_candidates_free(QblkCandidates *candidates)
{
    g_ptr_array_unref(candidates->words);
    g_ptr_array_unref(candidates->texts);
    g_free(candidates->prefix);
    g_free(candidates->typed);
    g_free(candidates);
}

static gboolean
is_printable(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL)) {
        return FALSE;
    }
    for (; *text != '\0'; text = g_utf8_find_next_char(text, NULL)) {
        if (!qblk_text_is_printable(g_utf8_get_char(text))) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
has_word(const QblkCandidates *candidates, const char *word)
{
    for (guint i = 0; i < candidates->words->len; i++) {
        if (g_str_equal(candidates->words->pdata[i], word)) {
            return TRUE;
        }
    }
    return FALSE;
}

void
qblk_candidates_add(QblkCandidates *candidates, const char *name, const char *text)
{
    g_autofree char *word = g_strconcat(candidates->prefix, name, NULL);

    if (g_str_has_prefix(name, candidates->typed) && is_printable(name) &&
        !has_word(candidates, word)) {
        g_ptr_array_add(candidates->words, g_steal_pointer(&word));
        g_ptr_array_add(candidates->texts, text == NULL ? NULL : qblk_text_escape(text));
    }
}

/* ---- files ---- */

/* The shell replaces a tilde before qblk sees the word. */
static char *
expand_home(const char *directory)
{
    return g_str_has_prefix(directory, "~/")
               ? g_build_filename(g_get_home_dir(), directory + 2, NULL)
               : g_strdup(directory);
}

static gboolean
is_wanted(mode_t mode, QblkCandidateFiles which)
{
    return which == QBLK_CANDIDATE_FILES || (which == QBLK_CANDIDATE_SOCKETS && S_ISSOCK(mode));
}

static int
compare_names(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Returns: the names in @path that begin with @start, sorted */
static GPtrArray *
list_directory(const char *path, const char *start)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);

    for (const char *name = directory == NULL ? NULL : g_dir_read_name(directory); name != NULL;
         name = g_dir_read_name(directory)) {
        gboolean is_hidden = name[0] == '.' && start[0] != '.';
        if (g_str_has_prefix(name, start) && !is_hidden) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

void
qblk_candidates_add_files(QblkCandidates *candidates, const char *form, QblkCandidateFiles which)
{
    const char *typed = candidates->typed;
    if (!g_str_has_prefix(typed, form)) {
        return;
    }

    const char *path = typed + strlen(form);
    const char *slash = strrchr(path, '/');
    gsize length = slash == NULL ? 0 : (gsize)(slash + 1 - path);
    g_autofree char *front = g_strndup(path, length);
    g_autofree char *directory = length == 0 ? g_strdup(".") : expand_home(front);
    g_autoptr(GPtrArray) names = list_directory(directory, path + length);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        g_autofree char *file = g_build_filename(directory, name, NULL);
        GStatBuf info;
        if (g_stat(file, &info) != 0) {
            continue;
        }

        gboolean is_directory = S_ISDIR(info.st_mode);
        g_autofree char *word = g_strconcat(form, front, name, is_directory ? "/" : "", NULL);
        if (is_directory || is_wanted(info.st_mode, which)) {
            qblk_candidates_add(candidates, word, NULL);
        }
    }
}

gboolean
qblk_candidate_continues(const char *word)
{
    gsize length = strlen(word);
    return length > 0 && strchr("=:/", word[length - 1]) != NULL;
}
