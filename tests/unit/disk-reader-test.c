/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain.h"
#include "lib/check.h"
#include "lib/xml-canon.h"

#include <qblk/disk.h>
#include <qblk/domain.h>

/* The one disk of @text. */
static QblkChain *
read_disk(const char *text, GError **error)
{
    g_autoptr(QblkDomain) domain = qblk_domain_read(text, -1, error);

    if (domain == NULL) {
        return NULL;
    }

    assert_int_equal(qblk_domain_get_n_disks(domain), 1);
    return qblk_chain_ref(qblk_domain_get_disk(domain, 0));
}

/* "1:qcow2:/top 2:raw:/base end": of each layer index, format and file; - for no index; "end" where
 * the last layer is known to be the last. */
static char *
describe(const QblkChain *chain)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        const QblkLayer *layer = qblk_chain_get_layer(chain, i);
        g_autofree char *index = layer->index == QBLK_UNKNOWN
                                     ? g_strdup("-")
                                     : g_strdup_printf("%" G_GINT64_FORMAT, layer->index);
        assert_int_equal(layer->position, i);
        assert_true((layer->source == NULL) == (layer->problem != NULL));
        g_string_append_printf(text, "%s:%s:%s ", index, layer->format, layer->filename);
    }

    g_string_append(text, chain->is_complete ? "end" : "open");
    return g_string_free(text, FALSE);
}

static void
check(const char *content, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        g_strdup_printf("<disk type='file'><target dev='vda'/>%s</disk>", content);
    g_autoptr(QblkChain) chain = read_disk(text, &error);

    assert_no_error(error);
    g_autofree char *description = describe(chain);
    if (strcmp(description, expected) != 0) {
        fail_msg("%s is '%s', not '%s'", text, description, expected);
    }

    xml_canon_round_trip(text);
}

static void
check_invalid(const char *text, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) chain = read_disk(text, &error);

    assert_null(chain);
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, reason);
}

/* Every order of @count @parts within @before and @after, by Heap's algorithm. */
static void
permute(const char **parts, guint count, guint left, const char *before, const char *after,
        const char *expected)
{
    if (left <= 1) {
        GString *content = g_string_new(before);
        for (guint i = 0; i < count; i++) {
            g_string_append_printf(content, "\n%s", parts[i]);
        }

        g_string_append(content, after);
        check(content->str, expected);
        g_string_free(content, TRUE);
        return;
    }

    for (guint i = 0; i < left; i++) {
        permute(parts, count, left - 1, before, after, expected);
        guint other = left % 2 == 0 ? i : 0;
        const char *kept = parts[other];
        parts[other] = parts[left - 1];
        parts[left - 1] = kept;
    }
}

static void
children_of_a_disk_may_occur_in_any_order(void **state)
{
    const char *parts[] = {
        "<driver name='qemu' type='qcow2'/>",
        "<source file='/top' index='1'/>",
        "<backingStore type='file' index='2'><format type='raw'/><source file='/base'/>"
        "<backingStore/></backingStore>",
        "<mirror type='file' job='copy'><format type='raw'/><source file='/m'/></mirror>",
        "<alias name='virtio-disk0'/>",
        "<serial>S</serial>",
    };
    permute(parts, 6, 6, "", "", "1:qcow2:/top 2:raw:/base end");
}

static void
children_of_a_backing_store_may_occur_in_any_order(void **state)
{
    const char *parts[] = {
        "<format type='qcow2'/>",
        "<source file='/middle'/>",
        "<backingStore index='3'><backingStore/><source file='/base'/><format type='raw'/>"
        "</backingStore>",
        "<!-- a remark -->",
        "<x:unknown xmlns:x='urn:x' a='b'/>",
    };

    permute(parts, 5, 5, "<source file='/top'/><backingStore type='file' index='2'>",
            "</backingStore>", "-:unknown:/top 2:qcow2:/middle 3:raw:/base end");
}

static void
an_index_is_optional_and_defaults_to_the_position(void **state)
{
#define LAYER(index, rest)                                                                         \
    "<backingStore type='file' " index "><format type='raw'/><source file='/b'/>" rest             \
    "</backingStore>"
    check("<source file='/a'/>" LAYER("", LAYER("", "")), "0:unknown:/a 1:raw:/b 2:raw:/b open");

    check("<source file='/a'/>" LAYER("index='7'", LAYER("", "")),
          "-:unknown:/a 7:raw:/b -:raw:/b open");
    check("<source file='/a' index='5'/>" LAYER("", LAYER("index='2'", "<backingStore/>")),
          "5:unknown:/a -:raw:/b 2:raw:/b end");
    check("<source file='/a' index='9223372036854775807'/>", "9223372036854775807:unknown:/a open");
}

static void
an_index_that_is_not_a_number_is_refused(void **state)
{
    static const char *const wrong[] = {"0",   "-1", "+2",  " 2", "2 ",  "",
                                        "0x2", "2a", "two", "1.", "1e1", "9223372036854775808"};

    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *source = g_strdup_printf(
            "<disk>\n<source file='/a' index='%s'/><target dev='vda'/></disk>", wrong[i]);
        g_autofree char *store = g_strdup_printf(
            "<disk><source file='/a'/>\n<backingStore index='%s'/><target dev='vda'/></disk>",
            wrong[i]);
        g_autofree char *reason =
            g_strdup_printf("vda: line 2: index '%s' is not a number from 1", wrong[i]);
        check_invalid(source, reason);
        check_invalid(store, reason);
    }
}

static void
two_layers_of_a_disk_do_not_have_one_index(void **state)
{
    check_invalid("<disk><target dev='vda'/><source file='/a' index='3'/>" LAYER(
                      "index='2'", LAYER("index='3'", "")) "</disk>",
                  "vda: line 1: two layers have the index '3'");
}

static void
the_end_of_a_chain_is_known_or_not_at_each_depth(void **state)
{
    check("<source file='/a'/>", "0:unknown:/a open");

    check("<source file='/a'/><backingStore/>", "0:unknown:/a end");
    check("<source file='/a'/><backingStore> <!-- the end --> </backingStore>", "0:unknown:/a end");
    check("<source file='/a'/>" LAYER("", ""), "0:unknown:/a 1:raw:/b open");
    check("<source file='/a'/>" LAYER("", "<backingStore/>"), "0:unknown:/a 1:raw:/b end");
}

static void
a_layer_without_a_location_is_still_a_layer(void **state)
{
    static const char *const broken[] = {
        "<backingStore type='file'/>",
        "<backingStore type='file'><source/></backingStore>",
        "<backingStore type='file'><source file=''/></backingStore>",
        "<backingStore type='block'><source file='/b'/></backingStore>",
        "<backingStore index='1'/>",
        "<backingStore><source/></backingStore>",
        "<backingStore type='network'><source name='x'/></backingStore>",
        "<backingStore type='network'><source protocol='nbd'><host port='1'/></source>"
        "</backingStore>",
        "<backingStore type='nvme'><source type='pci' namespace='1'/></backingStore>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text =
            g_strdup_printf("<disk>\n<target dev='vda'/><source file='/a'/>%s</disk>", broken[i]);
        g_autoptr(QblkChain) chain = read_disk(text, &error);
        assert_no_error(error);
        assert_int_equal(qblk_chain_get_depth(chain), 2);
        assert_false(chain->is_complete);
        const QblkLayer *layer = qblk_chain_get_layer(chain, 1);
        assert_string_equal(layer->filename, "");
        assert_null(layer->source);
        assert_string_equal(layer->problem, "line 2: the location of the image is not specified");
        xml_canon_round_trip(text);
    }

    check("<source file='/a'/><backingStore><format type='raw'/></backingStore>",
          "0:unknown:/a 1:raw: open");
    check("<source file='/a'/><backingStore><backingStore/></backingStore>",
          "0:unknown:/a 1:unknown: end");
    check("<backingStore><source file='/b'/><backingStore/></backingStore>",
          "0:unknown: 1:unknown:/b end");
}

static void
volumes_differ_although_their_location_is_not_known(void **state)
{
#define VOLUME(name)                                                                               \
    "<disk type='volume'><source pool='p' volume='" name "'/><target dev='vda'/></disk>"
    g_autoptr(GError) error = NULL;
    const char *one = VOLUME("one"), *two = VOLUME("two");
    g_autoptr(QblkChain) first = read_disk(one, &error);
    g_autoptr(QblkChain) second = read_disk(two, &error);

    assert_no_error(error);
    g_autofree char *text = describe(first);
    assert_string_equal(text, "0:unknown:volume:p/one open");
    assert_string_not_equal(qblk_chain_get_fingerprint(first), qblk_chain_get_fingerprint(second));
    xml_canon_round_trip(one);
}

static void
an_unknown_type_is_refused(void **state)
{
    check_invalid("<disk type='tape'><target dev='vda'/></disk>", "unknown type 'tape'");

    check_invalid("<disk><target dev='vda'/><source file='/a'/><backingStore type=''/></disk>",
                  "unknown type ''");
    check_invalid("<disk><target dev='vda'/><mirror type='x'/></disk>", "unknown type 'x'");
}

static void
an_element_that_occurs_twice_is_refused(void **state)
{
    static const char *const doubles[] = {"source", "target", "driver", "backingStore", "mirror"};

    for (gsize i = 0; i < G_N_ELEMENTS(doubles); i++) {
        g_autofree char *text =
            g_strdup_printf("<disk><target dev='vda'/><%s/><%s/></disk>", doubles[i], doubles[i]);
        g_autofree char *reason = g_strdup_printf("element '%s' occurs twice", doubles[i]);
        check_invalid(text, reason);
    }

    check_invalid("<disk><target dev='vda'/><backingStore type='file'><source file='/a'/>"
                  "<source file='/b'/></backingStore></disk>",
                  "element 'source' occurs twice");
}

static void
a_drive_without_a_medium_has_no_layers(void **state)
{
    static const char *const empty[] = {"", "<driver name='qemu' type='raw'/>",
                                        "<source startupPolicy='optional'/>", "<source file=''/>",
                                        "<backingStore/>"};

    for (gsize i = 0; i < G_N_ELEMENTS(empty); i++) {
        check(empty[i], "open");
    }
}

static void
a_device_has_the_type_of_its_element(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) chain =
        read_disk("<disk type='file' device='cdrom'><serial>a&amp;b</serial><readonly/>"
                  "<alias name='sata0-0-1'/><target dev='sdb' bus='sata' tray='open'/></disk>",
                  &error);

    assert_no_error(error);
    assert_int_equal(chain->kind, QBLK_DEVICE_KIND_CDROM);
    assert_string_equal(chain->bus, "sata");
    assert_string_equal(chain->alias, "sata0-0-1");
    assert_string_equal(chain->serial, "a&b");
    assert_true(chain->tray_open);
    assert_true(chain->removable);
    assert_true(chain->read_only);
    assert_int_equal(qblk_chain_get_name_source(chain), QBLK_NAME_SOURCE_DOMAIN);
}

static void
a_mirror_is_read_in_its_new_and_its_old_form(void **state)
{
    static const char *const forms[] = {
        "<mirror type='file' file='/m' format='qcow2' job='copy' ready='yes'><format type='qcow2'/>"
        "<source file='/m' index='4'/></mirror>",
        "<mirror file='/m' format='qcow2' ready='yes'/>",
        "<mirror type='file' job='active-commit' ready='yes'><source file='/m'/>"
        "<format type='qcow2'/></mirror>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text =
            g_strdup_printf("<disk><source file='/a'/>%s<target dev='vda'/></disk>", forms[i]);
        g_autoptr(QblkChain) chain = read_disk(text, &error);
        assert_no_error(error);
        assert_non_null(chain->mirror);
        assert_string_equal(chain->mirror->layer->filename, "/m");
        assert_string_equal(chain->mirror->layer->format, "qcow2");
        assert_true(chain->mirror->ready);
        assert_int_equal(chain->mirror->is_commit, i == 2);
        assert_int_equal(chain->mirror->layer->index, i == 0 ? 4 : QBLK_UNKNOWN);
        xml_canon_round_trip(text);
    }
}

static void
elements_and_attributes_of_others_are_not_libvirts(void **state)
{
    check("<x:source xmlns:x='urn:x' file='/no'/><source x:file='/no' xmlns:x='urn:x' file='/a'/>"
          "<backingStore x:type='tape' xmlns:x='urn:x'/><x:backingStore xmlns:x='urn:x'/>",
          "0:unknown:/a end");
    check("<source xmlns='urn:x' file='/no'/>", "open");
}

static void
a_target_is_a_name_that_a_specification_can_contain(void **state)
{
    check_invalid("<disk/>", "line 1: the disk has no '<target dev=...>'");

    check_invalid("<disk><target/></disk>", "has no '<target dev=...>'");
    check_invalid("<disk><target dev=''/></disk>", "has no '<target dev=...>'");
    check_invalid("<disk><target dev='vda[2]'/></disk>",
                  "target name 'vda[2]' contains '[', ']' or '/'");
    check_invalid("<disk><target dev='../vda'/></disk>",
                  "target name '../vda' contains '[', ']' or '/'");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_of_a_disk_may_occur_in_any_order),
        cmocka_unit_test(children_of_a_backing_store_may_occur_in_any_order),
        cmocka_unit_test(an_index_is_optional_and_defaults_to_the_position),
        cmocka_unit_test(an_index_that_is_not_a_number_is_refused),
        cmocka_unit_test(two_layers_of_a_disk_do_not_have_one_index),
        cmocka_unit_test(the_end_of_a_chain_is_known_or_not_at_each_depth),
        cmocka_unit_test(a_layer_without_a_location_is_still_a_layer),
        cmocka_unit_test(volumes_differ_although_their_location_is_not_known),
        cmocka_unit_test(an_unknown_type_is_refused),
        cmocka_unit_test(an_element_that_occurs_twice_is_refused),
        cmocka_unit_test(a_drive_without_a_medium_has_no_layers),
        cmocka_unit_test(a_device_has_the_type_of_its_element),
        cmocka_unit_test(a_mirror_is_read_in_its_new_and_its_old_form),
        cmocka_unit_test(elements_and_attributes_of_others_are_not_libvirts),
        cmocka_unit_test(a_target_is_a_name_that_a_specification_can_contain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
