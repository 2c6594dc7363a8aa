/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/difference.h"

#include "base/const-cast.h"
#include "base/redact.h"
#include "chain/chain-number.h"

static const struct {
    const char *name;
    const char *what;
    const char *origin; /* of the expected value */
} kinds[] = {
    [QBLK_DIFFERENCE_ANOTHER_FILE] = {"another-file", "file", "name"},
    [QBLK_DIFFERENCE_FILE_GONE] = {"file-gone", "file", "name"},
    [QBLK_DIFFERENCE_DESCRIPTOR] = {"descriptor", "file", "name"},
    [QBLK_DIFFERENCE_FILE_UNKNOWN] = {"file-unknown", "file", "name"},
    [QBLK_DIFFERENCE_BITMAP] = {"bitmap", "bitmap", "image"},
    [QBLK_DIFFERENCE_IO_STATUS] = {"io-status", "I/O status", "disk"},
    [QBLK_DIFFERENCE_JOB] = {"job", "job", "VM"},
    [QBLK_DIFFERENCE_BACKING_FILE] = {"backing-file", "backing file", "header"},
    [QBLK_DIFFERENCE_BACKING_FORMAT] = {"backing-format", "backing format", "header"},
    [QBLK_DIFFERENCE_BACKING_ENDS] = {"backing-ends", "backing file", "header"},
    [QBLK_DIFFERENCE_BACKING_GOES_ON] = {"backing-goes-on", "backing file", "header"},
    [QBLK_DIFFERENCE_UNCOMPARABLE] = {"uncomparable", "cannot compare", "header or domain"},
    [QBLK_DIFFERENCE_DISK] = {"disk", "disk", "domain"},
    [QBLK_DIFFERENCE_DEPTH] = {"depth", "number of layers", "domain"},
    [QBLK_DIFFERENCE_SOURCE] = {"source", "source", "domain"},
    [QBLK_DIFFERENCE_FORMAT] = {"format", "format", "domain"},
    [QBLK_DIFFERENCE_INDEX] = {"index", "index", "domain"},
    [QBLK_DIFFERENCE_MIRROR] = {"mirror", "mirror", "domain"},
    [QBLK_DIFFERENCE_NODE] = {"node", "node", "VM"},
    [QBLK_DIFFERENCE_MARK] = {"mark", "mark", "image"},
};

const char *
qblk_difference_kind_name(QblkDifferenceKind kind)
{
    gboolean is_known = (int)kind >= 0 && (gsize)kind < G_N_ELEMENTS(kinds);
    return is_known ? kinds[kind].name : "unknown";
}

gboolean
qblk_difference_is_of_header(QblkDifferenceKind kind)
{
    return kind >= QBLK_DIFFERENCE_BACKING_FILE && kind <= QBLK_DIFFERENCE_UNCOMPARABLE;
}

QblkDifference *
qblk_difference_ref(const QblkDifference *difference)
{
    QblkDifference *counted = qblk_const_cast(difference);
    g_atomic_ref_count_inc(&counted->references);
    return counted;
}

void
qblk_difference_unref(QblkDifference *difference)
{
    if (difference == NULL || !g_atomic_ref_count_dec(&difference->references)) {
        return;
    }
    g_free(difference->disk);
    g_free(difference->layer);
    g_free(difference->name);
    g_free(difference->journal);
    g_free(difference->expected);
    g_free(difference->found);
    g_free(difference->text);
    g_free(difference);
}

GPtrArray *
qblk_differences_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)qblk_difference_unref);
}

QblkDifferenceKind
qblk_difference_get_kind(const QblkDifference *difference)
{
    return difference->kind;
}

const char *
qblk_difference_get_disk(const QblkDifference *difference)
{
    return difference->disk;
}

const char *
qblk_difference_get_layer(const QblkDifference *difference)
{
    return difference->layer;
}

const char *
qblk_difference_get_expected(const QblkDifference *difference)
{
    return difference->expected;
}

const char *
qblk_difference_get_found(const QblkDifference *difference)
{
    return difference->found;
}

gboolean
qblk_difference_may_be_mended(const QblkDifference *difference)
{
    static const QblkDifferenceKind kinds_to_mend[] = {
        QBLK_DIFFERENCE_BACKING_FILE,
        QBLK_DIFFERENCE_BACKING_FORMAT,
        QBLK_DIFFERENCE_BACKING_GOES_ON,
        QBLK_DIFFERENCE_BITMAP,
        QBLK_DIFFERENCE_MARK,
    };
    for (gsize i = 0; i < G_N_ELEMENTS(kinds_to_mend); i++) {
        if (kinds_to_mend[i] == difference->kind) {
            return TRUE;
        }
    }
    return FALSE;
}

static char *
quote_or_none(const char *text)
{
    return text == NULL ? g_strdup("none") : g_strdup_printf("'%s'", text);
}

char *
qblk_difference_to_text(const QblkDifference *difference)
{
    g_autofree char *expected = quote_or_none(difference->expected);
    g_autofree char *found = quote_or_none(difference->found);
    const char *subject = difference->layer == NULL ? difference->disk : difference->layer;
    if (subject == NULL) {
        return g_strdup(difference->text);
    }
    if (difference->text != NULL) {
        return g_strdup_printf("%s: %s", subject, difference->text);
    }
    return g_strdup_printf("%s: %s: %s has %s, running chain has %s", subject,
                           kinds[difference->kind].what, kinds[difference->kind].origin, expected,
                           found);
}

static char *
redact(const char *name)
{
    return name == NULL ? NULL : qblk_redact_name(name, NULL);
}

QblkDifference *
qblk_difference_add(GPtrArray *differences, QblkDifferenceKind kind, const QblkChain *chain,
                    const QblkLayer *layer, const char *expected, const char *found)
{
    QblkDifference *difference = g_new0(QblkDifference, 1);
    g_atomic_ref_count_init(&difference->references);
    difference->kind = kind;
    difference->disk = chain == NULL ? NULL : g_strdup(chain->target);
    difference->layer = layer == NULL ? NULL : qblk_chain_layer_spec(chain, layer);
    difference->position = layer == NULL ? QBLK_UNKNOWN : layer->position;
    difference->expected = redact(expected);
    difference->found = redact(found);
    g_ptr_array_add(differences, difference);
    return difference;
}
