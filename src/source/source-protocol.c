/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-protocol.h"

#include "source/source-dropped.h"
#include "source/source-parser.h"
#include "source/source-server.h"
#include "source/source-string.h"
#include "source/source-url.h"

#include <string.h>

typedef QblkSourceParser Reading;

/* One option that becomes one text of a source as it is. */
typedef struct {
    const char *option;
    gsize member;
    gboolean required;
} Copy;

#define TO(member) G_STRUCT_OFFSET(QblkSource, member)

typedef struct {
    const char *driver;
    QblkSourceType type;
    const char *name;   /* libvirt's name of a network protocol */
    const char *port;   /* where libvirt writes one though none is said */
    const char *secret; /* libvirt's type of its secret, "ceph" or "iscsi" */
    Copy copies[8];
    gboolean (*read)(Reading *reading, GError **error); /* what is more than a copy, or NULL */
} Protocol;

static const char *
take(const Reading *reading, const char *key)
{
    return qblk_source_parser_take(reading, key);
}

static gboolean
fail(const Reading *reading, const char *reason, GError **error)
{
    return qblk_source_parser_fail(reading, reason, error);
}

/* ---- what more there is to each protocol ---- */

static gboolean
read_nbd(Reading *reading, GError **error)
{
    if (take(reading, "tls-creds") != NULL) {
        reading->source->tls = g_strdup("yes");
    }
    if (take(reading, "x-dirty-bitmap") != NULL) {
        return fail(reading, "it shows a dirty bitmap and no image", error);
    }
    return qblk_source_server_read_one(reading, take(reading, "path"), error);
}

static gboolean
read_ssh(Reading *reading, GError **error)
{
    return qblk_source_server_read_one(reading, NULL, error);
}

static gboolean
read_vxhs(Reading *reading, GError **error)
{
    if (take(reading, "tls-creds") != NULL) {
        reading->source->tls = g_strdup("yes");
    }
    return qblk_source_server_read(reading, error);
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
    if (!qblk_source_parser_is_number(reading, "lun", lun, 16383, error) ||
        !qblk_source_options_set_host(server, portal, "host", "port", error)) {
        return FALSE;
    }
    const char *port = qblk_source_options_take(server, "", "port");
    const char *transport = take(reading, "transport");
    if (g_strcmp0(transport, "iser") == 0) {
        g_ptr_array_add(reading->source->dropped, g_strdup("the transport iSER"));
    }
    qblk_source_add_host(reading->source, NULL, qblk_source_options_take(server, "", "host"),
                         port == NULL ? reading->port : port, NULL);
    reading->source->name = g_strdup_printf("%s/%s", target, lun == NULL ? "0" : lun);
    return TRUE;
}

/* librbd decrypts for QEMU, in formats of its own. */
static gboolean
read_rbd_encryption(Reading *reading, GError **error)
{
    static const char *const formats[] = {"luks", "luks2", "luks-any", NULL};
    const char *format = take(reading, "encrypt.format");
    if (format != NULL) {
        reading->source->encryption = g_strdup(format);
        reading->source->encryption_engine = g_strdup("librbd");
    }
    return format == NULL || g_strv_contains(formats, format) ||
           fail(reading, "its encryption is not known", error);
}

/* An image that is there and empty is that of libvirt's "rbd:NAME". */
static gboolean
read_rbd(Reading *reading, GError **error)
{
    const char *pool = take(reading, "pool");
    const char *namespace = take(reading, "namespace");
    const char *image = take(reading, "image");
    if (pool == NULL || pool[0] == '\0' || image == NULL) {
        return fail(reading, "it has no pool or no image", error);
    }
    gboolean in_namespace = namespace != NULL && namespace[0] != '\0';
    reading->source->name = image[0] == '\0' ? g_strdup(pool)
                                             : g_strconcat(pool, "/", in_namespace ? namespace : "",
                                                           in_namespace ? "/" : "", image, NULL);
    return read_rbd_encryption(reading, error) && qblk_source_server_add(reading, error);
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
    return qblk_source_server_read(reading, error);
}

/* What the URL says: the server, the file, its query and a user. */
static gboolean
read_url(Reading *reading, Reading *url, GError **error)
{
    const char *text = take(reading, "url");
    if (text == NULL) {
        return TRUE; /* its parts are among the options already */
    }
    url->options = qblk_source_options_new();
    url->prefix = "";
    if (!qblk_source_url_parse(text, url->options, error)) {
        return FALSE;
    }
    return g_strcmp0(take(url, "driver"), reading->driver) == 0 ||
           fail(reading, "its URL is one of another protocol", error);
}

static gboolean
take_url(Reading *reading, const Reading *url, GError **error)
{
    QblkSource *source = reading->source;
    Reading inner = *url;
    source->name = g_strdup(take(url, "url-path"));
    source->query = g_strdup(take(url, "url-query"));
    if (source->auth_user == NULL) {
        source->auth_user = g_strdup(take(url, "user"));
    }
    if (source->name == NULL) {
        return fail(reading, "it has no URL", error);
    }
    if (!qblk_source_server_read(&inner, error)) {
        return FALSE;
    }
    if (url->options != reading->options) {
        qblk_source_dropped_note(url->options, source);
    }
    return TRUE;
}

static gboolean
read_web(Reading *reading, GError **error)
{
    QblkSource *source = reading->source;
    Reading url = *reading;
    gboolean is_read = read_url(reading, &url, error) && take_url(reading, &url, error);
    if (url.options != reading->options) {
        qblk_source_options_free(url.options);
    }
    char *ignored = NULL; /* without TLS there is nothing to verify */
    gboolean has_tls = g_str_has_suffix(reading->driver, "s");
    is_read = is_read &&
              qblk_source_parser_switch(reading, "sslverify",
                                        has_tls ? &source->ssl_verify : &ignored, error) &&
              qblk_source_parser_size(reading, "readahead", &source->readahead, error) &&
              qblk_source_parser_is_number(reading, "timeout", source->timeout, 10000, error);
    g_free(ignored);
    return is_read;
}

/* Without a server QEMU asks the one on its own host. */
static gboolean
read_sheepdog(Reading *reading, GError **error)
{
    if (!qblk_source_server_add(reading, error)) {
        return FALSE;
    }
    if (reading->source->hosts->len == 0) {
        qblk_source_add_host(reading->source, NULL, "localhost", reading->port, NULL);
    }
    return TRUE;
}

/* libvirt tells a number from a name by its plus sign. */
static gboolean
set_identity(const Reading *reading, const char *key, char **member, GError **error)
{
    const char *value = take(reading, key);
    if (value != NULL) {
        *member = g_strconcat("+", value, NULL);
    }
    return qblk_source_parser_is_number(reading, key, value, G_MAXUINT32, error);
}

static gboolean
read_nfs(Reading *reading, GError **error)
{
    return set_identity(reading, "user", &reading->source->identity_user, error) &&
           set_identity(reading, "group", &reading->source->identity_group, error) &&
           qblk_source_server_read(reading, error);
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
    const char *namespace = take(reading, "namespace");
    reading->source->nvme_namespace = g_strdup(namespace == NULL ? "1" : namespace);
    return qblk_source_parser_is_number(reading, "namespace", namespace, G_MAXUINT32, error);
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
      {"timeout", TO(timeout), FALSE}}, read_web},
    {"https", QBLK_SOURCE_NETWORK, "https", "443", NULL,
     {{"username", TO(auth_user), FALSE}, {"password-secret", TO(secret_usage), FALSE},
      {"timeout", TO(timeout), FALSE}}, read_web},
    {"ftp", QBLK_SOURCE_NETWORK, "ftp", "21", NULL,
     {{"username", TO(auth_user), FALSE}, {"password-secret", TO(secret_usage), FALSE},
      {"timeout", TO(timeout), FALSE}}, read_web},
    {"ftps", QBLK_SOURCE_NETWORK, "ftps", "990", NULL,
     {{"username", TO(auth_user), FALSE}, {"password-secret", TO(secret_usage), FALSE},
      {"timeout", TO(timeout), FALSE}}, read_web},
    {"nfs", QBLK_SOURCE_NETWORK, "nfs", NULL, NULL,
     {{"path", TO(name), TRUE}}, read_nfs},
    {"nvme", QBLK_SOURCE_NVME, NULL, NULL, NULL, {{NULL}}, read_nvme},
    {"vxhs", QBLK_SOURCE_NETWORK, "vxhs", "9999", NULL, {{"vdisk-id", TO(name), TRUE}}, read_vxhs},
    {"virtio-blk-vhost-user", QBLK_SOURCE_VHOST_USER, NULL, NULL, NULL,
     {{"path", TO(path), TRUE}}, NULL},
    {"virtio-blk-vhost-vdpa", QBLK_SOURCE_VHOST_VDPA, NULL, NULL, NULL,
     {{"path", TO(path), TRUE}}, NULL},
};
/* clang-format on */

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

const char *
qblk_source_protocol_port(const char *protocol)
{
    const Protocol *row = find(protocol);
    return row == NULL ? NULL : row->port;
}

static gboolean
copy_texts(Reading *reading, const Protocol *protocol, GError **error)
{
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
    Reading reading = {driver, protocol->port, prefix, options, source};
    source->protocol = g_strdup(protocol->name);
    if (!copy_texts(&reading, protocol, error) ||
        (protocol->read != NULL && !protocol->read(&reading, error))) {
        return NULL;
    }
    if (source->secret_usage != NULL && source->auth_user == NULL) {
        g_clear_pointer(&source->secret_usage, g_free); /* it is the password of nobody */
        g_ptr_array_add(source->dropped, g_strdup("a secret without a user"));
    }
    if (source->secret_usage != NULL) {
        source->secret_type = g_strdup(protocol->secret == NULL ? "iscsi" : protocol->secret);
    }
    return g_steal_pointer(&source);
}
