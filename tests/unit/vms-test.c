/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/vms.h>

#include "lib/check.h"
#include "lib/proc-tree.h"

#include <qblk/error.h>
#include <sys/stat.h>

/* What each manager starts its guests with, shortened. */
#define PVE                                                                                        \
    "/usr/bin/kvm -id 100 -name win10,debug-threads=on -no-shutdown "                              \
    "-chardev socket,id=qmp,path=/run/qemu-server/100.qmp,server=on,wait=off "                     \
    "-mon chardev=qmp,mode=control "                                                               \
    "-chardev socket,id=qmp-event,path=/var/run/qmeventd.sock,reconnect=5 "                        \
    "-mon chardev=qmp-event,mode=control -pidfile /var/run/qemu-server/100.pid -daemonize "        \
    "-smbios type=1,uuid=b886e2ce-0caf-42a3-84db-d3568b369292 "                                    \
    "-drive if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF_CODE_4M.fd "              \
    "-drive file=/dev/pve/vm-100-disk-0,if=none,id=drive-scsi0,format=raw "                        \
    "-device scsi-hd,bus=scsihw0.0,drive=drive-scsi0,id=scsi0"
#define LIBVIRT                                                                                    \
    "/usr/bin/qemu-system-x86_64 -name guest=f36,debug-threads=on -S "                             \
    "-object '{\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"format\":\"raw\",\"file\":"         \
    "\"/var/lib/libvirt/qemu/domain-1-f36/master-key.aes\"}' "                                     \
    "-uuid 712590b2-fbd8-4a2f-a8e9-be33cb9ee0da -display none -no-user-config -nodefaults "        \
    "-chardev socket,id=charmonitor,fd=39,server=on,wait=off "                                     \
    "-mon chardev=charmonitor,id=monitor,mode=control "                                            \
    "-blockdev '{\"driver\":\"file\",\"filename\":\"/f36.qcow2\",\"node-name\":\"n\"}' "           \
    "-device '{\"driver\":\"virtio-blk-pci\",\"drive\":\"libvirt-1-format\"}'"
#define LIBVIRT_SOCKET "/var/lib/libvirt/qemu/domain-1-f36/monitor.sock"
#define INCUS                                                                                      \
    "/opt/incus/bin/qemu-system-x86_64 -S -name u1 -uuid 8d1f6cd5-18e6-4cb5-b9ae-5b3d9f5ccd09 "    \
    "-daemonize -cpu host -nographic -serial chardev:console -nodefaults -no-user-config "         \
    "-readconfig /run/incus/u1/qemu.conf -pidfile /run/incus/u1/qemu.pid"
#define INCUS_CONFIG                                                                               \
    "[chardev \"monitor\"]\nbackend = \"socket\"\npath = \"/run/incus/u1/qemu.monitor\"\n"         \
    "server = \"on\"\nwait = \"off\"\n\n[mon]\nchardev = \"monitor\"\nmode = \"control\"\n"

static const QblkVmMonitor *
get_monitor(const QblkVms *vms, guint vm, guint monitor)
{
    assert_true(vm < qblk_vms_get_n_vms(vms));
    const QblkVmMonitor *found = qblk_vm_info_get_monitor(qblk_vms_get_vm(vms, vm), monitor);
    assert_non_null(found);
    return found;
}

static void
assert_monitor(const QblkVmMonitor *monitor, const char *address, QblkVmMonitorState state,
               const char *reason)
{
    const char *found = qblk_vm_monitor_get_reason(monitor);
    assert_int_equal(g_strcmp0(qblk_vm_monitor_get_address(monitor), address), 0);
    assert_string_equal(qblk_vm_monitor_state_name(qblk_vm_monitor_get_state(monitor)),
                        qblk_vm_monitor_state_name(state));
    assert_int_equal(g_strcmp0(found, reason), 0);
}

static void
a_guest_of_proxmox_ve_has_its_vmid(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add(tree, 14422, PVE);
    proc_tree_socket(tree, 14422, 71, "/run/qemu-server/100.qmp", "listens");
    proc_tree_socket(tree, 14422, 72, "/run/qemu-server/100.qmp", "connected");

    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    assert_int_equal(qblk_vms_get_n_vms(vms), 1);
    const QblkVmInfo *vm = qblk_vms_get_vm(vms, 0);
    assert_string_equal(qblk_vm_info_get_name(vm), "win10");
    assert_string_equal(qblk_vm_info_get_uuid(vm), "b886e2ce-0caf-42a3-84db-d3568b369292");
    assert_int_equal(qblk_vm_info_get_pid(vm), 14422);
    assert_string_equal(qblk_vm_info_get_program(vm), "/usr/bin/kvm");
    assert_string_equal(qblk_vm_info_get_manager(vm), "proxmox-ve");
    assert_string_equal(qblk_vm_info_get_manager_id(vm), "100");
    assert_int_equal(qblk_vm_info_get_n_disks(vm), 1);
    assert_true(qblk_vm_info_is_complete(vm));
    assert_false(qblk_vm_info_is_storage_daemon(vm));
    assert_null(qblk_vm_info_get_version(vm));

    assert_int_equal(qblk_vm_info_get_n_monitors(vm), 2);
    assert_monitor(get_monitor(vms, 0, 0), "/run/qemu-server/100.qmp", QBLK_VM_MONITOR_STATE_BUSY,
                   NULL);
    assert_monitor(get_monitor(vms, 0, 1), NULL, QBLK_VM_MONITOR_STATE_CLOSED,
                   "QEMU is the client of this socket");
    assert_null(qblk_vm_info_get_monitor(vm, 2));
    assert_null(qblk_vms_get_vm(vms, 1));

    /* its manager is connected for a moment only */
    g_autoptr(GError) error = NULL;
    const QblkVmMonitor *chosen = qblk_vm_info_choose_monitor(vm, &error);
    assert_no_error(error);
    assert_ptr_equal(chosen, get_monitor(vms, 0, 0));
}

static void
the_inherited_socket_of_a_guest_of_libvirt_is_found(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add(tree, 5, LIBVIRT);
    proc_tree_socket(tree, 5, 71, LIBVIRT_SOCKET, "listens");
    proc_tree_fd(tree, 5, 39, 71);
    proc_tree_socket(tree, 5, 72, LIBVIRT_SOCKET, "connected");
    proc_tree_write(tree, "/run/systemd/machines/qemu-1-f36", "NAME=x\nLEADER=5\nCLASS=vm\n");
    proc_tree_write(tree, "/run/systemd/machines/unit:machine.scope", "LEADER=5\n");
    /* the same if the user may not inspect the process */
    proc_tree_add_hidden(tree, 6, LIBVIRT);

    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    assert_int_equal(qblk_vms_get_n_vms(vms), 2);
    for (guint i = 0; i < 2; i++) {
        const QblkVmInfo *vm = qblk_vms_get_vm(vms, i);
        assert_string_equal(qblk_vm_info_get_manager(vm), "libvirt");
        assert_string_equal(qblk_vm_info_get_manager_id(vm), "f36");
        assert_int_equal(qblk_vm_info_get_n_disks(vm), 1);
        assert_int_equal(qblk_vm_info_is_complete(vm), i == 0);
        assert_string_equal(qblk_vm_monitor_get_text(get_monitor(vms, i, 0)),
                            i == 0 ? "fd 39" : LIBVIRT_SOCKET);
    }
    assert_string_equal(qblk_vm_info_get_machine(qblk_vms_get_vm(vms, 0)), "qemu-1-f36");
    assert_monitor(get_monitor(vms, 0, 0), NULL, QBLK_VM_MONITOR_STATE_CLOSED,
                   "another QEMU has put its socket at the path");
    assert_monitor(get_monitor(vms, 1, 0), LIBVIRT_SOCKET, QBLK_VM_MONITOR_STATE_BUSY, NULL);

    g_autoptr(GError) error = NULL;
    assert_null(qblk_vm_info_choose_monitor(qblk_vms_get_vm(vms, 1), &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY,
                 "libvirt holds '" LIBVIRT_SOCKET "' as long as the guest runs");
}

static void
the_configuration_of_a_guest_of_incus_is_read(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add(tree, 5, INCUS);
    proc_tree_write(tree, "/run/incus/u1/qemu.conf", INCUS_CONFIG);
    proc_tree_socket(tree, 5, 71, "/run/incus/u1/qemu.monitor", "listens");
    proc_tree_socket(tree, 0, 0, "/run/incus/u1/qemu.monitor", "waits");
    proc_tree_add_hidden(tree, 6,
                         "qemu-system-x86_64 -name u2 -readconfig /root/incus/u2/qemu.conf");

    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    const QblkVmInfo *vm = qblk_vms_get_vm(vms, 0);
    assert_string_equal(qblk_vm_info_get_manager(vm), "incus");
    assert_string_equal(qblk_vm_info_get_manager_id(vm), "u1");
    assert_int_equal(qblk_vm_info_get_n_disks(vm), -1);
    assert_monitor(get_monitor(vms, 0, 0), "/run/incus/u1/qemu.monitor", QBLK_VM_MONITOR_STATE_BUSY,
                   NULL);

    g_autoptr(GError) error = NULL;
    assert_null(qblk_vm_info_choose_monitor(qblk_vms_get_vm(vms, 1), &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                 "cannot read '/root/incus/u2/qemu.conf'");
}

/* Two processes may listen at the same relative path, in different directories. */
static void
a_client_is_seen_without_connecting(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add(tree, 11, "kvm -qmp unix:a.qmp,server=on -qmp tcp::4444,server=on");
    proc_tree_socket(tree, 11, 71, "a.qmp", "listens");
    proc_tree_port(tree, 11, 72, 4444, "0A");
    proc_tree_socket(tree, 11, 75, "/run/a.qmp", "listens"); /* the file */
    proc_tree_add(tree, 12, "kvm -qmp unix:b.qmp,server=on -qmp tcp:localhost:4445,server=on");
    proc_tree_socket(tree, 12, 81, "b.qmp", "listens");
    proc_tree_socket(tree, 12, 82, "b.qmp", "connected");
    proc_tree_socket(tree, 12, 85, "/run/b.qmp", "listens");
    proc_tree_socket(tree, 13, 83, "a.qmp", "connected"); /* of another directory */
    proc_tree_port(tree, 12, 84, 4445, "0A");
    proc_tree_port(tree, 12, 86, 4445, "01");

    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    assert_int_equal(qblk_vms_get_n_vms(vms), 2);
    assert_monitor(get_monitor(vms, 0, 0), "/run/a.qmp", QBLK_VM_MONITOR_STATE_FREE, NULL);
    assert_monitor(get_monitor(vms, 0, 1), "tcp:127.0.0.1:4444", QBLK_VM_MONITOR_STATE_FREE, NULL);
    assert_monitor(get_monitor(vms, 1, 0), "/run/b.qmp", QBLK_VM_MONITOR_STATE_BUSY, NULL);
    assert_monitor(get_monitor(vms, 1, 1), "tcp:localhost:4445", QBLK_VM_MONITOR_STATE_BUSY, NULL);

    g_autoptr(GError) error = NULL;
    assert_null(qblk_vm_info_choose_monitor(qblk_vms_get_vm(vms, 1), &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY,
                 "another client is connected to '/run/b.qmp' and 'tcp:localhost:4445'");
}

static void
a_monitor_that_no_client_can_use_tells_why(void **state)
{
    static const struct {
        const char *options, *text, *reason;
        QblkVmMonitorState state;
    } rows[] = {
        {"-qmp stdio", "stdio", "it is not a socket", QBLK_VM_MONITOR_STATE_CLOSED},
        {"-qmp unix:/run/x", "/run/x", "QEMU is the client of this socket",
         QBLK_VM_MONITOR_STATE_CLOSED},
        {"-qmp unix:/run/gone,server=on", "/run/gone", "its path leads to no socket",
         QBLK_VM_MONITOR_STATE_CLOSED},
        {"-qmp unix:gone,server=on", "gone",
         "its path is relative, and QEMU is in another directory now",
         QBLK_VM_MONITOR_STATE_CLOSED},
        {"-qmp unix:/run/other,server=on", "/run/other", "QEMU does not listen there",
         QBLK_VM_MONITOR_STATE_CLOSED},
        {"-qmp unix:n,abstract=on,server=on", "@n",
         "qblk does not connect to sockets without a path", QBLK_VM_MONITOR_STATE_UNKNOWN},
        {"-qmp tcp::4,server=on,telnet=on", "tcp::4", "it uses telnet, websocket or TLS",
         QBLK_VM_MONITOR_STATE_CLOSED},
        {"-qmp tcp::4,server=on", "tcp::4", "QEMU does not listen there",
         QBLK_VM_MONITOR_STATE_CLOSED},
        {"-qmp tcp::qmp,server=on", "tcp::qmp", "its port is not a number",
         QBLK_VM_MONITOR_STATE_UNKNOWN},
        {"-mon chardev=c,mode=control", "c", "its character device is not known",
         QBLK_VM_MONITOR_STATE_UNKNOWN},
        {"-chardev socket,id=c,fd=9,server=on -mon chardev=c,mode=control", "fd 9",
         "QEMU has inherited a connection", QBLK_VM_MONITOR_STATE_CLOSED},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(ProcTree) tree = proc_tree_new();
        g_autofree char *line = g_strconcat("kvm ", rows[i].options, NULL);
        proc_tree_add(tree, 5, line);
        proc_tree_add(tree, 6, "sleep 9");
        proc_tree_socket(tree, 6, 71, "/run/other", "listens");
        proc_tree_fd(tree, 5, 9, 99);

        g_autoptr(QblkVms) vms = proc_tree_find(tree);
        const QblkVmMonitor *monitor = get_monitor(vms, 0, 0);
        assert_monitor(monitor, NULL, rows[i].state, rows[i].reason);
        assert_string_equal(qblk_vm_monitor_get_text(monitor), rows[i].text);

        g_autoptr(GError) error = NULL;
        assert_null(qblk_vm_info_choose_monitor(qblk_vms_get_vm(vms, 0), &error));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, rows[i].reason);
    }
}

static void
a_vm_without_a_qmp_monitor_gets_the_option(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add(tree, 5, "kvm -name web1");
    proc_tree_add(tree, 6, "kvm -monitor unix:/run/m,server=on");
    proc_tree_socket(tree, 6, 71, "/run/m", "listens");

    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    g_autoptr(GError) error = NULL;
    assert_null(qblk_vm_info_choose_monitor(qblk_vms_get_vm(vms, 0), &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                 "the VM 'web1' (pid 5) has no QMP monitor: start QEMU with -qmp unix:PATH");
    assert_null(qblk_vm_info_choose_monitor(qblk_vms_get_vm(vms, 1), &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                 "the VM with pid 6 has no QMP monitor: '/run/m' is one for people (HMP)");
    assert_false(qblk_vm_monitor_is_qmp(get_monitor(vms, 1, 0)));
}

/* The child of async-teardown=on, and the parent of -daemonize while it waits. */
static void
a_process_that_shares_a_command_line_is_no_vm(void **state)
{
    static const char line[] = "kvm -name web1";
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add(tree, 5, line);
    proc_tree_add(tree, 6, line);
    proc_tree_set_stat(tree, 6, 5, 1, "cleanup/5");
    proc_tree_add(tree, 7, line);
    proc_tree_add(tree, 8, line);
    proc_tree_set_stat(tree, 8, 7, 1, "qemu (x) y");
    proc_tree_add(tree, 9, "kvm -name web2");
    proc_tree_set_stat(tree, 9, 8, 1, "kvm");

    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    assert_int_equal(qblk_vms_get_n_vms(vms), 3);
    assert_int_equal(qblk_vm_info_get_pid(qblk_vms_get_vm(vms, 0)), 5);
    assert_int_equal(qblk_vm_info_get_pid(qblk_vms_get_vm(vms, 1)), 8);
    assert_int_equal(qblk_vm_info_get_pid(qblk_vms_get_vm(vms, 2)), 9);
}

static void
a_process_that_cannot_be_inspected_is_listed(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add_hidden(tree, 5,
                         "kvm -name web1 -qmp unix:/run/a,server=on -qmp unix:b,server=on "
                         "-qmp tcp::9,server=on -qmp unix:/run/c,server=on");
    proc_tree_socket(tree, 5, 71, "/run/a", "listens");
    proc_tree_socket(tree, 6, 72, "/run/other", "listens");

    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    assert_false(qblk_vm_info_is_complete(qblk_vms_get_vm(vms, 0)));
    assert_monitor(get_monitor(vms, 0, 0), "/run/a", QBLK_VM_MONITOR_STATE_FREE, NULL);
    assert_monitor(get_monitor(vms, 0, 1), NULL, QBLK_VM_MONITOR_STATE_UNKNOWN,
                   "its path is relative to a directory that this user cannot see");
    assert_monitor(get_monitor(vms, 0, 2), NULL, QBLK_VM_MONITOR_STATE_UNKNOWN,
                   "this user cannot see its socket");
    assert_monitor(get_monitor(vms, 0, 3), NULL, QBLK_VM_MONITOR_STATE_UNKNOWN,
                   "this user cannot see its socket");

    proc_tree_add_hidden(tree, 7, "kvm -name web2 -qmp tcp::9,server=on");
    g_autoptr(QblkVms) more = proc_tree_find(tree);
    g_autoptr(GError) error = NULL;
    assert_null(qblk_vm_info_choose_monitor(qblk_vms_get_vm(more, 1), &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "use qblk as root");
}

static void
an_inherited_socket_may_be_one_of_tcp(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add(tree, 5, "kvm -chardev socket,id=c,fd=9,server=on -mon chardev=c,mode=control");
    proc_tree_port(tree, 5, 71, 4444, "0A");
    proc_tree_fd(tree, 5, 9, 71);

    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    assert_monitor(get_monitor(vms, 0, 0), "tcp:127.0.0.1:4444", QBLK_VM_MONITOR_STATE_FREE, NULL);
}

static void
vms_can_be_chosen_by_name(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add(tree, 5, "kvm -name web1");
    proc_tree_add(tree, 6, "kvm -name web2");
    proc_tree_add(tree, 7, "kvm -name db");
    g_autoptr(QblkVmsOptions) options = qblk_vms_options_new();
    qblk_vms_options_set_root(options, tree->root);
    qblk_vms_options_add_name(options, "db");
    qblk_vms_options_add_name(options, "5");

    g_autoptr(GError) error = NULL;
    g_autoptr(QblkVms) vms = qblk_vms_find(options, &error);
    assert_no_error(error);
    assert_int_equal(qblk_vms_get_n_vms(vms), 2);
    assert_string_equal(qblk_vm_info_get_name(qblk_vms_get_vm(vms, 0)), "web1");
    assert_string_equal(qblk_vm_info_get_name(qblk_vms_get_vm(vms, 1)), "db");

    qblk_vms_options_add_name(options, "web3");
    assert_null(qblk_vms_find(options, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "did you mean 'web1' or 'web2'?");
}

static void
other_processes_are_passed_over(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add_bytes(tree, 3, "", 0); /* a thread of the kernel, or one that has ended */
    proc_tree_add_bytes(tree, 4, "\0\0", 2);
    proc_tree_add_bytes(tree, 5, "kvm", 3); /* without a NUL at the end */
    proc_tree_add(tree, 6, "sh -c 'qemu-system-x86_64 -name web1'");
    proc_tree_write(tree, "/proc/meminfo", "");
    proc_tree_write(tree, "/proc/7/comm", "");

    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    assert_int_equal(qblk_vms_get_n_vms(vms), 1);
    assert_int_equal(qblk_vm_info_get_pid(qblk_vms_get_vm(vms, 0)), 5);
    assert_null(qblk_vm_info_get_name(qblk_vms_get_vm(vms, 0)));

    g_autoptr(QblkVmsOptions) options = qblk_vms_options_new();
    g_autoptr(GError) error = NULL;
    qblk_vms_options_set_root(options, "/nonexistent");
    assert_null(qblk_vms_find(options, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot list the processes");
}

/* A process may have any bytes as its arguments, and name any file. */
static void
a_hostile_process_does_not_stop_the_others(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    g_autofree char *line = g_malloc0(9 * 1024 * 1024);
    (void)g_strlcpy(line, "kvm", 4);
    proc_tree_add_bytes(tree, 3, line, 9 * 1024 * 1024);
    proc_tree_add(tree, 4, "kvm -readconfig /run/pipe -readconfig /run/directory -readconfig ''");
    proc_tree_write(tree, "/run/directory/file", "");
    g_autofree char *pipe_path = g_strconcat(tree->root, "/run/pipe", NULL);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    proc_tree_add(tree, 5,
                  "kvm -name '' -uuid '' -qmp '' -qmp , -mon '' -chardev = -qmp unix: "
                  "-qmp tcp: -qmp tcp::99999999999,server=on -chardev socket,id=,fd=-1");
    proc_tree_add_bytes(tree, 6, "kvm\0-name\0\xff\xfe\n\0-device\0{\"a\":\0-qmp", 32);
    g_string_append(tree->names, "0: x\n\n : : : : : : : :\n0 0 0 00010000 0 01 1\n");
    g_string_append(tree->ports, "0: 0:0\n0: 0100007F:FFFFF 0 0A\n");

    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    assert_int_equal(qblk_vms_get_n_vms(vms), 3);
    for (guint i = 0; i < 3; i++) {
        const QblkVmInfo *vm = qblk_vms_get_vm(vms, i);
        g_autoptr(GError) error = NULL;
        assert_int_equal(qblk_vm_info_get_pid(vm), 4 + i);
        assert_null(qblk_vm_info_choose_monitor(vm, &error));
        assert_true(g_utf8_validate(error->message, -1, NULL));
    }
    const QblkVmInfo *named = qblk_vms_lookup(vms, "\xff\xfe\n", NULL);
    assert_ptr_equal(named, qblk_vms_get_vm(vms, 2));
    assert_string_equal(qblk_vm_info_get_name(named), "\xef\xbf\xbd\xef\xbf\xbd\n");
}

static void
a_monitor_lives_as_long_as_a_reference(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add(tree, 5, "kvm -qmp stdio");
    QblkVms *vms = proc_tree_find(tree);
    QblkVmMonitor *monitor = qblk_vm_monitor_ref(get_monitor(vms, 0, 0));
    qblk_vms_unref(qblk_vms_ref(vms));
    qblk_vms_unref(vms);
    assert_string_equal(qblk_vm_monitor_get_text(monitor), "stdio");
    qblk_vm_monitor_unref(monitor);
    qblk_vm_monitor_unref(NULL);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_of_proxmox_ve_has_its_vmid),
        cmocka_unit_test(the_inherited_socket_of_a_guest_of_libvirt_is_found),
        cmocka_unit_test(the_configuration_of_a_guest_of_incus_is_read),
        cmocka_unit_test(a_client_is_seen_without_connecting),
        cmocka_unit_test(a_monitor_that_no_client_can_use_tells_why),
        cmocka_unit_test(a_vm_without_a_qmp_monitor_gets_the_option),
        cmocka_unit_test(a_process_that_shares_a_command_line_is_no_vm),
        cmocka_unit_test(a_process_that_cannot_be_inspected_is_listed),
        cmocka_unit_test(an_inherited_socket_may_be_one_of_tcp),
        cmocka_unit_test(vms_can_be_chosen_by_name),
        cmocka_unit_test(other_processes_are_passed_over),
        cmocka_unit_test(a_hostile_process_does_not_stop_the_others),
        cmocka_unit_test(a_monitor_lives_as_long_as_a_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
