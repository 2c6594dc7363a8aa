/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/disk-reader.h"

#include "chain/chain-number.h"
#include "xml/source-xml.h"

#include <string.h>

static void set_invalid_error(GError **error, const QblkDocumentNode *element, const char *format,
                              ...) G_GNUC_PRINTF(3, 4);

/* The message begins with the line of @element. */
static void
set_invalid_error(GError **error, const QblkDocumentNode *element, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID, "line %d: %s", element->line,
                reason);
}

/* Refuse a child that occurs twice and may occur once: neither of the two could be trusted. */
static gboolean
check_single_children(const QblkDocumentNode *element, GError **error)
{
    static const char *const names[] = {"source", "backingStore", "mirror",
                                        "target", "driver",       "format"};
    guint counts[G_N_ELEMENTS(names)] = {0};

    for (const QblkDocumentNode *at = element->children; at != NULL; at = at->next) {
        for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
            if (!qblk_document_is(at, names[i])) {
                continue;
            }
            counts[i]++;
            if (counts[i] > 1) {
                set_invalid_error(error, at, "element '%s' occurs twice", names[i]);
                return FALSE;
            }
        }
    }
    return TRUE;
}

static gboolean
is_volume(const QblkDocumentNode *element)
{
    return g_strcmp0(qblk_document_attribute(element, "type"), "volume") == 0;
}

/* ---- layers ---- */

static gboolean
read_type(const QblkDocumentNode *element, QblkSourceType *type, GError **error)
{
    const char *name = qblk_document_attribute(element, "type");
    *type = QBLK_SOURCE_FILE;

    if (name == NULL || is_volume(element)) {
        return TRUE;
    }
    if (!qblk_source_type_value(name, type)) {
        set_invalid_error(error, element, "unknown type '%s'", name);
        return FALSE;
    }
    return TRUE;
}

static gboolean
read_index(const QblkDocumentNode *element, QblkLayer *layer, GError **error)
{
    const char *text = qblk_document_attribute(element, "index");
    if (text == NULL) {
        return TRUE;
    }

    if (!g_ascii_isdigit(text[0]) ||
        !g_ascii_string_to_signed(text, 10, 1, G_MAXINT64, &layer->index, NULL)) {
        set_invalid_error(error, element, "index '%s' is not a number from 1", text);
        return FALSE;
    }
    return TRUE;
}

static gboolean
is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* TRUE if @source specifies enough to find the image. */
static gboolean
has_location(const QblkSource *source)
{
    if (source->type == QBLK_SOURCE_NVME) {
        return source->pci_domain != NULL && source->pci_bus != NULL && source->pci_slot != NULL &&
               source->pci_function != NULL && source->nvme_namespace != NULL;
    }
    if (source->type != QBLK_SOURCE_NETWORK) {
        return !is_empty(source->path);
    }

    const QblkSourceHost *host = source->hosts->len == 0 ? NULL : source->hosts->pdata[0];
    gboolean is_host_valid = host == NULL || host->name != NULL || host->socket != NULL;
    return !is_empty(source->protocol) && is_host_valid;
}

/* Only libvirt knows the location of a volume.  Pool and volume identify it. */
static void
read_volume(const QblkDocumentNode *source, QblkLayer *layer)
{
    const char *pool = qblk_document_attribute(source, "pool");
    const char *volume = qblk_document_attribute(source, "volume");

    layer->filename =
        g_strdup_printf("volume:%s/%s", pool == NULL ? "" : pool, volume == NULL ? "" : volume);
    layer->problem =
        g_strdup_printf("only its storage pool knows the location of '%s'", layer->filename);
}

/* Set the source and the file name of @layer, or why it has no source. */
static void
read_location(const QblkDocumentNode *element, QblkSourceType type, QblkLayer *layer)
{
    const QblkDocumentNode *child = qblk_document_child(element, "source");

    if (is_volume(element)) {
        read_volume(child, layer);
        return;
    }

    /* A `<mirror>` of an old libvirt has its file as an attribute. */
    g_autoptr(QblkSource) source = qblk_source_xml_read(child, type);
    const char *file = child == NULL ? qblk_document_attribute(element, "file") : NULL;
    if (file != NULL && source->path == NULL) {
        source->path = g_strdup(file);
    }

    if (has_location(source)) {
        layer->filename = qblk_source_label(source);
        layer->source = g_steal_pointer(&source);
    } else {
        layer->filename = g_strdup("");
        layer->problem =
            g_strdup_printf("line %d: the location of the image is not specified", element->line);
    }
}

/* Fill @layer from @element, which has the type and the source, and from @indexed, which has the
 * index and may be NULL.  @format may be NULL. */
static gboolean
fill_layer(QblkLayer *layer, const QblkDocumentNode *element, const QblkDocumentNode *indexed,
           const char *format, GError **error)
{
    QblkSourceType type;

    if (!check_single_children(element, error)) {
        return FALSE;
    }
    if (!read_type(element, &type, error)) {
        return FALSE;
    }
    if (indexed != NULL && !read_index(indexed, layer, error)) {
        return FALSE;
    }

    read_location(element, type, layer);
    layer->format = g_strdup(format == NULL ? "unknown" : format);
    layer->xml_format = g_strdup(format);
    return TRUE;
}

/* Returns: (transfer full): a layer of fill_layer(); NULL with @error */
static QblkLayer *
read_layer(const QblkDocumentNode *element, const QblkDocumentNode *indexed, const char *format,
           GError **error)
{
    QblkLayer *layer = qblk_chain_layer_new();

    if (!fill_layer(layer, element, indexed, format, error)) {
        qblk_chain_layer_free(layer);
        return NULL;
    }
    return layer;
}

static const char *
format_of(const QblkDocumentNode *element)
{
    return qblk_document_attribute(qblk_document_child(element, "format"), "type");
}

/* TRUE if @store ends a chain: it is an empty element. An element with content is a layer, even if
 * it is incomplete. */
static gboolean
is_terminator(const QblkDocumentNode *store)
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
read_backing_layers(QblkChain *chain, const QblkDocumentNode *disk, GError **error)
{
    const QblkDocumentNode *store = qblk_document_child(disk, "backingStore");

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

/* TRUE if @disk is a drive without a medium: it has no image and no layers below.  Its `<source>`
 * may still have a startup policy. */
static gboolean
is_empty_drive(const QblkDocumentNode *disk)
{
    static const char *const locations[] = {"file", "dev", "dir"};
    const QblkDocumentNode *source = qblk_document_child(disk, "source");
    const QblkDocumentNode *store = qblk_document_child(disk, "backingStore");
    const char *type = qblk_document_attribute(disk, "type");
    gboolean is_local = type == NULL || g_str_equal(type, "file") || g_str_equal(type, "block") ||
                        g_str_equal(type, "dir");

    for (gsize i = 0; i < G_N_ELEMENTS(locations); i++) {
        if (!is_empty(qblk_document_attribute(source, locations[i]))) {
            return FALSE;
        }
    }
    return (source == NULL || is_local) && (store == NULL || is_terminator(store));
}

static gboolean
read_layers(QblkChain *chain, const QblkDocumentNode *disk, GError **error)
{
    const QblkDocumentNode *driver = qblk_document_child(disk, "driver");
    const char *format = qblk_document_attribute(driver, "type");
    QblkLayer *active = read_layer(disk, qblk_document_child(disk, "source"), format, error);
    if (active == NULL) {
        return FALSE;
    }

    if (is_empty_drive(disk)) {
        qblk_chain_layer_free(active);
        return TRUE;
    }
    g_ptr_array_add(chain->layers, active);
    return read_backing_layers(chain, disk, error);
}

static gboolean
read_mirror(QblkChain *chain, const QblkDocumentNode *disk, GError **error)
{
    const QblkDocumentNode *element = qblk_document_child(disk, "mirror");
    if (element == NULL) {
        return TRUE;
    }

    /* An old libvirt writes the format as an attribute. */
    const char *format = format_of(element);
    if (format == NULL) {
        format = qblk_document_attribute(element, "format");
    }
    QblkLayer *layer = read_layer(element, qblk_document_child(element, "source"), format, error);
    if (layer == NULL) {
        return FALSE;
    }

    const char *job = qblk_document_attribute(element, "job");
    const char *ready = qblk_document_attribute(element, "ready");
    chain->mirror = g_new0(QblkMirror, 1);
    chain->mirror->is_commit = g_strcmp0(job, "active-commit") == 0;
    chain->mirror->ready = g_strcmp0(ready, "yes") == 0;
    chain->mirror->layer = layer;
    return TRUE;
}

/* ---- the disk ---- */

/* Note if the layers of @chain have indexes, and refuse an index that two of them have. */
static gboolean
check_indexes(QblkChain *chain, const QblkDocumentNode *disk, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (guint i = 0; i < chain->layers->len; i++) {
        QblkLayer *layer = chain->layers->pdata[i];
        if (layer->index == QBLK_UNKNOWN) {
            continue;
        }

        chain->has_own_indexes = TRUE;
        if (!g_hash_table_add(seen, &layer->index)) {
            set_invalid_error(error, disk, "two layers have the index '%" G_GINT64_FORMAT "'",
                              layer->index);
            return FALSE;
        }
    }
    return TRUE;
}

static void
read_kind_and_bus(QblkChain *chain, const QblkDocumentNode *disk)
{
    static const QblkDeviceKind kinds[] = {QBLK_DEVICE_KIND_DISK, QBLK_DEVICE_KIND_LUN,
                                           QBLK_DEVICE_KIND_CDROM, QBLK_DEVICE_KIND_FLOPPY};
    static const char *const buses[] = {"virtio", "scsi", "sata", "usb", "ide",
                                        "fdc",    "nvme", "sd",   "xen", "uml"};
    const QblkDocumentNode *target = qblk_document_child(disk, "target");
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
}

static void
read_device(QblkChain *chain, const QblkDocumentNode *disk)
{
    const QblkDocumentNode *target = qblk_document_child(disk, "target");
    const char *removable = qblk_document_attribute(target, "removable");
    const char *tray = qblk_document_attribute(target, "tray");

    read_kind_and_bus(chain, disk);
    chain->read_only = qblk_document_child(disk, "readonly") != NULL;
    chain->removable = chain->kind == QBLK_DEVICE_KIND_CDROM ||
                       chain->kind == QBLK_DEVICE_KIND_FLOPPY || g_strcmp0(removable, "on") == 0;
    chain->tray_open = g_strcmp0(tray, "open") == 0;

    chain->alias = g_strdup(qblk_document_attribute(qblk_document_child(disk, "alias"), "name"));
    chain->serial = qblk_document_text(qblk_document_child(disk, "serial"));
    chain->name_source = QBLK_NAME_SOURCE_DOMAIN;
}

static void
free_document(gpointer document)
{
    qblk_document_free(document);
}

/* Returns: (transfer none): the target name of @disk; NULL with @error if it is missing, or if no
 * layer specification can contain it */
static const char *
read_target(const QblkDocumentNode *disk, GError **error)
{
    const char *target = qblk_document_attribute(qblk_document_child(disk, "target"), "dev");

    if (is_empty(target)) {
        set_invalid_error(error, disk, "the disk has no '<target dev=...>'");
        return NULL;
    }
    if (strpbrk(target, "[]/") != NULL) {
        set_invalid_error(error, disk, "target name '%s' contains '[', ']' or '/'", target);
        return NULL;
    }
    return target;
}

static gboolean
fill_chain(QblkChain *chain, const QblkDocumentNode *disk, GError **error)
{
    read_device(chain, disk);

    if (!read_layers(chain, disk, error)) {
        return FALSE;
    }
    if (!read_mirror(chain, disk, error)) {
        return FALSE;
    }
    if (!check_indexes(chain, disk, error)) {
        return FALSE;
    }

    qblk_chain_number(chain);
    chain->document = qblk_document_copy(disk);
    chain->free_document = free_document;
    return TRUE;
}

QblkChain *
qblk_disk_reader_chain(const QblkDocumentNode *disk, GError **error)
{
    const char *target = read_target(disk, error);
    if (target == NULL) {
        return NULL;
    }

    g_autoptr(QblkChain) chain = qblk_chain_new(target);
    if (!fill_chain(chain, disk, error)) {
        g_prefix_error(error, "%s: ", target);
        return NULL;
    }
    return g_steal_pointer(&chain);
}
