/* The table of sockets: opening, closing, options. Places are dense and reused, so that JavaScript can index by them. */
#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_PLACES 64u

/* An IPv4 address in the form that everything above uses: the words of ::ffff:a.b.c.d. */
#define V4_MARK 0xffff

socklen_t address_write(Address *address, uint8_t family, const int32_t *words, uint16_t port) {
  if (family == AF_INET) {
    if (words[0] != 0 || words[1] != 0 || words[2] != V4_MARK) return 0;
    address->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    address->v4.sin_addr.s_addr = htonl((uint32_t)words[3]);
    return sizeof address->v4;
  }
  address->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
  for (int i = 0; i < 4; i++) {
    uint32_t word = htonl((uint32_t)words[i]);
    memcpy(address->v6.sin6_addr.s6_addr + 4 * i, &word, sizeof word);
  }
  return sizeof address->v6;
}

/* Writes the four words and the port. */
void address_read(const Address *address, int32_t *words) {
  if (address->any.sa_family == AF_INET) {
    words[0] = 0;
    words[1] = 0;
    words[2] = V4_MARK;
    words[3] = (int32_t)ntohl(address->v4.sin_addr.s_addr);
    words[4] = ntohs(address->v4.sin_port);
    return;
  }
  for (int i = 0; i < 4; i++) {
    uint32_t word;
    memcpy(&word, address->v6.sin6_addr.s6_addr + 4 * i, sizeof word);
    words[i] = (int32_t)ntohl(word);
  }
  words[4] = ntohs(address->v6.sin6_port);
}

Socket *socket_at(Engine *engine, uint32_t index) {
  if (index >= engine->socket_places || engine->sockets[index].fd < 0) return NULL;
  return &engine->sockets[index];
}

static bool grow(Engine *engine) {
  uint32_t before = engine->socket_places;
  uint32_t places = before == 0 ? FIRST_PLACES : before * 2;
  if (places > MAX_SOCKETS) return false;
  Socket *sockets = realloc(engine->sockets, places * sizeof *sockets);
  if (sockets == NULL) return false;
  /* The lowest place is given first. */
  for (uint32_t i = places; i-- > before;) {
    sockets[i] = (Socket){.fd = -1, .next = engine->free_places};
    engine->free_places = i;
  }
  engine->sockets = sockets;
  engine->socket_places = places;
  return true;
}

static void set_buffer(int fd, int forced, int plain, int bytes) {
  if (bytes <= 0) return;
  /* The forced form passes the system's limit, and needs CAP_NET_ADMIN. */
  if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof bytes) == 0) return;
  (void)setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof bytes);
}

static int set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : -errno;
}

static int set_before_bind(int fd, int type, const SocketOptions *options) {
  bool v6 = options->local.any.sa_family == AF_INET6;
  int failed = v6 ? set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) : 0;
  if (failed == 0 && options->reuse_port) failed = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  /* Connections that have just ended do not keep a stream from the port that they had. */
  if (failed == 0 && type == SOCK_STREAM) failed = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  return failed;
}

int socket_bind(int type, const SocketOptions *options) {
  int fd = socket(options->local.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int failed = set_before_bind(fd, type, options);
  socklen_t length = options->local.any.sa_family == AF_INET ? sizeof options->local.v4 : sizeof options->local.v6;
  if (failed == 0 && bind(fd, &options->local.any, length) != 0) failed = -errno;
  if (failed == 0) return fd;
  (void)close(fd);
  return failed;
}

/* Without a shared descriptor, a new socket; else another descriptor of that one, if it is for datagrams. */
static int socket_take(const SocketOptions *options) {
  if (options->shared < 0) return socket_bind(SOCK_DGRAM, options);
  int type;
  socklen_t length = sizeof type;
  if (getsockopt(options->shared, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return -errno;
  if (type != SOCK_DGRAM) return -EPROTOTYPE;
  int fd = fcntl(options->shared, F_DUPFD_CLOEXEC, 0);
  return fd < 0 ? -errno : fd;
}

static int set_after_bind(int fd, uint8_t family, const SocketOptions *options) {
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options->receive_buffer);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options->send_buffer);
  /* ICMP errors with the address that they are about. And no DF, which Linux sets on everything unless told not to; an
   * IPv6 sender fragments by the path's MTU, which is its default. */
  if (family == AF_INET6) {
    int failed = set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
    return failed != 0 ? failed : set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 0);
  }
  int failed = set(fd, IPPROTO_IP, IP_RECVERR, 1);
  return failed != 0 ? failed : set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

static int watch(Engine *engine, int fd, uint32_t index) {
  uint64_t mark = (uint64_t)engine->sockets[index].generation << 32 | index;
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = mark};
  return epoll_ctl(engine->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/* What an adopted socket is bound to, and which port the kernel chose. */
static int ask_name(int fd, Address *bound) {
  socklen_t length = sizeof *bound;
  return getsockname(fd, &bound->any, &length) == 0 ? 0 : -errno;
}

int socket_open(Engine *engine, const SocketOptions *options) {
  if (engine->ended) return -EBADF;
  if (engine->free_places == NONE && !grow(engine)) return -EMFILE;
  int fd = socket_take(options);
  if (fd < 0) return fd;
  uint32_t index = engine->free_places;
  Address bound = options->local;
  int failed = options->shared < 0 && bound.v4.sin_port != 0 ? 0 : ask_name(fd, &bound);
  uint8_t family = (uint8_t)bound.any.sa_family;
  if (failed == 0 && family != AF_INET && family != AF_INET6) failed = -EAFNOSUPPORT;
  if (failed == 0) failed = set_after_bind(fd, family, options);
  if (failed == 0) failed = watch(engine, fd, index);
  if (failed != 0) {
    (void)close(fd);
    return failed;
  }
  Socket *place = &engine->sockets[index];
  engine->free_places = place->next;
  *place = (Socket){.fd = fd, .generation = place->generation, .family = family, .shared = options->shared >= 0};
  place->segmentation_refused = options->segmentation ? 0 : MAX_REFUSALS;
  place->port = ntohs(family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
  return (int)index;
}

int socket_read_stream(Engine *engine, int stream) {
  if (engine->ended) return -EBADF;
  if (engine->free_places == NONE && !grow(engine)) return -EMFILE;
  int fd = fcntl(stream, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return -errno;
  uint32_t index = engine->free_places;
  int failed = watch(engine, fd, index);
  if (failed != 0) {
    (void)close(fd);
    return failed;
  }
  Socket *place = &engine->sockets[index];
  engine->free_places = place->next;
  *place = (Socket){.fd = fd, .generation = place->generation, .shared = true, .stream = true};
  return (int)index;
}

void socket_unwatch(Engine *engine, const Socket *socket) {
  (void)epoll_ctl(engine->epoll, EPOLL_CTL_DEL, socket->fd, NULL);
}

void socket_close(Engine *engine, uint32_t index) {
  Socket *place = socket_at(engine, index);
  if (place == NULL) return;
  /* The epoll instance forgets a socket with its last descriptor. */
  if (place->shared) socket_unwatch(engine, place);
  (void)close(place->fd);
  place->fd = -1;
  place->generation++;
  uint32_t *list = engine->in_batch ? &engine->resting_places : &engine->free_places;
  place->next = *list;
  *list = index;
}

void sockets_close_all(Engine *engine) {
  for (uint32_t i = 0; i < engine->socket_places; i++) socket_close(engine, i);
}

void sockets_wake_resting(Engine *engine) {
  while (engine->resting_places != NONE) {
    uint32_t index = engine->resting_places;
    engine->resting_places = engine->sockets[index].next;
    engine->sockets[index].next = engine->free_places;
    engine->free_places = index;
  }
}

void socket_set_dont_fragment(Socket *socket, bool on) {
  if (socket->dont_fragment == on) return;
  /* PROBE sets DF and lets no ICMP lower the path's MTU for us: whoever asked for DF wants to see the ICMP. */
  int failed = socket->family == AF_INET6
                   ? set(socket->fd, IPPROTO_IPV6, IPV6_DONTFRAG, on)
                   : set(socket->fd, IPPROTO_IP, IP_MTU_DISCOVER, on ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT);
  if (failed == 0) socket->dont_fragment = on;
}
