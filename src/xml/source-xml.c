/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/source-xml.h"

#include "source/source-decode.h"
#include "xml/source-schema.h"

#include <qblk/error.h>
#include <string.h>

/* Elements within `<source>` that a member of a source may be below. */
#define MOST_NAMES 2

/* The attribute that a member of a source becomes, and its element: the one that @names lead to
 * from `<source>`, which it is itself without names. */
typedef struct {
    const char *names[MOST_NAMES];
    const char *attribute;
    gsize member;
} Place;

#define MEMBER(name) G_STRUCT_OFFSET(QblkSource, name)

/* In libvirt's order (virDomainDiskSourceFormat).  `<host>` is the first child.  The member `path`
 * is not here: its attribute depends on the type.  Rows of one element are together. */
/* clang-format off */
static const Place places[] = {
    {{NULL}, "protocol", MEMBER(protocol)},
    {{NULL}, "name", MEMBER(name)},
    {{NULL}, "query", MEMBER(query)},
    {{NULL}, "tls", MEMBER(tls)},
    {{NULL}, "tlsHostname", MEMBER(tls_hostname)},
    {{NULL}, "namespace", MEMBER(nvme_namespace)},
    {{"snapshot"}, "name", MEMBER(snapshot)},
    {{"config"}, "file", MEMBER(config)},
    {{"auth"}, "username", MEMBER(auth_user)},
    {{"auth", "secret"}, "type", MEMBER(secret_type)},
    {{"auth", "secret"}, "usage", MEMBER(secret_usage)},
    {{"initiator", "iqn"}, "name", MEMBER(initiator)},
    {{"address"}, "domain", MEMBER(pci_domain)},
    {{"address"}, "bus", MEMBER(pci_bus)},
    {{"address"}, "slot", MEMBER(pci_slot)},
    {{"address"}, "function", MEMBER(pci_function)},
    {{"slices", "slice"}, "offset", MEMBER(slice_offset)},
    {{"slices", "slice"}, "size", MEMBER(slice_size)},
    {{"encryption"}, "format", MEMBER(encryption)},
    {{"encryption"}, "engine", MEMBER(encryption_engine)},
    {{"ssl"}, "verify", MEMBER(ssl_verify)},
    {{"readahead"}, "size", MEMBER(readahead)},
    {{"timeout"}, "seconds", MEMBER(timeout)},
    {{"identity"}, "user", MEMBER(identity_user)},
    {{"identity"}, "group", MEMBER(identity_group)},
};
/* clang-format on */

static const char *const path_attributes[] = {
    [QBLK_SOURCE_FILE] = "file",      [QBLK_SOURCE_BLOCK] = "dev",
    [QBLK_SOURCE_DIR] = "dir",        [QBLK_SOURCE_NETWORK] = NULL,
    [QBLK_SOURCE_NVME] = NULL,        [QBLK_SOURCE_VHOST_USER] = "path",
    [QBLK_SOURCE_VHOST_VDPA] = "dev",
};

/* The value of the attribute `type` of `<source>`, for the types that have one. */
static const struct {
    QblkSourceType type;
    const char *value;
} kinds[] = {
    {QBLK_SOURCE_NVME, "pci"},
    {QBLK_SOURCE_VHOST_USER, "unix"},
};

/* The attributes of `<host>`, in libvirt's order. */
static const struct {
    const char *attribute;
    gsize member;
} host_places[] = {
    {"transport", G_STRUCT_OFFSET(QblkSourceHost, transport)},
    {"name", G_STRUCT_OFFSET(QblkSourceHost, name)},
    {"port", G_STRUCT_OFFSET(QblkSourceHost, port)},
    {"socket", G_STRUCT_OFFSET(QblkSourceHost, socket)},
};

/* ---- writing ---- */

static guint
depth_of(const Place *place)
{
    guint depth = 0;

    while (depth < MOST_NAMES && place->names[depth] != NULL) {
        depth++;
    }
    return depth;
}

/* From within the element of @from, go to that of @to: end the elements that are only around @from,
 * and begin those that are only around @to. */
static void
move_between(QblkWriter *writer, const Place *from, const Place *to)
{
    guint from_depth = depth_of(from), to_depth = depth_of(to);
    guint common = 0;

    while (common < MIN(from_depth, to_depth) &&
           g_str_equal(from->names[common], to->names[common])) {
        common++;
    }

    for (guint i = common; i < from_depth; i++) {
        qblk_writer_close(writer);
    }
    for (guint i = common; i < to_depth; i++) {
        qblk_writer_open(writer, to->names[i]);

        /* A slice without a type would not be valid. */
        if (g_str_equal(to->names[i], "slice")) {
            qblk_writer_constant(writer, "type", "storage");
        }
    }
}

static gboolean
write_host(QblkWriter *writer, const QblkSourceHost *host, GError **error)
{
    qblk_writer_open(writer, "host");

    for (gsize i = 0; i < G_N_ELEMENTS(host_places); i++) {
        const char *value = *(char *const *)((const char *)host + host_places[i].member);

        if (!qblk_writer_attribute(writer, host_places[i].attribute, value, error)) {
            return FALSE;
        }
    }

    qblk_writer_close(writer);
    return TRUE;
}

/* Write the members of @source that are attributes of elements in `<source>`, or of itself. */
static gboolean
write_members(QblkWriter *writer, const QblkSource *source, gboolean in_children, GError **error)
{
    static const Place outside = {.attribute = NULL};
    const Place *at = &outside;

    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        const char *value = qblk_source_get(source, places[i].member);
        gboolean is_in_child = places[i].names[0] != NULL;
        if (value == NULL || is_in_child != in_children) {
            continue;
        }

        move_between(writer, at, &places[i]);
        at = &places[i];
        if (!qblk_writer_attribute(writer, at->attribute, value, error)) {
            return FALSE;
        }
    }

    move_between(writer, at, &outside);
    return TRUE;
}

/* Write `<dataStore>`, which has the form of `<backingStore>`. */
static gboolean
write_data_store(QblkWriter *writer, const QblkSource *source, GError **error)
{
    if (source->data_store == NULL) {
        return TRUE;
    }

    qblk_writer_open(writer, "dataStore");
    qblk_writer_constant(writer, "type", qblk_source_type_name(source->data_store->type));

    qblk_writer_open(writer, "format");
    if (!qblk_writer_attribute(writer, "type", source->data_format, error)) {
        return FALSE;
    }
    qblk_writer_close(writer);

    if (!qblk_source_xml_write(writer, source->data_store, 0, error)) {
        return FALSE;
    }
    qblk_writer_close(writer);
    return TRUE;
}

/* Write the attributes of `<source>` itself. */
static gboolean
write_own_attributes(QblkWriter *writer, const QblkSource *source, gint64 index, GError **error)
{
    const char *path = path_attributes[source->type];

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (kinds[i].type == source->type) {
            qblk_writer_constant(writer, "type", kinds[i].value);
        }
    }
    if (path != NULL && !qblk_writer_attribute(writer, path, source->path, error)) {
        return FALSE;
    }
    if (!write_members(writer, source, FALSE, error)) {
        return FALSE;
    }

    if (index > 0) {
        qblk_writer_number(writer, "index", index);
    }
    return TRUE;
}

gboolean
qblk_source_xml_write(QblkWriter *writer, const QblkSource *source, gint64 index, GError **error)
{
    gboolean has_identity = source->identity_user != NULL || source->identity_group != NULL;

    qblk_writer_open(writer, "source");
    if (!write_own_attributes(writer, source, index, error)) {
        return FALSE;
    }

    for (guint i = 0; i < source->hosts->len; i++) {
        if (!write_host(writer, source->hosts->pdata[i], error)) {
            return FALSE;
        }
    }
    if (!write_members(writer, source, TRUE, error)) {
        return FALSE;
    }
    if (!write_data_store(writer, source, error)) {
        return FALSE;
    }

    if (!qblk_source_schema_check(source, error)) {
        return FALSE;
    }

    /* The schema requires it for NFS, even if it is empty. */
    if (g_strcmp0(source->protocol, "nfs") == 0 && !has_identity) {
        qblk_writer_empty(writer, "identity", NULL, NULL);
    }
    qblk_writer_close(writer);
    return TRUE;
}

char *
qblk_source_to_xml(const QblkSource *source, GError **error)
{
    g_auto(QblkWriter) writer;

    qblk_writer_init(&writer);
    return qblk_source_xml_write(&writer, source, 0, error) ? qblk_writer_finish(&writer) : NULL;
}

static char **
copy_texts(const GPtrArray *texts)
{
    char **copy = g_new0(char *, texts->len + 1);

    for (guint i = 0; i < texts->len; i++) {
        copy[i] = g_strdup(texts->pdata[i]);
    }
    return copy;
}

char *
qblk_source_xml_of_name(const char *name, char **format, char ***dropped, GError **error)
{
    g_autofree char *own_format = NULL;
    g_autoptr(QblkSource) source = qblk_source_parse(name, &own_format, error);
    char *xml = source == NULL ? NULL : qblk_source_to_xml(source, error);
    if (xml == NULL) {
        return NULL;
    }

    if (format != NULL) {
        *format = g_steal_pointer(&own_format);
    }
    if (dropped != NULL) {
        *dropped = copy_texts(source->dropped);
    }
    return xml;
}

/* ---- reading ---- */

/* Returns: (nullable): the element of @place in @element */
static const QblkDocumentNode *
find_place(const QblkDocumentNode *element, const Place *place)
{
    for (guint i = 0; i < depth_of(place); i++) {
        element = qblk_document_child(element, place->names[i]);
    }
    return element;
}

static void
read_hosts(const QblkDocumentNode *element, QblkSource *source)
{
    for (const QblkDocumentNode *at = element->children; at != NULL; at = at->next) {
        if (qblk_document_is(at, "host")) {
            qblk_source_add_host(source, qblk_document_attribute(at, "transport"),
                                 qblk_document_attribute(at, "name"),
                                 qblk_document_attribute(at, "port"),
                                 qblk_document_attribute(at, "socket"));
        }
    }
}

static void
read_data_store(const QblkDocumentNode *element, QblkSource *source)
{
    const QblkDocumentNode *store = qblk_document_child(element, "dataStore");
    QblkSourceType type = QBLK_SOURCE_FILE;

    if (store == NULL) {
        return;
    }

    (void)qblk_source_type_value(qblk_document_attribute(store, "type"), &type);
    const QblkDocumentNode *format = qblk_document_child(store, "format");
    source->data_format = g_strdup(qblk_document_attribute(format, "type"));
    source->data_store = qblk_source_xml_read(qblk_document_child(store, "source"), type);
}

QblkSource *
qblk_source_xml_read(const QblkDocumentNode *element, QblkSourceType type)
{
    QblkSource *source = qblk_source_new(type);
    if (element == NULL) {
        return source;
    }

    const char *path = path_attributes[type];
    if (path != NULL) {
        source->path = g_strdup(qblk_document_attribute(element, path));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        const QblkDocumentNode *at = find_place(element, &places[i]);

        *qblk_source_text(source, places[i].member) =
            g_strdup(qblk_document_attribute(at, places[i].attribute));
    }

    read_hosts(element, source);
    read_data_store(element, source);
    return source;
}
