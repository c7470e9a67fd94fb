/* As much of a TURN client (RFC 8656 over RFC 8489) as a load generator needs, over UDP, TCP and TLS. */
#ifndef TURN_CLIENT_H
#define TURN_CLIENT_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum transport { UDP, TCP, TLS };

enum method { REFRESH = 4, ALLOCATE = 3, CREATE_PERMISSION = 8, CHANNEL_BIND = 9 };

/* The only channel that any session binds. */
#define CHANNEL 0x4000
#define MESSAGE_ROOM 1024
#define STREAM_ROOM (256 * 1024)

/* Where the server is and how to be let in; the same for all sessions. */
struct target {
  struct sockaddr_in server;
  enum transport transport;
  const char *secret;
  SSL_CTX *tls;
};

struct session {
  int fd;
  uint32_t index;
  SSL *ssl;
  const char *secret;
  char user[64], realm[128], nonce[256];
  uint8_t key[16];
  struct sockaddr_in relayed;
  uint8_t transaction[12];
  /* What a stream still has to send, and what has come of a frame so far. */
  uint8_t *out, *in;
  size_t out_start, out_end, in_end;
};

struct message {
  uint8_t bytes[MESSAGE_ROOM];
  size_t length;
};

/* The answer to one request: its STUN error code, 0 for success, -1 for something that is no answer to it. */
int read_answer(struct session *session, enum method method, const uint8_t *bytes, size_t length);

/* Writes a request; signed once read_answer() has seen a challenge. `peer`: of a permission or channel. `lifetime`: of
   a Refresh, in seconds. */
void write_request(struct session *session, struct message *out, enum method method, const struct sockaddr_in *peer,
                   uint32_t lifetime);

/* Opens the session's socket at a loopback address of its own (127.1.x.y), so that limits on an address see as many
   clients as there are sessions. False with errno where the system refuses. */
bool open_session(struct session *session, const struct target *target, uint32_t index, const char *identity);

/* Allocates and binds CHANNEL to `peer`, waiting for each answer. 0, or the error code of what was refused, or -1
   where nothing answers. */
int set_up_session(struct session *session, const struct target *target, const struct sockaddr_in *peer);

/* What stands before `size` bytes of payload in ChannelData and in a Send indication; both return its length. A payload
   whose size is no multiple of 4 needs its padding in an indication: give other sizes. */
size_t write_channel_header(uint8_t *out, size_t size);
size_t write_send_header(uint8_t *out, const struct sockaddr_in *peer, size_t size);

void close_session(struct session *session);

/* Streams only. Bytes read (0: none now, -1: closed); writes what waits in `out`, false when closed. */
ptrdiff_t stream_read(struct session *session, uint8_t *into, size_t room);
bool stream_flush(struct session *session);

#endif
