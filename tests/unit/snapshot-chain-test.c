/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "lib/chain-text.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

static void
assert_files(const char *topology, const char *target, const char *expected)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load(topology);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, target);
    g_autofree char *files = chain_text_files(chain);
    assert_string_equal(files, expected);
    assert_int_equal(chain->is_complete, chain->layers->len > 0);
}

static void
recorded_chains_have_their_files_in_order(void **state)
{
    static const char *const cases[][3] = {
        {"virtio-5-deep", "vda",
         "disk-4.qcow2 disk-3.qcow2 disk-2.qcow2 disk-1.qcow2 disk-base.qcow2"},
        {"drive-5-deep", "vda",
         "disk-4.qcow2 disk-3.qcow2 disk-2.qcow2 disk-1.qcow2 disk-base.qcow2"},
        {"storage-daemon", "vda", "disk-2.qcow2 disk-1.qcow2 disk-base.qcow2"},
        {"throttle-drive", "vda", "disk-2.qcow2 disk-1.qcow2 disk-base.qcow2"},
        {"cor-drive", "vda", "disk-2.qcow2 disk-1.qcow2 disk-base.qcow2"},
        {"shared-base", "vda", "top-vda.qcow2 base.qcow2"},
        {"shared-base", "vdb", "top-vdb.qcow2 base.qcow2"},
        {"shared-base-file", "vda", "top-vda.qcow2 base.qcow2"},
        {"raw-block-device", "vdb", "overlay.qcow2 block-qcow2"},
        {"read-only", "hda", "medium.iso"},
        {"luks", "vdb", "disk.luks"},
        {"odd-names", "vdl", "over:lay.qcow2 base:colon.qcow2"},
        {"odd-names", "vdb", "&<>\"'.qcow2"},
        {"commit-middle-running", "vda", "disk-3.qcow2 disk-2.qcow2 disk-1.qcow2 disk-base.qcow2"},
        {"stream-pending", "vda", "disk-2.qcow2 disk-1.qcow2 disk-base.qcow2"},
        {"many-buses", "fda", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_files(cases[i][0], cases[i][1], cases[i][2]);
    }
}

static void
recorded_chains_have_their_nodes(void **state)
{
    static const char *const cases[][3] = {
        {"throttle-blockdev", "vda",
         "0 limited>disk-2>disk-2-file:qcow2, 1 disk-1>disk-1-file:qcow2, "
         "2 disk-base>disk-base-file:qcow2"},
        {"copy-before-write", "vda",
         "0 limited>cor>cbw>disk-2>disk-2-file:qcow2, 1 disk-1>disk-1-file:qcow2, "
         "2 disk-base>disk-base-file:qcow2"},
        {"libvirt-names", "vda",
         "4 libvirt-4-format>libvirt-4-storage:qcow2, 8 libvirt-8-format>libvirt-8-storage:qcow2, "
         "9 libvirt-9-format>libvirt-9-storage:qcow2"},
        {"libvirt-names", "vdb",
         "3 libvirt-CoR-vdb>libvirt-3-format>libvirt-3-storage:qcow2, "
         "7 libvirt-7-format>libvirt-7-storage:qcow2"},
        {"libvirt-names", "vdc", "2 libvirt-2-storage>libvirt-2-storage:raw"},
        {"libvirt-names", "vdd", "1 libvirt-1-format>libvirt-1-slice-sto>libvirt-1-storage:raw"},
        {"libvirt-names", "vde",
         "10 libvirt-13-filter>libvirt-10-format>libvirt-10-storage:qcow2, "
         "12 libvirt-12-format>libvirt-12-storage:qcow2"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(cases[i][0]);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, cases[i][1]);
        g_autofree char *text = chain_text(chain);
        assert_string_equal(text, cases[i][2]);
    }
}

static void
a_deep_chain_is_read_to_its_end(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("deep-200");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    assert_int_equal(qblk_chain_get_depth(chain), 200);
    const QblkLayer *last = qblk_chain_get_layer(chain, 199);
    assert_int_equal(last->index, 199);
    assert_true(g_str_has_suffix(last->filename, "-base.qcow2"));
}

static void
the_chain_has_the_values_of_its_disk(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("read-only");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) disk = graph_fixture_chain(snapshot, "vda");
    g_autoptr(QblkChain) cdrom = graph_fixture_chain(snapshot, "hda");
    g_autoptr(QblkChain) writable = graph_fixture_chain(snapshot, "vdc");
    assert_true(disk->read_only);
    assert_false(writable->read_only);
    assert_true(cdrom->removable && cdrom->read_only);
    assert_int_equal(cdrom->kind, QBLK_DEVICE_KIND_CDROM);
    assert_string_equal(disk->bus, "virtio");
    assert_string_equal(disk->alias, "vda");
    assert_string_equal(disk->backend, "drive-a");
    const QblkLayer *top = qblk_chain_get_layer(writable, 0);
    assert_string_equal(top->backing_format, "qcow2");
    assert_true(g_str_has_suffix(top->backing_name, "c-base.qcow2"));
    assert_int_equal(top->virtual_size, 64 << 20);
}

/* ---- shapes ---- */

static char *
chain_of(const char *nodes, const char *top)
{
    g_autofree char *blocks = g_strconcat("vda - ", top, NULL);
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, blocks);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    return chain_text(chain);
}

static void
filters_are_never_layers(void **state)
{
    static const char *const cases[][2] = {
        {"a throttle x file=b\nb copy-on-read x file=c\nc file /c\n", "0 a>b>c>c:raw"},
        {"a qcow2 /a file=f backing=t\nf file /a\nt throttle x file=b\nb raw /b file=g\n"
         "g file /b\n",
         "0 a>f:qcow2, 1 t>b>g:raw"},
        {"a qcow2 /a file=d\nd blkdebug x image=f\nf file /a\n", "0 a>d>f:qcow2"},
        {"a qcow2 /a file=t\nt throttle x file=d\nd blkdebug x image=f\nf file /a\n",
         "0 a>t>d>f:qcow2"},
        {"a mirror_top x backing=b target=c\nb file /b\nc file /c\n", "0 a>b>b:raw"},
        {"a copy-before-write x file=b target=c\nb file /b\nc file /c\n", "0 a>b>b:raw"},
        {"a file /a\n", "0 a>a:raw"},
        {"a qcow2 /a\n", "0 a>?:qcow2"},
        {"a made-up /a file=f backing=b\nf file /a\nb made-up-too /b\n",
         "0 a>f:made-up, 1 b>b:raw"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = chain_of(cases[i][0], "a");
        assert_string_equal(text, cases[i][1]);
    }
}

static void
a_graph_that_is_not_a_chain_is_refused(void **state)
{
    static const struct {
        const char *nodes, *reason;
    } cases[] = {
        {"a quorum x children.0=b children.1=c\nb file /b\nc file /c\n",
         "vda: node 'a' (quorum) has several children with data: this is not a chain"},
        {"a qcow2 /a file=f backing=q\nf file /a\nq quorum x children.0=f\n",
         "vda: node 'q' (quorum) has several children"},
        {"a raw /a file=q\nq quorum x children.0=f\nf file /a\n",
         "vda: node 'q' (quorum) has several children"},
        {"a throttle x\n", "vda: filter 'a' (throttle) has no child"},
        {"a throttle x backing=b\nb file /b\n", "vda: filter 'a' (throttle) has no child"},
        /* The backing of what is below is no layer of this chain, and must not vanish. */
        {"a raw x file=b\nb qcow2 /b file=f backing=c\nf file /b\nc file /c\n",
         "vda: node 'b' (qcow2) has a backing image and stores the data of 'a'"},
        {"a made-up x file=b\nb qcow2 /b file=f backing=c\nf file /b\nc file /c\n",
         "vda: node 'b' (qcow2) has a backing image and stores the data of 'a'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine(cases[i].nodes, "vda - a");
        g_autoptr(GError) error = graph_fixture_error(replies, "vda");
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED, cases[i].reason);
    }
}

static void
a_cycle_is_an_error(void **state)
{
    static const char *const cases[] = {
        "a qcow2 /a file=f backing=a\nf file /a\n",
        "a qcow2 /a file=f backing=b\nf file /a\nb qcow2 /b file=f backing=a\n",
        "a throttle x file=a\n",
        "a throttle x file=b\nb throttle x file=a\n",
        "a qcow2 /a file=a\n",
        "a qcow2 /a file=b\nb raw x file=c\nc raw x file=b\n",
        "a qcow2 /a file=t\nt throttle x file=t\n",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine(cases[i], "vda - a");
        g_autoptr(GError) error = graph_fixture_error(replies, "vda");
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                     "vda: the graph forms a cycle at node");
    }
}

static void
a_source_that_its_file_does_not_describe_is_refused(void **state)
{
    static const char cut_off[] = "does not report which part of its file";
    static const struct {
        const char *nodes, *problem;
    } cases[] = {
        {"a raw /f file=f\nf file /f\n", NULL},
        {"a raw json:{\"size\":512,\"driver\":\"raw\"} file=f\nf file /f\n", NULL},
        {"a raw json:{\"size\":512,\"driver\":\"r file=f\nf file /f\n", cut_off},
        {"a raw json:{\"driver\":\"raw\",\"file\":{\"size\":512}} file=f\nf null-co /f\n",
         "cannot decode '/f': not a file name of driver 'null-co'"},
        {"a raw /\"offset\" file=f\nf file /\"offset\"\n", NULL},
        {"a raw x file=s\ns raw json:{ file=f\nf file /f\n", cut_off},
        {"a raw json:{\"size\":9} file=s\ns raw json:{\"size\":8} file=f\nf file /f\n",
         "a part of a part"},
        {"a luks x file=f\nf file /f\n", NULL},
        {"a raw x file=b\nb qcow2 /f file=f\nf file /f\n", "node 'b' (qcow2) is between"},
        {"a qcow2 x file=b\nb luks /f file=f\nf file /f\n", "node 'b' (luks) is between"},
        {"a qcow2 x file=d\nd blkdebug x image=f\nf file /f\n", NULL},
        {"a qcow2 x\n", "does not report the file of node 'a'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine(cases[i].nodes, "vda - a");
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
        const QblkLayer *layer = chain->layers->pdata[0];
        g_autoptr(GError) problem = NULL;
        g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, &problem);
        const char *message = problem == NULL ? NULL : problem->message;
        if ((source == NULL) != (cases[i].problem != NULL)) {
            fail_msg("%s: %s", cases[i].nodes, message);
        }
        assert_int_equal(message == NULL, cases[i].problem == NULL);
        if (cases[i].problem != NULL && strstr(message, cases[i].problem) == NULL) {
            fail_msg("'%s' does not say '%s'", message, cases[i].problem);
        }
    }
}

/* ---- size ---- */

/* Newest first, as QEMU lists them; each with a storage node. */
/* Without protocol nodes there may be more layers than with them. */
static QblkReplies *
long_chain(guint layers)
{
    GString *nodes = g_string_new(NULL);
    for (guint i = 0; i < layers; i++) {
        g_string_append_printf(nodes, "n%u qcow2 /n%u", i, i);
        if (i + 1 < layers) {
            g_string_append_printf(nodes, " backing=n%u", i + 1);
        }
        g_string_append_c(nodes, '\n');
    }
    QblkReplies *replies = graph_fixture_machine(nodes->str, "vda - n0");
    g_string_free(nodes, TRUE);
    return replies;
}

/* The chain below the active layer is as long as is allowed. */
static void
a_chain_longer_than_is_allowed_is_refused(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = long_chain(QBLK_LIMIT_LAYERS + 1);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_null(qblk_snapshot_chain(snapshot, "vda", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                 "vda: the chain is longer than the limit of 50000 layers");

    const QblkNode *below = qblk_snapshot_find_node(snapshot, "n1");
    g_autoptr(QblkChain) chain = qblk_snapshot_chain_of_node(snapshot, below, &error);
    assert_no_error(error);
    assert_int_equal(qblk_chain_get_depth(chain), QBLK_LIMIT_LAYERS);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_chains_have_their_files_in_order),
        cmocka_unit_test(recorded_chains_have_their_nodes),
        cmocka_unit_test(a_deep_chain_is_read_to_its_end),
        cmocka_unit_test(the_chain_has_the_values_of_its_disk),
        cmocka_unit_test(filters_are_never_layers),
        cmocka_unit_test(a_graph_that_is_not_a_chain_is_refused),
        cmocka_unit_test(a_cycle_is_an_error),
        cmocka_unit_test(a_source_that_its_file_does_not_describe_is_refused),
        cmocka_unit_test(a_chain_longer_than_is_allowed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
