/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/transport.h"

#include "lib/check.h"
#include "lib/test-directory.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <qblk/error.h>

/* Use a shell script in place of ssh; it finds the directory of the test in $0. */
static void
use_script(const char *commands)
{
    g_autofree char *path = test_directory_path("ssh");
    g_autofree char *script = g_strdup_printf("#!/bin/sh\ndirectory=${0%%/*}\n%s\n", commands);
    assert_true(g_file_set_contents(path, script, -1, NULL));
    assert_int_equal(g_chmod(path, 0700), 0);
    assert_true(g_setenv("QBLK_SSH", path, TRUE));
}

static int
set_up(void **state)
{
    assert_int_equal(test_directory_set_up(state), 0);
    g_autofree char *sockets = test_directory_path("sockets");
    assert_int_equal(g_mkdir(sockets, 0700), 0);
    assert_true(g_setenv("XDG_RUNTIME_DIR", sockets, TRUE));
    /* It asks with or without a terminal. */
    assert_true(g_setenv("SSH_ASKPASS", "/bin/false", TRUE));
    return 0;
}

/* Fails if a socket of ssh was left. */
static int
tear_down(void **state)
{
    g_autofree char *sockets = test_directory_path("sockets");
    int result = g_rmdir(sockets);
    return test_directory_tear_down(state) + result;
}

static QblkAddress *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    QblkAddress *address = qblk_address_parse(text, &error);
    assert_no_error(error);
    return address;
}

static void
refuse(const char *text, int timeout_ms, const QblkWaiter *waiter, int code, const char *part)
{
    g_autoptr(QblkAddress) address = parse(text);
    g_autoptr(GError) error = NULL;
    QblkSsh *ssh;
    assert_int_equal(qblk_transport_open(address, timeout_ms, waiter, &ssh, &error), -1);
    assert_null(ssh);
    assert_error(error, QBLK_QMP_ERROR, code, part);
}

/* Returns: the arguments that the script has written into the file "arguments" */
static char **
read_arguments(void)
{
    g_autofree char *path = test_directory_path("arguments");
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_strchomp(text);
    return g_strsplit(text, "\n", -1);
}

static void
each_part_of_the_address_is_one_argument(void **state)
{
    use_script("printf '%s\\n' \"$@\" >$directory/arguments");
    g_autoptr(QblkAddress) address = parse("ssh://me%2ex@[fe80::1]:22/a%3Ab%25c%5Cd%20e$f/g");
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSsh) ssh = qblk_ssh_start(address, 5001, NULL, &error);
    assert_no_error(error);

    g_auto(GStrv) arguments = read_arguments();
    g_autofree char *socket = g_strdup(qblk_ssh_get_socket(ssh));
    g_autofree char *forward = g_strconcat(socket, ":/a\\:b%%c\\\\d e$f/g", NULL);
    const char *const expected[] = {
        "-N",
        "-T",
        "-S",
        "none",
        "-o",
        "ExitOnForwardFailure=no",
        "-o",
        "StreamLocalBindUnlink=no",
        "-o",
        "StreamLocalBindMask=0177",
        "-o",
        "LogLevel=INFO",
        "-o",
        "PermitLocalCommand=yes",
        "-o",
        "LocalCommand=echo ready",
        "-oBatchMode=no",
        "-oConnectTimeout=6",
        "-L",
        forward,
        "-p",
        "22",
        "-l",
        "me.x",
        "--",
        "fe80::1",
        NULL,
    };
    assert_true(g_strv_equal((const char *const *)arguments, expected));
}

static void
user_and_port_are_those_of_the_configuration_if_the_address_has_none(void **state)
{
    use_script("printf '%s\\n' \"$@\" >$directory/arguments");
    g_autoptr(QblkAddress) address = parse("ssh://host/vm.qmp");
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSsh) ssh = qblk_ssh_start(address, 5000, NULL, &error);
    assert_no_error(error);

    g_auto(GStrv) arguments = read_arguments();
    guint count = g_strv_length(arguments);
    assert_string_equal(arguments[count - 1], "host");
    assert_string_equal(arguments[count - 2], "--");
    assert_true(g_str_has_suffix(arguments[count - 3], "/s:/vm.qmp"));
    assert_false(g_strv_contains((const char *const *)arguments, "-p"));
    assert_false(g_strv_contains((const char *const *)arguments, "-l"));
}

static void
the_reason_of_an_ssh_that_ends_is_reported(void **state)
{
    use_script("printf 'a banner\\n\\nssh: not \\377 today.\\r\\n' >&2; exit 255");
    refuse("ssh://u@h:1/x", 5000, NULL, QBLK_QMP_ERROR_CONNECT,
           "cannot connect to 'ssh://u@h:1/x': ssh: not \357\277\275 today: does 'ssh -p 1 u@h' "
           "work?");

    use_script("exit 3");
    refuse("ssh://h/x", 5000, NULL, QBLK_QMP_ERROR_CONNECT,
           "ssh ended with status 3: does 'ssh h' work?");
    use_script("kill -9 $$");
    refuse("ssh://h/x", 5000, NULL, QBLK_QMP_ERROR_CONNECT, "ssh was killed by signal 9");
}

static void
a_program_that_does_not_exist_is_named(void **state)
{
    assert_true(g_setenv("QBLK_SSH", "/nonexistent/ssh", TRUE));
    refuse("ssh://h/x", 5000, NULL, QBLK_QMP_ERROR_CONNECT, "cannot find '/nonexistent/ssh'");
}

static int
cancel(struct pollfd *item, int timeout_ms, gpointer user_data)
{
    int *calls = user_data;
    (*calls)++;
    assert_int_equal(item->events, POLLIN);
    assert_int_equal(timeout_ms, -1); /* a person may be asked */
    return -ECANCELED;
}

static void
the_waiter_waits_for_ssh(void **state)
{
    int calls = 0;
    const QblkWaiter waiter = {.poll = cancel, .user_data = &calls};
    use_script("exec sleep 1000");
    refuse("ssh://h/x", 5000, &waiter, QBLK_QMP_ERROR_CONNECT, "cannot wait for ssh");
    assert_int_equal(calls, 1);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_part_of_the_address_is_one_argument, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            user_and_port_are_those_of_the_configuration_if_the_address_has_none, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(the_reason_of_an_ssh_that_ends_is_reported, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_program_that_does_not_exist_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_waiter_waits_for_ssh, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
