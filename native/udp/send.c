/*
 * The queue of datagrams, out. Records are grouped by socket and address, so that one sendmmsg carries all that leaves by
 * one socket, and one message of it several datagrams of a size to one address, which the kernel or the device cuts
 * (UDP_SEGMENT). Within a group the order stays.
 */
#include "engine.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* Linux's UDP_MAX_SEGMENTS until 6.9, and what fits into one IP packet, with room for its headers. */
#define MAX_SEGMENTS 64u
#define MAX_RUN_BYTES 65000u
#define MESSAGES 256u
#define FLAG_DONT_FRAGMENT 1

/* Words of a record in tx. */
enum { HANDLE, HEADER, HEADER_LENGTH, OFFSET, LENGTH, ADDRESS, PORT = 9, FLAGS = 10 };

typedef union {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(uint16_t))];
} SegmentSize;

struct Sender {
  uint32_t flush; /* its number, by which stale marks are told */
  uint32_t groups_used;
  uint32_t buckets; /* a power of two */
  uint32_t *bucket_flush;
  uint32_t *bucket_group;
  Group *groups;
  uint32_t *next; /* record after record in the same group */
  uint32_t first_touched;
  uint32_t last_touched;
  /* One sendmmsg. */
  uint32_t built;
  uint32_t vectors_used;
  struct mmsghdr messages[MESSAGES];
  Address addresses[MESSAGES];
  SegmentSize sizes[MESSAGES];
  uint32_t first_record[MESSAGES];
  uint32_t datagrams[MESSAGES];
  struct iovec *vectors;
};

Sender *sender_create(const Engine *engine) {
  Sender *sender = calloc(1, sizeof *sender);
  if (sender == NULL) return NULL;
  sender->buckets = 1;
  while (sender->buckets < engine->queue * 2) sender->buckets *= 2;
  sender->bucket_flush = calloc(sender->buckets, sizeof *sender->bucket_flush);
  sender->bucket_group = calloc(sender->buckets, sizeof *sender->bucket_group);
  sender->groups = calloc(engine->queue, sizeof *sender->groups);
  sender->next = calloc(engine->queue, sizeof *sender->next);
  sender->vectors = calloc((size_t)engine->queue * 2, sizeof *sender->vectors);
  if (sender->bucket_flush && sender->bucket_group && sender->groups && sender->next && sender->vectors) return sender;
  sender_free(sender);
  return NULL;
}

void sender_free(Sender *sender) {
  if (sender == NULL) return;
  free(sender->bucket_flush);
  free(sender->bucket_group);
  free(sender->groups);
  free(sender->next);
  free(sender->vectors);
  free(sender);
}

static const int32_t *record_at(const Engine *engine, uint32_t index) {
  return engine->tx + (size_t)index * TX_STRIDE;
}

static uint32_t size_of(const int32_t *record) {
  return (uint32_t)record[HEADER_LENGTH] + (uint32_t)record[LENGTH];
}

static bool inside(const Engine *engine, int32_t offset, int32_t length) {
  return offset >= 0 && length >= 0 && (size_t)offset + (size_t)length <= engine->slab_length;
}

/* Same socket, address, port and flags: words that stand side by side but for the first. */
static bool same_flow(const int32_t *a, const int32_t *b) {
  return a[HANDLE] == b[HANDLE] && memcmp(a + ADDRESS, b + ADDRESS, (FLAGS + 1 - ADDRESS) * sizeof *a) == 0;
}

static uint32_t hash_of(const int32_t *record) {
  uint32_t hash = (uint32_t)record[HANDLE] * 0x9e3779b1u;
  for (int i = ADDRESS; i <= FLAGS; i++) hash = (hash ^ (uint32_t)record[i]) * 0x85ebca6bu;
  return hash ^ hash >> 15;
}

/* Puts a new group behind the socket's others, and the socket behind the others that send in this flush. */
static void add_group(Engine *engine, Socket *socket, uint32_t socket_index, uint32_t group) {
  Sender *sender = engine->sender;
  if (socket->flush == sender->flush) {
    sender->groups[socket->last_group].next = group;
    socket->last_group = group;
    return;
  }
  socket->flush = sender->flush;
  socket->first_group = group;
  socket->last_group = group;
  socket->next_touched = NONE;
  if (sender->first_touched == NONE) sender->first_touched = socket_index;
  else engine->sockets[sender->last_touched].next_touched = socket_index;
  sender->last_touched = socket_index;
}

static void sort_record(Engine *engine, uint32_t index) {
  Sender *sender = engine->sender;
  const int32_t *record = record_at(engine, index);
  Socket *socket = socket_at(engine, (uint32_t)record[HANDLE]);
  if (socket == NULL) {
    count(engine, SEND_CLOSED, 1);
    return;
  }
  if (!inside(engine, record[HEADER], record[HEADER_LENGTH]) || !inside(engine, record[OFFSET], record[LENGTH])) {
    count(engine, SEND_REFUSED, 1);
    return;
  }
  sender->next[index] = NONE;
  uint32_t bucket = hash_of(record) & (sender->buckets - 1);
  for (; sender->bucket_flush[bucket] == sender->flush; bucket = (bucket + 1) & (sender->buckets - 1)) {
    Group *group = &sender->groups[sender->bucket_group[bucket]];
    if (!same_flow(record_at(engine, group->first), record)) continue;
    sender->next[group->last] = index;
    group->last = index;
    return;
  }
  uint32_t group = sender->groups_used++;
  sender->bucket_flush[bucket] = sender->flush;
  sender->bucket_group[bucket] = group;
  sender->groups[group] = (Group){.first = index, .last = index, .next = NONE};
  add_group(engine, socket, (uint32_t)record[HANDLE], group);
}

static uint32_t add_vectors(const Engine *engine, const int32_t *record, struct iovec *vectors) {
  uint32_t used = 0;
  if (record[HEADER_LENGTH] > 0) {
    vectors[used++] = (struct iovec){engine->slab + record[HEADER], (size_t)record[HEADER_LENGTH]};
  }
  if (record[LENGTH] > 0) vectors[used++] = (struct iovec){engine->slab + record[OFFSET], (size_t)record[LENGTH]};
  return used;
}

/* Sends the datagrams of a message that the kernel would not cut, one by one. */
static void send_singly(Engine *engine, const Socket *socket, uint32_t message);

/* How many messages to leave behind after the first of them has failed with `error`. */
static uint32_t give_up(Engine *engine, Socket *socket, uint32_t at, int error) {
  Sender *sender = engine->sender;
  uint32_t datagrams = sender->datagrams[at];
  if (error == EAGAIN) {
    /* The rest would meet the same full buffer. */
    for (uint32_t i = at; i < sender->built; i++) count(engine, SEND_FULL, sender->datagrams[i]);
    return sender->built - at;
  }
  if (error == ENOBUFS || error == ENOMEM) {
    count(engine, SEND_NO_BUFFERS, datagrams);
  } else if (datagrams > 1) {
    /* Too long for the path's MTU, or a route or device that cannot have it cut. */
    count(engine, SEGMENTATION_REFUSED, 1);
    if (socket->segmentation_refused < MAX_REFUSALS) socket->segmentation_refused++;
    send_singly(engine, socket, at);
  } else {
    count(engine, error == EMSGSIZE ? SEND_TOO_LONG : SEND_REFUSED, 1);
  }
  return 1;
}

/* Sends the messages that were built, from `at` on; how many of them, or -1. A single one, as relay sockets mostly have,
 * leaves by the calls that have less to copy. */
static int send_built(Sender *sender, int fd, uint32_t at) {
  if (sender->built - at > 1) {
    return sendmmsg(fd, sender->messages + at, sender->built - at, MSG_DONTWAIT);
  }
  const struct msghdr *header = &sender->messages[at].msg_hdr;
  const struct iovec *only = header->msg_iov;
  bool simple = header->msg_iovlen == 1 && header->msg_control == NULL;
  ssize_t sent = simple ? sendto(fd, only->iov_base, only->iov_len, MSG_DONTWAIT, header->msg_name, header->msg_namelen)
                        : sendmsg(fd, header, MSG_DONTWAIT);
  return sent < 0 ? -1 : 1;
}

static void transmit(Engine *engine, Socket *socket) {
  Sender *sender = engine->sender;
  uint32_t at = 0;
  /* The error of an ICMP that came meanwhile fails a datagram to anyone, once: the second failure is its own. */
  uint32_t failed = NONE;
  while (at < sender->built) {
    count(engine, SEND_CALLS, 1);
    int sent = send_built(sender, socket->fd, at);
    if (sent > 0) {
      for (uint32_t end = at + (uint32_t)sent; at < end; at++) {
        count(engine, SENT, sender->datagrams[at]);
        if (sender->datagrams[at] == 1) continue;
        count(engine, SEGMENTED_RUNS, 1);
        socket->segmentation_refused = 0;
      }
    } else if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || failed == at) {
      at += give_up(engine, socket, at, errno);
    } else {
      failed = at;
    }
  }
  sender->built = 0;
  sender->vectors_used = 0;
}

static void send_singly(Engine *engine, const Socket *socket, uint32_t message) {
  Sender *sender = engine->sender;
  struct msghdr header = sender->messages[message].msg_hdr;
  header.msg_control = NULL;
  header.msg_controllen = 0;
  uint32_t index = sender->first_record[message];
  for (uint32_t i = 0; i < sender->datagrams[message]; i++, index = sender->next[index]) {
    struct iovec vectors[2];
    header.msg_iov = vectors;
    header.msg_iovlen = add_vectors(engine, record_at(engine, index), vectors);
    count(engine, SEND_CALLS, 1);
    if (sendmsg(socket->fd, &header, MSG_DONTWAIT) >= 0) count(engine, SENT, 1);
    else if (errno == EAGAIN) count(engine, SEND_FULL, 1);
    else if (errno == ENOBUFS || errno == ENOMEM) count(engine, SEND_NO_BUFFERS, 1);
    else count(engine, errno == EMSGSIZE ? SEND_TOO_LONG : SEND_REFUSED, 1);
  }
}

/* Makes one message of the records from `first` on that can leave as one. Returns the record after them, or NONE. */
static uint32_t build_message(Engine *engine, const Socket *socket, uint32_t first, const Address *to, socklen_t length) {
  Sender *sender = engine->sender;
  uint32_t size = size_of(record_at(engine, first));
  uint32_t most = size == 0 || socket->segmentation_refused >= MAX_REFUSALS ? 1 : MAX_SEGMENTS;
  struct iovec *vectors = sender->vectors + sender->vectors_used;
  uint32_t used = 0, total = 0, datagrams = 0, last = size, index = first;
  /* Equal sizes; only the last of a run may be shorter. */
  while (index != NONE && datagrams < most && last == size) {
    const int32_t *record = record_at(engine, index);
    uint32_t next_size = size_of(record);
    if (datagrams > 0 && (next_size == 0 || next_size > size || total + next_size > MAX_RUN_BYTES)) break;
    used += add_vectors(engine, record, vectors + used);
    last = next_size;
    total += next_size;
    datagrams++;
    index = sender->next[index];
  }
  uint32_t at = sender->built++;
  sender->vectors_used += used;
  sender->first_record[at] = first;
  sender->datagrams[at] = datagrams;
  sender->addresses[at] = *to;
  struct msghdr *header = &sender->messages[at].msg_hdr;
  *header = (struct msghdr){.msg_name = &sender->addresses[at], .msg_namelen = length};
  header->msg_iov = vectors;
  header->msg_iovlen = used;
  if (datagrams == 1) return index;
  header->msg_control = &sender->sizes[at];
  header->msg_controllen = sizeof sender->sizes[at];
  struct cmsghdr *part = CMSG_FIRSTHDR(header);
  part->cmsg_level = IPPROTO_UDP;
  part->cmsg_type = UDP_SEGMENT;
  part->cmsg_len = CMSG_LEN(sizeof(uint16_t));
  uint16_t segment = (uint16_t)size;
  memcpy(CMSG_DATA(part), &segment, sizeof segment);
  return index;
}

static void send_group(Engine *engine, Socket *socket, uint32_t group) {
  Sender *sender = engine->sender;
  uint32_t index = sender->groups[group].first;
  const int32_t *record = record_at(engine, index);
  Address to;
  socklen_t length = address_write(&to, socket->family, record + ADDRESS, (uint16_t)record[PORT]);
  bool dont_fragment = (record[FLAGS] & FLAG_DONT_FRAGMENT) != 0;
  if (dont_fragment != socket->dont_fragment) {
    transmit(engine, socket);
    socket_set_dont_fragment(socket, dont_fragment);
  }
  for (; index != NONE && length == 0; index = sender->next[index]) count(engine, SEND_REFUSED, 1);
  while (index != NONE) {
    if (sender->built == MESSAGES) transmit(engine, socket);
    index = build_message(engine, socket, index, &to, length);
  }
}

void send_queue(Engine *engine, uint32_t records) {
  Sender *sender = engine->sender;
  if (++sender->flush == 0) {
    /* Once in four thousand million flushes: no old mark may look new. */
    memset(sender->bucket_flush, 0, sender->buckets * sizeof *sender->bucket_flush);
    for (uint32_t i = 0; i < engine->socket_places; i++) engine->sockets[i].flush = 0;
    sender->flush = 1;
  }
  sender->groups_used = 0;
  sender->first_touched = NONE;
  for (uint32_t i = 0; i < records; i++) sort_record(engine, i);
  for (uint32_t index = sender->first_touched; index != NONE; index = engine->sockets[index].next_touched) {
    Socket *socket = &engine->sockets[index];
    for (uint32_t group = socket->first_group; group != NONE; group = sender->groups[group].next) {
      send_group(engine, socket, group);
    }
    transmit(engine, socket);
  }
}
