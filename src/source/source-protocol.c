/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-protocol.h"

#include "source/source-dropped.h"
#include "source/source-parser.h"
#include "source/source-server.h"
#include "source/source-string.h"
#include "source/source-url.h"

#include <string.h>

/* An option that becomes a text of a source as it is. */
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
    const char *port;   /* written by libvirt if no port is given */
    const char *secret; /* libvirt's type of its secret, "ceph" or "iscsi" */
    Copy copies[8];
    gboolean (*read)(QblkSourceParser *parser, GError **error); /* all other options, or NULL */
} Protocol;

static const char *
take(const QblkSourceParser *parser, const char *key)
{
    return qblk_source_parser_take(parser, key);
}

static gboolean
set_invalid(const QblkSourceParser *parser, const char *reason, GError **error)
{
    return qblk_source_parser_set_invalid(parser, reason, error);
}

/* ---- options that are not only copied ---- */

static void
read_tls(QblkSourceParser *parser)
{
    if (take(parser, "tls-creds") != NULL) {
        parser->source->tls = g_strdup("yes");
    }
}

static gboolean
read_nbd(QblkSourceParser *parser, GError **error)
{
    read_tls(parser);
    if (take(parser, "x-dirty-bitmap") != NULL) {
        return set_invalid(parser, "a dirty bitmap is not an image", error);
    }

    const char *path = take(parser, "path");
    return qblk_source_server_read_one(parser, path, error);
}

static gboolean
read_ssh(QblkSourceParser *parser, GError **error)
{
    return qblk_source_server_read_one(parser, NULL, error);
}

static gboolean
read_vxhs(QblkSourceParser *parser, GError **error)
{
    read_tls(parser);
    return qblk_source_server_read(parser, error);
}

static gboolean
add_portal(QblkSourceParser *parser, const char *portal, GError **error)
{
    g_autoptr(QblkSourceOptions) server = qblk_source_options_new();

    if (!qblk_source_options_set_host(server, portal, "host", "port", error)) {
        return FALSE;
    }

    const char *host = qblk_source_options_take(server, "", "host");
    const char *port = qblk_source_options_take(server, "", "port");
    qblk_source_add_host(parser->source, NULL, host, port == NULL ? parser->port : port, NULL);
    return TRUE;
}

static gboolean
read_iscsi(QblkSourceParser *parser, GError **error)
{
    const char *portal = take(parser, "portal");
    const char *target = take(parser, "target");
    const char *lun = take(parser, "lun");
    const char *transport = take(parser, "transport");

    if (portal == NULL || target == NULL) {
        return set_invalid(parser, "a portal and a target are required", error);
    }
    if (!qblk_source_parser_check_number(parser, "lun", lun, 16383, error)) {
        return FALSE;
    }
    if (!add_portal(parser, portal, error)) {
        return FALSE;
    }

    if (g_strcmp0(transport, "iser") == 0) {
        g_ptr_array_add(parser->source->dropped, g_strdup("the transport iSER"));
    }
    parser->source->name = g_strdup_printf("%s/%s", target, lun == NULL ? "0" : lun);
    return TRUE;
}

/* Here librbd decrypts and not QEMU, and it has its own formats. */
static gboolean
read_rbd_encryption(QblkSourceParser *parser, GError **error)
{
    static const char *const formats[] = {"luks", "luks2", "luks-any", NULL};
    const char *format = take(parser, "encrypt.format");

    if (format == NULL) {
        return TRUE;
    }
    if (!g_strv_contains(formats, format)) {
        return set_invalid(parser, "unknown encryption format", error);
    }

    parser->source->encryption = g_strdup(format);
    parser->source->encryption_engine = g_strdup("librbd");
    return TRUE;
}

/* The image is the empty text in libvirt's "rbd:NAME". */
static char *
rbd_name(const char *pool, const char *namespace, const char *image)
{
    if (image[0] == '\0') {
        return g_strdup(pool);
    }
    if (namespace == NULL || namespace[0] == '\0') {
        return g_strconcat(pool, "/", image, NULL);
    }
    return g_strconcat(pool, "/", namespace, "/", image, NULL);
}

static gboolean
read_rbd(QblkSourceParser *parser, GError **error)
{
    const char *pool = take(parser, "pool");
    const char *namespace = take(parser, "namespace");
    const char *image = take(parser, "image");

    if (pool == NULL || pool[0] == '\0' || image == NULL) {
        return set_invalid(parser, "a pool and an image are required", error);
    }

    parser->source->name = rbd_name(pool, namespace, image);
    if (!read_rbd_encryption(parser, error)) {
        return FALSE;
    }
    return qblk_source_server_add(parser, error);
}

static gboolean
read_gluster(QblkSourceParser *parser, GError **error)
{
    const char *volume = take(parser, "volume");
    const char *path = take(parser, "path");

    if (volume == NULL || path == NULL) {
        return set_invalid(parser, "a volume and a path are required", error);
    }

    parser->source->name = g_strconcat(volume, "/", path, NULL);
    return qblk_source_server_read(parser, error);
}

/* Read what a URL specifies from the options of @url: the server, the path, the query and a user.
 * */
static gboolean
read_url_parts(QblkSourceParser *parser, const QblkSourceParser *url, GError **error)
{
    QblkSource *source = parser->source;

    source->name = g_strdup(take(url, "url-path"));
    source->query = g_strdup(take(url, "url-query"));
    if (source->auth_user == NULL) {
        source->auth_user = g_strdup(take(url, "user"));
    }

    if (source->name == NULL) {
        return set_invalid(parser, "a URL is required", error);
    }
    return qblk_source_server_read(url, error);
}

/* Read the option "url", or the parts of a URL that are options already. */
static gboolean
read_url(QblkSourceParser *parser, GError **error)
{
    const char *text = take(parser, "url");
    if (text == NULL) {
        return read_url_parts(parser, parser, error);
    }

    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
    QblkSourceParser url = *parser;
    url.options = options;
    url.prefix = "";

    if (!qblk_source_url_parse(text, options, error)) {
        return FALSE;
    }
    if (g_strcmp0(take(&url, "driver"), parser->driver) != 0) {
        return set_invalid(parser, "the URL has another protocol", error);
    }
    if (!read_url_parts(parser, &url, error)) {
        return FALSE;
    }

    qblk_source_dropped_note(options, parser->source);
    return TRUE;
}

static gboolean
read_web(QblkSourceParser *parser, GError **error)
{
    QblkSource *source = parser->source;
    gboolean has_tls = g_str_has_suffix(parser->driver, "s");

    if (!read_url(parser, error)) {
        return FALSE;
    }
    if (!qblk_source_parser_read_switch(parser, "sslverify", &source->ssl_verify, error)) {
        return FALSE;
    }
    if (!has_tls) {
        g_clear_pointer(&source->ssl_verify, g_free); /* there is nothing to verify */
    }

    if (!qblk_source_parser_read_size(parser, "readahead", &source->readahead, error)) {
        return FALSE;
    }
    return qblk_source_parser_check_number(parser, "timeout", source->timeout, 10000, error);
}

/* Without a server QEMU connects to its own host. */
static gboolean
read_sheepdog(QblkSourceParser *parser, GError **error)
{
    if (!qblk_source_server_add(parser, error)) {
        return FALSE;
    }

    if (parser->source->hosts->len == 0) {
        qblk_source_add_host(parser->source, NULL, "localhost", parser->port, NULL);
    }
    return TRUE;
}

/* A plus sign marks a number in libvirt's XML, because a name is allowed as well. */
static gboolean
read_identity(const QblkSourceParser *parser, const char *key, char **member, GError **error)
{
    const char *value = take(parser, key);

    if (value != NULL) {
        *member = g_strconcat("+", value, NULL);
    }
    return qblk_source_parser_check_number(parser, key, value, G_MAXUINT32, error);
}

static gboolean
read_nfs(QblkSourceParser *parser, GError **error)
{
    QblkSource *source = parser->source;

    if (!read_identity(parser, "user", &source->identity_user, error)) {
        return FALSE;
    }
    if (!read_identity(parser, "group", &source->identity_group, error)) {
        return FALSE;
    }
    return qblk_source_server_read(parser, error);
}

/* "0000:01:00.0" to the parts of libvirt's `<address>`, which are hexadecimal as well. */
static gboolean
read_pci_address(const char *device, QblkSource *source)
{
    g_auto(GStrv) parts = g_strsplit_set(device, ":.", -1);
    char **const members[] = {&source->pci_domain, &source->pci_bus, &source->pci_slot,
                              &source->pci_function};
    static const guint64 largest[] = {0xffff, 0xff, 0x1f, 0x7};
    static const int digits[] = {4, 2, 2, 1};

    if (g_strv_length(parts) != G_N_ELEMENTS(members)) {
        return FALSE;
    }

    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        guint64 value;

        if (!g_ascii_string_to_unsigned(parts[i], 16, 0, largest[i], &value, NULL)) {
            return FALSE;
        }
        *members[i] = g_strdup_printf("0x%0*" G_GINT64_MODIFIER "x", digits[i], value);
    }
    return TRUE;
}

static gboolean
read_nvme(QblkSourceParser *parser, GError **error)
{
    const char *device = take(parser, "device");
    const char *namespace = take(parser, "namespace");

    if (device == NULL || !read_pci_address(device, parser->source)) {
        return set_invalid(parser, "option 'device' must be a PCI address", error);
    }

    parser->source->nvme_namespace = g_strdup(namespace == NULL ? "1" : namespace);
    return qblk_source_parser_check_number(parser, "namespace", namespace, G_MAXUINT32, error);
}

/* ---- the table ---- */

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
find_protocol(const char *driver)
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
    const Protocol *row = find_protocol(protocol);

    return row == NULL ? NULL : row->port;
}

/* Copy the options of @protocol that become texts of the source. An empty option is ignored, and
 * the first of several for the same text counts. */
static gboolean
copy_texts(QblkSourceParser *parser, const Protocol *protocol, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(protocol->copies); i++) {
        const Copy *copy = &protocol->copies[i];
        if (copy->option == NULL) {
            break;
        }

        const char *value = take(parser, copy->option);
        char **member = qblk_source_text(parser->source, copy->member);
        if (value != NULL && value[0] != '\0' && *member == NULL) {
            *member = g_strdup(value);
        }

        if (copy->required && *member == NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                        "driver '%s': option '%s' is required", parser->driver, copy->option);
            return FALSE;
        }
    }
    return TRUE;
}

/* Returns: (nullable): what libvirt's XML has no place for: it has a user only with its secret */
static const char *
describe_lost_secret(const QblkSource *source)
{
    if (source->auth_user == NULL) {
        return source->secret_usage == NULL ? NULL : "a secret without a user";
    }
    if (source->secret_usage == NULL) {
        return "the user, because its secret is not known";
    }
    return qblk_source_is_generic_name(source->auth_user) &&
                   strpbrk(source->secret_usage, "/\n") == NULL
               ? NULL
               : "the user and its secret, because of a character in their names";
}

/* Set the type of the secret. */
static void
finish_secret(QblkSource *source, const Protocol *protocol)
{
    const char *lost = describe_lost_secret(source);

    if (lost != NULL) {
        g_clear_pointer(&source->auth_user, g_free);
        g_clear_pointer(&source->secret_usage, g_free);
        g_ptr_array_add(source->dropped, g_strdup(lost));
    }
    if (source->secret_usage != NULL) {
        source->secret_type = g_strdup(protocol->secret == NULL ? "iscsi" : protocol->secret);
    }
}

QblkSource *
qblk_source_protocol_read(const char *driver, const char *prefix, QblkSourceOptions *options,
                          GError **error)
{
    const Protocol *protocol = find_protocol(driver);
    if (protocol == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "libvirt's XML cannot express driver '%s'", driver);
        return NULL;
    }

    g_autoptr(QblkSource) source = qblk_source_new(protocol->type);
    QblkSourceParser parser = {driver, protocol->port, prefix, options, source};
    source->protocol = g_strdup(protocol->name);

    if (!copy_texts(&parser, protocol, error)) {
        return NULL;
    }
    if (protocol->read != NULL && !protocol->read(&parser, error)) {
        return NULL;
    }

    finish_secret(source, protocol);
    return g_steal_pointer(&source);
}
