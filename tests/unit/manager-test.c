/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/manager.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

#define PVE_FILE   "ea4dd8ab4d2a796772ccac6d0adf68f"
#define PVE_FORMAT "fa4dd8ab4d2a796772ccac6d0adf68f"
#define UUID       "44ab108a-62e6-480e-b44c-aac301227f94"

typedef struct {
    const char *nodes, *blocks; /* as of graph_fixture_machine() */
    const char *manager;        /* id, or NULL */
} Guest;

static const QblkManager *
manager_of(const QblkReplies *replies)
{
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    return snapshot->manager; /* constant */
}

static void
assert_manager(const QblkManager *found, const char *id, const char *what)
{
    if (g_strcmp0(found == NULL ? NULL : found->id, id) != 0) {
        fail_msg("%s: the manager is %s", what, found == NULL ? "not known" : found->id);
    }
}

static void
a_manager_is_recognised_by_its_names(void **state)
{
    static const Guest guests[] = {
        {"libvirt-1-format raw /d/a", "virtio-disk0 - libvirt-1-format", "libvirt"},
        {"libvirt-CoR-vda copy-on-read /d/a", "virtio-disk0 - libvirt-CoR-vda", "libvirt"},
        {"libvirt-1-format raw /d/a", "ua-rootdisk - libvirt-1-format", "libvirt"}, /* KubeVirt */
        {"libvirt-1-format raw /d/a", "ua-" UUID " - libvirt-1-format", "ovirt"},
        {PVE_FILE " file /d/a\n" PVE_FORMAT " raw /d/a file=" PVE_FILE
                  "\ndrive-scsi0 throttle /d/a file=" PVE_FORMAT,
         "scsi0 - drive-scsi0", "proxmox-ve"},
        {"n raw /dev/pve/vm-100-disk-0", "scsi0 drive-scsi0 n", "proxmox-ve"},
        {"n qcow2 /var/lib/vz/images/100/base-100-disk-1.qcow2", "virtio15 drive-virtio15 n",
         "proxmox-ve"},
        {"incus_root raw /d/a", "dev-incus_root - incus_root", "incus"},
        {"lxd_root raw /d/a", "dev-lxd_root - lxd_root", "lxd"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(guests); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine(guests[i].nodes, guests[i].blocks);
        assert_manager(manager_of(replies), guests[i].manager, guests[i].blocks);
    }
}

/* Names that people choose, or copy from the manager. */
static void
a_guest_that_was_started_by_hand_has_no_manager(void **state)
{
    static const Guest guests[] = {
        {"drive0 qcow2 /d/a", "vda - drive0", NULL},
        {"drive-scsi0 qcow2 /d/a", "scsi0 - drive-scsi0", NULL},
        {"n qcow2 /d/a", "scsi0 drive-scsi0 n", NULL},
        {"n raw /d/vm-100-disk-0", "vda - n", NULL},
        {"n raw /d/vm-100-disk-0", "disk0 drive-scsi0 n", NULL},
        {"n raw /d/vm-x-disk-0", "scsi0 drive-scsi0 n", NULL},
        {"n raw /d/vm-100-disk-0", "virtio-disk0 drive-virtio-disk0 n", NULL}, /* old libvirt */
        {"n raw /d/vm-100-disk-0", "scsi0-0-0-0 drive-scsi0-0-0-0 n", NULL},
        {PVE_FORMAT " raw /d/a", "vda - " PVE_FORMAT, NULL},
        {"drive-root throttle /d/a file=" PVE_FORMAT "\n" PVE_FORMAT " raw /d/a",
         "root - drive-root", NULL},
        {"drive-scsi0 raw /d/a\nbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb raw /d/b", "scsi0 - drive-scsi0",
         NULL},
        {"incus_root raw /d/a", "vda - incus_root", NULL},
        {"n raw /d/incus/qemu.conf", "ua-" UUID " - n", NULL},
        {"libvirt-a raw /d/a", "virtio-disk0 - libvirt-a", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(guests); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine(guests[i].nodes, guests[i].blocks);
        assert_manager(manager_of(replies), guests[i].manager, guests[i].blocks);
    }
}

static void
a_manager_is_recognised_by_the_arguments_of_the_process(void **state)
{
    static const struct {
        const char *arguments; /* separated by spaces */
        const char *manager;   /* id, or NULL */
    } processes[] = {
        {"/usr/bin/kvm -id 100 -name web,debug-threads=on -no-shutdown -chardev "
         "socket,id=qmp,path=/var/run/qemu-server/100.qmp,server=on,wait=off",
         "proxmox-ve"},
        {"/usr/bin/kvm -pidfile /run/qemu-server/100.pid -daemonize", "proxmox-ve"},
        {"socat UNIX-CONNECT:/var/run/qemu-server/100.qmp UNIX-LISTEN:/tmp/q", "proxmox-ve"},
        {"/opt/incus/bin/qemu-system-x86_64 -S -name web -readconfig /run/incus/web/qemu.conf",
         "incus"},
        {"/snap/lxd/24918/bin/qemu-system-x86_64 -readconfig "
         "/var/snap/lxd/common/lxd/logs/web/qemu.conf",
         "lxd"},
        {"/usr/libexec/qemu-kvm -name guest=web,debug-threads=on -object "
         "{\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"format\":\"raw\",\"file\":"
         "\"/var/lib/libvirt/qemu/domain-1-web/master-key.aes\"}",
         "libvirt"},
        {"/usr/libexec/qemu-kvm -object "
         "secret,id=masterKey0,format=raw,file=/var/lib/libvirt/qemu/domain-1-web/master-key.aes "
         "-smbios type=1,manufacturer=oVirt,product=RHEL",
         "ovirt"},
        {"/usr/bin/kvm -id 100 -qmp unix:/tmp/q,server=on,wait=off", NULL},
        {"qemu-system-x86_64 -name qemu-server -readconfig /home/me/incus/vm.conf", NULL},
        {"qemu-system-x86_64 -chardev socket,id=charmonitor,path=/tmp/q,server=on", NULL},
        {"qemu-system-x86_64 -object secret,id=masterKey0,data=x", NULL},
        {"", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(processes); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine("n raw /d/a", "vda - n");
        replies->arguments = g_strsplit(processes[i].arguments, " ", -1);
        assert_manager(manager_of(replies), processes[i].manager, processes[i].arguments);
    }
}

/* The graph cannot be read while libvirt runs a stream on some versions. */
static void
a_job_of_libvirt_is_recognised_without_its_nodes(void **state)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GPtrArray) jobs = g_ptr_array_new();
    char *const ids[] = {(char[]){"pull-vda-libvirt-2-format"}, (char[]){"pull-vda-n"}};
    const char *const managers[] = {"libvirt", NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
        QblkJob job = {.id = ids[i]};
        g_ptr_array_set_size(jobs, 0);
        g_ptr_array_add(jobs, &job);
        const QblkManagerEvidence evidence = {.nodes = none, .devices = none, .jobs = jobs};
        assert_manager(qblk_manager_find(&evidence), managers[i], ids[i]);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manager_is_recognised_by_its_names),
        cmocka_unit_test(a_guest_that_was_started_by_hand_has_no_manager),
        cmocka_unit_test(a_manager_is_recognised_by_the_arguments_of_the_process),
        cmocka_unit_test(a_job_of_libvirt_is_recognised_without_its_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
