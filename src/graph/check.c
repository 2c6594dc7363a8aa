/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/check.h"

#include "base/redact.h"
#include "graph/chain-resolve.h"
#include "source/driver.h"
#include "source/source-compare.h"
#include "source/source-decode.h"

#include <string.h>

/* ---- differences ---- */

static const struct {
    const char *name;
    const char *what;
    const char *who; /* says what was expected */
} kinds[] = {
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
};

const char *
qblk_check_kind_name(QblkDifferenceKind kind)
{
    return kinds[kind].name;
}

static void
difference_free(gpointer data)
{
    QblkDifference *difference = data;
    g_free(difference->disk);
    g_free(difference->layer);
    g_free(difference->expected);
    g_free(difference->found);
    g_free(difference);
}

GPtrArray *
qblk_check_new(void)
{
    return g_ptr_array_new_with_free_func(difference_free);
}

static char *
quote(const char *text)
{
    return text == NULL ? g_strdup("none") : g_strdup_printf("'%s'", text);
}

char *
qblk_check_text(const QblkDifference *difference)
{
    g_autofree char *expected = quote(difference->expected);
    g_autofree char *found = quote(difference->found);
    const char *subject = difference->layer == NULL ? difference->disk : difference->layer;
    return g_strdup_printf("%s: %s: %s says %s, running chain has %s", subject,
                           kinds[difference->kind].what, kinds[difference->kind].who, expected,
                           found);
}

static void
add(GPtrArray *differences, QblkDifferenceKind kind, const QblkChain *chain, const QblkLayer *layer,
    const char *expected, const char *found)
{
    QblkDifference *difference = g_new0(QblkDifference, 1);
    difference->kind = kind;
    difference->disk = g_strdup(chain->target);
    difference->layer = layer == NULL ? NULL : qblk_chain_layer_spec(chain, layer);
    difference->expected = expected == NULL ? NULL : qblk_redact_name(expected, NULL);
    difference->found = found == NULL ? NULL : qblk_redact_name(found, NULL);
    g_ptr_array_add(differences, difference);
}

/* ---- against the headers ---- */

typedef struct {
    const char *name;   /* of the backing file, NULL for none */
    const char *format; /* or NULL where it says none */
} Said;

/* FALSE where nobody has read the header. */
static gboolean
find_said(const QblkChain *chain, const QblkLayer *layer, const GPtrArray *headers, Said *said)
{
    const QblkImageHeader *header = headers == NULL ? NULL : headers->pdata[layer->position];
    if (header != NULL) {
        *said = (Said){header->backing_name, header->backing_format};
        return TRUE;
    }
    *said = (Said){layer->backing_name, layer->backing_format};
    return chain->element == NULL;
}

/* What the header of a layer with @own source means by @name; NULL where it cannot be told. */
static QblkSource *
resolve(const QblkSource *own, const char *name, char **format)
{
    g_auto(QblkSourceDecoded) decoded = {0};
    if (!qblk_source_decode(name, &decoded, NULL)) {
        return NULL;
    }
    QblkSource *source = decoded.source;
    if (source->path != NULL && source->path[0] != '/') {
        if (own == NULL || own->path == NULL || own->type == QBLK_SOURCE_NETWORK) {
            return NULL;
        }
        g_autofree char *directory = g_path_get_dirname(own->path);
        char *joined = g_build_filename(directory, source->path, NULL);
        g_free(source->path);
        source->path = joined;
    }
    *format = g_steal_pointer(&decoded.format);
    return g_steal_pointer(&decoded.source);
}

static void
check_format(const QblkChain *chain, const QblkLayer *layer, const char *format,
             const QblkLayer *next, GPtrArray *differences)
{
    gboolean could_say = g_str_equal(layer->format, "qcow2") && !g_str_equal(next->format, "raw");
    gboolean is_known = !g_str_equal(next->format, "unknown");
    const char *meant = qblk_driver_backing_format(format);
    if (is_known && (meant == NULL ? could_say : !g_str_equal(meant, next->format))) {
        add(differences, QBLK_DIFFERENCE_BACKING_FORMAT, chain, layer, format, next->format);
    }
}

static void
free_source(gpointer source)
{
    qblk_source_free(source);
}

/* The source of each layer of @chain, NULL of one whose source is not known. */
static GPtrArray *
load_sources(const QblkChain *chain)
{
    GPtrArray *sources = g_ptr_array_new_with_free_func(free_source);
    for (guint i = 0; i < chain->layers->len; i++) {
        g_ptr_array_add(sources, qblk_layer_source_new(chain->layers->pdata[i], NULL));
    }
    return sources;
}

static void
check_link(const QblkChain *chain, const QblkLayer *layer, const GPtrArray *sources,
           const Said *said, const QblkLayer *next, GPtrArray *differences)
{
    g_autofree char *format = NULL;
    const QblkSource *own = sources->pdata[layer->position];
    const QblkSource *below = sources->pdata[next->position];
    g_autoptr(QblkSource) source = resolve(own, said->name, &format);
    gboolean same_name = g_strcmp0(said->name, next->filename) == 0;
    if (!same_name && (source == NULL || below == NULL)) {
        add(differences, QBLK_DIFFERENCE_UNCOMPARABLE, chain, layer, said->name, next->filename);
        return;
    }
    if (!same_name && !qblk_source_is_same_place(source, below)) {
        add(differences, QBLK_DIFFERENCE_BACKING_FILE, chain, layer, said->name, next->filename);
    }
    check_format(chain, layer, said->format == NULL ? format : said->format, next, differences);
}

void
qblk_check_headers(const QblkChain *chain, const GPtrArray *headers, GPtrArray *differences)
{
    g_autoptr(GPtrArray) sources = load_sources(chain);
    for (guint i = 0; i < chain->layers->len; i++) {
        Said said;
        const QblkLayer *layer = chain->layers->pdata[i];
        const QblkLayer *next = qblk_chain_get_layer(chain, i + 1);
        if (!find_said(chain, layer, headers, &said)) {
            continue;
        }
        if (next == NULL) {
            if (said.name != NULL && chain->is_complete) {
                add(differences, QBLK_DIFFERENCE_BACKING_ENDS, chain, layer, said.name, NULL);
            }
        } else if (said.name == NULL) {
            add(differences, QBLK_DIFFERENCE_BACKING_GOES_ON, chain, layer, NULL, next->filename);
        } else {
            check_link(chain, layer, sources, &said, next, differences);
        }
    }
}

/* ---- against a domain ---- */

static void
check_source(const QblkChain *chain, const QblkLayer *running, const QblkLayer *believed,
             QblkDifferenceKind kind, GPtrArray *differences)
{
    g_autoptr(QblkSource) source = qblk_layer_source_new(believed, NULL);
    g_autoptr(QblkSource) found = qblk_layer_source_new(running, NULL);
    gboolean says_place = source != NULL && (source->path != NULL || source->protocol != NULL ||
                                             source->pci_bus != NULL);
    if (!says_place || found == NULL) {
        add(differences, QBLK_DIFFERENCE_UNCOMPARABLE, chain, running,
            says_place ? believed->filename : NULL, running->filename);
    } else if (!qblk_source_is_same_place(source, found)) {
        add(differences, kind, chain, running, believed->filename, running->filename);
    }
}

static void
check_layer(const QblkChain *chain, const QblkLayer *running, const QblkChain *domain,
            const QblkLayer *believed, GPtrArray *differences)
{
    check_source(chain, running, believed, QBLK_DIFFERENCE_SOURCE, differences);
    if (believed->xml_format != NULL && running->xml_format != NULL &&
        !g_str_equal(believed->xml_format, running->xml_format)) {
        add(differences, QBLK_DIFFERENCE_FORMAT, chain, running, believed->xml_format,
            running->xml_format);
    }
    gboolean both_count = chain->has_libvirt_indexes && domain->has_own_indexes;
    if (both_count && believed->index != QBLK_UNKNOWN && believed->index != running->index) {
        g_autofree char *expected = g_strdup_printf("%" G_GINT64_FORMAT, believed->index);
        g_autofree char *found = running->index == QBLK_UNKNOWN
                                     ? NULL
                                     : g_strdup_printf("%" G_GINT64_FORMAT, running->index);
        add(differences, QBLK_DIFFERENCE_INDEX, chain, running, expected, found);
    }
}

/* A chain that the domain does not end is only as long as it knows. */
static void
check_depth(const QblkChain *running, const QblkChain *believed, GPtrArray *differences)
{
    guint expected = believed->layers->len, found = running->layers->len;
    gboolean may_go_on = !believed->is_complete && expected > 0 && found > expected;
    if (expected != found && !may_go_on) {
        g_autofree char *left = g_strdup_printf("%u", expected);
        g_autofree char *right = g_strdup_printf("%u", found);
        add(differences, QBLK_DIFFERENCE_DEPTH, running, NULL, left, right);
    }
}

static const char *
mirror_job(const QblkMirror *mirror)
{
    return mirror == NULL ? NULL : mirror->is_commit ? "active-commit" : "copy";
}

static void
check_mirror(const QblkChain *running, const QblkChain *believed, GPtrArray *differences)
{
    const QblkMirror *expected = believed->mirror, *found = running->mirror;
    if (g_strcmp0(mirror_job(expected), mirror_job(found)) != 0) {
        add(differences, QBLK_DIFFERENCE_MIRROR, running, NULL, mirror_job(expected),
            mirror_job(found));
        return;
    }
    if (expected == NULL) {
        return;
    }
    g_autoptr(QblkSource) left = qblk_layer_source_new(expected->layer, NULL);
    g_autoptr(QblkSource) right = qblk_layer_source_new(found->layer, NULL);
    if (left != NULL && right != NULL && !qblk_source_is_same_place(left, right)) {
        add(differences, QBLK_DIFFERENCE_MIRROR, running, NULL, expected->layer->filename,
            found->layer->filename);
    }
}

void
qblk_check_domain(const QblkChain *running, const QblkChain *believed, GPtrArray *differences)
{
    if (running == NULL || believed == NULL) {
        const QblkChain *only = running == NULL ? believed : running;
        add(differences, QBLK_DIFFERENCE_DISK, only, NULL, believed == NULL ? NULL : only->target,
            running == NULL ? NULL : only->target);
        return;
    }
    check_depth(running, believed, differences);
    guint common = MIN(running->layers->len, believed->layers->len);
    for (guint i = 0; i < common; i++) {
        check_layer(running, running->layers->pdata[i], believed, believed->layers->pdata[i],
                    differences);
    }
    check_mirror(running, believed, differences);
}
