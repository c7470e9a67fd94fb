/*
 * Keeps a number of datagrams in flight to a UDP echo server, over several flows, and counts what comes back.
 *
 *     udp-blast ADDRESS PORT FLOWS BYTES WINDOW MILLISECONDS
 *
 * Prints: datagrams echoed, datagrams given up as lost, nanoseconds that it took. In C, because JavaScript would be
 * the bottleneck of what it measures. What is in flight bounds it: nothing is sent but for what came back or was lost.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define BATCH 64
#define MAX_FLOWS 4096
/* Nothing for so long: what is in flight is lost. */
#define LOST_AFTER_NS 20000000

typedef struct {
  int fd;
  uint32_t in_flight;
  uint64_t heard;
} Flow;

static Flow flows[MAX_FLOWS];
static char payload[65536];

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int connect_to(const char *address, uint16_t port) {
  bool v6 = strchr(address, ':') != NULL;
  struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  if (inet_pton(v6 ? AF_INET6 : AF_INET, address, v6 ? (void *)&to6.sin6_addr : (void *)&to4.sin_addr) != 1) {
    fail("address");
  }
  int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  int buffer = 4 << 20;
  if (fd < 0) fail("socket");
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0) {
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  }
  const void *to = v6 ? (const void *)&to6 : (const void *)&to4;
  if (connect(fd, to, v6 ? sizeof to6 : sizeof to4) != 0) fail("connect");
  return fd;
}

/* `count` datagrams of `bytes` as one message that the kernel cuts; no more than fit into one IP packet. */
static void send_run(Flow *flow, uint32_t count, uint32_t bytes) {
  union {
    struct cmsghdr align;
    char room[CMSG_SPACE(sizeof(uint16_t))];
  } control = {0};
  struct iovec vector = {payload, (size_t)count * bytes};
  struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
  uint16_t size = (uint16_t)bytes;
  if (count > 1) {
    header.msg_control = &control;
    header.msg_controllen = sizeof control;
    struct cmsghdr *part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = IPPROTO_UDP;
    part->cmsg_type = UDP_SEGMENT;
    part->cmsg_len = CMSG_LEN(sizeof size);
    memcpy(CMSG_DATA(part), &size, sizeof size);
  }
  if (sendmsg(flow->fd, &header, MSG_DONTWAIT) >= 0) flow->in_flight += count;
}

static void fill(Flow *flow, uint32_t window, uint32_t bytes) {
  uint32_t most = bytes > 32000 ? 1 : 64000 / bytes;
  if (most > BATCH) most = BATCH;
  while (flow->in_flight < window) {
    uint32_t before = flow->in_flight;
    uint32_t missing = window - before;
    send_run(flow, missing < most ? missing : most, bytes);
    if (flow->in_flight == before) return;
  }
}

static uint32_t drain(Flow *flow) {
  static char sink[BATCH][65536];
  static struct iovec vectors[BATCH];
  static struct mmsghdr messages[BATCH];
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){sink[i], sizeof sink[i]};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
  }
  int read = recvmmsg(flow->fd, messages, BATCH, MSG_DONTWAIT, NULL);
  return read > 0 ? (uint32_t)read : 0;
}

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  uint32_t count = (uint32_t)atoi(argv[3]), bytes = (uint32_t)atoi(argv[4]), window = (uint32_t)atoi(argv[5]);
  uint64_t duration = (uint64_t)atoi(argv[6]) * 1000000u;
  if (count < 1 || count > MAX_FLOWS || bytes < 1 || bytes > 65000 || window < 1) return 2;
  int epoll = epoll_create1(0);
  if (epoll < 0) fail("epoll");
  uint64_t start = now();
  for (uint32_t i = 0; i < count; i++) {
    flows[i] = (Flow){.fd = connect_to(argv[1], (uint16_t)atoi(argv[2])), .heard = start};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, flows[i].fd, &event) != 0) fail("epoll_ctl");
    fill(&flows[i], window, bytes);
  }
  uint64_t echoed = 0, lost = 0, time = start, checked = start;
  while ((time = now()) - start < duration) {
    struct epoll_event events[256];
    int ready = epoll_wait(epoll, events, 256, 5);
    for (int i = 0; i < ready; i++) {
      Flow *flow = &flows[events[i].data.u32];
      uint32_t read = drain(flow);
      echoed += read;
      flow->in_flight -= read < flow->in_flight ? read : flow->in_flight;
      flow->heard = time;
      fill(flow, window, bytes);
    }
    if (time - checked < LOST_AFTER_NS) continue;
    checked = time;
    for (uint32_t i = 0; i < count; i++) {
      if (time - flows[i].heard < LOST_AFTER_NS) continue;
      lost += flows[i].in_flight;
      flows[i].in_flight = 0;
      flows[i].heard = time;
      fill(&flows[i], window, bytes);
    }
  }
  printf("%llu %llu %llu\n", (unsigned long long)echoed, (unsigned long long)lost,
         (unsigned long long)(time - start));
  return 0;
}
