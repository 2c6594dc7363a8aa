/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/check.h"

#include "base/redact.h"
#include "chain/chain-resolve.h"
#include "source/driver.h"
#include "source/source-compare.h"
#include "source/source-decode.h"

#include <string.h>

/* ---- differences ---- */

static const struct {
    const char *name;
    const char *what;
    const char *origin; /* of the expected value */
} kinds[] = {
    [QBLK_DIFFERENCE_ANOTHER_FILE] = {"another-file", "file", "name"},
    [QBLK_DIFFERENCE_FILE_GONE] = {"file-gone", "file", "name"},
    [QBLK_DIFFERENCE_DESCRIPTOR] = {"descriptor", "file", "name"},
    [QBLK_DIFFERENCE_FILE_UNKNOWN] = {"file-unknown", "file", "name"},
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
    g_free(difference->text);
    g_free(difference);
}

GPtrArray *
qblk_check_new(void)
{
    return g_ptr_array_new_with_free_func(difference_free);
}

static char *
quote_or_none(const char *text)
{
    return text == NULL ? g_strdup("none") : g_strdup_printf("'%s'", text);
}

char *
qblk_check_text(const QblkDifference *difference)
{
    g_autofree char *expected = quote_or_none(difference->expected);
    g_autofree char *found = quote_or_none(difference->found);
    const char *subject = difference->layer == NULL ? difference->disk : difference->layer;
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

/* @layer is NULL if the difference concerns the disk. */
static QblkDifference *
add_difference(GPtrArray *differences, QblkDifferenceKind kind, const QblkChain *chain,
               const QblkLayer *layer, const char *expected, const char *found)
{
    QblkDifference *difference = g_new0(QblkDifference, 1);
    difference->kind = kind;
    difference->disk = g_strdup(chain->target);
    difference->layer = layer == NULL ? NULL : qblk_chain_layer_spec(chain, layer);
    difference->expected = redact(expected);
    difference->found = redact(found);
    g_ptr_array_add(differences, difference);
    return difference;
}

/* ---- against the files ---- */

static void
compare_file(const QblkChain *chain, const QblkLayer *layer, const QblkLayerFile *file,
             const char *filename, GPtrArray *differences)
{
    static const QblkDifferenceKind by_state[] = {
        [QBLK_FILE_ANOTHER] = QBLK_DIFFERENCE_ANOTHER_FILE,
        [QBLK_FILE_GONE] = QBLK_DIFFERENCE_FILE_GONE,
        [QBLK_FILE_DESCRIPTOR] = QBLK_DIFFERENCE_DESCRIPTOR,
        [QBLK_FILE_UNKNOWN] = QBLK_DIFFERENCE_FILE_UNKNOWN,
    };
    if (!qblk_layer_file_differs(file)) {
        return;
    }

    QblkDifference *difference =
        add_difference(differences, by_state[file->state], chain, layer, filename, file->path);
    difference->text = qblk_layer_file_describe(file, filename, NULL);
}

static void
compare_files(const QblkChain *chain, const QblkLayer *layer, GPtrArray *differences)
{
    compare_file(chain, layer, layer->file, layer->filename, differences);
    for (guint i = 0; layer->further_files != NULL && i < layer->further_files->len; i++) {
        const QblkFurtherFile *further = layer->further_files->pdata[i];
        compare_file(chain, layer, further->file, further->filename, differences);
    }
}

void
qblk_check_files(const QblkChain *chain, GPtrArray *differences)
{
    const char *unknown = qblk_chain_get_unknown_files(chain);
    if (unknown != NULL) {
        QblkDifference *difference =
            add_difference(differences, QBLK_DIFFERENCE_FILE_UNKNOWN, chain, NULL, NULL, NULL);
        difference->text =
            g_strdup_printf("the files that QEMU has open are not known: %s", unknown);
        return;
    }

    for (guint i = 0; i < chain->layers->len; i++) {
        compare_files(chain, chain->layers->pdata[i], differences);
    }
}

/* ---- against the headers ---- */

/* The backing file that a header names. */
typedef struct {
    const char *name;   /* NULL if the image has no backing file */
    const char *format; /* NULL if the header does not specify it */
} Backing;

/* Returns: FALSE if the header of @layer was not read: a document does not quote it. */
static gboolean
get_backing(const QblkChain *chain, const QblkLayer *layer, const GPtrArray *headers,
            Backing *backing)
{
    const QblkImageHeader *header = headers == NULL ? NULL : headers->pdata[layer->position];
    if (header != NULL) {
        *backing = (Backing){header->backing_name, header->backing_format};
        return TRUE;
    }
    *backing = (Backing){layer->backing_name, layer->backing_format};
    return chain->element == NULL;
}

/* The source that @name means in the header of an image whose source is @own; NULL if it is not
 * known.  @format is set if the name specifies the format. */
static QblkSource *
decode_backing(const QblkSource *own, const char *name, char **format)
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

/* A qcow2 header without a format is a difference only if the backing image is not raw: libvirt
 * would take it for raw, or refuse it. */
static gboolean
is_other_format(const QblkLayer *layer, const char *format, const QblkLayer *next)
{
    if (g_str_equal(next->format, "unknown")) {
        return FALSE;
    }
    const char *meant = qblk_driver_backing_format(format);
    if (meant != NULL) {
        return !g_str_equal(meant, next->format);
    }
    return g_str_equal(layer->format, "qcow2") && !g_str_equal(next->format, "raw");
}

static void
free_source(gpointer source)
{
    qblk_source_free(source);
}

/* The source of each layer, NULL if it is not known. */
static GPtrArray *
load_sources(const QblkChain *chain)
{
    GPtrArray *sources = g_ptr_array_new_with_free_func(free_source);
    for (guint i = 0; i < chain->layers->len; i++) {
        g_ptr_array_add(sources, qblk_layer_source_new(chain->layers->pdata[i], NULL));
    }
    return sources;
}

/* TRUE if @named leads to the file that is open for @next, or is its name, which is reported for
 * @next if it leads elsewhere. */
static gboolean
leads_to_file(QblkOpenedFiles *opened, const QblkSource *named, const QblkLayer *next,
              const QblkSource *below)
{
    const QblkLayerFile *file = next->file;
    const QblkFileIdentity found = qblk_opened_files_look_up(opened, named->path);
    if (!qblk_file_identity_is_known(&found)) {
        g_autofree char *name = qblk_opened_files_absolute(opened, next->filename);
        return g_strcmp0(named->path, name) == 0;
    }
    if (g_strcmp0(named->slice_offset, below->slice_offset) != 0) {
        return FALSE;
    }
    return qblk_file_identity_is_same(&found, &file->open) ||
           qblk_file_identity_is_same(&found, &file->named);
}

static gboolean
is_path(const QblkSource *source)
{
    gboolean is_file = source->type == QBLK_SOURCE_FILE || source->type == QBLK_SOURCE_BLOCK;
    return is_file && source->path != NULL && g_path_is_absolute(source->path);
}

static gboolean
leads_to(QblkOpenedFiles *opened, const QblkSource *named, const QblkLayer *next,
         const QblkSource *below, gboolean has_same_name)
{
    if (opened != NULL && is_path(named) && qblk_layer_file_is_known(next->file)) {
        return leads_to_file(opened, named, next, below);
    }
    return has_same_name || qblk_source_is_same_place(named, below);
}

/* Compare the backing file that the header of @layer names with the layer below. */
static void
compare_backing(const QblkChain *chain, QblkOpenedFiles *opened, const GPtrArray *sources,
                const QblkLayer *layer, const Backing *backing, GPtrArray *differences)
{
    const QblkLayer *next = qblk_chain_get_layer(chain, layer->position + 1);
    const QblkSource *below = sources->pdata[next->position];
    const char *found = qblk_layer_file_has_path(next->file) ? next->file->path : next->filename;
    gboolean has_same_name = g_strcmp0(backing->name, next->filename) == 0;
    g_autofree char *own_format = NULL;
    g_autoptr(QblkSource) named =
        decode_backing(sources->pdata[layer->position], backing->name, &own_format);

    if (named == NULL || below == NULL) {
        if (!has_same_name) {
            add_difference(differences, QBLK_DIFFERENCE_UNCOMPARABLE, chain, layer, backing->name,
                           found);
            return;
        }
    } else if (!leads_to(opened, named, next, below, has_same_name)) {
        add_difference(differences, QBLK_DIFFERENCE_BACKING_FILE, chain, layer, backing->name,
                       found);
    }

    const char *format = backing->format == NULL ? own_format : backing->format;
    if (is_other_format(layer, format, next)) {
        add_difference(differences, QBLK_DIFFERENCE_BACKING_FORMAT, chain, layer, format,
                       next->format);
    }
}

static void
compare_header(const QblkChain *chain, QblkOpenedFiles *opened, const GPtrArray *sources,
               const QblkLayer *layer, const Backing *backing, GPtrArray *differences)
{
    const QblkLayer *next = qblk_chain_get_layer(chain, layer->position + 1);
    if (next != NULL && backing->name != NULL) {
        compare_backing(chain, opened, sources, layer, backing, differences);
    } else if (next != NULL) {
        add_difference(differences, QBLK_DIFFERENCE_BACKING_GOES_ON, chain, layer, NULL,
                       next->filename);
    } else if (backing->name != NULL && chain->is_complete) {
        add_difference(differences, QBLK_DIFFERENCE_BACKING_ENDS, chain, layer, backing->name,
                       NULL);
    }
}

void
qblk_check_headers(const QblkChain *chain, QblkOpenedFiles *opened, const GPtrArray *headers,
                   GPtrArray *differences)
{
    g_autoptr(GPtrArray) sources = load_sources(chain);
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        Backing backing = {0};
        if (get_backing(chain, layer, headers, &backing)) {
            compare_header(chain, opened, sources, layer, &backing, differences);
        }
    }
}

/* ---- against a domain ---- */

static void
compare_source(const QblkChain *chain, const QblkLayer *running, const QblkLayer *expected,
               GPtrArray *differences)
{
    g_autoptr(QblkSource) source = qblk_layer_source_new(expected, NULL);
    g_autoptr(QblkSource) found = qblk_layer_source_new(running, NULL);
    gboolean has_place = source != NULL && (source->path != NULL || source->protocol != NULL ||
                                            source->pci_bus != NULL);

    if (!has_place || found == NULL) {
        add_difference(differences, QBLK_DIFFERENCE_UNCOMPARABLE, chain, running,
                       has_place ? expected->filename : NULL, running->filename);
    } else if (!qblk_source_is_same_place(source, found)) {
        add_difference(differences, QBLK_DIFFERENCE_SOURCE, chain, running, expected->filename,
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
    add_difference(differences, QBLK_DIFFERENCE_INDEX, chain, running, left,
                   running->index == QBLK_UNKNOWN ? NULL : right);
}

static void
compare_layer(const QblkChain *chain, const QblkLayer *running, const QblkChain *domain,
              const QblkLayer *expected, GPtrArray *differences)
{
    compare_source(chain, running, expected, differences);

    if (expected->xml_format != NULL && running->xml_format != NULL &&
        !g_str_equal(expected->xml_format, running->xml_format)) {
        add_difference(differences, QBLK_DIFFERENCE_FORMAT, chain, running, expected->xml_format,
                       running->xml_format);
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
    add_difference(differences, QBLK_DIFFERENCE_DEPTH, running, NULL, left, right);
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
        add_difference(differences, QBLK_DIFFERENCE_MIRROR, running, NULL, expected, found);
        return;
    }
    if (domain->mirror == NULL) {
        return;
    }

    const QblkLayer *target = domain->mirror->layer, *running_target = running->mirror->layer;
    g_autoptr(QblkSource) left = qblk_layer_source_new(target, NULL);
    g_autoptr(QblkSource) right = qblk_layer_source_new(running_target, NULL);
    if (left != NULL && right != NULL && !qblk_source_is_same_place(left, right)) {
        add_difference(differences, QBLK_DIFFERENCE_MIRROR, running, NULL, target->filename,
                       running_target->filename);
    }
}

void
qblk_check_domain(const QblkChain *running, const QblkChain *domain, GPtrArray *differences)
{
    if (running == NULL) {
        add_difference(differences, QBLK_DIFFERENCE_DISK, domain, NULL, domain->target, NULL);
        return;
    }
    if (domain == NULL) {
        add_difference(differences, QBLK_DIFFERENCE_DISK, running, NULL, NULL, running->target);
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
