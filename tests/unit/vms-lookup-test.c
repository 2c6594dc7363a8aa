/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/vms.h>

#include "lib/check.h"
#include "lib/proc-tree.h"
#include "lib/test-directory.h"

#include <glib/gstdio.h>
#include <qblk/error.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define UUID "712590b2-fbd8-4a2f-a8e9-be33cb9ee0da"

static QblkVms *
find_vms(ProcTree *tree)
{
    proc_tree_add(tree, 11, "kvm -name web1 -qmp unix:/run/1,server=on -uuid " UUID);
    proc_tree_socket(tree, 11, 71, "/run/1", "listens");
    proc_tree_add(tree, 12, "kvm -name twin -qmp unix:/run/2,server=on");
    proc_tree_socket(tree, 12, 72, "/run/2", "listens");
    proc_tree_add(tree, 13, "kvm -name twin");
    proc_tree_add(tree, 14, "kvm -name db -id 100 -qmp unix:/run/qemu-server/100.qmp,server=on");
    proc_tree_socket(tree, 14, 74, "/run/qemu-server/100.qmp", "listens");
    proc_tree_add(tree, 100, "kvm");
    proc_tree_write(tree, "/run/systemd/machines/qemu-1-web1", "LEADER=11\n");
    return proc_tree_find(tree);
}

static void
a_vm_has_several_names(void **state)
{
    static const struct {
        const char *name;
        int pid;
    } rows[] = {
        {"web1", 11},        {UUID, 11}, {"712590B2-FBD8-4A2F-A8E9-BE33CB9EE0DA", 11},
        {"qemu-1-web1", 11}, {"11", 11}, {"13", 13},
        {"db", 14},
    };
    g_autoptr(ProcTree) tree = proc_tree_new();
    g_autoptr(QblkVms) vms = find_vms(tree);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        const QblkVmInfo *vm = qblk_vms_lookup(vms, rows[i].name, &error);
        assert_no_error(error);
        assert_int_equal(qblk_vm_info_get_pid(vm), rows[i].pid);
        assert_true(qblk_vms_has(vms, rows[i].name));
    }
}

static void
a_name_that_means_no_vm_or_several_is_refused(void **state)
{
    static const struct {
        const char *name, *message;
    } rows[] = {
        {"twin", "VM 'twin' is ambiguous: pid 12 at '/run/2' and pid 13 without a QMP monitor: "
                 "specify a pid or a socket"},
        {"100", "VM '100' is ambiguous: pid 14 at '/run/qemu-server/100.qmp' and pid 100 without "
                "a QMP monitor"},
        {"web", "invalid VM 'web': did you mean 'web1'?"},
        {"WEB1", "invalid VM 'WEB1': did you mean 'web1'?"},
        {"wbe1", "invalid VM 'wbe1': did you mean 'web1'?"},
        {"twni", "did you mean 'twin'?"},
        {"d1", "did you mean 'db'?"},
        {"nothing", "invalid VM 'nothing': no VM of this machine has this name"},
        {"1", "invalid VM '1': no VM of this machine has this name"},
        {"", "invalid VM ''"},
    };
    g_autoptr(ProcTree) tree = proc_tree_new();
    g_autoptr(QblkVms) vms = find_vms(tree);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(qblk_vms_lookup(vms, rows[i].name, &error));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, rows[i].message);
    }
    assert_true(qblk_vms_has(vms, "twin"));
    assert_false(qblk_vms_has(vms, "web"));
}

static void
bind_here(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)g_strlcpy(address.sun_path, name, sizeof(address.sun_path));
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&address, sizeof(address)), 0);
    close(fd);
}

static void
a_name_becomes_an_address(void **state)
{
    static const struct {
        const char *text, *address, *message;
    } rows[] = {
        {"web1", "/run/1", NULL},
        {"11", "/run/1", NULL},
        {"/run/x", "/run/x", NULL},
        {"./web1", "./web1", NULL},
        {"unix:web1", "unix:web1", NULL},
        {"tcp:web1:1", "tcp:web1:1", NULL},
        {"plain.qmp", "./plain.qmp", NULL},
        {"db", NULL,
         "VM 'db' is ambiguous: a VM and a socket have this name: specify the pid 14 "
         "or './db'"},
        {"13", NULL, "the VM 'twin' (pid 13) has no QMP monitor"},
        {"disk.raw", NULL,
         "invalid VM 'disk.raw': the file is not a socket: did you mean "
         "'image:disk.raw'"},
        {"captuer:x", NULL, "invalid VM 'captuer:x': use PATH"},
        {"", NULL, "invalid VM '': use PATH"},
        {"twin", NULL, "is ambiguous"},
        {"plain", NULL, "no VM of this machine has this name, and there is no socket './plain'"},
    };
    g_autoptr(ProcTree) tree = proc_tree_new();
    g_autoptr(QblkVms) vms = find_vms(tree);
    g_autofree char *before = g_get_current_dir();
    assert_int_equal(g_chdir(test_directory()), 0);
    bind_here("plain.qmp");
    bind_here("db");
    assert_true(g_file_set_contents("disk.raw", "", 0, NULL));

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkAddress) address = qblk_vms_resolve(vms, rows[i].text, &error);
        if (rows[i].address != NULL) {
            assert_no_error(error);
            assert_string_equal(qblk_address_get_text(address), rows[i].address);
        } else {
            assert_null(address);
            assert_non_null(error);
            assert_non_null(strstr(error->message, rows[i].message));
        }
    }
    assert_int_equal(g_chdir(before), 0);
}

static void
an_address_is_known_by_its_form(void **state)
{
    static const char *const forms[] = {"/a",   "a/b",     "unix:a",    "tcp:h:1",
                                        "fd:3", "image:a", "capture:-", "domain:a"};
    static const char *const others[] = {"", "web1", "a:b", "Unix:a", "100"};

    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        assert_true(qblk_address_has_form(forms[i]));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        assert_false(qblk_address_has_form(others[i]));
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vm_has_several_names),
        cmocka_unit_test(a_name_that_means_no_vm_or_several_is_refused),
        cmocka_unit_test_setup_teardown(a_name_becomes_an_address, test_directory_set_up,
                                        test_directory_tear_down),
        cmocka_unit_test(an_address_is_known_by_its_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
