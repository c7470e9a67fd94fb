/*
 * Load for a TURN server: clients and their peer in one process.
 *
 *   cc -O2 -o turn-load turn-*.c -lssl -lcrypto
 *   turn-load --mode blast|ping-pong|storm|idle --port PORT --secret SECRET [options below]
 *
 * blast: channel data in one or both directions, as much as a window lets through, or at a fixed rate.
 * ping-pong: one message in flight for each session, through the relay to an echo and back.
 * storm: sessions that allocate, permit, bind and go, over and over.
 * idle: sessions that do so and then nothing, until stdin ends.
 *
 * Every payload carries its session and number, and is compared byte by byte. Prints one JSON object.
 */
#define _GNU_SOURCE
#include "turn-load.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void enlarge_buffers(int fd) {
  int bytes = 8 << 20;
  /* FORCE needs root and goes beyond the system's limit. */
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

int open_peer(struct sockaddr_in *address) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof *address;
  if (fd < 0 || bind(fd, (struct sockaddr *)address, length) != 0) err(2, "the peer's socket");
  getsockname(fd, (struct sockaddr *)address, &length);
  enlarge_buffers(fd);
  return fd;
}

struct session *set_up_sessions(const struct options *options, const struct sockaddr_in *peer) {
  struct session *sessions = calloc(options->sessions, sizeof *sessions);
  for (uint32_t i = 0; i < options->sessions; i++) {
    char identity[32];
    snprintf(identity, sizeof identity, "load-%u", i);
    if (!open_session(&sessions[i], &options->target, i, identity)) err(2, "session %u", i);
    int code = set_up_session(&sessions[i], &options->target, peer);
    if (code != 0) errx(3, "session %u: %s %d", i, code < 0 ? "no answer" : "refused with", code);
    if (options->target.transport == UDP) enlarge_buffers(sessions[i].fd);
  }
  return sessions;
}

void write_stamp(uint8_t *payload, uint32_t session, uint32_t direction, uint64_t sequence) {
  memcpy(payload, &session, 4);
  memcpy(payload + 4, &direction, 4);
  memcpy(payload + 8, &sequence, 8);
}

static uint8_t pattern[65536];

void write_pattern(uint8_t *payload, size_t size) {
  if (pattern[1] == 0)
    for (size_t i = 0; i < sizeof pattern; i++) pattern[i] = (uint8_t)(i * 7 + i / 256);
  memcpy(payload + STAMP, pattern + STAMP, size - STAMP);
}

bool read_stamp(const uint8_t *payload, size_t size, uint32_t direction, uint32_t *session, uint64_t *sequence) {
  uint32_t stamped;
  memcpy(session, payload, 4);
  memcpy(&stamped, payload + 4, 4);
  memcpy(sequence, payload + 8, 8);
  return stamped == direction && memcmp(payload + STAMP, pattern + STAMP, size - STAMP) == 0;
}

#define MAX_THREADS 64
static struct thread_time {
  long tid;
  double seconds;
} before[MAX_THREADS];

/* Nanoseconds on a CPU; in some kernels only what proc(5) stat counts in ticks of 10 ms. */
static double thread_seconds(long pid, long tid) {
  char path[96], line[1024] = "";
  double nanoseconds = -1;
  snprintf(path, sizeof path, "/proc/%ld/task/%ld/schedstat", pid, tid);
  FILE *file = fopen(path, "r");
  if (file) {
    if (fscanf(file, "%lf", &nanoseconds) != 1) nanoseconds = -1;
    fclose(file);
    if (nanoseconds > 0) return nanoseconds / 1e9;
  }
  snprintf(path, sizeof path, "/proc/%ld/task/%ld/stat", pid, tid);
  file = fopen(path, "r");
  if (!file) return 0;
  unsigned long user = 0, system = 0;
  const char *rest = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
  if (rest) sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  fclose(file);
  return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static size_t read_threads(long pid, struct thread_time *into) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/task", pid);
  DIR *folder = opendir(path);
  size_t count = 0;
  struct dirent *entry;
  while (folder && count < MAX_THREADS && (entry = readdir(folder))) {
    long tid = atol(entry->d_name);
    if (tid > 0) into[count++] = (struct thread_time){tid, thread_seconds(pid, tid)};
  }
  if (folder) closedir(folder);
  return count;
}

void begin_cpu(long pid) {
  memset(before, 0, sizeof before);
  if (pid) read_threads(pid, before);
}

void print_cpu(long pid) {
  struct thread_time after[MAX_THREADS];
  size_t count = pid ? read_threads(pid, after) : 0;
  printf("[");
  for (size_t i = 0; i < count; i++) {
    double used = after[i].seconds;
    for (size_t j = 0; j < MAX_THREADS; j++)
      if (before[j].tid == after[i].tid) used -= before[j].seconds;
    printf("%s{\"tid\":%ld,\"cpu\":%.6f}", i ? "," : "", after[i].tid, used);
  }
  printf("]");
}

double own_cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

double quantile(const double *sorted, size_t count, double share) {
  if (count == 0) return 0;
  size_t at = (size_t)(share * (double)count);
  return sorted[at < count ? at : count - 1];
}

int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int idle(const struct options *options) {
  struct sockaddr_in peer;
  open_peer(&peer);
  double began = now();
  /* An allocation outlives its client's socket, and 10,000 sockets are more than most systems give a process. */
  for (uint32_t i = 0; i < options->sessions; i++) {
    struct session session = {0};
    char identity[32];
    snprintf(identity, sizeof identity, "idle-%u", i);
    if (!open_session(&session, &options->target, i, identity)) err(2, "session %u", i);
    int code = set_up_session(&session, &options->target, &peer);
    if (code != 0) errx(3, "session %u: %s %d", i, code < 0 ? "no answer" : "refused with", code);
    if (options->target.transport == UDP) close_session(&session);
  }
  printf("{\"mode\":\"idle\",\"sessions\":%u,\"seconds\":%.3f}\n", options->sessions, now() - began);
  fflush(stdout);
  while (getchar() != EOF) continue;
  return 0;
}

static void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) err(2, "core %d", core);
}

static enum transport transport_of(const char *name) {
  if (strcmp(name, "udp") == 0) return UDP;
  if (strcmp(name, "tcp") == 0) return TCP;
  if (strcmp(name, "tls") == 0) return TLS;
  errx(2, "--transport is udp, tcp or tls");
}

static enum direction direction_of(const char *name) {
  if (strcmp(name, "up") == 0) return UP;
  if (strcmp(name, "down") == 0) return DOWN;
  if (strcmp(name, "both") == 0) return BOTH;
  errx(2, "--direction is up, down or both");
}

static void read_options(int argc, char **argv, struct options *options) {
  static const struct option NAMES[] = {
      {"mode", 1, NULL, 'm'},   {"port", 1, NULL, 'p'},      {"transport", 1, NULL, 't'}, {"secret", 1, NULL, 's'},
      {"size", 1, NULL, 'l'},   {"sessions", 1, NULL, 'n'},  {"seconds", 1, NULL, 'd'},   {"window", 1, NULL, 'w'},
      {"rate", 1, NULL, 'r'},   {"direction", 1, NULL, 'D'}, {"core", 1, NULL, 'c'},      {"pid", 1, NULL, 'P'},
      {"server", 1, NULL, 'S'}, {"indications", 0, NULL, 'i'}, {0},
  };
  for (int name; (name = getopt_long(argc, argv, "", NAMES, NULL)) != -1;) {
    if (name == 'm') options->mode = optarg;
    else if (name == 'p') options->target.server.sin_port = htons((uint16_t)atoi(optarg));
    else if (name == 't') options->target.transport = transport_of(optarg);
    else if (name == 's') options->target.secret = optarg;
    else if (name == 'l') options->size = (size_t)atol(optarg);
    else if (name == 'n') options->sessions = (uint32_t)atol(optarg);
    else if (name == 'd') options->seconds = atof(optarg);
    else if (name == 'w') options->window = (uint32_t)atol(optarg);
    else if (name == 'r') options->rate = atof(optarg);
    else if (name == 'D') options->direction = direction_of(optarg);
    else if (name == 'c') pin(atoi(optarg));
    else if (name == 'i') options->indications = true;
    else if (name == 'P') options->pid = atol(optarg);
    else if (name == 'S' && inet_pton(AF_INET, optarg, &options->target.server.sin_addr) == 1) continue;
    else errx(2, "see the head of turn-load.c for its options");
  }
  if (options->size < STAMP || options->size > 1400) errx(2, "--size is %d to 1400", STAMP);
  if (options->indications && (options->direction != UP || options->size % 4 != 0))
    errx(2, "--indications go with --direction up and a --size of whole words");
  if (options->sessions < 1 || options->sessions > 60000) errx(2, "--sessions is 1 to 60000");
  if (options->window < 1 || options->window > 100000) errx(2, "--window is 1 to 100000");
}

int main(int argc, char **argv) {
  struct options options = {
      .target = {.server = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, .secret = ""},
      .mode = "blast",
      .sessions = 4,
      .size = 200,
      .seconds = 3,
      .window = 64,
      .direction = BOTH,
  };
  read_options(argc, argv, &options);
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (options.target.transport == TLS) {
    options.target.tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(options.target.tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }
  srandom((unsigned)getpid());
  if (strcmp(options.mode, "blast") == 0) return blast(&options);
  if (strcmp(options.mode, "ping-pong") == 0) return ping_pong(&options);
  if (strcmp(options.mode, "storm") == 0) return storm(&options);
  if (strcmp(options.mode, "idle") == 0) return idle(&options);
  errx(2, "--mode is blast, ping-pong, storm or idle");
}
