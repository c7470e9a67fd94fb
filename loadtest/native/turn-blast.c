/* Channel data as fast as the relay takes it. A flow is one direction of one session, and has a window. */
#define _GNU_SOURCE
#include "turn-load.h"

#include <err.h>
#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BATCH 64
#define SLOT 2048
static const double WARM_UP = 0.5, STALLED = 0.2;

struct flow {
  uint64_t sent, expected;
  uint32_t under_way;
  double moved;
};

static struct load {
  const struct options *options;
  struct session *sessions;
  struct flow *up, *down;
  int peer, epoll;
  uint64_t sent, received, lost, corrupt, late;
  /* Of a fixed rate: messages that may be sent by now. */
  double allowed;
  /* Bytes before a payload on its way up: of ChannelData or of a Send indication. */
  size_t header;
} load;

static uint8_t slots[BATCH][SLOT];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];

enum { CHANNEL_HEADER = 4 };

/* Of a stream's frame. */
static size_t padded(size_t size) { return (size + 3) & ~(size_t)3; }

/* A flow is whole as long as its numbers come one by one; what is skipped is lost unless it comes late. */
static void received(const uint8_t *payload, size_t size, enum direction direction) {
  uint32_t index;
  uint64_t sequence;
  if (size != load.options->size || !read_stamp(payload, size, direction, &index, &sequence) ||
      index >= load.options->sessions) {
    load.corrupt++;
    return;
  }
  struct flow *flow = &(direction == UP ? load.up : load.down)[index];
  load.received++;
  flow->moved = now();
  if (sequence < flow->expected) {
    load.late++;
    if (load.lost) load.lost--;
    return;
  }
  uint64_t gone = sequence - flow->expected;
  load.lost += gone;
  flow->expected = sequence + 1;
  flow->under_way = (uint32_t)(flow->sent - flow->expected);
}

/* How many messages of a flow may follow now. */
static uint32_t room(struct flow *flow, double time) {
  if (flow->under_way >= load.options->window && time - flow->moved > STALLED) {
    load.lost += flow->under_way;
    flow->expected = flow->sent;
    flow->under_way = 0;
    flow->moved = time;
  }
  uint32_t free = flow->under_way < load.options->window ? load.options->window - flow->under_way : 0;
  if (load.options->rate > 0 && free > load.allowed) free = load.allowed > 0 ? (uint32_t)load.allowed : 0;
  return free < BATCH ? free : BATCH;
}

static void note_sent(struct flow *flow, uint32_t count, double time) {
  if (flow->under_way == 0) flow->moved = time;
  flow->sent += count;
  flow->under_way += count;
  load.sent += count;
  load.allowed -= count;
}

/* All datagrams of a flow are of one length, so the kernel can cut them from one buffer (UDP_SEGMENT): what reaches the
   server is the same, and the generator keeps up with a server that is faster than one send per packet. */
static int send_run(int fd, struct sockaddr_in *to, uint32_t count, size_t length) {
  static bool segments = true;
  uint32_t most = segments ? (uint32_t)(60000 / length) : 1;
  uint32_t runs = 0, done = 0;
  static union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(uint16_t))];
  } controls[BATCH];
  for (; done < count; runs++) {
    uint32_t run = count - done < most ? count - done : most;
    messages[runs].msg_hdr = (struct msghdr){
        .msg_iov = &vectors[done], .msg_iovlen = run, .msg_name = to, .msg_namelen = to ? sizeof *to : 0};
    if (run > 1) {
      struct cmsghdr *control = &controls[runs].header;
      *control = (struct cmsghdr){
          .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof(uint16_t))};
      memcpy(CMSG_DATA(control), &(uint16_t){(uint16_t)length}, sizeof(uint16_t));
      messages[runs].msg_hdr.msg_control = control;
      messages[runs].msg_hdr.msg_controllen = sizeof controls[runs].bytes;
    }
    done += run;
  }
  int sent = sendmmsg(fd, messages, runs, MSG_DONTWAIT);
  if (sent < 0 && (errno == EINVAL || errno == EIO)) segments = false;
  return sent <= 0 ? 0 : (uint32_t)sent == runs ? (int)count : sent * (int)most;
}

/* `to`: NULL for a connected socket. */
static void send_datagrams(int fd, struct flow *flow, uint32_t index, enum direction direction,
                           struct sockaddr_in *to) {
  double time = now();
  uint32_t count = room(flow, time);
  if (count == 0) return;
  size_t skip = direction == UP ? 0 : load.header, length = load.header + load.options->size - skip;
  for (uint32_t i = 0; i < count; i++) {
    write_stamp(slots[i] + load.header, index, direction, flow->sent + i);
    vectors[i] = (struct iovec){slots[i] + skip, length};
  }
  int sent = send_run(fd, to, count, length);
  if (sent > 0) note_sent(flow, (uint32_t)sent, time);
}

static void send_frames(struct session *session, struct flow *flow) {
  double time = now();
  size_t length = load.header + padded(load.options->size);
  uint32_t count = room(flow, time), done = 0;
  for (; done < count && session->out_end + length <= STREAM_ROOM; done++) {
    uint8_t *frame = session->out + session->out_end;
    memcpy(frame, slots[0], length);
    write_stamp(frame + load.header, session->index, UP, flow->sent + done);
    session->out_end += length;
  }
  if (done) note_sent(flow, done, time);
  if (!stream_flush(session)) errx(4, "session %u: the server has closed the connection", session->index);
}

static void receive_datagrams(int fd, enum direction direction) {
  static uint8_t in[BATCH][SLOT];
  struct iovec into[BATCH];
  struct mmsghdr got[BATCH];
  memset(got, 0, sizeof got);
  for (int i = 0; i < BATCH; i++) {
    into[i] = (struct iovec){in[i], SLOT};
    got[i].msg_hdr.msg_iov = &into[i];
    got[i].msg_hdr.msg_iovlen = 1;
  }
  for (;;) {
    int count = recvmmsg(fd, got, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
      size_t length = got[i].msg_len;
      if (direction == UP) received(in[i], length, UP);
      else if (length > CHANNEL_HEADER) received(in[i] + CHANNEL_HEADER, length - CHANNEL_HEADER, DOWN);
      else load.corrupt++;
    }
    if (count < BATCH) return;
  }
}

static void receive_frames(struct session *session) {
  for (;;) {
    ptrdiff_t got = stream_read(session, session->in + session->in_end, STREAM_ROOM - session->in_end);
    if (got < 0) errx(4, "session %u: the server has closed the connection", session->index);
    if (got == 0) return;
    session->in_end += (size_t)got;
    size_t at = 0;
    while (session->in_end - at >= CHANNEL_HEADER) {
      const uint8_t *frame = session->in + at;
      size_t size = (size_t)(frame[2] << 8 | frame[3]), length = CHANNEL_HEADER + padded(size);
      if (session->in_end - at < length) break;
      if (frame[0] == CHANNEL >> 8) received(frame + CHANNEL_HEADER, size, DOWN);
      else load.corrupt++;
      at += length;
    }
    memmove(session->in, session->in + at, session->in_end - at);
    session->in_end -= at;
  }
}

static void turn_around(void) {
  const struct options *options = load.options;
  bool stream = options->target.transport != UDP;
  struct epoll_event events[BATCH];
  for (uint32_t i = 0; i < options->sessions; i++) {
    struct session *session = &load.sessions[i];
    if (options->direction & UP) {
      if (stream) send_frames(session, &load.up[i]);
      else send_datagrams(session->fd, &load.up[i], i, UP, NULL);
    }
    if (options->direction & DOWN) send_datagrams(load.peer, &load.down[i], i, DOWN, &session->relayed);
  }
  int ready = epoll_wait(load.epoll, events, BATCH, 1);
  for (int i = 0; i < ready; i++) {
    struct session *session = events[i].data.ptr;
    if (!session) receive_datagrams(load.peer, UP);
    else if (stream) receive_frames(session);
    else receive_datagrams(session->fd, DOWN);
  }
}

static void watch(int fd, struct session *session) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};
  if (epoll_ctl(load.epoll, EPOLL_CTL_ADD, fd, &event) != 0) err(2, "epoll");
}

int blast(const struct options *options) {
  struct sockaddr_in peer;
  load.options = options;
  load.peer = open_peer(&peer);
  load.epoll = epoll_create1(0);
  load.sessions = set_up_sessions(options, &peer);
  load.up = calloc(options->sessions, sizeof *load.up);
  load.down = calloc(options->sessions, sizeof *load.down);
  watch(load.peer, NULL);
  for (uint32_t i = 0; i < options->sessions; i++) watch(load.sessions[i].fd, &load.sessions[i]);
  for (int i = 0; i < BATCH; i++) {
    load.header = options->indications ? write_send_header(slots[i], &peer, options->size)
                                       : write_channel_header(slots[i], options->size);
    write_pattern(slots[i] + load.header, options->size);
  }

  double began = now(), last = began, cpu = 0;
  bool warm = false;
  for (double time = began; !warm || time < began + options->seconds; time = now()) {
    if (!warm && time > began + WARM_UP) {
      warm = true;
      load.sent = load.received = load.lost = load.late = 0;
      begin_cpu(options->pid);
      cpu = own_cpu();
      began = now();
    }
    /* No more than what a stall of 10 ms leaves to catch up with. */
    load.allowed += options->rate * (time - last);
    if (load.allowed > options->rate / 100) load.allowed = options->rate / 100;
    last = time;
    turn_around();
  }
  double seconds = now() - began;
  printf("{\"mode\":\"blast\",\"seconds\":%.3f,\"sent\":%lu,\"relayed\":%lu,\"lost\":%lu,\"late\":%lu,\"corrupt\":%lu,"
         "\"generatorCpu\":%.4f,\"threads\":",
         seconds, load.sent, load.received, load.lost, load.late, load.corrupt, own_cpu() - cpu);
  print_cpu(options->pid);
  printf("}\n");
  return load.corrupt ? 5 : 0;
}
