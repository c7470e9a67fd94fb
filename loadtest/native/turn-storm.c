/* Sessions over UDP that come and go: challenge, Allocate, CreatePermission, ChannelBind, and a Refresh to end it. */
#define _GNU_SOURCE
#include "turn-load.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static const enum method STEPS[] = {ALLOCATE, ALLOCATE, CREATE_PERMISSION, CHANNEL_BIND, REFRESH};
enum { BOUND = 4, GONE = 5, MOST_SAMPLES = 1 << 20 };
static const double PATIENCE = 0.5, GIVE_UP = 3;

struct visit {
  struct session session;
  int step;
  /* `due`: when it was to begin; what it then waits for counts as latency. */
  double due, asked;
  bool active;
};

static struct state {
  const struct options *options;
  struct visit *visits;
  double *samples;
  size_t sampled;
  uint64_t begun, bound, refused, silent, retransmitted;
  int epoll, last_code;
  uint32_t next;
  struct sockaddr_in peer;
} state;

static void ask(struct visit *visit) {
  struct message request;
  write_request(&visit->session, &request, STEPS[visit->step], &state.peer, 0);
  visit->asked = now();
  send(visit->session.fd, request.bytes, request.length, 0);
}

static void begin(struct visit *visit, double due) {
  char identity[32];
  snprintf(identity, sizeof identity, "storm-%u", state.next % 100000);
  if (!open_session(&visit->session, &state.options->target, state.next++, identity)) err(2, "a session");
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = visit};
  if (epoll_ctl(state.epoll, EPOLL_CTL_ADD, visit->session.fd, &event) != 0) err(2, "epoll");
  visit->step = 0;
  visit->due = due;
  visit->active = true;
  state.begun++;
  ask(visit);
}

static void end(struct visit *visit) {
  close_session(&visit->session);
  visit->active = false;
}

static void answered(struct visit *visit) {
  uint8_t bytes[MESSAGE_ROOM];
  ptrdiff_t got = recv(visit->session.fd, bytes, sizeof bytes, MSG_DONTWAIT);
  int code = got > 0 ? read_answer(&visit->session, STEPS[visit->step], bytes, (size_t)got) : -1;
  if (code < 0) return;
  if (code != 0 && !(visit->step == 0 && code == 401)) {
    state.refused++;
    state.last_code = code;
    end(visit);
    return;
  }
  visit->step++;
  if (visit->step == BOUND) {
    state.bound++;
    if (state.sampled < MOST_SAMPLES) state.samples[state.sampled++] = now() - visit->due;
  }
  if (visit->step == GONE) end(visit);
  else ask(visit);
}

/* Starts what is due, and looks after what waits too long. */
static void tend(double time, double began) {
  const struct options *options = state.options;
  for (uint32_t i = 0; i < options->window; i++) {
    struct visit *visit = &state.visits[i];
    if (visit->active && time - visit->due > GIVE_UP) {
      state.silent++;
      end(visit);
    } else if (visit->active && time - visit->asked > PATIENCE) {
      state.retransmitted++;
      ask(visit);
    }
    if (visit->active) continue;
    double due = options->rate > 0 ? began + (double)state.begun / options->rate : time;
    if (due <= time) begin(visit, due);
  }
}

int storm(const struct options *options) {
  if (options->target.transport != UDP) errx(2, "storms are over UDP");
  int fd = open_peer(&state.peer);
  state.options = options;
  state.epoll = epoll_create1(0);
  state.visits = calloc(options->window, sizeof *state.visits);
  state.samples = malloc(MOST_SAMPLES * sizeof *state.samples);
  state.next = (uint32_t)random() % 30000;
  begin_cpu(options->pid);
  double began = now(), cpu = own_cpu();
  for (double time = began; time < began + options->seconds; time = now()) {
    tend(time, began);
    struct epoll_event events[256];
    int ready = epoll_wait(state.epoll, events, 256, 1);
    for (int i = 0; i < ready; i++) answered(events[i].data.ptr);
  }
  double seconds = now() - began;
  cpu = own_cpu() - cpu;
  printf("{\"mode\":\"storm\",\"seconds\":%.3f,\"begun\":%lu,\"bound\":%lu,\"refused\":%lu,\"lastCode\":%d,"
         "\"silent\":%lu,\"retransmitted\":%lu,\"generatorCpu\":%.4f,\"threads\":",
         seconds, state.begun, state.bound, state.refused, state.last_code, state.silent, state.retransmitted, cpu);
  print_cpu(options->pid);
  qsort(state.samples, state.sampled, sizeof *state.samples, by_size);
  printf(",\"p50\":%.6f,\"p99\":%.6f,\"max\":%.6f}\n", quantile(state.samples, state.sampled, 0.5),
         quantile(state.samples, state.sampled, 0.99), quantile(state.samples, state.sampled, 1));
  (void)fd;
  return 0;
}
