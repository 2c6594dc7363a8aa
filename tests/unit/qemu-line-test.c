/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/qemu-line.h"

#include "lib/check.h"
#include "vms/keyval.h"
#include "vms/qemu-config.h"

static QblkQemuLine *
read_line(const char *text)
{
    g_auto(GStrv) arguments = NULL;
    assert_true(g_shell_parse_argv(text, NULL, &arguments, NULL));
    return qblk_qemu_line_new(arguments);
}

/* Returns: (transfer full): each monitor: "qmp /run/a.qmp, hmp stdio" */
static char *
list_monitors(const QblkQemuLine *line)
{
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < line->monitors->len; i++) {
        const QblkQemuMonitor *monitor = line->monitors->pdata[i];
        const QblkQemuChardev *chardev = qblk_qemu_line_find_chardev(line, monitor);
        g_autofree char *text = chardev == NULL ? g_strdup_printf("(%s)", monitor->chardev)
                                                : qblk_qemu_chardev_describe(chardev);
        g_string_append_printf(list, "%s%s %s%s", i == 0 ? "" : ", ",
                               monitor->is_qmp ? "qmp" : "hmp", text,
                               chardev != NULL && !chardev->listens ? "!" : "");
    }
    return g_string_free(list, FALSE);
}

static void
a_value_is_split_as_qemu_splits_it(void **state)
{
    g_autoptr(GHashTable) keyval =
        qblk_keyval_parse("unix,path=/run/a,,b=c.sock,server,wait=off,id=x,id=y,empty=", "backend");
    assert_string_equal(qblk_keyval_get(keyval, "backend"), "unix");
    assert_string_equal(qblk_keyval_get(keyval, "path"), "/run/a,b=c.sock");
    assert_true(qblk_keyval_is_on(keyval, "server"));
    assert_false(qblk_keyval_is_on(keyval, "wait"));
    assert_string_equal(qblk_keyval_get(keyval, "id"), "y");
    assert_string_equal(qblk_keyval_get(keyval, "empty"), "");
    assert_null(qblk_keyval_get(keyval, "telnet"));

    g_autoptr(GHashTable) json = qblk_keyval_parse(
        "{\"driver\":\"scsi-hd\",\"drive\":\"d,1\",\"on\":true,\"n\":3,\"x\":{}}", "driver");
    assert_string_equal(qblk_keyval_get(json, "driver"), "scsi-hd");
    assert_string_equal(qblk_keyval_get(json, "drive"), "d,1");
    assert_true(qblk_keyval_is_on(json, "on"));
    assert_string_equal(qblk_keyval_get(json, "n"), "3");
    assert_null(qblk_keyval_get(json, "x"));

    g_autoptr(GHashTable) broken = qblk_keyval_parse("{\"driver\":", "driver");
    assert_int_equal(g_hash_table_size(broken), 0);
    g_autoptr(GHashTable) empty = qblk_keyval_parse("", "driver");
    assert_int_equal(g_hash_table_size(empty), 0);
}

/* Only programs of QEMU are found, also those that a dynamic loader has started. */
static void
a_program_of_qemu_is_known_by_its_name(void **state)
{
    static const struct {
        const char *line;
        QblkQemuProgram kind;
        const char *program;
    } rows[] = {
        {"qemu-system-x86_64 -S", QBLK_QEMU_PROGRAM_SYSTEM, "qemu-system-x86_64"},
        {"/opt/incus/bin/qemu-system-aarch64", QBLK_QEMU_PROGRAM_SYSTEM,
         "/opt/incus/bin/qemu-system-aarch64"},
        {"/usr/bin/kvm -id 100", QBLK_QEMU_PROGRAM_SYSTEM, "/usr/bin/kvm"},
        {"/usr/libexec/qemu-kvm", QBLK_QEMU_PROGRAM_SYSTEM, "/usr/libexec/qemu-kvm"},
        {"qemu-storage-daemon --daemonize", QBLK_QEMU_PROGRAM_STORAGE_DAEMON,
         "qemu-storage-daemon"},
        {"/lib64/ld-linux-x86-64.so.2 --library-path /a:/b --argv0 x --list /u/qemu-system-x86_64",
         QBLK_QEMU_PROGRAM_SYSTEM, "/u/qemu-system-x86_64"},
        {"/lib64/ld-linux-x86-64.so.2 --library-path /a:/b ls", QBLK_QEMU_PROGRAM_NONE, NULL},
        {"/lib64/ld-linux-x86-64.so.2 --library-path", QBLK_QEMU_PROGRAM_NONE, NULL},
        {"qemu-img convert a b", QBLK_QEMU_PROGRAM_NONE, NULL},
        {"vim qemu-system-x86_64", QBLK_QEMU_PROGRAM_NONE, NULL},
        {"kvmtool", QBLK_QEMU_PROGRAM_NONE, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkQemuLine) line = read_line(rows[i].line);
        assert_int_equal(line == NULL ? QBLK_QEMU_PROGRAM_NONE : line->kind, rows[i].kind);
        if (line != NULL) {
            assert_string_equal(line->program, rows[i].program);
        }
    }

    char *const nothing[] = {NULL};
    assert_null(qblk_qemu_line_new(nothing));
}

static void
each_form_of_monitor_is_read(void **state)
{
    static const struct {
        const char *options, *monitors;
    } rows[] = {
        {"-qmp unix:/run/a.qmp,server=on,wait=off", "qmp /run/a.qmp"},
        {"--qmp unix:/run/a.qmp,server,nowait", "qmp /run/a.qmp"},
        {"-qmp-pretty unix:a,,b,server=on", "qmp a,b"},
        {"-qmp tcp:localhost:4444,server=on,wait=off", "qmp tcp:localhost:4444"},
        {"-qmp tcp::4444,server", "qmp tcp::4444"},
        {"-qmp unix:/run/a.qmp", "qmp /run/a.qmp!"},
        {"-qmp unix:path=name,abstract=on,server=on", "qmp @name"},
        {"-qmp telnet:h:1,server=on", "qmp tcp:h:1"},
        {"-qmp stdio -monitor pty -qmp none -monitor none", "qmp stdio!, hmp pty!"},
        {"-monitor unix:/run/m,server=on -qmp unix:/run/q,server=on", "hmp /run/m, qmp /run/q"},
        {"-chardev socket,id=q,path=/a,server=on -mon chardev=q,mode=control", "qmp /a"},
        {"-mon q,mode=control,pretty=on -chardev socket,path=/a,server,nowait,id=q", "qmp /a"},
        {"-chardev socket,id=q,host=::1,port=4,server=on -mon chardev=q", "hmp tcp:::1:4"},
        {"-chardev socket,id=q,path=/a,server=on -qmp chardev:q", "qmp /a"},
        {"-chardev socket,id=q,fd=30,server=on -mon chardev=q,mode=control", "qmp fd 30"},
        {"-mon chardev=lost,mode=control", "qmp (lost)"},
        {"-append '-qmp unix:/x,server' -S -nographic -qmp unix:/y,server=on", "qmp /y"},
        {"-qmp", ""},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strconcat("qemu-system-x86_64 ", rows[i].options, NULL);
        g_autoptr(QblkQemuLine) line = read_line(text);
        g_autofree char *monitors = list_monitors(line);
        assert_string_equal(monitors, rows[i].monitors);
    }
}

static void
the_name_and_the_uuid_are_read(void **state)
{
    static const struct {
        const char *options, *name, *uuid, *id;
    } rows[] = {
        {"-name web1", "web1", NULL, NULL},
        {"-name guest=web1,debug-threads=on", "web1", NULL, NULL},
        {"-name win10,debug-threads=on -id 100 -smbios type=1,uuid=b886e2ce", "win10", "b886e2ce",
         "100"},
        {"--name a,,b,process=x --uuid 1-2 -smbios type=1,uuid=3", "a,b", "1-2", NULL},
        {"-smbios type=2,uuid=3 -name debug-threads=on", NULL, NULL, NULL},
        {"-name old -name new", "new", NULL, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strconcat("kvm ", rows[i].options, NULL);
        g_autoptr(QblkQemuLine) line = read_line(text);
        assert_int_equal(g_strcmp0(line->name, rows[i].name), 0);
        assert_int_equal(g_strcmp0(line->uuid, rows[i].uuid), 0);
        assert_int_equal(g_strcmp0(line->id, rows[i].id), 0);
    }
}

static void
disks_are_counted_once(void **state)
{
    static const struct {
        const char *options;
        guint count;
    } rows[] = {
        {"", 0},
        {"disk.qcow2", 1},
        {"-hda a -cdrom b -fda c", 3},
        {"-drive file=a,if=virtio -drive file=b", 2},
        {"-drive file=a,if=none,id=d -device scsi-hd,drive=d -drive file=v,if=pflash", 1},
        {"-blockdev '{\"driver\":\"file\"}' -device '{\"driver\":\"ide-hd\",\"drive\":\"n\"}'", 1},
        {"-device vhost-user-blk-pci,chardev=c -device virtio-net-pci,netdev=n", 1},
        {"-nodefaults -no-user-config -S", 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strconcat("qemu-system-x86_64 ", rows[i].options, NULL);
        g_autoptr(QblkQemuLine) line = read_line(text);
        assert_int_equal(line->n_disks, rows[i].count);
    }
}

static void
the_options_of_the_storage_daemon_have_other_forms(void **state)
{
    g_autoptr(QblkQemuLine) line = read_line(
        "qemu-storage-daemon --daemonize --chardev=socket,id=q,path=/a,server=on,wait=off "
        "--blockdev driver=file,node-name=f --monitor chardev=q");
    g_autofree char *monitors = list_monitors(line);
    assert_string_equal(monitors, "qmp /a");
}

/* As Incus writes it. */
static void
a_configuration_file_has_monitors_too(void **state)
{
    static const char text[] = "# Machine\n[machine]\ntype = \"q35\"\n\n"
                               "[chardev \"monitor\"]\nbackend = \"socket\"\n"
                               "path = \"/run/incus/u1/qemu.monitor\"\nserver = \"on\"\n"
                               "wait = \"off\"\n\n[mon]\nchardev = \"monitor\"\n"
                               "mode = \"control\"\n\n[chardev \"console\"]\nbackend = \"pty\"\n"
                               "[broken\n= \"x\"\nno-quotes = 3\n[device \"d\"]\ndrive = \"n\"";
    g_autoptr(QblkQemuLine) line = read_line(
        "/opt/incus/bin/qemu-system-x86_64 -S -name u1 -readconfig /run/incus/u1/qemu.conf");
    assert_int_equal(line->configs->len, 1);
    assert_string_equal(line->configs->pdata[0], "/run/incus/u1/qemu.conf");

    qblk_qemu_config_read("path = \"/a\"\n", line);
    qblk_qemu_config_read("", line);
    qblk_qemu_config_read(text, line);
    g_autofree char *monitors = list_monitors(line);
    assert_string_equal(monitors, "qmp /run/incus/u1/qemu.monitor");
    assert_int_equal(line->n_disks, 1);
}

static void
what_a_process_can_add_is_limited(void **state)
{
    g_autofree char *name = g_strnfill(100000, 'x');
    g_autoptr(GString) text = g_string_new("kvm -name ");
    g_string_append(text, name);
    for (guint i = 0; i < 1000; i++) {
        g_string_append(text, " -qmp unix:/a,server=on");
    }

    g_autoptr(QblkQemuLine) line = read_line(text->str);
    assert_int_equal(strlen(line->name), 1024);
    assert_int_equal(line->monitors->len, 64);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_split_as_qemu_splits_it),
        cmocka_unit_test(a_program_of_qemu_is_known_by_its_name),
        cmocka_unit_test(each_form_of_monitor_is_read),
        cmocka_unit_test(the_name_and_the_uuid_are_read),
        cmocka_unit_test(disks_are_counted_once),
        cmocka_unit_test(the_options_of_the_storage_daemon_have_other_forms),
        cmocka_unit_test(a_configuration_file_has_monitors_too),
        cmocka_unit_test(what_a_process_can_add_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
