/* From ready sockets into the slots of the slab, a batch at a time; and ICMP errors from the sockets' error queues. */
#include "engine.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <stdlib.h>
#include <string.h>

/* With many ready sockets, how much one of them may bring at least before the next has its turn. */
#define FAIR_SHARE 16u
/* Rather hand over than read into fewer free slots than this. */
#define WORTH_A_CALL 8u
/* So many ready sockets make a batch worth its crossing, be it of one datagram from each. */
#define MANY_READY 8

struct Receiver {
  uint32_t used;    /* slots */
  uint32_t records; /* in rx: at most as many */
  uint32_t of_streams; /* of them */
  uint32_t icmp_errors;
  struct mmsghdr messages[MAX_SLOTS];
  struct iovec vectors[MAX_SLOTS];
  Address senders[MAX_SLOTS];
};

Receiver *receiver_create(const Engine *engine) {
  Receiver *receiver = calloc(1, sizeof *receiver);
  if (receiver == NULL) return NULL;
  for (uint32_t i = 0; i < engine->slots; i++) {
    receiver->vectors[i] = (struct iovec){engine->slab + (size_t)i * engine->slot_stride, engine->slot_length};
    struct msghdr *header = &receiver->messages[i].msg_hdr;
    header->msg_iov = &receiver->vectors[i];
    header->msg_iovlen = 1;
    header->msg_name = &receiver->senders[i];
    header->msg_namelen = sizeof receiver->senders[i];
  }
  return receiver;
}

void receiver_free(Receiver *receiver) { free(receiver); }

/* Reads what fits into a slot; whether more is likely. Its end has length 0, and an error -1: both are told once. */
static bool read_stream(Engine *engine, uint32_t index) {
  Receiver *receiver = engine->receiver;
  const Socket *socket = &engine->sockets[index];
  uint32_t slot = receiver->used;
  ssize_t got = recv(socket->fd, engine->slab + (size_t)slot * engine->slot_stride, engine->slot_length, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (got <= 0) socket_unwatch(engine, socket);
  int32_t *record = engine->rx + (size_t)receiver->records++ * RX_STRIDE;
  memset(record, 0, RX_STRIDE * sizeof *record);
  record[0] = (int32_t)index;
  record[1] = (int32_t)(slot * engine->slot_stride);
  record[2] = got < 0 ? -1 : (int32_t)got;
  receiver->of_streams++;
  receiver->used = slot + 1;
  return got == (ssize_t)engine->slot_length;
}

static void add_record(Engine *engine, uint32_t index, uint32_t slot, uint32_t length) {
  Receiver *receiver = engine->receiver;
  int32_t *record = engine->rx + (size_t)receiver->records++ * RX_STRIDE;
  record[0] = (int32_t)index;
  record[1] = (int32_t)(slot * engine->slot_stride);
  record[2] = (int32_t)length;
  address_read(&receiver->senders[slot], record + 3);
}

/* Reads one datagram. A second one that is there keeps the socket ready. */
static void read_single(Engine *engine, uint32_t index) {
  Receiver *receiver = engine->receiver;
  uint32_t slot = receiver->used;
  socklen_t length = sizeof receiver->senders[slot];
  ssize_t got = recvfrom(engine->sockets[index].fd, engine->slab + (size_t)slot * engine->slot_stride,
                         engine->slot_length, MSG_DONTWAIT | MSG_TRUNC, &receiver->senders[slot].any, &length);
  if (got < 0) return;
  receiver->used = slot + 1;
  if ((size_t)got > engine->slot_length) count(engine, TRUNCATED, 1);
  else add_record(engine, index, slot, (uint32_t)got);
}

/* Reads at most `limit` datagrams; whether there were as many. */
static bool read_socket(Engine *engine, uint32_t index, uint32_t limit, bool many_ready) {
  Receiver *receiver = engine->receiver;
  Socket *socket = &engine->sockets[index];
  uint32_t first = receiver->used;
  count(engine, RECEIVE_CALLS, 1);
  if (socket->stream) return read_stream(engine, index);
  bool again = socket->round + 1 == engine->round;
  socket->round = engine->round;
  if (socket->sparse && !again && many_ready) {
    read_single(engine, index);
    return false;
  }
  int read = recvmmsg(socket->fd, receiver->messages + first, limit, MSG_DONTWAIT, NULL);
  socket->sparse = read <= 1;
  /* Nothing there after all, or an error that an ICMP left behind, which this call has taken away. */
  if (read <= 0) return false;
  uint32_t end = first + (uint32_t)read;
  for (uint32_t i = first; i < end; i++) {
    struct mmsghdr *message = &receiver->messages[i];
    message->msg_hdr.msg_namelen = sizeof receiver->senders[i];
    if (message->msg_hdr.msg_flags & MSG_TRUNC) count(engine, TRUNCATED, 1);
    else add_record(engine, index, i, message->msg_len);
  }
  receiver->used = end;
  return (uint32_t)read == limit;
}

/* What an ICMP error says, if that is what `header` carries. */
static const struct sock_extended_err *icmp_of(struct msghdr *header) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL; part = CMSG_NXTHDR(header, part)) {
    bool v4 = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR;
    bool v6 = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR;
    if (!v4 && !v6) continue;
    const struct sock_extended_err *error = (const void *)CMSG_DATA(part);
    /* The kernel's own refusals stand in the same queue. */
    if (error->ee_origin == SO_EE_ORIGIN_ICMP || error->ee_origin == SO_EE_ORIGIN_ICMP6) return error;
  }
  return NULL;
}

/* Empties some of the socket's error queue: while anything is in it, the socket counts as ready. */
static void read_errors(Engine *engine, uint32_t index) {
  Receiver *receiver = engine->receiver;
  for (uint32_t i = 0; i < ICMP_PER_SOCKET && receiver->icmp_errors < MAX_ICMP; i++) {
    Address destination = {.any.sa_family = AF_UNSPEC};
    union {
      struct cmsghdr align;
      char bytes[256];
    } control;
    struct msghdr header = {.msg_name = &destination, .msg_namelen = sizeof destination};
    header.msg_control = &control;
    header.msg_controllen = sizeof control;
    if (recvmsg(engine->sockets[index].fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
    const struct sock_extended_err *error = icmp_of(&header);
    if (error == NULL || (destination.any.sa_family != AF_INET && destination.any.sa_family != AF_INET6)) continue;
    int32_t *record = engine->icmp + (size_t)receiver->icmp_errors++ * ICMP_STRIDE;
    record[0] = (int32_t)index;
    address_read(&destination, record + 1);
    record[6] = error->ee_type;
    record[7] = error->ee_code;
    record[8] = (int32_t)error->ee_info;
  }
}

static bool hand_over(Engine *engine, Deliver deliver) {
  Receiver *receiver = engine->receiver;
  uint32_t datagrams = receiver->records;
  uint32_t icmp_errors = receiver->icmp_errors;
  uint32_t received = datagrams - receiver->of_streams;
  receiver->of_streams = 0;
  receiver->used = 0;
  receiver->records = 0;
  receiver->icmp_errors = 0;
  if (datagrams == 0 && icmp_errors == 0) return true;
  if (datagrams > 0) count(engine, BATCHES, 1);
  count(engine, RECEIVED, received);
  count(engine, ICMP_ERRORS, icmp_errors);
  return deliver(engine, datagrams, icmp_errors);
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

bool receive_ready(Engine *engine, Deliver deliver) {
  int ready = epoll_wait(engine->epoll, engine->events, MAX_EVENTS, 0);
  if (ready <= 0) return false;
  engine->round++;
  Receiver *receiver = engine->receiver;
  uint32_t slots = engine->slots;
  uint32_t share = slots / (uint32_t)ready;
  share = least(share < FAIR_SHARE ? FAIR_SHARE : share, slots);
  /* The kernel puts a socket that is still ready at the end of its list, so the rest has its turn first. */
  bool more = ready == MAX_EVENTS;
  for (int i = 0; i < ready; i++) {
    struct epoll_event event = engine->events[i];
    if (slots - receiver->used < least(share, WORTH_A_CALL) || receiver->icmp_errors == MAX_ICMP) {
      if (!hand_over(engine, deliver)) return false;
    }
    /* JavaScript may have closed it, and may have opened another in its place. */
    uint32_t index = (uint32_t)event.data.u64;
    Socket *socket = socket_at(engine, index);
    if (socket == NULL || socket->generation != (uint32_t)(event.data.u64 >> 32)) continue;
    if ((event.events & EPOLLERR) && !socket->stream) read_errors(engine, index);
    /* Reading also takes away an error whose ICMP found no room in the queue, which would keep the socket ready. */
    more |= read_socket(engine, index, least(share, slots - receiver->used), ready >= MANY_READY);
  }
  return hand_over(engine, deliver) && more;
}
