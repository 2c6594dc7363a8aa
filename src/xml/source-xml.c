/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/source-xml.h"

#include "source/source-decode.h"
#include "xml/document.h"

#include <string.h>

/* The attribute that a member of a source becomes, and its element: the one at @path below
 * `<source>`; "" is `<source>` itself. */
typedef struct {
    const char *path;
    const char *attribute;
    gsize member;
} Place;

#define MEMBER(name) G_STRUCT_OFFSET(QblkSource, name)

/* In libvirt's order (virDomainDiskSourceFormat).  `<host>` is the first child.  The member `path`
 * is not here: its attribute depends on the type. */
/* clang-format off */
static const Place places[] = {
    {"", "protocol", MEMBER(protocol)},
    {"", "name", MEMBER(name)},
    {"", "query", MEMBER(query)},
    {"", "tls", MEMBER(tls)},
    {"", "tlsHostname", MEMBER(tls_hostname)},
    {"", "namespace", MEMBER(nvme_namespace)},
    {"snapshot", "name", MEMBER(snapshot)},
    {"config", "file", MEMBER(config)},
    {"auth", "username", MEMBER(auth_user)},
    {"auth/secret", "type", MEMBER(secret_type)},
    {"auth/secret", "usage", MEMBER(secret_usage)},
    {"initiator/iqn", "name", MEMBER(initiator)},
    {"address", "domain", MEMBER(pci_domain)},
    {"address", "bus", MEMBER(pci_bus)},
    {"address", "slot", MEMBER(pci_slot)},
    {"address", "function", MEMBER(pci_function)},
    {"slices/slice", "offset", MEMBER(slice_offset)},
    {"slices/slice", "size", MEMBER(slice_size)},
    {"encryption", "format", MEMBER(encryption)},
    {"encryption", "engine", MEMBER(encryption_engine)},
    {"ssl", "verify", MEMBER(ssl_verify)},
    {"readahead", "size", MEMBER(readahead)},
    {"timeout", "seconds", MEMBER(timeout)},
    {"identity", "user", MEMBER(identity_user)},
    {"identity", "group", MEMBER(identity_group)},
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

/* The last child of @parent if it is called @name; a new one if not. */
static xmlNode *
reuse_last_child(xmlNode *parent, const char *name)
{
    if (parent->last != NULL && qblk_document_is(parent->last, name)) {
        return parent->last;
    }
    return qblk_writer_element(parent, name);
}

/* The element at @path below @element, made if it does not exist yet. */
static xmlNode *
make_element_at(xmlNode *element, const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);

    for (guint i = 0; names[i] != NULL; i++) {
        element = reuse_last_child(element, names[i]);

        /* A slice without a type would not be valid. */
        if (g_str_equal(names[i], "slice") && element->properties == NULL) {
            qblk_writer_constant(element, "type", "storage");
        }
    }
    return element;
}

static gboolean
add_host(xmlNode *element, const QblkSourceHost *host, GError **error)
{
    xmlNode *child = qblk_writer_element(element, "host");

    for (gsize i = 0; i < G_N_ELEMENTS(host_places); i++) {
        const char *value = *(char *const *)((const char *)host + host_places[i].member);

        if (!qblk_writer_attribute(child, host_places[i].attribute, value, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Add the members of @source that are attributes of children of @element, or of @element itself. */
static gboolean
add_members(xmlNode *element, const QblkSource *source, gboolean in_children, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        const char *value = qblk_source_get(source, places[i].member);
        gboolean is_in_child = places[i].path[0] != '\0';
        if (value == NULL || is_in_child != in_children) {
            continue;
        }

        xmlNode *at = make_element_at(element, places[i].path);
        if (!qblk_writer_attribute(at, places[i].attribute, value, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Add `<dataStore>`, which has the form of `<backingStore>`. */
static gboolean
add_data_store(xmlNode *element, const QblkSource *source, GError **error)
{
    if (source->data_store == NULL) {
        return TRUE;
    }

    xmlNode *store = qblk_writer_element(element, "dataStore");
    qblk_writer_constant(store, "type", qblk_source_type_name(source->data_store->type));

    xmlNode *format = qblk_writer_element(store, "format");
    if (!qblk_writer_attribute(format, "type", source->data_format, error)) {
        return FALSE;
    }
    return qblk_source_xml_add(store, source->data_store, error) != NULL;
}

/* Add the attributes of `<source>` itself. */
static gboolean
add_own_attributes(xmlNode *element, const QblkSource *source, GError **error)
{
    const char *path = path_attributes[source->type];

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (kinds[i].type == source->type) {
            qblk_writer_constant(element, "type", kinds[i].value);
        }
    }
    if (path != NULL && !qblk_writer_attribute(element, path, source->path, error)) {
        return FALSE;
    }

    return add_members(element, source, FALSE, error);
}

xmlNode *
qblk_source_xml_add(xmlNode *parent, const QblkSource *source, GError **error)
{
    xmlNode *element = qblk_writer_element(parent, "source");

    if (!add_own_attributes(element, source, error)) {
        return NULL;
    }
    for (guint i = 0; i < source->hosts->len; i++) {
        if (!add_host(element, source->hosts->pdata[i], error)) {
            return NULL;
        }
    }
    if (!add_members(element, source, TRUE, error)) {
        return NULL;
    }
    if (!add_data_store(element, source, error)) {
        return NULL;
    }

    /* The schema requires it for NFS, even if it is empty. */
    if (g_strcmp0(source->protocol, "nfs") == 0) {
        (void)reuse_last_child(element, "identity");
    }
    return element;
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
qblk_source_to_xml(const QblkSource *source, GError **error)
{
    g_autoptr(xmlNode) parent = qblk_writer_root("disk");
    xmlNode *element = qblk_source_xml_add(parent, source, error);
    return element == NULL ? NULL : qblk_writer_print(element);
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

/* Returns: (nullable): the element at @path below @element */
static const xmlNode *
find_element_at(const xmlNode *element, const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);

    for (guint i = 0; names[i] != NULL; i++) {
        element = qblk_document_child(element, names[i]);
    }
    return element;
}

static void
read_hosts(const xmlNode *element, QblkSource *source)
{
    for (const xmlNode *at = element->children; at != NULL; at = at->next) {
        if (qblk_document_is(at, "host")) {
            qblk_source_add_host(source, qblk_document_attribute(at, "transport"),
                                 qblk_document_attribute(at, "name"),
                                 qblk_document_attribute(at, "port"),
                                 qblk_document_attribute(at, "socket"));
        }
    }
}

static void
read_data_store(const xmlNode *element, QblkSource *source)
{
    const xmlNode *store = qblk_document_child(element, "dataStore");
    QblkSourceType type = QBLK_SOURCE_FILE;

    if (store == NULL) {
        return;
    }

    (void)qblk_source_type_value(qblk_document_attribute(store, "type"), &type);
    const xmlNode *format = qblk_document_child(store, "format");
    source->data_format = g_strdup(qblk_document_attribute(format, "type"));
    source->data_store = qblk_source_xml_read(qblk_document_child(store, "source"), type);
}

QblkSource *
qblk_source_xml_read(const xmlNode *element, QblkSourceType type)
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
        const xmlNode *at = find_element_at(element, places[i].path);

        *qblk_source_text(source, places[i].member) =
            g_strdup(qblk_document_attribute(at, places[i].attribute));
    }

    read_hosts(element, source);
    read_data_store(element, source);
    return source;
}
