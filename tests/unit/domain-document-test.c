/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain.h"
#include "graph/snapshot-options.h"
#include "lib/check.h"
#include "lib/xml-canon.h"
#include "xml/domain.h"

#include <qblk/disk.h>
#include <stdlib.h>
#include <time.h>

static GPtrArray *
read_text(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkDomain) domain = qblk_domain_read(text, -1, &error);

    assert_no_error(error);
    return g_ptr_array_ref(domain->disks);
}

static void
check_invalid(const char *text, const char *reason)
{
    g_autoptr(GError) error = NULL;

    assert_null(qblk_domain_read(text, -1, &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, reason);
}

static void
a_document_is_a_domain_devices_or_a_disk(void **state)
{
#define DISK(name) "<disk><source file='/" name "'/><target dev='" name "'/></disk>"
    static const struct {
        const char *text;
        guint disks;

    } documents[] = {
        {"<domain/>", 0},
        {"<domain><devices/></domain>", 0},
        {DISK("vda"), 1},
        {"<devices>" DISK("vda") "text" DISK("vdb") "</devices>", 2},
        {"<domain><devices>" DISK("vda") "</devices><x/><devices>" DISK(
             "vdb") "</devices></domain>",
         2},
        {"<domain>" DISK("vda") "<devices><x>" DISK("vdb") "</x></devices></domain>", 0},
        {"<domain xmlns:q='urn:q'><q:devices>" DISK("vda") "</q:devices></domain>", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(documents); i++) {
        g_autoptr(GPtrArray) chains = read_text(documents[i].text);
        assert_int_equal(chains->len, documents[i].disks);
    }

    check_invalid("<pool/>",
                  "the document is a '<pool>': '<domain>', '<devices>' or '<disk>' is required");
    check_invalid("<domain xmlns='urn:x'/>", "a '<domain>' in a namespace");
}

static void
two_disks_do_not_have_one_target(void **state)
{
    check_invalid("<devices>" DISK("vda") "\n" DISK("vda") "</devices>",
                  "line 2: two disks have the target 'vda'");

    check_invalid("<domain><devices>" DISK("vda") "</devices><devices>" DISK("vda") "</devices>"
                                                                                    "</domain>",
                  "line 1: two disks have the target 'vda'");
}

static char *
read_seed(void)
{
    g_autoptr(GError) error = NULL;
    char *text;
    g_autofree char *path = g_build_filename(getenv("QBLK_SOURCE_ROOT"), "tests", "golden",
                                             "domain-seed-xml", "domain.xml", NULL);

    assert_true(g_file_get_contents(path, &text, NULL, &error));
    return text;
}

static void
the_seeds_document_comes_back_disk_by_disk(void **state)
{
    g_autofree char *text = read_seed();

    xml_canon_round_trip(text);
    g_autoptr(GPtrArray) chains = read_text(text);
    assert_int_equal(chains->len, 5);
}

/* The chain as text, without the element it was read from. */
static char *
write_by_model(const GPtrArray *chains)
{
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < chains->len; i++) {
        QblkChain *chain = chains->pdata[i];
        chain->free_document(chain->document);
        chain->document = NULL;
    }

    char *text = qblk_disk_all_to_xml((const QblkChain *const *)chains->pdata, chains->len, &error);
    assert_no_error(error);
    return text;
}

static void
the_seeds_document_comes_back_by_what_is_modelled(void **state)
{
    g_autofree char *text = read_seed();
    g_autoptr(GPtrArray) chains = read_text(text);
    g_autofree char *written = write_by_model(chains);

    /* `<auth>` is modelled as part of a source only; libvirt wrote it beside the source before. */
    char *begin = strstr(text, "<auth"), *end = strstr(text, "</auth>") + strlen("</auth>");
    memset(begin, ' ', (gsize)(end - begin));
    g_autofree char *before = xml_canon_unordered(text);
    g_autofree char *after = xml_canon_unordered(written);
    assert_string_equal(before, after);
}

static void
unknown_fields_are_kept(void **state)
{
    static const char *const disks[] = {
        "<disk type='file' model='virtio' snapshot='external' rawio='no' "
        "x='&#10;&#9;&#13;&lt;&quot;"
        "&apos;&amp;\xc3\xa4'><driver name='qemu' type='qcow2' cache='none' iothread='1'>"
        "<metadata_cache><max_size unit='bytes'>1</max_size></metadata_cache></driver>"
        "<source file='/a' startupPolicy='optional'><seclabel model='selinux' relabel='no'/>"
        "<encryption format='luks'><secret type='passphrase' uuid='u'/></encryption>"
        "<slices><slice type='storage' offset='1' size='2'/></slices>"
        "<reservations managed='no'><source type='unix' path='/p' mode='client'/></reservations>"
        "<dataStore type='file'><format type='raw'/><source file='/d'/></dataStore>"
        "<privateData><nodenames><nodename type='storage' name='n'/></nodenames></privateData>"
        "</source><iotune><total_bytes_sec>1</total_bytes_sec></iotune><target dev='vda'/>"
        "<boot order='1'/><address type='pci' slot='0x1'/><transient/><shareable/><wwn>w</wwn>"
        "</disk>",
        "<disk type='network'><auth username='u'><secret type='ceph' uuid='u'/></auth>"
        "<source protocol='https' name='p' query='a=b&amp;c'><host name='h'/><ssl verify='no'/>"
        "<cookies><cookie name='c'>v</cookie></cookies><readahead size='1'/><timeout seconds='1'/>"
        "<auth username='v'/></source><target dev='vda'/></disk>",
        "<disk type='nvme'><source type='pci' managed='yes' namespace='1'><address domain='0x0' "
        "bus='0x1' slot='0x0' function='0x0'/></source><target dev='vda'/></disk>",
        "<disk type='dir' device='floppy'><source dir='/d'/><target dev='fda'/></disk>",
        "<disk type='vhostuser'><source type='unix' path='/s'><reconnect enabled='yes'/></source>"
        "<target dev='vda'/></disk>",
        "<disk type='vhostvdpa'><source dev='/dev/v'/><target dev='vda'/></disk>",
        "<disk><!-- a\n  remark --><?do  this ?><?that?><target dev='vda'/><serial> S </serial>"
        "<a>b<c/>d <![CDATA[<&>]]> e</a><x xml:space='preserve'> <y/> </x></disk>",
        "<domain xmlns:q='urn:q' xmlns:p='urn:p'><devices><disk q:a='1' b='2'><q:c p:d=''/>"
        "<e xmlns='urn:e'><f xmlns=''/><q:g xmlns:q='urn:other' q:h='1'/></e><target dev='vda'/>"
        "</disk></devices></domain>",
        "<disk><u:nknown u:a='b'/><target dev='vda'/></disk>",
        "<disk><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='/etc/passwd'/>"
        "<target dev='vda'/></disk>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(disks); i++) {
        xml_canon_round_trip(disks[i]);
    }
}

static void
white_space_in_mixed_content_stays(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) chains = read_text("<disk>\n <a> <b/> text <c/> </a>\n<d> </d><e>\n<f/>\n"
                                            "</e><target dev='vda'/></disk>");
    g_autofree char *text = qblk_disk_to_xml(chains->pdata[0], &error);

    assert_no_error(error);
    assert_string_equal(text, "<disk>\n  <a> <b/> text <c/> </a>\n  <d> </d>\n  <e>\n    <f/>\n"
                              "  </e>\n  <target dev='vda'/>\n</disk>\n");
}

static void
a_very_long_attribute_comes_back(void **state)
{
    g_autofree char *name = g_strnfill(1 << 20, 'x');
    g_autofree char *text =
        g_strconcat("<disk><source file='/", name, "'/><target dev='vda'/></disk>", NULL);
    xml_canon_round_trip(text);
}

static void
options_get_the_names_of_disks_with_and_without_an_image(void **state)
{
    static const char text[] =
        "<devices><disk><source file='/a'/><alias name='x'/><target dev='vda'/></disk>"
        "<disk><target dev='sda'/></disk>"
        "<disk type='volume'><source pool='p' volume='v'/><target dev='vdb'/></disk></devices>";
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    g_autoptr(QblkDomain) domain = qblk_domain_read(text, sizeof text - 1, &error);

    assert_no_error(error);
    qblk_domain_name_disks(domain, options);
    assert_int_equal(options->hints->len, 3);
    const QblkTargetHint *first = options->hints->pdata[0], *last = options->hints->pdata[2];
    assert_string_equal(first->file, "/a");
    assert_null(last->file);
    assert_null(qblk_domain_read("<disk/>", strlen("<disk/>"), &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, "has no '<target dev=...>'");
}

static void
a_chain_outlives_its_domain(void **state)
{
    g_autoptr(GError) error = NULL;
    QblkDomain *domain =
        qblk_domain_read("<devices>" DISK("vda") DISK("vdb") "</devices>", -1, &error);
    assert_no_error(error);
    g_autoptr(QblkDomain) more = qblk_domain_ref(domain);
    qblk_domain_unref(domain);
    assert_int_equal(qblk_domain_get_n_disks(more), 2);
    assert_null(qblk_domain_get_disk(more, 2));
    assert_null(qblk_domain_find_disk(more, "vdc", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, "vda and vdb");

    g_autoptr(QblkChain) chain = qblk_chain_ref(qblk_domain_find_disk(more, "vdb", &error));
    assert_ptr_equal(chain, qblk_domain_get_disk(more, 1));
    qblk_domain_unref(g_steal_pointer(&more));
    qblk_domain_unref(NULL);
    assert_string_equal(qblk_chain_get_target(chain), "vdb");
    g_autofree char *xml = qblk_disk_to_xml(chain, &error);
    assert_non_null(strstr(xml, "file='/vdb'"));
}

static void
a_layer_is_found_in_all_disks_of_a_domain(void **state)
{
    static const char text[] = "<devices>" DISK(
        "vda") "<disk><source file='/top'/><backingStore type='file' index='7'>"
               "<format type='raw'/><source file='/vda'/></backingStore><target dev='vdb'/></disk>"
               "</devices>";
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkDomain) domain = qblk_domain_read(text, -1, &error);
    g_autoptr(QblkLayer) base = qblk_domain_resolve(domain, "vdb[7]", NULL, &error);
    g_autoptr(QblkLayer) top = qblk_domain_resolve(domain, "/top", NULL, &error);
    assert_no_error(error);
    assert_null(qblk_domain_resolve(domain, "/vda", NULL, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS, "is open 2 times");
    assert_null(qblk_domain_resolve(domain, "vdc", NULL, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, "vdc");
    assert_null(qblk_domain_resolve(domain, "vdb[0", NULL, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "not closed");
    assert_null(qblk_domain_resolve(domain, "vdb", "0123456789abcdef", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE, "vdb");

    qblk_domain_unref(g_steal_pointer(&domain));
    assert_ptr_equal(qblk_layer_get_chain(base), qblk_layer_get_chain(top));
    assert_string_equal(qblk_layer_get_filename(base), "/vda");
    assert_string_equal(qblk_layer_get_spec(base), "vdb[7]");
}

static char *
large_domain(guint disks, guint layers)
{
    GString *text = g_string_new("<domain><devices>");

    for (guint i = 0; i < disks; i++) {
        g_string_append_printf(text, "<disk type='file'><source file='/d%u'/>", i);
        for (guint j = 1; j < layers; j++) {
            g_string_append_printf(text,
                                   "<backingStore type='file' index='%u'><format type='qcow2'/>"
                                   "<source file='/d%u-%u'/>",
                                   j, i, j);
        }

        g_string_append(text, "<backingStore/>");
        for (guint j = 1; j < layers; j++) {
            g_string_append(text, "</backingStore>");
        }

        g_string_append_printf(text, "<target dev='d%u'/></disk>", i);
    }

    g_string_append(text, "</devices></domain>");
    return g_string_free(text, FALSE);
}

static void
a_large_domain_takes_no_time(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = large_domain(200, 30);

    clock_t start = clock();
    g_autoptr(GPtrArray) chains = read_text(text);
    g_autofree char *written =
        qblk_disk_all_to_xml((const QblkChain *const *)chains->pdata, chains->len, &error);
    assert_no_error(error);
    /* Usually it takes a tenth of that; sanitizers and valgrind are slow. */
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5);
    assert_int_equal(chains->len, 200);
    assert_int_equal(qblk_chain_get_depth(chains->pdata[199]), 30);
}

static void
a_chain_is_as_deep_as_a_document_may_be(void **state)
{
    g_autofree char *deepest = large_domain(1, 253);
    g_autofree char *deeper = large_domain(1, 255);
    g_autoptr(GPtrArray) chains = read_text(deepest);

    assert_int_equal(qblk_chain_get_depth(chains->pdata[0]), 253);
    xml_canon_round_trip(deepest);
    check_invalid(deeper, "line 1: elements are nested deeper than the limit of 256");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_a_domain_devices_or_a_disk),
        cmocka_unit_test(two_disks_do_not_have_one_target),
        cmocka_unit_test(the_seeds_document_comes_back_disk_by_disk),
        cmocka_unit_test(the_seeds_document_comes_back_by_what_is_modelled),
        cmocka_unit_test(unknown_fields_are_kept),
        cmocka_unit_test(white_space_in_mixed_content_stays),
        cmocka_unit_test(a_very_long_attribute_comes_back),
        cmocka_unit_test(options_get_the_names_of_disks_with_and_without_an_image),
        cmocka_unit_test(a_chain_outlives_its_domain),
        cmocka_unit_test(a_layer_is_found_in_all_disks_of_a_domain),
        cmocka_unit_test(a_large_domain_takes_no_time),
        cmocka_unit_test(a_chain_is_as_deep_as_a_document_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
