/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "lib/source-check.h"
#include "source/source-dropped.h"
#include "source/source-protocol.h"

static QblkSource *
read_one(const char *driver, const char *const *pairs, GError **error)
{
    g_autoptr(QblkSourceOptions) options = source_check_options(pairs);
    return qblk_source_protocol_read(driver, "", options, error);
}

static void
the_default_ports_are_those_of_libvirt(void **state)
{
    static const struct {
        const char *driver, *port, *options[4];

    } cases[] = {
        {"nbd", "10809", {"host=h"}},
        {"ssh", "22", {"host=h", "path=p"}},
        {"sheepdog", "7000", {"server.host=h", "vdi=v"}},
        {"gluster", "24007", {"server.0.host=h", "volume=v", "path=p"}},
        {"iscsi", "3260", {"portal=h", "target=t"}},
        {"vxhs", "9999", {"server.host=h", "vdisk-id=v"}},
        {"http", "80", {"url=http://h/p"}},
        {"https", "443", {"url=https://h/p"}},
        {"ftp", "21", {"url=ftp://h/p"}},
        {"ftps", "990", {"url=ftps://h/p"}},
        {"rbd", NULL, {"server.0.host=h", "pool=p", "image=i"}},
        {"nfs", NULL, {"server.host=h", "path=p"}},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkSource) source = read_one(cases[i].driver, cases[i].options, &error);
        assert_no_error(error);
        assert_int_equal(source->hosts->len, 1);
        const QblkSourceHost *host = source->hosts->pdata[0];
        assert_string_equal(host->name, "h");
        assert_int_equal(g_strcmp0(host->port, cases[i].port), 0);
        assert_string_equal(source->protocol, cases[i].driver);
    }
}

static void
a_secret_object_belongs_to_a_user(void **state)
{
    static const struct {
        const char *driver, *type, *options[6];

    } cases[] = {
        {"rbd", "ceph", {"pool=p", "image=i", "user=u", "key-secret=s"}},
        {"iscsi", "iscsi", {"portal=h", "target=t", "user=u", "password-secret=s"}},
        {"https", "iscsi", {"url=https://h/", "username=u", "password-secret=s"}},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkSource) source = read_one(cases[i].driver, cases[i].options, &error);
        assert_no_error(error);
        assert_string_equal(source->auth_user, "u");
        assert_string_equal(source->secret_usage, "s");
        assert_string_equal(source->secret_type, cases[i].type);
    }

    g_autoptr(GError) error = NULL;
    const char *const alone[] = {"pool=p", "image=i", "key-secret=s", NULL};
    g_autoptr(QblkSource) source = read_one("rbd", alone, &error);
    assert_null(source->secret_usage);
    assert_null(source->secret_type);
    assert_string_equal(source->dropped->pdata[0], "a secret without a user");
}

static void
missing_options_are_named(void **state)
{
    static const struct {
        const char *driver;
        int code;
        const char *part, *options[5];

    } cases[] = {
        {"file", QBLK_GRAPH_ERROR_SPEC, "'filename'", {NULL}},
        {"vvfat", QBLK_GRAPH_ERROR_SPEC, "'dir'", {NULL}},
        {"nbd", QBLK_GRAPH_ERROR_SPEC, "missing server", {NULL}},
        {"nbd", QBLK_GRAPH_ERROR_SPEC, "more than one server", {"path=/s", "server.path=/s"}},
        {"nbd", QBLK_GRAPH_ERROR_SPEC, "host", {"port=1"}},
        {"nbd", QBLK_GRAPH_ERROR_SPEC, "socket", {"path="}},
        {"nbd", QBLK_GRAPH_ERROR_SPEC, "bitmap", {"path=/s", "x-dirty-bitmap=b"}},
        {"nbd", QBLK_GRAPH_ERROR_UNSUPPORTED, "'vsock'", {"server.type=vsock"}},
        {"rbd", QBLK_GRAPH_ERROR_SPEC, "encryption", {"pool=p", "image=i", "encrypt.format=x"}},
        {"iscsi", QBLK_GRAPH_ERROR_SPEC, "'lun'", {"portal=h", "target=t", "lun=x"}},
        {"nvme", QBLK_GRAPH_ERROR_SPEC, "PCI", {"device=0000:00:00"}},
        {"nfs", QBLK_GRAPH_ERROR_SPEC, "'group'", {"path=/p", "server.host=h", "group=x"}},
        {"http", QBLK_GRAPH_ERROR_SPEC, "another", {"url=https://h/"}},
        {"https", QBLK_GRAPH_ERROR_SPEC, "'timeout'", {"url=https://h/", "timeout=-1"}},
        {"https", QBLK_GRAPH_ERROR_SPEC, "'readahead'", {"url=https://h/", "readahead=1kk"}},
        {"null-co", QBLK_GRAPH_ERROR_UNSUPPORTED, "'null-co'", {NULL}},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(read_one(cases[i].driver, cases[i].options, &error));
        assert_error(error, QBLK_GRAPH_ERROR, cases[i].code, cases[i].part);
    }
}

static void
options_below_a_prefix_are_those_of_the_driver(void **state)
{
    const char *const pairs[] = {"file.server.0.host=a", "file.server.1.path=/s", "file.volume=v",
                                 "file.path=p",          "server.0.host=other",   NULL};
    g_autoptr(QblkSourceOptions) options = source_check_options(pairs);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSource) source = qblk_source_protocol_read("gluster", "file.", options, &error);

    assert_no_error(error);
    assert_int_equal(source->hosts->len, 2);
    qblk_source_dropped_note(options, source);
    assert_int_equal(source->dropped->len, 1);
    assert_string_equal(source->dropped->pdata[0], "the option 'server.0.host'");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_ports_are_those_of_libvirt),
        cmocka_unit_test(a_secret_object_belongs_to_a_user),
        cmocka_unit_test(missing_options_are_named),
        cmocka_unit_test(options_below_a_prefix_are_those_of_the_driver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
