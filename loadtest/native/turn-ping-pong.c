/* One message in flight for each session: client, relay, echo, relay, client. A round trip relays two messages. */
#define _GNU_SOURCE
#include "turn-load.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BATCH 64
#define HEADER 4
#define SLOT 2048
static const double WARM_UP = 0.5, PATIENCE = 0.5;
enum { MOST_SAMPLES = 1 << 22 };

struct turn {
  uint64_t sequence;
  double sent;
};

static struct state {
  const struct options *options;
  struct session *sessions;
  struct turn *turns;
  double *samples;
  size_t sampled;
  uint64_t trips, lost, corrupt;
  uint8_t frame[SLOT];
} state;

static void serve(struct session *session) {
  struct turn *turn = &state.turns[session->index];
  turn->sequence++;
  turn->sent = now();
  write_stamp(state.frame + HEADER, session->index, UP, turn->sequence);
  size_t length = HEADER + state.options->size;
  if (state.options->target.transport == UDP) {
    send(session->fd, state.frame, length, 0);
    return;
  }
  length = (length + 3) & ~(size_t)3;
  memcpy(session->out + session->out_end, state.frame, length);
  session->out_end += length;
  if (!stream_flush(session)) errx(4, "session %u: the server has closed the connection", session->index);
}

static void returned(struct session *session, const uint8_t *frame, size_t length) {
  struct turn *turn = &state.turns[session->index];
  uint32_t index;
  uint64_t sequence;
  bool whole = length >= HEADER + state.options->size && frame[0] == CHANNEL >> 8 &&
               (size_t)(frame[2] << 8 | frame[3]) == state.options->size &&
               read_stamp(frame + HEADER, state.options->size, UP, &index, &sequence) && index == session->index;
  if (!whole) {
    state.corrupt++;
    return;
  }
  state.trips++;
  /* Given up too early: another one is in flight already. */
  if (sequence != turn->sequence) {
    if (state.lost) state.lost--;
    return;
  }
  if (state.sampled < MOST_SAMPLES) state.samples[state.sampled++] = now() - turn->sent;
  serve(session);
}

static void echo(int peer) {
  static uint8_t in[BATCH][SLOT];
  static struct sockaddr_in from[BATCH];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
  for (;;) {
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < BATCH; i++) {
      vectors[i] = (struct iovec){in[i], SLOT};
      messages[i].msg_hdr = (struct msghdr){
          .msg_iov = &vectors[i], .msg_iovlen = 1, .msg_name = &from[i], .msg_namelen = sizeof from[i]};
    }
    int count = recvmmsg(peer, messages, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) vectors[i].iov_len = messages[i].msg_len;
    if (count > 0) sendmmsg(peer, messages, (unsigned)count, MSG_DONTWAIT);
    if (count < BATCH) return;
  }
}

static void receive(struct session *session) {
  if (state.options->target.transport == UDP) {
    uint8_t frame[SLOT];
    ptrdiff_t got = recv(session->fd, frame, sizeof frame, MSG_DONTWAIT);
    if (got > 0) returned(session, frame, (size_t)got);
    return;
  }
  ptrdiff_t got = stream_read(session, session->in + session->in_end, STREAM_ROOM - session->in_end);
  if (got < 0) errx(4, "session %u: the server has closed the connection", session->index);
  session->in_end += (size_t)got;
  size_t length = (HEADER + state.options->size + 3) & ~(size_t)3;
  if (session->in_end < length) return;
  session->in_end = 0;
  returned(session, session->in, length);
}

static void give_up_stalled(void) {
  double time = now();
  for (uint32_t i = 0; i < state.options->sessions; i++) {
    if (time - state.turns[i].sent < PATIENCE || state.options->target.transport != UDP) continue;
    state.lost++;
    serve(&state.sessions[i]);
  }
}

int ping_pong(const struct options *options) {
  struct sockaddr_in address;
  int peer = open_peer(&address), epoll = epoll_create1(0);
  state.options = options;
  state.sessions = set_up_sessions(options, &address);
  state.turns = calloc(options->sessions, sizeof *state.turns);
  state.samples = malloc(MOST_SAMPLES * sizeof *state.samples);
  write_channel_header(state.frame, options->size);
  write_pattern(state.frame + HEADER, options->size);
  epoll_ctl(epoll, EPOLL_CTL_ADD, peer, &(struct epoll_event){.events = EPOLLIN});
  for (uint32_t i = 0; i < options->sessions; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &state.sessions[i]};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, state.sessions[i].fd, &event) != 0) err(2, "epoll");
    serve(&state.sessions[i]);
  }

  double began = now(), looked = began, cpu = 0;
  bool warm = false;
  for (double time = began; !warm || time < began + options->seconds; time = now()) {
    if (!warm && time > began + WARM_UP) {
      warm = true;
      state.trips = state.lost = state.sampled = 0;
      begin_cpu(options->pid);
      cpu = own_cpu();
      began = now();
    }
    if (time - looked > PATIENCE) {
      give_up_stalled();
      looked = time;
    }
    struct epoll_event events[256];
    int ready = epoll_wait(epoll, events, 256, 10);
    for (int i = 0; i < ready; i++) {
      if (events[i].data.ptr) receive(events[i].data.ptr);
      else echo(peer);
    }
  }
  double seconds = now() - began;
  cpu = own_cpu() - cpu;
  printf("{\"mode\":\"ping-pong\",\"seconds\":%.3f,\"sent\":%lu,\"relayed\":%lu,\"lost\":%lu,\"corrupt\":%lu,"
         "\"generatorCpu\":%.4f,\"threads\":",
         seconds, state.trips * 2 + state.lost, state.trips * 2, state.lost, state.corrupt, cpu);
  print_cpu(options->pid);
  qsort(state.samples, state.sampled, sizeof *state.samples, by_size);
  printf(",\"p50\":%.6f,\"p99\":%.6f,\"max\":%.6f}\n", quantile(state.samples, state.sampled, 0.5),
         quantile(state.samples, state.sampled, 0.99), quantile(state.samples, state.sampled, 1));
  return state.corrupt ? 5 : 0;
}
