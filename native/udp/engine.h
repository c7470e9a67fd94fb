/*
 * Batched UDP for one JavaScript thread. An engine owns its sockets, one epoll instance over all of them, and one libuv
 * handle that watches that epoll instance; it shares a slab of bytes and three tables of records with JavaScript.
 * Nothing is global: each worker thread has engines of its own.
 */
#ifndef SLUICE_UDP_ENGINE_H
#define SLUICE_UDP_ENGINE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifndef NAPI_VERSION
#define NAPI_VERSION 8
#endif

#include <netinet/in.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "uv-poll.h"

/* Raised with every change to what JavaScript and C agree on; src/relay/datagram-addon.ts holds the same number. */
#define LAYOUT 7

/* Words of a record: received datagram, datagram to send, ICMP error. */
#define RX_STRIDE 8
#define TX_STRIDE 12
#define ICMP_STRIDE 9

#define MAX_SOCKETS 65536u
#define MAX_SLOTS 1024u
#define MAX_QUEUE 4096u
/* Sockets looked at for one epoll_wait. */
#define MAX_EVENTS 256
/* A socket whose runs of datagrams were refused so often in a row sends singly from then on. */
#define MAX_REFUSALS 8
/* ICMP errors taken from all sockets for one crossing into JavaScript, and from one of them at a time. */
#define MAX_ICMP 64
#define ICMP_PER_SOCKET 8

/* Indices of the counters: DATAGRAM_COUNTERS of src/relay/datagram-io.ts. */
enum counter {
  RECEIVED,
  BATCHES,
  RECEIVE_CALLS,
  TRUNCATED,
  ICMP_ERRORS,
  SENT,
  SEND_CALLS,
  SEGMENTED_RUNS,
  SEGMENTATION_REFUSED,
  SEND_FULL,
  SEND_NO_BUFFERS,
  SEND_TOO_LONG,
  SEND_REFUSED,
  SEND_CLOSED,
  COUNTERS
};

#define NONE UINT32_MAX

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} Address;

typedef struct {
  int fd;              /* -1: closed */
  uint32_t generation; /* tells an epoll event of an earlier socket in this place */
  uint32_t next;       /* in the list of free or resting places */
  /* While a queue is sent: the flush that saw this socket last, its groups, the next such socket. */
  uint32_t flush;
  uint32_t first_group;
  uint32_t last_group;
  uint32_t next_touched;
  uint16_t port;
  uint8_t family; /* AF_INET, AF_INET6 */
  bool dont_fragment;
  bool shared; /* other descriptors of it are open elsewhere */
  bool stream; /* not for datagrams: a connection that is only read here */
  /* The last read of many found one datagram or none. From then on, among many ready sockets, one is read, by a call that
   * costs half, until this one is ready in two rounds, one after the other: then more came than was read. */
  bool sparse;
  uint32_t round; /* the last in which it was ready */
  uint8_t segmentation_refused; /* times in a row */
} Socket;

/* Queued datagrams from one socket to one address, all with or all without DF, in their order. */
typedef struct {
  uint32_t first;
  uint32_t last;
  uint32_t next; /* of the same socket */
} Group;

typedef struct Sender Sender;
typedef struct Receiver Receiver;

typedef struct {
  /* One for JavaScript's handle, one for libuv's: who lets go last frees. */
  int owners;
  bool ended;
  bool in_batch;
  bool watched;

  napi_env env;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  napi_ref callback;
  napi_ref memory; /* keeps the arrays below */

  uint8_t *slab;
  size_t slab_length;
  uint32_t slot_stride;
  uint32_t slot_length;
  uint32_t slots;
  int32_t *rx;
  int32_t *tx;
  uint32_t queue; /* records that fit into tx */
  int32_t *icmp;
  double *counters;

  int epoll;
  uv_poll_t *poll;
  struct epoll_event events[MAX_EVENTS];
  uint32_t round; /* of looking at what is ready */

  Socket *sockets;
  uint32_t socket_places;
  uint32_t free_places;
  uint32_t resting_places; /* closed in this batch: given again after it */

  Receiver *receiver;
  Sender *sender;
} Engine;

static inline void count(Engine *engine, enum counter counter, uint32_t by) { engine->counters[counter] += by; }

/* engine.c */
Engine *engine_create(napi_env env);
bool engine_start(Engine *engine);
void engine_end(Engine *engine);
void engine_release(Engine *engine);

/* socket.c: results below 0 are errno, negated. */
typedef struct {
  Address local;
  bool reuse_port;
  int receive_buffer;
  int send_buffer;
  bool segmentation;
  int shared; /* a descriptor of socket_bind to adopt instead, else -1 */
} SocketOptions;

/* A bound socket that no engine reads, SOCK_DGRAM or SOCK_STREAM: a descriptor. */
int socket_bind(int type, const SocketOptions *options);

int socket_open(Engine *engine, const SocketOptions *options);
/* Reads a connection whose owner has another descriptor of it, and does not read. */
int socket_read_stream(Engine *engine, int stream);
void socket_unwatch(Engine *engine, const Socket *socket);
void socket_close(Engine *engine, uint32_t index);
void sockets_close_all(Engine *engine);
void sockets_wake_resting(Engine *engine);
Socket *socket_at(Engine *engine, uint32_t index);
void socket_set_dont_fragment(Socket *socket, bool on);
socklen_t address_write(Address *address, uint8_t family, const int32_t *words, uint16_t port);
void address_read(const Address *address, int32_t *words);

/* receive.c */
Receiver *receiver_create(const Engine *engine);
void receiver_free(Receiver *receiver);
/* Reads from the sockets that have something, and hands over to `deliver` whenever the slots are full, and at the end.
 * Whether more is likely to be there. */
typedef bool (*Deliver)(Engine *engine, uint32_t datagrams, uint32_t icmp_errors);
bool receive_ready(Engine *engine, Deliver deliver);

/* send.c */
Sender *sender_create(const Engine *engine);
void sender_free(Sender *sender);
void send_queue(Engine *engine, uint32_t records);

/* sha1.c: functions that work on the words of `arrays[0]`, and on texts there or in the memory of `arrays[1]` (NULL: none);
 * NULL where the processor has no instructions for it. */
napi_value sha1_functions(napi_env env, const napi_value *arrays, uint32_t *words, size_t length, const uint8_t *memory,
                          size_t memory_length);

#endif
