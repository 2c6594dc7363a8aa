/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/source-protocol.h"

#include "graph/source-string.h"
#include "graph/source-url.h"

#include <string.h>

#define MOST_HOSTS 64

typedef struct Protocol Protocol;

/* What is read, and from where. */
typedef struct {
    const Protocol *protocol;
    const char *prefix; /* of the driver's options, ends in a dot or is empty */
    QblkSourceOptions *options;
    QblkSource *source;
} Reading;

/* One option that becomes one text of a source as it is. */
typedef struct {
    const char *option;
    gsize member;
    gboolean required;
} Copy;

#define TO(member) G_STRUCT_OFFSET(QblkSource, member)

struct Protocol {
    const char *driver;
    QblkSourceType type;
    const char *name;   /* libvirt's name of a network protocol */
    const char *port;   /* where libvirt writes one though none is said */
    const char *secret; /* libvirt's type of its secret, "ceph" or "iscsi" */
    Copy copies[8];
    gboolean (*read)(Reading *reading, GError **error); /* what is more than a copy, or NULL */
};

static const char *
take(const Reading *reading, const char *key)
{
    return qblk_source_options_take(reading->options, reading->prefix, key);
}

static gboolean
fail(const Reading *reading, const char *reason, GError **error)
{
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                "a source on '%s' is not understood: "
                "%s",
                reading->protocol->driver, reason);
    return FALSE;
}

/* ---- servers ---- */

/* The server below "@server." (which is "server" or "server.N"); FALSE where there is none. */
static gboolean
add_server(const Reading *reading, const char *server)
{
    g_autofree char *below = g_strconcat(reading->prefix, server, ".", NULL);
    const char *type = qblk_source_options_take(reading->options, below, "type");
    const char *host = qblk_source_options_take(reading->options, below, "host");
    const char *port = qblk_source_options_take(reading->options, below, "port");
    const char *path = qblk_source_options_take(reading->options, below, "path");
    const char *socket = qblk_source_options_take(reading->options, below, "socket");
    path = path == NULL ? socket : path;
    if (path != NULL) {
        qblk_source_add_host(reading->source, "unix", NULL, NULL, path);
    } else if (host != NULL) {
        const char *transport = g_strcmp0(type, "rdma") == 0 ? "rdma" : NULL;
        qblk_source_add_host(reading->source, transport, host,
                             port == NULL ? reading->protocol->port : port, NULL);
    }
    return path != NULL || host != NULL;
}

/* One server, or a list, or the older "host", "port" and "path" beside the other options. */
static void
add_servers(const Reading *reading)
{
    (void)add_server(reading, "server");
    for (guint i = 0; i < MOST_HOSTS; i++) {
        g_autofree char *server = g_strdup_printf("server.%u", i);
        if (!add_server(reading, server)) {
            break;
        }
    }
}

static gboolean
read_servers(Reading *reading, GError **error)
{
    add_servers(reading);
    return reading->source->hosts->len > 0 || fail(reading, "it has no server", error);
}

static void
add_old_server(const Reading *reading)
{
    const char *host = take(reading, "host");
    const char *port = take(reading, "port");
    if (host != NULL) {
        qblk_source_add_host(reading->source, NULL, host,
                             port == NULL ? reading->protocol->port : port, NULL);
    }
}

/* ---- what more there is to each protocol ---- */

static gboolean
read_nbd(Reading *reading, GError **error)
{
    const char *path = take(reading, "path");
    add_old_server(reading);
    if (path != NULL) {
        qblk_source_add_host(reading->source, "unix", NULL, NULL, path);
    }
    if (take(reading, "tls-creds") != NULL) {
        reading->source->tls = g_strdup("yes");
    }
    if (take(reading, "x-dirty-bitmap") != NULL) {
        return fail(reading, "it shows a dirty bitmap and no image", error);
    }
    return read_servers(reading, error);
}

/* A server that is named twice, as "host" and "server.host", is one. */
static gboolean
read_ssh(Reading *reading, GError **error)
{
    add_old_server(reading);
    return read_servers(reading, error);
}

static gboolean
read_vxhs(Reading *reading, GError **error)
{
    if (take(reading, "tls-creds") != NULL) {
        reading->source->tls = g_strdup("yes");
    }
    return read_servers(reading, error);
}

static gboolean
read_iscsi(Reading *reading, GError **error)
{
    const char *portal = take(reading, "portal");
    const char *target = take(reading, "target");
    const char *lun = take(reading, "lun");
    if (portal == NULL || target == NULL) {
        return fail(reading, "it has no portal or no target", error);
    }
    g_autoptr(QblkSourceOptions) server = qblk_source_options_new();
    if (!qblk_source_string_host(portal, server, "host", "port", error)) {
        return FALSE;
    }
    const char *port = qblk_source_options_take(server, "", "port");
    const char *transport = take(reading, "transport");
    if (g_strcmp0(transport, "iser") == 0) {
        g_ptr_array_add(reading->source->dropped, g_strdup("the transport iSER"));
    }
    qblk_source_add_host(reading->source, NULL, qblk_source_options_take(server, "", "host"),
                         port == NULL ? reading->protocol->port : port, NULL);
    reading->source->name = g_strdup_printf("%s/%s", target, lun == NULL ? "0" : lun);
    return TRUE;
}

static gboolean
read_rbd(Reading *reading, GError **error)
{
    const char *pool = take(reading, "pool");
    const char *namespace = take(reading, "namespace");
    const char *image = take(reading, "image");
    const char *encryption = take(reading, "encrypt.format");
    if (pool == NULL) {
        return fail(reading, "it has no pool", error);
    }
    gboolean in_namespace = namespace != NULL && namespace[0] != '\0';
    reading->source->name = image == NULL ? g_strdup(pool)
                                          : g_strconcat(pool, "/", in_namespace ? namespace : "",
                                                        in_namespace ? "/" : "", image, NULL);
    reading->source->encryption = g_strdup(encryption);
    add_servers(reading);
    return TRUE;
}

static gboolean
read_gluster(Reading *reading, GError **error)
{
    const char *volume = take(reading, "volume");
    const char *path = take(reading, "path");
    if (volume == NULL || path == NULL) {
        return fail(reading, "it has no volume or no path", error);
    }
    reading->source->name = g_strconcat(volume, "/", path, NULL);
    return read_servers(reading, error);
}

/* "on" and "off" of QEMU are "yes" and "no" of libvirt. */
static void
set_switch(const char *value, char **member)
{
    if (value != NULL) {
        gboolean is_on =
            g_str_equal(value, "on") || g_str_equal(value, "yes") || g_str_equal(value, "true");
        *member = g_strdup(is_on ? "yes" : "no");
    }
}

/* The URL says the rest of it. */
static gboolean
read_web(Reading *reading, GError **error)
{
    const char *url = take(reading, "url");
    g_autoptr(QblkSourceOptions) parts = NULL;
    Reading inner = *reading;
    if (url != NULL) {
        parts = qblk_source_options_new();
        if (!qblk_source_url_parse(url, parts, error)) {
            return FALSE;
        }
        inner.options = parts;
        inner.prefix = "";
        if (g_strcmp0(take(&inner, "driver"), reading->protocol->driver) != 0) {
            return fail(reading, "its URL is one of another protocol", error);
        }
    }
    reading->source->name = g_strdup(take(&inner, "url-path"));
    reading->source->query = g_strdup(take(&inner, "url-query"));
    if (reading->source->auth_user == NULL) {
        reading->source->auth_user = g_strdup(take(&inner, "user"));
    }
    if (url != NULL && take(&inner, QBLK_SOURCE_URL_PASSWORD) != NULL) {
        g_ptr_array_add(reading->source->dropped, g_strdup("the password in the URL"));
    }
    set_switch(take(reading, "sslverify"), &reading->source->ssl_verify);
    return reading->source->name == NULL ? fail(reading, "it has no URL", error)
                                         : read_servers(&inner, error);
}

/* Without a server QEMU asks the one on its own host. */
static gboolean
read_sheepdog(Reading *reading, GError **error)
{
    add_servers(reading);
    if (reading->source->hosts->len == 0) {
        qblk_source_add_host(reading->source, NULL, "localhost", reading->protocol->port, NULL);
    }
    return TRUE;
}

/* libvirt's `<address>` writes each part in hexadecimal. */
static gboolean
read_nvme(Reading *reading, GError **error)
{
    const char *device = take(reading, "device");
    g_auto(GStrv) parts = g_strsplit_set(device == NULL ? "" : device, ":.", -1);
    char **const members[] = {&reading->source->pci_domain, &reading->source->pci_bus,
                              &reading->source->pci_slot, &reading->source->pci_function};
    static const guint64 largest[] = {0xffff, 0xff, 0x1f, 0x7};
    static const int digits[] = {4, 2, 2, 1};
    if (g_strv_length(parts) != G_N_ELEMENTS(members)) {
        return fail(reading, "its device is no PCI address", error);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        guint64 value;
        if (!g_ascii_string_to_unsigned(parts[i], 16, 0, largest[i], &value, NULL)) {
            return fail(reading, "its device is no PCI address", error);
        }
        *members[i] = g_strdup_printf("0x%0*" G_GINT64_MODIFIER "x", digits[i], value);
    }
    return TRUE;
}

/* clang-format off */
static const Protocol protocols[] = {
    {"file", QBLK_SOURCE_FILE, NULL, NULL, NULL, {{"filename", TO(path), TRUE}}, NULL},
    {"host_device", QBLK_SOURCE_BLOCK, NULL, NULL, NULL, {{"filename", TO(path), TRUE}}, NULL},
    {"host_cdrom", QBLK_SOURCE_BLOCK, NULL, NULL, NULL, {{"filename", TO(path), TRUE}}, NULL},
    {"vvfat", QBLK_SOURCE_DIR, NULL, NULL, NULL, {{"dir", TO(path), TRUE}}, NULL},
    {"nbd", QBLK_SOURCE_NETWORK, "nbd", "10809", NULL,
     {{"export", TO(name), FALSE}, {"tls-hostname", TO(tls_hostname), FALSE}}, read_nbd},
    {"iscsi", QBLK_SOURCE_NETWORK, "iscsi", "3260", "iscsi",
     {{"user", TO(auth_user), FALSE}, {"password-secret", TO(secret_usage), FALSE},
      {"initiator-name", TO(initiator), FALSE}}, read_iscsi},
    {"rbd", QBLK_SOURCE_NETWORK, "rbd", NULL, "ceph",
     {{"conf", TO(config), FALSE}, {"snapshot", TO(snapshot), FALSE},
      {"user", TO(auth_user), FALSE}, {"key-secret", TO(secret_usage), FALSE},
      {"password-secret", TO(secret_usage), FALSE}},
     read_rbd},
    {"gluster", QBLK_SOURCE_NETWORK, "gluster", "24007", NULL, {{NULL}}, read_gluster},
    {"ssh", QBLK_SOURCE_NETWORK, "ssh", "22", NULL,
     {{"path", TO(name), TRUE}, {"user", TO(auth_user), FALSE}}, read_ssh},
    {"sheepdog", QBLK_SOURCE_NETWORK, "sheepdog", "7000", NULL,
     {{"vdi", TO(name), TRUE}}, read_sheepdog},
    {"http", QBLK_SOURCE_NETWORK, "http", "80", NULL,
     {{"username", TO(auth_user), FALSE}, {"password-secret", TO(secret_usage), FALSE},
      {"readahead", TO(readahead), FALSE}, {"timeout", TO(timeout), FALSE}}, read_web},
    {"https", QBLK_SOURCE_NETWORK, "https", "443", NULL,
     {{"username", TO(auth_user), FALSE}, {"password-secret", TO(secret_usage), FALSE},
      {"readahead", TO(readahead), FALSE}, {"timeout", TO(timeout), FALSE}}, read_web},
    {"ftp", QBLK_SOURCE_NETWORK, "ftp", "21", NULL,
     {{"username", TO(auth_user), FALSE}, {"password-secret", TO(secret_usage), FALSE},
      {"readahead", TO(readahead), FALSE}, {"timeout", TO(timeout), FALSE}}, read_web},
    {"ftps", QBLK_SOURCE_NETWORK, "ftps", "990", NULL,
     {{"username", TO(auth_user), FALSE}, {"password-secret", TO(secret_usage), FALSE},
      {"readahead", TO(readahead), FALSE}, {"timeout", TO(timeout), FALSE}}, read_web},
    {"nfs", QBLK_SOURCE_NETWORK, "nfs", NULL, NULL,
     {{"path", TO(name), TRUE}, {"user", TO(identity_user), FALSE},
      {"group", TO(identity_group), FALSE}}, read_servers},
    {"nvme", QBLK_SOURCE_NVME, NULL, NULL, NULL, {{"namespace", TO(nvme_namespace), TRUE}},
     read_nvme},
    {"vxhs", QBLK_SOURCE_NETWORK, "vxhs", "9999", NULL, {{"vdisk-id", TO(name), TRUE}}, read_vxhs},
    {"virtio-blk-vhost-user", QBLK_SOURCE_VHOST_USER, NULL, NULL, NULL,
     {{"path", TO(path), TRUE}}, NULL},
    {"virtio-blk-vhost-vdpa", QBLK_SOURCE_VHOST_VDPA, NULL, NULL, NULL,
     {{"path", TO(path), TRUE}}, NULL},
};
/* clang-format on */

static gboolean
copy_texts(Reading *reading, GError **error)
{
    const Protocol *protocol = reading->protocol;
    for (gsize i = 0; i < G_N_ELEMENTS(protocol->copies) && protocol->copies[i].option != NULL;
         i++) {
        const Copy *copy = &protocol->copies[i];
        const char *value = take(reading, copy->option);
        char **member = qblk_source_text(reading->source, copy->member);
        if (value != NULL && value[0] != '\0' && *member == NULL) {
            *member = g_strdup(value);
        }
        if (copy->required && *member == NULL) {
            g_autofree char *reason = g_strdup_printf("it has no '%s'", copy->option);
            return fail(reading, reason, error);
        }
    }
    return TRUE;
}

static const Protocol *
find(const char *driver)
{
    for (gsize i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (g_str_equal(protocols[i].driver, driver)) {
            return &protocols[i];
        }
    }
    return NULL;
}

QblkSource *
qblk_source_protocol_read(const char *driver, const char *prefix, QblkSourceOptions *options,
                          GError **error)
{
    const Protocol *protocol = find(driver);
    if (protocol == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "libvirt's XML has no form for a source on '%s'", driver);
        return NULL;
    }
    g_autoptr(QblkSource) source = qblk_source_new(protocol->type);
    Reading reading = {protocol, prefix, options, source};
    source->protocol = g_strdup(protocol->name);
    if (!copy_texts(&reading, error) ||
        (protocol->read != NULL && !protocol->read(&reading, error))) {
        return NULL;
    }
    if (source->secret_usage != NULL) {
        source->secret_type = g_strdup(protocol->secret == NULL ? "iscsi" : protocol->secret);
    }
    return g_steal_pointer(&source);
}
