/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/check-chain.h"
#include "source/source-compare.h"

static void
compare_source(const QblkChain *chain, const QblkLayer *running, const QblkLayer *expected,
               GPtrArray *differences)
{
    g_autoptr(QblkSource) source = qblk_layer_decode_source(expected, NULL);
    g_autoptr(QblkSource) found = qblk_layer_decode_source(running, NULL);
    gboolean has_place = source != NULL && (source->path != NULL || source->protocol != NULL ||
                                            source->pci_bus != NULL);

    if (!has_place || found == NULL) {
        qblk_difference_add(differences, QBLK_DIFFERENCE_UNCOMPARABLE, chain, running,
                            has_place ? expected->filename : NULL, running->filename);
    } else if (!qblk_source_is_same_place(source, found)) {
        qblk_difference_add(differences, QBLK_DIFFERENCE_SOURCE, chain, running, expected->filename,
                            running->filename);
    }
}

static void
compare_index(const QblkChain *chain, const QblkLayer *running, const QblkLayer *expected,
              GPtrArray *differences)
{
    if (expected->index == QBLK_UNKNOWN || expected->index == running->index) {
        return;
    }
    g_autofree char *left = g_strdup_printf("%" G_GINT64_FORMAT, expected->index);
    g_autofree char *right = g_strdup_printf("%" G_GINT64_FORMAT, running->index);
    qblk_difference_add(differences, QBLK_DIFFERENCE_INDEX, chain, running, left,
                        running->index == QBLK_UNKNOWN ? NULL : right);
}

static void
compare_layer(const QblkChain *chain, const QblkLayer *running, const QblkChain *domain,
              const QblkLayer *expected, GPtrArray *differences)
{
    compare_source(chain, running, expected, differences);

    if (expected->xml_format != NULL && running->xml_format != NULL &&
        !g_str_equal(expected->xml_format, running->xml_format)) {
        qblk_difference_add(differences, QBLK_DIFFERENCE_FORMAT, chain, running,
                            expected->xml_format, running->xml_format);
    }

    if (chain->has_libvirt_indexes && domain->has_own_indexes) {
        compare_index(chain, running, expected, differences);
    }
}

/* The domain may have only the first layers of a chain that it does not end. */
static void
compare_depth(const QblkChain *running, const QblkChain *domain, GPtrArray *differences)
{
    guint expected = domain->layers->len, found = running->layers->len;
    gboolean may_be_longer = !domain->is_complete && expected > 0;
    if (expected == found || (found > expected && may_be_longer)) {
        return;
    }
    g_autofree char *left = g_strdup_printf("%u", expected);
    g_autofree char *right = g_strdup_printf("%u", found);
    qblk_difference_add(differences, QBLK_DIFFERENCE_DEPTH, running, NULL, left, right);
}

static const char *
mirror_job(const QblkMirror *mirror)
{
    if (mirror == NULL) {
        return NULL;
    }
    return mirror->is_commit ? "active-commit" : "copy";
}

static void
compare_mirror(const QblkChain *running, const QblkChain *domain, GPtrArray *differences)
{
    const char *expected = mirror_job(domain->mirror), *found = mirror_job(running->mirror);
    if (g_strcmp0(expected, found) != 0) {
        qblk_difference_add(differences, QBLK_DIFFERENCE_MIRROR, running, NULL, expected, found);
        return;
    }
    if (domain->mirror == NULL) {
        return;
    }

    const QblkLayer *target = domain->mirror->layer, *running_target = running->mirror->layer;
    g_autoptr(QblkSource) left = qblk_layer_decode_source(target, NULL);
    g_autoptr(QblkSource) right = qblk_layer_decode_source(running_target, NULL);
    if (left != NULL && right != NULL && !qblk_source_is_same_place(left, right)) {
        qblk_difference_add(differences, QBLK_DIFFERENCE_MIRROR, running, NULL, target->filename,
                            running_target->filename);
    }
}

void
qblk_check_domain_disk(const QblkChain *running, const QblkChain *domain, GPtrArray *differences)
{
    if (running == NULL) {
        qblk_difference_add(differences, QBLK_DIFFERENCE_DISK, domain, NULL, domain->target, NULL);
        return;
    }
    if (domain == NULL) {
        qblk_difference_add(differences, QBLK_DIFFERENCE_DISK, running, NULL, NULL,
                            running->target);
        return;
    }

    compare_depth(running, domain, differences);
    guint common = MIN(running->layers->len, domain->layers->len);
    for (guint i = 0; i < common; i++) {
        compare_layer(running, running->layers->pdata[i], domain, domain->layers->pdata[i],
                      differences);
    }
    compare_mirror(running, domain, differences);
}
