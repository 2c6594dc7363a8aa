/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/vhost-user.h"

#include "graph/batch.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "qmp/query.h"

#include <qblk/chain.h>

#define CLIENT             "[{'label':'c1','filename':'unix:/run/vhost.sock','frontend-open':true}]"
#define BLK                "'id':{'vendor':6900,'device':4097},'class_info':{'class':256}"
#define BLK_1              "'id':{'vendor':6900,'device':4162},'class_info':{'class':256}"
#define OTHER              "'id':{'vendor':6900,'device':4096},'class_info':{'class':512}"
#define AT(slot, id, rest) "{'bus':0,'slot':" slot ",'function':0,'qdev_id':'" id "'," rest "}"
#define BRIDGE(slot, devices)                                                                      \
    AT(slot, "br", "'id':{'vendor':6966,'device':1},'pci_bridge':{'devices':[" devices "]}")
#define BUS(devices) "[{'bus':0,'devices':[" devices "]}]"

/* A machine with these disks in query-block. */
static QblkReplies *
machine(const char *blocks, const char *chardevs, const char *pci)
{
    QblkReplies *replies = graph_fixture_machine("a raw /d/a\nb raw /d/b", blocks);
    graph_fixture_replace(replies, "query-chardev", NULL, chardevs);
    if (pci != NULL) {
        graph_fixture_add(replies, "query-pci", NULL, pci);
    }
    return replies;
}

static void
add_type(QblkReplies *replies, const char *id, const char *type)
{
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);
    graph_fixture_add_property(replies, path, "type", type);
}

/* Returns: "vda node a, vdb vhost-user ID" */
static char *
disks_of(const QblkReplies *replies)
{
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < snapshot->disks; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        g_string_append_printf(text, "%s%s %s %s", i == 0 ? "" : ", ", device->target,
                               device->is_vhost_user ? "vhost-user" : "node",
                               device->is_vhost_user ? qblk_device_get_label(device)
                                                     : device->node_name);
    }
    return g_string_free(text, FALSE);
}

static void
assert_disks(const QblkReplies *replies, const char *expected)
{
    g_autofree char *found = disks_of(replies);
    assert_string_equal(found, expected);
}

static void
only_a_client_of_a_unix_socket_may_lead_to_a_disk(void **state)
{
    static const struct {
        const char *chardevs; /* NULL: refused */
        gboolean may_exist;
    } cases[] = {
        {NULL, FALSE},
        {"[]", FALSE},
        {"{}", FALSE},
        {"[{'label':'a','filename':'pty:/dev/pts/1'}]", FALSE},
        {"[{'label':'a','filename':'unix:/run/qmp,server=on'}]", FALSE},
        {"[{'label':'a','filename':'unix:/run/qmp,server'}]", FALSE},
        {"[{'label':'a','filename':'disconnected:unix:/run/qmp,server=on'}]", FALSE},
        {"[{'label':'a','filename':'tcp:h:1'}]", FALSE},
        {"[{'label':'a','filename':7}]", FALSE},
        {"[{'label':'a','filename':'unix:'}]", TRUE}, /* QEMU 5.2 and 7.2 */
        {"[{'label':'a','filename':'unix:/run/v'}]", TRUE},
        {"[{'label':'a','filename':'disconnected:unix:/run/v'}]", TRUE},
        {"[{'label':'a','filename':'unix:/q,server=on'},{'label':'b','filename':'unix:/v'}]", TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = machine("vda - a", cases[i].chardevs, NULL);
        assert_int_equal(qblk_vhost_user_may_exist(replies), cases[i].may_exist);
    }
}

static void
a_virtio_disk_that_is_not_in_query_block_is_vhost_user(void **state)
{
    static const struct {
        const char *pci;
        const char *expected;
    } cases[] = {
        {BUS(AT("3", "virtio-disk0", BLK) "," AT("4", "virtio-disk1", BLK)),
         "vda node a, vdb vhost-user virtio-disk1"},
        {BUS(AT("3", "virtio-disk0", BLK) "," AT("4", "virtio-disk1", BLK_1)),
         "vda node a, vdb vhost-user virtio-disk1"},
        {BUS(AT("3", "virtio-disk0", BLK) "," AT("4", "net0", OTHER)), "vda node a"},
        {BUS(AT("3", "virtio-disk0", BLK) "," BRIDGE("4", AT("1", "virtio-disk1", BLK))),
         "vda node a, vdb vhost-user virtio-disk1"},
        {BUS(""), "vda node a"},
        {"[]", "vda node a"},
        {NULL, "vda node a"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = machine("virtio-disk0 - a", CLIENT, cases[i].pci);
        add_type(replies, "virtio-disk1", "'vhost-user-blk-pci'");
        assert_disks(replies, cases[i].expected);
    }
}

static void
its_type_and_a_chardev_have_to_be_known(void **state)
{
    static const char pci[] = BUS(AT("4", "virtio-disk1", BLK));
    static const struct {
        const char *chardevs, *type, *expected;
    } cases[] = {
        {CLIENT, "'vhost-user-blk-pci'", "vda node a, vdb vhost-user virtio-disk1"},
        {CLIENT, "'vhost-user-blk-pci-non-transitional'",
         "vda node a, vdb vhost-user virtio-disk1"},
        {CLIENT, "'virtio-blk-pci'", "vda node a"}, /* attached between two queries */
        {CLIENT, NULL, "vda node a"},
        {CLIENT, "7", "vda node a"},
        {"[]", "'vhost-user-blk-pci'", "vda node a"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = machine("virtio-disk0 - a", cases[i].chardevs, pci);
        add_type(replies, "virtio-disk1", cases[i].type);
        assert_disks(replies, cases[i].expected);
    }
}

/* Add the answers of QEMU for a virtio-blk device without an id. */
static void
add_anonymous(QblkReplies *replies, const char *number, gint64 address)
{
    g_autofree char *proxy = g_strdup_printf("/machine/peripheral-anon/device[%s]", number);
    g_autofree char *device = g_strdup_printf("%s/virtio-backend", proxy);
    g_autofree char *bus = g_strdup_printf("'%s/virtio-bus'", proxy);
    g_autofree char *place = g_strdup_printf("%" G_GINT64_FORMAT, address);
    graph_fixture_add_property(replies, device, "type", "'virtio-blk-device'");
    graph_fixture_add_property(replies, device, "parent_bus", bus);
    graph_fixture_add_property(replies, proxy, "type", "'virtio-blk-pci'");
    graph_fixture_add_property(replies, proxy, "parent_bus", "'/machine/pci.0'");
    graph_fixture_add_property(replies, proxy, "addr", place);
}

/* The guest counts all of its virtio disks. */
static void
a_disk_without_an_id_is_found_by_its_address(void **state)
{
    static const char both[] = BUS(AT("3", "", BLK) "," AT("4", "", BLK));
    static const struct {
        gint64 address;
        const char *expected;
    } cases[] = {
        {3 * 8, "vda node a, vdb vhost-user a drive without a name"},
        {4 * 8, "vda vhost-user a drive without a name, vdb node a"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies =
            machine("/machine/peripheral-anon/device[0]/virtio-backend - a", CLIENT, both);
        add_anonymous(replies, "0", cases[i].address);
        assert_disks(replies, cases[i].expected);
    }

    g_autoptr(QblkReplies) unknown =
        machine("/machine/peripheral-anon/device[0]/virtio-backend vda a", CLIENT, both);
    graph_fixture_add_property(unknown, "/machine/peripheral-anon/device[0]/virtio-backend", "type",
                               "'virtio-blk-device'");
    assert_disks(unknown, "vda node a"); /* its address is not queried */
}

static void
numbers_that_no_bus_has_are_harmless(void **state)
{
    static const char *const slots[] = {"-1", "9223372036854775807", "'x'", "null", "1.5"};
    for (gsize i = 0; i < G_N_ELEMENTS(slots); i++) {
        g_autofree char *pci = g_strdup_printf(
            "[{'bus':0,'devices':[{'slot':%s,'function':%s,'qdev_id':'d1'," BLK "}]}]", slots[i],
            slots[i]);
        g_autoptr(QblkReplies) replies = machine("virtio-disk0 - a", CLIENT, pci);
        add_type(replies, "d1", "'vhost-user-blk-pci'");
        assert_disks(replies, "vda node a, vdb vhost-user d1");
    }
}

/* The queries that are missing after those of @replies, on one line. */
static char *
next_queries(const QblkReplies *replies)
{
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    g_autoptr(GPtrArray) queries = qblk_batch_next(replies, options);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < queries->len; i++) {
        const QblkQuery *query = queries->pdata[i];
        const char *path = qblk_json_get_string(query->arguments, "path");
        g_string_append_printf(text, "%s%s%s", i == 0 ? "" : " ", query->command,
                               path == NULL ? "" : path);
    }
    return g_string_free(text, FALSE);
}

/* Most guests have no such socket, and are asked one short query more. */
static void
the_machine_is_queried_only_if_there_may_be_such_a_disk(void **state)
{
    static const char path[] = "/machine/peripheral/vda";
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a raw /d/a", "vda - a");
    graph_fixture_add_property(replies, path, "type", "'virtio-blk-device'");
    graph_fixture_add_property(replies, path, "serial", "''");
    g_autofree char *no_more = next_queries(replies);
    assert_string_equal(no_more, "");

    graph_fixture_replace(replies, "query-chardev", NULL, CLIENT);
    g_autofree char *second = next_queries(replies);
    assert_string_equal(second, "query-pci");
    graph_fixture_add(replies, "query-pci", NULL, BUS(AT("4", "d1", BLK)));
    g_autofree char *third = next_queries(replies);
    assert_string_equal(third, "qom-get/machine/peripheral/d1");
    add_type(replies, "d1", "'vhost-user-blk-pci'");
    g_autofree char *last = next_queries(replies);
    assert_string_equal(last, "");
}

static void
it_has_no_chain(void **state)
{
    g_autoptr(QblkReplies) replies =
        machine("virtio-disk0 - a", CLIENT, BUS(AT("4", "virtio-disk1", BLK)));
    add_type(replies, "virtio-disk1", "'vhost-user-blk-pci'");
    g_autoptr(GError) error = graph_fixture_error(replies, "vdb");
    assert_true(g_error_matches(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_NODE));
    assert_string_equal(error->message, "disk 'vdb' (vhost-user) has no block node in QEMU: its "
                                        "data are in another process");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_client_of_a_unix_socket_may_lead_to_a_disk),
        cmocka_unit_test(a_virtio_disk_that_is_not_in_query_block_is_vhost_user),
        cmocka_unit_test(its_type_and_a_chardev_have_to_be_known),
        cmocka_unit_test(a_disk_without_an_id_is_found_by_its_address),
        cmocka_unit_test(numbers_that_no_bus_has_are_harmless),
        cmocka_unit_test(the_machine_is_queried_only_if_there_may_be_such_a_disk),
        cmocka_unit_test(it_has_no_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
