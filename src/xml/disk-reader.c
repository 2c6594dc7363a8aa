/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/disk-reader.h"

#include "base/const-cast.h"
#include "graph/chain-number.h"
#include "xml/source-xml.h"

#include <string.h>

static gboolean
fail(GError **error, const xmlNode *element, const char *reason, const char *value)
{
    g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, "line %ld: %s '%s'",
                xmlGetLineNo(element), reason, value);
    return FALSE;
}

/* What there is once in the grammar: of two of them neither is the right one. */
static gboolean
check_single(const xmlNode *element, GError **error)
{
    static const char *const names[] = {"source", "backingStore", "mirror",
                                        "target", "driver",       "format"};
    guint counts[G_N_ELEMENTS(names)] = {0};
    for (const xmlNode *at = element->children; at != NULL; at = at->next) {
        for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
            if (qblk_document_is(at, names[i]) && ++counts[i] > 1) {
                return fail(error, at, "there is a second", names[i]);
            }
        }
    }
    return TRUE;
}

static gboolean
is_volume(const xmlNode *element)
{
    return g_strcmp0(qblk_document_attribute(element, "type"), "volume") == 0;
}

static gboolean
read_type(const xmlNode *element, QblkSourceType *type, GError **error)
{
    const char *name = qblk_document_attribute(element, "type");
    *type = QBLK_SOURCE_FILE;
    return name == NULL || qblk_source_type_value(name, type) || is_volume(element) ||
           fail(error, element, "there is no type", name);
}

static gboolean
read_index(const xmlNode *element, QblkLayer *layer, GError **error)
{
    const char *text = qblk_document_attribute(element, "index");
    if (text == NULL) {
        return TRUE;
    }
    return (g_ascii_isdigit(text[0]) &&
            g_ascii_string_to_signed(text, 10, 1, G_MAXINT64, &layer->index, NULL)) ||
           fail(error, element, "an index is a number from 1 on, not", text);
}

static gboolean
is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* Whether @source says enough to find the image by it. */
static gboolean
has_place(const QblkSource *source)
{
    if (source->type == QBLK_SOURCE_NVME) {
        return source->pci_domain != NULL && source->pci_bus != NULL && source->pci_slot != NULL &&
               source->pci_function != NULL && source->nvme_namespace != NULL;
    }
    if (source->type != QBLK_SOURCE_NETWORK) {
        return !is_empty(source->path);
    }
    const QblkSourceHost *host = source->hosts->len == 0 ? NULL : source->hosts->pdata[0];
    return !is_empty(source->protocol) &&
           (host == NULL || host->name != NULL || host->socket != NULL);
}

/* Only libvirt knows where a volume of a pool is, but not two of them are in one place. */
static void
read_volume(const xmlNode *source, QblkLayer *layer)
{
    const char *pool = qblk_document_attribute(source, "pool");
    const char *volume = qblk_document_attribute(source, "volume");
    layer->filename =
        g_strdup_printf("volume:%s/%s", pool == NULL ? "" : pool, volume == NULL ? "" : volume);
    layer->problem = g_strdup_printf("where '%s' is, only its storage pool says", layer->filename);
}

static void
read_place(const xmlNode *element, QblkSourceType type, QblkLayer *layer)
{
    const xmlNode *place = qblk_document_child(element, "source");
    if (is_volume(element)) {
        read_volume(place, layer);
        return;
    }
    g_autoptr(QblkSource) source = qblk_source_xml_read(place, type);
    /* An old `<mirror>` has its file as an attribute. */
    const char *file = place == NULL ? qblk_document_attribute(element, "file") : NULL;
    if (file != NULL && source->path == NULL) {
        source->path = g_strdup(file);
    }
    if (has_place(source)) {
        layer->filename = qblk_source_label(source);
        layer->source = g_steal_pointer(&source);
        return;
    }
    layer->filename = g_strdup("");
    layer->problem = g_strdup_printf("line %ld: the document does not say where the image is",
                                     xmlGetLineNo(element));
}

/* @element has the type and, below it, the source; @indexed has the index. */
static QblkLayer *
read_layer(const xmlNode *element, const xmlNode *indexed, const char *format, GError **error)
{
    QblkSourceType type;
    QblkLayer *layer = qblk_chain_layer_new();
    if (!check_single(element, error) || !read_type(element, &type, error) ||
        (indexed != NULL && !read_index(indexed, layer, error))) {
        qblk_chain_layer_free(layer);
        return NULL;
    }
    read_place(element, type, layer);
    layer->format = g_strdup(format == NULL ? "unknown" : format);
    layer->xml_format = g_strdup(format);
    return layer;
}

static const char *
format_of(const xmlNode *element)
{
    return qblk_document_attribute(qblk_document_child(element, "format"), "type");
}

/* The end of a chain says nothing at all; what says something is a layer, be it a broken one. */
static gboolean
is_terminator(const xmlNode *store)
{
    static const char *const children[] = {"source", "format", "backingStore"};
    for (gsize i = 0; i < G_N_ELEMENTS(children); i++) {
        if (qblk_document_child(store, children[i]) != NULL) {
            return FALSE;
        }
    }
    return qblk_document_attribute(store, "type") == NULL &&
           qblk_document_attribute(store, "index") == NULL;
}

static gboolean
read_backing(QblkChain *chain, const xmlNode *disk, GError **error)
{
    const xmlNode *store = qblk_document_child(disk, "backingStore");
    while (store != NULL && !is_terminator(store)) {
        QblkLayer *layer = read_layer(store, store, format_of(store), error);
        if (layer == NULL) {
            return FALSE;
        }
        g_ptr_array_add(chain->layers, layer);
        store = qblk_document_child(store, "backingStore");
    }
    chain->is_complete = store != NULL;
    return TRUE;
}

/* A drive without a medium has neither image nor layers below; its source may still say what to do
 * without one. */
static gboolean
is_empty_drive(const xmlNode *disk)
{
    static const char *const places[] = {"file", "dev", "dir"};
    const xmlNode *source = qblk_document_child(disk, "source");
    const xmlNode *store = qblk_document_child(disk, "backingStore");
    const char *type = qblk_document_attribute(disk, "type");
    gboolean is_local = type == NULL || g_str_equal(type, "file") || g_str_equal(type, "block") ||
                        g_str_equal(type, "dir");
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        if (!is_empty(qblk_document_attribute(source, places[i]))) {
            return FALSE;
        }
    }
    return (source == NULL || is_local) && (store == NULL || is_terminator(store));
}

static gboolean
read_layers(QblkChain *chain, const xmlNode *disk, GError **error)
{
    const xmlNode *driver = qblk_document_child(disk, "driver");
    QblkLayer *active = read_layer(disk, qblk_document_child(disk, "source"),
                                   qblk_document_attribute(driver, "type"), error);
    if (active == NULL) {
        return FALSE;
    }
    if (is_empty_drive(disk)) {
        qblk_chain_layer_free(active);
        return TRUE;
    }
    g_ptr_array_add(chain->layers, active);
    return read_backing(chain, disk, error);
}

static gboolean
read_mirror(QblkChain *chain, const xmlNode *disk, GError **error)
{
    const xmlNode *element = qblk_document_child(disk, "mirror");
    if (element == NULL) {
        return TRUE;
    }
    const char *format = format_of(element);
    QblkLayer *layer =
        read_layer(element, qblk_document_child(element, "source"),
                   format == NULL ? qblk_document_attribute(element, "format") : format, error);
    if (layer == NULL) {
        return FALSE;
    }
    chain->mirror = g_new0(QblkMirror, 1);
    chain->mirror->is_commit =
        g_strcmp0(qblk_document_attribute(element, "job"), "active-commit") == 0;
    chain->mirror->ready = g_strcmp0(qblk_document_attribute(element, "ready"), "yes") == 0;
    chain->mirror->layer = layer;
    return TRUE;
}

static gboolean
check_indexes(QblkChain *chain, const xmlNode *disk, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = 0; i < chain->layers->len; i++) {
        QblkLayer *layer = chain->layers->pdata[i];
        if (layer->index == QBLK_UNKNOWN) {
            continue;
        }
        chain->has_own_indexes = TRUE;
        if (!g_hash_table_add(seen, &layer->index)) {
            g_autofree char *index = g_strdup_printf("%" G_GINT64_FORMAT, layer->index);
            return fail(error, disk, "two layers of a disk have the index", index);
        }
    }
    return TRUE;
}

/* What libvirt has in words and a chain in numbers. */
static void
read_device(QblkChain *chain, const xmlNode *disk)
{
    static const QblkDeviceKind kinds[] = {QBLK_DEVICE_DISK, QBLK_DEVICE_LUN, QBLK_DEVICE_CDROM,
                                           QBLK_DEVICE_FLOPPY};
    static const char *const buses[] = {"virtio", "scsi", "sata", "usb", "ide",
                                        "fdc",    "nvme", "sd",   "xen", "uml"};
    const xmlNode *target = qblk_document_child(disk, "target");
    const char *device = qblk_document_attribute(disk, "device");
    const char *bus = qblk_document_attribute(target, "bus");
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_strcmp0(device, qblk_device_kind_name(kinds[i])) == 0) {
            chain->kind = kinds[i];
        }
    }
    for (gsize i = 0; i < G_N_ELEMENTS(buses); i++) {
        if (g_strcmp0(bus, buses[i]) == 0) {
            chain->bus = buses[i];
        }
    }
    chain->read_only = qblk_document_child(disk, "readonly") != NULL;
    chain->removable = chain->kind == QBLK_DEVICE_CDROM || chain->kind == QBLK_DEVICE_FLOPPY ||
                       g_strcmp0(qblk_document_attribute(target, "removable"), "on") == 0;
    chain->tray_open = g_strcmp0(qblk_document_attribute(target, "tray"), "open") == 0;
    chain->alias = g_strdup(qblk_document_attribute(qblk_document_child(disk, "alias"), "name"));
    chain->serial = qblk_document_text(qblk_document_child(disk, "serial"));
    chain->name_source = QBLK_NAME_DOMAIN;
}

static void
free_element(gpointer element)
{
    xmlFreeNode(element);
}

static void
keep_element(QblkChain *chain, const xmlNode *disk)
{
    /* A copy that stands alone; libxml2 takes a pointer that is not const and changes nothing. */
    chain->element = xmlCopyNode(qblk_const_cast(disk), 1);
    chain->free_element = free_element;
}

QblkChain *
qblk_disk_reader_chain(const xmlNode *disk, GError **error)
{
    const char *target = qblk_document_attribute(qblk_document_child(disk, "target"), "dev");
    if (target == NULL || target[0] == '\0') {
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                    "line %ld: the disk has no '<target dev=...>'", xmlGetLineNo(disk));
        return NULL;
    }
    if (strpbrk(target, "[]/") != NULL) {
        (void)fail(error, disk, "no disk can be called", target);
        return NULL;
    }
    g_autoptr(QblkChain) chain = qblk_chain_new(target);
    read_device(chain, disk);
    if (!read_layers(chain, disk, error) || !read_mirror(chain, disk, error) ||
        !check_indexes(chain, disk, error)) {
        g_prefix_error(error, "%s: ", target);
        return NULL;
    }
    qblk_chain_number(chain);
    keep_element(chain, disk);
    return g_steal_pointer(&chain);
}
