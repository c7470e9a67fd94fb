/*
 * Load for an HTTP server on 127.0.0.1: one request, over and over, on keep-alive connections that carry one at a time.
 *
 *   cc -O2 -o http-load http-load.c
 *   http-load PORT CONNECTIONS RATE SECONDS CORE < REQUEST
 *
 * RATE 0: each connection asks again as soon as it was answered, which finds out how much the server takes. Else so many
 * a second, by a plan, whether the server answers or not; a wait for a free connection counts from the plan. An answer is
 * one with status 200 and a Content-Length. Keeps its core busy, so that no timer's grain is in the numbers. Prints one
 * JSON object; times in seconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 64 * 1024, MOST_SAMPLES = 1 << 24, MOST_CONNECTIONS = 1024 };
static const double WARM_UP = 1;

struct connection {
  int fd;
  bool busy;
  double due;
  size_t got;
  char in[ROOM];
};

static struct {
  char request[8192];
  size_t length;
  struct connection *connections;
  uint32_t count, waiting[MOST_CONNECTIONS], free;
  float *samples;
  size_t answered;
  uint64_t sent;
  bool measuring, endless;
  int epoll;
} load;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void ask(uint32_t index, double due) {
  struct connection *connection = &load.connections[index];
  connection->busy = true;
  connection->due = due;
  connection->got = 0;
  if (send(connection->fd, load.request, load.length, MSG_NOSIGNAL) != (ssize_t)load.length) err(3, "send");
}

/* Bytes of a whole answer, 0 where more has to come. */
static size_t answer_length(const struct connection *connection) {
  const char *head_end = memmem(connection->in, connection->got, "\r\n\r\n", 4);
  if (!head_end) return 0;
  if (strncmp(connection->in, "HTTP/1.1 200", 12) != 0) errx(4, "an answer: %.200s", connection->in);
  size_t head = (size_t)(head_end - connection->in) + 4;
  for (const char *line = connection->in; line < head_end; line = strchr(line, '\n') + 1)
    if (strncasecmp(line, "content-length:", 15) == 0) return head + strtoul(line + 15, NULL, 10);
  errx(4, "an answer without Content-Length");
}

static void answered(uint32_t index) {
  struct connection *connection = &load.connections[index];
  ssize_t got = recv(connection->fd, connection->in + connection->got, ROOM - 1 - connection->got, MSG_DONTWAIT);
  if (got == 0) errx(3, "the server closed a connection");
  if (got < 0 && errno != EAGAIN) err(3, "recv");
  if (got <= 0) return;
  connection->got += (size_t)got;
  connection->in[connection->got] = 0;
  size_t length = answer_length(connection);
  if (length == 0 || connection->got < length) return;
  if (connection->got > length) errx(4, "more than one answer");
  double time = now();
  if (load.measuring && load.answered < MOST_SAMPLES) load.samples[load.answered++] = (float)(time - connection->due);
  connection->busy = false;
  if (load.endless) ask(index, time);
  else load.waiting[load.free++] = index;
}

static void open_connections(uint16_t port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  load.connections = calloc(load.count, sizeof *load.connections);
  load.epoll = epoll_create1(0);
  for (uint32_t i = 0; i < load.count; i++) {
    int fd = load.connections[i].fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) err(2, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    if (epoll_ctl(load.epoll, EPOLL_CTL_ADD, fd, &event) != 0) err(2, "epoll");
    load.waiting[load.free++] = i;
  }
}

static void run(double rate, double seconds) {
  double began = now();
  load.endless = rate == 0;
  while (load.endless && load.free > 0) ask(load.waiting[--load.free], began);
  for (double time = began; time < began + seconds; time = now()) {
    while (!load.endless && load.free > 0) {
      double due = began + (double)load.sent / rate;
      if (due > time) break;
      ask(load.waiting[--load.free], due);
      load.sent++;
    }
    struct epoll_event events[64];
    int ready = epoll_wait(load.epoll, events, 64, 0);
    for (int i = 0; i < ready; i++) answered(events[i].data.u32);
  }
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static double quantile(double share) {
  if (load.answered == 0) return 0;
  size_t at = (size_t)(share * (double)load.answered);
  return load.samples[at < load.answered ? at : load.answered - 1];
}

int main(int argc, char **argv) {
  if (argc != 6) errx(2, "see the head of http-load.c");
  load.count = (uint32_t)atoi(argv[2]);
  if (load.count < 1 || load.count > MOST_CONNECTIONS) errx(2, "1 to %d connections", MOST_CONNECTIONS);
  double rate = atof(argv[3]), seconds = atof(argv[4]);
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(atoi(argv[5]), &cores);
  if (sched_setaffinity(0, sizeof cores, &cores) != 0) err(2, "core %s", argv[5]);
  load.length = fread(load.request, 1, sizeof load.request, stdin);
  load.samples = malloc(MOST_SAMPLES * sizeof *load.samples);
  open_connections((uint16_t)atoi(argv[1]));
  run(rate, WARM_UP);
  /* What the warm-up still awaits is answered before the plan begins anew. */
  while (!load.endless && load.free < load.count) {
    struct epoll_event events[64];
    int ready = epoll_wait(load.epoll, events, 64, 100);
    for (int i = 0; i < ready; i++) answered(events[i].data.u32);
  }
  load.measuring = true;
  load.sent = 0;
  double began = now();
  run(rate, seconds);
  double elapsed = now() - began;
  qsort(load.samples, load.answered, sizeof *load.samples, by_size);
  printf("{\"seconds\":%.3f,\"answered\":%zu,\"p50\":%.6f,\"p99\":%.6f,\"max\":%.6f}\n", elapsed, load.answered,
         quantile(0.5), quantile(0.99), quantile(1));
  return 0;
}
