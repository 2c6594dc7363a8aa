/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/listeners.h"

#include "image/process.h"
#include "image/socket-table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HOST_BYTES 256

/* A TCP socket; an IPv4 address is mapped into an IPv6 one. */
typedef struct {
    struct in6_addr address;
    guint16 port;
} Address;

struct QblkListeners {
    GPtrArray *paths;  /* of char, owned */
    GArray *addresses; /* of Address */
};

QblkListeners *
qblk_listeners_new(void)
{
    QblkListeners *listeners = g_new0(QblkListeners, 1);

    listeners->paths = g_ptr_array_new_with_free_func(g_free);
    listeners->addresses = g_array_new(FALSE, FALSE, sizeof(Address));
    return listeners;
}

void
qblk_listeners_free(QblkListeners *listeners)
{
    if (listeners == NULL) {
        return;
    }
    g_ptr_array_unref(listeners->paths);
    g_array_unref(listeners->addresses);
    g_free(listeners);
}

const GPtrArray *
qblk_listeners_paths(const QblkListeners *listeners)
{
    return listeners->paths;
}

/* ---- the tables of the kernel ---- */

static gboolean
is_own(const QblkSocket *entry, GHashTable *own)
{
    return entry->state == QBLK_SOCKET_LISTENS && g_hash_table_contains(own, entry->name);
}

void
qblk_listeners_add_unix(QblkListeners *listeners, const char *table, GHashTable *own)
{
    g_autoptr(GPtrArray) sockets = qblk_socket_table_read_unix(table);

    for (guint i = 0; i < sockets->len; i++) {
        const QblkSocket *entry = sockets->pdata[i];
        if (is_own(entry, own)) {
            g_ptr_array_add(listeners->paths, g_strdup(entry->path));
        }
    }
}

void
qblk_listeners_add_tcp(QblkListeners *listeners, const char *table, GHashTable *own)
{
    g_autoptr(GPtrArray) sockets = qblk_socket_table_read_tcp(table);

    for (guint i = 0; i < sockets->len; i++) {
        const QblkSocket *entry = sockets->pdata[i];
        if (is_own(entry, own)) {
            const Address address = {.address = entry->address, .port = entry->port};
            g_array_append_val(listeners->addresses, address);
        }
    }
}

QblkListeners *
qblk_listeners_find(gint64 pid)
{
    static const struct {
        const char *name;
        void (*add)(QblkListeners *, const char *, GHashTable *);
    } tables[] = {{"unix", qblk_listeners_add_unix},
                  {"tcp", qblk_listeners_add_tcp},
                  {"tcp6", qblk_listeners_add_tcp}};
    QblkListeners *listeners = qblk_listeners_new();
    g_autofree char *directory = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/fd", pid);
    g_autoptr(GHashTable) own = qblk_socket_table_find_own(directory);
    gboolean has_sockets = own != NULL && g_hash_table_size(own) > 0;

    for (gsize i = 0; has_sockets && i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *path =
            g_strdup_printf("/proc/%" G_GINT64_FORMAT "/net/%s", pid, tables[i].name);
        g_autofree char *table = NULL;
        if (g_file_get_contents(path, &table, NULL, NULL)) {
            tables[i].add(listeners, table, own);
        }
    }
    return listeners;
}

/* ---- addresses ---- */

/* Returns: FALSE if it is of another protocol than IP */
static gboolean
copy_address(struct in6_addr *address, const struct sockaddr *from)
{
    if (from != NULL && from->sa_family == AF_INET) {
        qblk_socket_table_map_ipv4(address,
                                   &((const struct sockaddr_in *)(const void *)from)->sin_addr);
        return TRUE;
    }
    if (from != NULL && from->sa_family == AF_INET6) {
        *address = ((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
        return TRUE;
    }
    return FALSE;
}

static gboolean
is_ipv4(const struct in6_addr *address)
{
    return IN6_IS_ADDR_V4MAPPED(address);
}

/* Each address; a connection to it is one to this machine. */
static gboolean
is_any(const struct in6_addr *address)
{
    static const guint8 zeros[sizeof(struct in_addr)];
    return IN6_IS_ADDR_UNSPECIFIED(address) ||
           (is_ipv4(address) && memcmp(&address->s6_addr[12], zeros, sizeof(zeros)) == 0);
}

static gboolean
is_loopback(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) || (is_ipv4(address) && address->s6_addr[12] == 127);
}

static gboolean
is_of_interface(const struct in6_addr *address)
{
    struct ifaddrs *interfaces = NULL;
    gboolean is_found = FALSE;
    if (getifaddrs(&interfaces) != 0) {
        return FALSE;
    }

    for (const struct ifaddrs *at = interfaces; at != NULL && !is_found; at = at->ifa_next) {
        struct in6_addr other;
        is_found = copy_address(&other, at->ifa_addr) && IN6_ARE_ADDR_EQUAL(&other, address);
    }
    freeifaddrs(interfaces);
    return is_found;
}

static gboolean
is_local(const struct in6_addr *address)
{
    return is_loopback(address) || is_any(address) || is_of_interface(address);
}

/* TRUE if a connection to @wanted reaches the socket @listener; "::" also gets those of IPv4. */
static gboolean
is_reached(const Address *listener, const Address *wanted)
{
    const struct in6_addr *own = &listener->address;

    if (listener->port != wanted->port) {
        return FALSE;
    }
    if (IN6_ARE_ADDR_EQUAL(own, &wanted->address)) {
        return TRUE;
    }
    if (is_any(&wanted->address)) {
        return is_any(own) || is_loopback(own);
    }
    return is_any(own) && (!is_ipv4(own) || is_ipv4(&wanted->address)) &&
           is_local(&wanted->address);
}

static gboolean
has_number(const QblkListeners *listeners, const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *info = NULL;
    Address wanted;
    if (getaddrinfo(host, port, &hints, &info) != 0) {
        return FALSE;
    }

    gboolean is_known = copy_address(&wanted.address, info->ai_addr);
    if (is_known) { /* the port is at the same place for both */
        wanted.port = ntohs(((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_port);
    }
    freeaddrinfo(info);

    for (guint i = 0; is_known && i < listeners->addresses->len; i++) {
        if (is_reached(&g_array_index(listeners->addresses, Address, i), &wanted)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
is_name_of_this_machine(const char *host)
{
    char name[HOST_BYTES] = "";

    if (*host == '\0' || g_ascii_strcasecmp(host, "localhost") == 0) {
        return TRUE;
    }
    return gethostname(name, sizeof(name) - 1) == 0 && g_ascii_strcasecmp(host, name) == 0;
}

gboolean
qblk_listeners_has_address(const QblkListeners *listeners, const char *host, const char *port)
{
    if (listeners->addresses->len == 0) {
        return FALSE;
    }
    if (is_name_of_this_machine(host)) {
        return has_number(listeners, "127.0.0.1", port) || has_number(listeners, "::1", port);
    }
    return has_number(listeners, host, port);
}

/* ---- a unix socket ---- */

/* Returns: 0 or why a socket of @type cannot be connected to @path; @server: (nullable) (out): the
 * process that listens there */
static int
try_connect(const char *path, int type, gint64 *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path)) {
        return 0;
    }

    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return 0;
    }
    int failure = connect(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)) == 0
                      ? 0
                      : errno;
    if (failure == 0 && server != NULL) {
        *server = qblk_process_behind(fd, NULL);
    }
    close(fd);
    return failure;
}

int
qblk_listeners_probe(const char *path)
{
    int failure = try_connect(path, SOCK_DGRAM, NULL);
    return failure == ENOENT || failure == ECONNREFUSED ? failure : 0;
}

gint64
qblk_listeners_server(const char *path)
{
    gint64 server = 0;

    (void)try_connect(path, SOCK_STREAM | SOCK_NONBLOCK, &server);
    return server;
}
