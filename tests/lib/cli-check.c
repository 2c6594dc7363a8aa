/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/cli-check.h"

#include "cli/command-line.h"
#include "cli/command.h"
#include "cli/several.h"
#include "lib/check.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

gboolean
cli_check_parse(QblkInvocation *invocation, const char *line, GError **error)
{
    g_autoptr(GString) words = g_string_new("qblk ");
    g_autofree char *fixtures =
        g_build_filename(g_getenv("QBLK_SOURCE_ROOT"), "tests", "qemu-fixtures", "7.2", NULL);
    g_auto(GStrv) argv = NULL;
    g_auto(GStrv) parts = g_strsplit(line, "{fixtures}", -1);
    g_autofree char *text = g_strjoinv(fixtures, parts);
    g_string_append(words, text);
    assert_true(g_shell_parse_argv(words->str, NULL, &argv, NULL));
    gboolean parsed = qblk_command_line_parse(invocation, argv, error);
    /* Not the terminal and the locale of the person who runs the tests. */
    invocation->output.terminal = (QblkTerminal){.is_utf8 = TRUE};
    return parsed;
}

char *
cli_check_run(const char *line, GError **error)
{
    g_auto(QblkInvocation) invocation = {0};
    if (!cli_check_parse(&invocation, line, error)) {
        return NULL;
    }

    gboolean done = invocation.each == NULL ? invocation.command->run(&invocation, error)
                                            : qblk_several_run(&invocation, error);
    if (!done) {
        return NULL;
    }
    return g_strdup(invocation.output.text->str);
}

QblkVm *
cli_check_open(QblkInvocation *invocation, const char *line)
{
    g_autoptr(GError) error = NULL;
    gboolean parsed = cli_check_parse(invocation, line, &error);
    QblkVm *vm = parsed ? qblk_vm_open(invocation, &error) : NULL;
    assert_no_error(error);
    return vm;
}

char *
cli_check_capture(const char *directory, const char *text)
{
    g_autofree char *path = g_build_filename(directory, "capture.json", NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    return g_strconcat("capture:", path, NULL);
}

char *
cli_check_directory(void)
{
    char *directory = g_dir_make_tmp("qblk-test-XXXXXX", NULL);
    assert_non_null(directory);
    return directory;
}

void
cli_check_remove(char *directory)
{
    GDir *entries = g_dir_open(directory, 0, NULL);
    for (const char *name = g_dir_read_name(entries); name != NULL;
         name = g_dir_read_name(entries)) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        (void)g_unlink(path);
    }
    g_dir_close(entries);
    (void)g_rmdir(directory);
    g_free(directory);
}

void
cli_check_result_clear(CliCheckResult *result)
{
    g_free(result->out);
    g_free(result->err);
}

static char *
take(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void
redirect(const char *directory, const char *name, FILE *stream)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    if (freopen(path, "w", stream) == NULL) {
        _exit(99);
    }
}

/* Help ends the process at once, and a sanitizer would report leaks. */
static void
leave(int status, void *unused)
{
    (void)fflush(NULL);
    _exit(status);
}

CliCheckResult
cli_check_fork(int (*function)(gconstpointer data), gconstpointer data)
{
    char *directory = cli_check_directory();
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        redirect(directory, "out", stdout);
        redirect(directory, "err", stderr);
        (void)on_exit(leave, NULL);
        exit(function(data));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    CliCheckResult result = {take(directory, "out"), take(directory, "err"), WEXITSTATUS(status)};
    cli_check_remove(directory);
    return result;
}
