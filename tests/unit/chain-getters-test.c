/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain-number.h"
#include "chain/chain.h"
#include "graph/bitmap.h"
#include "lib/check.h"
#include "lib/getters-json.h"
#include "lib/graph-fixture.h"
#include "lib/xml-check.h"

#include <qblk/qblk.h>

static void
check_chain(const QblkChain *chain)
{
    g_autofree char *text = qblk_chain_to_json(chain);
    g_autoptr(QblkJson) json = getters_json_of_chain(chain);
    g_autofree char *expected = qblk_json_print(json, QBLK_JSON_INDENT);
    assert_string_equal(text, expected);
    const char *bus = qblk_bus_name(qblk_chain_get_bus(chain));
    if (qblk_chain_get_bus(chain) != QBLK_BUS_OTHER) {
        assert_int_equal(g_strcmp0(bus, qblk_chain_get_bus_name(chain)), 0);
    }

    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        const QblkLayer *layer = qblk_chain_get_layer(chain, i);
        g_autofree char *own = qblk_layer_to_json(layer);
        g_autoptr(QblkJson) layer_json = getters_json_of_layer(layer);
        g_autofree char *other = qblk_json_print(layer_json, QBLK_JSON_INDENT);
        assert_string_equal(own, other);
        assert_ptr_equal(qblk_layer_get_chain(layer), chain);
    }
}

/* Chains that cannot be made, such as a quorum, are left out. */
static void
the_json_of_each_recorded_chain_has_what_the_getters_return(void **state)
{
    g_autoptr(GPtrArray) all = graph_fixture_all();
    guint chains = 0, mirrors = 0;
    for (guint i = 0; i < all->len; i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(all->pdata[i]);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        const char *const *targets = qblk_snapshot_get_targets(snapshot);
        for (guint j = 0; targets[j] != NULL; j++) {
            g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, targets[j], NULL);
            if (chain != NULL) {
                check_chain(chain);
                chains++;
                mirrors += qblk_chain_get_mirror(chain) != NULL;
            }
        }
    }
    assert_true(chains > all->len / 2);
    assert_true(mirrors > 0);
}

static QblkFilter *
add_filter(GPtrArray *filters, const char *name)
{
    qblk_chain_filter_add(filters, name, "copy-before-write");
    qblk_chain_filter_add_other(filters, "target", "scratch\n");
    return filters->pdata[filters->len - 1];
}

/* A chain whose values are those of a hostile QEMU. */
static QblkChain *
new_odd_chain(void)
{
    QblkChain *chain = xml_check_chain(3);
    QblkLayer *top = chain->layers->pdata[0], *base = chain->layers->pdata[2];
    chain->bus = "xen";
    chain->kind = QBLK_DEVICE_KIND_LUN;
    chain->name_source = QBLK_NAME_SOURCE_BACKEND;
    chain->alias = g_strdup("");
    chain->qdev = g_strdup("\xff\xfe");
    chain->backend = g_strdup("\x1b[31m");
    chain->serial = g_strdup("\"\\");
    chain->io_status = g_strdup("nospace");
    chain->removable = chain->tray_open = chain->read_only = TRUE;
    chain->is_stopped = TRUE;
    chain->is_complete = FALSE;

    top->virtual_size = G_MAXINT64;
    top->actual_size = 0;
    top->written_end = 1;
    top->write_threshold = G_MAXINT64;
    top->read_only = top->is_inactive = top->has_more_users = TRUE;
    top->backing_name = g_strdup("json:{");
    top->backing_format = g_strdup("");
    top->encryption = g_strdup("luks");
    QblkInternalSnapshot *internal = qblk_internal_snapshot_new();
    internal->name = g_strdup("");
    internal->date = G_MAXINT64;
    internal->vm_state_size = 1;
    top->internal_snapshots =
        g_ptr_array_new_with_free_func((GDestroyNotify)qblk_internal_snapshot_unref);
    g_ptr_array_add(top->internal_snapshots, internal);
    g_free(base->node_name);
    base->node_name = NULL;
    base->write_threshold = 0;
    g_free(base->format);
    base->format = g_strdup("vhdx2");
    g_clear_pointer(&base->source, qblk_source_unref);
    add_filter(top->filters, "f");
    add_filter(base->storage_filters, "");

    xml_check_add_mirror(chain, FALSE, "m", "/m");
    chain->mirror->ready = TRUE;
    return chain;
}

static void
odd_values_are_those_of_the_json(void **state)
{
    g_autoptr(QblkChain) chain = new_odd_chain();
    check_chain(chain);
    assert_true(qblk_chain_has_stopped_guest(chain));
    assert_int_equal(qblk_chain_get_bus(chain), QBLK_BUS_OTHER);
    assert_string_equal(qblk_chain_get_bus_name(chain), "xen");
    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    assert_int_equal(qblk_layer_get_n_internal_snapshots(top), 1);

    const QblkLayer *base = qblk_chain_get_layer(chain, 2);
    assert_int_equal(qblk_layer_get_format(base), QBLK_FORMAT_OTHER);
    assert_string_equal(qblk_layer_get_format_name(base), "vhdx2");
    assert_int_equal(qblk_layer_get_write_threshold(base), QBLK_UNKNOWN);
    assert_null(qblk_chain_get_layer(chain, 3));
    assert_null(qblk_layer_get_filter(base, G_MAXUINT));
    assert_null(qblk_layer_get_bitmap(base, 0));
    assert_null(qblk_layer_get_further_file(base, 0));
}

static void
the_source_of_the_indexes_and_the_kind_of_a_mirror_are_known(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(2);
    assert_null(qblk_chain_get_mirror(chain));
    assert_int_equal(qblk_chain_get_index_source(chain), QBLK_INDEX_SOURCE_POSITION);
    xml_check_add_mirror(chain, TRUE, "node-1", "/images/1");
    const QblkMirror *commit = qblk_chain_get_mirror(chain);
    assert_int_equal(qblk_mirror_get_kind(commit), QBLK_JOB_KIND_ACTIVE_COMMIT);
    assert_string_equal(qblk_mirror_get_job_id(commit), "job0");

    QblkLayer *base = chain->layers->pdata[1];
    g_free(base->node_name);
    base->node_name = g_strdup("libvirt-4-format");
    qblk_chain_number(chain);
    assert_int_equal(qblk_chain_get_index_source(chain), QBLK_INDEX_SOURCE_LIBVIRT);
    chain->has_own_indexes = TRUE;
    assert_int_equal(qblk_chain_get_index_source(chain), QBLK_INDEX_SOURCE_DOMAIN);

    g_autoptr(QblkChain) copy = new_odd_chain();
    assert_int_equal(qblk_mirror_get_kind(qblk_chain_get_mirror(copy)), QBLK_JOB_KIND_COPY);
}

static void
a_layer_is_named_as_users_name_it(void **state)
{
    g_autoptr(QblkChain) chain = new_odd_chain();
    assert_string_equal(qblk_layer_get_spec(qblk_chain_get_layer(chain, 0)), "vda");
    assert_string_equal(qblk_layer_get_spec(qblk_chain_get_layer(chain, 1)), "vda[1]");
    const QblkLayer *destination = qblk_mirror_get_layer(qblk_chain_get_mirror(chain));
    assert_string_equal(qblk_layer_get_spec(destination), "node:m");

    QblkLayer *middle = chain->layers->pdata[1], *base = chain->layers->pdata[2];
    chain->has_own_indexes = TRUE;
    middle->index = base->index = QBLK_UNKNOWN;
    qblk_chain_number(chain);
    assert_string_equal(qblk_layer_get_spec(middle), "node:node-1");
    assert_string_equal(qblk_layer_get_spec(base), "/images/2");
}

static void
what_belongs_to_a_chain_outlives_the_reference_to_it(void **state)
{
    g_autoptr(QblkChain) first = new_odd_chain();
    QblkChain *chain = qblk_chain_ref(first);
    assert_ptr_equal(chain, first);
    qblk_chain_unref(g_steal_pointer(&first));
    g_autoptr(QblkLayer) base = qblk_layer_ref(qblk_chain_get_layer(chain, 2));
    g_autoptr(QblkFilter) filter = qblk_filter_ref(qblk_layer_get_storage_filter(base, 0));
    g_autoptr(QblkMirror) mirror = qblk_mirror_ref(qblk_chain_get_mirror(chain));
    g_autoptr(QblkLayer) destination = qblk_layer_ref(qblk_mirror_get_layer(mirror));
    qblk_chain_unref(chain);

    assert_ptr_equal(qblk_layer_get_chain(base), chain);
    assert_string_equal(qblk_layer_get_filename(base), "/images/2");
    qblk_layer_unref(g_steal_pointer(&base));
    assert_string_equal(qblk_filter_get_driver(filter), "copy-before-write");
    qblk_filter_unref(g_steal_pointer(&filter));
    assert_true(qblk_mirror_is_ready(mirror));
    qblk_mirror_unref(g_steal_pointer(&mirror));
    assert_ptr_equal(qblk_layer_get_chain(destination), chain);
    assert_string_equal(qblk_chain_get_target(qblk_layer_get_chain(destination)), "vda");
    qblk_layer_unref(NULL);
    qblk_filter_unref(NULL);
    qblk_mirror_unref(NULL);
    qblk_open_file_unref(NULL);
}

static void
an_open_file_has_the_identity_of_both_files(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    QblkLayer *layer = chain->layers->pdata[0];
    assert_null(qblk_layer_get_open_file(layer));
    layer->file = g_new0(QblkLayerFile, 1);
    layer->file->state = QBLK_FILE_ANOTHER;
    layer->file->open = (QblkFileIdentity){.device = 1, .inode = 2};
    layer->file->named = (QblkFileIdentity){.device = 3, .inode = QBLK_INODE_CHARACTER_DEVICE};
    layer->file->offset = 512;
    layer->file->path = g_strdup("/true");
    qblk_chain_further_file_add(layer, "/data", layer->file);
    qblk_chain_number(chain);
    check_chain(chain);

    g_autoptr(QblkOpenFile) file = qblk_open_file_ref(qblk_layer_get_open_file(layer));
    assert_string_equal(qblk_open_file_get_name(file), "/images/0");
    assert_true(qblk_open_file_is_known(file));
    assert_null(qblk_open_file_get_reason(file));
    assert_int_equal(qblk_open_file_get_named_inode(file), QBLK_UNKNOWN);
    g_autofree char *text = qblk_open_file_to_text(file);
    assert_non_null(strstr(text, "/images/0"));
    assert_non_null(strstr(text, "/true"));

    assert_int_equal(qblk_layer_get_n_further_files(layer), 1);
    const QblkOpenFile *further = qblk_layer_get_further_file(layer, 0);
    assert_string_equal(qblk_open_file_get_name(further), "/data");
    g_autoptr(QblkOpenFile) more = qblk_open_file_ref(further);
    qblk_chain_unref(g_steal_pointer(&chain));
    assert_string_equal(qblk_open_file_get_path(more), "/true");
}

static void
a_file_that_is_not_known_has_the_reason_of_its_chain(void **state)
{
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    QblkLayer *layer = chain->layers->pdata[0];
    layer->file = g_new0(QblkLayerFile, 1);
    layer->file->state = QBLK_FILE_UNKNOWN;
    chain->unknown_files = g_strdup("a relay");
    qblk_chain_number(chain);
    check_chain(chain);

    const QblkOpenFile *file = qblk_layer_get_open_file(layer);
    assert_string_equal(qblk_open_file_get_reason(file), "a relay");
    assert_string_equal(qblk_chain_get_unknown_files(chain), "a relay");
    assert_false(qblk_open_file_is_known(file));
    assert_int_equal(qblk_open_file_get_device(file), QBLK_UNKNOWN);
    assert_int_equal(qblk_open_file_get_inode(file), QBLK_UNKNOWN);
    assert_null(qblk_open_file_get_path(file));
}

static void
each_value_has_the_word_of_the_json(void **state)
{
    static const char *const formats[] = {"bochs", "cloop", "dmg", "luks", "parallels",
                                          "qcow",  "qcow2", "qed", "raw",  "vdi",
                                          "vhdx",  "vmdk",  "vpc"};
    static const char *const states[] = {"same", "another-file", "gone", "descriptor", "unknown"};
    g_autoptr(QblkChain) chain = xml_check_chain(1);
    QblkLayer *layer = chain->layers->pdata[0];
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_free(layer->format);
        layer->format = g_strdup(formats[i]);
        assert_int_equal(qblk_layer_get_format(layer), QBLK_FORMAT_BOCHS + (int)i);
        assert_string_equal(qblk_format_name(qblk_layer_get_format(layer)), formats[i]);
    }
    g_free(layer->format);
    layer->format = g_strdup("unknown");
    assert_int_equal(qblk_layer_get_format(layer), QBLK_FORMAT_UNKNOWN);
    assert_string_equal(qblk_format_name(QBLK_FORMAT_UNKNOWN), "unknown");
    assert_null(qblk_format_name(QBLK_FORMAT_OTHER));
    g_clear_pointer(&layer->format, g_free);
    assert_int_equal(qblk_layer_get_format(layer), QBLK_FORMAT_UNKNOWN);

    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        assert_string_equal(qblk_file_state_name((QblkFileState)i), states[i]);
    }
    assert_string_equal(qblk_index_source_name(QBLK_INDEX_SOURCE_POSITION), "position");
    assert_string_equal(qblk_index_source_name(QBLK_INDEX_SOURCE_LIBVIRT), "libvirt");
    assert_string_equal(qblk_index_source_name(QBLK_INDEX_SOURCE_DOMAIN), "domain");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_json_of_each_recorded_chain_has_what_the_getters_return),
        cmocka_unit_test(odd_values_are_those_of_the_json),
        cmocka_unit_test(the_source_of_the_indexes_and_the_kind_of_a_mirror_are_known),
        cmocka_unit_test(a_layer_is_named_as_users_name_it),
        cmocka_unit_test(what_belongs_to_a_chain_outlives_the_reference_to_it),
        cmocka_unit_test(an_open_file_has_the_identity_of_both_files),
        cmocka_unit_test(a_file_that_is_not_known_has_the_reason_of_its_chain),
        cmocka_unit_test(each_value_has_the_word_of_the_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
