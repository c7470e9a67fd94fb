/* What the modes of the load generator share. */
#ifndef TURN_LOAD_H
#define TURN_LOAD_H

#include "turn-client.h"

enum direction { UP = 1, DOWN = 2, BOTH = 3 };

struct options {
  struct target target;
  const char *mode;
  uint32_t sessions;
  /* Bytes of a payload. */
  size_t size;
  double seconds;
  /* Messages under way: of each session and direction in blast, sessions at once in storm. */
  uint32_t window;
  enum direction direction;
  /* Send indications instead of ChannelData; only up. */
  bool indications;
  /* Per second, of all sessions; 0: as fast as the window lets them. */
  double rate;
  /* The process whose threads' CPU time is read. */
  long pid;
};

/* Seconds of a clock that only goes forward. */
double now(void);

/* A UDP socket on 127.0.0.1 with large buffers, and its address. */
int open_peer(struct sockaddr_in *address);

void enlarge_buffers(int fd);

/* Sets up all sessions with a channel to `peer`; ends the program with a message where one is refused. */
struct session *set_up_sessions(const struct options *options, const struct sockaddr_in *peer);

/* CPU seconds of each thread of `pid`: begin, then print what was used since as a JSON array. */
void begin_cpu(long pid);
void print_cpu(long pid);
double own_cpu(void);

/* The given share (0 to 1) of `count` sorted samples. */
double quantile(const double *sorted, size_t count, double share);
int by_size(const void *a, const void *b);

/* Each prints one JSON object; returns the exit code. */
int blast(const struct options *options);
int ping_pong(const struct options *options);
int storm(const struct options *options);
int idle(const struct options *options);

/* Payloads: session, direction and sequence number, then a pattern. */
#define STAMP 16
void write_stamp(uint8_t *payload, uint32_t session, uint32_t direction, uint64_t sequence);
void write_pattern(uint8_t *payload, size_t size);
/* Whether it is whole; then also whose it is and its number. */
bool read_stamp(const uint8_t *payload, size_t size, uint32_t direction, uint32_t *session, uint64_t *sequence);

#endif
